package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

func (in *installation) meta(card string, n int) catalog.RevisionMeta {
	in.t.Helper()
	doc, err := in.docs.GetMany(ctx, []documents.Path{catalog.MetaPath(card, n)})
	if err != nil {
		in.t.Fatal(err)
	}
	m, err := catalog.MetaOf(in.revision(card, n), doc[0])
	if err != nil {
		in.t.Fatal(err)
	}
	return m
}

func (in *installation) activate(card string, n int, from time.Time) {
	in.t.Helper()
	if _, err := in.Activate(ctx, card, catalog.Live{Revision: n, From: from}, editor); err != nil {
		in.t.Fatal(err)
	}
}

func (in *installation) state(card string, n int, when time.Time) string {
	in.t.Helper()
	state, span := catalog.StateOf(in.revision(card, n), in.meta(card, n), in.card(card).Log.Spans(), when)
	text := string(state)
	if span.Revision != 0 {
		text += " " + span.From.Format("02T15") + "-" + span.To.Format("02T15")
	}
	return strings.ReplaceAll(text, "01T00", "")
}

// A revision is a draft without rates, ready with some, scheduled, live, ready
// again; it is put away only where it is not live and will not be, and then not
// made live.
func TestWhereARevisionStands(t *testing.T) {
	in := edited(t)
	n, err := in.Draft(ctx, "carrier", "by hand", editor)
	if err != nil || n != 2 {
		t.Fatal(n, err)
	}
	row := catalog.EditRow{Action: "A", Prefix: at("44"), Price: at("0.5"), Interval1: at(uint32(1)), IntervalN: at(uint32(1))}
	made := in.revise("carrier", 2, catalog.Edit{Rows: []catalog.EditRow{row}, Note: "filled"})
	in.activate("carrier", 3, noon.Add(5*time.Hour))
	later := in.revise("carrier", 3, catalog.Edit{Rows: []catalog.EditRow{{Action: "S", Prefix: at("44"), Price: at("0.6")}}})
	if made.Revision != 3 || later.Revision != 4 {
		t.Fatalf("%+v %+v", made, later)
	}
	for _, c := range []struct {
		n    int
		hour int
		want string
	}{
		{1, 0, "live -02T17"}, {1, 5, "ready -02T17"}, {2, 0, "draft"}, {3, 4, "scheduled 02T17-"}, {3, 5, "live 02T17-"}, {4, 5, "ready"},
	} {
		if got := in.state("carrier", c.n, noon.Add(time.Duration(c.hour)*time.Hour)); got != c.want {
			t.Errorf("revision %d after %d hours is %s, want %s", c.n, c.hour, got, c.want)
		}
	}
	want := catalog.RevisionMeta{Card: "carrier", Number: 3, MadeAt: editor.At, By: "ann", Source: catalog.FromEdit, Base: 2, Note: "filled"}
	if diff := cmp.Diff(want, in.meta("carrier", 3)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if m := in.meta("carrier", 1); m.Source != catalog.FromDeck {
		t.Errorf("%+v", m)
	}
	if m := in.meta("retail", 1); m.Source != catalog.FromBuild || m.By != "build" || !m.MadeAt.Equal(noon) {
		t.Errorf("%+v", m)
	}
	for _, n := range []int{1, 3} { // live, and scheduled
		if err := in.Archive(ctx, "carrier", n, true, editor); len(refused(t, err)) != 1 {
			t.Error(err)
		}
	}
	for range 2 { // a second time changes nothing
		if err := in.Archive(ctx, "carrier", 4, true, editor); err != nil || in.state("carrier", 4, noon) != "archived" {
			t.Errorf("%s, %v", in.state("carrier", 4, noon), err)
		}
	}
	if _, err := in.Activate(ctx, "carrier", catalog.Live{Revision: 4, From: noon.Add(9 * time.Hour)}, editor); len(refused(t, err)) != 1 || !strings.Contains(err.Error(), "archived") {
		t.Errorf("an archived revision is made live: %v", err)
	}
	if _, err := in.Activate(ctx, "carrier", catalog.Live{Revision: 2, From: noon.Add(9 * time.Hour)}, editor); len(refused(t, err)) != 1 || !strings.Contains(err.Error(), "empty") {
		t.Errorf("a draft is made live: %v", err)
	}
	if err := in.Archive(ctx, "carrier", 4, false, editor); err != nil || in.state("carrier", 4, noon) != "ready" {
		t.Errorf("%s, %v", in.state("carrier", 4, noon), err)
	}
	// At one instant there is one revision, until a person says that another takes its place.
	twice := catalog.Live{Revision: 4, From: noon.Add(5 * time.Hour)}
	if _, err := in.Activate(ctx, "carrier", twice, editor); len(refused(t, err)) != 1 || !strings.Contains(err.Error(), "revision 3 is live") {
		t.Errorf("two revisions from one instant: %v", err)
	}
	twice.Revision, twice.Replace = 1, true
	if _, err := in.Activate(ctx, "carrier", twice, editor); err != nil || in.state("carrier", 3, noon) != "ready" || in.state("carrier", 1, noon) != "live -" {
		t.Errorf("what was scheduled is called off: %s, %v", in.state("carrier", 3, noon), err)
	}
	if err := in.Note(ctx, "carrier", 1, "the first", editor); err != nil || in.meta("carrier", 1).Note != "the first" {
		t.Errorf("%+v, %v", in.meta("carrier", 1), err)
	}
	if err := in.Note(ctx, "carrier", 1, strings.Repeat("x", 257), editor); len(refused(t, err)) != 1 {
		t.Error(err)
	}
	if err := in.Note(ctx, "carrier", 9, "", editor); !errors.Is(err, documents.ErrNotFound) {
		t.Error(err)
	}
}

// Only a revision that nobody has been charged by, and that nothing names, goes;
// its number does not come again.
func TestARevisionThatNothingNamesIsDeleted(t *testing.T) {
	in := start(t)
	deck := in.drop("carrier/1.csv", editedDeck, noon)
	in.apply(deck)
	change := func(base int) int {
		return in.revise("carrier", base, catalog.Edit{Change: &catalog.RateChange{Destination: "%", Price: "1%"}}).Revision
	}
	a, b := change(1), 0
	b = change(a)
	c := change(1)
	in.activate("carrier", c, noon.Add(5*time.Hour))
	for n, want := range map[int]string{1: "deck", a: "revision 3 was", c: "never made live"} {
		if err := in.DeleteRevision(ctx, "carrier", n, editor); len(refused(t, err)) == 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("revision %d: %v, want %q in it", n, err, want)
		}
	}
	for _, n := range []int{b, a} {
		if err := in.DeleteRevision(ctx, "carrier", n, editor); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.DeleteRevision(ctx, "carrier", a, editor); !errors.Is(err, documents.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	var left []int
	all, err := in.Revisions(ctx, "carrier")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		left = append(left, r.Number)
	}
	if diff := cmp.Diff([]int{1, c}, left); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := change(1); n != c+1 {
		t.Errorf("the next revision is %d", n)
	}
	newest := change(1)
	// One that a deck says it is, is named.
	doc, err := in.docs.Get(ctx, documents.Path{Collection: "decks", ID: deck})
	if err != nil {
		t.Fatal(err)
	}
	doc.Fields["revision"] = int64(newest)
	in.replace(doc.Path, doc.Fields, doc.Version)
	if err := in.DeleteRevision(ctx, "carrier", newest, editor); len(refused(t, err)) != 1 || !strings.Contains(err.Error(), "no deck is") {
		t.Error(err)
	}
}

func TestACardIsClonedWithoutItsCustomers(t *testing.T) {
	in := edited(t)
	in.load(strings.Replace(setupText, `"activate": "at_arrival"},`, `"activate": "at_arrival", "increment": "60/1"},`, 1))
	if err := in.Clone(ctx, "carrier", 1, "copy", editor); err != nil {
		t.Fatal(err)
	}
	got, err := in.Definition(ctx, "copy")
	if err != nil {
		t.Fatal(err)
	}
	want := catalog.Definition{ID: "copy", Kind: catalog.Provider, Currency: "GBP", Activate: catalog.AtArrival, Increment: "60/1"}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(ratecard.Markup{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r, m := in.revision("copy", 1), in.meta("copy", 1); r.Rates != in.revision("carrier", 1).Rates || r.Rows != 6 || m.Source != catalog.FromClone || m.BaseCard != "carrier" || m.Base != 1 {
		t.Errorf("%+v %+v", r, m)
	}
	if log := in.card("copy").Log; len(log) != 0 {
		t.Errorf("it is live: %v", log)
	}
	in.activate("copy", 1, time.Time{})
	if err := in.Clone(ctx, "retail", 1, "sold", editor); err != nil || !strings.HasPrefix(in.listed("sold", 1)[0], "33 France 0.022/0.022") {
		t.Errorf("a clone of a customer's card: %v, %v", in.listed("sold", 1), err)
	}
	for _, c := range []struct {
		card string
		n    int
		id   string
	}{{"carrier", 1, "copy"}, {"carrier", 1, "a b"}} {
		if err := in.Clone(ctx, c.card, c.n, c.id, editor); len(refused(t, err)) != 1 {
			t.Errorf("%v: %v", c, err)
		}
	}
	for card, n := range map[string]int{"none": 1, "carrier": 7} {
		if err := in.Clone(ctx, card, n, "more", editor); !errors.Is(err, documents.ErrNotFound) {
			t.Errorf("revision %d of %s: %v", n, card, err)
		}
	}
}

// Everything that is done to a card is in its audit log; an entry that is changed
// behind it, taken out or put in shows, and the first one is named.
func TestTheAuditLogShowsWhatWasDoneAndWhatWasChangedBehindIt(t *testing.T) {
	in := edited(t)
	before := in.revise("carrier", 1, catalog.Edit{Change: &catalog.RateChange{Destination: "UK", Price: "10%"}, Note: "as agreed"})
	in.activate("carrier", before.Revision, noon.Add(2*time.Hour))
	spare := in.revise("carrier", 1, catalog.Edit{Copy: true}).Revision
	d, err := in.Definition(ctx, "carrier")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := in.docs.Get(ctx, documents.Path{Collection: "definitions", ID: "carrier"})
	if err != nil {
		t.Fatal(err)
	}
	d.Increment = "60/1"
	_, err = in.PutDefinition(ctx, d, catalog.Match{Version: doc.Version}, editor)
	for _, err := range []error{
		err, in.Archive(ctx, "carrier", spare, true, editor), in.Archive(ctx, "carrier", spare, false, editor), in.Note(ctx, "carrier", spare, "x", editor), in.DeleteRevision(ctx, "carrier", spare, editor),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	entries := in.audit("carrier")
	var got []string
	for _, e := range entries {
		got = append(got, string(e.Action)+" "+e.By)
	}
	if diff := cmp.Diff([]string{"defined setup", "deck deck carrier/1.csv", "edited ann", "activated ann", "edited ann", "defined ann", "archived ann", "restored ann", "noted ann", "deleted ann"}, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	want := catalog.AuditEntry{
		Card: "carrier", Number: 3, At: editor.At, By: "ann", Action: catalog.Edited, Revision: 2,
		Before: map[string]string{"rates": "6", "object": in.revision("carrier", 1).Rates},
		After:  map[string]string{"base": "1", "edit": "change", "increase": "1", "note": "as agreed", "rates": "6", "object": in.revision("carrier", 2).Rates},
	}
	e := entries[2]
	e.Previous, e.Hash = "", ""
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if e := entries[5]; e.After["increment"] != `"60/1"` || len(e.Before) != 0 || len(e.After) != 1 {
		t.Errorf("%+v", e)
	}
	if e := in.audit("retail"); len(e) != 2 || e[1].Action != catalog.Built || e[1].After["parent_revision"] != "1" {
		t.Errorf("%+v", e)
	}
	check := func(want string) {
		t.Helper()
		c, err := in.CheckAudit(ctx, "carrier")
		if err != nil || want == "" && (c.Problem != "" || c.Entries != 10) || !strings.Contains(c.Problem, want) {
			t.Errorf("%+v, %v; want %q", c, err, want)
		}
		if all, err := in.CheckAudits(ctx); err != nil || (len(all) == 0) != (want == "") {
			t.Errorf("of all cards %+v, %v", all, err)
		}
		if all, err := in.Fsck(ctx); err != nil || (len(all) == 0) != (want == "") || want != "" && (all[0].Kind != "audit" || all[0].Where != "card carrier") {
			t.Errorf("fsck finds %v, %v", all, err)
		}
	}
	check("")
	path := func(n string) documents.Path {
		return documents.Path{Collection: "audit", ID: documents.ID("carrier", n)}
	}
	// change does something to a document, holds the log against it, and puts it back.
	change := func(p documents.Path, want string, f func(documents.Fields)) {
		t.Helper()
		doc, err := in.docs.Get(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		was := doc.Fields
		fields := documents.Fields{}
		for name, v := range was {
			fields[name] = v
		}
		f(fields)
		v := in.replace(p, fields, doc.Version)
		check(want)
		in.replace(p, was, v)
		check("")
	}
	for name, to := range map[string]any{"by": "bob", "at": noon, "action": "noted", "revision": int64(7), "before": map[string]any{"rates": "9"}, "after": map[string]any{}, "previous": "00", "hash": "00", "more": "1"} {
		change(path("3"), "entry 3 ", func(f documents.Fields) { f[name] = to })
	}
	change(path("10"), "entry 10 ", func(f documents.Fields) { f["by"] = "bob" })
	// One that is changed with its hash does not fit the next, the last not the head.
	forge := func(f documents.Fields, e catalog.AuditEntry) {
		e.By = "bob"
		again, err := documents.Encode(catalog.Forged(e))
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range again {
			f[name] = v
		}
	}
	change(path("3"), "entry 4 ", func(f documents.Fields) { forge(f, entries[2]) })
	change(path("10"), "entry 10 ", func(f documents.Fields) { forge(f, entries[9]) })
	change(documents.Path{Collection: "heads", ID: documents.ID("audit", "carrier")}, "entry 10 was never", func(f documents.Fields) { f["last"], f["hash"] = int64(9), entries[8].Hash })
	for n, want := range map[string]string{"10": "entry 10 is missing", "4": "entry 4 is missing", "1": "entry 1 is missing"} {
		doc, err := in.docs.Get(ctx, path(n))
		if err != nil {
			t.Fatal(err)
		}
		if err := in.docs.Delete(ctx, doc.Path, doc.Version); err != nil {
			t.Fatal(err)
		}
		check(want)
		if _, err := in.docs.Create(ctx, doc.Path, doc.Fields); err != nil {
			t.Fatal(err)
		}
	}
	check("")
}

func (in *installation) replace(p documents.Path, f documents.Fields, v documents.Version) documents.Version {
	in.t.Helper()
	v, err := in.docs.Replace(ctx, p, f, v)
	if err != nil {
		in.t.Fatal(err)
	}
	return v
}

func (in *installation) audit(card string) []catalog.AuditEntry {
	in.t.Helper()
	page, err := in.docs.Query(ctx, documents.Query{Name: "audit_by_card", Equal: map[string]any{"card": card}, Limit: 100})
	if err != nil {
		in.t.Fatal(err)
	}
	out := make([]catalog.AuditEntry, len(page.Docs))
	for i, doc := range page.Docs {
		if err := doc.Decode(&out[i]); err != nil {
			in.t.Fatal(err)
		}
	}
	return out
}
