package cdr

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// finders are all the ways to find delimiters; a processor may have but one.
var finders = map[string]func(at, ends *[spots]uint32, text []byte, from int, comma byte) (n, lines int, other bool){
	"words":          findWords,
	"this processor": findDelimiters,
}

// What a finder fills, once for all tests: it is large.
var foundAt, foundEnds [spots]uint32

// checkFinders has every finder search a text from an offset on, and compares
// what it finds with what one byte after the other says.
func checkFinders(t failer, text string, from int, comma byte) {
	t.Helper()
	blocks := min((len(text)-from+63)/64, window/64)
	padded := append([]byte(text), make([]byte, 64)...)[:from+64*blocks]
	wantAt, wantEnds, wantOther := []uint32{0}, []uint32{}, false
	for i, b := range padded[from:] {
		if b == comma || b < ' ' {
			if b != comma {
				wantEnds = append(wantEnds, uint32(len(wantAt)))
			}
			wantAt = append(wantAt, uint32(from+i))
		}
		wantOther = wantOther || b >= 0x80
	}
	for name, find := range finders {
		n, lines, other := find(&foundAt, &foundEnds, padded, from, comma)
		if !slices.Equal(foundAt[:n], wantAt) || !slices.Equal(foundEnds[:lines], wantEnds) || other != wantOther {
			t.Fatal(fmt.Sprintf("%s, from %d by %q of %.300q: got delimiters %.300s, ends %.300s, other %v; want %.300s, %.300s, %v", name, from, comma, text,
				fmt.Sprint(foundAt[:n]), fmt.Sprint(foundEnds[:lines]), other, fmt.Sprint(wantAt), fmt.Sprint(wantEnds), wantOther))
		}
	}
}

// Whatever is in the text, and however much of it, each of the delimiters is
// found where it is, and nothing else.
func TestFindersFindEveryDelimiter(t *testing.T) {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	row := "3aecf92601239137,284,27743310480,4909890635928,2026-11-01T01:55:48Z,252\n"
	texts := []string{
		"", "a", ",", "\n", "a,b\n", "a;b\r\nc;d\r\n", row, strings.Repeat(row, 200),
		strings.Repeat("\r\n", window), strings.Repeat(",", window+100), strings.Repeat(",\n", 200), strings.Repeat("\n\n\n,", 50),
		strings.Repeat("\x00", 129), strings.Repeat("\x1F\x20", 70), strings.Repeat("+,-", 90), strings.Repeat("\xAC", 70), strings.Repeat("\x8A,", 70),
		"é,è\nà,ù\n", row + "Société,x\n" + row, string(all), strings.Repeat(string(all), 40),
	}
	for _, text := range texts {
		for _, comma := range []byte{',', ';', '\t', '|', '\x1F', 0} {
			for from := 0; from <= len(text) && from < 70; from++ {
				checkFinders(t, text, from, comma)
			}
		}
	}
	// Each byte by itself, in each place of a block.
	for i := range 66 {
		for b := range 256 {
			text := bytes.Repeat([]byte{'7'}, 66)
			text[i] = byte(b)
			checkFinders(t, string(text), 0, ',')
		}
	}
}

func FuzzFinders(f *testing.F) {
	f.Add("a,b\r\n\"c\",d\n", uint16(0), byte(','))
	f.Add(strings.Repeat("\n,", 100), uint16(3), byte('\n'))
	f.Add(strings.Repeat("12345678,\x80", 20), uint16(64), byte(';'))
	f.Fuzz(func(t *testing.T, text string, from uint16, comma byte) {
		checkFinders(t, text, min(int(from), len(text)), comma&0x7F) // an ASCII character
	})
}
