package cloud

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
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
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// dieAt makes the command kill itself at that step: each write to a store is
// two steps, before it and after it. countTo names a file for their number.
const (
	dieAt   = "TOLLBOOK_TEST_DIE_AT"
	countTo = "TOLLBOOK_TEST_COUNT_TO"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"emulator": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			code := Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
			stop()
			os.Exit(code)
		},
		"dying": func() { os.Exit(dyingTry()) },
	})
}

func dyingTry() int {
	a, err := parseTry(os.Args[1:], os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitRefused
	}
	steps := &stepCounter{die: -1}
	if at := os.Getenv(dieAt); at != "" {
		if steps.die, err = strconv.Atoi(at); err != nil {
			panic(err)
		}
	}
	t := &try{tryArgs: a, stdout: io.Discard, progress: newProgress(io.Discard), open: func(dir string) (stores, error) {
		s, err := openStores(dir)
		return s.wrapped(steps), err
	}}
	if err := t.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	if name := os.Getenv(countTo); name != "" {
		if err := os.WriteFile(name, []byte(strconv.Itoa(steps.at)), 0o644); err != nil {
			panic(err)
		}
	}
	return exitOK
}

type stepCounter struct{ at, die int }

func (s *stepCounter) step() {
	if s.at == s.die {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			panic(err)
		}
		select {}
	}
	s.at++
}

func (s stores) wrapped(steps *stepCounter) stores {
	s.docs = dyingStore{s.docs, steps}
	for _, b := range []*objects.Bucket{&s.buckets.Decks, &s.buckets.CDRs, &s.buckets.Cards, &s.buckets.Rated, &s.buckets.Bills} {
		*b = dyingBucket{*b, steps}
	}
	return s
}

type dyingStore struct {
	documents.Store
	*stepCounter
}

func (s dyingStore) Create(ctx context.Context, p documents.Path, f documents.Fields) (documents.Version, error) {
	s.step()
	defer s.step()
	return s.Store.Create(ctx, p, f)
}

func (s dyingStore) Replace(ctx context.Context, p documents.Path, f documents.Fields, v documents.Version) (documents.Version, error) {
	s.step()
	defer s.step()
	return s.Store.Replace(ctx, p, f, v)
}

func (s dyingStore) RunTx(ctx context.Context, f func(context.Context, documents.Tx) error) error {
	s.step()
	defer s.step()
	return s.Store.RunTx(ctx, f)
}

func (s dyingStore) BulkCreate(ctx context.Context, docs []documents.Doc) error {
	s.step()
	defer s.step()
	return s.Store.BulkCreate(ctx, docs)
}

type dyingBucket struct {
	objects.Bucket
	*stepCounter
}

func (b dyingBucket) Create(ctx context.Context, name string, content io.Reader) (objects.Info, error) {
	b.step()
	defer b.step()
	return b.Bucket.Create(ctx, name, content)
}

// sampleArgs is the run that is killed: the sample, so that it has a bundle,
// three accounts and rows of every kind.
func sampleArgs(out string) []string {
	return []string{"--deck", "../sample/deck.csv", "--cdrs", "../sample/cdrs.csv", "--markup", "25%", "--bundle", "10", "--out", out}
}

func command(t *testing.T, name, out string, env ...string) *exec.Cmd {
	t.Helper()
	args := sampleArgs(out)
	if name == "emulator" {
		args = append([]string{"try"}, args...)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

func finish(t *testing.T, out string) {
	t.Helper()
	if err := command(t, "emulator", out).Run(); err != nil {
		t.Fatalf("the run after the kills: %v", err)
	}
}

// results returns every result file of a run, by name.
func results(t *testing.T, out string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == stateDir {
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(out, path)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func undisturbed(t *testing.T) (want map[string]string, steps int) {
	t.Helper()
	out, count := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "count")
	if err := command(t, "dying", out, countTo+"="+count).Run(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(count)
	if err != nil {
		t.Fatal(err)
	}
	if steps, err = strconv.Atoi(string(data)); err != nil || steps < 20 {
		t.Fatalf("%d steps counted, %v", steps, err)
	}
	want = results(t, out)
	for _, name := range []string{ratedFile, receiptFile, problemsFile, "invoices/2026-11-0001.json", "invoices/2026-11-0001-usage.csv", "invoices/2026-11-0001.html"} {
		if want[name] == "" {
			t.Fatalf("an undisturbed run has no %s", name)
		}
	}
	return want, steps
}

func TestKilledAtEachStep(t *testing.T) {
	want, steps := undisturbed(t)
	for n := range steps {
		out := filepath.Join(t.TempDir(), "out")
		err := command(t, "dying", out, dieAt+"="+strconv.Itoa(n)).Run()
		if err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("step %d: the run was not killed: %v", n, err)
		}
		finish(t, out)
		if diff := cmp.Diff(want, results(t, out)); diff != "" {
			t.Fatalf("killed at step %d of %d (-undisturbed +killed)\n%s", n, steps, diff)
		}
	}
}

func TestKilledAtRandom(t *testing.T) {
	want, _ := undisturbed(t)
	begin := time.Now()
	finish(t, filepath.Join(t.TempDir(), "out"))
	length := time.Since(begin) // of one run, so that kills fall all over it
	for round, kills := 0, 0; kills < 100; round++ {
		out := filepath.Join(t.TempDir(), "out")
		for range 5 {
			cmd := command(t, "emulator", out)
			cmd.Stderr = nil
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(rand.N(length), func() { _ = cmd.Process.Kill() }) // it may have ended
			err := cmd.Wait()
			timer.Stop()
			if err != nil {
				kills++
			}
			if _, err := os.Stat(filepath.Join(out, receiptFile)); err == nil {
				got := results(t, out)
				maps.DeleteFunc(got, func(name, _ string) bool { return strings.Contains(name, tempPrefix) })
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("round %d: there is a receipt, but (-undisturbed +killed)\n%s", round, diff)
				}
			}
		}
		finish(t, out)
		if diff := cmp.Diff(want, results(t, out)); diff != "" {
			t.Fatalf("round %d (-undisturbed +killed)\n%s", round, diff)
		}
	}
}
