package book

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// live is a card that is live since ever, by an image of its name.
func live(id string) Card {
	return Card{ID: id, Log: ratecard.Log{{Revision: 1}}, Images: map[string]string{"1": id + "-1"}}
}

// choosing is a book of call types, assignments by everything, and fallbacks.
func choosing() *Book {
	b := &Book{
		Rules: RuleVersion, Cycles: []Cycle{{ID: "london", Zone: "Europe/London"}},
		Accounts: []Account{
			{ID: "acme", Cycle: "london", Currency: "GBP"}, {ID: "bare", Cycle: "london", Currency: "GBP"},
			{ID: "euro", Cycle: "london", Currency: "EUR"}, {ID: "plain", Cycle: "london", Currency: "EUR"},
		},
		CallTypes: []CallType{
			{ID: "uk", Prefixes: []string{"44"}, Class: "outbound"},
			{ID: "mobile", Prefixes: []string{"4477", "4478"}, Class: "mobile"},
			{ID: "mobile-in", Prefixes: []string{"4477"}, Class: "inbound", Direction: Inbound},
			{ID: "mobile-gold", Prefixes: []string{"4477"}, Class: "gold", Band: "gold"},
			{ID: "mobile-in-gold", Prefixes: []string{"4477"}, Class: "goldin", Direction: Inbound, Band: "gold"},
			{ID: "special", Prefixes: []string{"4487"}, Class: "premium", RateAs: "449", From: at("2026-11-01T00:00:00Z"), To: at("2026-12-01T00:00:00Z")},
			{ID: "special-late", Prefixes: []string{"4487"}, Class: "late", From: at("2026-11-20T00:00:00Z")},
			{ID: "emergency", Prefixes: []string{"112"}, Class: "free"},
			{ID: "rest", Prefixes: []string{""}, Class: "other"},
		},
		Assignments: []Assignment{
			{Account: "acme", From: month("2026-09"), Card: "all"},
			{Account: "acme", From: month("2026-11"), Card: "all2"},
			{Account: "acme", From: month("2026-10"), Direction: Inbound, Card: "in"},
			{Account: "acme", From: month("2026-10"), Class: "mobile", Card: "mobile"},
			{Account: "acme", From: month("2026-10"), Class: "inbound", Card: "mobile-in"},
			{Account: "acme", From: month("2026-10"), Class: "inbound", Direction: Inbound, Card: "both"},
			{Account: "acme", From: month("2026-10"), Number: "442071", Card: "own"},
			{Account: "acme", From: month("2026-12"), Number: "442071", Card: "own2"},
			{Account: "acme", From: month("2026-10"), Number: "442071", Class: "mobile", Card: "own-mobile"},
			{Account: "plain", From: month("2026-01"), Card: "dead"},
			{Account: "euro", From: month("2026-01"), Class: "mobile", Card: "dead"},
		},
		Fallbacks: []Fallback{
			{Currency: "GBP", From: month("2026-01"), Card: "last"},
			{Currency: "GBP", From: month("2026-10"), Card: "last2"},
			{Currency: "GBP", From: month("2026-01"), Class: "premium", Card: "premium"},
			{Currency: "GBP", From: month("2026-01"), Direction: Inbound, Card: "last-in"},
			{Currency: "GBP", From: month("2026-01"), Class: "premium", Direction: Inbound, Card: "premium-in"},
		},
	}
	for _, id := range []string{
		"all", "all2", "in", "mobile", "mobile-in", "both", "own", "own2", "own-mobile", "last", "last2", "premium", "last-in", "premium-in",
	} {
		b.Cards = append(b.Cards, live(id))
	}
	b.Cards = append(b.Cards, Card{ID: "dead", Images: map[string]string{}})
	return b
}

func record(account, from, to, way, tag, instant string) *call.Record {
	r := &call.Record{Account: account, ANumber: from, BNumber: to, Tag: tag, Instant: at(instant).UnixNano()}
	if way == "in" {
		r.Direction = call.Inbound
	}
	return r
}

func TestTheCallTypeOfARecord(t *testing.T) {
	ix := index(t, choosing())
	const noon = "2026-11-10T12:00:00Z"
	for _, tc := range []struct{ to, way, tag, at, want string }{
		{"442079460000", "out", "", noon, "uk"},
		{"447700900123", "out", "", noon, "mobile"},
		{"447800900123", "out", "gold", noon, "mobile"}, // of another prefix than the gold one
		{"447700900123", "in", "", noon, "mobile-in"},
		{"447700900123", "out", "gold", noon, "mobile-gold"},
		{"447700900123", "in", "gold", noon, "mobile-in-gold"},
		{"447700900123", "in", "silver", noon, "mobile-in"},
		{"447800900123", "in", "", noon, "mobile"},
		{"448712345678", "out", "", "2026-10-31T23:59:59Z", "uk"}, // the longer one does not hold yet
		{"448712345678", "out", "", "2026-11-01T00:00:00Z", "special"},
		{"448712345678", "out", "", "2026-11-20T00:00:00Z", "special-late"}, // both hold: the latest
		{"448712345678", "out", "", "2026-12-01T00:00:00Z", "special-late"},
		{"12125550100", "out", "", noon, "rest"},
		{"", "out", "", noon, "rest"},
		{"onnet", "out", "", noon, "rest"},
		{"4477", "out", "", noon, "mobile"}, // short, and all of its digits
		{"447700", "out", "", noon, "rest"}, // short: 4477 is a prefix of numbers
		{"112", "out", "", noon, "emergency"},
		{"1120", "out", "", noon, "rest"},
		{"1122345", "out", "", noon, "emergency"},
	} {
		c, _ := ix.Choose(record("acme", "", tc.to, tc.way, tc.tag, tc.at))
		if c.Type == nil || c.Type.ID != tc.want {
			t.Errorf("%s %s %s at %s: %+v, want %s", tc.to, tc.way, tc.tag, tc.at, c.Type, tc.want)
		}
	}
	b := choosing()
	b.CallTypes = b.CallTypes[:2]
	if c, _ := index(t, b).Choose(record("acme", "", "12125550100", "out", "", noon)); c.Type != nil || c.Card != "all2" {
		t.Errorf("of no call type: %+v", c)
	}
}

func TestTheOrderOfChoice(t *testing.T) {
	ix := index(t, choosing())
	const noon = "2026-11-10T12:00:00Z"
	for _, tc := range []struct {
		account, from, to, way, at string
		card, fallback             string
		flags                      call.Flags
		why                        call.Reason
	}{
		{"acme", "", "442079460000", "out", noon, "all2", "last2", 0, ""},
		{"acme", "", "442079460000", "out", "2026-10-10T12:00:00Z", "all", "last2", 0, ""},
		{"acme", "", "442079460000", "out", "2026-10-31T23:30:00Z", "all", "last2", 0, ""},
		{"acme", "", "442079460000", "out", "2026-09-30T22:59:59Z", "all", "last", 0, ""}, // September in London
		{"acme", "", "442079460000", "out", "2026-09-30T23:00:00Z", "all", "last2", 0, ""},
		{"acme", "", "442079460000", "out", "2026-08-10T12:00:00Z", "last", "", call.FallbackCard, ""}, // nothing assigned yet
		{"acme", "", "442079460000", "in", noon, "in", "last-in", 0, ""},
		{"acme", "", "447700900123", "out", noon, "mobile", "last2", 0, ""},
		{"acme", "", "447800900123", "in", noon, "mobile", "last-in", 0, ""}, // the class goes before the direction
		{"acme", "", "447700900123", "in", noon, "both", "last-in", 0, ""},
		{"acme", "442071", "442079460000", "out", noon, "own", "last2", 0, ""},
		{"acme", "442071", "442079460000", "out", "2026-12-10T12:00:00Z", "own2", "last2", 0, ""},
		{"acme", "442071", "447700900123", "out", "2026-12-10T12:00:00Z", "own-mobile", "last2", 0, ""}, // goes before the later month
		{"acme", "442071", "442079460000", "in", noon, "in", "last-in", 0, ""},                          // the caller is not the account's
		{"acme", "1212", "442071", "in", noon, "own", "last-in", 0, ""},
		{"acme", "442071", "442079460000", "out", "2026-09-10T12:00:00Z", "all", "last", 0, ""}, // the number's is not from then on
		{"acme", "", "448712345678", "out", noon, "all2", "premium", call.RatedAs, ""},
		{"acme", "", "448712345678", "in", noon, "in", "premium-in", call.RatedAs, ""},
		{"bare", "", "442079460000", "out", noon, "last2", "", call.FallbackCard, ""},
		{"bare", "", "448712345678", "out", noon, "premium", "", call.FallbackCard | call.RatedAs, ""},
		{"bare", "", "442079460000", "out", "2025-12-10T12:00:00Z", "", "", 0, call.NoCard},
		{"euro", "", "447700900123", "out", noon, "dead", "", 0, call.NoCard}, // no fallback in euro, the card is not live
		{"euro", "", "442079460000", "out", noon, "", "", 0, call.NoCard},
		{"plain", "", "442079460000", "out", noon, "dead", "", 0, call.NoCard},
		{"who", "", "442079460000", "out", noon, "", "", 0, call.NoAccount},
	} {
		c, why := ix.Choose(record(tc.account, tc.from, tc.to, tc.way, "", tc.at))
		if c.Card != tc.card || c.Fallback != tc.fallback || c.Flags != tc.flags || why != tc.why {
			t.Errorf("%s %s from %s to %s at %s: %s, then %q, %q, %q; want %s, then %q, %q, %q",
				tc.account, tc.way, tc.from, tc.to, tc.at, c.Card, c.Fallback, c.Flags, why, tc.card, tc.fallback, tc.flags, tc.why)
		}
		if want := image(tc.card); why == "" && c.Image != want || c.FallbackImage != image(c.Fallback) {
			t.Errorf("%s to %s: images %q and %q", tc.account, tc.to, c.Image, c.FallbackImage)
		}
	}
}

func image(card string) string {
	if card == "" {
		return ""
	}
	return card + "-1"
}

func TestWhatComesAfterACardWithoutARate(t *testing.T) {
	ix := index(t, choosing())
	c, _ := ix.Choose(record("acme", "", "448712345678", "out", "", "2026-11-10T12:00:00Z"))
	for _, why := range []call.Reason{"", call.Blocked, call.BadDuration, call.NoCard} {
		if _, ok := c.After(why); ok {
			t.Errorf("%q falls back", why)
		}
	}
	for _, why := range []call.Reason{call.NoRate, call.ShortNumber} {
		next, ok := c.After(why)
		want := c
		want.Card, want.Image, want.Fallback, want.FallbackImage, want.Flags = "premium", "premium-1", "", "", call.FallbackCard|call.RatedAs
		if diff := cmp.Diff(want, next); !ok || diff != "" {
			t.Errorf("after %s (-want +got)\n%s", why, diff)
		}
		if _, ok := next.After(why); ok {
			t.Error("a fallback has another one")
		}
	}
}

func TestPlainAccountsHaveOneCardAtAnInstant(t *testing.T) {
	b := choosing()
	for _, tc := range []struct {
		account          string
		plain, fallbacks bool
	}{{"acme", false, true}, {"bare", false, true}, {"euro", false, false}, {"plain", false, false}, {"who", true, false}} {
		if ix := index(t, b); ix.Plain(tc.account) != tc.plain || ix.Fallbacks(tc.account) != tc.fallbacks {
			t.Errorf("%s with a call type that is rated as other: plain %t, fallbacks %t", tc.account, ix.Plain(tc.account), ix.Fallbacks(tc.account))
		}
	}
	for i := range b.CallTypes {
		b.CallTypes[i].RateAs = ""
	}
	ix := index(t, b)
	for account, plain := range map[string]bool{"acme": false, "bare": true, "euro": false, "plain": true, "who": true} {
		if ix.Plain(account) != plain {
			t.Errorf("%s: plain %t, want %t", account, !plain, plain)
		}
	}
	for _, narrow := range []Assignment{{Number: "1"}, {Class: "x"}, {Direction: Outbound}} {
		b := choosing()
		b.CallTypes = nil
		narrow.Account, narrow.From, narrow.Card = "bare", month("2026-01"), "all"
		if b.Assignments = append(b.Assignments, narrow); index(t, b).Plain("bare") {
			t.Errorf("plain with %+v", narrow)
		}
	}
}

// What a supplier charges us is by the card that its account has: no fallback
// has the last word, and no call type says that another number was called.
func TestASupplierHasNeitherFallbacksNorWhatIsRatedAsOther(t *testing.T) {
	b := choosing()
	b.Cycles = append(b.Cycles, Cycle{ID: "bought", Zone: "UTC", Kind: Suppliers})
	b.Accounts = append(b.Accounts, Account{ID: "carrier", Cycle: "bought", Currency: "GBP"})
	b.Assignments = append(b.Assignments, Assignment{Account: "carrier", From: month("2026-11"), Card: "all"})
	ix := index(t, b)
	r := record("carrier", "442071", "448712345678", "outbound", "", "2026-11-10T00:00:00Z")
	c, why := ix.ChooseAs(r, call.Supplier)
	if why != "" || c.Card != "all" || c.Fallback != "" || c.RateAs != "" || c.Flags != 0 || c.Type == nil || c.Type.ID != "special" {
		t.Errorf("%+v, %q; want card all alone, of call type special", c, why)
	}
	r.Instant = at("2026-10-10T00:00:00Z").UnixNano()
	if c, why := ix.ChooseAs(r, call.Supplier); why != call.NoCard || c.Image != "" {
		t.Errorf("before it has a card: %+v, %q; want %s", c, why, call.NoCard)
	}
	if !ix.Plain("carrier") || ix.Fallbacks("carrier") {
		t.Error("its usage is asked for one by one, want by blocks")
	}
}

func TestRulesThatContradictEachOtherAreRefused(t *testing.T) {
	for want, breakIt := range map[string]func(*Book){
		`call types "mobile" and "x" are both for prefix "4478"`: func(b *Book) {
			b.CallTypes = append(b.CallTypes, CallType{ID: "x", Prefixes: []string{"1", "4478"}})
		},
		`call types "special" and "x" are both`: func(b *Book) {
			b.CallTypes = append(b.CallTypes, CallType{ID: "x", Prefixes: []string{"4487"}, From: at("2026-11-01T00:00:00Z")})
		},
		`call type "x" has no prefixes`:         func(b *Book) { b.CallTypes = append(b.CallTypes, CallType{ID: "x"}) },
		`call type "mobile" has direction "up"`: func(b *Book) { b.CallTypes[1].Direction = "up" },
		`call type "special" ends`:              func(b *Book) { b.CallTypes[5].To = b.CallTypes[5].From },
		`call types: prefix "4x"`:               func(b *Book) { b.CallTypes[0].Prefixes[0] = "4x" },
		`account "acme" has both card "own" and card "all" from 2026-10`: func(b *Book) {
			b.Assignments[0] = Assignment{Account: "acme", From: month("2026-10"), Class: "mobile", Card: "own"}
			b.Assignments[3].Card = "all"
		},
		`a number of account "acme" has both card`:             func(b *Book) { b.Assignments[7].From = month("2026-10") },
		`card "all" for direction "up"`:                        func(b *Book) { b.Assignments[0].Direction = "up" },
		`the fallback in GBP is both card "last"`:              func(b *Book) { b.Fallbacks[1].From = b.Fallbacks[0].From },
		`a fallback in GBP is card "x", which is not in the b`: func(b *Book) { b.Fallbacks[0].Card = "x" },
	} {
		b := choosing()
		breakIt(b)
		b.sort()
		if _, err := NewIndex(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %s", err, want)
		}
	}
	b := choosing()
	b.CallTypes = append(b.CallTypes,
		CallType{ID: "x", Prefixes: []string{"4478"}, Direction: Inbound}, CallType{ID: "y", Prefixes: []string{"4478"}, Band: "b"},
		CallType{ID: "z", Prefixes: []string{"4478"}, Direction: Outbound}, CallType{ID: "later", Prefixes: []string{"4478"}, From: time.Unix(1, 0)})
	if _, err := NewIndex(b); err != nil {
		t.Errorf("call types that differ: %v", err)
	}
}

// One choice for each of many records: none of it allocates.
func BenchmarkChoose(b *testing.B) {
	ix, err := NewIndex(choosing())
	if err != nil {
		b.Fatal(err)
	}
	r := record("acme", "442071", "447700900123", "out", "", "2026-11-10T12:00:00Z")
	b.ReportAllocs()
	for b.Loop() {
		if c, _ := ix.Choose(r); c.Card != "own-mobile" {
			b.Fatal(c.Card)
		}
	}
}
