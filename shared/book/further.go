package book

import (
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
)

// A record charges who pays and, where its feed asks for them: who owns the
// called number, the resellers above who pays, and the supplier that took it.

// NoSupplier is what Suppliers finds for a record that went out by a trunk that
// no supplier has: what it costs is not known.
const NoSupplier = NamedPayer

// addResellers finds the resellers above every account.
func (ix *Index) addResellers() error {
	for i := range ix.book.Accounts {
		a := ix.accounts[ix.book.Accounts[i].ID]
		for below := a; below.Parent != ""; {
			up := ix.accounts[below.Parent]
			switch {
			case up == nil:
				return fmt.Errorf("account %q is below %q, which is not in the book", below.ID, below.Parent)
			case up.supplier || a.supplier:
				return fmt.Errorf("account %q is below %q: want customers, not suppliers", below.ID, up.ID)
			case up == a:
				return fmt.Errorf("account %q is below itself", a.ID)
			case len(a.above) == call.MaxLevels:
				return fmt.Errorf("account %q has more than %d resellers above it", a.ID, call.MaxLevels)
			}
			a.above, below = append(a.above, up.place), up
		}
		ix.levels = max(ix.levels, len(a.above))
	}
	return nil
}

// Above returns the places of the resellers above the account in a place, the
// nearest first: at most call.MaxLevels.
func (ix *Index) Above(place uint32) []uint32 {
	return ix.accounts[ix.book.Accounts[place].ID].above
}

// Levels returns how many resellers are above an account at most.
func (ix *Index) Levels() int { return ix.levels }

// OfSuppliers reports whether a cycle is of suppliers.
func (ix *Index) OfSuppliers(cycle string) bool { return ix.bought[cycle] }

// Callees sets out[i] to the place of who owns the called number of row i, if it
// is outbound, or to NoPayer. Of an inbound one the called party is who pays.
func (p *Payers) Callees(c *call.Columns, out []uint32) {
	for i := range out {
		out[i] = NoPayer
	}
	if p.outward {
		p.lookUp(c, c.BNumber, call.Outbound, out)
	}
}

// Suppliers sets out[i] to the place of the supplier that has the trunk by which
// row i went out, to NoSupplier where nobody has it, or to NoPayer where it went
// out by none.
func (p *Payers) Suppliers(c *call.Columns, out []uint32) {
	for i, s := range c.OutTrunk {
		out[i] = NoPayer
		if s.Len == 0 {
			continue
		}
		if out[i] = held(p.suppliers[string(c.Bytes(s))], c.Instant[i]); out[i] == NoPayer {
			out[i] = NoSupplier
		}
	}
}
