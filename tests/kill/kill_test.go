// Package kill shows that an installation that is killed at any moment, again
// and again while files arrive, loses nothing and charges nothing twice.
package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
	"github.com/tollbook/tollbook/emulator/local"
)

const (
	asEmulator   = "TOLLBOOK_TEST_AS_EMULATOR"
	files        = 100
	rowsOfAFile  = 40
	defaultKills = 40 // KILLS=200 is what CI runs
	longestLife  = 400 * time.Millisecond
)

func TestMain(m *testing.M) {
	if os.Getenv(asEmulator) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		code := cloud.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// command runs a command of the emulator in this process.
func command(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cloud.Main(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("%q: exit %d\n%s%s", args, code, &stdout, &stderr)
	}
	return stdout.String()
}

// installation is a folder with a process on it, now and then.
type installation struct {
	*testing.T
	dir string
	cmd *exec.Cmd
	log bytes.Buffer
}

func (in *installation) start() {
	in.Helper()
	in.cmd = exec.Command(os.Args[0], "up", "--data", in.dir, "--listen", "127.0.0.1:0", "--duplicates", "20", "--begin", "2026-11-20")
	in.cmd.Env = append(os.Environ(), asEmulator+"=1")
	in.cmd.Stderr = &in.log
	if err := in.cmd.Start(); err != nil {
		in.Fatal(err)
	}
}

// kill ends the process with -9.
func (in *installation) kill() {
	in.Helper()
	if err := in.cmd.Process.Kill(); err != nil {
		in.Fatal(err)
	}
	var killed *exec.ExitError
	if err := in.cmd.Wait(); !errors.As(err, &killed) || killed.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		in.Fatalf("it ended by itself: %v\n%s", err, &in.log)
	}
}

// post asks something of the process, as soon as it serves.
func (in *installation) post(path, body string) []byte {
	in.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		address, err := local.ReadAddress(in.dir)
		if err == nil && address.PID == in.cmd.Process.Pid {
			answer, err := send(address.URL+path, body)
			if err != nil {
				in.Fatalf("%s: %v\n%s", path, err, &in.log)
			}
			return answer
		}
		if time.Now().After(deadline) {
			in.Fatalf("it does not serve: %v\n%s", err, &in.log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func send(url, body string) (answer []byte, err error) {
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err = io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", r.Status, answer)
	}
	return answer, nil
}

// drop moves a file into a bucket's folder, as an upload does.
func (in *installation) drop(name string, data []byte) {
	in.Helper()
	temp, path := filepath.Join(in.dir, "incoming"), filepath.Join(in.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(temp, data, 0o644), os.Rename(temp, path)); err != nil {
		in.Fatal(err)
	}
}

const header = "call_id,account,b_number,start_time,duration\n"

// world is a deck, and records in files: some are in two files, some are
// versions of one call, some cannot be read.
func world(rng *rand.Rand) (deck []byte, cdrs [][]byte) {
	deck = []byte("prefix,price,interval_1,interval_n,connection_fee\n")
	for i := range 300 {
		deck = fmt.Appendf(deck, "44%d,0.%03d,%d,6,0.01\n", 1000+i, 1+rng.IntN(999), 6*(1+rng.IntN(10)))
	}
	var rows []string
	for range files {
		file := []byte(header)
		for range rowsOfAFile {
			if len(rows) > 0 && rng.IntN(10) == 0 {
				file = append(file, rows[rng.IntN(len(rows))]...)
				continue
			}
			row := fmt.Sprintf("c%d,account%d,44%d%06d,2026-11-%02d %02d:%02d:%02d,%d\n", len(rows), rng.IntN(12), 1000+rng.IntN(310), rng.IntN(1_000_000),
				1+rng.IntN(28), rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.IntN(900))
			if rng.IntN(50) == 0 {
				row = "never," + row
			}
			rows = append(rows, row)
			file = append(file, row...)
		}
		cdrs = append(cdrs, file)
	}
	return deck, cdrs
}

func TestKilledAtAnyMoment(t *testing.T) {
	kills := defaultKills
	if s := os.Getenv("KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatalf("KILLS=%s: want a number", s)
		}
	}
	rng := rand.New(rand.NewPCG(7, 9))
	deck, cdrs := world(rng)

	// What the undisturbed run bills.
	dir := t.TempDir()
	all := []byte(header)
	for _, f := range cdrs {
		all = append(all, f[len(header):]...)
	}
	for name, data := range map[string][]byte{"deck.csv": deck, "all.csv": all} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "out")
	command(t, "try", "--deck", filepath.Join(dir, "deck.csv"), "--cdrs", filepath.Join(dir, "all.csv"), "--markup", "10%", "--bundle", "100", "--out", out)
	want := folder(t, filepath.Join(out, "invoices"))
	if len(want) == 0 {
		t.Fatal("the undisturbed run has no invoices")
	}

	in := &installation{T: t, dir: filepath.Join(dir, "cloud")}
	command(t, "import", "--data", in.dir, filepath.Join(out, "setup.json"))
	in.drop("decks/provider/deck.csv", deck)
	dropped := 0
	for i := range kills {
		in.start()
		for ; dropped < files*(i+1)/kills; dropped++ {
			in.drop(fmt.Sprintf("cdrs/try/%03d.csv", dropped), cdrs[dropped])
		}
		time.Sleep(time.Duration(rng.Int64N(int64(longestLife)))) // until it dies: the moment is the point
		in.kill()
	}
	in.start()
	in.post("/drain", "")
	if letters, err := filepath.Glob(filepath.Join(in.dir, "dead-letter", "*", "*")); err != nil || len(letters) > 0 {
		t.Errorf("events were given up: %v %v", letters, err)
	}
	var moved local.Moved
	if err := json.Unmarshal(in.post("/clock", `{"to":"2026-12-01"}`), &moved); err != nil || moved.Dead > 0 {
		t.Errorf("the clock: %+v %v", moved, err)
	}
	if diff := cmp.Diff(want, folder(t, filepath.Join(in.dir, "bills"))); diff != "" {
		t.Error(diff)
	}
	if err := in.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := in.cmd.Wait(); err != nil {
		t.Errorf("at the end: %v\n%s", err, &in.log)
	}
	if got := command(t, "fsck", "--data", in.dir); !strings.Contains(got, "is clean") {
		t.Error(got)
	}
}

// folder returns the files of a folder.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}
