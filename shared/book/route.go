package book

import (
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

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
	// Alone: Choose has to be asked for every record. Fallbacks: for those that
	// Image leaves without a price.
	Alone, Fallbacks bool
}

// Place returns a customer's place among the accounts of the book, by which
// Route knows it. A record that names a supplier names nobody who pays.
func (ix *Index) Place(id []byte) (place uint32, ok bool) {
	place, ok = ix.names.Find(id)
	return place, ok && (ix.selling == nil || !ix.selling[place])
}

// Route returns the route of the account in a place at an instant.
func (ix *Index) Route(place uint32, instant int64) Route {
	a, at := ix.accounts[ix.book.Accounts[place].ID], time.Unix(0, instant)
	r := routeIn(a.Cycle, a.zone, at)
	r.Currency, r.Alone, r.Fallbacks = a.Currency, !ix.Plain(a.ID), ix.Fallbacks(a.ID)
	if card := a.rules.broad(r.Month); card != nil {
		_, from, to, _ := card.Log.During(at)
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

// Unknown returns the route of usage of a feed that nobody in the book pays for,
// or that went out by a trunk that no supplier in the book has.
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
