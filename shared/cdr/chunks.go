package cdr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/delimited"
)

const (
	chunkSize = 2 << 20
	// chunkPad is what lies behind a chunk's text, so that eight bytes can be
	// read from anywhere in it.
	chunkPad = 128
)

// ErrQuoted says that a file read by ranges has a quote, so that a line break
// need not end a record: it has to be read uncut.
var ErrQuoted = errors.New("the file has quotes")

// Chunks cuts one file of a feed, or a range of one, into chunks that begin
// with a record. It is used by one goroutine; its chunks are parsed by any.
type Chunks struct {
	feed    Feed
	open    func() *Reader // a reader of rows for a new chunk
	layout  layout
	comma   byte
	packing Packing
	src     io.Reader
	size    int
	rows    int // that Parse gives at once
	cutter  *delimited.Reader
	rest    []byte // read, and behind the last chunk
	err     error  // what ended src, io.EOF included
	at      int64  // offset in the file of rest[0]
	line    int64  // its line
	begin   int64  // the first line
	index   int    // of the next chunk
	first   *Chunk // made while the header was read, and not yet handed out
	noQuote bool   // quotes are an error
	last    int64  // in a range: no record that begins here or later; else -1

	mu   sync.Mutex
	free []*Chunk
}

// OpenChunks returns the chunks of a file, which may be packed with gzip or
// zstd. A *FileError says that the file can never be read: see Open; or that
// it is damaged, cut off or beyond the limits, which Next may find, too.
func OpenChunks(r io.Reader, feed Feed, limits Limits) (*Chunks, error) {
	return openChunks(r, feed, limits, chunkSize)
}

func openChunks(r io.Reader, feed Feed, limits Limits, size int) (*Chunks, error) {
	zone, err := feed.location()
	if err != nil {
		return nil, err
	}
	text, packing, err := unpack(r, limits)
	if err != nil {
		return nil, err
	}
	ahead, sample, comma, err := look(text, feed.Format)
	if err != nil {
		return nil, err
	}
	c := newChunks(ahead, feed, comma, size)
	c.packing = packing
	if bytes.HasPrefix(sample, mark) {
		c.at = int64(len(mark))
		if _, err := ahead.Discard(len(mark)); err != nil {
			return nil, fmt.Errorf("reading the first line: %w", err)
		}
	}
	if err := c.readHeader(); err != nil {
		return nil, err
	}
	c.reads(clock{zone: zone})
	return c, nil
}

func newChunks(src io.Reader, feed Feed, comma byte, size int) *Chunks {
	return &Chunks{
		feed: feed, comma: comma, src: src, size: size, rows: call.MaxRows, begin: 1, line: 1, last: -1,
		cutter: delimited.NewMemory(delimited.Options{Comma: comma, MaxRecord: maxRecord}),
	}
}

// Fit has chunks that are still to be cut take about so many bytes, and Parse
// give at most so many records at once, 1 to call.MaxRows. Chunks are as large
// as blocks of records to be stored want them; who has less to do with a record
// is faster where it stays in a core's own cache.
func (c *Chunks) Fit(bytes, rows int) {
	c.size, c.rows = max(bytes, 1), min(max(rows, 1), call.MaxRows)
}

// reads says what every chunk's reader needs.
func (c *Chunks) reads(at clock) {
	c.open = func() *Reader {
		return &Reader{
			feed: c.feed, layout: c.layout, clock: at, ruled: !c.feed.Numbers.IsZero(),
			rows: delimited.NewMemory(delimited.Options{Comma: c.comma, MaxRecord: maxRecord}),
		}
	}
}

// readHeader finds the layout, and keeps what follows a header row.
func (c *Chunks) readHeader() error {
	switch c.feed.Format {
	case Asterisk:
		c.layout = c.feed.limit(asteriskLayout())
		return nil
	case FreeSWITCH:
		c.layout = c.feed.limit(freeSWITCHLayout())
		return nil
	}
	for {
		k, err := c.cut()
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading the header row: %w", err)
		}
		var header delimited.Row
		if err == nil {
			c.cutter.Reset(k.text, k.Line)
			header, err = c.cutter.Read()
			if err == io.EOF {
				c.Free(k) // blank lines
				continue
			}
		}
		if c.layout, err = layoutOf(c.feed, header, err); err != nil {
			return err
		}
		k.pos, k.line = c.cutter.Next()
		c.first = k
		return nil
	}
}

// Next returns the next chunk, or io.EOF after the last. Any other error ends
// the file: a *FileError if it can never be read, ErrQuoted of a range.
func (c *Chunks) Next() (*Chunk, error) {
	k := c.first
	c.first = nil
	if k == nil {
		var err error
		if k, err = c.cut(); err != nil {
			if err == io.EOF {
				return nil, io.EOF
			}
			return nil, fmt.Errorf("reading records of feed %s: %w", c.feed.ID, err)
		}
	}
	if k.rows == nil {
		k.rows, k.comma = c.open(), c.comma
	}
	k.Index = c.index
	c.index++
	k.begin(c.rows)
	return k, nil
}

// Free takes back a chunk that was parsed, for its memory. Any goroutine may
// call it.
func (c *Chunks) Free(k *Chunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, k)
}

func (c *Chunks) empty() *Chunk {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		k := c.free[n-1]
		c.free = c.free[:n-1]
		return k
	}
	return &Chunk{}
}

// cut returns the next chunk.
func (c *Chunks) cut() (*Chunk, error) {
	if c.last >= 0 && c.at >= c.last {
		return nil, io.EOF
	}
	k := c.empty()
	k.buf = append(room(k.buf, len(c.rest)), c.rest...)
	c.rest = c.rest[:0]
	for want := c.size; ; want = 2 * len(k.buf) {
		k.buf = c.fill(k.buf, want)
		k.quotes = bytes.IndexByte(k.buf, '"') >= 0
		n, lines := c.whole(k.buf, k.quotes)
		if n > 0 {
			return k, c.take(k, n, lines)
		}
		if c.err != nil {
			c.Free(k)
			return nil, c.err
		}
		// A record of more than one line needs as much to be whole; a line
		// without an end is cut to what tells that it is too long.
		if len(k.buf) > maxRecord && !bytes.ContainsAny(k.buf[:maxRecord+1], "\r\n") {
			k.buf = c.shorten(k.buf)
		}
	}
}

// room returns b emptied, with room for n bytes and the pad.
func room(b []byte, n int) []byte {
	if cap(b) < n+chunkPad {
		return make([]byte, 0, n+chunkPad)
	}
	return b[:0]
}

// smallInput is as much of an input as is read before a chunk gets all of its
// room: most files have no more.
const smallInput = 64 << 10

// fill reads until b has want bytes or the input ends.
func (c *Chunks) fill(b []byte, want int) []byte {
	if cap(b) < want+chunkPad {
		if len(b) < smallInput && smallInput < want {
			if b = c.fill(b, smallInput); c.err != nil {
				return b
			}
		}
		b = append(make([]byte, 0, want+chunkPad), b...)
	}
	for empty := 0; len(b) < want && c.err == nil; {
		n, err := c.src.Read(b[len(b):want])
		b = b[:len(b)+n]
		if empty++; n > 0 {
			empty = 0
		}
		if c.err = err; err == nil && empty == 100 {
			c.err = fmt.Errorf("reading: %w", io.ErrNoProgress)
		}
	}
	return b
}

// whole returns how much of the text read so far is whole records.
func (c *Chunks) whole(text []byte, quotes bool) (n int, lines int64) {
	if c.err == io.EOF {
		lines = delimited.CountLines(text)
		if len(text) > 0 && text[len(text)-1] != '\n' && text[len(text)-1] != '\r' {
			lines++
		}
		return len(text), lines
	}
	whole := c.cutter.Whole
	if !quotes {
		whole = delimited.WholeLines
	}
	n, lines = whole(text)
	if c.err != nil && n < len(text) && text[len(text)-1] == '\r' {
		// The input failed here. What would have followed is not known, but
		// the line ends, as a row by row reader finds.
		if m, more := whole(append(text, '\n')); m > len(text) {
			return len(text), more
		}
	}
	return n, lines
}

// shorten drops what is behind the first maxRecord+1 bytes up to the next line
// break: the line is too long, whatever its end.
func (c *Chunks) shorten(b []byte) []byte {
	const keep = maxRecord + 1
	for {
		if i := bytes.IndexAny(b[keep:], "\r\n"); i >= 0 {
			c.at += int64(i)
			return append(b[:keep], b[keep+i:]...)
		}
		c.at += int64(len(b) - keep)
		if b = b[:keep]; c.err != nil {
			return b
		}
		b = c.fill(b, max(c.size, keep+sniffed))
	}
}

// take makes a chunk of the first n bytes of its buffer, and keeps the rest.
func (c *Chunks) take(k *Chunk, n int, lines int64) error {
	if c.last >= 0 {
		if end := int(max(c.last-c.at, 0)); end < n {
			if m := afterBreak(k.buf[:n], max(end-1, 0)); m < n {
				n, lines = m, delimited.CountLines(k.buf[:m])
			}
		}
	}
	if c.noQuote && k.quotes && bytes.IndexByte(k.buf[:n], '"') >= 0 {
		c.Free(k)
		return ErrQuoted
	}
	c.rest = append(c.rest, k.buf[n:]...)
	k.text, k.end, k.quotes = k.buf[:n], n, k.quotes && !c.noQuote
	if k.quotes {
		k.text = k.buf
	}
	k.pos, k.Line, k.line, k.at = 0, c.line, c.line, c.at
	c.at += int64(n)
	c.line += lines
	return nil
}

// afterBreak returns the index behind the first line break that ends at from
// or later, len(b) if there is none.
func afterBreak(b []byte, from int) int {
	i := bytes.IndexAny(b[from:], "\r\n")
	if i < 0 {
		return len(b)
	}
	if i += from + 1; b[i-1] == '\r' && i < len(b) && b[i] == '\n' {
		i++
	}
	return i
}
