package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// Resellers are customers above others; suppliers are accounts in cycles of their
// own. Neither the cycle of an account nor what a cycle is for can change, so an
// account stays what it is.

// side is which accounts something may name.
type side bool

const (
	customer side = false
	supplier side = true
)

func (s side) String() string {
	if s == supplier {
		return "accounts in a cycle of suppliers"
	}
	return "accounts of customers, not of suppliers"
}

// sides returns of every cycle whose accounts are in it.
func (c *Catalog) sides(ctx context.Context) (map[string]side, error) {
	cycles, err := all[book.Cycle](ctx, c, "cycles")
	out := make(map[string]side, len(cycles))
	for _, v := range cycles {
		out[v.ID] = v.Kind == book.Suppliers
	}
	return out, err
}

// accounts refuses those that are not there, or are on the other side.
func (r *Refusal) accounts(field string, needs []documents.Doc, sides map[string]side, want side) error {
	for _, doc := range needs {
		if !doc.Exists() {
			r.add(field, doc.Path.ID, "accounts that are there")
			continue
		}
		var a book.Account
		if err := decodeOld(doc, &a); err != nil {
			return err
		}
		switch is, known := sides[a.Cycle]; {
		case !known:
			return fmt.Errorf("cycle %s came meanwhile: %w", a.Cycle, documents.ErrConflict)
		case is != want:
			r.add(field, doc.Path.ID, want.String())
		}
	}
	return nil
}

// reseller refuses what cannot be above an account. Checked is what the resellers
// are as they were read.
func (c *Catalog) reseller(ctx context.Context, v book.Account, sides map[string]side, r *Refusal) (checked ledger.Versions, err error) {
	if checked, err = c.ledger.Versions(ctx); err != nil {
		return checked, err
	}
	levels := 0
	for id := v.Parent; id != ""; levels++ {
		var up book.Account
		err := c.read(ctx, pathOf("accounts", id), &up)
		switch {
		case errors.Is(err, documents.ErrNotFound):
			r.add("parent", id, "an account that is there")
			return checked, nil
		case err != nil:
			return checked, err
		case up.ID == v.ID:
			r.add("parent", v.Parent, "an account that is not below this one")
			return checked, nil
		case sides[up.Cycle] == supplier:
			r.add("parent", id, customer.String())
			return checked, nil
		case levels == call.MaxLevels:
			id = ""
			continue
		}
		id = up.Parent
	}
	var was book.Account
	if err := c.read(ctx, pathOf("accounts", v.ID), &was); err == nil {
		accounts, err := all[book.Account](ctx, c, "accounts")
		if err != nil {
			return checked, err
		}
		levels += below(accounts, v.ID)
	} else if !errors.Is(err, documents.ErrNotFound) {
		return checked, err
	}
	if levels > call.MaxLevels {
		r.add("parent", v.Parent, fmt.Sprintf("at most %d resellers above any account", call.MaxLevels))
	}
	return checked, nil
}

// below returns how many levels of accounts are below one.
func below(accounts []book.Account, id string) int {
	children := map[string][]string{}
	for _, a := range accounts {
		if a.Parent != "" {
			children[a.Parent] = append(children[a.Parent], a.ID)
		}
	}
	levels := 0
	for at := children[id]; len(at) > 0 && levels <= call.MaxLevels; levels++ {
		var next []string
		for _, child := range at {
			next = append(next, children[child]...)
		}
		at = next
	}
	return levels
}

// checkSides reports what of a setup text takes a customer for a supplier or a
// supplier for a customer, and resellers that cannot be above an account. The
// maps are of what will be there.
func (s Setup) checkSides(cycles map[string]book.Cycle, accounts map[string]book.Account, bad func(format string, args ...any)) {
	sideOf := func(id string) side { return cycles[accounts[id].Cycle].Kind == book.Suppliers }
	want := func(what, id string, want side) {
		if _, ok := accounts[id]; ok && sideOf(id) != want {
			bad("%s: account %q: want %s", what, short(id), want)
		}
	}
	for _, f := range s.Feeds {
		if cycles[f.Cycle].Kind == book.Suppliers {
			bad("feed %s: cycle %q is of suppliers: want one of customers", f.ID, f.Cycle)
		}
		for _, id := range feedAccounts(f.book()) {
			want("feed "+f.ID, id, customer)
		}
		for _, id := range trunkAccounts(f.Suppliers) {
			want("feed "+f.ID, id, supplier)
		}
	}
	for _, n := range s.Numbers {
		for _, o := range n.Owners {
			want("number "+n.Number, o.Account, customer)
		}
	}
	for _, f := range s.Features {
		want("feature "+f.ID, f.Account, customer)
	}
	for _, id := range slices.Sorted(maps.Keys(accounts)) {
		above := []string{id}
		for up := accounts[id].Parent; up != ""; up = accounts[up].Parent {
			switch _, ok := accounts[up]; {
			case !ok:
				bad("account %q: no account %q to be above it", above[len(above)-1], short(up))
			case slices.Contains(above, up):
				bad("account %q is below itself", up)
			case sideOf(up) == supplier || sideOf(id) == supplier:
				bad("account %q is below %q: want %s", id, up, customer)
			case len(above) > call.MaxLevels:
				bad("account %q: want at most %d resellers above it", id, call.MaxLevels)
			default:
				above = append(above, up)
				continue
			}
			break // one of them is enough to say
		}
	}
}
