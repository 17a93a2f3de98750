package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// card is a card whose rows cost so much a minute: "44=0.06", "onnet=0.01" of a
// service, "49=" blocked.
func (h *house) card(id string, rows ...string) book.Card {
	h.t.Helper()
	image, err := rating.BuildImage(rating.DefaultTerms("GBP"), func(yield func(rating.Rate, error) bool) {
		for _, row := range rows {
			of, price, _ := strings.Cut(row, "=")
			r := rating.Rate{Prefix: of, Destination: id + " " + of, Interval1: 1, IntervalN: 1, Blocked: price == ""}
			if strings.Trim(of, "0123456789") != "" {
				r.Prefix, r.Service = "", of
			}
			if price != "" {
				r.Price1, r.PriceN = mustPrice(h.t, price), mustPrice(h.t, price)
			}
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		h.t.Fatal(err)
	}
	name, err := h.StoreImage(h.ctx(), image)
	if err != nil {
		h.t.Fatal(err)
	}
	return book.Card{ID: id, Log: ratecard.Log{{Revision: 1, RecordedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}, Images: map[string]string{"1": name}}
}

func mustPrice(t testing.TB, s string) money.Price {
	t.Helper()
	p, err := money.ParsePrice(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *house) apply(s ledger.Setup) {
	h.t.Helper()
	if err := h.Apply(h.ctx(), s); err != nil {
		h.t.Fatal(err)
	}
}

var january = period.Month{Year: 2026, Month: 1}

// assign sets up what a record is priced by: beta has a card for all, one for
// calls to mobiles, one for calls it receives and one for a number of its own;
// gamma has none.
func (h *house) assign() {
	h.t.Helper()
	h.apply(ledger.Setup{
		Accounts: []book.Account{{ID: "gamma", Cycle: "m", Currency: "GBP"}},
		Feeds:    []book.Feed{{Source: cdr.Feed{ID: "feed", Format: cdr.Generic, Zone: "UTC", Direction: cdr.BothWays}, Cycle: "m"}},
		Cards: []book.Card{
			h.card("all", "44=0.06", "449=0.90", "33=", "onnet=0.01", "=1.20"), h.card("mobile", "447=0.30"), h.card("in", "44=0.02"),
			h.card("own", "44=0.03"), h.card("last", "44=0.66", "999=0.99", "=9.99"), h.card("last-premium", "8=3.00"),
		},
		CallTypes: []book.CallType{
			{ID: "uk", Prefixes: []string{"44"}, Class: "fixed"}, {ID: "mobile", Prefixes: []string{"447"}, Class: "mobile"},
			{ID: "special", Prefixes: []string{"4487"}, Class: "special", RateAs: "449"}, {ID: "inside", Prefixes: []string{"4455"}, Class: "inside", RateAs: "onnet"},
			{ID: "nowhere", Prefixes: []string{"4456"}, Class: "inside", RateAs: "satellite"},
			{ID: "premium", Prefixes: []string{"88"}, Class: "premium"},
		},
		Assignments: []book.Assignment{
			{Account: "beta", From: january, Card: "all"}, {Account: "beta", From: january, Class: "mobile", Card: "mobile"},
			{Account: "beta", From: january, Direction: book.Inbound, Card: "in"}, {Account: "beta", From: january, Number: "442071000000", Card: "own"},
		},
		Fallbacks: []book.Fallback{{Currency: "GBP", From: january, Card: "last"}, {Currency: "GBP", From: january, Class: "premium", Card: "last-premium"}},
	})
}

const assignedFile = `call_id,account,a_number,b_number,start_time,duration,direction
all,beta,442071000009,442079460000,2026-11-01 10:00:00,60,outbound
mobile,beta,442071000009,447700900123,2026-11-01 10:01:00,60,outbound
in,beta,447700900123,442079460000,2026-11-01 10:02:00,60,inbound
own,beta,442071000000,442079460000,2026-11-01 10:03:00,60,outbound
own-in,beta,33142685300,442071000000,2026-11-01 10:04:00,60,inbound
special,beta,442071000009,448712345678,2026-11-01 10:05:00,60,outbound
inside,beta,442071000009,445500000001,2026-11-01 10:06:00,60,outbound
nowhere,beta,442071000009,445600000001,2026-11-01 10:07:00,60,outbound
blocked,beta,442071000009,33142685300,2026-11-01 10:08:00,60,outbound
short,beta,442071000009,999,2026-11-01 10:09:00,60,outbound
shorter,beta,442071000009,998,2026-11-01 10:10:00,60,outbound
class,beta,442071000000,881234567890,2026-11-01 10:11:00,60,outbound
bare,gamma,442071000009,442079460000,2026-11-01 10:12:00,60,outbound
premium,gamma,442071000009,881234567890,2026-11-01 10:13:00,60,outbound
gap,beta,442071000009,447500900123,2026-11-01 10:14:00,60,outbound
`

// prices reads an extract: "call id, charge or reason, destination, flags".
func (h *house) prices(of string) []string {
	h.t.Helper()
	var out []string
	err := h.extract(of).Each(h.ctx(), func(r *export.Record) error {
		price := r.Row.Charge.String()
		if r.Row.Reason != "" {
			price = string(r.Row.Reason)
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %q by %q %s", r.Row.CallID, price, r.Row.PrefixDigits(), r.Destination, r.Row.Flags)))
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func TestRecordsGoToTheCardOfTheirNumberDirectionAndClass(t *testing.T) {
	h := newHouse(t)
	h.assign()
	b, err := h.Process(h.ctx(), h.receiveText("a.csv", assignedFile))
	if err != nil || b.State != ledger.Committed {
		t.Fatalf("%s %s: %v", b.State, b.Failure, err)
	}
	same(t, "rated", h.prices(b.ID),
		`all 0.0600 "44" by "all 44"`,
		`mobile 0.3000 "447" by "mobile 447"`,
		`in 0.0200 "44" by "in 44"`,
		`own 0.0300 "44" by "own 44"`,
		`own-in 0.0300 "44" by "own 44"`,
		`special 0.9000 "" by "all 449" rated_as`,
		`inside 0.0100 "" by "all onnet" rated_as`,
		`nowhere no_rate "" by "" rated_as`, // neither card has such a service, nor a catch-all for it
		`blocked blocked "33" by "all 33"`,  // which is an answer: no fallback
		`short 0.9900 "999" by "last 999" fallback_card`,
		`shorter short_number "" by ""`,
		`class 3.0000 "8" by "last-premium 8" fallback_card`,
		`bare 0.6600 "44" by "last 44" fallback_card`,
		`premium 3.0000 "8" by "last-premium 8" fallback_card`,
		`gap 0.3000 "447" by "mobile 447"`,
	)
	h.proved()
	h.close("2026-11")
	h.proved()
	detail := h.file("2026-11-0002", billing.FileNames("2026-11-0002").Usage)
	for _, want := range []string{",all 449,60,0.9000,0,0.9000,rated_as,", ",all onnet,60,0.0100,0,0.0100,rated_as,", ",last 999,60,0.9900,0,0.9900,fallback_card,"} {
		if !strings.Contains(detail, want) {
			t.Errorf("no %q in the detail\n%s", want, detail)
		}
	}
}

// A month is folded by the book as it is then, whatever of it has changed since
// a file was rated.
func TestAFoldChoosesAgain(t *testing.T) {
	h := newHouse(t)
	h.assign()
	b, err := h.Process(h.ctx(), h.receiveText("a.csv", assignedFile))
	if err != nil {
		t.Fatal(err)
	}
	before := h.prices(b.ID)
	folded := func(what string, changes map[string]string) {
		t.Helper()
		h.proved()
		got := map[string]string{}
		for _, line := range h.prices("m:2026-11") {
			id, rest, _ := strings.Cut(line, " ")
			got[id] = rest
		}
		for _, line := range before {
			id, want, _ := strings.Cut(line, " ")
			if changed, ok := changes[id]; ok {
				want = changed
			}
			if got[id] != want {
				t.Errorf("%s: %s is %s, want %s", what, id, got[id], want)
			}
		}
	}
	folded("nothing", nil)
	// The same card, for usage rated as another.
	h.apply(ledger.Setup{CallTypes: []book.CallType{{ID: "special", Prefixes: []string{"4487"}, Class: "special", RateAs: "onnet"}}})
	folded("rated as another", map[string]string{"special": `0.0100 "" by "all onnet" rated_as`})
	h.apply(ledger.Setup{CallTypes: []book.CallType{{ID: "special", Prefixes: []string{"4487"}, Class: "special"}, {ID: "uk", Prefixes: []string{"44"}, Class: "fixed", RateAs: "449"}}})
	folded("rated as it is, and others not", map[string]string{
		"special": `0.0600 "44" by "all 44"`, "all": `0.9000 "" by "all 449" rated_as`, "bare": `short_number "" by "" fallback_card|rated_as`,
		// Fewer than 7 digits are a row of just these, which the other cards have not.
		"in": `short_number "" by "" rated_as`, "own": `short_number "" by "" rated_as`, "own-in": `short_number "" by "" rated_as`,
	})
	h.assign()
	folded("as before", nil)
	// The fallback of before is the card that is assigned now; and another one.
	h.apply(ledger.Setup{
		Assignments: []book.Assignment{{Account: "gamma", From: january, Card: "last"}},
		Fallbacks:   []book.Fallback{{Currency: "GBP", From: period.Month{Year: 2026, Month: 11}, Card: "short"}},
		Cards:       []book.Card{h.card("short", "998=0.98")},
	})
	folded("another fallback", map[string]string{
		"bare": `0.6600 "44" by "last 44"`, "premium": `9.9900 "" by "last "`, "short": `short_number "" by ""`, "shorter": `0.9800 "998" by "short 998" fallback_card`,
	})
}

// Where nothing has to be asked for record by record, a fallback still prices
// what an account without a card uses, when the file is rated.
func TestAFallbackPricesAnAccountWithoutACardAtOnce(t *testing.T) {
	h := newHouse(t)
	h.apply(ledger.Setup{
		Accounts: []book.Account{{ID: "gamma", Cycle: "m", Currency: "GBP"}}, Cards: []book.Card{h.card("last", "44=0.66")},
		Fallbacks: []book.Fallback{{Currency: "GBP", From: january, Card: "last"}},
	})
	b := h.deliver("a.csv", "1,gamma,,442079460000,2026-11-01 10:00:00,60", "2,gamma,,33142685300,2026-11-01 10:00:00,60")
	if got, want := fmt.Sprint(h.charges(b)), "[payer gamma m:2026-11 rated 0.6600 payer gamma m:2026-11 unrated no_rate]"; got != want || b.Counts.Accepted != 1 {
		t.Errorf("%s, %+v; want %s", got, b.Counts, want)
	}
}
