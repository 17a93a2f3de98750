// Package buckettest holds every implementation of objects.Bucket to the same
// promises.
package buckettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/objects"
)

// Run runs the suite; open returns an empty bucket each time. Not held: two
// names that differ in case or Unicode form only, and "a" beside "a/b", which
// some implementations cannot keep.
func Run(t *testing.T, open func(t *testing.T) objects.Bucket) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, objects.Bucket)
	}{
		{"create, stat and read", createStatRead},
		{"create is refused where an object is", createExists},
		{"one of many creators wins", createRace},
		{"broken content creates nothing", createBroken},
		{"content is the creator's to reuse", createReuse},
		{"names are kept as given", goodNames},
		{"bad names are refused", badNames},
		{"ranges", ranges},
		{"bad calls are refused", badCalls},
		{"what is not there", notThere},
		{"delete", deletes},
		{"a pinned read never sees other bytes", pinned},
		{"list: order, prefix and pages", lists},
		{"a cancelled context", cancelled},
		{"readers beside writers", concurrent},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func create(t *testing.T, b objects.Bucket, name, content string) objects.Info {
	t.Helper()
	info, err := b.Create(t.Context(), name, strings.NewReader(content))
	if err != nil {
		t.Fatalf("Create(%q): %v", name, err)
	}
	return info
}

func read(t *testing.T, b objects.Bucket, info objects.Info, offset, length int64) string {
	t.Helper()
	r, err := b.OpenRange(t.Context(), info.Name, info.Generation, offset, length)
	if err != nil {
		t.Fatalf("OpenRange(%q, %d, %d): %v", info.Name, offset, length, err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %q from %d, length %d: %v", info.Name, offset, length, err)
	}
	if err := r.Close(); err != nil {
		t.Fatalf("close %q: %v", info.Name, err)
	}
	return string(content)
}

func stat(t *testing.T, b objects.Bucket, name string) objects.Info {
	t.Helper()
	info, err := b.Stat(t.Context(), name)
	if err != nil {
		t.Fatalf("Stat(%q): %v", name, err)
	}
	return info
}

func list(t *testing.T, b objects.Bucket, prefix, after string, limit int) []objects.Info {
	t.Helper()
	infos, err := b.List(t.Context(), prefix, after, limit)
	if err != nil {
		t.Fatalf("List(%q, %q, %d): %v", prefix, after, limit, err)
	}
	return infos
}

func names(infos []objects.Info) []string {
	var names []string
	for _, info := range infos {
		names = append(names, info.Name)
	}
	return names
}

func wantError(t *testing.T, doing string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", doing, err, want)
	}
}

func wantSame(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// openError opens, and reads if that worked: some find out only then.
func openError(t *testing.T, b objects.Bucket, name, generation string) error {
	t.Helper()
	r, err := b.OpenRange(t.Context(), name, generation, 0, -1)
	if err != nil {
		return err
	}
	_, err = io.ReadAll(r)
	return errors.Join(err, r.Close())
}

func createStatRead(t *testing.T, b objects.Bucket) {
	five := make([]byte, 5<<20)
	for i := range five {
		five[i] = byte(i ^ i>>8 ^ i>>16)
	}
	for name, content := range map[string]string{
		"empty":        "",
		"a/b/one line": "prefix,rate\n44,0.01\n",
		"large":        string(five),
	} {
		info := create(t, b, name, content)
		if info.Generation == "" {
			t.Errorf("Create(%q): no generation", name)
		}
		wantSame(t, "what Create returned", info, objects.Info{Name: name, Generation: info.Generation, Size: int64(len(content))})
		wantSame(t, "what Stat returned", stat(t, b, name), info)
		wantSame(t, "what List returned", list(t, b, name, "", 10), []objects.Info{info})
		if got := read(t, b, info, 0, -1); got != content {
			t.Errorf("%q: %d bytes read are not the %d written", name, len(got), len(content))
		}
	}
}

func createExists(t *testing.T, b objects.Bucket) {
	first := create(t, b, "a/name", "first")
	for _, content := range []string{"second", "first", ""} {
		_, err := b.Create(t.Context(), "a/name", strings.NewReader(content))
		wantError(t, "Create over an object", err, objects.ErrExists)
	}
	wantSame(t, "the object afterwards", stat(t, b, "a/name"), first)
	wantSame(t, "its content", read(t, b, first, 0, -1), "first")
}

func createRace(t *testing.T, b objects.Bucket) {
	const creators = 50
	content := func(i int) string { return strings.Repeat(fmt.Sprintf("creator %d\n", i), 1000+i) }
	infos := make([]objects.Info, creators)
	errs := make([]error, creators)
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i := range creators {
		wait.Go(func() {
			<-start
			infos[i], errs[i] = b.Create(t.Context(), "new/folder/race", strings.NewReader(content(i)))
		})
	}
	close(start)
	wait.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err != nil:
			wantError(t, "a creator that lost", err, objects.ErrExists)
		case winner >= 0:
			t.Errorf("creators %d and %d both won", winner, i)
		default:
			winner = i
		}
	}
	if winner < 0 {
		t.Fatal("no creator won")
	}
	wantSame(t, "the object", stat(t, b, "new/folder/race"), infos[winner])
	if got := read(t, b, infos[winner], 0, -1); got != content(winner) {
		t.Errorf("the content is not that of creator %d who won", winner)
	}
}

func createBroken(t *testing.T, b objects.Bucket) {
	broken := errors.New("the line went dead")
	half := io.MultiReader(bytes.NewReader(make([]byte, 300_000)), iotest.ErrReader(broken))
	_, err := b.Create(t.Context(), "a/name", half)
	wantError(t, "Create of broken content", err, broken)
	_, err = b.Stat(t.Context(), "a/name")
	wantError(t, "Stat after it", err, objects.ErrNotFound)
	wantSame(t, "List after it", names(list(t, b, "", "", 10)), []string(nil))
	info := create(t, b, "a/name", "whole")
	wantSame(t, "the content of the next try", read(t, b, info, 0, -1), "whole")
}

func createReuse(t *testing.T, b objects.Bucket) {
	buffer := []byte("mine")
	info, err := b.Create(t.Context(), "name", bytes.NewReader(buffer))
	if err != nil {
		t.Fatal(err)
	}
	copy(buffer, "gone")
	wantSame(t, "the content", read(t, b, info, 0, -1), "mine")
	odd := iotest.DataErrReader(iotest.OneByteReader(strings.NewReader("byte by byte")))
	info, err = b.Create(t.Context(), "odd", odd)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "content that comes byte by byte", read(t, b, info, 0, -1), "byte by byte")
}

// longName has the greatest length, in parts that every implementation takes.
var longName = strings.Repeat(strings.Repeat("n", 127)+"/", 7) + strings.Repeat("n", 128)

func goodNames(t *testing.T, b objects.Bucket) {
	want := []string{
		" leading and trailing ", "%2F", "*?[x]\\:|<>\"'", "...", "..a/b..", ".hidden", "Case.CSV", "a&b=c;d", "cafe\u0301/nfd",
		longName, "tmp/gen", "x.tmp/y.gen", "\u00dcber/Stra\u00dfe.csv", "\u65e5\u672c/\U0001F4DE",
	}
	for _, name := range want {
		create(t, b, name, "of "+name)
	}
	got := list(t, b, "", "", 100)
	wantSame(t, "List", names(got), want)
	for _, info := range got {
		wantSame(t, "the content of "+info.Name, read(t, b, info, 0, -1), "of "+info.Name)
	}
}

func badNames(t *testing.T, b objects.Bucket) {
	for _, name := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/./b", "a/../b", "a/..", "a/.",
		".tmp", ".gen", ".tmp/a", ".gen/00/a", "a/.tmp", "a/.gens/b", ".tmp-1",
		"a\x00b", "a\nb", "a\rb", "\x1f", "a\x7f", "a\xff", "\xc3(", longName + "n",
	} {
		_, err := b.Create(t.Context(), name, strings.NewReader("x"))
		wantError(t, fmt.Sprintf("Create(%q)", name), err, objects.ErrInvalid)
		_, err = b.Stat(t.Context(), name)
		wantError(t, fmt.Sprintf("Stat(%q)", name), err, objects.ErrInvalid)
		wantError(t, fmt.Sprintf("OpenRange(%q)", name), openError(t, b, name, "1"), objects.ErrInvalid)
		wantError(t, fmt.Sprintf("Delete(%q)", name), b.Delete(t.Context(), name, "1"), objects.ErrInvalid)
	}
	wantSame(t, "List", names(list(t, b, "", "", 10)), []string(nil))
}

func ranges(t *testing.T, b objects.Bucket) {
	const maxInt = 1<<63 - 1
	ten := create(t, b, "ten", "0123456789")
	empty := create(t, b, "empty", "")
	for _, test := range []struct {
		info           objects.Info
		offset, length int64
		want           string
	}{
		{ten, 0, -1, "0123456789"},
		{ten, 0, 10, "0123456789"},
		{ten, 0, 11, "0123456789"},
		{ten, 0, 3, "012"},
		{ten, 4, 3, "456"},
		{ten, 4, -1, "456789"},
		{ten, 8, 5, "89"},
		{ten, 9, 1, "9"},
		{ten, 4, 0, ""},
		{ten, 10, -1, ""},
		{ten, 10, 1, ""},
		{ten, 11, -1, ""},
		{ten, maxInt, -1, ""},
		{ten, maxInt, maxInt, ""},
		{ten, 1, maxInt, "123456789"},
		{empty, 0, -1, ""},
		{empty, 0, 1, ""},
		{empty, 1, 1, ""},
	} {
		what := fmt.Sprintf("%s from %d, length %d", test.info.Name, test.offset, test.length)
		wantSame(t, what, read(t, b, test.info, test.offset, test.length), test.want)
	}
}

func badCalls(t *testing.T, b objects.Bucket) {
	info := create(t, b, "name", "content")
	for _, r := range [][2]int64{{-1, 1}, {-1, -1}, {0, -2}} {
		_, err := b.OpenRange(t.Context(), "name", info.Generation, r[0], r[1])
		wantError(t, fmt.Sprintf("OpenRange(%d, %d)", r[0], r[1]), err, objects.ErrInvalid)
	}
	wantError(t, "OpenRange without a generation", openError(t, b, "name", ""), objects.ErrInvalid)
	wantError(t, "Delete without a generation", b.Delete(t.Context(), "name", ""), objects.ErrInvalid)
	for _, limit := range []int{-1, 0, 1001} {
		_, err := b.List(t.Context(), "", "", limit)
		wantError(t, fmt.Sprintf("List with limit %d", limit), err, objects.ErrInvalid)
	}
	wantSame(t, "the object afterwards", stat(t, b, "name"), info)
}

func notThere(t *testing.T, b objects.Bucket) {
	other := create(t, b, "folder/other", "other")
	for _, name := range []string{"none", "folder", "folder/none", "none/other", "folder/other/below"} {
		_, err := b.Stat(t.Context(), name)
		wantError(t, "Stat("+name+")", err, objects.ErrNotFound)
		wantError(t, "OpenRange("+name+")", openError(t, b, name, other.Generation), objects.ErrNotFound)
		if err := b.Delete(t.Context(), name, other.Generation); err != nil {
			t.Errorf("Delete(%s), which is not there: %v", name, err)
		}
	}
	wantSame(t, "the other object", stat(t, b, "folder/other"), other)
	second := create(t, b, "folder/second", "second")
	wantError(t, "OpenRange of another object's generation", openError(t, b, "folder/second", other.Generation), objects.ErrLost)
	wantSame(t, "the second object", read(t, b, second, 0, -1), "second")
}

func deletes(t *testing.T, b objects.Bucket) {
	beside := create(t, b, "a/beside", "twin")
	info := create(t, b, "a/name", "twin")
	other := create(t, b, "a/other", "other")
	if err := b.Delete(t.Context(), "a/name", other.Generation); err != nil {
		t.Errorf("Delete of a generation that is not live: %v", err)
	}
	wantSame(t, "the object after it", stat(t, b, "a/name"), info)
	for range 2 {
		if err := b.Delete(t.Context(), "a/name", info.Generation); err != nil {
			t.Errorf("Delete: %v", err)
		}
		_, err := b.Stat(t.Context(), "a/name")
		wantError(t, "Stat of what was deleted", err, objects.ErrNotFound)
	}
	if err := openError(t, b, "a/name", info.Generation); !errors.Is(err, objects.ErrLost) && !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("a pinned read of what was deleted: error %v, want ErrLost or ErrNotFound", err)
	}
	wantSame(t, "List", list(t, b, "", "", 10), []objects.Info{beside, other})
	wantSame(t, "another object of the same content", read(t, b, beside, 0, -1), "twin")
}

func pinned(t *testing.T, b objects.Bucket) {
	first := create(t, b, "name", "first")
	if err := b.Delete(t.Context(), "name", first.Generation); err != nil {
		t.Fatal(err)
	}
	second := create(t, b, "name", "second")
	if first.Generation == second.Generation {
		t.Fatal("other bytes have the same generation")
	}
	wantError(t, "a pinned read of the first", openError(t, b, "name", first.Generation), objects.ErrLost)
	if err := b.Delete(t.Context(), "name", first.Generation); err != nil {
		t.Errorf("Delete of the first again: %v", err)
	}
	wantSame(t, "the second", read(t, b, second, 0, -1), "second")
}

func lists(t *testing.T, b objects.Bucket) {
	// "-" and "." sort before "/", which sorts before letters and digits.
	want := []string{
		"a-1", "a.txt", "a/b/c", "a/b/d/e", "a/b0", "a/c", "a0", "ab", "b/-", "b/x-1", "b/x/1", "b/x/2", "b/x0", "z", "\u00e9/1", "\u65e5",
	}
	for i := range want {
		create(t, b, want[(i*7)%len(want)], "content")
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "a/b/d/e", "b/x", "b/x/", "z", "\u00e9", "none", "a/none/", "a//", "/", "../", ".tmp/", "a-1/", "a\x00"} {
		var all []string
		for _, name := range want {
			if strings.HasPrefix(name, prefix) {
				all = append(all, name)
			}
		}
		wantSame(t, fmt.Sprintf("List(%q)", prefix), names(list(t, b, prefix, "", 1000)), all)
		for _, limit := range []int{1, 3, 7} {
			var got []string
			for after := ""; ; after = got[len(got)-1] {
				page := list(t, b, prefix, after, limit)
				got = append(got, names(page)...)
				if len(page) == 0 {
					break
				}
				if len(page) > limit || len(got) > len(want) {
					t.Fatalf("List(%q, %q, %d) returned %q", prefix, after, limit, names(page))
				}
			}
			wantSame(t, fmt.Sprintf("List(%q) in pages of %d", prefix, limit), got, all)
		}
	}
	for _, after := range []string{"a", "a/", "a/b", "a/b/c", "a/b/cc", "a/zz", "b/x/", "b/x/9", "y", "\u65e6", "a//", "../"} {
		var rest []string
		for _, name := range want {
			if name > after {
				rest = append(rest, name)
			}
		}
		wantSame(t, fmt.Sprintf("List after %q", after), names(list(t, b, "", after, 1000)), rest)
	}
	wantSame(t, "List of a prefix after it", names(list(t, b, "a/", "b", 10)), []string(nil))
	wantSame(t, "List of a prefix after what is before it", names(list(t, b, "b/x/", "a", 10)), []string{"b/x/1", "b/x/2"})
}

// cutOff cancels a context when it is read.
type cutOff struct{ cancel context.CancelFunc }

func (c cutOff) Read(p []byte) (int, error) {
	c.cancel()
	return len(p), nil
}

func cancelled(t *testing.T, b objects.Bucket) {
	info := create(t, b, "there", "content")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.Create(ctx, "half", cutOff{cancel})
	wantError(t, "Create cancelled halfway", err, context.Canceled)
	_, err = b.Create(ctx, "new", strings.NewReader("content"))
	wantError(t, "Create", err, context.Canceled)
	_, err = b.Stat(ctx, "there")
	wantError(t, "Stat", err, context.Canceled)
	_, err = b.OpenRange(ctx, "there", info.Generation, 0, -1)
	wantError(t, "OpenRange", err, context.Canceled)
	_, err = b.List(ctx, "", "", 10)
	wantError(t, "List", err, context.Canceled)
	wantError(t, "Delete", b.Delete(ctx, "there", info.Generation), context.Canceled)
	wantSame(t, "what is there afterwards", list(t, b, "", "", 10), []objects.Info{info})
}

func concurrent(t *testing.T, b objects.Bucket) {
	content := func(i int) string { return strings.Repeat(fmt.Sprintf("%d,", i), 10_000) }
	var wait sync.WaitGroup
	for i := range 20 {
		name := fmt.Sprintf("c/%02d", i)
		wait.Go(func() {
			if _, err := b.Create(t.Context(), name, strings.NewReader(content(i))); err != nil {
				t.Errorf("Create(%s): %v", name, err)
			}
		})
		wait.Go(func() {
			info, err := b.Stat(t.Context(), name)
			if errors.Is(err, objects.ErrNotFound) {
				return
			}
			if err != nil {
				t.Errorf("Stat(%s): %v", name, err)
				return
			}
			r, err := b.OpenRange(t.Context(), name, info.Generation, 0, -1)
			if err != nil {
				t.Errorf("OpenRange(%s): %v", name, err)
				return
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || string(got) != content(i) {
				t.Errorf("%s: %d bytes that are not those written, error %v", name, len(got), err)
			}
		})
		wait.Go(func() {
			infos, err := b.List(t.Context(), "c/", "", 1000)
			if err != nil {
				t.Errorf("List: %v", err)
			}
			for _, info := range infos {
				if info.Size < 10_000 {
					t.Errorf("List shows %s with %d bytes", info.Name, info.Size)
				}
			}
		})
	}
	wait.Wait()
	if got := len(list(t, b, "c/", "", 1000)); got != 20 {
		t.Errorf("%d objects afterwards, want 20", got)
	}
}
