package ledger

import (
	"slices"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/money"
)

// newSharedWorld is a world with a batch whose first record, on line 2, charges
// alice, bob whom she calls, shop above her, and north who took it.
func newSharedWorld(t *testing.T) (*world, Batch) {
	t.Helper()
	w := newWorld(t)
	err := w.Apply(t.Context(), Setup{
		Cycles: []book.Cycle{{ID: "carriers", Zone: "UTC", Kind: book.Suppliers}},
		Accounts: []book.Account{
			{ID: "alice", Cycle: "monthly", Currency: "GBP", Parent: "shop"}, {ID: "shop", Cycle: "monthly", Currency: "GBP"},
			{ID: "north", Cycle: "carriers", Currency: "GBP"},
		},
		Assignments: []book.Assignment{{Account: "shop", From: w.sep.Month, Card: "card"}, {Account: "north", From: w.sep.Month, Card: "card"}},
		Numbers:     []book.Number{{Number: "441110001", Owners: []book.Owner{{Account: "bob"}}}},
		Feeds: []book.Feed{{
			Source: cdr.Feed{ID: "switch", Format: cdr.Generic, Zone: "UTC", Charges: []cdr.Further{cdr.Callee, cdr.Resellers, cdr.Supplier}}, Cycle: "monthly",
			Suppliers: []book.Trunk{{Trunk: "NO ANSWER?", Owners: []book.Owner{{Account: "north"}}}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	info := must(w.cdrs.Create(t.Context(), "shared.csv", strings.NewReader("call_id,account,a_number,b_number,start_time,duration,carrier\n"+
		"s1,alice,4420,441110001,2026-11-02 10:00:00,60,NO ANSWER?\ns2,alice,4420,447700900,2026-11-03 10:00:00,60,\n")))(t)
	id := must(w.Receive(t.Context(), Arrival{Bucket: "cdrs", Object: "shared.csv", Generation: info.Generation, Feed: "switch"}))(t)
	b := must(w.Process(t.Context(), id))(t)
	for _, k := range []Key{w.nov, {"carriers", w.nov.Month}} {
		must(w.Fold(t.Context(), k))(t)
	}
	return w, b
}

func TestFsckNamesAChargeThatIsNotAsTheRecordMakesIt(t *testing.T) {
	only := func(role call.Role, change func(*call.Row)) func(*call.Row) []call.Row {
		return func(r *call.Row) []call.Row {
			if r.Role == role {
				change(r)
			}
			return []call.Row{*r}
		}
	}
	stored := func(change func(*call.Row) []call.Row) func(*world, Batch) {
		return func(w *world, b Batch) { w.rows(b, call.UsageBlock, 2, change) }
	}
	for _, c := range []struct {
		name, kind, where string
		spoil             func(*world, Batch)
	}{
		{"nothing", "", "", func(*world, Batch) {}},
		{"the reseller's charge is off by the last digit", "charge", "reseller:1", stored(only(call.Reseller, func(r *call.Row) {
			r.Charge = money.New(601, 4)
		}))},
		{"the supplier's is of a row that was not priced", "charge", "supplier", stored(only(call.Supplier, func(r *call.Row) {
			r.Status, r.Reason, r.Charge = call.Unrated, call.NoRate, money.Amount{}
		}))},
		{"the callee's charge is somebody else's", "row", "callee", stored(only(call.Callee, func(r *call.Row) { r.Account = "alice" }))},
		{"the callee's charge is gone", "row", "callee", stored(func(r *call.Row) []call.Row {
			if r.Role == call.Callee {
				return nil
			}
			return []call.Row{*r}
		})},
		{"the supplier's charge is there twice", "row", "supplier", stored(func(r *call.Row) []call.Row {
			if r.Role == call.Supplier {
				return []call.Row{*r, *r}
			}
			return []call.Row{*r}
		})},
		{"a reseller is charged who is not above", "row", "", stored(only(call.Reseller, func(r *call.Row) { r.Level = 2 }))},
		{"another outgoing trunk", "row", "supplier", stored(only(call.Supplier, func(r *call.Row) { r.OutTrunk = "elsewhere" }))},
		{"an identity of a charge is gone", "row", "", func(w *world, b Batch) {
			alterJSON(w, w.rated, b.Marker.Name, func(m *Marker) {
				dropped := false
				m.Parts[0] = w.remake(m.Parts[0], func(kind call.BlockKind, row []byte) [][]byte {
					if id, _, err := call.NextIdentity(row); kind == call.IdentityBlock && err == nil && id.Line == 2 && !dropped {
						dropped = true
						return nil
					}
					return [][]byte{row}
				})
			})
		}},
		{"the marker counts a charge too many", "marker", "", func(w *world, b Batch) {
			alterJSON(w, w.rated, b.Marker.Name, func(m *Marker) { m.Charges["callee:rated"]++ })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, b := newSharedWorld(t)
			c.spoil(w, b)
			found := must(w.Fsck(t.Context()))(t)
			if c.kind == "" {
				for _, p := range found {
					t.Error(p)
				}
				return
			}
			if !slices.ContainsFunc(found, func(p Problem) bool { return p.Kind == c.kind && strings.HasSuffix(p.Where, c.where) }) {
				t.Errorf("want a problem of kind %s at the %s, got %v", c.kind, c.where, found)
			}
		})
	}
}
