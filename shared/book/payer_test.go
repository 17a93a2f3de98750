package book

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/numbering"
)

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

// owned is a book of two accounts that own numbers and a trunk.
func owned(feed Feed) (*Book, []Number) {
	feed.Cycle, feed.Source.ID = "monthly", "switch"
	feed.Trunks = []Trunk{{Trunk: "carrier", Owners: []Owner{{Account: "acme"}, {Account: "bolt", From: day(3)}, {From: day(5)}}}}
	return &Book{
			Rules: RuleVersion, Cycles: []Cycle{{ID: "monthly", Zone: "UTC"}},
			Accounts: []Account{{ID: "", Cycle: "monthly"}, {ID: "acme", Cycle: "monthly"}, {ID: "bolt", Cycle: "monthly"}},
			Feeds:    []Feed{feed},
		}, []Number{
			{Number: "44", Owners: []Owner{{Account: "acme"}, {Account: "bolt", From: day(3)}, {From: day(5)}}},
			{Number: "45", Owners: []Owner{{Account: "bolt", From: day(3)}}},
			{Number: "442079460000", Last: "442079460999", Owners: []Owner{{Account: "acme"}}},
			{Number: "442079460100", Owners: []Owner{{Account: "bolt", From: day(3)}, {From: day(5)}}},
			{Number: "46", Owners: []Owner{{Account: "bolt"}, {Account: "acme", From: time.Unix(0, 0)}, {Account: "bolt", From: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}}},
		}
}

type fatal interface {
	Helper()
	Fatal(...any)
}

func payers(t fatal, feed Feed) *Payers {
	t.Helper()
	b, numbers := owned(feed)
	ix, err := NewIndex(b)
	if err != nil {
		t.Fatal(err)
	}
	image, err := numbering.BuildDirectory(func(yield func(numbering.Owned) bool) {
		for _, n := range numbers {
			for _, o := range n.Owned() {
				if !yield(o) {
					return
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := numbering.OpenDirectory(image)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := ix.Feed("switch")
	p, err := ix.Payers(f, d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestANumberBelongsToItsOwnerOfTheInstant(t *testing.T) {
	p := payers(t, Feed{})
	for _, c := range []struct {
		number string
		at     time.Time
		want   string
	}{
		{"44", day(1), "acme"}, {"44", day(3).Add(-1), "acme"}, {"44", day(3), "bolt"}, {"44", day(5), call.Unassigned},
		{"45", day(2), call.Unassigned}, {"45", day(4), "bolt"}, {"46", day(1), "acme"}, {"47", day(1), call.Unassigned}, {"", day(1), call.Unassigned},
		{"442079460099", day(4), "acme"}, {"442079460100", day(2), "acme"}, {"442079460100", day(4), "bolt"}, {"442079460100", day(5), "acme"}, {"442079461000", day(4), call.Unassigned},
	} {
		r := call.Record{ANumber: c.number, Instant: c.at.UnixNano(), Account: call.Unassigned}
		if p.Identify(&r); r.Account != c.want || r.Flags.Has(call.PayerByNumber) != (c.want != call.Unassigned) {
			t.Errorf("%s at %s: %q %s, want %q", c.number, c.at, r.Account, r.Flags, c.want)
		}
	}
}

func TestTheMeansOfAFeedAreTriedInTheirOrder(t *testing.T) {
	record := call.Record{Account: "named", ANumber: "44", BNumber: "45", Trunk: "carrier", Instant: day(4).UnixNano()}
	inbound := record
	inbound.Direction = call.Inbound
	anonymous := record
	anonymous.Account, anonymous.ANumber = call.Unassigned, ""
	for _, c := range []struct {
		name     string
		source   cdr.Feed
		record   call.Record
		at       int
		want     string
		replaced string
	}{
		{"as always: the account field", cdr.Feed{}, record, 4, "named", ""},
		{"then the caller", cdr.Feed{}, call.Record{Account: call.Unassigned, ANumber: "44"}, 2, "acme", ""},
		{"never the called of an outbound feed", cdr.Feed{}, anonymous, 4, call.Unassigned, ""},
		{"the called of an inbound feed", cdr.Feed{Direction: cdr.InboundOnly}, anonymous, 4, "bolt", ""},
		{"both: the caller of an outbound record", cdr.Feed{Direction: cdr.BothWays, Identify: []cdr.Means{cdr.Called, cdr.Caller}}, record, 2, "acme", "named"},
		{"both: the called of an inbound record", cdr.Feed{Direction: cdr.BothWays, Identify: []cdr.Means{cdr.Caller, cdr.Called}}, inbound, 4, "bolt", "named"},
		{"the trunk before the field", cdr.Feed{Identify: []cdr.Means{cdr.Trunk, cdr.AccountField}}, record, 2, "acme", "named"},
		{"the field where the trunk is nobody's", cdr.Feed{Identify: []cdr.Means{cdr.Trunk, cdr.AccountField}}, record, 5, "named", ""},
		{"one account", cdr.Feed{Identify: []cdr.Means{cdr.Trunk, cdr.Fixed + "acme"}}, record, 5, "acme", "named"},
		{"nobody", cdr.Feed{Identify: []cdr.Means{cdr.Trunk}}, anonymous, 5, call.Unassigned, ""},
	} {
		r := c.record
		r.Instant = day(c.at).UnixNano()
		payers(t, Feed{Source: c.source}).Identify(&r)
		if r.Account != c.want || r.AccountRaw != c.replaced || r.Flags.Has(call.PayerByNumber) != (r.Account != c.record.Account) {
			t.Errorf("%s: %q in the place of %q, %s; want %q, %q", c.name, r.Account, r.AccountRaw, r.Flags, c.want, c.replaced)
		}
	}
}

func TestABlockOfRecordsHasThePayersOfEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		means := rapid.Permutation([]cdr.Means{cdr.AccountField, cdr.Caller, cdr.Called, cdr.Trunk}).Draw(t, "means")[:rapid.IntRange(0, 4).Draw(t, "n")]
		means = slices.Clone(means)
		if rapid.Bool().Draw(t, "fixed") {
			means = append(means, cdr.Fixed+"bolt")
		}
		p := payers(t, Feed{Source: cdr.Feed{Identify: means, Direction: rapid.SampledFrom([]cdr.Directions{"", cdr.InboundOnly, cdr.BothWays}).Draw(t, "direction")}})
		var c call.Columns
		var want []call.Record
		numbers := rapid.SampledFrom([]string{"", "44", "45", "442079460100", "442079460101", "47", strings.Repeat("4", 25)})
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			r := call.Record{
				Account: rapid.SampledFrom([]string{call.Unassigned, "acme", "other"}).Draw(t, "account"), ANumber: numbers.Draw(t, "a"), BNumber: numbers.Draw(t, "b"),
				Trunk: rapid.SampledFrom([]string{"", "carrier", "peer"}).Draw(t, "trunk"), Direction: call.Direction(rapid.IntRange(0, 1).Draw(t, "way")),
				Instant: day(rapid.IntRange(1, 6).Draw(t, "day")).UnixNano(),
			}
			if err := c.AppendRecord(&r, 1); err != nil {
				t.Fatal(err)
			}
			p.Identify(&r)
			want = append(want, r)
		}
		found := make([]uint32, c.Len())
		p.Block(&c, found)
		p.Set(&c, found)
		for i, r := range want {
			if diff := cmp.Diff(r, c.Record(i)); diff != "" {
				t.Fatalf("row %d, means %v: -alone +in a block\n%s", i, means, diff)
			}
		}
	})
}

func TestPayersThatTheBookDoesNotHaveAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Book){
		`feed "switch" has a trunk of account "who"`: func(b *Book) { b.Feeds[0].Trunks[0].Owners[0].Account = "who" },
		`feed "switch" identifies account "who"`:     func(b *Book) { b.Feeds[0].Source.Identify = []cdr.Means{cdr.Fixed + "who"} },
	} {
		b, _ := owned(Feed{})
		change(b)
		if _, err := NewIndex(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error that says %s", err, want)
		}
	}
	b, _ := owned(Feed{})
	ix, err := NewIndex(b)
	if err != nil {
		t.Fatal(err)
	}
	image, err := numbering.BuildDirectory(slices.Values([]numbering.Owned{{First: "1", Last: "1", Account: "who"}}))
	if err != nil {
		t.Fatal(err)
	}
	d, err := numbering.OpenDirectory(image)
	if err != nil {
		t.Fatal(err)
	}
	feed, _ := ix.Feed("switch")
	if _, err := ix.Payers(feed, d); err == nil || !strings.Contains(err.Error(), `account "who"`) {
		t.Errorf("%v, want an error that names the account", err)
	}
}
