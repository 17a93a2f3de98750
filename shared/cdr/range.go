package cdr

import (
	"fmt"
	"io"
)

// Layout is what the beginning of a file says about all of it, so that ranges
// of the file can be read on their own.
type Layout struct {
	Packing Packing        `json:"packing,omitempty"` // a packed file cannot be cut into ranges
	Comma   string         `json:"comma"`             // the delimiter, one byte
	Names   []string       `json:"names,omitempty"`   // of a generic file: the columns, as reports call them
	Columns map[string]int `json:"columns,omitempty"` // of a generic file: the place of each of Columns by its name
	First   int64          `json:"first"`             // offset of the first line behind the mark and the header row
	Lines   int64          `json:"lines"`             // how many lines are before it
}

// ReadLayout reads the beginning of a file. Errors are those of OpenChunks.
func ReadLayout(r io.Reader, feed Feed, limits Limits) (Layout, error) {
	c, err := openChunks(r, feed, limits, maxRecord)
	if err != nil {
		return Layout{}, err
	}
	l := Layout{Packing: c.packing, Comma: string(c.comma), First: c.at, Lines: c.line - 1}
	if k := c.first; k != nil {
		l.First, l.Lines = k.at+int64(k.pos), k.line-1
	}
	if feed.Format == Generic {
		l.Names, l.Columns = c.layout.names, map[string]int{}
		for m, i := range c.layout.at {
			if i >= 0 {
				l.Columns[Columns[m].Name] = i
			}
		}
	}
	return l, nil
}

// Start returns the offset from which a range's reader has to be given the
// file: a byte early, to see whether a line begins where the range does.
func (l Layout) Start(first int64) int64 { return max(first-1, l.First) }

// OpenRange returns the chunks of the records that begin from offset first to
// before offset last of a plain file without quotes behind its header. r reads
// the file from layout.Start(first) on, at least to the end of the record that
// last lies in. Lines are counted from the first one that begins in the range,
// see Number; after io.EOF, Lines says how many there are. Next returns
// ErrQuoted where there is a quote: then no range's rows are to be used.
//
// Ranges that cover a file give its rows, each in the one range.
func OpenRange(r io.Reader, feed Feed, layout Layout, first, last int64) (*Chunks, error) {
	return openRange(r, feed, layout, first, last, chunkSize)
}

func openRange(r io.Reader, feed Feed, l Layout, first, last int64, size int) (*Chunks, error) {
	zone, err := feed.location()
	if err != nil {
		return nil, err
	}
	if l.Packing != Plain || len(l.Comma) != 1 || first < 0 || last < first {
		return nil, fmt.Errorf("range %d to %d of a %s file with delimiter %q: want a range of a plain file", first, last, l.Packing, l.Comma)
	}
	c := newChunks(r, feed, l.Comma[0], size)
	c.noQuote, c.at, c.last = true, l.Start(first), last
	if c.layout, err = l.layout(feed.Format); err != nil {
		return nil, err
	}
	c.layout = feed.limit(c.layout)
	c.reads(clock{zone: zone})
	if c.at < first {
		if err := c.skipLine(); err != nil {
			return nil, fmt.Errorf("reading records of feed %s: %w", feed.ID, err)
		}
	}
	return c, nil
}

func (l Layout) layout(format Format) (layout, error) {
	switch format {
	case Asterisk:
		return asteriskLayout(), nil
	case FreeSWITCH:
		return freeSWITCHLayout(), nil
	}
	out := namedLayout(len(l.Names), l.Names...)
	for m, c := range Columns {
		if i, ok := l.Columns[c.Name]; ok {
			if i < 0 || i >= len(l.Names) {
				return out, fmt.Errorf("the layout has %s in column %d of %d", c.Name, i, len(l.Names))
			}
			out.at[m] = i
		}
	}
	return out, nil
}

// Number has the first line of a range be that number, in place of 1. It is
// called before Next.
func (c *Chunks) Number(line int64) { c.begin, c.line = line, line }

// Lines returns how many lines the chunks handed out so far take.
func (c *Chunks) Lines() int64 { return c.line - c.begin }

// skipLine drops what is left of the line at hand: another range has it. A
// line break that ends there, or between its two bytes, is no line of its own.
func (c *Chunks) skipLine() error {
	b := make([]byte, 0, sniffed+chunkPad)
	for {
		b = c.fill(b[:0], sniffed)
		n := afterBreak(b, 0)
		c.at += int64(n)
		if n < len(b) {
			c.rest = append(c.rest, b[n:]...)
			return nil
		}
		if len(b) == 0 || c.err != nil {
			return c.ended()
		}
		switch b[len(b)-1] {
		case '\n':
			return nil
		case '\r':
			if b = c.fill(b[:0], 1); len(b) == 1 && b[0] == '\n' {
				c.at++
			} else {
				c.rest = append(c.rest, b...)
			}
			return c.ended()
		}
	}
}

// ended returns the error of the input, if it has one other than its end.
func (c *Chunks) ended() error {
	if c.err == io.EOF {
		return nil
	}
	return c.err
}
