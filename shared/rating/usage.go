package rating

import (
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/prefix"
)

// Usage is what one charge is for. Numbers are digits in E.164 without plus.
type Usage struct {
	Kind      call.Kind
	Number    string // that was called
	Caller    string // empty: none, or withheld
	LRN       string // location routing number of Number, where it was ported
	CallerLRN string
	Service   string         // pseudo-prefix, where the record has one
	Tag       string         // of the record
	Instant   int64          // Unix nanoseconds, UTC
	Quantity  int64          // nanoseconds of voice, else messages, bytes or pieces: 0 to MaxQuantity
	Zone      *time.Location // the customer's, for bands without a zone of their own; nil = UTC
}

// Block is usage of one kind by customers of one zone, as columns: what a
// batch hands to a card at once. A column that is nil says nothing.
type Block struct {
	Kind       call.Kind
	Zone       *time.Location
	Numbers    []prefix.Key // of numbers that are digits
	Quantities []int64
	Instants   []int64 // where the card's Asks says so
	// Details returns the usage of a place, for cards that ask for more.
	Details func(i int) Usage
	Charges []Charge // the answers
}

// Asks says what a card wants to know beyond number and quantity: the instant,
// or all of it.
func (c *Card) Asks() (instant, details bool) {
	details = c.asks.class || c.asks.origin || c.asks.invalid || c.terms.ByLRN || len(c.meta.Tags) > 0 || len(c.meta.Services) > 0 ||
		c.terms.Bands != nil && c.terms.Bands.Split
	return c.asks.instant, details
}
