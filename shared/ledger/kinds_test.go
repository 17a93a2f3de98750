package ledger_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// kindsImage is a card with rates of every kind, a price by tag and one by
// routing number.
func (h *house) kindsImage() string {
	h.t.Helper()
	price := func(s string) money.Price {
		p, err := money.ParsePrice(s)
		if err != nil {
			h.t.Fatal(err)
		}
		return p
	}
	terms := rating.DefaultTerms("GBP")
	terms.ByLRN = true
	image, err := rating.BuildImage(terms, func(yield func(rating.Rate, error) bool) {
		_ = yield(rating.Rate{Prefix: "44", Destination: "UK", PriceN: price("0.06"), IntervalN: 1}, nil) &&
			yield(rating.Rate{Prefix: "44", Destination: "UK gold", Tag: "gold", PriceN: price("0.03"), IntervalN: 1}, nil) &&
			yield(rating.Rate{Prefix: "4477", Destination: "UK ported", PriceN: price("0.6"), IntervalN: 1}, nil) &&
			yield(rating.Rate{Kind: call.SMS, Prefix: "44", Destination: "UK message", PriceN: price("0.05"), IntervalN: 1}, nil) &&
			yield(rating.Rate{Kind: call.Data, Service: "internet", Destination: "Internet", PriceN: price("0.01"), IntervalN: 1000}, nil) &&
			yield(rating.Rate{Kind: call.Event, Service: "premium", Destination: "Premium", PriceN: price("1.5"), IntervalN: 1}, nil)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	name, err := h.StoreImage(h.ctx(), image)
	if err != nil {
		h.t.Fatal(err)
	}
	return name
}

func TestOtherUsageThanCallsIsChargedAndDrawsOnNoBundle(t *testing.T) {
	h := newHouse(t)
	h.setUp(h.kindsImage())
	id := h.receiveText("a.csv", "call_id,account,b_number,start_time,duration,kind,units,lrn,service,tag\n"+
		"m,acme,442079460000,2026-11-01 00:00:00,,sms,3,,,\n"+
		"c,acme,442079460000,2026-11-02 00:00:00,30,,,,,\n"+ // inside the bundle of a minute
		"g,acme,442079460000,2026-11-03 00:00:00,60,,,,,gold\n"+ // half of it
		"p,acme,442079460000,2026-11-04 00:00:00,60,,,447700900123,,\n"+
		"d,acme,,2026-11-05 00:00:00,,data,1500001,,internet,\n"+
		"e,acme,,2026-11-06 00:00:00,,event,1,,premium,\n"+
		"x,acme,,2026-11-07 00:00:00,,event,1,,unknown,\n")
	if b, err := h.Process(t.Context(), id); err != nil || b.Counts != (ledger.Counts{Rows: 7, Accepted: 6, Unrated: 1}) {
		t.Fatalf("%+v, %v", b.Counts, err)
	}
	h.close("2026-11")
	same(t, "invoice", h.bills("2026-11"),
		"2026-11-0001 acme 2026-11 bundled 0.0000", "2026-11-0001 acme 2026-11 recurring:f 5.00", "2026-11-0001 acme 2026-11 usage 0.6150",
		"2026-11-0001 acme 2026-11 usage:data 0.0150", "2026-11-0001 acme 2026-11 usage:event 1.5000", "2026-11-0001 acme 2026-11 usage:sms 0.1500")
	var got []string
	for line := range strings.Lines(h.file("2026-11-0001", billing.FileNames("2026-11-0001").Usage)) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		got = append(got, strings.Join(append(cells[:1:1], cells[4:]...), " "))
	}
	same(t, "usage detail", got,
		"call_id duration prefix destination billed_seconds charge covered_seconds due flags kind units role",
		"m  44 UK message 3 0.1500 0 0.1500 no_lrn sms 3 payer",
		"c 30 44 UK 30 0.0300 30 0.0000 bundled|no_lrn voice  payer",
		"g 60 44 UK gold 60 0.0300 30 0.0150 partly_bundled|no_lrn voice  payer",
		"p 60 4477 UK ported 60 0.6000 0 0.6000 by_lrn voice  payer",
		"d   Internet 1501000 0.0150 0 0.0150  data 1500001 payer",
		"e   Premium 1 1.5000 0 1.5000  event 1 payer")
	problems, err := h.Fsck(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("fsck: %v, %v", problems, err)
	}
}

// A month's units are not seconds, and have no minutes on the page.
func TestTheUnitsOfOtherUsageAreNoMinutes(t *testing.T) {
	h := newHouse(t)
	h.setUp(h.kindsImage())
	id := h.receiveText("a.csv", "call_id,account,b_number,start_time,kind,units\nm,beta,442079460000,2026-11-01 00:00:00,sms,3000000000\n")
	if _, err := h.Process(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	h.close("2026-11")
	heads, err := h.Invoices(t.Context(), key("2026-11"))
	if err != nil || len(heads) != 2 {
		t.Fatalf("%d invoices, %v", len(heads), err)
	}
	inv, err := h.Invoice(t.Context(), heads[1])
	if err != nil {
		t.Fatal(err)
	}
	want := billing.Line{Kind: billing.KindUsage, Key: "usage:sms", Description: "Messages", Calls: 1, Period: key("2026-11").Month}
	got := inv.Lines[0]
	got.Exact, got.Rounded, got.Residue = money.Amount{}, money.Amount{}, money.Amount{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	page := h.file(inv.Number, billing.FileNames(inv.Number).HTML)
	if _, row, _ := strings.Cut(page, "<td>Messages"); !strings.Contains(row[:min(120, len(row))], `<td class="n"></td>`) {
		t.Errorf("the page shows minutes of messages:\n%.200s", row)
	}
}

// file returns a file of an invoice.
func (h *house) file(number, name string) string {
	h.t.Helper()
	info, err := h.buckets.Bills.Stat(h.ctx(), name)
	if err != nil {
		h.t.Fatalf("invoice %s: %v", number, err)
	}
	r, err := h.buckets.Bills.OpenRange(h.ctx(), name, info.Generation, 0, -1)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			h.t.Error(err)
		}
	}()
	data, err := io.ReadAll(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(data)
}
