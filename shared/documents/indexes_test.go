package documents_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
)

func TestIndexes(t *testing.T) {
	m := documents.Model{
		Collections: []string{"items", "bare"},
		Queries: []documents.Declaration{
			{Name: "all", Collection: "items"},
			{Name: "by_size", Collection: "items", Range: "size"},
			{Name: "of_size", Collection: "items", Equal: []string{"size"}},
			{Name: "by_owner_name", Collection: "items", Equal: []string{"owner"}, Range: "1st-name"},
		},
	}
	const want = `{
  "indexes": [
    {
      "collectionGroup": "items",
      "queryScope": "COLLECTION",
      "fields": [
        {
          "fieldPath": "owner",
          "order": "ASCENDING"
        },
        {
          "fieldPath": "` + "`1st-name`" + `",
          "order": "ASCENDING"
        }
      ]
    }
  ],
  "fieldOverrides": [
    {
      "collectionGroup": "bare",
      "fieldPath": "*",
      "indexes": []
    },
    {
      "collectionGroup": "items",
      "fieldPath": "*",
      "indexes": []
    },
    {
      "collectionGroup": "items",
      "fieldPath": "size",
      "indexes": [
        {
          "order": "ASCENDING",
          "queryScope": "COLLECTION"
        }
      ]
    }
  ]
}
`
	got, err := m.Indexes()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("index definitions differ (-want +got):\n%s", diff)
	}
	if _, err := (documents.Model{Collections: []string{"a/b"}}).Indexes(); !errors.Is(err, documents.ErrInvalid) {
		t.Errorf("bad model: %v, want ErrInvalid", err)
	}
}
