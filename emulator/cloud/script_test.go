package cloud

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollbook/tollbook/emulator/local"
)

func TestScripts(t *testing.T) {
	sample, err := filepath.Abs("../sample")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SAMPLE", sample)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": await},
	})
}

// await waits until a file is there, or until what the local
// cloud of a folder shows at a path holds a text: await FILE, or await DIR PATH TEXT.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 && len(args) != 3 {
		ts.Fatalf("usage: await FILE, or await DIR PATH TEXT")
	}
	so := func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	}
	if len(args) == 3 {
		so = func() bool { return shows(ts.MkAbs(args[0]), args[1], args[2]) }
	}
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("it never came to %v", args)
		}
	}
}

func shows(dir, path, text string) bool {
	address, err := local.ReadAddress(dir)
	if err != nil {
		return false
	}
	response, err := http.Get(address.URL + path)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(response.Body)
	return errors.Join(err, response.Body.Close()) == nil && strings.Contains(string(body), text)
}
