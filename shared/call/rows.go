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
	texts := [...]string{row.Feed, row.CallID, row.Leg, row.Account, row.ANumber, row.BNumber, row.ARaw, row.BRaw, row.Column, row.Value, row.Want}
	if !r.fits(texts[:]) {
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

// AppendFrom appends row i of other Rows, as when rows are gathered by shard.
// It returns ErrFull as AppendRow does.
func (r *Rows) AppendFrom(from *Rows, i int) error {
	src, dst := from.spans(), r.spans()
	room := MaxText - len(r.Text)
	for _, s := range src {
		room -= int((*s)[i].Len)
	}
	n := r.Len()
	if n >= MaxRows || room < 0 {
		return ErrFull
	}
	r.Grow(1)
	for k, s := range src {
		if text := (*s)[i]; text.Len > 0 {
			at := len(r.Text)
			r.Text = append(r.Text, from.Text[text.At:text.At+text.Len]...)
			(*dst[k])[n] = Span{uint32(at), text.Len}
		}
	}
	r.Instant[n], r.Nanos[n], r.Decimals[n] = from.Instant[i], from.Nanos[i], from.Decimals[i]
	r.Version[n], r.Flags[n], r.Line[n] = from.Version[i], from.Flags[i], from.Line[i]
	r.Status[n], r.Reason[n], r.Image[n], r.Prefix[n] = from.Status[i], from.Reason[i], from.Image[i], from.Prefix[i]
	r.Billed[n], r.Charge[n], r.Batch[n], r.Covered[n], r.Due[n] = from.Billed[i], from.Charge[i], from.Batch[i], from.Covered[i], from.Due[i]
	return nil
}

// spans returns all columns of texts, in the order a block has them.
func (r *Rows) spans() [11]*[]Span {
	t := r.texts()
	return [...]*[]Span{t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], &r.Column, &r.Value, &r.Want}
}
