package ledger

import (
	"cmp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Fsck's own choice and that of the book come from different loops; whatever is
// set up, they must be the same.
func TestFsckChoosesAsTheBookDoes(t *testing.T) {
	w := newWorld(t)
	c := &checker{ledger: w.Ledger, books: map[string]*ownBook{}}
	november := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
		way := func() book.Direction { return book.Direction(pick("direction", "", "", "outbound", "inbound")) }
		instant := func() time.Time {
			return rapid.SampledFrom([]time.Time{{}, november.Add(-1), november, november.AddDate(0, 0, 10), november.AddDate(0, 1, 20)}).Draw(t, "instant")
		}
		month := func() period.Month {
			return period.Month{Year: 2026, Month: time.Month(rapid.IntRange(9, 12).Draw(t, "month"))}
		}
		b := &book.Book{
			Rules: book.RuleVersion, Cycles: []book.Cycle{{ID: "london", Zone: "Europe/London", Kind: book.CycleKind(pick("kind", "", "", "suppliers"))}},
			Accounts: []book.Account{{ID: "alice", Cycle: "london", Currency: "GBP"}}, Cards: []book.Card{{ID: "4", Images: map[string]string{}}},
		}
		for _, id := range []string{"1", "2", "3"} {
			log := ratecard.Log{{Revision: 1}, {Revision: 2, From: november.AddDate(0, 0, 5)}}
			b.Cards = append(b.Cards, book.Card{ID: id, Log: log, Images: map[string]string{"1": id + "-1", "2": id + "-2"}})
		}
		for i := range rapid.IntRange(0, 6).Draw(t, "call types") {
			v := book.CallType{
				ID: string(rune('a' + i)), Direction: way(), Band: pick("band", "", "x"), Class: pick("class", "a", "b"), RateAs: pick("rate as", "", "7"), From: instant(),
				Prefixes: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"", "44", "447", "447700", "4477009"}), 1, 3, rapid.ID).Draw(t, "prefixes"),
			}
			if to := instant(); to.After(v.From) {
				v.To = to
			}
			b.CallTypes = append(b.CallTypes, v)
		}
		for range rapid.IntRange(0, 6).Draw(t, "assignments") {
			b.Assignments = append(b.Assignments, book.Assignment{
				Account: "alice", Number: pick("number", "", "", "4477009"), Direction: way(), Class: pick("class", "", "a", "b"), From: month(), Card: pick("card", "1", "2", "3", "4"),
			})
		}
		for range rapid.IntRange(0, 4).Draw(t, "fallbacks") {
			b.Fallbacks = append(b.Fallbacks, book.Fallback{
				Currency: pick("currency", "GBP", "EUR"), Direction: way(), Class: pick("class", "", "a", "b"), From: month(), Card: pick("card", "1", "2", "3", "4"),
			})
		}
		data, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		ix, err := book.NewIndex(b)
		if err != nil {
			t.Skip("it contradicts itself")
		}
		ref, err := put(w.t.Context(), w.rated, "books", data)
		if err != nil {
			t.Fatal(err)
		}
		own, err := c.book(w.t.Context(), ref)
		if err != nil || own == nil {
			t.Fatalf("%v, %v", err, c.problems)
		}
		delete(c.books, ref.Name)
		for range 8 {
			number := func() string {
				return pick("number", "", "44", "447700", "4477009", "447700900123", "44770090012345678", "448", "onnet")
			}
			r := &call.Record{
				Account: pick("account", "alice", "alice", "who"), ANumber: number(), BNumber: number(), Tag: pick("tag", "", "x"),
				Direction: call.Direction(rapid.IntRange(0, 1).Draw(t, "way")), Instant: cmp.Or(instant(), november.AddDate(0, -1, -20)).UnixNano(),
			}
			role := rapid.SampledFrom([]call.Role{call.Payer, call.Payer, call.Callee, call.Reseller, call.Supplier}).Draw(t, "role")
			want, why := ix.ChooseAs(r, role)
			got := own.choose(r, role)
			images := [2]string{want.Image, want.FallbackImage}
			if want.Flags.Has(call.FallbackCard) {
				images = [2]string{"", want.Image}
			}
			if got.images != images || images == [2]string{} && got.reason != why || got.rateAs != want.RateAs {
				t.Fatalf("%+v: %+v, want %+v, %q\n%s", r, got, want, why, data)
			}
		}
	})
}
