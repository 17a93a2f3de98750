package book

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// greatest returns the place of the candidate with the greatest rank; -1: there
// is none.
func greatest(ranks [][]int64) int {
	best := -1
	for i, r := range ranks {
		if r != nil && (best < 0 || slices.Compare(r, ranks[best]) > 0) {
			best = i
		}
	}
	return best
}

func rank(is ...bool) (out []int64) {
	for _, b := range is {
		out = append(out, int64(given(b)))
	}
	return out
}

// twinType goes over every prefix of every call type.
func twinType(b *Book, r *call.Record) *CallType {
	var types []*CallType
	var ranks [][]int64
	for i := range b.CallTypes {
		t := &b.CallTypes[i]
		for _, p := range t.Prefixes {
			types, ranks = append(types, t), append(ranks, nil)
			fits := strings.HasPrefix(r.BNumber, p) && (p == "" || len(r.BNumber) >= 7 || len(p) == len(r.BNumber))
			begun := t.From.IsZero() || !r.At().Before(t.From)
			if !fits || !begun || !t.To.IsZero() && !r.At().Before(t.To) || t.Band != "" && t.Band != r.Tag ||
				t.Direction != "" && (t.Direction == Inbound) != (r.Direction == call.Inbound) {
				continue
			}
			from := int64(math.MinInt64)
			if !t.From.IsZero() {
				from = t.From.Unix()
			}
			ranks[len(ranks)-1] = append(append([]int64{int64(len(p))}, rank(t.Direction != "", t.Band != "")...), from)
		}
	}
	if i := greatest(ranks); i >= 0 {
		return types[i]
	}
	return nil
}

// twinCard goes over every assignment, then every fallback: of suppliers there is
// none.
func twinCard(b *Book, r *call.Record, role call.Role) (card, fallback string) {
	class, own := "", r.ANumber
	if t := twinType(b, r); t != nil {
		class = t.Class
	}
	way := Outbound
	if r.Direction == call.Inbound {
		own, way = r.BNumber, Inbound
	}
	m := period.Of(r.At(), time.UTC)
	months := func(m period.Month) int64 { return int64(m.Year)*12 + int64(m.Month) }
	var ranks [][]int64
	for _, a := range b.Assignments {
		var of []int64
		if a.Account == r.Account && months(a.From) <= months(m) && (a.Number == "" || a.Number == own) &&
			(a.Class == "" || a.Class == class) && (a.Direction == "" || a.Direction == way) {
			of = append(rank(a.Number != "", a.Class != "" && a.Direction != "", a.Class != "", a.Direction != ""), months(a.From))
		}
		ranks = append(ranks, of)
	}
	if i := greatest(ranks); i >= 0 {
		card = b.Assignments[i].Card
	}
	if role == call.Supplier {
		return card, ""
	}
	ranks = nil
	for _, f := range b.Fallbacks {
		var of []int64
		if f.Currency == "GBP" && months(f.From) <= months(m) && (f.Class == "" || f.Class == class) && (f.Direction == "" || f.Direction == way) {
			of = append(rank(f.Class != "" && f.Direction != "", f.Class != "", f.Direction != ""), months(f.From))
		}
		ranks = append(ranks, of)
	}
	if i := greatest(ranks); i >= 0 && b.Fallbacks[i].Card != card {
		fallback = b.Fallbacks[i].Card
	}
	if card == "" {
		return fallback, ""
	}
	return card, fallback
}

// Whatever is set up: the index chooses as nested loops over all of it do.
func TestChoiceIsTheTwins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
		way := func() Direction { return Direction(pick("direction", "", "", "outbound", "inbound")) }
		class := func() string { return pick("class", "", "a", "b") }
		from := func() period.Month { return month(pick("month", "2026-09", "2026-10", "2026-11", "2026-12")) }
		instant := func() time.Time {
			return rapid.SampledFrom([]time.Time{{}, at("2026-10-31T23:59:59Z"), at("2026-11-01T00:00:00Z"), at("2026-11-15T00:00:00Z"), at("2026-12-31T00:00:00Z")}).Draw(t, "instant")
		}
		b := &Book{
			Rules: RuleVersion, Cycles: []Cycle{{ID: "utc", Zone: "UTC"}, {ID: "bought", Zone: "UTC", Kind: Suppliers}}, Cards: []Card{live("1"), live("2"), live("3"), live("4")},
			Accounts: []Account{{ID: "acme", Cycle: pick("cycle", "utc", "utc", "bought"), Currency: "GBP"}, {ID: "beta", Cycle: "utc", Currency: "EUR"}},
		}
		for i := range rapid.IntRange(0, 8).Draw(t, "call types") {
			c := CallType{
				ID: string(rune('a' + i)), Direction: way(), Band: pick("band", "", "", "x", "y"), Class: pick("class", "a", "b", "c"), From: instant(),
				Prefixes: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"", "4", "44", "447", "4477", "447700", "4477009", "12"}), 1, 4, rapid.ID).Draw(t, "prefixes"),
			}
			if to := instant(); to.After(c.From) {
				c.To = to
			}
			b.CallTypes = append(b.CallTypes, c)
		}
		for range rapid.IntRange(0, 8).Draw(t, "assignments") {
			b.Assignments = append(b.Assignments, Assignment{
				Account: pick("account", "acme", "acme", "beta"), Number: pick("number", "", "", "4477009", "12"), Direction: way(), Class: class(), From: from(),
				Card: pick("card", "1", "2", "3", "4"),
			})
		}
		for range rapid.IntRange(0, 5).Draw(t, "fallbacks") {
			b.Fallbacks = append(b.Fallbacks, Fallback{
				Currency: pick("currency", "GBP", "GBP", "EUR"), Direction: way(), Class: class(), From: from(), Card: pick("card", "1", "2", "3", "4"),
			})
		}
		ix, err := NewIndex(b)
		if err != nil {
			t.Skip("it contradicts itself")
		}
		for range 8 {
			number := func() string {
				return pick("number", "", "4", "44", "447700", "4477009", "447700900123", "44770090012345678", "448", "12", "1234567890", "alice")
			}
			r := &call.Record{
				Account: "acme", ANumber: number(), BNumber: number(), Tag: pick("tag", "", "x", "y"),
				Direction: call.Direction(rapid.IntRange(0, 1).Draw(t, "way")), Instant: cmp.Or(instant(), at("2026-09-10T00:00:00Z")).UnixNano(),
			}
			role := rapid.SampledFrom([]call.Role{call.Payer, call.Payer, call.Callee, call.Reseller, call.Supplier}).Draw(t, "role")
			c, why := ix.ChooseAs(r, role)
			if (role == call.Supplier) != (b.Accounts[0].Cycle == "bought") {
				if c != (Choice{}) || why != call.NoAccount {
					t.Fatalf("%+v is charged as %s: %+v, %s", r, role.Name(1), c, why)
				}
				continue
			}
			if role == call.Callee {
				r.Direction = call.Inbound // for the twin
			}
			if want := twinType(b, r); c.Type != want {
				t.Fatalf("%+v is of call type %+v, want %+v", r, c.Type, want)
			}
			card, fallback := twinCard(b, r, role)
			if c.Card != card || c.Fallback != fallback {
				t.Fatalf("%+v: card %q then %q, want %q then %q", r, c.Card, c.Fallback, card, fallback)
			}
			if image, why := ix.Image(r.Account, r.At()); ix.Plain(r.Account) && !c.Flags.Has(call.FallbackCard) && image != c.Image {
				t.Fatalf("%+v: image %q (%s) of a plain account, want %q", r, image, why, c.Image)
			}
		}
	})
}
