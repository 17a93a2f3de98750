package main

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"server": main}) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// batch REPORT sets BATCH to the batch that a report tells of.
			"batch": func(ts *testscript.TestScript, _ bool, args []string) {
				var report struct{ Batch struct{ ID string } }
				ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &report))
				if report.Batch.ID == "" {
					ts.Fatalf("%s names no batch", args[0])
				}
				ts.Setenv("BATCH", report.Batch.ID)
			},
		},
	})
}

func TestExitCodes(t *testing.T) {
	for err, want := range map[error]int{nil: 0, os.ErrNotExist: 1, refuse("no"): 2, refuseIf(os.ErrNotExist, os.ErrNotExist): 2, refuseIf(os.ErrNotExist): 1} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: exit %d, want %d", err, got, want)
		}
	}
	if got := exitCode(errors.Join(errors.New("close"), refuse("no"))); got != 2 {
		t.Errorf("a refusal and more: exit %d, want 2", got)
	}
}
