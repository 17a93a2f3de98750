// Package billing makes invoices: exact sums, rounded once a line, with every
// residue kept, and what a customer gets of them: JSON, a page to print, and
// the detail of the usage as CSV. It does no I/O of its own and reads no clock.
package billing

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// Limits of an invoice.
const (
	MaxLines = 100_000
	MaxText  = 1024 // bytes of any text field
)

// Kind says what a line bills.
type Kind string

// The kinds. Bundled usage is shown at what remained due of it, often 0.
// An adjustment corrects what an earlier invoice said.
const (
	KindUsage      Kind = "usage"
	KindBundled    Kind = "bundled"
	KindRecurring  Kind = "recurring"
	KindAdjustment Kind = "adjustment"
)

func (k Kind) valid() bool {
	return k == KindUsage || k == KindBundled || k == KindRecurring || k == KindAdjustment
}

// Line is an exact sum, rounded half-up once to the currency's minor unit. New
// fills in Rounded and Residue.
type Line struct {
	Kind        Kind         `json:"kind"`
	Key         string       `json:"key"` // with Period, the line's stable identity within the account
	Description string       `json:"description"`
	Period      period.Month `json:"period"`           // the true one, whichever invoice carries it
	Calls       uint64       `json:"calls,omitzero"`   // or other records, of usage
	Seconds     uint64       `json:"seconds,omitzero"` // billed, of calls
	Count       uint64       `json:"count,omitzero"`   // units of a recurring charge
	Days        int          `json:"days,omitzero"`    // billed of a recurring charge …
	Of          int          `json:"of,omitzero"`      // … of so many in the period
	Exact       money.Amount `json:"exact"`
	Rounded     money.Amount `json:"rounded"`
	Residue     money.Amount `json:"residue"` // Exact − Rounded
}

// Head is what an invoice says before its lines.
type Head struct {
	Number   string       `json:"number"` // as Number makes it, or StatementNumber
	Account  string       `json:"account"`
	Currency string       `json:"currency"` // ISO 4217 code
	Period   period.Month `json:"period"`
	Zone     string       `json:"zone"`      // IANA name; the period's days are days there
	IssuedAt time.Time    `json:"issued_at"` // whole seconds, UTC
}

// Invoice is one account's bill of one period or, by its number, the statement of
// what a supplier's account cost us. Its sums hold exactly (Check); there is no
// tax on it.
type Invoice struct {
	Head
	From       period.Date  `json:"from"` // first day
	To         period.Date  `json:"to"`   // last day, included
	Lines      []Line       `json:"lines"`
	ExactTotal money.Amount `json:"exact_total"` // of the lines' exact sums
	Subtotal   money.Amount `json:"subtotal"`    // of the rounded lines
	Rounding   money.Amount `json:"rounding"`    // ExactTotal − Subtotal: the sum of the residues
	Total      money.Amount `json:"total"`       // to pay
}

// New rounds the lines, in the order given, and sums them up. The lines given
// are left as they are.
func New(head Head, lines []Line) (Invoice, error) {
	inv := Invoice{Head: head, From: head.Period.First(), To: head.Period.Last(), Lines: make([]Line, len(lines))}
	inv.IssuedAt = head.IssuedAt.UTC()
	digits, err := Digits(head.Currency)
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", head.Number, err)
	}
	for i, l := range lines {
		if inv.Lines[i], err = rounded(l, digits); err != nil {
			return Invoice{}, fmt.Errorf("invoice %s: line %d, %s: %w", head.Number, i+1, l.Key, err)
		}
	}
	if inv.ExactTotal, inv.Subtotal, inv.Rounding, err = totals(inv.Lines, digits); err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", head.Number, err)
	}
	inv.Total = inv.Subtotal
	if err := inv.Check(); err != nil {
		return Invoice{}, err
	}
	return inv, nil
}

// Digits returns the decimals of a currency's minor unit: GBP 2, JPY 0, KWD 3.
func Digits(code string) (int, error) {
	digits, ok := currency.GetDigits(code)
	if !ok {
		return 0, fmt.Errorf("currency %q: want an ISO 4217 code such as GBP", code)
	}
	return int(digits), nil
}

func rounded(l Line, digits int) (Line, error) {
	var err error
	if l.Rounded, err = l.Exact.Round(digits, money.HalfUp); err != nil {
		return Line{}, fmt.Errorf("rounding %s: %w", l.Exact, err)
	}
	if l.Residue, err = l.Exact.Sub(l.Rounded); err != nil {
		return Line{}, fmt.Errorf("residue of %s: %w", l.Exact, err)
	}
	return l, nil
}

func totals(lines []Line, digits int) (exact, subtotal, rounding money.Amount, err error) {
	exact, subtotal = money.New(0, digits), money.New(0, digits)
	for i, l := range lines {
		if exact, err = exact.Add(l.Exact); err != nil {
			return exact, subtotal, rounding, fmt.Errorf("exact total up to line %d, %s: %w", i+1, l.Key, err)
		}
		if subtotal, err = subtotal.Add(l.Rounded); err != nil {
			return exact, subtotal, rounding, fmt.Errorf("subtotal up to line %d, %s: %w", i+1, l.Key, err)
		}
	}
	if rounding, err = exact.Sub(subtotal); err != nil {
		return exact, subtotal, rounding, fmt.Errorf("rounding of %s to %s: %w", exact, subtotal, err)
	}
	return exact, subtotal, rounding, nil
}

// Check reports the first thing in the invoice that is not as New makes it:
// every amount is computed again.
func (inv Invoice) Check() error {
	digits, err := inv.checkHead()
	if err != nil {
		return fmt.Errorf("invoice %s: %w", inv.Number, err)
	}
	if len(inv.Lines) == 0 || len(inv.Lines) > MaxLines {
		return fmt.Errorf("invoice %s: %d lines, want 1 to %d", inv.Number, len(inv.Lines), MaxLines)
	}
	type identity struct {
		period period.Month
		key    string
	}
	seen := make(map[identity]bool, len(inv.Lines))
	for i, l := range inv.Lines {
		err := l.check(digits)
		if id := (identity{l.Period, l.Key}); err == nil && seen[id] {
			err = fmt.Errorf("the key is used twice in %s", l.Period)
		} else {
			seen[id] = true
		}
		if err != nil {
			return fmt.Errorf("invoice %s: line %d, %s: %w", inv.Number, i+1, l.Key, err)
		}
	}
	exact, subtotal, rounding, err := totals(inv.Lines, digits)
	if err != nil {
		return fmt.Errorf("invoice %s: %w", inv.Number, err)
	}
	for _, a := range []struct {
		name      string
		got, want money.Amount
	}{
		{"exact total", inv.ExactTotal, exact},
		{"subtotal", inv.Subtotal, subtotal},
		{"rounding", inv.Rounding, rounding},
		{"total", inv.Total, subtotal},
	} {
		if a.got != a.want {
			return fmt.Errorf("invoice %s: %s is %s, want %s", inv.Number, a.name, a.got, a.want)
		}
	}
	return nil
}

func (inv Invoice) checkHead() (digits int, err error) {
	if err := checkNumber(inv.Number); err != nil {
		return 0, err
	}
	if err := checkText("account", inv.Account); err != nil {
		return 0, err
	}
	if err := checkMonth(inv.Period); err != nil {
		return 0, err
	}
	if inv.From != inv.Period.First() || inv.To != inv.Period.Last() {
		return 0, fmt.Errorf("the period %s runs from %s to %s, want %s to %s", inv.Period, inv.From, inv.To, inv.Period.First(), inv.Period.Last())
	}
	if _, err := location(inv.Zone); err != nil {
		return 0, err
	}
	if at := inv.IssuedAt; at.Year() < period.MinYear || at.Year() > period.MaxYear+1 || at.Nanosecond() != 0 || at.Location() != time.UTC {
		return 0, fmt.Errorf("issued at %s: want whole seconds in UTC, %d to %d", at, period.MinYear, period.MaxYear)
	}
	return Digits(inv.Currency)
}

// location refuses what LoadLocation reads as the machine's own zone, or as
// UTC by omission.
func location(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("zone %q: want an IANA name such as Europe/London", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", name, err)
	}
	return zone, nil
}

func (l Line) check(digits int) error {
	if !l.Kind.valid() {
		return fmt.Errorf("kind %q: want usage, bundled, recurring or adjustment", l.Kind)
	}
	if err := checkText("key", l.Key); err != nil {
		return err
	}
	if err := checkText("description", l.Description); err != nil {
		return err
	}
	if err := checkMonth(l.Period); err != nil {
		return err
	}
	if l.Days < 0 || l.Days > l.Of || l.Of < 0 {
		return fmt.Errorf("%d of %d days", l.Days, l.Of)
	}
	want, err := rounded(l, digits)
	switch {
	case err != nil:
		return err
	case l.Rounded != want.Rounded:
		return fmt.Errorf("%s is rounded to %s, want %s", l.Exact, l.Rounded, want.Rounded)
	case l.Residue != want.Residue:
		return fmt.Errorf("%s rounded to %s leaves %s, want %s", l.Exact, l.Rounded, l.Residue, want.Residue)
	}
	return nil
}

func checkText(name, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("no %s", name)
	case len(s) > MaxText:
		return fmt.Errorf("%s of %d bytes, want at most %d", name, len(s), MaxText)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s %q is not UTF-8", name, s)
	}
	return nil
}

func checkMonth(m period.Month) error {
	_, err := period.ParseMonth(m.String())
	return err
}
