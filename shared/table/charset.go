package table

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/tollbook/tollbook/shared/delimited"
)

// charset is how the text of a file is written.
type charset struct {
	name string
	code encoding.Encoding // nil for UTF-8, which needs no decoding
}

var utf8Charset = charset{name: "UTF-8"}

// charsetNamed returns the charset of a name that a person gave.
func charsetNamed(name string) (charset, error) {
	code, err := htmlindex.Get(name)
	if err != nil {
		return charset{}, &FileError{fmt.Sprintf("no charset is called %.40q", name), "give one such as utf-8, utf-16le, windows-1252 or gbk"}
	}
	canonical, err := htmlindex.Name(code)
	if err != nil {
		return charset{}, &FileError{fmt.Sprintf("charset %.40q is not read", name), "save the file as UTF-8"}
	}
	if canonical == "utf-8" {
		return utf8Charset, nil
	}
	return charset{canonical, code}, nil
}

// findCharset finds out how a file's text is written, by all of the text where
// that is cheap, and says what it went by where the text does not say itself.
func findCharset(in *input, head []byte) (c charset, guesses []string, err error) {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return utf8Charset, nil, nil
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return charset{"UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, nil, nil
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return charset{"UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, nil, nil
	}
	if c, ok := utf16ByZeros(head); ok {
		return c, []string{fmt.Sprintf("%s: every second byte is mostly zero, and there is no byte order mark", c.name)}, nil
	}
	s, err := survey(in)
	if err != nil {
		return charset{}, nil, err
	}
	return s.charset()
}

// utf16ByZeros finds UTF-16 without a byte order mark: ASCII in it has a zero
// in every second byte.
func utf16ByZeros(head []byte) (charset, bool) {
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	pairs := len(head) / 2
	switch {
	case zeros[1] > pairs/4 && zeros[0] <= zeros[1]/16:
		return charset{"UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, true
	case zeros[0] > pairs/4 && zeros[1] <= zeros[0]/16:
		return charset{"UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, true
	}
	return charset{}, false
}

// place is where a byte is, and what is there.
type place struct {
	line int64
	text []byte
}

// highBytes is what a text has beyond ASCII.
type highBytes struct {
	characters int64 // in UTF-8
	others     int64 // bytes that are part of no UTF-8
	character  place // the first of them
	other      place
	sample     []byte // the lines around them
}

const (
	surveyed  = 256 << 10 // bytes looked at together
	maxSample = 16 << 10  // bytes for chardet
	maxLine   = 1 << 10   // bytes on either side of a byte in the sample
)

// survey goes through a whole file: the first letter beyond ASCII may be in
// the last row.
func survey(in *input) (*highBytes, error) {
	s := &highBytes{}
	buf := make([]byte, surveyed)
	line, kept := int64(1), 0
	for from := int64(0); from < in.size; {
		n, err := in.ReadAt(buf[:min(int64(len(buf)), in.size-from)], from)
		if err != nil && err != io.EOF {
			return nil, err
		}
		block := buf[:n]
		last := from+int64(n) >= in.size
		used, seen := 0, 0 // seen: line breaks before it are counted
		for used < n {
			used += ascii(block[used:])
			if used == n || !last && !utf8.FullRune(block[used:]) {
				break
			}
			r, size := utf8.DecodeRune(block[used:])
			at := place{text: block[used : used+size]}
			if s.characters == 0 || s.others == 0 {
				line += delimited.CountLines(block[seen:used])
				at.line, seen = line, used
			}
			s.add(at, r == utf8.RuneError && size == 1)
			if used >= kept && len(s.sample) < maxSample {
				kept = s.keep(block, used, last)
			}
			used += size
		}
		if !last && used > 1 && block[used-1] == '\r' {
			used-- // a line feed may follow
		}
		line += delimited.CountLines(block[seen:used])
		from += int64(used)
		kept = 0
	}
	return s, nil
}

// keep adds the line around block[at] to the sample, and returns where it ends.
// Only whole lines are kept, if there are any: a character cut in two would
// speak against its charset.
func (s *highBytes) keep(block []byte, at int, last bool) int {
	from := max(0, at-maxLine)
	from += bytes.LastIndexByte(block[from:at], '\n') + 1
	to := min(len(block), at+maxLine)
	if i := bytes.IndexByte(block[at:to], '\n'); i >= 0 {
		to = at + i + 1
	} else if to == len(block) && !last && len(s.sample) > 0 {
		return to
	}
	s.sample = append(s.sample, block[from:to]...)
	return to
}

// ascii returns how many bytes of b come before the first beyond ASCII.
func ascii(b []byte) int {
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		if binary.LittleEndian.Uint64(b[n:])&0x8080808080808080 != 0 {
			break
		}
	}
	for n < len(b) && b[n] < utf8.RuneSelf {
		n++
	}
	return n
}

func (s *highBytes) add(at place, other bool) {
	count, first := &s.characters, &s.character
	if other {
		count, first = &s.others, &s.other
	}
	if *count++; *count == 1 {
		*first = place{at.line, bytes.Clone(at.text)}
	}
}

// charset decides. Text in another encoding is hardly ever valid UTF-8 by
// chance, so text that mostly is, is damaged UTF-8.
func (s *highBytes) charset() (charset, []string, error) {
	switch {
	case s.characters == 0 && s.others == 0:
		return utf8Charset, nil, nil
	case s.others == 0:
		return utf8Charset, []string{fmt.Sprintf("UTF-8: all of the text is valid, the bytes %X in line %d are %q",
			s.character.text, s.character.line, s.character.text)}, nil
	case s.characters > s.others:
		return utf8Charset, []string{fmt.Sprintf("UTF-8: %d characters are valid, but %d bytes are not, the first 0x%X in line %d: their rows are refused",
			s.characters, s.others, s.other.text, s.other.line)}, nil
	}
	c := s.detect()
	read := "not readable"
	if t, err := c.code.NewDecoder().Bytes(s.other.text); err == nil && !bytes.ContainsRune(t, utf8.RuneError) {
		read = fmt.Sprintf("%q", t)
	} else if t, err := c.code.NewDecoder().Bytes(s.sample); err == nil {
		if i := ascii(t); i < len(t) {
			r, _ := utf8.DecodeRune(t[i:])
			read = fmt.Sprintf("the first of %q", string(r))
		}
	}
	return c, []string{fmt.Sprintf("%s: byte 0x%X in line %d is %s there, and the text is not UTF-8", c.name, s.other.text, s.other.line, read)}, nil
}

var western = func() charset {
	c, err := charsetNamed("windows-1252")
	if err != nil {
		panic(err) // part of every version of the standard
	}
	return c
}()

// sure is the confidence from which chardet is believed: it takes short texts of
// western Europe for Macintosh's with up to 0.59.
const sure = 0.6

// detect asks chardet, and takes windows-1252, the most common, where what it
// says cannot be or makes no difference. It does not know the charsets of
// central Europe or Arabic: they are taken for windows-1252, which the guess
// says, and have to be given.
func (s *highBytes) detect() charset {
	found := chardet.Detect(s.sample)
	if found.Confidence < sure {
		return western
	}
	c, err := charsetNamed(found.Charset)
	if err != nil || c.code == nil {
		return western
	}
	text, err := c.code.NewDecoder().Bytes(s.sample)
	const bad = 50 // one letter in as many may be damaged
	letters := utf8.RuneCount(text) - countASCII(text)
	if err != nil || bad*bytes.Count(text, []byte("\uFFFD")) > letters {
		return western
	}
	if same, err := western.code.NewDecoder().Bytes(s.sample); err == nil && bytes.Equal(same, text) {
		return western
	}
	return c
}

func countASCII(b []byte) int {
	n := 0
	for _, c := range b {
		if c < utf8.RuneSelf {
			n++
		}
	}
	return n
}
