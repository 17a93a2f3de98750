package call

import (
	"errors"
	"slices"
)

// Limits on what one Columns holds.
const (
	MaxRows = 4096     // rows
	MaxText = 16 << 20 // bytes of all texts: MaxRows rows within the limits of a record fit
)

// ErrFull says that a row does not fit any more: reset the Columns first.
var ErrFull = errors.New("the columns are full")

// Span is where a text lies in the Text of its Columns. The zero value is the
// empty text; rows may share a span.
type Span struct{ At, Len uint32 }

// Columns holds up to MaxRows records, column by column: what a batch reads,
// prices and stores without an object per record. Every column has one entry
// per row. A reset Columns keeps its memory.
type Columns struct {
	Text     []byte // what the spans point into; may hold more than they do
	Feed     []Span
	CallID   []Span
	Leg      []Span
	Account  []Span
	ANumber  []Span
	BNumber  []Span
	ARaw     []Span
	BRaw     []Span
	LRN      []Span
	ALRN     []Span
	Service  []Span
	Tag      []Span
	Instant  []int64 // Unix nanoseconds, UTC
	Nanos    []int64 // Duration.Nanos
	Decimals []uint8 // Duration.Decimals
	Kind     []Kind
	Units    []uint64
	Version  []uint64
	Flags    []Flags
	Line     []int64

	Trunk      []Span
	AccountRaw []Span
	OutTrunk   []Span
	Direction  []Direction
}

// Len returns the number of rows.
func (c *Columns) Len() int { return len(c.Instant) }

// Reset removes all rows and texts.
func (c *Columns) Reset() {
	c.Truncate(0)
	c.Text = c.Text[:0]
}

// Grow appends n rows that are empty, for a reader to fill in place. The
// caller keeps Len at most MaxRows.
func (c *Columns) Grow(n int) {
	n += c.Len()
	for _, s := range c.texts() {
		*s = extend(*s, n)
	}
	c.Instant, c.Nanos, c.Line = extend(c.Instant, n), extend(c.Nanos, n), extend(c.Line, n)
	c.Decimals, c.Version, c.Flags = extend(c.Decimals, n), extend(c.Version, n), extend(c.Flags, n)
	c.Kind, c.Units, c.Direction = extend(c.Kind, n), extend(c.Units, n), extend(c.Direction, n)
}

// Truncate removes all rows but the first n. Their texts stay until Reset.
func (c *Columns) Truncate(n int) {
	for _, s := range c.texts() {
		*s = (*s)[:n]
	}
	c.Instant, c.Nanos, c.Line = c.Instant[:n], c.Nanos[:n], c.Line[:n]
	c.Decimals, c.Version, c.Flags = c.Decimals[:n], c.Version[:n], c.Flags[:n]
	c.Kind, c.Units, c.Direction = c.Kind[:n], c.Units[:n], c.Direction[:n]
}

// Clear empties the rows from one to before another.
func (c *Columns) Clear(from, to int) {
	for _, s := range c.texts() {
		clear((*s)[from:to])
	}
	clear(c.Instant[from:to])
	clear(c.Nanos[from:to])
	clear(c.Line[from:to])
	clear(c.Decimals[from:to])
	clear(c.Version[from:to])
	clear(c.Flags[from:to])
	clear(c.Kind[from:to])
	clear(c.Units[from:to])
	clear(c.Direction[from:to])
}

// extend returns s with n entries, the new ones zero.
func extend[T any](s []T, n int) []T {
	old := len(s)
	s = slices.Grow(s, n-old)[:n]
	clear(s[old:])
	return s
}

func (c *Columns) texts() [15]*[]Span {
	return [...]*[]Span{
		&c.Feed, &c.CallID, &c.Leg, &c.Account, &c.ANumber, &c.BNumber, &c.ARaw, &c.BRaw, &c.LRN, &c.ALRN, &c.Service, &c.Tag,
		&c.Trunk, &c.AccountRaw, &c.OutTrunk,
	}
}

// Bytes returns a text of c, valid until c is reset. It must not be changed.
func (c *Columns) Bytes(s Span) []byte { return c.Text[s.At : s.At+s.Len : s.At+s.Len] }

// AddText puts a text into c, for the spans of any number of rows. The caller
// keeps Text at most MaxText long.
func (c *Columns) AddText(s string) Span {
	if s == "" {
		return Span{}
	}
	at := len(c.Text)
	c.Text = append(c.Text, s...)
	return Span{uint32(at), uint32(len(s))}
}

// AppendRecord appends a record and the line it begins on. It returns ErrFull,
// and appends nothing, when there are MaxRows rows or its texts do not fit;
// into an empty Columns any record within its limits fits.
func (c *Columns) AppendRecord(r *Record, line int64) error {
	texts := r.texts()
	if !c.fits(texts[:]) {
		return ErrFull
	}
	i := c.Len()
	c.Grow(1)
	for k, s := range c.texts() {
		(*s)[i] = c.AddText(texts[k])
	}
	c.Instant[i], c.Nanos[i], c.Decimals[i] = r.Instant, r.Duration.Nanos, r.Duration.Decimals
	c.Version[i], c.Flags[i], c.Line[i] = r.Version, r.Flags, line
	c.Kind[i], c.Units[i], c.Direction[i] = r.Kind, r.Units, r.Direction
	return nil
}

// texts are in the order of those of Columns.
func (r *Record) texts() [15]string {
	return [...]string{
		r.Feed, r.CallID, r.Leg, r.Account, r.ANumber, r.BNumber, r.ARaw, r.BRaw, r.LRN, r.ALRN, r.Service, r.Tag, r.Trunk, r.AccountRaw, r.OutTrunk,
	}
}

// fits reports whether one row more with these texts keeps the limits.
func (c *Columns) fits(texts []string) bool {
	room := MaxText - len(c.Text)
	for _, s := range texts {
		if room -= len(s); room < 0 {
			return false
		}
	}
	return c.Len() < MaxRows
}

// Record returns a row as a record, whose texts are copies.
func (c *Columns) Record(i int) Record {
	var texts [15]string
	for k, s := range c.texts() {
		texts[k] = string(c.Bytes((*s)[i]))
	}
	return Record{
		Feed: texts[0], CallID: texts[1], Leg: texts[2], Account: texts[3], ANumber: texts[4], BNumber: texts[5], ARaw: texts[6], BRaw: texts[7],
		LRN: texts[8], ALRN: texts[9], Service: texts[10], Tag: texts[11], Trunk: texts[12], AccountRaw: texts[13], OutTrunk: texts[14],
		Kind: c.Kind[i], Units: c.Units[i], Direction: c.Direction[i],
		Version: c.Version[i], Instant: c.Instant[i], Duration: Duration{Nanos: c.Nanos[i], Decimals: c.Decimals[i]}, Flags: c.Flags[i],
	}
}
