package prefix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// small is a section with all there is: a catch-all, deep and wide cells,
// zeros, notes and several blocks.
func small(t testing.TB) []byte {
	t.Helper()
	entries := []Entry{{Note: 9}, {Prefix: "1234567890", Value: 3}, {Prefix: "10", Value: 4}, {Prefix: "100", Value: MaxValue, Note: 1 << 31}, {Prefix: "1", Value: 6}}
	for i := range 70 {
		entries = append(entries, Entry{Prefix: fmt.Sprint(2000 + 27*i), Value: uint32(i), Note: uint32(i / 20)})
	}
	section, err := Build(entries)
	if err != nil {
		t.Fatal(err)
	}
	return section
}

// use asks an index everything there is to ask. Whatever the bytes, nothing
// panics or runs on, and no value is above the highest.
func use(t testing.TB, x *Index) (damaged bool) {
	t.Helper()
	keys := []Key{{Head: 1<<32 - 1, Tail: 1<<32 - 1, Digits: 255}, {Head: 1<<32 - 1, Tail: 1<<32 - 1}, {Tail: 1<<32 - 1}, {Head: 999_999, Tail: 1<<32 - 1, Digits: 15}}
	for _, number := range []string{"", "0", "1", "10", "100", "1000", "12345678", "123456789", "1234567890", "12345678901", "2000", "200", "39",
		"3937", "9", "999999999999999", "99999999999999999999"} {
		k, ok := KeyOf(number)
		if !ok {
			t.Fatalf("%q has no key", number)
		}
		keys = append(keys, k)
	}
	for n := range 50 {
		k, _ := KeyOf(fmt.Sprint(1990 + 40*n))
		keys = append(keys, k)
	}
	out := make([]Match, len(keys))
	x.LookupAll(keys, out)
	for i, k := range keys {
		if m := x.Lookup(k); m != out[i] {
			t.Errorf("Lookup(%v) = %s, LookupAll = %s", k, say(m), say(out[i]))
		}
		if m := out[i]; m.Value() > x.Highest() || m.Digits() > min(int(k.Digits), MaxDigits) {
			t.Errorf("%v matches %s; the highest value is %d", k, say(m), x.Highest())
		}
	}
	check := func(e Entry, err error) {
		if damaged = damaged || err != nil; err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("error %v, want one that wraps %v", err, errDamaged)
		}
		if _, ok := codeOf(e.Prefix); !ok || e.Value > x.Highest() {
			t.Errorf("entry %v; the highest value is %d", e, x.Highest())
		}
	}
	n, last := 0, ""
	for e, err := range x.All() {
		check(e, err)
		if err == nil && n > 0 && e.Prefix <= last {
			t.Errorf("%q after %q", e.Prefix, last)
		}
		n, last = n+1, e.Prefix
	}
	if n > x.Len() && !damaged {
		t.Errorf("%d entries of %d", n, x.Len())
	}
	for i := 0; i < min(x.Len(), 200); i += 9 {
		e, err := x.At(i)
		check(e, err)
		if at, _, ok := x.Find(e.Prefix); ok && (at < 0 || at >= x.Len()) {
			t.Errorf("Find(%q) = %d of %d", e.Prefix, at, x.Len())
		}
	}
	return damaged
}

func TestNoFlippedBitMakesAnIndexUnsafe(t *testing.T) {
	section := small(t)
	refused, noticed := 0, 0
	for bit := range 8 * len(section) {
		damaged := slices.Clone(section)
		damaged[bit/8] ^= 1 << (bit % 8)
		if x, err := Open(damaged); err != nil {
			refused++
		} else if use(t, x) {
			noticed++
		}
	}
	if refused == 0 || noticed == 0 {
		t.Errorf("of %d bits, %d refused, %d noticed on reading: want some of each", 8*len(section), refused, noticed)
	}
}

func TestNoScrambledWordMakesAnIndexUnsafe(t *testing.T) {
	section := small(t)
	r := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		damaged := slices.Clone(section)
		for range 1 + r.IntN(3) {
			at := 4 * r.IntN(len(damaged)/4)
			binary.LittleEndian.PutUint32(damaged[at:], []uint32{r.Uint32(), 1<<32 - 1, 0, 1 << 31, 0xAAAAAAAA, binary.LittleEndian.Uint32(section[at:]) + 1}[r.IntN(6)])
		}
		if x, err := Open(damaged); err == nil {
			use(t, x)
		}
	}
}

func TestASectionOfAnotherLengthIsRefused(t *testing.T) {
	section := small(t)
	for n := range len(section) {
		if _, err := Open(section[:n]); err == nil {
			t.Errorf("the first %d bytes of %d are opened", n, len(section))
		}
	}
	if _, err := Open(append(slices.Clone(section), 0)); err == nil {
		t.Error("a section with a byte after it is opened")
	}
	if x, err := Open(section); err != nil || use(t, x) {
		t.Errorf("the whole section: %v", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	section := small(t)
	root := 4 * headerWords
	cells := root + 4*100
	for _, c := range []struct {
		name string
		at   int
		word uint32
		want string
	}{
		{"magic", 0, 0, "it does not begin as one"},
		{"root of 7 digits", 4, 7, "out of range"},
		{"too many entries", 8, MaxEntries + 1, "out of range"},
		{"highest value", 20, MaxValue + 1, "out of range"},
		{"words of the cells", 12, 1<<32 - 1, "not as long as"},
		{"bytes of the directory", 16, 0, "not as long as"},
		{"a highest value below one that is there", 20, 5, "not a match"},
		{"17 digits", root + 4*99, 18, "not a match"},
		{"the cell of another slot", root + 4*20, cellTag, "slot 20 of the root"},
		{"a slot without its cell", root + 4*20, 0, "slot 21 of the root"},
		{"a cell of one interval", cells, 1, "slot 10 of the root"},
		{"a cell of too many intervals", cells, 10_001, "slot 10 of the root"},
		{"a start that does not ascend", cells, 3, "slot 10 of the root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			damaged := slices.Clone(section)
			binary.LittleEndian.PutUint32(damaged[c.at:], c.word)
			_, err := Open(damaged)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "opening a prefix index: ") {
				t.Errorf("Open: %v, want %s", err, c.want)
			}
		})
	}
}

// FuzzOpen reads any bytes as a section.
func FuzzOpen(f *testing.F) {
	f.Add(small(f))
	f.Fuzz(func(t *testing.T, section []byte) {
		if x, err := Open(section); err == nil {
			use(t, x)
		}
	})
}

// FuzzBuild reads text as prefixes, one a word, and holds the index over them
// against the twin.
func FuzzBuild(f *testing.F) {
	f.Fuzz(func(t *testing.T, text, number string) {
		words := strings.Fields(text)
		if len(words) > 1000 {
			return
		}
		entries := list(words...)
		section, err := Build(entries)
		if err != nil {
			return
		}
		x, err := Open(section)
		if err != nil {
			t.Fatal(err)
		}
		var digits []string
		for n := range len(number) + 1 {
			if _, ok := KeyOf(number[:n]); ok && (n <= MaxDigits || strings.Trim(number[:n], "0123456789") == "") {
				digits = append(digits, number[:n])
			}
		}
		checkLookup(t, x, entries, append(digits, words...))
		if use(t, x) {
			t.Error("what was built is damaged")
		}
	})
}

// FuzzKeyOf holds keys against a loop over the characters.
func FuzzKeyOf(f *testing.F) {
	f.Fuzz(func(t *testing.T, number string) {
		want, ok := Key{Digits: uint8(min(len(number), 255))}, true
		for i := range MaxDigits {
			d := uint32(0)
			if i < len(number) {
				ok = ok && number[i] >= '0' && number[i] <= '9'
				d = uint32(number[i] - '0')
			}
			if i < headDigits {
				want.Head = 10*want.Head + d
			} else {
				want.Tail = 10*want.Tail + d
			}
		}
		if !ok {
			want = Key{}
		}
		if k, got := KeyOf(number); k != want || got != ok {
			t.Errorf("KeyOf(%q) = %v, %t, want %v, %t", number, k, got, want, ok)
		}
		if k, got := KeyOf([]byte(number)); k != want || got != ok {
			t.Errorf("KeyOf(bytes of %q) = %v, %t, want %v, %t", number, k, got, want, ok)
		}
	})
}
