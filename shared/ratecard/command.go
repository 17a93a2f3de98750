package ratecard

import (
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/rating"
)

// Action is what a row of a deck does to the rates of a card: A, D, U, S and SA
// as support.sippysoft.com has them (Activation and expiration date, upload
// actions).
type Action uint8

// The actions. An instant that a row gives is where it takes effect; a row
// without one takes effect at Options.At, and so does one with an earlier
// instant (docs.portaone.com, Usage of the "Effective From" field: a past date
// is immediate).
//
//	Put       the row as the deck states it: from its instant on that is the rate, whatever
//	          was there before. Rows of a deck without a column of actions.
//	Skip      nothing: an empty cell in a column of actions, so that a downloaded file goes
//	          in again without effect. For a full deck its rate is listed all the same.
//	Add       a new rate: it is an error if there is one from the same instant, or at all
//	          where the row gives no instant. A later instant closes the rate before.
//	Delete    the rate with the row's Id goes, whatever its dates; what it would have taken
//	          over from goes on if it had not yet begun. Without an Id: what there is of the
//	          prefix at its instant and later. Where the row asks for nothing but a prefix,
//	          all rates of the prefix. A rate that calls were rated by ends instead.
//	Update    the rate with the row's Id is as the row says. It may get another prefix, but
//	          no begin other than it had once that is past. One that calls were rated by is
//	          followed by a new one instead.
//	Set       as Update, for the rate of the row's prefix at its instant. With an instant
//	          later than Options.At a new rate follows the old one from then on.
//	SetOrAdd  Set where there is such a rate, else Add.
//	Close     nothing of the prefix is offered from the row's instant on: a deck's words for
//	          withdrawn. A prefix that the card does not have is nothing to close, unless
//	          the row is Priced: then that is its rate until then.
//
// A row that says what is so already changes nothing, whatever its action but
// Delete, so that the same file can be read twice.
const (
	Put Action = iota
	Skip
	Add
	Delete
	Update
	Set
	SetOrAdd
	Close
	actions
)

var actionNames = [actions]string{"put", "skip", "A", "D", "U", "S", "SA", "close"}

// String returns the action as decks write it.
func (a Action) String() string {
	if a < actions {
		return actionNames[a]
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

// Fields are parts of a rate that a row may leave unsaid.
type Fields uint32

// The fields. Intervals are both intervals and whether they are assumed, limits
// the minimum and the maximum charge.
const (
	FieldName Fields = 1 << iota
	FieldPrice1
	FieldPriceN
	FieldUnit
	FieldIntervals
	FieldFee
	FieldMinimum
	FieldLimits
	FieldGrace
	FieldFree
	FieldAccess
	FieldBlocked
	FieldArea
	FieldTo
	fieldPrices  = FieldPrice1 | FieldPriceN
	fieldsInRest = FieldUnit | FieldIntervals | FieldFee | FieldMinimum | FieldLimits | FieldGrace | FieldFree | FieldAccess | FieldBlocked | FieldArea
)

// Command is a rate of a row of a deck, and what is to be done with it.
type Command struct {
	Line   int64 // of the row, for errors; from 1
	Action Action
	ID     string // as ID returns it; empty: none. Only Delete and Update ask for it
	// Rate is what the row says. Its From is the row's instant, 0: it gives none.
	// Of Delete and Close only what the rate is for counts, and From.
	Rate rating.Rate
	// Priced, of Close, says that Rate is what the rate costs until then.
	Priced bool
	// Keep is what the row does not say, since the deck has no column for it or
	// the cell is empty: there the rate that it follows or changes goes on.
	Keep Fields
}

// Kind is how much of a card a deck replaces.
type Kind uint8

// Partial: only what is listed. FullCountry: a country that is present is
// replaced, so that what is not listed of it is closed. FullAZ: whatever is not
// listed is closed (support.novatel.co.uk, Rate sheet import settings: A-Z, full
// country, partial). A full deck is about the kinds of usage that it has rows of,
// and about services only if it has some. Of what it lists, it replaces what
// begins after Options.At, too (prev.portaone.com, Upload tariff: replace mode).
//
// A command with a problem lists its rate all the same. A row that became no
// command cannot: of a full deck with such rows the good ones alone would close
// what the bad ones are about.
const (
	Partial Kind = iota
	FullCountry
	FullAZ
)

// ShortNotice is what becomes of a row whose price changes sooner than the
// notice period allows.
type ShortNotice uint8

// AcceptShort: it is applied, and a notice says so. ShiftShort: it takes effect
// when the period ends. RejectShort: it is an error.
const (
	AcceptShort ShortNotice = iota
	ShiftShort
	RejectShort
)

// MaxNoticeDays bounds a notice period: ten years.
const MaxNoticeDays = 3660

// Options say how a deck is applied. Instants are Unix nanoseconds.
type Options struct {
	// At is when the deck takes effect where a row says nothing, and no row does
	// so before it. 0: from the card's beginning, so no instant is past.
	At   int64
	Kind Kind
	// CountryOf returns the country of a prefix, for FullCountry; empty: of none,
	// or of several. Such a rate is never closed for not being listed.
	CountryOf func(prefix string) string
	// Used reports whether calls were rated by a rate. nil: none was.
	Used func(r rating.Rate) bool
	// DropLater removes all rates that begin after At and that the deck does not
	// list, whatever its kind (prev.portaone.com, Rates: clean up rates that are
	// not yet effective).
	DropLater bool

	Notice
	OnShortNotice ShortNotice
}

// Notice is how long before it takes effect a change of a price has to be
// known. A day has 24 hours.
type Notice struct {
	Terms        rating.Terms // by which prices are compared
	Received     int64        // when the deck came, Unix nanoseconds
	IncreaseDays int          // 0: increases may be immediate
	DecreaseDays int
}

func (n *Notice) validate() error {
	if min(n.IncreaseDays, n.DecreaseDays) < 0 || max(n.IncreaseDays, n.DecreaseDays) > MaxNoticeDays {
		return fmt.Errorf("notice of %d and %d days: want 0 to %d", n.IncreaseDays, n.DecreaseDays, MaxNoticeDays)
	}
	return nil
}

// days is how many days of notice a change needs.
func (n *Notice) days(c ChangeClass) int {
	switch c {
	case Increase:
		return n.IncreaseDays
	case Decrease:
		return n.DecreaseDays
	}
	return 0
}

func (o *Options) validate() error {
	switch {
	case o.Kind > FullAZ:
		return fmt.Errorf("no such kind of deck: %d", o.Kind)
	case o.Kind == FullCountry && o.CountryOf == nil:
		return errors.New("a full-country deck needs the countries of prefixes")
	case o.OnShortNotice > RejectShort:
		return fmt.Errorf("no such treatment of short notice: %d", o.OnShortNotice)
	}
	return o.Notice.validate()
}

// RowProblem is one thing wrong with one command.
type RowProblem struct {
	Line   int64  `json:"line"`
	Column string `json:"column"` // action, id, prefix, price_1, effective_from or effective_to; empty for the row as a whole
	Value  string `json:"value"`
	Want   string `json:"want"` // what would be right
}

// Error names the line, the column, the value and what would be right.
func (p RowProblem) Error() string {
	if p.Column == "" {
		return fmt.Sprintf("line %d: %q: want %s", p.Line, p.Value, p.Want)
	}
	return fmt.Sprintf("line %d, column %s: %q: want %s", p.Line, p.Column, p.Value, p.Want)
}

// Result says what a deck did. Processed = Added + Updated + Deleted + Closed +
// Unchanged + Ignored + Bad.
type Result struct {
	Processed  int64 `json:"processed"`  // commands
	Recognised int64 `json:"recognised"` // of them, those with an action: all but Skip
	Added      int64 `json:"added"`
	Updated    int64 `json:"updated"` // a rate was changed, or followed by another
	Deleted    int64 `json:"deleted"`
	Closed     int64 `json:"closed"` // a rate ends, because of Close or because calls were rated by what should be deleted
	Unchanged  int64 `json:"unchanged"`
	Ignored    int64 `json:"ignored"` // no action, or without effect: see Notices
	Bad        int64 `json:"bad"`     // with a problem

	Missing int64 `json:"missing"` // rates that ended, or that will not begin, because the deck does not list them

	Problems []RowProblem `json:"problems"` // by line
	Notices  []string     `json:"notices"`  // what a person should know, in sentences
}

// Same reports whether the rates are as they were before.
func (r *Result) Same() bool { return r.Added+r.Updated+r.Deleted+r.Closed+r.Missing == 0 }
