package book

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func month(s string) period.Month {
	m, err := period.ParseMonth(s)
	if err != nil {
		panic(err)
	}
	return m
}

// sample is a book of two cycles: acme changes its card in November, and the
// new card has a second revision from the 15th.
func sample() *Book {
	recorded := at("2026-01-01T00:00:00Z")
	return &Book{
		Rules:  RuleVersion,
		Cycles: []Cycle{{ID: "utc", Zone: "UTC"}, {ID: "london", Zone: "Europe/London"}},
		Accounts: []Account{
			{ID: "acme", Cycle: "london", Currency: "GBP"}, {ID: "beta", Cycle: "utc", Currency: "EUR"}, {ID: "none", Cycle: "utc", Currency: "EUR"},
		},
		Cards: []Card{
			{ID: "old", Log: ratecard.Log{{Revision: 1, RecordedAt: recorded}}, Images: map[string]string{"1": "old-1"}},
			{ID: "new", Log: ratecard.Log{{Revision: 1, RecordedAt: recorded}, {Revision: 2, From: at("2026-11-15T00:00:00Z"), RecordedAt: recorded}},
				Images: map[string]string{"1": "new-1", "2": "new-2"}},
			{ID: "draft", Images: map[string]string{}},
		},
		Assignments: []Assignment{
			{Account: "acme", From: month("2026-11"), Card: "new"}, {Account: "acme", From: month("2026-09"), Card: "old"},
			{Account: "beta", From: month("2026-01"), Card: "draft"},
		},
		Plans:    []bundle.Plan{{ID: "p", Minutes: 10}},
		Features: []bundle.Feature{{ID: "f", Account: "acme", Plan: "p", Start: period.Date{Year: 2026, Month: 11, Day: 1}}},
		Feeds:    []Feed{{Source: cdr.Feed{ID: "feed", Format: cdr.Generic, Zone: "UTC"}, Cycle: "utc"}},
	}
}

func index(t *testing.T, b *Book) *Index {
	t.Helper()
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	ix, err := NewIndex(read)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func TestTheCardOfAnInstant(t *testing.T) {
	ix := index(t, sample())
	for _, tc := range []struct {
		account, at, image string
		why                call.Reason
	}{
		{"acme", "2026-08-31T22:59:59Z", "", call.NoCard}, // before the first assignment
		{"acme", "2026-08-31T23:00:00Z", "old-1", ""},     // September begins in London
		{"acme", "2026-10-31T23:59:59Z", "old-1", ""},
		{"acme", "2026-11-01T00:00:00Z", "new-1", ""},
		{"acme", "2026-11-14T23:59:59Z", "new-1", ""},
		{"acme", "2026-11-15T00:00:00Z", "new-2", ""},
		{"acme", "2027-05-01T00:00:00Z", "new-2", ""},
		{"beta", "2026-05-01T00:00:00Z", "", call.NoCard}, // a card without a live revision
		{"none", "2026-05-01T00:00:00Z", "", call.NoCard},
		{"who", "2026-05-01T00:00:00Z", "", call.NoAccount},
	} {
		if image, why := ix.Image(tc.account, at(tc.at)); image != tc.image || why != tc.why {
			t.Errorf("%s at %s: %q %q, want %q %q", tc.account, tc.at, image, why, tc.image, tc.why)
		}
	}
}

func TestTheMonthIsTheAccountsOwn(t *testing.T) {
	ix := index(t, sample())
	for _, tc := range []struct{ account, at, want string }{
		{"acme", "2026-06-30T22:59:59Z", "london 2026-06"},
		{"acme", "2026-06-30T23:00:00Z", "london 2026-07"},
		{"beta", "2026-06-30T23:00:00Z", "utc 2026-06"},
	} {
		cycle, m, ok := ix.Month(tc.account, at(tc.at))
		if got := cycle + " " + m.String(); !ok || got != tc.want {
			t.Errorf("%s at %s: %s, want %s", tc.account, tc.at, got, tc.want)
		}
	}
	if _, _, ok := ix.Month("who", at("2026-11-01T00:00:00Z")); ok {
		t.Error("an unknown account has a month")
	}
}

// The bytes name the book, so the order in which its parts came must not show.
func TestEqualBooksHaveEqualBytes(t *testing.T) {
	want, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := sample()
		b.Accounts = rapid.Permutation(b.Accounts).Draw(t, "accounts")
		b.Assignments = rapid.Permutation(b.Assignments).Draw(t, "assignments")
		b.Cards = rapid.Permutation(b.Cards).Draw(t, "cards")
		b.Cycles = rapid.Permutation(b.Cycles).Draw(t, "cycles")
		got, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
	})
}

func TestABookThatNamesWhatIsNotThereIsRefused(t *testing.T) {
	for name, breakIt := range map[string]func(*Book){
		`cycle "moon"`:                          func(b *Book) { b.Cycles = append(b.Cycles, Cycle{ID: "moon", Zone: "Moon/Base"}) },
		`account "x" is in cycle "y"`:           func(b *Book) { b.Accounts = append(b.Accounts, Account{ID: "x", Cycle: "y"}) },
		`assigned to account "x"`:               func(b *Book) { b.Assignments[0].Account = "x" },
		`account "acme" has card "x"`:           func(b *Book) { b.Assignments[0].Card = "x" },
		`feature "f" is of account "x"`:         func(b *Book) { b.Features[0].Account = "x" },
		`feature "f" grants plan "x"`:           func(b *Book) { b.Features[0].Plan = "x" },
		`feed "feed" counts unknown accounts i`: func(b *Book) { b.Feeds[0].Cycle = "x" },
	} {
		b := sample()
		breakIt(b)
		if _, err := NewIndex(b); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one that says %s", err, name)
		}
	}
}

func TestABookOfOtherRulesIsRefused(t *testing.T) {
	b := sample()
	b.Rules = "0"
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(data); err == nil || !strings.Contains(err.Error(), `rules "0"`) {
		t.Errorf("error %v, want one that names the rules", err)
	}
}
