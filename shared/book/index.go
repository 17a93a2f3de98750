package book

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// Index answers questions about a book. It is safe for concurrent use.
type Index struct {
	book     *Book
	zones    map[string]*time.Location // by cycle
	cards    map[string]*Card
	accounts map[string]*account
	names    call.Interner // their ids: numbers are places
	feeds    map[string]*Feed
	plans    map[string]bool
}

type account struct {
	Account
	zone        *time.Location
	place       uint32       // among the accounts of the book
	assignments []Assignment // by month, ascending
	features    []bundle.Feature
}

// NewIndex checks a book and indexes it. Something that names what is not
// there (an account without its cycle, an assignment without its card) is an
// error: nothing may fall through to a price of nothing.
func NewIndex(b *Book) (*Index, error) {
	ix := &Index{
		book: b, zones: map[string]*time.Location{}, cards: map[string]*Card{},
		accounts: map[string]*account{}, feeds: map[string]*Feed{}, plans: map[string]bool{},
	}
	for _, c := range b.Cycles {
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			return nil, fmt.Errorf("cycle %q: %w", c.ID, err)
		}
		ix.zones[c.ID] = zone
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
		ix.accounts[a.ID] = &account{Account: a, zone: zone, place: place}
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
		if err := ix.checkPayers(&b.Feeds[i]); err != nil {
			return nil, err
		}
		ix.feeds[b.Feeds[i].Source.ID] = &b.Feeds[i]
	}
	for _, as := range b.Assignments {
		a, ok := ix.accounts[as.Account]
		if !ok {
			return nil, fmt.Errorf("a card is assigned to account %q, which is not in the book", as.Account)
		}
		if ix.cards[as.Card] == nil {
			return nil, fmt.Errorf("account %q has card %q, which is not in the book", as.Account, as.Card)
		}
		a.assignments = append(a.assignments, as)
	}
	for _, f := range b.Features {
		a, ok := ix.accounts[f.Account]
		if !ok {
			return nil, fmt.Errorf("feature %q is of account %q, which is not in the book", f.ID, f.Account)
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

// Image returns the card image that prices an account's usage at an instant:
// the card assigned for that month, in the revision live at that instant. An
// empty image comes with the reason why there is none.
func (ix *Index) Image(id string, at time.Time) (image string, why call.Reason) {
	a, ok := ix.accounts[id]
	if !ok {
		return "", call.NoAccount
	}
	as := a.assigned(period.Of(at, a.zone))
	if as == nil {
		return "", call.NoCard
	}
	card := ix.cards[as.Card]
	if revision, ok := card.Log.At(at); ok {
		if image, ok := card.Images[strconv.Itoa(revision)]; ok {
			return image, ""
		}
	}
	return "", call.NoCard
}

// Route is where an account's usage is counted and what prices it, from one
// instant to another.
type Route struct {
	Cycle    string
	Month    period.Month
	Zone     *time.Location // of the cycle
	Currency string         // of the account
	Image    string         // as Index.Image has it; empty: none
	Why      call.Reason    // there is none
	From, To int64          // Unix nanoseconds, half-open
}

// Place returns an account's place among those of the book, by which Route
// knows it.
func (ix *Index) Place(id []byte) (place uint32, ok bool) {
	return ix.names.Find(id)
}

// Route returns the route of the account in a place at an instant.
func (ix *Index) Route(place uint32, instant int64) Route {
	a, at := ix.accounts[ix.book.Accounts[place].ID], time.Unix(0, instant)
	r := routeIn(a.Cycle, a.zone, at)
	r.Currency = a.Currency
	if as := a.assigned(r.Month); as != nil {
		_, from, to, _ := ix.cards[as.Card].Log.During(at)
		if !from.IsZero() {
			r.From = max(r.From, nanos(from))
		}
		if !to.IsZero() {
			r.To = min(r.To, nanos(to))
		}
	}
	r.Image, r.Why = ix.Image(a.ID, at)
	return r
}

// Unknown returns the route of usage of a feed that nobody in the book pays for.
func (ix *Index) Unknown(feed *Feed, instant int64) Route {
	r := routeIn(feed.Cycle, ix.zones[feed.Cycle], time.Unix(0, instant)) // NewIndex has checked that it is there
	r.Why = call.NoAccount
	return r
}

func routeIn(cycle string, zone *time.Location, at time.Time) Route {
	m := period.Of(at, zone)
	from, to := m.Bounds(zone)
	return Route{Cycle: cycle, Month: m, Zone: zone, From: nanos(from), To: nanos(to)}
}

// assigned returns what an account has in a month; nil: nothing.
func (a *account) assigned(m period.Month) *Assignment {
	for i := len(a.assignments) - 1; i >= 0; i-- {
		if a.assignments[i].From.Compare(m) <= 0 {
			return &a.assignments[i]
		}
	}
	return nil
}

// Features returns the features of an account, and all plans.
func (ix *Index) Features(id string) ([]bundle.Feature, []bundle.Plan) {
	a, ok := ix.accounts[id]
	if !ok {
		return nil, nil
	}
	return a.features, ix.book.Plans
}
