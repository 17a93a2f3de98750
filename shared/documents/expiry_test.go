package documents_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
)

func TestAModelsExpiryIsDeployed(t *testing.T) {
	m := documents.Model{Collections: []string{"keys", "other"}}.With(documents.Model{Expires: map[string]string{"keys": "expires_at"}})
	file, err := m.Indexes()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(file), `"ttl": true`); n != 1 || !strings.Contains(string(file), `"fieldPath": "expires_at"`) {
		t.Errorf("%d fields with a time to live, want that of keys:\n%s", n, file)
	}
	for _, bad := range []map[string]string{{"nowhere": "expires_at"}, {"keys": ""}} {
		m.Expires = bad
		if err := m.Check(); !errors.Is(err, documents.ErrInvalid) {
			t.Errorf("%v: error %v, want ErrInvalid", bad, err)
		}
	}
}
