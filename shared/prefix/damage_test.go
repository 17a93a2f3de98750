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

// small is a section with all there is: a catch-all, cells of all forms,
// zeros, notes and several blocks, on a root of two digits.
func small(t testing.TB) []byte {
	t.Helper()
	entries := []Entry{{Note: 9}, {Prefix: "1234567890", Value: 3}, {Prefix: "10", Value: 4}, {Prefix: "100", Value: MaxValue, Note: 1 << 31}, {Prefix: "1", Value: 6}, {Prefix: "1398765432109", Value: 8}}
	for i := range 70 {
		entries = append(entries, Entry{Prefix: fmt.Sprint(2000 + 27*i), Value: uint32(i), Note: uint32(i / 20)})
	}
	items, err := sorted(entries)
	if err != nil {
		t.Fatal(err)
	}
	return build(items, 2)
}

// buildWith builds an index with so many digits in its root.
func buildWith(t testing.TB, root int, prefixes ...string) []byte {
	t.Helper()
	items, err := sorted(list(prefixes...))
	if err != nil {
		t.Fatal(err)
	}
	return build(items, root)
}

// use asks an index everything there is to ask. Whatever the bytes, nothing
// panics or runs on, and no value is above the highest.
func use(t testing.TB, x *Index) (damaged bool) {
	t.Helper()
	keys := []Key{{Head: 1<<32 - 1, Tail: 1<<32 - 1, Digits: 255}, {Head: 1<<32 - 1, Tail: 1<<32 - 1}, {Tail: 1<<32 - 1}, {Head: 999_999, Tail: 1<<32 - 1, Digits: 15}}
	for _, number := range []string{"", "0", "1", "10", "100", "1000", "12345678", "123456789", "1234567890", "12345678901", "2000", "200", "39",
		"3937", "9", "1398765432108", "1398765432109", "139876543210999", "999999999999999", "99999999999999999999"} {
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
		if _, ok := CodeOf(e.Prefix); !ok || e.Value > x.Highest() {
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

// check is what Build asks of its own section.
func check(section []byte) error {
	x, err := Open(section)
	if err != nil {
		return err
	}
	return x.check()
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	section := small(t)
	if err := check(section); err != nil {
		t.Fatal(err)
	}
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
		{"the cell of another slot", root + 4*20, cellTag, "slot 20 of the root"},
		{"a slot without its cell", root + 4*20, 0, "slot 21 of the root"},
		{"the last slot without its cell", root + 4*38, 0, "cells that no slot of the root names"},
		{"a cell of no intervals", cells, 0, "slot 10 of the root"},
		{"a cell of one interval", cells, 1, "slot 10 of the root"},
		{"a cell of too many intervals", cells, 10_001, "slot 10 of the root"},
		{"a start that does not ascend", cells, 3, "slot 10 of the root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			damaged := slices.Clone(section)
			binary.LittleEndian.PutUint32(damaged[c.at:], c.word)
			err := check(damaged)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("check: %v, want %s", err, c.want)
			}
			if c.at >= root {
				return
			}
			if _, err := Open(damaged); err == nil || !strings.HasPrefix(err.Error(), "opening a prefix index: ") {
				t.Errorf("Open: %v, want %s", err, c.want)
			}
		})
	}
}

// What look-ups find is checked when they find it: a word that cannot be the
// Match of a number is none, and the directory says what the number matches.
func TestAWordThatIsNoMatchMatchesNothing(t *testing.T) {
	root := 4 * headerWords
	cells := root + 4*100
	for _, c := range []struct {
		name, number string
		at           int  // of the Match of the number
		alone        bool // nothing else says what the number matches
	}{
		{"in the root", "99123456789012345678", root + 4*99, false},
		{"in a cell", "1051234", cells + 12, false},
		{"in a cell, of a prefix's own digits", "1001234", cells + 8, true},
	} {
		section := small(t)
		number, _ := KeyOf(c.number)
		x, err := Open(section)
		if err != nil {
			t.Fatal(err)
		}
		want := x.Lookup(number)
		if !want.OK() || Match(word(section, c.at/4)) != want {
			t.Fatalf("%s: %s matches %s, which is not at %d", c.name, c.number, say(want), c.at)
		}
		if c.alone {
			want = 0
		}
		for _, bad := range []uint32{17, 18, 31, 1 << 5, 7<<5 | 17, 7<<5 | 31, 7 << 5, 1<<31 - 1, MaxValue << 5, MaxValue<<5 | 17} {
			binary.LittleEndian.PutUint32(section[c.at:], bad)
			x, err := Open(section)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]Match, 1)
			x.LookupAll([]Key{number}, out)
			if got := x.Lookup(number); got != want || out[0] != want {
				t.Errorf("%s, %#x: %s matches %s, in a block %s, want %s", c.name, bad, c.number, say(got), say(out[0]), say(want))
			}
		}
	}
}

func TestAValueAboveTheHighestIsNotFound(t *testing.T) {
	section := small(t)
	binary.LittleEndian.PutUint32(section[20:], 5) // 10 has 4; 100, 1 and 20 have more
	x, err := Open(section)
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]Match{"1051234": newMatch(4, 2), "1001234": 0, "1912345": 0, "9912345": newMatch(0, 0)} {
		k, _ := KeyOf(number)
		out := make([]Match, 1)
		x.LookupAll([]Key{k}, out)
		if got := x.Lookup(k); got != want || out[0] != want {
			t.Errorf("%s matches %s, in a block %s, want %s", number, say(got), say(out[0]), say(want))
		}
	}
	if _, _, ok := x.Find("100"); ok {
		t.Error("100 is found, with a value above the highest")
	}
	if _, _, ok := x.Find("10"); !ok {
		t.Error("10 is not found")
	}
}

func TestACellWithAPadThatANumberCouldReachIsNoticed(t *testing.T) {
	section := buildWith(t, 1, "1", "12") // intervals of slot 1 from 1, 12 and 13: three lanes and a pad
	pad := 4*(headerWords+10) + 3*2
	if got := binary.LittleEndian.Uint16(section[pad:]); got != pads>>48 {
		t.Fatalf("the pad is %#x", got)
	}
	for _, reached := range []uint16{3001, 9999, narrowSpan, pads>>48 - 1} {
		binary.LittleEndian.PutUint16(section[pad:], reached)
		if err := check(section); !errors.Is(err, errCell) {
			t.Errorf("a pad of %d: %v, want %v", reached, err, errCell)
		}
	}
}

func TestADeepCellThatDoesNotAscendIsNoticed(t *testing.T) {
	section := buildWith(t, 2, "1", "123456789012345") // the width of slot 12 is 10^13
	second := 4*(headerWords+100) + 4 + 8
	for _, start := range []uint64{0, 1, binary.LittleEndian.Uint64(section[second-8:]), 10_000_000_000_000, 1 << 63} {
		binary.LittleEndian.PutUint64(section[second:], start)
		if err := check(section); !errors.Is(err, errCell) {
			t.Errorf("a start of %d: %v, want %v", start, err, errCell)
		}
	}
}

func TestOneLongPrefixMakesNoLargeRoot(t *testing.T) {
	for _, prefixes := range [][]string{{"123456789012345"}, {"1", "12", "123456789012345", "12345678901234", "99"}} {
		section, err := Build(list(prefixes...))
		if err != nil || len(section) > 500 {
			t.Errorf("%q: %d bytes, error %v; want at most 500", prefixes, len(section), err)
		}
	}
}

func TestAWideCellThatDoesNotAscendIsNoticed(t *testing.T) {
	section := buildWith(t, 1, "1", "12345678")
	second := 4 * (headerWords + 10 + 2)
	for _, start := range []uint32{0, 1, binary.LittleEndian.Uint32(section[second-4:]), tailSpan, 1 << 31} {
		binary.LittleEndian.PutUint32(section[second:], start)
		if err := check(section); !errors.Is(err, errCell) {
			t.Errorf("a start of %d: %v, want %v", start, err, errCell)
		}
	}
}

func TestAKeyThatNoNumberHasIsLookedUpWithoutHarm(t *testing.T) {
	x, err := Open(buildWith(t, headDigits, "999999", "9999992"))
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range []uint32{999_999, 1_000_000, 1<<32 - 1} {
		for tail := uint64(0); tail < 1<<32; tail += 99_991 {
			k := Key{Head: head, Tail: uint32(tail), Digits: 15}
			if m := x.Lookup(k); m.Digits() > 7 {
				t.Fatalf("%v matches %s", k, say(m))
			}
		}
	}
}

func TestADamagedDirectoryIsNoticed(t *testing.T) {
	for _, c := range []struct {
		name      string
		entries   []Entry
		directory string // its nibbles, in hexadecimal
		whole     bool
	}{
		{"as it is built", []Entry{{Prefix: "1"}, {Prefix: "12"}}, "01a12a", true},
		{"a note and a value as they are built", []Entry{{Prefix: "1", Value: 1, Note: 1}, {Prefix: "10", Value: 2, Note: 2}}, "01d2110b2", true},
		{"not in order", []Entry{{Prefix: "11"}, {Prefix: "12"}}, "012a11a", false},
		{"twice the same", []Entry{{Prefix: "1"}, {Prefix: "12"}}, "01a1a", false},
		{"more digits shared than there are", []Entry{{Prefix: "1"}, {Prefix: "1002"}}, "01a32a", false},
		{"a prefix that is not in the tree", []Entry{{Prefix: "1"}, {Prefix: "12"}}, "01a13a", false},
		{"a value that the tree holds, too", []Entry{{Prefix: "1"}, {Prefix: "12"}}, "01c012a", false},
		{"a value above the highest", []Entry{{Prefix: "1", Value: 1}, {Prefix: "10", Value: 2}}, "01c310a", false},
		{"a value that is not", []Entry{{Prefix: "1", Value: 1}, {Prefix: "10", Value: 2}}, "01a10a", false},
		{"16 digits", []Entry{{Prefix: "111111111111111"}}, "01111111111111111a", false},
		{"20 digits", []Entry{{Prefix: "111111111111111"}}, "011111111111111111111a", false},
		{"an end that is none", []Entry{{Prefix: "1"}}, "01e", false},
		{"a note of 33 bits", []Entry{{Prefix: "1"}}, "01bffffffffff7", false},
		{"a note without end", []Entry{{Prefix: "1"}}, "01bffffffffffffffff", false},
		{"a value of 32 bits", []Entry{{Prefix: "1", Value: 1}, {Prefix: "10", Value: 2}}, "01cffffffffff310a", false},
		{"nothing", []Entry{{Prefix: "1"}}, "", false},
		{"no end", []Entry{{Prefix: "1"}}, "01", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			section, err := Build(c.entries)
			if err != nil {
				t.Fatal(err)
			}
			built, err := Open(section)
			if err != nil {
				t.Fatal(err)
			}
			w := nibbleWriter{out: section[:len(section)-len(built.directory)]}
			size := len(w.out)
			for _, d := range c.directory {
				w.put(uint8(strings.IndexRune("0123456789abcdef", d)))
			}
			binary.LittleEndian.PutUint32(w.out[16:], uint32(len(w.out)-size))
			x, err := Open(w.out)
			if err != nil {
				t.Fatal(err)
			}
			var all error
			for _, err := range x.All() {
				all = err
			}
			last := x.Len() - 1
			for i := range last {
				// The damage may be in an entry before the last.
				if _, err := x.At(i); err != nil {
					last = i
					break
				}
			}
			_, at := x.At(last)
			if (all == nil) != c.whole || (at == nil) != c.whole {
				t.Errorf("All: %v, At: %v, want an error: %t", all, at, !c.whole)
			}
			use(t, x)
		})
	}
}

func TestBlocksThatAreNotInOrderAreNoticed(t *testing.T) {
	section := small(t)
	x, err := Open(section)
	if err != nil {
		t.Fatal(err)
	}
	// The second block is read where the first one is: no entry of it fits.
	binary.LittleEndian.PutUint32(x.blocks[4:], 0)
	n, all := 0, error(nil)
	for _, err := range x.All() {
		if all = err; err == nil {
			n++
		}
	}
	if !errors.Is(all, errDamaged) {
		t.Errorf("%d entries, then %v, want %v", n, all, errDamaged)
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
