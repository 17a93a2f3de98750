package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// newReseller is a house whose feed charges everybody: beta, below shop (level 1)
// and dist (level 2), calls; gamma of cycle n receives; north, of cycle s, took
// the call. 44 costs per minute: beta 0.06, shop 0.04, dist 0.03, gamma 0.01 for
// what it receives, north 0.02.
func newReseller(t *testing.T) *house {
	t.Helper()
	h := newTwoCycles(t)
	from, recorded := period.Month{Year: 2026, Month: 1}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	card := func(id, price string) book.Card {
		return book.Card{ID: id, Log: ratecard.Log{{Revision: 1, RecordedAt: recorded}}, Images: map[string]string{"1": h.image(price)}}
	}
	err := h.Apply(h.ctx(), ledger.Setup{
		Cycles: []book.Cycle{{ID: "s", Zone: "UTC", Kind: book.Suppliers}},
		Accounts: []book.Account{
			{ID: "beta", Cycle: "m", Currency: "GBP", Parent: "shop"}, {ID: "shop", Cycle: "m", Currency: "GBP", Parent: "dist"},
			{ID: "dist", Cycle: "n", Currency: "GBP"}, {ID: "north", Cycle: "s", Currency: "GBP"}, {ID: "south", Cycle: "s", Currency: "GBP"},
		},
		Cards: []book.Card{card("shop", "0.04"), card("dist", "0.03"), card("received", "0.01"), card("north", "0.02")},
		Assignments: []book.Assignment{
			{Account: "shop", From: from, Card: "shop"}, {Account: "dist", From: from, Card: "dist"},
			{Account: "gamma", From: from, Direction: book.Inbound, Card: "received"}, {Account: "beta", From: from, Direction: book.Inbound, Card: "received"},
			{Account: "delta", From: from, Direction: book.Inbound, Card: "received"}, {Account: "north", From: from, Card: "north"},
		},
		Numbers: []book.Number{
			{Number: "442079460000", Owners: []book.Owner{{Account: "gamma"}}}, {Number: "442079460001", Owners: []book.Owner{{Account: "beta"}}},
			{Number: "442079460002", Owners: []book.Owner{{Account: "delta", From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}}},
		},
		Feeds: []book.Feed{{
			Source: cdr.Feed{
				ID: "feed", Format: cdr.Generic, Zone: "UTC", Direction: cdr.BothWays, Identify: []cdr.Means{cdr.AccountField, cdr.Called},
				Charges: []cdr.Further{cdr.Supplier, cdr.Resellers, cdr.Callee},
			},
			Cycle: "m", Suppliers: []book.Trunk{{Trunk: "n-1", Owners: []book.Owner{{Account: "north"}, {Account: "south", From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}}}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

const sharedHeader = "call_id,account,direction,b_number,start_time,duration,out_trunk,version\n"

func (h *house) deliverShared(name string, rows ...string) ledger.Batch {
	h.t.Helper()
	b, err := h.Process(h.ctx(), h.receiveText(name, sharedHeader+strings.Join(rows, "\n")+"\n"))
	if err != nil || b.State != ledger.Committed {
		h.t.Fatalf("%s is %s %s: %v", name, b.State, b.Failure, err)
	}
	return b
}

// charges returns "role account period status charge" of a batch's records.
func (h *house) charges(b ledger.Batch) []string {
	h.t.Helper()
	x, err := h.Extract(h.ctx(), b.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	err = x.Each(h.ctx(), eachCharge(&out))
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

var novS, decS = in("s", "2026-11"), in("s", "2026-12")

// A minute that beta calls gamma, which north took.
const everybody = "1,beta,out,442079460000,2026-11-10 12:00:00,60,n-1,1"

func TestOneRecordChargesEachOnce(t *testing.T) {
	for _, c := range []struct {
		name, row string
		want      []string
	}{
		{"everybody", everybody, []string{
			"payer beta m:2026-11 rated 0.0600", "callee gamma n:2026-11 rated 0.0100", "reseller:1 shop m:2026-11 rated 0.0400",
			"reseller:2 dist n:2026-11 rated 0.0300", "supplier north s:2026-11 rated 0.0200",
		}},
		{"nobody else", "1,acme,out,447011123456,2026-11-10 12:00:00,60,,1", []string{"payer acme m:2026-11 unrated blocked"}},
		{"caller and callee are one account", "1,beta,out,442079460001,2026-11-10 12:00:00,60,,1", []string{
			"payer beta m:2026-11 rated 0.0600", "callee beta m:2026-11 rated 0.0100", "reseller:1 shop m:2026-11 rated 0.0400", "reseller:2 dist n:2026-11 rated 0.0300",
		}},
		{"a reseller that calls", "1,shop,out,443,2026-11-10 12:00:00,60,,1", []string{"payer shop m:2026-11 unrated short_number", "reseller:1 dist n:2026-11 unrated short_number"}},
		{"who receives pays", "1,,in,442079460001,2026-11-10 12:00:00,60,,1", []string{
			"payer beta m:2026-11 rated 0.0100", "reseller:1 shop m:2026-11 rated 0.0400", "reseller:2 dist n:2026-11 rated 0.0300",
		}},
		{"the number is not yet anybody's", "1,acme,out,442079460002,2026-10-31 23:59:59,60,,1", []string{"payer acme m:2026-10 rated 0.0600"}},
		{"the number is somebody's", "1,acme,out,442079460002,2026-11-01 00:00:00,60,,1", []string{"payer acme m:2026-11 rated 0.0600", "callee delta n:2026-10 rated 0.0100"}},
		{"the trunk has another supplier, without a card", "1,acme,out,4420,2026-11-20 00:00:00,60,n-1,1", []string{
			"payer acme m:2026-11 unrated short_number", "supplier south s:2026-11 unrated no_card",
		}},
		{"a trunk of no supplier", "1,acme,out,447011123456,2026-11-10 12:00:00,60,n-2,1", []string{
			"payer acme m:2026-11 unrated blocked", "supplier unassigned m:2026-11 unrated no_account",
		}},
		{"nobody pays", "1,,out,442079460000,2026-11-10 12:00:00,60,n-1,1", []string{
			"payer unassigned m:2026-11 unrated no_account", "callee gamma n:2026-11 rated 0.0100", "supplier north s:2026-11 rated 0.0200",
		}},
		{"a supplier is named as who pays", "1,north,out,442079460000,2026-11-10 12:00:00,60,,1", []string{
			"payer north m:2026-11 unrated no_account", "callee gamma n:2026-11 rated 0.0100",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newReseller(t)
			b := h.deliverShared("a.csv", c.row)
			same(t, "charges", h.charges(b), c.want...)
			if b.Counts.Rows != 1 || b.Counts.Check() != nil {
				t.Errorf("the batch counts %+v, want one row", b.Counts)
			}
			h.proved()
		})
	}
}

func TestOneRecordGoesToTheInvoicesOfAllAndIntoTheStatementOfTheSupplier(t *testing.T) {
	h := newReseller(t)
	b := h.deliverShared("a.csv", everybody, "2,beta,out,442079460000,2026-11-11 12:00:00,30,n-1,1")
	same(t, "invoices of m", h.bill(novM), "beta 2026-11 usage 0.0900", "shop 2026-11 usage 0.0600")
	same(t, "invoices of n", h.bill(novN), "dist 2026-11 usage 0.0450", "gamma 2026-11 usage 0.0150")
	same(t, "statements", h.bill(novS), "north 2026-11 usage 0.0300")
	for k, want := range map[ledger.Key]string{novM: "2026-11-0001", novN: "2026-11-0004", novS: "S2026-11-0001"} {
		heads, err := h.Invoices(t.Context(), k)
		if err != nil || len(heads) == 0 || heads[0].Number != want {
			t.Errorf("%s begins with %+v (%v), want number %s", k, heads, err, want)
		}
	}
	if page := h.file("S2026-11-0001", "S2026-11-0001.html"); !strings.Contains(page, "Statement of cost") || strings.Contains(page, "Invoice") {
		t.Error("the page of a statement does not say what it is")
	}
	if detail := h.file("S2026-11-0001", "S2026-11-0001-usage.csv"); strings.Count(detail, ",supplier\n") != 2 {
		t.Errorf("usage detail %q, want two charges of a supplier", detail)
	}
	rows := map[string]int{}
	err := h.Rows(t.Context(), b.ID, func(r *call.Row, key *ledger.Key) error {
		rows[fmt.Sprintf("%d %s %s %s", r.Line, r.Role.Name(r.Level), key, r.Due)]++
		return nil
	})
	if err != nil || len(rows) != 10 || rows["3 callee n:2026-11 0.0050"] != 1 {
		t.Errorf("rows %v (%v), want five charges of each line", rows, err)
	}
	h.proved()
}

// However a record comes, each is charged once and the whole record wins or
// loses: a later version that went to somebody else charges nobody that the
// earlier one charged.
func TestAllChargesOfARecordWinOrLoseTogether(t *testing.T) {
	const other = "1,beta,out,442079460002,2026-11-10 12:00:00,60,n-1,2" // to delta
	first := []string{"beta 2026-11 usage 0.0600", "shop 2026-11 usage 0.0400", "dist 2026-11 usage 0.0300", "gamma 2026-11 usage 0.0100", "north 2026-11 usage 0.0200"}
	second := append(slices.Clone(first[:3]), "delta 2026-11 usage 0.0100", first[4])
	for _, c := range []struct {
		name  string
		files [][]string
		want  []string
	}{
		{"delivered twice", [][]string{{everybody}, {everybody, "9,acme,out,4470,2026-11-30 12:00:00,1,,1"}}, first},
		{"twice in one file", [][]string{{everybody, everybody}}, first},
		{"a later version to somebody else", [][]string{{everybody}, {other}}, second},
		{"the later version first", [][]string{{other}, {everybody}}, second},
		{"both in one file, and again", [][]string{{everybody, other}, {other}, {everybody}}, second},
		{"to themselves, twice", [][]string{{"1,beta,out,442079460001,2026-11-10 12:00:00,60,,1"}, {"1,beta,out,442079460001,2026-11-10 12:00:00,60,,1", "8,acme,out,4470,2026-11-30 12:00:00,1,,1"}},
			[]string{"beta 2026-11 usage 0.0700", "shop 2026-11 usage 0.0400", "dist 2026-11 usage 0.0300"}},
		{"without an id, twice in each of two files", [][]string{
			{everybody[1:], everybody[1:]}, {everybody[1:], everybody[1:], "7,acme,out,4470,2026-11-30 12:00:00,1,,1"},
		}, []string{"beta 2026-11 usage 0.1200", "shop 2026-11 usage 0.0800", "dist 2026-11 usage 0.0600", "gamma 2026-11 usage 0.0200", "north 2026-11 usage 0.0400"}},
		{"without an id, of one account", [][]string{
			{",beta,out,442079460001,2026-11-10 12:00:00,60,,1"}, {",beta,out,442079460001,2026-11-10 12:00:00,60,,1", ",beta,out,442079460001,2026-11-10 12:00:00,60,,1"},
		}, []string{"beta 2026-11 usage 0.1400", "shop 2026-11 usage 0.0800", "dist 2026-11 usage 0.0600"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newReseller(t)
			for i, rows := range c.files {
				h.deliverShared(fmt.Sprintf("%d.csv", i), rows...)
			}
			same(t, "invoices", slices.Sorted(slices.Values(slices.Concat(h.bill(novM), h.bill(novN), h.bill(novS)))), slices.Sorted(slices.Values(c.want))...)
			h.proved()
		})
	}
}

// A record whose charges fall in several cycles, some of which are closed when
// another version of it comes: each cycle's next invoice carries its difference.
func TestAVersionThatComesLateForSomeCyclesIsCorrectedInEach(t *testing.T) {
	const other = "1,beta,out,442079460002,2026-11-10 12:00:00,120,n-1,2" // to delta, two minutes
	h := newReseller(t)
	h.deliverShared("a.csv", everybody)
	h.deliverShared("b.csv", everybody, "9,acme,out,4470,2026-11-30 12:00:00,1,,1")
	same(t, "invoices of n", h.bill(novN), "dist 2026-11 usage 0.0300", "gamma 2026-11 usage 0.0100")
	h.deliverShared("c.csv", other)
	same(t, "pending of n", h.left(novN), "delta usage 0.0200", "dist usage 0.0300", "gamma usage -0.0100")
	same(t, "invoices of m", h.bill(novM), "beta 2026-11 usage 0.1200", "shop 2026-11 usage 0.0800")
	same(t, "statements", h.bill(novS), "north 2026-11 usage 0.0400")
	h.proved()
	same(t, "next invoices of n", h.bill(decN), "delta 2026-11 usage 0.0200", "dist 2026-11 usage 0.0300", "gamma 2026-11 usage -0.0100")
	same(t, "next statements", h.bill(decS))
	for _, k := range []ledger.Key{novM, novN, novS} {
		same(t, "pending of "+k.String(), h.left(k))
	}
	h.proved()
}

func eachCharge(out *[]string) func(*export.Record) error {
	return func(rec *export.Record) error {
		r := rec.Row
		what := string(r.Reason)
		if r.Status == call.Rated {
			what = r.Charge.String()
		}
		*out = append(*out, fmt.Sprintf("%s %s %s %s %s", r.Role.Name(r.Level), r.Account, rec.Period, r.Status, what))
		return nil
	}
}

// A file that was rated while the feed charged everybody, and one that was when
// it charged who pays only: copies are counted by records, not by charges.
func TestCopiesAreRecordsHoweverManyChargesTheyMake(t *testing.T) {
	h := newReseller(t)
	h.deliverShared("a.csv", everybody[1:])
	err := h.Apply(t.Context(), ledger.Setup{Feeds: []book.Feed{{Source: cdr.Feed{ID: "feed", Format: cdr.Generic, Zone: "UTC", Charges: []cdr.Further{cdr.Supplier}}, Cycle: "m"}}})
	if err != nil {
		t.Fatal(err)
	}
	h.deliverShared("b.csv", everybody[1:], everybody[1:])
	h.proved()
	same(t, "invoices of m", h.bill(novM), "beta 2026-11 usage 0.1200", "shop 2026-11 usage 0.0400")
	h.proved()
}
