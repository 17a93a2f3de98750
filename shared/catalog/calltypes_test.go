package catalog_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/period"
)

const rulesText = `{
  "format": "tollbook setup 1",
  "cycles": [],
  "cards": [],
  "plans": [],
  "feeds": [],
  "accounts": [],
  "call_types": [
    {"id": "mobile", "name": "Mobiles", "prefixes": ["447", "4478"], "direction": "outbound", "band": "M1", "class": "mobile", "group": "Mobile",
     "rate_as": "449", "itemise": "masked", "weight": 200, "from": "2026-11-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"},
    {"id": "uk", "prefixes": ["44"], "class": "fixed"}
  ],
  "assignments": [
    {"account": "acme", "number": "442079460000", "from": "2026-10", "card": "retail"},
    {"account": "acme", "direction": "inbound", "class": "mobile", "from": "2026-10", "card": "retail"}
  ],
  "fallbacks": [
    {"currency": "GBP", "from": "2026-10", "card": "retail"},
    {"class": "mobile", "direction": "inbound", "currency": "GBP", "from": "2026-10", "card": "retail"}
  ],
  "features": []
}`

func TestRulesOfChoiceComeBackAsTheyWentIn(t *testing.T) {
	in := start(t)
	want, err := catalog.ParseSetup(strings.NewReader(rulesText))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		in.load(rulesText)
		got, err := in.Export(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.CallTypes, got.CallTypes); diff != "" {
			t.Errorf("call types (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(want.Fallbacks, got.Fallbacks); diff != "" {
			t.Errorf("fallbacks (-want +got)\n%s", diff)
		}
		all := append([]book.Assignment{{Account: "acme", From: period.Month{Year: 2026, Month: 1}, Card: "retail"}}, want.Assignments[1], want.Assignments[0])
		if diff := cmp.Diff(all, got.Assignments); diff != "" {
			t.Errorf("assignments (-want +got)\n%s", diff)
		}
		var text bytes.Buffer
		if _, err := got.WriteTo(&text); err != nil || !strings.HasSuffix(got.Counts().String(), ", 2 call types, 2 fallbacks") {
			t.Errorf("%s, %v", got.Counts(), err)
		}
		if _, err := catalog.ParseSetup(&text); err != nil {
			t.Errorf("what was written is refused: %v", err)
		}
	}
}

func TestRulesOfChoiceThatCannotHoldAreRefused(t *testing.T) {
	for want, change := range map[string][2]string{
		`prefixes "0": want 1 to 1000`:                                        {`["44"]`, `[]`},
		`prefixes[0] "+44": want 0 to 15 digits`:                              {`["44"]`, `["+44"]`},
		`prefixes[1] "44": want each once`:                                    {`["44"]`, `["44", "44"]`},
		`call type uk: class "Fixed": want 1 to 32 of a to z`:                 {`"fixed"`, `"Fixed"`},
		`call type uk: class "": want`:                                        {`"fixed"`, `""`},
		`call type mobile: direction "up": want outbound, inbound, or none`:   {`"outbound"`, `"up"`},
		`itemise "some": want yes, masked or no`:                              {`"masked"`, `"some"`},
		`weight "10001": want 0 to 10000`:                                     {`200`, `10001`},
		`to "2026-11-01T00:00:00Z": want an instant after from`:               {`"2027-01`, `"2026-11`},
		`rate_as "449449449449449449449449449449449": want at most 32`:        {`"449"`, `"` + strings.Repeat("449", 11) + `"`},
		`call types mobile and uk are both for prefix "447"`:                  {`"uk", "prefixes": ["44"]`, `"uk", "direction": "outbound", "band": "M1", "from": "2026-11-01T00:00:00Z", "prefixes": ["447"]`},
		`assignment acme 2026-10: number "+44": want 1 to 32 digits`:          {`"442079460000"`, `"+44"`},
		`assignment acme 2026-10: class "mobil": want one that a call type h`: {`"direction": "inbound", "class": "mobile", "from"`, `"direction": "inbound", "class": "mobil", "from"`},
		`fallback GBP 2026-10: card "none": want a card that is there`:        {`"GBP", "from": "2026-10", "card": "retail"`, `"GBP", "from": "2026-10", "card": "none"`},
		`card "carrier": want a customer card in GBP`:                         {`"GBP", "from": "2026-10", "card": "retail"`, `"GBP", "from": "2026-10", "card": "carrier"`},
		`card "retail": want a customer card in EUR: it is a customer card i`: {`{"currency": "GBP"`, `{"currency": "EUR"`},
		`fallback EURO 2026-10: currency "EURO": want an ISO 4217 code`:       {`{"currency": "GBP"`, `{"currency": "EURO"`},
		`fallback GBP 2026-10: class "mobil": want one that a call type has`:  {`{"class": "mobile"`, `{"class": "mobil"`},
	} {
		in := start(t)
		before := in.bookVersion()
		text := strings.Replace(rulesText, change[0], change[1], 1)
		if text == rulesText {
			t.Fatalf("nothing to change: %s", change[0])
		}
		s, err := catalog.ParseSetup(strings.NewReader(text))
		if err == nil {
			err = in.Import(ctx, s)
		}
		if !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is answered %v, want %s", change[1], err, want)
		}
		if in.bookVersion() != before {
			t.Errorf("%s was refused, and changed the book", change[1])
		}
	}
}

func TestAnEditOfARuleIsRefusedWithTheFieldThatIsWrong(t *testing.T) {
	in := start(t)
	in.load(rulesText)
	for _, tt := range []struct {
		want string
		put  func() (documents.Version, error)
	}{
		{`call type other: prefixes "44": want another direction, band or from: call type uk has these for it, too`, func() (documents.Version, error) {
			return in.PutCallType(ctx, book.CallType{ID: "other", Prefixes: []string{"33", "44"}, Class: "x"}, create)
		}},
		{`assignment acme 2026-12: class "premium": want one that a call type has: fixed, mobile`, func() (documents.Version, error) {
			return in.PutAssignment(ctx, book.Assignment{Account: "acme", From: period.Month{Year: 2026, Month: 12}, Class: "premium", Card: "retail"}, create)
		}},
		{`fallback GBP 2026-12: class "premium": want one that a call type has`, func() (documents.Version, error) {
			return in.PutFallback(ctx, book.Fallback{Currency: "GBP", From: period.Month{Year: 2026, Month: 12}, Class: "premium", Card: "retail"}, create)
		}},
		{`card "carrier": want a customer card`, func() (documents.Version, error) {
			return in.PutFallback(ctx, book.Fallback{Currency: "GBP", From: period.Month{Year: 2026, Month: 12}, Card: "carrier"}, create)
		}},
		{`card "retail": want a card in EUR`, func() (documents.Version, error) {
			return in.PutFallback(ctx, book.Fallback{Currency: "EUR", From: period.Month{Year: 2026, Month: 12}, Card: "retail"}, create)
		}},
		{`card "none": want a card that is there`, func() (documents.Version, error) {
			return in.PutFallback(ctx, book.Fallback{Currency: "GBP", From: period.Month{Year: 2026, Month: 12}, Card: "none"}, create)
		}},
	} {
		before := in.bookVersion()
		if _, err := tt.put(); !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), tt.want) || in.bookVersion() != before {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
	if _, err := in.PutCallType(ctx, book.CallType{ID: "other", Prefixes: []string{"44"}, Class: "x", From: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}, create); err != nil {
		t.Errorf("one that begins later: %v", err)
	}
}

// Of call types that nothing tells apart one is taken, whoever writes when: the
// book never stands still for two.
func TestOfCallTypesThatContradictEachOtherOneIsTakenHoweverTheyCome(t *testing.T) {
	in := start(t)
	for round := range 10 {
		taken := make([]error, 8)
		var wait sync.WaitGroup
		begin := make(chan struct{})
		for i := range taken {
			wait.Go(func() {
				<-begin
				v := book.CallType{ID: fmt.Sprintf("t%d-%d", round, i), Prefixes: []string{fmt.Sprint(440 + round), fmt.Sprint(100*(i+1) + round)}, Class: "x"}
				_, err := in.PutCallType(ctx, v, create)
				for errors.Is(err, documents.ErrConflict) { // others were written meanwhile
					_, err = in.PutCallType(ctx, v, create)
				}
				taken[i] = err
			})
		}
		close(begin)
		wait.Wait()
		count := 0
		for _, err := range taken {
			if err == nil {
				count++
			} else if !errors.Is(err, catalog.ErrRefused) {
				t.Error(err)
			}
		}
		if count != 1 {
			t.Errorf("%d were taken, want one", count)
		}
	}
}
