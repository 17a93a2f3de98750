package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// outcomesOf returns every outcome row of a result, in order.
func (w *world) outcomesOf(r *Result) []call.Row {
	w.t.Helper()
	rows := w.Ledger.outcomes(w.t.Context(), r)
	var out []call.Row
	for range r.Counts.Rows {
		row := *must(rows.next())(w.t)
		row.Image = 0 // of its part's table
		out = append(out, row)
	}
	if row, err := rows.next(); err == nil {
		w.t.Errorf("one outcome more than is counted, on line %d", row.Line)
	}
	return out
}

func TestOutcomesAreInTheOrderOfAccounts(t *testing.T) {
	w := newWorld(t)
	res := must(w.Issued(t.Context(), w.sep))(t)
	if len(res.Days) < 5 || len(res.Parts) != len(res.Days) {
		t.Errorf("%d parts of the days %v, want one for each of five and more", len(res.Parts), res.Days)
	}
	rows := w.outcomesOf(res)
	for _, a := range res.Accounts {
		last := int64(0)
		for range a.Counts.Rows {
			r := rows[0]
			rows = rows[1:]
			if r.Account != a.Account || r.Instant < last {
				t.Errorf("batch %d line %d of %s at %s follows %d of %s", r.Batch, r.Line, r.Account, r.At(), last, a.Account)
			}
			last = r.Instant
		}
	}
}

// A month that was issued before days had parts of their own has all outcomes
// in one order, and they name batches by their places in the manifest.
func TestOutcomesOfOneOrder(t *testing.T) {
	w := newWorld(t)
	name := w.period(w.sep).Basis.Name
	want := w.outcomesOf(must(w.Issued(t.Context(), w.sep))(t))
	alterJSON(w, w.rated, name, func(r *Result) {
		out, rows := newPartWriter(w.rated, "outcomes"), w.Ledger.outcomes(t.Context(), r)
		out.period(r.Period)
		for range r.Counts.Rows {
			row := *must(rows.next())(t)
			image := must(rows.part.image(&row))(t)
			row.Image = out.image(image)
			out.add(call.OutcomeBlock, 0, call.ShardOf(row.Account), call.AppendRow(nil, &row))
		}
		if err := out.seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Parts, r.Days = out.parts, nil
	})
	if diff := cmp.Diff(want, w.outcomesOf(must(w.Issued(t.Context(), w.sep))(t)), cmp.Comparer(func(a, b money.Amount) bool { return a == b })); diff != "" {
		t.Errorf("-by day +of one order\n%s", diff)
	}
	for _, p := range must(w.Fsck(t.Context()))(t) {
		t.Error(p)
	}
}
