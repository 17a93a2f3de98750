package table

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// decode returns text as UTF-8. What does not decode comes out as a byte that
// is not UTF-8, so that it is found in its own row, not passed on as U+FFFD.
func (c charset) decode(r io.Reader) io.Reader {
	if c.code == nil {
		return r
	}
	return &marker{src: transform.NewReader(r, c.code.NewDecoder()), buf: make([]byte, 32<<10)}
}

// marker puts the byte 0xFF where a decoder put U+FFFD, and where it put a
// control character of U+0080 to U+009F: no charset in use has letters there,
// decoders only pass on bytes that have no meaning.
type marker struct {
	src  io.Reader
	buf  []byte
	out  []byte            // decoded and marked, in buf
	cut  [utf8.UTFMax]byte // the beginning of a character
	held int               // bytes of it
	err  error
}

// Read reads decoded text.
func (m *marker) Read(p []byte) (int, error) {
	for len(m.out) == 0 {
		if m.err != nil {
			return 0, m.err
		}
		held := copy(m.buf, m.cut[:m.held])
		n, err := m.src.Read(m.buf[held:])
		m.err = err
		b := m.buf[:held+n]
		whole := len(b)
		if err == nil {
			whole = wholeRunes(b)
		}
		m.held = copy(m.cut[:], b[whole:])
		m.out = mark(b[:whole])
	}
	n := copy(p, m.out)
	m.out = m.out[n:]
	return n, nil
}

// wholeRunes returns how many bytes of b come before a character that is cut.
func wholeRunes(b []byte) int {
	for i := max(0, len(b)-utf8.UTFMax+1); i < len(b); i++ {
		if utf8.RuneStart(b[i]) && !utf8.FullRune(b[i:]) {
			return i
		}
	}
	return len(b)
}

// mark marks b in place.
func mark(b []byte) []byte {
	to := 0
	for from := 0; from < len(b); to++ {
		rest := b[from:]
		switch {
		case rest[0] == 0xEF && bytes.HasPrefix(rest, []byte("\uFFFD")):
			b[to] = 0xFF
			from += 3
		case rest[0] == 0xC2 && len(rest) >= 2 && rest[1] < 0xA0:
			b[to] = 0xFF
			from += 2
		default:
			b[to] = rest[0]
			from++
		}
	}
	return b[:to]
}
