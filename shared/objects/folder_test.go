package objects_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/objects"
)

func put(t testing.TB, b objects.Bucket, name, content string) objects.Info {
	t.Helper()
	info, err := b.Create(t.Context(), name, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func stat(t testing.TB, b objects.Bucket, name string) objects.Info {
	t.Helper()
	info, err := b.Stat(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// content reads a pinned generation; an error is returned as "error: ...".
func content(t testing.TB, b objects.Bucket, info objects.Info) string {
	t.Helper()
	r, err := b.OpenRange(t.Context(), info.Name, info.Generation, 0, -1)
	if err != nil {
		return "error: " + err.Error()
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(all)
}

func wantContent(t testing.TB, b objects.Bucket, info objects.Info, want string) {
	t.Helper()
	if got := content(t, b, info); got != want {
		t.Errorf("generation %.8s of %s: %q, want %q", info.Generation, info.Name, got, want)
	}
}

func wantLost(t testing.TB, b objects.Bucket, info objects.Info) {
	t.Helper()
	_, err := b.OpenRange(t.Context(), info.Name, info.Generation, 0, -1)
	if !errors.Is(err, objects.ErrLost) {
		t.Errorf("generation %.8s of %s: error %v, want ErrLost", info.Generation, info.Name, err)
	}
}

// drop writes a file as a person's program does: into what is there already.
// The age in seconds makes its time distinct; old is long before any copy.
func drop(t testing.TB, file, content string, age int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(-time.Duration(age) * time.Second)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

func privateFiles(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, ".gen", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".tmp", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return append(found, left...)
}

func TestADroppedFileIsAnObject(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	drop(t, filepath.Join(dir, "feed", "a.csv"), "dropped", 1)
	info := stat(t, f, "feed/a.csv")
	wantContent(t, f, info, "dropped")
	same := put(t, f, "feed/b.csv", "dropped")
	if info.Generation != same.Generation {
		t.Errorf("the generation of a dropped file is %s, that of the same bytes created %s", info.Generation, same.Generation)
	}
	if _, err := f.Create(t.Context(), "feed/a.csv", strings.NewReader("x")); !errors.Is(err, objects.ErrExists) {
		t.Errorf("Create over a dropped file: error %v, want ErrExists", err)
	}
	infos, err := f.List(t.Context(), "", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]objects.Info{info, same}, infos); diff != "" {
		t.Error(diff)
	}
}

func TestAPinnedReadOutlivesWhatAPersonDoes(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, file string){
		"overwritten with the same size": func(t *testing.T, file string) { drop(t, file, "after!", 2) },
		"appended to":                    func(t *testing.T, file string) { drop(t, file, "after!!!", 3) },
		"emptied":                        func(t *testing.T, file string) { drop(t, file, "", 4) },
		"replaced by renaming": func(t *testing.T, file string) {
			drop(t, file+".part", "after!", 5)
			if err := os.Rename(file+".part", file); err != nil {
				t.Fatal(err)
			}
		},
		"replaced by renaming, with the same time": func(t *testing.T, file string) {
			drop(t, file+".part", "after!", 1)
			if err := os.Rename(file+".part", file); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := openFolder(t, dir)
			file := filepath.Join(dir, "a.csv")
			drop(t, file, "before", 1)
			before := stat(t, f, "a.csv")
			r, err := f.OpenRange(t.Context(), "a.csv", before.Generation, 0, -1)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			change(t, file)
			if got, err := io.ReadAll(r); err != nil || string(got) != "before" {
				t.Errorf("the read that was open: %q, %v", got, err)
			}
			wantContent(t, f, before, "before")
			after := stat(t, f, "a.csv")
			if after.Generation == before.Generation {
				t.Error("the changed file has the generation of the file before")
			}
			on, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			wantContent(t, f, after, string(on))
			wantContent(t, f, before, "before")
			wantContent(t, openFolder(t, dir), before, "before")
		})
	}
}

func TestADroppedFileMayBeRenamedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	drop(t, filepath.Join(dir, "a.csv"), "content", 1)
	before := stat(t, f, "a.csv")
	if err := os.Rename(filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(t.Context(), "a.csv"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("Stat of the old name: error %v, want ErrNotFound", err)
	}
	wantContent(t, f, before, "content")
	wantContent(t, f, stat(t, f, "b.csv"), "content")
	if err := os.Remove(filepath.Join(dir, "b.csv")); err != nil {
		t.Fatal(err)
	}
	wantContent(t, f, before, "content")
	if err := f.Delete(t.Context(), "a.csv", before.Generation); err != nil {
		t.Fatal(err)
	}
	if _, err := f.OpenRange(t.Context(), "a.csv", before.Generation, 0, -1); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("a pinned read after Delete: error %v, want ErrNotFound", err)
	}
}

func TestACreatedFileThatIsEditedIsLostNeverWrong(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	before := put(t, f, "a.csv", "before")
	r, err := f.OpenRange(t.Context(), "a.csv", before.Generation, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := os.Stat(filepath.Join(dir, "a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o222 != 0 {
		t.Errorf("a created file has the mode %v, want it read-only", info.Mode())
	}
	drop(t, filepath.Join(dir, "a.csv"), "after!", 1)
	if got, err := io.ReadAll(r); !errors.Is(err, objects.ErrLost) || len(got) > 0 {
		t.Errorf("the read that was open: %q, error %v, want nothing and ErrLost", got, err)
	}
	wantLost(t, f, before)
	wantContent(t, f, stat(t, f, "a.csv"), "after!")
	wantLost(t, f, before)
	if err := os.Remove(filepath.Join(dir, "a.csv")); err != nil {
		t.Fatal(err)
	}
	wantLost(t, f, before)
}

func TestACreatedFileMayBeReplacedOrRemoved(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	before := put(t, f, "a.csv", "before")
	if err := os.Remove(filepath.Join(dir, "a.csv")); err != nil {
		t.Fatal(err)
	}
	wantContent(t, f, before, "before")
	drop(t, filepath.Join(dir, "a.csv"), "after!", 1)
	wantContent(t, f, before, "before")
	wantContent(t, f, stat(t, f, "a.csv"), "after!")
	wantContent(t, f, before, "before")
}

func TestWhatIsRememberedIsNotReadAgain(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	file := filepath.Join(dir, "a.csv")
	drop(t, file, "before", 1)
	info := stat(t, f, "a.csv")
	// Same inode, size and time: only one who reads it can see the difference.
	drop(t, file, "after!", 1)
	for _, f := range []*objects.Folder{f, openFolder(t, dir)} {
		if got := stat(t, f, "a.csv"); got != info {
			t.Errorf("the file was read again: %v", got)
		}
		wantContent(t, f, info, "before")
	}
}

// A clock's tick may be long. A file that changed in the tick in which it was
// copied could change once more without a new time; that must not go unseen.
func TestAChangeInTheSameTickIsSeen(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir, objects.WithoutSync())
	file := filepath.Join(dir, "a.csv")
	for i := range 200 {
		want := fmt.Sprintf("version %03d", i)
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		wantContent(t, f, stat(t, f, "a.csv"), want)
	}
}

func TestReopeningKeepsGenerations(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	drop(t, filepath.Join(dir, "dropped"), "one", 1)
	infos := []objects.Info{stat(t, f, "dropped"), put(t, f, "created", "two")}
	drop(t, filepath.Join(dir, "dropped"), "three", 2)
	infos = append(infos, stat(t, f, "dropped"))
	f = openFolder(t, dir)
	for i, want := range []string{"one", "two", "three"} {
		wantContent(t, f, infos[i], want)
	}
	// A folder restored elsewhere has other inodes.
	elsewhere := filepath.Join(t.TempDir(), "restored")
	if err := os.CopyFS(elsewhere, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	f = openFolder(t, elsewhere)
	for i, want := range []string{"one", "two", "three"} {
		wantContent(t, f, infos[i], want)
	}
	if got := stat(t, f, "dropped"); got != infos[2] {
		t.Errorf("the restored file is %v, want %v", got, infos[2])
	}
}

func TestWhatACrashLeaves(t *testing.T) {
	for name, crash := range map[string]func(t *testing.T, private []string){
		"after the link": func(t *testing.T, private []string) {
			for _, file := range private {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
		},
		"with a journal but without its copy": func(t *testing.T, private []string) {
			for _, file := range private {
				if !strings.HasSuffix(file, ".journal") {
					if err := os.Remove(file); err != nil {
						t.Fatal(err)
					}
				}
			}
		},
		"with an empty journal": func(t *testing.T, private []string) { journal(t, private, func(string) string { return "" }) },
		"with a cut journal": func(t *testing.T, private []string) {
			journal(t, private, func(s string) string { return s[:len(s)-3] })
		},
		"with a broken journal": func(t *testing.T, private []string) {
			journal(t, private, func(string) string { return "\n../../x 1 2 3\n \n" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			info := put(t, openFolder(t, dir), "a/name", "whole")
			crash(t, privateFiles(t, dir))
			f := openFolder(t, dir)
			wantContent(t, f, info, "whole")
			if got := stat(t, f, "a/name"); got != info {
				t.Errorf("Stat: %v, want %v", got, info)
			}
			if _, err := f.Create(t.Context(), "a/name", strings.NewReader("whole")); !errors.Is(err, objects.ErrExists) {
				t.Errorf("Create again: error %v, want ErrExists", err)
			}
			if err := f.Delete(t.Context(), "a/name", info.Generation); err != nil {
				t.Fatal(err)
			}
			if left := privateFiles(t, dir); len(left) > 0 {
				t.Errorf("left after Delete: %q", left)
			}
		})
	}
}

func journal(t *testing.T, private []string, change func(string) string) {
	t.Helper()
	for _, file := range private {
		if strings.HasSuffix(file, ".journal") {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(change(string(b))), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestDeleteFinishesWhatACrashInterrupted(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	info := put(t, f, "a/name", "content")
	if err := os.Remove(filepath.Join(dir, "a", "name")); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), "a/name", info.Generation); err != nil {
		t.Fatal(err)
	}
	if left := privateFiles(t, dir); len(left) > 0 {
		t.Errorf("left after Delete: %q", left)
	}
}

func TestALostCopyIsLost(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	info := put(t, f, "name", "content")
	for _, file := range append(privateFiles(t, dir), filepath.Join(dir, "name")) {
		if !strings.HasSuffix(file, ".journal") {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantLost(t, f, info)
}

func TestADamagedCopyIsNeverRead(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	drop(t, filepath.Join(dir, "name"), "before", 1)
	info := stat(t, f, "name")
	for _, file := range privateFiles(t, dir) {
		if strings.HasSuffix(file, info.Generation) {
			drop(t, file, "after!", 2)
		}
	}
	wantContent(t, f, info, "before") // copied again
	for _, file := range privateFiles(t, dir) {
		if strings.HasSuffix(file, info.Generation) {
			drop(t, file, "after!", 3)
		}
	}
	if err := os.Remove(filepath.Join(dir, "name")); err != nil {
		t.Fatal(err)
	}
	wantLost(t, f, info)
}

func TestOpeningClearsDeadWritersOnly(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	reader, writer := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := f.Create(t.Context(), "name", reader)
		done <- err
	}()
	if _, err := writer.Write([]byte("first half, ")); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, ".tmp", "1-1")
	if err := os.WriteFile(dead, []byte("half"), 0o444); err != nil {
		t.Fatal(err)
	}
	openFolder(t, dir)
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the dead writer's file: %v, want it removed", err)
	}
	if _, err := writer.Write([]byte("second half")); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatalf("the living writer: %v", err)
	}
	wantContent(t, f, stat(t, f, "name"), "first half, second half")
	for _, left := range privateFiles(t, dir) {
		if strings.Contains(left, ".tmp") {
			t.Errorf("left: %s", left)
		}
	}
}

func TestSettled(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	file := filepath.Join(dir, "a.csv")
	look := func(want bool) {
		t.Helper()
		got, err := f.Settled("a.csv")
		if err != nil || got != want {
			t.Errorf("Settled: %v, %v, want %v", got, err, want)
		}
	}
	if _, err := f.Settled("a.csv"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("Settled before the file: error %v, want ErrNotFound", err)
	}
	if _, err := f.Settled("../a.csv"); !errors.Is(err, objects.ErrInvalid) {
		t.Errorf("Settled of a bad name: error %v, want ErrInvalid", err)
	}
	drop(t, file, "half", 9)
	look(false)
	drop(t, file, "half and more", 8)
	look(false)
	drop(t, file, "half and less", 7)
	look(false)
	look(true)
	look(true)
	stat(t, f, "a.csv")
	look(true)
	f = openFolder(t, dir)
	look(true) // its copy was taken
	drop(t, file, "new", 6)
	look(false)
	look(true)
	put(t, f, "created", "content")
	if got, err := f.Settled("created"); err != nil || !got {
		t.Errorf("Settled of a created file: %v, %v", got, err)
	}
}

func TestAListOfWhatWasTakenMakesNothingAnObject(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir, objects.ListTaken())
	put(t, f, "created", "content")
	drop(t, filepath.Join(dir, "dropped.csv"), "half", 9)
	names := func() (out []string) {
		t.Helper()
		found, err := f.List(t.Context(), "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range found {
			out = append(out, o.Name)
		}
		return out
	}
	if got := names(); !slices.Equal(got, []string{"created"}) {
		t.Errorf("listed %q, want what was created", got)
	}
	if settled, err := f.Settled("dropped.csv"); err != nil || settled {
		t.Errorf("settled: %v, %v; want the list to have been no look", settled, err)
	}
	stat(t, f, "dropped.csv")
	if got := names(); !slices.Equal(got, []string{"created", "dropped.csv"}) {
		t.Errorf("listed %q, want what was taken, too", got)
	}
	drop(t, filepath.Join(dir, "dropped.csv"), "half and more", 8)
	if got := names(); !slices.Equal(got, []string{"created"}) {
		t.Errorf("listed %q, want the changed file left out", got)
	}
}

func TestWhatIsNotAFileIsNotAnObject(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	drop(t, outside, "secret", 1)
	f := openFolder(t, dir)
	put(t, f, "z", "last")
	if err := os.MkdirAll(filepath.Join(dir, "empty", "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "folder")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	drop(t, filepath.Join(dir, "bad\nname"), "x", 1)
	infos, err := f.List(t.Context(), "", "", 10)
	if err != nil || len(infos) != 1 || infos[0].Name != "z" {
		t.Errorf("List: %v, %v, want only z", infos, err)
	}
	for _, name := range []string{"empty", "empty/folder", "link", "pipe"} {
		if _, err := f.Stat(t.Context(), name); !errors.Is(err, objects.ErrNotFound) {
			t.Errorf("Stat(%s): error %v, want ErrNotFound", name, err)
		}
	}
	if _, err := f.Stat(t.Context(), "folder/outside"); err == nil {
		t.Error("Stat went out of the folder by a symbolic link")
	}
	if _, err := f.Create(t.Context(), "folder/new", strings.NewReader("x")); err == nil {
		t.Error("Create went out of the folder by a symbolic link")
	}
}

func TestAnObjectCannotBeAFolderToo(t *testing.T) {
	for kind, b := range map[string]objects.Bucket{"memory": objects.NewMemory(), "folder": openFolder(t, t.TempDir())} {
		put(t, b, "a", "file")
		put(t, b, "b/c/d", "file")
		for _, name := range []string{"a/b", "a/b/c", "b", "b/c"} {
			if _, err := b.Create(t.Context(), name, strings.NewReader("x")); !errors.Is(err, objects.ErrInvalid) {
				t.Errorf("%s: Create(%s): error %v, want ErrInvalid", kind, name, err)
			}
		}
	}
}

func TestLargeObjectsStream(t *testing.T) {
	const size = 32 << 20
	f := openFolder(t, t.TempDir(), objects.WithoutSync())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	info, err := f.Create(t.Context(), "large", io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.OpenRange(t.Context(), "large", info.Generation, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != size {
		t.Errorf("read %d bytes, %v, want %d", n, err, size)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > size/8 {
		t.Errorf("%d bytes of memory were used for an object of %d", used, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAFileThatChangesWhileCopiedIsNoObjectYet(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir, objects.WithoutSync())
	file := filepath.Join(dir, "growing")
	drop(t, file, strings.Repeat("line\n", 1<<20), 1)
	put(t, f, "z", "last")
	ctx := &ticking{Context: t.Context(), tick: func() {
		out, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := out.WriteString("more\n"); err != nil {
			t.Error(err)
		}
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	}}
	if _, err := f.Stat(ctx, "growing"); !errors.Is(err, objects.ErrTransient) {
		t.Errorf("Stat: error %v, want ErrTransient", err)
	}
	infos, err := f.List(ctx, "", "", 10)
	if err != nil || len(infos) != 1 || infos[0].Name != "z" {
		t.Errorf("List: %v, %v, want only z", infos, err)
	}
	info := stat(t, f, "growing")
	if info.Size <= 5<<20 {
		t.Errorf("%d bytes after the last line was written", info.Size)
	}
}

func TestAFileThatShrinksOrVanishesWhileCopied(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir, objects.WithoutSync())
	for name, change := range map[string]func(file string) error{
		"shrinks":  func(file string) error { return os.Truncate(file, 10) },
		"vanishes": os.Remove,
	} {
		file := filepath.Join(dir, name)
		drop(t, file, strings.Repeat("line\n", 1<<20), 1)
		calls := 0
		ctx := &ticking{Context: t.Context(), tick: func() {
			if calls++; calls == 10 {
				if err := change(file); err != nil {
					t.Error(err)
				}
			}
		}}
		if _, err := f.Stat(ctx, name); !errors.Is(err, objects.ErrTransient) {
			t.Errorf("Stat of a file that %s: error %v, want ErrTransient", name, err)
		}
	}
	if left := privateFiles(t, dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// ticking does something whenever its end is asked for, as each read does.
type ticking struct {
	context.Context
	tick func()
}

func (c *ticking) Err() error {
	c.tick()
	return c.Context.Err()
}

// A folder and memory are alike in all that a caller can see.
func TestFolderAndMemoryAreAlike(t *testing.T) {
	dir := t.TempDir()
	run := 0
	names := rapid.SampledFrom([]string{"a", "b/c", "b/d", "b.c", "b/c0/e", "c//d", "\u00e9/x", "z"})
	contents := rapid.SampledFrom([]string{"", "x", "y", "longer content"})
	kinds := []error{objects.ErrNotFound, objects.ErrLost, objects.ErrExists, objects.ErrDenied, objects.ErrTransient, objects.ErrInvalid}
	kind := func(err error) string {
		if err == nil {
			return ""
		}
		for _, k := range kinds {
			if errors.Is(err, k) {
				return k.Error()
			}
		}
		return "unknown: " + err.Error()
	}
	rapid.Check(t, func(rt *rapid.T) {
		run++
		f, err := objects.OpenFolder(filepath.Join(dir, fmt.Sprint(run)), objects.WithoutSync())
		if err != nil {
			rt.Fatal(err)
		}
		both := [2]objects.Bucket{f, objects.NewMemory()}
		generations := []string{"none"}
		for range rapid.IntRange(1, 30).Draw(rt, "calls") {
			name, generation := names.Draw(rt, "name"), rapid.SampledFrom(generations).Draw(rt, "generation")
			text := contents.Draw(rt, "content")
			from, length := rapid.Int64Range(-1, 20).Draw(rt, "from"), rapid.Int64Range(-2, 20).Draw(rt, "length")
			what := rapid.SampledFrom([]string{"create", "create", "stat", "delete", "read", "list"}).Draw(rt, "call")
			var got [2]string
			for i, b := range both {
				switch what {
				case "create":
					info, err := b.Create(t.Context(), name, strings.NewReader(text))
					got[i] = fmt.Sprint(info, kind(err))
					if err == nil && i == 0 {
						generations = append(generations, info.Generation)
					}
				case "stat":
					info, err := b.Stat(t.Context(), name)
					got[i] = fmt.Sprint(info, kind(err))
				case "delete":
					got[i] = kind(b.Delete(t.Context(), name, generation))
				case "read":
					r, err := b.OpenRange(t.Context(), name, generation, from, length)
					got[i] = kind(err)
					if err == nil {
						all, err := io.ReadAll(r)
						got[i] = fmt.Sprintf("%q %v %v", all, err, r.Close())
					}
				case "list":
					infos, err := b.List(t.Context(), name[:len(name)/2], text, int(length))
					got[i] = fmt.Sprint(infos, kind(err))
				}
			}
			if got[0] != got[1] {
				rt.Fatalf("%s %q: the folder says %s, memory says %s", what, name, got[0], got[1])
			}
		}
	})
}

func TestAFolderKnowsTheContentOfAnObjectByItsGeneration(t *testing.T) {
	dir := t.TempDir()
	f, err := objects.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Create(t.Context(), "created", strings.NewReader("the text")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "dropped"), []byte("the text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"created", "dropped"} {
		info, err := f.Stat(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := objects.Hasher(f).ContentHash(info.Generation), fmt.Sprintf("%x", sha256.Sum256([]byte("the text"))); got != want {
			t.Errorf("%s has the hash %s, want %s", name, got, want)
		}
	}
}
