package catalog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

const editedDeck = `prefix,destination,price,interval 1,interval n,effective from,blocked
33,France,0.02,1,1,,
44,UK,0.01,1,1,,
447,UK mobile,0.1,60,60,,
4477,UK mobile special,0.2,60,60,2026-12-24,
4470,Personal,0,60,60,,1
49,Germany,0.03,1,1,,
`

func edited(t *testing.T) *installation {
	in := start(t)
	if d := in.apply(in.drop("carrier/1.csv", editedDeck, noon)); d.State != catalog.DeckApplied {
		t.Fatalf("%+v", d)
	}
	in.compile(noon)
	return in
}

// editor asks an hour after the deck.
var editor = catalog.Actor{By: "ann", At: noon.Add(time.Hour)}

func (in *installation) revise(card string, n int, e catalog.Edit) *catalog.Revised {
	in.t.Helper()
	out, err := in.Revise(ctx, card, n, e, false, 0, editor)
	if err != nil {
		in.t.Fatal(err)
	}
	return out
}

// listed writes the rates of a revision: what an edit can change of them.
func (in *installation) listed(card string, n int) []string {
	in.t.Helper()
	var out []string
	for _, r := range in.ratesOf(card, n) {
		text := fmt.Sprintf("%s %s %s/%s %d/%d fee %s", r.Prefix, r.Destination, r.Price1, r.PriceN, r.Interval1, r.IntervalN, r.ConnectionFee)
		for name, value := range ratecard.Rules(&r) {
			text += " " + name + "=" + value
		}
		out = append(out, text)
	}
	return out
}

func (in *installation) revision(card string, n int) ratecard.Revision {
	in.t.Helper()
	all, err := in.Revisions(ctx, card)
	if err != nil {
		in.t.Fatal(err)
	}
	for _, r := range all {
		if r.Number == n {
			return r
		}
	}
	in.t.Fatalf("%s has no revision %d", card, n)
	return ratecard.Revision{}
}

func refused(t *testing.T, err error) []string {
	t.Helper()
	var r *catalog.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("%v, want a refusal", err)
	}
	var out []string
	for _, f := range r.Fields {
		out = append(out, f.Field+" "+f.Found)
	}
	return out
}

func at[T any](v T) *T { return &v }

// A person's rows make a new revision: the one they are made on and what is live
// stay, until a person says otherwise; and the old one can be live again.
func TestAnEditIsPreviewedMadeAndUndone(t *testing.T) {
	in := edited(t)
	before := in.listed("carrier", 1)
	var uk string
	for _, r := range in.ratesOf("carrier", 1) {
		if r.Prefix == "44" {
			uk = ratecard.ID(&r)
		}
	}
	edit := catalog.Edit{Note: "as agreed", Rows: []catalog.EditRow{
		{Action: "U", ID: uk, Price: at("0.0125")},
		{Action: "S", Prefix: at("447"), ConnectionFee: at("0.05"), Rules: map[string]string{"minimum": "10"}},
		{Action: "S", Prefix: at("49"), Price: at("0.04"), From: at(noon.AddDate(0, 1, 0))},
		{Action: "A", Prefix: at("351"), Destination: at("Portugal"), Price: at("0.07"), Interval1: at(uint32(30)), IntervalN: at(uint32(6))},
		{Action: "D", Prefix: at("33")},
		{Action: "S", Prefix: at("4470"), To: at(noon.AddDate(1, 0, 0))},
	}}
	preview, err := in.Revise(ctx, "carrier", 1, edit, true, 2, editor)
	if err != nil {
		t.Fatal(err)
	}
	if preview.Revision != 0 || preview.Same || preview.Rates != 7 || preview.Result.Updated != 4 || preview.Result.Added != 1 || preview.Result.Deleted != 1 || len(preview.First) != 2 {
		t.Errorf("preview %+v of %+v", preview, preview.Result)
	}
	if got := fmt.Sprint(preview.First[0].Class, preview.First[0].Old.Prefix, preview.First[1].Class, preview.First[1].New.Price1, preview.First[1].Percent); got != "closed33new0.07" {
		t.Errorf("the first differences: %s", got)
	}
	if all, err := in.Revisions(ctx, "carrier"); err != nil || len(all) != 1 {
		t.Fatalf("a preview made a revision: %v, %v", all, err)
	}
	made := in.revise("carrier", 1, edit)
	preview.Revision, preview.Object, preview.First, made.First = 2, made.Object, nil, nil
	if diff := cmp.Diff(preview, made, cmp.AllowUnexported(ratecard.Summary{})); diff != "" {
		t.Errorf("preview and edit (-preview +made)\n%s", diff)
	}
	want := []string{
		"351 Portugal 0.07/0.07 30/6 fee 0 from=2026-11-02T13:00:00Z",
		"44 UK 0.0125/0.0125 1/1 fee 0", "447 UK mobile 0.1/0.1 60/60 fee 0.05 minimum=10",
		"4470 Personal 0/0 60/60 fee 0 blocked=1 to=2027-11-02T12:00:00Z", "4477 UK mobile special 0.2/0.2 60/60 fee 0 from=2026-12-24T00:00:00Z",
		"49 Germany 0.03/0.03 1/1 fee 0 to=2026-12-02T12:00:00Z", "49 Germany 0.04/0.04 1/1 fee 0 from=2026-12-02T12:00:00Z",
	}
	if diff := cmp.Diff(want, in.listed("carrier", 2)); diff != "" {
		t.Errorf("the rates of revision 2 (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(before, in.listed("carrier", 1)); diff != "" || len(in.card("carrier").Log) != 1 {
		t.Errorf("revision 1 changed, or something was made live: %v\n%s", in.card("carrier").Log, diff)
	}
	// The base again is the same rates, byte for byte, and can be edited or live.
	again := in.revise("carrier", 1, catalog.Edit{Copy: true})
	if again.Revision != 3 || in.revision("carrier", 3).Rates != in.revision("carrier", 1).Rates {
		t.Errorf("a copy of revision 1 is %+v, want its object %s", in.revision("carrier", 3), in.revision("carrier", 1).Rates)
	}
	// So is the base when every row of an edit is taken back.
	row := []catalog.EditRow{{Action: "D", Prefix: at("33")}}
	gone := in.revise("carrier", 1, catalog.Edit{Rows: row}).Revision
	row[0] = catalog.EditRow{Action: "A", Prefix: at("33"), Destination: at("France"), Price: at("0.02"), Interval1: at(uint32(1)), IntervalN: at(uint32(1))}
	back := in.revise("carrier", gone, catalog.Edit{Rows: row}).Revision
	if got := in.listed("carrier", back); got[0] != before[0]+" from=2026-11-02T13:00:00Z" || !slices.Equal(got[1:], before[1:]) {
		t.Errorf("taken back it is %q", got)
	}
	dearer := in.revise("carrier", 1, catalog.Edit{Change: &catalog.RateChange{Destination: "UK%", Price: "100%"}}).Revision
	if n := in.revise("carrier", dearer, catalog.Edit{Change: &catalog.RateChange{Destination: "UK%", Price: "-50%"}}).Revision; in.revision("carrier", n).Rates != in.revision("carrier", 1).Rates {
		t.Errorf("doubled and halved it is %q", in.listed("carrier", n))
	}
	for i, n := range []int{2, 1} {
		if _, err := in.Activate(ctx, "carrier", catalog.Live{Revision: n, From: noon.Add(time.Duration(i+2) * time.Hour)}, editor); err != nil {
			t.Fatal(err)
		}
	}
	for hour, want := range map[int]int{1: 1, 2: 2, 3: 1} {
		if n, _ := in.card("carrier").Log.At(noon.Add(time.Duration(hour) * time.Hour)); n != want {
			t.Errorf("after %d hours revision %d is live, want %d", hour, n, want)
		}
	}
}

// Every row that is wrong is named, with its place and what it says, and nothing
// is made.
func TestAnEditIsAllOrNothing(t *testing.T) {
	in := edited(t)
	_, err := in.Revise(ctx, "carrier", 1, catalog.Edit{Note: "a\nb", Rows: []catalog.EditRow{
		{Action: "S", Prefix: at("33"), Price: at("0.09")},
		{Action: "X", Prefix: at("33")},
		{Action: "U", Price: at("1")},
		{Action: "U", ID: "r000000000000", Price: at("1")},
		{Action: "A", Prefix: at("351"), Price: at("free"), Interval1: at(uint32(1))},
		{Action: "SA", Prefix: at("352"), Interval1: at(uint32(1)), IntervalN: at(uint32(1))},
		{Action: "A", Prefix: at("353"), Price: at("1")},
		{Action: "S", Prefix: at("44"), Price: at("1"), PriceN: at("1"), Rules: map[string]string{"speed": "high", "blocked": "1"}},
		{Action: "S"},
	}}, false, 0, editor)
	want := []string{
		"note a\nb", "rows[1].action X", "rows[2].id ", "rows[3].id r000000000000", "rows[4].price free", "rows[4].interval_1 ", "rows[4].interval_1 ", "rows[5].price ",
		"rows[6].interval_1 ", "rows[7].price 1", "rows[7].rules.blocked 1", "rows[7].rules.speed high", "rows[8].prefix ",
	}
	if diff := cmp.Diff(want, refused(t, err)); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	_, err = in.Revise(ctx, "carrier", 1, catalog.Edit{Rows: []catalog.EditRow{
		{Action: "A", Prefix: at("44"), Price: at("1"), Interval1: at(uint32(1)), IntervalN: at(uint32(1))},
		{Action: "S", Prefix: at("351"), Price: at("1")},
		{Action: "S", Prefix: at("4470"), Blocked: at(false)},
		{Action: "D", Prefix: at("1")},
	}}, false, 0, editor)
	if diff := cmp.Diff([]string{"rows[0].prefix 44", "rows[1].prefix 351", "rows[3].prefix 1"}, refused(t, err)); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	// What was blocked would be free without a price.
	_, err = in.Revise(ctx, "carrier", 1, catalog.Edit{Rows: []catalog.EditRow{{Action: "S", Prefix: at("4470"), Blocked: at(false)}}}, true, 0, editor)
	if diff := cmp.Diff([]string{"rows 4470"}, refused(t, err)); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	for name, e := range map[string]catalog.Edit{
		"no rows": {}, "too many": {Rows: make([]catalog.EditRow, catalog.MaxEditRows+1)}, "another number": {DeleteAll: at(int64(5))},
		"nothing changes": {Change: &catalog.RateChange{Destination: "UK"}}, "about nothing": {Change: &catalog.RateChange{Price: "5%"}},
		"nobody is picked": {Change: &catalog.RateChange{Destination: "U", Price: "5%"}}, "past": {Change: &catalog.RateChange{Destination: "%", Price: "5%", From: at(noon)}},
		"negative": {Change: &catalog.RateChange{Destination: "%", Price: "-0.05"}}, "inexact": {Change: &catalog.RateChange{Destination: "%", Price: "0.00000000001%"}},
		"no type": {Change: &catalog.RateChange{NumberType: "moblie", Price: "5%"}}, "no mask": {Change: &catalog.RateChange{Destination: "a%b", Price: "5%"}},
		"no increments": {Change: &catalog.RateChange{Destination: "%", Increments: "x"}}, "no fee": {Change: &catalog.RateChange{Destination: "%", ConnectionFee: at("-1")}},
		"no instant": {Copy: true, At: time.Date(20226, 1, 1, 0, 0, 0, 0, time.UTC)}, "no instant of a row": {Rows: []catalog.EditRow{{Action: "S", Prefix: at("44"), Price: at("1"), To: at(time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC))}}},
		"no prefix": {Change: &catalog.RateChange{Prefixes: []string{"4x"}, Price: "5%"}},
	} {
		_, err := in.Revise(ctx, "carrier", 1, e, false, 0, editor)
		if fields := refused(t, err); len(fields) == 0 || name == "past" && !strings.HasPrefix(fields[0], "change.effective_from ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, n := range []struct {
		card string
		n    int
	}{{"carrier", 2}, {"none", 1}} {
		if _, err := in.Revise(ctx, n.card, n.n, catalog.Edit{Copy: true}, false, 0, editor); !errors.Is(err, documents.ErrNotFound) {
			t.Errorf("%v: %v", n, err)
		}
	}
	// A revision of more rates than memory is for.
	path := documents.Path{Collection: "revisions", ID: documents.ID("carrier", "1")}
	doc, err := in.docs.Get(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	doc.Fields["rows"] = int64(catalog.MaxEditRates + 1)
	in.replace(path, doc.Fields, doc.Version)
	_, err = in.Revise(ctx, "carrier", 1, catalog.Edit{DropLater: true}, true, 0, editor)
	if diff := cmp.Diff([]string{"drop_later 1000001"}, refused(t, err)); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	if all, err := in.Revisions(ctx, "carrier"); err != nil || len(all) != 1 {
		t.Errorf("what was refused made %v, %v", all, err)
	}
}

func TestManyRatesAreChangedAlike(t *testing.T) {
	in := edited(t)
	in.load(strings.Replace(setupText, `"features"`, `"call_types": [
		{"id": "mobile", "class": "mobile", "group": "Mobiles", "prefixes": ["447"]}, {"id": "special", "class": "mobile", "group": "Specials", "prefixes": ["4477"]},
		{"id": "in", "class": "inbound", "group": "Specials", "prefixes": ["49"], "direction": "inbound"}], "features"`, 1))
	base := in.listed("carrier", 1)
	christmas := noon.AddDate(0, 2, 0)
	for name, c := range map[string]struct {
		change catalog.RateChange
		want   []string // rates that are not as they were
	}{
		"a mask": {catalog.RateChange{Destination: "uk mobile%", Price: "5%"}, []string{
			"447 UK mobile 0.105/0.105 60/60 fee 0", "4477 UK mobile special 0.21/0.21 60/60 fee 0 from=2026-12-24T00:00:00Z"}},
		"a name, exactly": {catalog.RateChange{Destination: "UK", Price: "+0.000000000001"}, []string{"44 UK 0.010000000001/0.010000000001 1/1 fee 0"}},
		"a part":          {catalog.RateChange{Prefixes: []string{"33", "49"}, Price: "-50%", Name: at("Europe")}, []string{"33 Europe 0.01/0.01 1/1 fee 0", "49 Europe 0.015/0.015 1/1 fee 0"}},
		"all under, of blocked ones not the price": {catalog.RateChange{Prefixes: []string{"447"}, Under: true, Price: "=0.3", Increments: "30/6", ConnectionFee: at("0.01")}, []string{
			"447 UK mobile 0.3/0.3 30/6 fee 0.01", "4477 UK mobile special 0.3/0.3 30/6 fee 0.01 from=2026-12-24T00:00:00Z", "4470 Personal 0/0 30/6 fee 0.01 blocked=1"}},
		"a country and a type":         {catalog.RateChange{Country: "GB", NumberType: "personal", Blocked: at(false), Price: "=0.5"}, []string{"4470 Personal 0.5/0.5 60/60 fee 0"}},
		"a country":                    {catalog.RateChange{Country: "DE", Blocked: at(true)}, []string{"49 Germany 0.03/0.03 1/1 fee 0 blocked=1"}},
		"a group":                      {catalog.RateChange{Group: "Mobiles", Price: "=1"}, []string{"447 UK mobile 1/1 60/60 fee 0"}},
		"a group of what begins later": {catalog.RateChange{Group: "Specials", Price: "=1"}, []string{"4477 UK mobile special 1/1 60/60 fee 0 from=2026-12-24T00:00:00Z"}},
		"from an instant on": {catalog.RateChange{Destination: "%", Country: "GB", Price: "10%", From: &christmas}, []string{
			"44 UK 0.01/0.01 1/1 fee 0 to=2027-01-02T12:00:00Z", "447 UK mobile 0.1/0.1 60/60 fee 0 to=2027-01-02T12:00:00Z",
			"4477 UK mobile special 0.2/0.2 60/60 fee 0 from=2026-12-24T00:00:00Z to=2027-01-02T12:00:00Z",
			"44 UK 0.011/0.011 1/1 fee 0 from=2027-01-02T12:00:00Z", "447 UK mobile 0.11/0.11 60/60 fee 0 from=2027-01-02T12:00:00Z",
			"4477 UK mobile special 0.22/0.22 60/60 fee 0 from=2027-01-02T12:00:00Z"}},
	} {
		out := in.revise("carrier", 1, catalog.Edit{Change: &c.change})
		var got []string
		for _, r := range in.listed("carrier", out.Revision) {
			if !slices.Contains(base, r) {
				got = append(got, r)
			}
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	// What changes nothing makes nothing.
	if out := in.revise("carrier", 1, catalog.Edit{Change: &catalog.RateChange{Destination: "UK", Name: at("UK")}}); !out.Same || out.Revision != 0 {
		t.Errorf("%+v", out)
	}
}

func TestAllRatesOrThoseToComeAreTakenAway(t *testing.T) {
	in := edited(t)
	out := in.revise("carrier", 1, catalog.Edit{DropLater: true})
	if out.Rates != 5 || out.Result.Missing != 1 || out.Revision != 2 {
		t.Errorf("%+v", out)
	}
	if out = in.revise("carrier", 2, catalog.Edit{DropLater: true}); !out.Same || out.Revision != 0 {
		t.Errorf("a second time: %+v", out)
	}
	out = in.revise("carrier", 1, catalog.Edit{DeleteAll: at(int64(6))})
	if out.Rates != 0 || out.Result.Deleted != 6 || out.Revision != 3 || len(out.Notices) != 1 {
		t.Errorf("%+v", out)
	}
	if _, err := in.Activate(ctx, "carrier", catalog.Live{Revision: 3, From: noon.Add(2 * time.Hour)}, editor); !errors.Is(err, catalog.ErrRefused) {
		t.Errorf("a revision without rates is live: %v", err)
	}
}

// A card that is built can be edited, too: what its revision charges is compiled,
// by its terms.
func TestAnEditOfACustomersCardCharges(t *testing.T) {
	in := edited(t)
	out := in.revise("retail", 1, catalog.Edit{Change: &catalog.RateChange{Prefixes: []string{"44"}, Price: "=0.5"}})
	if len(out.Notices) != 1 || !strings.Contains(out.Notices[0], "carrier") {
		t.Errorf("notices %q", out.Notices)
	}
	// Not even a copy is what the parent makes of the card.
	if again := in.revise("retail", 1, catalog.Edit{Copy: true}); in.revision("retail", again.Revision).Inputs != "" {
		t.Error("a copy of a built revision passes for built")
	}
	if _, err := in.Activate(ctx, "retail", catalog.Live{Revision: out.Revision, From: noon.Add(2 * time.Hour)}, editor); err != nil {
		t.Fatal(err)
	}
	name := in.card("retail").Images[fmt.Sprint(out.Revision)]
	card, err := rating.Open(in.read(name, in.generation(name)))
	if err != nil {
		t.Fatal(err)
	}
	c := card.NewPricer().Price(&rating.Usage{Number: "442079460958", Quantity: int64(time.Minute), Instant: noon.Add(3 * time.Hour).UnixNano()})
	if c.Amount.String() != "0.5000" {
		t.Errorf("a minute costs %+v", c)
	}
	// What the carrier sends next is built as ever.
	in.apply(in.drop("carrier/2.csv", strings.Replace(editedDeck, "UK,0.01", "UK,0.04", 1), noon.Add(4*time.Hour)))
	in.compile(noon.Add(4 * time.Hour))
	if got := in.listed("retail", in.card("retail").Log[2].Revision)[1]; !strings.HasPrefix(got, "44 UK 0.044/") {
		t.Errorf("what was built next: %s", got)
	}
}

// Whatever is edited: no revision changes, nothing becomes live, and every object
// can be read.
func TestEditsOnlyAddRevisions(t *testing.T) {
	in := edited(t)
	log := in.card("carrier").Log
	seen := map[int]ratecard.Revision{}
	rapid.Check(t, func(t *rapid.T) {
		all, err := in.Revisions(ctx, "carrier")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if was, ok := seen[r.Number]; ok && !cmp.Equal(was, r) {
				t.Fatalf("revision %+v was %+v", r, was)
			}
			seen[r.Number] = r
		}
		prefix := rapid.SampledFrom([]string{"33", "44", "447", "4477", "351", ""}).Draw(t, "prefix")
		row := catalog.EditRow{
			Action: rapid.SampledFrom([]string{"A", "D", "S", "SA"}).Draw(t, "action"), Prefix: &prefix,
			Price:     at(fmt.Sprintf("0.%02d", rapid.IntRange(1, 99).Draw(t, "price"))),
			Interval1: at(uint32(1)), IntervalN: at(uint32(1)),
		}
		if rapid.Bool().Draw(t, "later") {
			row.From = at(noon.AddDate(0, 0, rapid.IntRange(1, 9).Draw(t, "days")))
		}
		e := catalog.Edit{Rows: []catalog.EditRow{row}}
		switch rapid.IntRange(0, 5).Draw(t, "edit") {
		case 0:
			e = catalog.Edit{DropLater: true}
		case 1:
			e = catalog.Edit{Change: &catalog.RateChange{Prefixes: []string{prefix}, Under: true, Price: rapid.SampledFrom([]string{"10%", "+0.1", "-0.05"}).Draw(t, "markup")}}
		case 2:
			e = catalog.Edit{Copy: true}
		}
		base := rapid.IntRange(1, len(all)).Draw(t, "base")
		out, err := in.Revise(ctx, "carrier", base, e, false, 0, editor)
		if errors.Is(err, catalog.ErrRefused) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if out.Revision > 0 && int64(len(in.ratesOf("carrier", out.Revision))) != out.Rates {
			t.Fatalf("%+v", out)
		}
	})
	if diff := cmp.Diff(log, in.card("carrier").Log); diff != "" {
		t.Errorf("the log (-want +got)\n%s", diff)
	}
	if check, err := in.CheckAudit(ctx, "carrier"); err != nil || check.Problem != "" {
		t.Errorf("the audit log: %+v, %v", check, err)
	}
}
