// Package book says who is charged by which card at an instant: cycles,
// accounts, call types, assignments and fallbacks, activation logs, plans and
// features, as one immutable value. A batch pins one, so that a retry prices exactly as the first try did.
package book

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// RuleVersion names the rules that this code prices and folds by. A book
// carries it, so that a month folded under other rules is seen to be stale. The
// regions of numbers are a part of them.
const RuleVersion = "4"

// Cycle is a billing cycle: the accounts billed together, by the months of one
// time zone.
type Cycle struct {
	ID   string `doc:"id" json:"id"`
	Zone string `doc:"zone" json:"zone"` // IANA name
	// DraftDays is how many days after its end a month still takes usage as a
	// draft, before it is closed and issued: 0 to 27.
	DraftDays int `doc:"draft_days,omitempty" json:"draft_days,omitzero"`
	// Kind says whose accounts are in it: a cycle never holds both.
	Kind CycleKind `doc:"kind,omitempty" json:"kind,omitempty"`
}

// CycleKind says what the accounts of a cycle are.
type CycleKind string

// The kinds of cycles. Customers are invoiced. Of suppliers, a month says what
// they cost us: its statements have numbers of their own and are sent to nobody.
const (
	Customers CycleKind = ""
	Suppliers CycleKind = "suppliers"
)

// Account is who is billed or, in a cycle of suppliers, who bills us.
type Account struct {
	ID       string `doc:"id" json:"id"`
	Name     string `doc:"name,omitempty" json:"name,omitempty"`
	Cycle    string `doc:"cycle" json:"cycle"`
	Currency string `doc:"currency" json:"currency"` // ISO 4217 code of its invoices
	// Parent is the reseller that is charged, too, for what the account pays for,
	// by the reseller's own cards; none: nobody is. At most call.MaxLevels are
	// above an account.
	Parent string `doc:"parent,omitempty" json:"parent,omitempty"`
}

// Card is a priced list with a life. Images maps the revisions of its log to
// their card images.
type Card struct {
	ID     string            `doc:"id" json:"id"`
	Log    ratecard.Log      `doc:"log" json:"log"`
	Images map[string]string `doc:"images" json:"images"` // revision number → object name in the cards bucket
}

// Assignment is the card that an account, or a number of it, has from the first
// of a month: for all its usage, or for that of a direction or a tariff class.
// Index.Choose says which of several holds. No two differ in nothing but the
// card.
type Assignment struct {
	Account   string       `doc:"account" json:"account"`
	Number    string       `doc:"number,omitempty" json:"number,omitempty"`       // digits of the account's own number; empty: all of them
	Direction Direction    `doc:"direction,omitempty" json:"direction,omitempty"` // empty: both
	Class     string       `doc:"class,omitempty" json:"class,omitempty"`         // empty: any, and usage of no call type
	From      period.Month `doc:"from" json:"from"`
	Card      string       `doc:"card" json:"card"`
}

// Compare orders assignments by account, month, number, class and direction.
func (a Assignment) Compare(b Assignment) int {
	return cmp.Or(
		strings.Compare(a.Account, b.Account), a.From.Compare(b.From), strings.Compare(a.Number, b.Number),
		strings.Compare(a.Class, b.Class), cmp.Compare(a.Direction, b.Direction))
}

// Feed is a configured source of records.
type Feed struct {
	Source cdr.Feed `doc:"source" json:"source"`
	// Cycle is where usage of an account that the book does not know is counted.
	Cycle string `doc:"cycle" json:"cycle"`
	// Only, when set (YYYY-MM), ignores records whose instant lies in another
	// month of the cycle's zone.
	Only string `doc:"only,omitempty" json:"only,omitempty"`
	// Unquoted says that the feed's files have no quotes behind their header, so
	// that every line is a record: a large one can be cut into slices.
	Unquoted bool `doc:"unquoted,omitempty" json:"unquoted,omitempty"`
	// Trunks are those that tell who pays, sorted by name.
	Trunks []Trunk `doc:"trunks,omitempty" json:"trunks,omitempty"`
	// Suppliers are the outgoing trunks and whose they are, sorted by name: accounts
	// of suppliers.
	Suppliers []Trunk `doc:"suppliers,omitempty" json:"suppliers,omitempty"`
}

// Trunk is a trunk of a feed's switch, as its records name it, and whose it is.
type Trunk struct {
	Trunk  string  `doc:"trunk" json:"trunk"`
	Owners []Owner `doc:"owners" json:"owners"` // by From, ascending
}

// Number is a telephone number, or a range of them, and whose it is, from an
// instant to the next. Where a number is in several ranges, the narrowest that
// has an owner at the instant decides.
type Number struct {
	Number string  `doc:"number" json:"number"`                 // digits, as records have it once they are normalised
	Last   string  `doc:"last,omitempty" json:"last,omitempty"` // of a range, with as many digits; none: the one number
	Owners []Owner `doc:"owners" json:"owners"`                 // by From, ascending
}

// Owner is whose a number or trunk is from an instant on; no account: nobody's,
// or of a number that of the range around it.
type Owner struct {
	Account string    `doc:"account,omitempty" json:"account,omitempty"`
	From    time.Time `doc:"from,omitempty" json:"from,omitzero"` // zero, of the first only: since ever
}

// Book is everything that decides prices and discounts, at one moment.
// Every list is sorted; two equal books have equal bytes.
type Book struct {
	Rules       string           `json:"rules"`
	Cycles      []Cycle          `json:"cycles"`
	Accounts    []Account        `json:"accounts"`
	Cards       []Card           `json:"cards"`
	Assignments []Assignment     `json:"assignments"`
	Plans       []bundle.Plan    `json:"plans"`
	Features    []bundle.Feature `json:"features"`
	Feeds       []Feed           `json:"feeds"`
	CallTypes   []CallType       `json:"call_types,omitempty"`
	Fallbacks   []Fallback       `json:"fallbacks,omitempty"`
	// Directory names the image of who owns which number; none: nobody does.
	Directory string `json:"directory,omitempty"`
}

// Encode returns the book's canonical bytes.
func (b *Book) Encode() ([]byte, error) {
	b.sort()
	data, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encoding the book: %w", err)
	}
	return data, nil
}

func (b *Book) sort() {
	slices.SortFunc(b.Cycles, func(x, y Cycle) int { return strings.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Accounts, func(x, y Account) int { return strings.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Cards, func(x, y Card) int { return strings.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Assignments, Assignment.Compare)
	slices.SortFunc(b.CallTypes, func(x, y CallType) int { return strings.Compare(x.ID, y.ID) })
	for i := range b.CallTypes {
		slices.Sort(b.CallTypes[i].Prefixes)
	}
	slices.SortFunc(b.Fallbacks, Fallback.Compare)
	slices.SortFunc(b.Plans, func(x, y bundle.Plan) int { return strings.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Features, func(x, y bundle.Feature) int {
		if c := strings.Compare(x.Account, y.Account); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	slices.SortFunc(b.Feeds, func(x, y Feed) int { return strings.Compare(x.Source.ID, y.Source.ID) })
}

// Decode reads what Encode wrote.
func Decode(data []byte) (*Book, error) {
	var b Book
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, fmt.Errorf("decoding the book: %w", err)
	}
	if b.Rules != RuleVersion {
		return nil, fmt.Errorf("book by rules %q, want %q", b.Rules, RuleVersion)
	}
	return &b, nil
}
