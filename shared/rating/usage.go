package rating

import (
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
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
// batch hands to a card at once. All that are there have one length.
type Block struct {
	Kind       call.Kind
	Zone       *time.Location
	Numbers    []prefix.Key // all of them digits
	Quantities []int64
	Instants   []int64      // where the card asks for them
	Callers    []prefix.Key // likewise; the key of no number for one that is none
	// Details returns the usage at a place, for cards that ask for it.
	Details func(i int) Usage
	Charges []Charge // the answers
}

// Asks says what a card wants to know beyond number and quantity.
type Asks struct {
	Instants, Callers bool
	Details           bool // all of it, one by one
}

// Asks returns what the card wants to know.
func (c *Card) Asks() Asks {
	t := c.terms
	return Asks{
		Instants: c.asks.instant,
		Callers:  c.asks.class || c.asks.origin || c.asks.invalid,
		Details: t.ByLRN || len(c.meta.Tags) > 0 || len(c.meta.Services) > 0 || len(t.Surcharges) > 0 ||
			t.Bands != nil && t.Bands.Split,
	}
}

// Regions returns the table that tells the card where numbers are; nil: it
// does not ask.
func (c *Card) Regions() *numbering.Regions { return c.regions }
