package book

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/numbering"
)

// reselling is a book of a client below two resellers, and of a supplier with a
// trunk from the third of November on.
func reselling(feed cdr.Feed) *Book {
	feed.ID = "switch"
	return &Book{
		Rules: RuleVersion, Cycles: []Cycle{{ID: "carriers", Zone: "UTC", Kind: Suppliers}, {ID: "monthly", Zone: "UTC"}},
		Accounts: []Account{
			{ID: "client", Cycle: "monthly", Parent: "shop"}, {ID: "dist", Cycle: "monthly"}, {ID: "north", Cycle: "carriers"},
			{ID: "other", Cycle: "monthly"}, {ID: "shop", Cycle: "monthly", Parent: "dist"},
		},
		Feeds: []Feed{{Source: feed, Cycle: "monthly", Suppliers: []Trunk{{Trunk: "n-1", Owners: []Owner{{Account: "north", From: day(3)}, {From: day(5)}}}}}},
	}
}

func TestWhomARecordChargesBesideWhoPays(t *testing.T) {
	numbers := func(yield func(numbering.Owned) bool) {
		for _, o := range (Number{Number: "4420", Owners: []Owner{{Account: "other"}, {Account: "client", From: day(3)}, {From: day(5)}}}).Owned() {
			if !yield(o) {
				return
			}
		}
	}
	image, err := numbering.BuildDirectory(numbers)
	if err != nil {
		t.Fatal(err)
	}
	directory, err := numbering.OpenDirectory(image)
	if err != nil {
		t.Fatal(err)
	}
	for _, feed := range []cdr.Feed{{Direction: cdr.BothWays}, {Direction: cdr.OutboundOnly}, {Direction: cdr.InboundOnly}} {
		b := reselling(feed)
		ix, err := NewIndex(b)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ix.Payers(&b.Feeds[0], directory)
		if err != nil {
			t.Fatal(err)
		}
		var c call.Columns
		var want []string
		for _, r := range []struct {
			number, trunk    string
			day              int
			in               bool
			callee, supplier string
		}{
			{"4420", "n-1", 2, false, "other", "unassigned"},
			{"4420", "n-1", 3, false, "client", "north"},
			{"4420", "n-1", 5, false, "", "unassigned"}, // it is nobody's again
			{"4420", "", 3, true, "", ""},               // who receives it pays
			{"4421", "n-2", 3, false, "", "unassigned"},
			{"", "n-1", 3, false, "", "north"},
		} {
			record := call.Record{BNumber: r.number, OutTrunk: r.trunk, Instant: day(r.day).UnixNano()}
			if r.in || feed.Direction == cdr.InboundOnly {
				record.Direction, r.callee = call.Inbound, ""
			}
			if r.in && feed.Direction == cdr.OutboundOnly {
				continue // no record of such a feed is
			}
			if err := c.AppendRecord(&record, 1); err != nil {
				t.Fatal(err)
			}
			want = append(want, r.callee+"/"+r.supplier)
		}
		callees, suppliers := make([]uint32, c.Len()), make([]uint32, c.Len())
		p.Block(&c, callees)
		p.Set(&c, callees)
		p.Callees(&c, callees)
		p.Suppliers(&c, suppliers)
		var got []string
		name := func(account uint32) string {
			if account == NoPayer {
				return ""
			}
			return string(c.Bytes(p.ID(&c, account)))
		}
		for i := range callees {
			got = append(got, name(callees[i])+"/"+name(suppliers[i]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", feed.Direction, diff)
		}
	}
}

func TestResellersAreChargedFromTheNearestUp(t *testing.T) {
	ix, err := NewIndex(reselling(cdr.Feed{}))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"client": "shop dist", "shop": "dist", "dist": "", "north": "", "other": ""} {
		var got []string
		for _, place := range ix.Above(ix.place(id)) {
			got = append(got, ix.book.Accounts[place].ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("above %s are %q, want %s", id, got, want)
		}
	}
	if _, ok := ix.Place([]byte("north")); ok || ix.Levels() != 2 {
		t.Errorf("%d levels, want 2; a supplier pays: %t", ix.Levels(), ok)
	}
}

func TestABookThatTakesOneForAnotherIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Book){
		`"client" is below "nobody", which is not in the book`: func(b *Book) { b.Accounts[0].Parent = "nobody" },
		`is below itself`:                               func(b *Book) { b.Accounts[1].Parent = "client" },
		`"shop" is below "north": want customers`:       func(b *Book) { b.Accounts[4].Parent = "north" },
		`"north" is below "dist": want customers`:       func(b *Book) { b.Accounts[2].Parent = "dist" },
		`of kind "carriers": want suppliers`:            func(b *Book) { b.Cycles[0].Kind = "carriers" },
		`in cycle "carriers", which is of suppliers`:    func(b *Book) { b.Feeds[0].Cycle = "carriers" },
		`outgoing trunk of account "shop": want`:        func(b *Book) { b.Feeds[0].Suppliers[0].Owners[0].Account = "shop" },
		`outgoing trunk of account "nobody", which is`:  func(b *Book) { b.Feeds[0].Suppliers[0].Owners[0].Account = "nobody" },
		`a trunk of account "north", which is a suppli`: func(b *Book) { b.Feeds[0].Trunks = []Trunk{{Trunk: "x", Owners: []Owner{{Account: "north"}}}} },
		`identifies account "north", which is a suppli`: func(b *Book) { b.Feeds[0].Source.Identify = []cdr.Means{cdr.Fixed + "north"} },
	} {
		b := reselling(cdr.Feed{})
		change(b)
		if _, err := NewIndex(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error that says %s", err, want)
		}
	}
}

// Whatever is above whom: an index has every chain of at most MaxLevels without
// a ring in it, and refuses any other.
func TestChainsOfResellersAreFoundOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Book{Rules: RuleVersion, Cycles: []Cycle{{ID: "m", Zone: "UTC"}}}
		n := rapid.IntRange(1, 14).Draw(t, "accounts")
		for i := range n {
			a := Account{ID: fmt.Sprintf("%02d", i), Cycle: "m"}
			if up := rapid.IntRange(-1, n-1).Draw(t, "parent"); up >= 0 && (up < i || rapid.IntRange(0, 9).Draw(t, "any") == 0) {
				a.Parent = fmt.Sprintf("%02d", up)
			}
			b.Accounts = append(b.Accounts, a)
		}
		fine := true
		chains := map[string][]string{}
		for _, a := range b.Accounts {
			for up := a.Parent; up != "" && fine; {
				chains[a.ID] = append(chains[a.ID], up)
				fine = len(chains[a.ID]) <= call.MaxLevels
				var place int
				_, _ = fmt.Sscanf(up, "%d", &place)
				up = b.Accounts[place].Parent
			}
		}
		ix, err := NewIndex(b)
		if (err == nil) != fine {
			t.Fatalf("%+v: %v", b.Accounts, err)
		}
		for id, chain := range chains {
			if err != nil {
				break
			}
			for level, place := range ix.Above(ix.place(id)) {
				if level >= len(chain) || b.Accounts[place].ID != chain[level] {
					t.Fatalf("above %s is %s on level %d, want %q", id, b.Accounts[place].ID, level+1, chain)
				}
			}
		}
	})
}
