package cells

import (
	"bytes"
	"slices"
	"strings"
)

// expand appends every code of a range.
func (l *codeList) expand(from, to []byte) error {
	low, high := value(from), value(to)
	have := len(l.dst) - l.start
	if high-low >= uint64(l.rules.MaxCodes-have) {
		return want("at most %d codes in a cell: this makes %d", l.rules.MaxCodes, high-low+1+uint64(have))
	}
	if low == high {
		l.dst = append(l.dst, string(from))
		return nil
	}
	// One allocation holds all of them.
	width := len(from)
	var all strings.Builder
	all.Grow(int(high-low+1) * width)
	for code := bytes.Clone(from); ; next(code) {
		all.Write(code)
		if bytes.Equal(code, to) {
			break
		}
	}
	for s := all.String(); s != ""; s = s[width:] {
		l.dst = append(l.dst, s[:width])
	}
	return nil
}

// next adds one to a number of digits.
func next(code []byte) {
	for i := len(code) - 1; i >= 0; i-- {
		if code[i]++; code[i] <= '9' {
			return
		}
		code[i] = '0'
	}
}

// value reads up to 19 digits.
func value(code []byte) uint64 {
	var n uint64
	for _, c := range code {
		n = 10*n + uint64(c-'0')
	}
	return n
}

// distinct drops the codes that the cell has named before.
func (l *codeList) distinct() {
	codes := l.dst[l.start:]
	kept := codes[:0]
	const few = 32
	if len(codes) <= few {
		for _, c := range codes {
			if !slices.Contains(kept, c) {
				kept = append(kept, c)
			}
		}
	} else {
		seen := make(map[string]struct{}, len(codes))
		for _, c := range codes {
			if _, again := seen[c]; !again {
				seen[c] = struct{}{}
				kept = append(kept, c)
			}
		}
	}
	clear(codes[len(kept):])
	l.dst = l.dst[:l.start+len(kept)]
}
