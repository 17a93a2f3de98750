package cdr

import (
	"bytes"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/call"
)

// maxLines is how many lines are read together: enough that what is done once
// for all of them costs nothing, few enough to stay in the first cache.
const maxLines = 64

// lines are the next lines of a chunk, which have as many fields each and are
// text that is read the same however it is read.
type lines struct {
	n      int      // of them
	fields int      // of each
	at     []uint32 // where delimiters are, from the byte before the first line on
	stride int      // entries of at of each line: one more than fields where two bytes end it
}

// of returns where the delimiters of line r are: d[0] is the byte before it and
// the last its end, so that field i is from d[i]+1 to d[i+1].
func (l *lines) of(r int) []uint32 { return l.at[r*l.stride:][:l.fields+1] }

// lines returns the next lines, at most so many; none where Reader has to
// decide. What it searches it copies to dst.
func (k *Chunk) lines(dst *call.Columns, most int) (l lines) {
	s := &k.split
	text := k.text8()
	for s.end == s.lines {
		if s.next == 1 && s.from == k.pos {
			return lines{} // longer than what is looked at together
		}
		s.index(text, k.pos, k.comma)
		k.copyText(dst, k.pos+window)
	}
	l.at = s.at[s.next-1 : s.n]
	ends, before := s.ends[s.end:s.lines], s.next-1
	l.fields = int(ends[0]) - before
	l.stride = l.fields
	end := l.at[l.fields]
	last := text[end]
	switch {
	case last == '\n':
	case last == '\r' && text[end+1] == '\n':
		l.stride++
	default:
		return lines{}
	}
	// Between two ends are commas: as many as in the first line, or the line is
	// another.
	at, extra, odd := l.at, l.stride-l.fields, s.other || k.quotes
	begin, limit := at[0]+1, uint32(k.end)
	for i, j := 0, l.fields; l.n < most && i < len(ends) && int(ends[i]) == before+j && begin < limit; i, j = i+1+extra, j+l.stride {
		end = at[j]
		if text[end] != last || extra > 0 && text[end+1] != '\n' || odd && k.isOdd(text[begin:end]) {
			break
		}
		begin = end + 1 + uint32(extra)
		l.n++
	}
	return l
}

// isOdd reports whether a line has a quote, or is no text.
func (k *Chunk) isOdd(line []byte) bool {
	return k.split.other && !utf8.Valid(line) || k.quotes && bytes.IndexByte(line, '"') >= 0
}

// pass goes on behind the first n lines.
func (k *Chunk) pass(l *lines, n int) {
	s := &k.split
	k.pos = int(l.at[(n-1)*l.stride+l.fields]) + 1 + l.stride - l.fields
	k.line += int64(n)
	s.next = min(s.next+n*l.stride, s.n) // a line feed may lie behind the window
	s.end = min(s.end+n*(1+l.stride-l.fields), s.lines)
}

// text8 returns the text and the pad: eight bytes can be read from anywhere in
// the text.
func (k *Chunk) text8() []byte { return k.buf[:len(k.buf)+chunkPad] }
