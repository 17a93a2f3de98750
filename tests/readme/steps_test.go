package readme

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
	"github.com/tollbook/tollbook/emulator/local"
)

// up runs an installation until the test ends, and returns where it answers.
func up(t *testing.T, args []string) (url string) {
	t.Helper()
	dir := args[slices.Index(args, "--data")+1]
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() { ended <- cloud.Main(ctx, append(args, "--listen", "127.0.0.1:0"), io.Discard, &stderr) }()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("%q: exit %d\n%s", args, code, &stderr)
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if address, err := local.ReadAddress(dir); err == nil && ready(args, dir) {
			post(t, address.URL+"/drain", "")
			return address.URL
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q does not serve", args)
		}
	}
}

// ready reports whether what an installation brings with it has come in.
func ready(args []string, dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cdrs/switch/cdrs.csv.report.json"))
	return err == nil || !slices.Contains(args, "--sample")
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", url, r.Status, answer)
	}
	return string(answer)
}

// follow does the commands of a document that are about an installation; what
// they name below out is below dir instead. It returns how many there were.
func follow(t *testing.T, commands []string, dir string) (done int) {
	t.Helper()
	var url string
	for _, line := range commands {
		line = strings.ReplaceAll(line, "out/", dir+"/")
		words := strings.Fields(line)
		switch rest, isEmulator := strings.CutPrefix(line, "go run ./emulator "); {
		case line == "make up":
			args := rule(t, "up")
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "out/", dir+"/")
			}
			url = up(t, args)
		case isEmulator && words[3] == "up":
			url = up(t, strings.Fields(rest))
		case isEmulator && words[3] != "try":
			args := strings.Fields(rest)
			if words[3] == "clock" && !slices.Contains(args, "--data") {
				args = append(args, "--data", filepath.Join(dir, "cloud"))
			}
			run(t, args...)
		case words[0] == "cp":
			data, err := os.ReadFile(words[1])
			if err == nil {
				err = os.WriteFile(words[2], data, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			post(t, url+"/drain", "")
		case words[0] == "curl":
			_, body, _ := strings.Cut(line, "-d '")
			body, _, _ = strings.Cut(body, "'")
			var price struct{ Amount, Sentence string }
			if err := json.Unmarshal([]byte(post(t, strings.Replace(words[2], "http://127.0.0.1:8080", url, 1), body)), &price); err != nil {
				t.Fatal(err)
			}
		default:
			continue
		}
		done++
	}
	return done
}

// TestTheThreeStepsWork: a new user who does what the README says has the
// invoices of the sample, and the copy of its records is known.
func TestTheThreeStepsWork(t *testing.T) {
	text, dir := document(t, readmeFile), t.TempDir()
	if n := follow(t, lines(text), dir); n != 3 {
		t.Errorf("%d steps were done, want 3", n)
	}
	report, err := os.ReadFile(filepath.Join(dir, "cloud/cdrs/switch/tuesday.csv.report.json"))
	if err != nil || !strings.Contains(string(report), `"switch/cdrs.csv"`) {
		t.Errorf("the report of the copy: %v\n%s", err, report)
	}
	sample := filepath.Join(dir, "sample")
	args := rule(t, "run")
	run(t, append(args[:len(args)-1], sample)...)
	for _, name := range []string{"2026-11-0001.json", "2026-11-0002.html", "2026-11-0003-usage.csv"} {
		want, err := os.ReadFile(filepath.Join(sample, "invoices", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "cloud/bills", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: -make run +installation\n%s", name, diff)
		}
	}
}

func TestTheCommandsOfAnInstallationWork(t *testing.T) {
	text, dir := document(t, installationFile), t.TempDir()
	if n := follow(t, lines(text), dir); n != 3 {
		t.Errorf("%d commands were done, want 3", n)
	}
}
