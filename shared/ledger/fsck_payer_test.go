package ledger

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
)

// newPaidWorld is a world with a batch whose records name no account, or
// another than pays.
func newPaidWorld(t *testing.T) (*world, Batch) {
	t.Helper()
	w := newWorld(t)
	err := w.Apply(t.Context(), Setup{
		Feeds: []book.Feed{{
			Source: cdr.Feed{ID: "switch", Format: cdr.Generic, Zone: "UTC", Identify: []cdr.Means{cdr.Called, cdr.AccountField, cdr.Caller}}, Cycle: "monthly",
		}},
		Numbers: []book.Number{
			{Number: "4420", Owners: []book.Owner{{Account: "alice"}, {Account: "bob", From: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)}}},
			{Number: "441110000", Last: "441110999", Owners: []book.Owner{{Account: "bob"}}},
			{Number: "441110500", Owners: []book.Owner{{Account: "alice"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, w.deliver("paid.csv",
		"p1,,4420,447700900,2026-11-02 10:00:00,60,", "p2,,4420,447700900,2026-11-03 10:00:00,60,", "p3,alice,4420,441110001,2026-11-03 10:00:00,60,",
		"p4,bob,4420,441110500,2026-11-03 10:00:00,60,", "p5,bob,4420,447700900,2026-11-03 10:00:00,60,", "p6,,,447700900,2026-11-03 10:00:00,60,")
}

func TestFsckFindsWhoPaysAsTheLedgerDid(t *testing.T) {
	w, b := newPaidWorld(t)
	for _, p := range must(w.Fsck(t.Context()))(t) {
		t.Error(p)
	}
	got := map[string]string{}
	for _, ref := range w.marker(b).Parts {
		p := must(openPart(t.Context(), w.rated, ref))(t)
		for _, block := range p.dir.Blocks {
			if block.Kind != call.UsageBlock {
				continue
			}
			err := p.rows(t.Context(), block, func(data string) error {
				var r call.Row
				err := call.ParseRow(data, &r)
				got[r.CallID] = r.Account + "/" + r.AccountRaw
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for id, want := range map[string]string{"p1": "alice/", "p2": "bob/", "p3": "bob/alice", "p4": "alice/bob", "p5": "bob/", "p6": "unassigned/"} {
		if got[id] != want {
			t.Errorf("%s is paid by %s, want %s", id, got[id], want)
		}
	}
}

func TestFsckNamesAPayerThatIsNotTheOwner(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		spoil      func(*world, Batch)
	}{
		{"another account", "row", func(w *world, b Batch) {
			w.rows(b, call.UsageBlock, 2, func(r *call.Row) []call.Row { r.Account = "bob"; return []call.Row{*r} })
		}},
		{"the account that it named", "row", func(w *world, b Batch) {
			w.rows(b, call.UsageBlock, 4, func(r *call.Row) []call.Row { r.AccountRaw = ""; return []call.Row{*r} })
		}},
		{"the directory is altered", "directory", func(w *world, b Batch) {
			name := must(w.openBook(w.t.Context(), b.Book))(w.t).Directory()
			w.Ledger = New(w.docs, w.buckets) // which has not opened it
			w.alter(w.cards, name, func(data []byte) []byte { data[len(data)/2]++; return data })
		}},
		{"a number is altered beside the book", "head", func(w *world, _ Batch) {
			edit(w, NumberPath(book.Number{Number: "4420"}), func(n *book.Number) { n.Owners = n.Owners[:1] })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, b := newPaidWorld(t)
			c.spoil(w, b)
			found := must(w.Fsck(t.Context()))(t)
			if !slices.ContainsFunc(found, func(p Problem) bool { return p.Kind == c.kind }) {
				t.Errorf("want a problem of kind %s, got %v", c.kind, found)
			}
			for _, p := range found {
				if strings.Contains(p.Detail, "4420") || strings.Contains(p.Detail, "441110") {
					t.Errorf("a problem tells a phone number: %s", p)
				}
			}
		})
	}
}
