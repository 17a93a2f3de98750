package simulation

import (
	"context"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/ledger"
)

// checkFsck reports what the ledger's own check finds: nothing but the source
// of a committed batch that was overwritten where nothing keeps it.
func checkFsck(ctx context.Context, t *testing.T, l *ledger.Ledger, lost map[string]bool) {
	t.Helper()
	problems, err := l.Fsck(ctx)
	if err != nil {
		t.Fatalf("fsck: %v", err)
	}
	for _, p := range problems {
		if p.Kind != "source" || !namesLost(p, lost) {
			t.Errorf("fsck: %s", p)
		}
	}
}

func namesLost(p ledger.Problem, lost map[string]bool) bool {
	for id, is := range lost {
		if is && strings.Contains(p.String(), id) {
			return true
		}
	}
	return false
}
