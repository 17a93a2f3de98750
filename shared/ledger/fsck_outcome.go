package ledger

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// row folds one row and compares it with its outcome.
func (f *refold) row(ctx context.Context, r *call.Row) error {
	e := f.res.Manifest.Entries[r.Batch]
	if e.Into != e.Period {
		r.Flags |= call.Late
	}
	if status, ok := f.lost[rowID{r.Batch, r.Line}]; ok {
		r.Status, r.Reason = status, ""
		f.month.counts.count(status)
		return f.outcome(r, "", ownPrice{charge: new(big.Int)}, 0, new(big.Int))
	}
	p, image, sure, err := f.price(ctx, f.book, r)
	if err != nil {
		return err
	}
	if !sure {
		return errUnproved
	}
	r.Flags = r.Flags&^priceFlags | p.flags
	r.Status, r.Reason = call.Rated, p.reason
	if p.reason != "" {
		r.Status, p.charge = call.Unrated, new(big.Int)
	}
	f.month.counts.count(r.Status)
	covered, due := uint64(0), new(big.Int)
	if r.Status == call.Rated {
		covered, due = f.month.take(r, p)
	}
	return f.outcome(r, image, p, covered, due)
}

// outcome compares the next outcome row with what the fold makes of r.
func (f *refold) outcome(r *call.Row, image string, p ownPrice, covered uint64, due *big.Int) error {
	if f.out == nil {
		return nil
	}
	where := fmt.Sprintf("%s batch %s line %d", f.name, f.res.Manifest.Entries[r.Batch].Batch, r.Line) + ofRole(r)
	if f.left == 0 {
		f.add("outcome", where, "it has no outcome row")
		f.out = nil
		return nil
	}
	f.left--
	got, err := f.out.next()
	if err != nil {
		f.out = nil
		return f.blame("outcome", where, err)
	}
	if got.Batch != r.Batch || got.Line != r.Line || got.Role != r.Role || got.Level != r.Level {
		f.add("outcome", where, "in its place is the outcome of batch %d line %d, %s; the rest is not compared", got.Batch, got.Line, got.Role.Name(got.Level))
		f.out = nil
		return nil
	}
	if day := f.out.last.day; day != (period.Date{}) && day.String() != time.Unix(0, r.Instant).UTC().Format(time.DateOnly) {
		f.add("outcome", where, "it lies with the outcomes of %s", day)
	}
	gotImage, err := f.out.part.image(got)
	if err != nil {
		return f.blame("outcome", where, err)
	}
	record := got.Record
	record.Flags = r.Flags
	switch {
	case record != r.Record:
		f.add("outcome", where, "its record is not the one the batch has")
	case got.Flags != r.Flags:
		f.add("outcome", where, "flags %q, want %q", got.Flags, r.Flags)
	case got.Status != r.Status || got.Reason != r.Reason:
		f.add("outcome", where, "%s, want %s", statusText(got.Status, got.Reason), statusText(r.Status, r.Reason))
	case r.Status == call.Rated || r.Status == call.Unrated:
		if !f.pricing("outcome", where, got, gotImage, p, image) {
			return nil
		}
	case gotImage != "" || got.Prefix != 0 || got.Billed != 0 || !got.Charge.IsZero():
		f.add("outcome", where, "%s, but it has a price", got.Status)
	}
	if got.Covered != covered || !same(got.Due, due) {
		f.add("outcome", where, "%d s covered and %s due, want %d and %s", got.Covered, got.Due, covered, show(due))
	}
	return nil
}

// finish adds the accounts that are charged without usage, and compares what
// is left: the sums of the month.
func (f *refold) finish() {
	for _, a := range f.book.book.Accounts {
		if a.Cycle == f.res.Period.Cycle && !f.seen[a.ID] && len(f.book.accounts[a.ID].features) > 0 {
			f.beginMonth(a.ID)
			f.compareMonth()
		}
	}
	for _, id := range sortedKeys(f.accounts) {
		f.add("result", f.account(id), "it has neither rows nor lines, want none")
	}
	if f.res.Counts != f.counts {
		f.add("result", f.name, "it counts %s, want %s", text(f.res.Counts), text(f.counts))
	}
	if f.out != nil && f.left > 0 {
		f.add("outcome", f.name, "it has %d outcome rows too many", f.left)
	}
}
