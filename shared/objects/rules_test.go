package objects

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"
)

func TestPartsThatNoFileSystemKeepsAreRefused(t *testing.T) {
	for name, ok := range map[string]bool{
		"a/" + strings.Repeat("x", 255): true,
		"a/" + strings.Repeat("x", 256): false,
		".TMP/a":                        false,
		"a/.Gen-1":                      false,
		"a/.gem":                        true,
		".tm":                           true,
	} {
		if err := CheckName(name); (err == nil) != ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("CheckName(%.20q): %v, want it good: %v", name, err, ok)
		}
	}
}

func TestOnlyAHashBecomesAPartOfAPath(t *testing.T) {
	for generation, ok := range map[string]bool{
		hexHash(nil):                    true,
		"":                              false,
		hexHash(nil)[1:]:                false,
		strings.ToUpper(hexHash(nil)):   false,
		strings.Repeat("../", 21) + "a": false,
		"/../" + hexHash(nil)[4:]:       false,
		hexHash(nil)[:32] + "/" + hexHash(nil)[:31]: false,
	} {
		if isGeneration(generation) != ok {
			t.Errorf("isGeneration(%q) is not %v", generation, ok)
		}
	}
}

func TestErrorsOfTheFileSystem(t *testing.T) {
	for _, test := range []struct{ err, want error }{
		{syscall.EACCES, ErrDenied},
		{syscall.EPERM, ErrDenied},
		{syscall.EROFS, ErrDenied},
		{syscall.ENOSPC, ErrTransient},
		{syscall.EDQUOT, ErrTransient},
		{syscall.EMFILE, ErrTransient},
		{syscall.ENFILE, ErrTransient},
		{syscall.ESTALE, ErrTransient},
		{syscall.ENOTDIR, ErrInvalid},
		{syscall.ENAMETOOLONG, ErrInvalid},
		{syscall.EIO, syscall.EIO},
		{syscall.ENOENT, syscall.ENOENT},
		{errChanging, ErrTransient},
	} {
		err := fail("stat", "a", &fs.PathError{Op: "open", Path: "a", Err: test.err})
		if !errors.Is(err, test.want) || !errors.Is(err, test.err) {
			t.Errorf("%v became %v, want it to be %v too", test.err, err, test.want)
		}
		if errors.Is(err, ErrNotFound) {
			t.Errorf("%v became not found", test.err)
		}
	}
}

func TestAJournalThatIsFullStartsAnew(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFolder(dir, WithoutSync())
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Create(t.Context(), "a", strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, journalPath("a"))
	if err := os.WriteFile(file, []byte(strings.Repeat("\nx 1 2 3\n", maxJournal)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Stat(t.Context(), "a"); err != nil || got != info {
		t.Errorf("Stat: %v, %v, want %v", got, err, info)
	}
	if now, err := os.Stat(file); err != nil || now.Size() > 1000 {
		t.Errorf("the journal has %d bytes, %v", now.Size(), err)
	}
}

// No accepted name leaves the folder or meets what is private in it, and no
// refused one does anything.
func FuzzName(f *testing.F) {
	for _, seed := range []string{
		"a", "feed/2026-11/a b.csv", "", "/", "/etc/passwd", "../a", "a/../../b", "a//b", "./a", "a/.", "a/..", "...", "..a",
		".tmp/1-1", ".gen/00/x", "a/.tmp", ".TMP", "a\x00b", "a\n", "a\\..\\b", "caf\u00e9", "\xff", "C:/a", "~/a", "%2e%2e/a", "\u2024\u2024/a",
		strings.Repeat("n/", 100) + "nn", strings.Repeat("n", 256), strings.Repeat("n", 1025),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		accepted := CheckName(name) == nil
		if accepted && (!filepath.IsLocal(name) || filepath.Clean(name) != name || !utf8.ValidString(name) || len(name) > MaxName) {
			t.Fatalf("%q is accepted", name)
		}
		top := t.TempDir()
		dir := filepath.Join(top, "bucket")
		b, err := OpenFolder(dir, WithoutSync())
		if err != nil {
			t.Fatal(err)
		}
		info, err := b.Create(t.Context(), name, strings.NewReader("content"))
		if (err == nil) != accepted || err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatalf("Create(%q): %v, accepted is %v", name, err, accepted)
		}
		var want []string
		if accepted {
			want = []string{name}
		}
		var got []string
		err = filepath.WalkDir(top, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() && file != filepath.Join(dir, tmpDir) && file != filepath.Join(dir, genDir) {
				return err
			}
			if entry.IsDir() {
				return fs.SkipDir
			}
			inside, err := filepath.Rel(dir, file)
			got = append(got, filepath.ToSlash(inside))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("Create(%q) made %q, want %q", name, got, want)
		}
		infos, err := b.List(t.Context(), "", "", 10)
		if err != nil || accepted && (len(infos) != 1 || infos[0] != info) || !accepted && len(infos) != 0 {
			t.Fatalf("List after Create(%q): %v, %v", name, infos, err)
		}
	})
}
