package book

import (
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// Index answers questions about a book. It is safe for concurrent use.
type Index struct {
	book     *Book
	zones    map[string]*time.Location // by cycle
	bought   map[string]bool           // cycles of suppliers
	cards    map[string]*Card
	accounts map[string]*account
	names    call.Interner // their ids: numbers are places
	selling  []bool        // of the accounts, by place, whether it is a supplier's; nil: none is
	levels   int           // the most resellers that are above an account
	feeds    map[string]*Feed
	plans    map[string]bool

	types     *callTypes       // nil: none
	ratesAs   bool             // one of them has usage rated as other
	fallbacks map[string]rules // by currency
}

type account struct {
	Account
	zone     *time.Location
	place    uint32           // among the accounts of the book
	rules    rules            // its assignments, but those of a number
	numbers  map[string]rules // those of its numbers
	narrowed bool             // one of all these is not for all usage
	supplier bool             // it is in a cycle of suppliers
	above    []uint32         // the places of the resellers above it, the nearest first
	features []bundle.Feature
}

// NewIndex checks a book and indexes it. Something that names what is not
// there (an account without its cycle, an assignment without its card) is an
// error: nothing may fall through to a price of nothing.
func NewIndex(b *Book) (*Index, error) {
	ix := &Index{
		book: b, zones: map[string]*time.Location{}, bought: map[string]bool{}, cards: map[string]*Card{},
		accounts: map[string]*account{}, feeds: map[string]*Feed{}, plans: map[string]bool{},
	}
	for _, c := range b.Cycles {
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			return nil, fmt.Errorf("cycle %q: %w", c.ID, err)
		}
		if c.Kind != Customers && c.Kind != Suppliers {
			return nil, fmt.Errorf("cycle %q is of kind %q: want %s, or none", c.ID, c.Kind, Suppliers)
		}
		ix.zones[c.ID], ix.bought[c.ID] = zone, c.Kind == Suppliers
	}
	for i, a := range b.Accounts {
		zone, ok := ix.zones[a.Cycle]
		if !ok {
			return nil, fmt.Errorf("account %q is in cycle %q, which is not in the book", a.ID, a.Cycle)
		}
		place := ix.names.ID([]byte(a.ID))
		if int(place) != i {
			return nil, fmt.Errorf("account %q is in the book twice", a.ID)
		}
		ix.accounts[a.ID] = &account{Account: a, zone: zone, place: place, supplier: ix.bought[a.Cycle]}
		if ix.bought[a.Cycle] && ix.selling == nil {
			ix.selling = make([]bool, len(b.Accounts))
		}
		if ix.selling != nil {
			ix.selling[i] = ix.bought[a.Cycle]
		}
	}
	if err := ix.addResellers(); err != nil {
		return nil, err
	}
	for i := range b.Cards {
		ix.cards[b.Cards[i].ID] = &b.Cards[i]
	}
	for _, p := range b.Plans {
		ix.plans[p.ID] = true
	}
	for i := range b.Feeds {
		if _, ok := ix.zones[b.Feeds[i].Cycle]; !ok {
			return nil, fmt.Errorf("feed %q counts unknown accounts in cycle %q, which is not in the book", b.Feeds[i].Source.ID, b.Feeds[i].Cycle)
		}
		if ix.bought[b.Feeds[i].Cycle] {
			return nil, fmt.Errorf("feed %q counts unknown accounts in cycle %q, which is of suppliers", b.Feeds[i].Source.ID, b.Feeds[i].Cycle)
		}
		if err := ix.checkPayers(&b.Feeds[i]); err != nil {
			return nil, err
		}
		ix.feeds[b.Feeds[i].Source.ID] = &b.Feeds[i]
	}
	if err := ix.addRules(b); err != nil {
		return nil, err
	}
	for _, f := range b.Features {
		a, ok := ix.accounts[f.Account]
		if !ok {
			return nil, fmt.Errorf("feature %q is of account %q, which is not in the book", f.ID, f.Account)
		}
		if a.supplier {
			return nil, fmt.Errorf("feature %q is of account %q, which is a supplier's", f.ID, f.Account)
		}
		if f.Plan != "" && !ix.plans[f.Plan] {
			return nil, fmt.Errorf("feature %q grants plan %q, which is not in the book", f.ID, f.Plan)
		}
		a.features = append(a.features, f)
	}
	return ix, nil
}

// Directory names the image of who owns which number; empty: nobody does.
func (ix *Index) Directory() string { return ix.book.Directory }

// Cards returns how many cards there are.
func (ix *Index) Cards() int { return len(ix.cards) }

// Feed returns a configured feed.
func (ix *Index) Feed(id string) (*Feed, bool) {
	f, ok := ix.feeds[id]
	return f, ok
}

// Cycles returns every cycle, sorted by id.
func (ix *Index) Cycles() []Cycle { return ix.book.Cycles }

// Accounts returns every account, sorted by id.
func (ix *Index) Accounts() []Account { return ix.book.Accounts }

// Account returns one account.
func (ix *Index) Account(id string) (Account, bool) {
	a, ok := ix.accounts[id]
	if !ok {
		return Account{}, false
	}
	return a.Account, true
}

// Zone returns the zone of an account's months.
func (ix *Index) Zone(id string) (*time.Location, bool) {
	a, ok := ix.accounts[id]
	if !ok {
		return nil, false
	}
	return a.zone, true
}

// CycleZone returns the zone of a cycle.
func (ix *Index) CycleZone(id string) (*time.Location, bool) {
	z, ok := ix.zones[id]
	return z, ok
}

// Month returns the cycle and month that an account's usage at an instant
// falls in.
func (ix *Index) Month(id string, at time.Time) (cycle string, m period.Month, ok bool) {
	a, ok := ix.accounts[id]
	if !ok {
		return "", period.Month{}, false
	}
	return a.Cycle, period.Of(at, a.zone), true
}

// Features returns the features of an account, and all plans.
func (ix *Index) Features(id string) ([]bundle.Feature, []bundle.Plan) {
	a, ok := ix.accounts[id]
	if !ok {
		return nil, nil
	}
	return a.features, ix.book.Plans
}
