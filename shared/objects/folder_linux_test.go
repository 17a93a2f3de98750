package objects_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/tollbook/tollbook/shared/objects"
)

// asNobody calls do as a user who owns nothing here. Root is denied nothing, so
// root's thread acts as another user while it lasts; it then ends.
func asNobody(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if os.Geteuid() == 0 {
			syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		}
		do()
	}()
	<-done
}

func TestARefusedAccessIsNeverNotFound(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	drop(t, filepath.Join(dir, "unreadable"), "secret", 1)
	kept := put(t, f, "closed/kept", "content")
	gone := put(t, f, "closed/gone", "content")
	for _, file := range []string{"unreadable", "closed", ".gen"} {
		if err := os.Chmod(filepath.Join(dir, file), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Chmod(filepath.Join(dir, file), 0o700); err != nil {
				t.Error(err)
			}
		})
	}
	denied := func(what string, err error) {
		if !errors.Is(err, objects.ErrDenied) || errors.Is(err, objects.ErrNotFound) {
			t.Errorf("%s: error %v, want ErrDenied", what, err)
		}
	}
	asNobody(func() {
		for _, name := range []string{"unreadable", "closed/kept", "closed/none"} {
			_, err := f.Stat(t.Context(), name)
			denied("Stat of "+name, err)
			_, err = f.OpenRange(t.Context(), name, kept.Generation, 0, -1)
			denied("OpenRange of "+name, err)
			denied("Delete of "+name, f.Delete(t.Context(), name, gone.Generation))
			_, err = f.Settled(name)
			denied("Settled of "+name, err)
			_, err = f.List(t.Context(), name, "", 10)
			denied("List of "+name, err)
			_, err = f.Create(t.Context(), name, strings.NewReader("x"))
			denied("Create of "+name, err)
		}
	})
	asNobody(func() {
		_, err := objects.OpenFolder(filepath.Join(dir, "closed", "bucket"))
		denied("OpenFolder in a closed folder", err)
	})
}

func TestAFileThatCannotBeReadIsDenied(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	drop(t, filepath.Join(dir, "unreadable"), "secret", 1)
	if err := os.Chmod(filepath.Join(dir, "unreadable"), 0); err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{".gen", ".tmp"} { // nobody may write these
		if err := os.Chmod(filepath.Join(dir, private), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(func() {
		_, err := f.Stat(t.Context(), "unreadable")
		if !errors.Is(err, objects.ErrDenied) {
			t.Errorf("Stat: error %v, want ErrDenied", err)
		}
		_, err = f.List(t.Context(), "", "", 10)
		if !errors.Is(err, objects.ErrDenied) {
			t.Errorf("List: error %v, want ErrDenied", err)
		}
	})
}
