package call

import (
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/money"
)

// Rows is Columns with everything that became of the records: Row, column by
// column. A reader fills the Columns in it, Match makes the other columns as
// long, and pricing fills those.
type Rows struct {
	Columns
	Status  []Status
	Reason  []Reason
	Image   []uint32
	Prefix  []uint8
	Billed  []uint64
	Charge  []money.Amount
	Batch   []uint32
	Covered []uint64
	Due     []money.Amount
	Column  []Span // of rejected rows
	Value   []Span
	Want    []Span
}

// Reset removes all rows and texts.
func (r *Rows) Reset() {
	r.Columns.Reset()
	r.fit()
}

// Grow appends n rows that are empty. The caller keeps Len at most MaxRows.
func (r *Rows) Grow(n int) {
	r.Columns.Grow(n)
	r.fit()
}

// Truncate removes all rows but the first n. Their texts stay until Reset.
func (r *Rows) Truncate(n int) {
	r.Columns.Truncate(n)
	r.fit()
}

// Match makes the columns of what became of the records as long as those of
// the records: those of new rows are empty.
func (r *Rows) Match() { r.fit() }

func (r *Rows) fit() {
	n := r.Len()
	r.Status, r.Reason, r.Image, r.Prefix = fitted(r.Status, n), fitted(r.Reason, n), fitted(r.Image, n), fitted(r.Prefix, n)
	r.Billed, r.Charge, r.Batch = fitted(r.Billed, n), fitted(r.Charge, n), fitted(r.Batch, n)
	r.Covered, r.Due = fitted(r.Covered, n), fitted(r.Due, n)
	r.Column, r.Value, r.Want = fitted(r.Column, n), fitted(r.Value, n), fitted(r.Want, n)
}

// resize gives every column n entries, which may be anything.
func (r *Rows) resize(n int) {
	for _, s := range r.spans() {
		*s = resized(*s, n)
	}
	c := &r.Columns
	c.Instant, c.Nanos, c.Line = resized(c.Instant, n), resized(c.Nanos, n), resized(c.Line, n)
	c.Decimals, c.Version, c.Flags = resized(c.Decimals, n), resized(c.Version, n), resized(c.Flags, n)
	c.Kind, c.Units, c.Direction = resized(c.Kind, n), resized(c.Units, n), resized(c.Direction, n)
	r.Status, r.Reason, r.Image, r.Prefix = resized(r.Status, n), resized(r.Reason, n), resized(r.Image, n), resized(r.Prefix, n)
	r.Billed, r.Charge, r.Batch = resized(r.Billed, n), resized(r.Charge, n), resized(r.Batch, n)
	r.Covered, r.Due = resized(r.Covered, n), resized(r.Due, n)
}

func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

func fitted[T any](s []T, n int) []T {
	if n <= len(s) {
		return s[:n]
	}
	return extend(s, n)
}

// AppendRow appends a row. It returns ErrFull, and appends nothing, when there
// are MaxRows rows or its texts do not fit; into empty Rows any row within its
// limits fits. A prefix of no number is an error, too.
func (r *Rows) AppendRow(row *Row) error {
	if row.Prefix < 0 || row.Prefix > MaxNumber {
		return fmt.Errorf("a row on line %d matched %d digits, want 0 to %d", row.Line, row.Prefix, MaxNumber)
	}
	texts := row.texts()
	if !r.fits(append(texts[:], row.Column, row.Value, row.Want)) {
		return ErrFull
	}
	i := r.Len()
	if err := r.AppendRecord(&row.Record, row.Line); err != nil {
		return err
	}
	r.fit()
	r.Status[i], r.Reason[i], r.Image[i], r.Prefix[i] = row.Status, row.Reason, row.Image, uint8(row.Prefix)
	r.Billed[i], r.Charge[i], r.Batch[i], r.Covered[i], r.Due[i] = row.Billed, row.Charge, row.Batch, row.Covered, row.Due
	r.Column[i], r.Value[i], r.Want[i] = r.AddText(row.Column), r.AddText(row.Value), r.AddText(row.Want)
	return nil
}

// Row returns a row, whose texts are copies.
func (r *Rows) Row(i int) Row {
	return Row{
		Record: r.Record(i), Line: r.Line[i], Status: r.Status[i], Reason: r.Reason[i], Image: r.Image[i], Prefix: int(r.Prefix[i]),
		Billed: r.Billed[i], Charge: r.Charge[i], Batch: r.Batch[i], Covered: r.Covered[i], Due: r.Due[i],
		Column: string(r.Bytes(r.Column[i])), Value: string(r.Bytes(r.Value[i])), Want: string(r.Bytes(r.Want[i])),
	}
}

// Gather appends the given rows of other Rows, in that order, as when rows are
// gathered by shard. It returns ErrFull, and appends nothing, when they do not
// all fit.
func (r *Rows) Gather(from *Rows, rows []int32) error {
	src, dst := from.spans(), r.spans()
	size := 0
	for _, s := range src {
		for _, i := range rows {
			size += int((*s)[i].Len)
		}
	}
	if r.Len()+len(rows) > MaxRows || len(r.Text)+size > MaxText {
		return ErrFull
	}
	r.Text = slices.Grow(r.Text, size)
	for k, s := range src {
		*dst[k] = r.gatherTexts(*dst[k], from.Text, *s, rows)
	}
	r.Instant, r.Nanos, r.Decimals = gather(r.Instant, from.Instant, rows), gather(r.Nanos, from.Nanos, rows), gather(r.Decimals, from.Decimals, rows)
	r.Version, r.Flags, r.Line = gather(r.Version, from.Version, rows), gather(r.Flags, from.Flags, rows), gather(r.Line, from.Line, rows)
	r.Kind, r.Units, r.Direction = gather(r.Kind, from.Kind, rows), gather(r.Units, from.Units, rows), gather(r.Direction, from.Direction, rows)
	r.Status, r.Reason, r.Image = gather(r.Status, from.Status, rows), gather(r.Reason, from.Reason, rows), gather(r.Image, from.Image, rows)
	r.Prefix, r.Billed, r.Charge = gather(r.Prefix, from.Prefix, rows), gather(r.Billed, from.Billed, rows), gather(r.Charge, from.Charge, rows)
	r.Batch, r.Covered, r.Due = gather(r.Batch, from.Batch, rows), gather(r.Covered, from.Covered, rows), gather(r.Due, from.Due, rows)
	return nil
}

func gather[T any](dst, src []T, rows []int32) []T {
	n := len(dst)
	dst = slices.Grow(dst, len(rows))[:n+len(rows)]
	for k, i := range rows {
		dst[n+k] = src[i]
	}
	return dst
}

// gatherTexts copies texts; those that are one in a row stay one.
func (r *Rows) gatherTexts(dst []Span, text []byte, src []Span, rows []int32) []Span {
	n := len(dst)
	dst = slices.Grow(dst, len(rows))[:n+len(rows)]
	var last, copied Span
	for k, i := range rows {
		if s := src[i]; s != last {
			last, copied = s, Span{}
			if s.Len > 0 {
				copied = Span{uint32(len(r.Text)), s.Len}
				r.Text = append(r.Text, text[s.At:s.At+s.Len]...)
			}
		}
		dst[n+k] = copied
	}
	return dst
}

// spans returns all columns of texts, in the order a block has them.
func (r *Rows) spans() [17]*[]Span {
	var all [17]*[]Span
	t := r.texts()
	copy(all[:], t[:])
	all[14], all[15], all[16] = &r.Column, &r.Value, &r.Want
	return all
}
