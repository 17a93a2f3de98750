package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// xmlKind is what an xmlReader found.
type xmlKind uint8

const (
	xmlStart xmlKind = iota + 1 // a tag opens an element
	xmlEnd                      // an element ends
	xmlText                     // a piece of text
)

const (
	xmlBuffer = 64 << 10 // bytes; no tag may be longer
	xmlDepth  = 64       // elements in each other; workbooks have about ten
)

// xmlReader reads the XML of a workbook's parts piece by piece, in bounded
// memory and without allocating: encoding/xml holds a text of any length whole,
// and makes ten objects of each cell. It reads UTF-8 without a document type,
// as all workbooks are, and knows names without their namespace's prefix.
type xmlReader struct {
	src   io.Reader
	buf   []byte
	pos   int // the unread bytes are buf[pos:end]
	end   int
	err   error // what ended src, io.EOF included
	names []byte
	ends  []int // where the name of each open element ends in names
	// Of the last tag or text:
	name  []byte // of the element
	attrs []byte // of a start tag
	text  []byte
	empty bool // the element's end is still to be told
	cdata bool // inside a CDATA section
	cr    bool // the last text ended with a carriage return, given as a line feed
	plain []byte
}

func newXMLReader(src io.Reader) *xmlReader {
	return &xmlReader{src: src, buf: make([]byte, xmlBuffer)}
}

var errXMLLong = fmt.Errorf("a tag of more than %d bytes", xmlBuffer)

// next returns what comes next: io.EOF behind the last element.
func (x *xmlReader) next() (xmlKind, error) {
	if x.empty {
		x.empty = false
		x.name = x.pop()
		return xmlEnd, nil
	}
	for {
		if x.pos == x.end && !x.fill() {
			return 0, x.atEnd()
		}
		if x.cdata || x.buf[x.pos] != '<' {
			switch more, err := x.readText(); {
			case err != nil:
				return 0, err
			case more:
				return xmlText, nil
			}
			continue
		}
		x.cr = false
		kind, err := x.readMarkup()
		if kind != 0 || err != nil {
			return kind, err
		}
	}
}

func (x *xmlReader) atEnd() error {
	switch {
	case x.err != io.EOF:
		return x.err
	case len(x.ends) > 0 || x.cdata:
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}

// readMarkup reads what begins with "<"; 0 = nothing of interest.
func (x *xmlReader) readMarkup() (xmlKind, error) {
	for x.end-x.pos < len("<![CDATA[") && x.fill() {
	}
	if b := x.buf[x.pos:x.end]; len(b) > 1 && (b[1] == '!' || b[1] == '?') {
		return 0, x.skipMarkup(b)
	}
	n, err := x.findTagEnd()
	if err != nil {
		return 0, err
	}
	tag := x.buf[x.pos+1 : x.pos+n]
	x.pos += n + 1
	if len(tag) > 0 && tag[0] == '/' {
		name := trimEnd(tag[1:])
		if len(x.ends) == 0 || !bytes.Equal(name, x.top()) {
			return 0, fmt.Errorf("element %.40q ends as %.40q", x.top(), name)
		}
		x.name = x.pop()
		return xmlEnd, nil
	}
	if x.empty = len(tag) > 0 && tag[len(tag)-1] == '/'; x.empty {
		tag = tag[:len(tag)-1]
	}
	name := tag
	x.attrs = nil
	for i, c := range tag {
		if space(c) {
			name, x.attrs = tag[:i], tag[i+1:]
			break
		}
	}
	if len(name) == 0 || len(x.ends) == xmlDepth {
		return 0, fmt.Errorf("a tag without a name, or elements more than %d deep", xmlDepth)
	}
	x.names = append(x.names, name...)
	x.ends = append(x.ends, len(x.names))
	x.name = local(name)
	return xmlStart, nil
}

// skipMarkup passes over what is no tag: a comment, an instruction, what
// begins a CDATA section.
func (x *xmlReader) skipMarkup(b []byte) error {
	switch {
	case b[1] == '?':
		return x.skipPast("<?", "?>")
	case bytes.HasPrefix(b, []byte("<!--")):
		return x.skipPast("<!--", "-->")
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		x.pos += len("<![CDATA[")
		x.cdata = true
		return nil
	}
	return errors.New("a document type")
}

// top returns the name of the innermost open element, with its prefix.
func (x *xmlReader) top() []byte {
	switch n := len(x.ends); n {
	case 0:
		return nil
	case 1:
		return x.names[:x.ends[0]]
	default:
		return x.names[x.ends[n-2]:x.ends[n-1]]
	}
}

func (x *xmlReader) pop() []byte {
	name := x.top()
	x.names = x.names[:len(x.names)-len(name)]
	x.ends = x.ends[:len(x.ends)-1]
	return local(name)
}

// local takes the namespace's prefix off a name.
func local(name []byte) []byte {
	for i := 1; i+1 < len(name); i++ { // names are short
		if name[i] == ':' {
			return name[i+1:]
		}
	}
	return name
}

// findTagEnd returns where the tag at hand has its ">".
func (x *xmlReader) findTagEnd() (int, error) {
	quote := byte(0)
	for i := 1; ; {
		for ; i < x.end-x.pos; i++ {
			switch c := x.buf[x.pos+i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				return i, nil
			}
		}
		if x.end-x.pos == len(x.buf) {
			return 0, errXMLLong
		}
		if !x.fill() {
			return 0, x.cut()
		}
	}
}

// skipPast passes over what begins with open and ends with closing.
func (x *xmlReader) skipPast(open, closing string) error {
	x.pos += len(open)
	for {
		if i := bytes.Index(x.buf[x.pos:x.end], []byte(closing)); i >= 0 {
			x.pos += i + len(closing)
			return nil
		}
		x.pos = max(x.pos, x.end-len(closing)+1)
		if !x.fill() {
			return x.cut()
		}
	}
}

func (x *xmlReader) cut() error {
	if x.err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return x.err
}

// readText reads a piece of text, false if there is none in what was read.
func (x *xmlReader) readText() (bool, error) {
	stop := byte('<')
	if x.cdata {
		stop = ']'
	}
	b := x.buf[x.pos:x.end]
	n := bytes.IndexByte(b, stop)
	if n < 0 {
		n = len(b)
	}
	if x.cdata {
		if n == 0 {
			return x.readBracket()
		}
		x.text = x.breaks(b[:n])
		x.pos += n
		return len(x.text) > 0, nil
	}
	if i := bytes.IndexByte(b[:n], '&'); i > 0 {
		n = i
	} else if i == 0 {
		return true, x.readEntity()
	}
	x.text = x.breaks(b[:n])
	x.pos += n
	return len(x.text) > 0, nil
}

// readBracket reads, in a CDATA section, a bracket or the section's end.
func (x *xmlReader) readBracket() (bool, error) {
	for x.end-x.pos < 3 && x.fill() {
	}
	if b := x.buf[x.pos:x.end]; bytes.HasPrefix(b, []byte("]]>")) {
		x.pos += 3
		x.cdata = false
		return false, nil
	}
	x.cr = false
	x.text = x.buf[x.pos : x.pos+1]
	x.pos++
	return true, nil
}

// readEntity reads the reference at hand, "&amp;" or "&#xE9;".
func (x *xmlReader) readEntity() error {
	const longest = len("&#x0010FFFF;")
	for x.end-x.pos < longest && x.fill() {
	}
	b := x.buf[x.pos:min(x.end, x.pos+longest)]
	n := bytes.IndexByte(b, ';')
	if n < 0 {
		return errors.New("an & that is no reference")
	}
	var ok bool
	if x.plain, ok = appendEntity(x.plain[:0], b[1:n]); !ok {
		return fmt.Errorf("the reference %q", b[:n+1])
	}
	x.text, x.cr = x.plain, false
	x.pos += n + 1
	return nil
}

// appendEntity appends what the reference of a name stands for.
func appendEntity(to, name []byte) ([]byte, bool) {
	switch string(name) {
	case "amp":
		return append(to, '&'), true
	case "lt":
		return append(to, '<'), true
	case "gt":
		return append(to, '>'), true
	case "quot":
		return append(to, '"'), true
	case "apos":
		return append(to, '\''), true
	}
	if len(name) < 2 || name[0] != '#' {
		return to, false
	}
	digits, base := string(name[1:]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	r, err := strconv.ParseUint(digits, base, 32)
	if err != nil || r > 0x10FFFF {
		return to, false
	}
	return append(to, string(rune(r))...), true
}

// breaks gives every line break as a line feed, as XML asks.
func (x *xmlReader) breaks(b []byte) []byte {
	if x.cr && len(b) > 0 && b[0] == '\n' {
		b = b[1:]
		x.cr = false
	}
	if len(b) == 0 {
		return b
	}
	x.cr = b[len(b)-1] == '\r'
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	to, before := b[:0], byte(0)
	for _, c := range b {
		switch {
		case c == '\r':
			to = append(to, '\n')
		case c != '\n' || before != '\r':
			to = append(to, c)
		}
		before = c
	}
	return to
}

// fill reads more behind the unread bytes; false says that x.err ended it, or
// that the buffer is full.
func (x *xmlReader) fill() bool {
	if x.pos > 0 {
		x.end = copy(x.buf, x.buf[x.pos:x.end])
		x.pos = 0
	}
	for x.err == nil && x.end < len(x.buf) {
		n, err := x.src.Read(x.buf[x.end:])
		x.end += n
		x.err = err
		if n > 0 {
			return true
		}
	}
	return false
}

// attr returns the value of an attribute of the start tag at hand, "" if it
// has none; valid until the next next.
func (x *xmlReader) attr(name string) []byte {
	for b := x.attrs; ; {
		b = trimStart(b)
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return nil
		}
		key := local(trimEnd(b[:eq]))
		b = trimStart(b[eq+1:])
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil
		}
		n := bytes.IndexByte(b[1:], b[0])
		if n < 0 {
			return nil
		}
		if string(key) == name {
			return unescape(b[1 : 1+n])
		}
		b = b[n+2:]
	}
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func trimStart(b []byte) []byte {
	for len(b) > 0 && space(b[0]) {
		b = b[1:]
	}
	return b
}

func trimEnd(b []byte) []byte {
	for len(b) > 0 && space(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// unescape replaces the references in an attribute's value.
func unescape(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	var out []byte
	for len(b) > 0 {
		n := bytes.IndexByte(b, ';')
		if b[0] == '&' && n > 0 {
			if with, ok := appendEntity(out, b[1:n]); ok {
				out, b = with, b[n+1:]
				continue
			}
		}
		out, b = append(out, b[0]), b[1:]
	}
	return out
}

// skip passes over the rest of the element whose start tag is at hand.
func (x *xmlReader) skip() error {
	for depth := len(x.ends); len(x.ends) >= depth; {
		if _, err := x.next(); err != nil {
			return noEOF(err)
		}
	}
	return nil
}

// noEOF is the error of an end in the middle.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
