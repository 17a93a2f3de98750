package simulation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/tests/oracle"
)

// checkDrafts holds each published fold to what every fold that came to its
// end had seen: an older one never replaces a newer one.
func (r *run) checkDrafts(t *testing.T) {
	t.Helper()
	for key, batches := range r.drafts {
		doc, err := r.docs.Get(r.ctx, documents.Path{Collection: "folds", ID: key.String()})
		if err != nil {
			t.Fatal(err)
		}
		var head struct {
			Period string     `doc:"period"`
			Inputs string     `doc:"inputs"`
			Result ledger.Ref `doc:"result"`
		}
		if err := doc.Fields.Decode(&head); err != nil {
			t.Fatal(err)
		}
		var res ledger.Result
		if err := r.readJSON(head.Result, &res); err != nil {
			t.Fatal(err)
		}
		for _, e := range res.Manifest.Entries {
			if e.Rev >= batches[e.Batch] {
				delete(batches, e.Batch)
			}
		}
		for id, rev := range batches {
			b, err := r.ledger.Batch(r.ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if b.State == ledger.Committed && slices.Contains(b.Periods, key.String()) {
				t.Errorf("the draft of %s lacks rev %d or later of batch %s (%s), which an earlier one had", key, rev, id, b.State)
			}
		}
	}
}

// settle brings everything to its end, without faults and one after another.
func (r *run) settle() error {
	r.choose, r.refuse = nil, nil
	for _, f := range r.w.files {
		for n := 0; ; n++ {
			err := r.tend(f)
			if err == nil {
				break
			}
			if !errors.Is(err, errWait) || n == 20 {
				return fmt.Errorf("bringing %s to its end: %w", f.object, err)
			}
		}
	}
	for _, cycle := range sorted(r.w.months) {
		months := r.w.months[cycle]
		if !r.w.closeLast[cycle] {
			months = months[:len(months)-1]
		}
		for _, month := range months {
			if err := r.close(cycle, month); err != nil {
				return err
			}
		}
	}
	return nil
}

// check holds what came out against the oracle.
func (r *run) check(t *testing.T) {
	t.Helper()
	files := r.checkBatches(t)
	periods := r.periods(t)
	var asked []oracle.Period
	for _, p := range periods {
		asked = append(asked, oracle.Period{Cycle: p.Cycle, Month: p.Month.String()})
	}
	want := oracle.Bill(r.w.settings, files, asked)
	for what, n := range want.Decided {
		r.met["decided by "+what] += n
	}
	got := map[oracle.Line]*big.Rat{}
	numbers := map[string]bool{}
	for _, p := range periods {
		r.addIssued(t, p, got, numbers)
		r.addPending(t, p, got)
		r.checkCounts(t, p, want)
	}
	for line, amount := range want.Lines {
		if sum := got[line]; sum == nil || sum.Cmp(amount) != 0 {
			t.Errorf("%+v: issued + pending is %s, want %s", line, text(sum), text(amount))
		}
	}
	for line, sum := range got {
		if sum.Sign() != 0 && want.Lines[line] == nil {
			t.Errorf("%+v: issued + pending is %s, want nothing", line, text(sum))
		}
	}
	for period := range want.Counts {
		if want.Counts[period].Rows > 0 && !slices.Contains(asked, period) {
			t.Errorf("%v has records, but no period", period)
		}
	}
	r.checkParts(t)
	lost := map[string]bool{}
	for f := range r.lose {
		lost[r.batch[f]] = r.lose[f]
	}
	checkFsck(r.ctx, t, r.ledger, lost)
}

func text(x *big.Rat) string {
	if x == nil {
		return "nothing"
	}
	return x.FloatString(12)
}

// checkBatches returns the files that count.
func (r *run) checkBatches(t *testing.T) []oracle.File {
	t.Helper()
	var files []oracle.File
	seen := map[string]bool{}
	for _, f := range r.w.files {
		b, err := r.ledger.Batch(r.ctx, r.batch[f])
		if err != nil {
			t.Fatal(err)
		}
		if seen[b.ID] {
			t.Fatalf("%s is a batch that another file is", f.object)
		}
		seen[b.ID] = true
		want := ledger.Committed
		if f.withdraw != "" {
			want = ledger.Withdrawn
		}
		if r.lose[f] && b.State == ledger.Failed {
			r.met["file lost before it was read"]++
			continue
		}
		if b.RedoState != "" && !r.lose[f] {
			t.Errorf("the redo of batch %s of %s is %s: %s", b.ID, f.object, b.RedoState, b.Redo.Failure)
		}
		if b.Rev > 1 {
			r.met["batch of several revisions"]++
		}
		if b.State != want {
			t.Errorf("batch %s of %s is %s, want %s: %s", b.ID, f.object, b.State, want, b.Failure)
		}
		if b.State != ledger.Committed {
			continue
		}
		r.noteCut(t, f, b)
		files = append(files, f.usage)
		c, usage := b.Counts, int64(len(f.usage.Records))
		if c.Accepted+c.Unrated != usage || c.Rejected != f.rejected || c.Ignored != f.ignored || c.Rows != usage+f.rejected+f.ignored {
			t.Errorf("batch %s of %s counts %+v, want %d accepted or unrated, %d rejected, %d ignored", b.ID, f.object, c, usage, f.rejected, f.ignored)
		}
	}
	for _, f := range r.w.files {
		r.checkRows(t, f)
	}
	return files
}

// checkRows reads back what became of every row of a file, as soon as all of
// it is issued.
func (r *run) checkRows(t *testing.T, f *file) {
	t.Helper()
	var last, usage, rejected, ignored int64
	before := call.Row{}
	err := r.ledger.Rows(r.ctx, r.batch[f], func(row *call.Row, key *ledger.Key) error {
		r.noteCharge(row)
		if row.Role != call.Payer {
			if row.Line != last || row.Role < before.Role || row.Role == before.Role && row.Level != before.Level+1 {
				t.Errorf("%s: after line %d, %s, comes line %d, %s", f.object, last, before.Role.Name(before.Level), row.Line, row.Role.Name(row.Level))
			}
			before = *row
			return nil
		}
		before = *row
		if row.Line <= last || (key == nil) != (row.Status == call.Rejected || row.Status == call.Ignored) {
			t.Errorf("%s: after line %d comes line %d, %s, in period %v", f.object, last, row.Line, row.Status, key)
		}
		last = row.Line
		switch row.Status {
		case call.Rejected:
			rejected++
		case call.Ignored:
			ignored++
		default:
			usage++
		}
		return nil
	})
	switch {
	case errors.Is(err, ledger.ErrState):
		r.met["rows of a batch not issued yet"]++
	case err != nil:
		t.Errorf("rows of %s: %v", f.object, err)
	case usage != int64(len(f.usage.Records)) || rejected != f.rejected || ignored != f.ignored:
		t.Errorf("%s has %d rows of usage, %d rejected, %d ignored; want %d, %d, %d",
			f.object, usage, rejected, ignored, len(f.usage.Records), f.rejected, f.ignored)
	default:
		r.met["rows of an issued batch"]++
	}
}

// noteCharge notes what a charge of a row is.
func (r *run) noteCharge(row *call.Row) {
	switch {
	case row.Role == call.Supplier && row.Account == call.Unassigned:
		r.met["row of nobody's trunk"]++
	case row.Role != call.Payer:
		r.met["row of a "+strings.TrimSuffix(row.Role.Name(1), ":1")]++
	case row.Flags.Has(call.PayerByNumber):
		r.met["row whose payer was found"]++
	}
	for _, f := range []call.Flags{call.FallbackCard, call.RatedAs} {
		if row.Flags.Has(f) {
			r.met["row "+f.String()]++
		}
	}
}

// checkParts sweeps until nothing is left to delete: the parts that are there
// are then those that count, or that an entry names, and no other.
func (r *run) checkParts(t *testing.T) {
	t.Helper()
	done := func() int { return r.met["swept: part noted"] + r.met["swept: part deleted"] }
	// One that finds nothing may have gone on from the middle, where an error of
	// the store had stopped the one before.
	for idle := 0; idle < 2; {
		before := done()
		if err := r.sweep(7 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if idle++; done() != before {
			idle = 0
		}
	}
	left, err := r.buckets.Rated.List(r.ctx, "parts/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	markers, committed := map[ledger.Ref]bool{}, map[string]bool{}
	for _, f := range r.w.files {
		b, err := r.ledger.Batch(r.ctx, r.batch[f])
		if err != nil {
			t.Fatal(err)
		}
		if b.State == ledger.Committed {
			markers[b.Marker], committed[b.ID] = true, true
		}
	}
	page, err := r.docs.Query(r.ctx, documents.Query{Name: "entries_all", Limit: documents.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	intos := map[string]ledger.Key{}
	for _, doc := range page.Docs {
		var e ledger.Entry
		if err := doc.Fields.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.Kind == ledger.Touches {
			r.met["entry touches"]++
			continue
		}
		row := fmt.Sprint(e.Batch, e.Rev, e.Period)
		if into, both := intos[row]; both && into == e.Into {
			r.met["entry kept for another cycle"]++ // added and taken back in one
		}
		intos[row] = e.Into
		markers[e.Marker] = true
		if e.Kind == ledger.Withdraws && committed[e.Batch] {
			r.met["entry withdraws of a revision"]++
		}
	}
	want := map[string]bool{}
	for ref := range markers {
		var m ledger.Marker
		if err := r.readJSON(ref, &m); err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Parts {
			want[p.Name] = true
		}
	}
	for _, info := range left {
		if !want[info.Name] {
			t.Errorf("part %s is kept, and nothing refers to it", info.Name)
		}
		delete(want, info.Name)
	}
	for name := range want {
		t.Errorf("part %s is gone", name)
	}
}

func (r *run) readJSON(ref ledger.Ref, v any) (err error) {
	in, err := r.buckets.Rated.OpenRange(r.ctx, ref.Name, ref.Generation, 0, -1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return json.NewDecoder(in).Decode(v)
}

func (r *run) periods(t *testing.T) []ledger.Period {
	t.Helper()
	page, err := r.docs.Query(r.ctx, documents.Query{Name: "periods_all", Limit: documents.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	var out []ledger.Period
	for _, doc := range page.Docs {
		var p ledger.Period
		if err := doc.Fields.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if r.closed[p.Cycle+":"+p.Month.String()] != (p.State == ledger.Issued) || !p.State.TakesUsage() && p.State != ledger.Issued {
			t.Errorf("period %s is %s", p.Key, p.State)
		}
		out = append(out, p)
	}
	return out
}

func (r *run) addIssued(t *testing.T, p ledger.Period, got map[oracle.Line]*big.Rat, numbers map[string]bool) {
	t.Helper()
	heads, err := r.ledger.Invoices(r.ctx, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	if p.State != ledger.Issued && len(heads) > 0 {
		t.Errorf("period %s is %s and has %d invoices", p.Key, p.State, len(heads))
	}
	if int64(len(heads)) != p.Invoices {
		t.Errorf("period %s has %d invoices, and counts %d", p.Key, len(heads), p.Invoices)
	}
	numberOf := billing.Number
	if r.w.settings.Suppliers[p.Cycle] {
		numberOf = billing.StatementNumber
	}
	for i, h := range heads {
		if want := numberOf(p.Month, int(p.FirstNumber)+i); h.Number != want || numbers[h.Number] {
			t.Errorf("period %s: invoice %s, want %s, and each number once", p.Key, h.Number, want)
		}
		numbers[h.Number] = true
		inv, err := r.ledger.Invoice(r.ctx, h)
		if err != nil {
			t.Fatal(err)
		}
		if inv.Number != h.Number || inv.Account != h.Account || inv.Period != p.Month || inv.Zone != p.Zone || inv.Currency != r.w.settings.Accounts[inv.Account].Currency {
			t.Errorf("invoice %s of period %s says %+v", h.Number, p.Key, inv.Head)
		}
		for _, line := range inv.Lines {
			if late := line.Period != p.Month; late != (line.Kind == billing.KindAdjustment) || line.Period.Compare(p.Month) > 0 {
				t.Errorf("invoice %s has a line of kind %s for %s", h.Number, line.Kind, line.Period)
			}
			if r.met["line "+string(line.Kind)]++; r.w.settings.Suppliers[p.Cycle] {
				r.met["line of a statement"]++
			}
			at := oracle.Period{Cycle: p.Cycle, Month: line.Period.String()}
			addTo(got, oracle.Line{Account: inv.Account, Period: at, Key: line.Key}, line.Exact)
		}
	}
}

func (r *run) addPending(t *testing.T, p ledger.Period, got map[oracle.Line]*big.Rat) {
	t.Helper()
	pending, err := r.ledger.Pending(r.ctx, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	if len(pending) > 0 && p.State == ledger.Issued && !r.comesLater(t, p.Key) {
		t.Errorf("period %s is issued and all that came later is on issued invoices, but %v is pending", p.Key, pending)
	}
	for _, d := range pending {
		r.met["pending of "+string(p.State)]++
		at := oracle.Period{Cycle: p.Cycle, Month: p.Month.String()}
		addTo(got, oracle.Line{Account: d.Account, Period: at, Key: d.Key}, d.Exact)
	}
}

// comesLater reports whether an invoice still to be issued carries something
// of a period.
func (r *run) comesLater(t *testing.T, key ledger.Key) bool {
	t.Helper()
	entries, err := entriesOf(r.ctx, r.docs, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		r.met["entry "+string(e.Kind)]++
		into, err := r.ledger.Period(r.ctx, e.Into)
		if err != nil {
			t.Fatal(err)
		}
		if into.State != ledger.Issued {
			return true
		}
	}
	return false
}

func addTo(sums map[oracle.Line]*big.Rat, line oracle.Line, amount money.Amount) {
	x, ok := new(big.Rat).SetString(amount.String())
	if !ok {
		panic("an amount that is no number: " + amount.String())
	}
	if sums[line] == nil {
		sums[line] = new(big.Rat)
	}
	sums[line].Add(sums[line], x)
}

// checkCounts holds the counts of a fold of everything known against the
// oracle's.
func (r *run) checkCounts(t *testing.T, p ledger.Period, want oracle.Bills) {
	t.Helper()
	res, err := r.ledger.Fold(r.ctx, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	c := res.Counts
	r.met["duplicate"] += int(c.Duplicate)
	r.met["superseded"] += int(c.Superseded)
	r.met["charged"] += int(c.Charged)
	r.met["unrated"] += int(c.Unrated)
	got := oracle.Counts{Rows: c.Rows, Charged: c.Charged, Unrated: c.Unrated, Duplicate: c.Duplicate, Superseded: c.Superseded}
	if want := want.Counts[oracle.Period{Cycle: p.Cycle, Month: p.Month.String()}]; got != want {
		t.Errorf("period %s counts %+v, want %+v", p.Key, got, want)
	}
	if len(res.Manifest.Foreign) > 0 {
		r.met["period with foreign entries"]++
	}
	for _, e := range slices.Concat(res.Manifest.Entries, res.Manifest.Foreign) {
		b, err := r.ledger.Batch(r.ctx, e.Batch)
		if err != nil {
			t.Fatal(err)
		}
		if b.State != ledger.Committed {
			t.Errorf("period %s holds batch %s, which is %s", p.Key, e.Batch, b.State)
		}
	}
}

// remember keeps what is issued so far; checkKept says what of it has changed.
func (r *run) remember(t *testing.T) map[string][]byte {
	t.Helper()
	bills, err := everyObject(r.ctx, r.buckets.Bills)
	if err != nil {
		t.Fatal(err)
	}
	return bills
}

func checkKept(t *testing.T, before, after map[string][]byte) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if !bytes.Equal(before[name], after[name]) {
			t.Errorf("%s was issued and has changed", name)
		}
	}
}
