package simulation

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage lie: worlds are short and small, and without this a
// quarter of the time goes into collecting them.
func TestMain(m *testing.M) {
	debug.SetGCPercent(500)
	os.Exit(m.Run())
}
