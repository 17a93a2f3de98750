package impact

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// Shown is how many lines of a kind a report has.
const Shown = 100

// Report says what charges came to, and what they would come to by rates of a card.
// Amounts are exact, in Currency, and before minutes of a bundle are drawn.
type Report struct {
	Card     string         `json:"card"`
	Revision int            `json:"revision,omitempty"` // 0: of the deck, which is none yet
	Deck     *Deck          `json:"deck,omitempty"`     // that was asked for
	Currency string         `json:"currency"`
	Months   []period.Month `json:"months"`
	AsOf     time.Time      `json:"as_of,omitzero"`
	Rebuilt  bool           `json:"rebuilt"`
	Cards    []Card         `json:"cards"`
	Periods  []ledger.Key   `json:"periods"` // of the months, those that there are
	Rows     Rows           `json:"rows"`
	Notices  []string       `json:"notices,omitempty"`
	Total    Line           `json:"total"`
	// Destinations and Accounts have the lines of the greatest difference, the
	// greatest first; the others are one line. A destination has the name that the
	// rates give it, or if it has none the one that it was charged by. The
	// account of a supplier's charge is the customer who pays us for the record.
	Destinations []Line `json:"destinations"`
	Accounts     []Line `json:"accounts"`
	// Negative are those whose margin was 0 or more and would be less, the least
	// first: as many as are shown, and how many there are.
	NegativeDestinations []Line   `json:"negative_destinations"`
	NegativeAccounts     []Line   `json:"negative_accounts"`
	Negative             Negative `json:"negative"`
}

// Negative counts lines whose margin becomes negative.
type Negative struct {
	Destinations int `json:"destinations"`
	Accounts     int `json:"accounts"`
}

// Deck is the deck whose rates are compared.
type Deck struct {
	ID     string            `json:"id"`
	Object string            `json:"object"`
	State  catalog.DeckState `json:"state"`
	Base   int               `json:"base_revision,omitempty"` // of the card, that it is applied to; 0: the card had none
	Again  int               `json:"applied_again,omitempty"` // decks that came in later and would be applied again upon it
}

// Card is a card that charges by the rates.
type Card struct {
	Card    string `json:"card"`
	Failure string `json:"failure,omitempty"` // why it cannot be built of it: its charges are not compared
}

// Rows accounts for every charge of the months: Charges is the sum of the others.
type Rows struct {
	Charges    int64 `json:"charges"`
	Compared   int64 `json:"compared"`    // made by the card, or it would make them
	Others     int64 `json:"others"`      // of other cards, or of none
	NotCounted int64 `json:"not_counted"` // duplicates and superseded ones
}

// Line is what one destination or account comes to.
type Line struct {
	Name    string `json:"name"`
	Cost    Change `json:"cost"`    // what suppliers charge us
	Charges Change `json:"charges"` // what customers are charged
	Margin  Margin `json:"margin"`  // of records with both
}

// Change is charges as they are and as they would be.
type Change struct {
	Charges    int64        `json:"count"`
	OldSeconds uint64       `json:"old_seconds"` // billed, of calls
	NewSeconds uint64       `json:"new_seconds"`
	Old        money.Amount `json:"old"`
	New        money.Amount `json:"new"`
	Difference money.Amount `json:"difference"`
	OldUnrated int64        `json:"old_unrated"` // of Charges, those without a price
	NewUnrated int64        `json:"new_unrated"`
}

// Margin is what customers are charged less what suppliers charge, of the records
// of which both are known.
type Margin struct {
	OldRecords int64        `json:"old_records"`
	NewRecords int64        `json:"new_records"`
	Old        money.Amount `json:"old"`
	New        money.Amount `json:"new"`
}

// Comparison is a report and all its lines.
type Comparison struct {
	Report       Report
	destinations []Line // by difference
	accounts     []Line
}

func (t *Change) finish() (err error) {
	t.Difference, err = t.New.Sub(t.Old)
	return err
}

func (l *Line) change(supplier bool) *Change {
	if supplier {
		return &l.Cost
	}
	return &l.Charges
}

// size is what lines are ordered by: how much changes, whichever way.
func (l *Line) size() (money.Amount, error) {
	return abs(l.Cost.Difference).Add(abs(l.Charges.Difference))
}

func abs(a money.Amount) money.Amount {
	if a.Sign() < 0 {
		return a.Neg()
	}
	return a
}

// turns reports whether the margin becomes negative.
func (l *Line) turns() bool {
	m := &l.Margin
	return m.OldRecords > 0 && m.NewRecords > 0 && m.Old.Sign() >= 0 && m.New.Sign() < 0
}

// finish returns the lines that something was added to, by difference.
func (t *table) finish() ([]Line, error) {
	type sized struct {
		Line
		size money.Amount
	}
	var lines []sized
	for i := range t.lines {
		l := &t.lines[i]
		if l.Cost.Charges == 0 && l.Charges.Charges == 0 && l.Margin == (Margin{}) {
			continue
		}
		if i == others {
			l.Name = tooMany
		}
		err := errors.Join(l.Cost.finish(), l.Charges.finish())
		size, errSize := l.size()
		if err := errors.Join(err, errSize); err != nil {
			return nil, fmt.Errorf("comparing %q: %w", l.Name, err)
		}
		lines = append(lines, sized{*l, size})
	}
	slices.SortFunc(lines, func(a, b sized) int { return cmp.Or(b.size.Cmp(a.size), strings.Compare(a.Name, b.Name)) })
	out := make([]Line, len(lines))
	for i := range lines {
		out[i] = lines[i].Line
	}
	return out, nil
}

// The names of lines that are of several.
const (
	tooMany = "(others)"
	theRest = "(rest)"
)

// plus adds what another line comes to.
func (l *Line) plus(o *Line) error {
	var errs []error
	add := func(to *money.Amount, a money.Amount) {
		sum, err := to.Add(a)
		*to, errs = sum, append(errs, err)
	}
	for _, c := range [...]struct{ to, of *Change }{{&l.Cost, &o.Cost}, {&l.Charges, &o.Charges}} {
		c.to.Charges, c.to.OldUnrated, c.to.NewUnrated = c.to.Charges+c.of.Charges, c.to.OldUnrated+c.of.OldUnrated, c.to.NewUnrated+c.of.NewUnrated
		c.to.OldSeconds, c.to.NewSeconds = c.to.OldSeconds+c.of.OldSeconds, c.to.NewSeconds+c.of.NewSeconds
		add(&c.to.Old, c.of.Old)
		add(&c.to.New, c.of.New)
		add(&c.to.Difference, c.of.Difference)
	}
	l.Margin.OldRecords, l.Margin.NewRecords = l.Margin.OldRecords+o.Margin.OldRecords, l.Margin.NewRecords+o.Margin.NewRecords
	add(&l.Margin.Old, o.Margin.Old)
	add(&l.Margin.New, o.Margin.New)
	return errors.Join(errs...)
}

// shown returns the first lines, and one that the others come to.
func shown(lines []Line) ([]Line, error) {
	if len(lines) <= Shown {
		return lines, nil
	}
	rest := Line{Name: theRest}
	for i := range lines[Shown:] {
		if err := rest.plus(&lines[Shown+i]); err != nil {
			return nil, err
		}
	}
	return append(slices.Clone(lines[:Shown]), rest), nil
}

// negative returns the lines whose margin becomes negative, the least first.
func negative(lines []Line) []Line {
	out := []Line{}
	for _, l := range lines {
		if l.turns() {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return a.Margin.New.Cmp(b.Margin.New) })
	return out
}

// done makes the report of a run.
func (c *comparison) done() (*Comparison, error) {
	q, p := c.query, &c.proposal
	r := Report{
		Card: p.Card.ID, Revision: p.Revision, Currency: p.Card.Currency, Months: q.Months, AsOf: q.AsOf, Rebuilt: q.Rebuilt, Cards: c.list, Rows: c.rows,
		Total: c.sums.total, Notices: c.notices(), Periods: []ledger.Key{},
	}
	if d := p.Deck; d != nil {
		r.Deck = &Deck{d.ID, d.Object, d.State, d.Base, p.Again}
	}
	if r.Cards == nil {
		r.Cards = []Card{}
	}
	for _, m := range c.months {
		r.Periods = append(r.Periods, m.Key)
	}
	out := &Comparison{}
	errs := []error{r.Total.Cost.finish(), r.Total.Charges.finish()}
	take := func(lines []Line, err error) []Line {
		errs = append(errs, err)
		return lines
	}
	out.destinations, out.accounts = take(c.sums.destinations.finish()), take(c.sums.accounts.finish())
	r.Destinations, r.Accounts = take(shown(out.destinations)), take(shown(out.accounts))
	destinations, accounts := negative(out.destinations), negative(out.accounts)
	r.Negative = Negative{len(destinations), len(accounts)}
	r.NegativeDestinations, r.NegativeAccounts = destinations[:min(len(destinations), Shown)], accounts[:min(len(accounts), Shown)]
	out.Report = r
	return out, errors.Join(errs...)
}

// notices says what who reads the report has to know.
func (c *comparison) notices() (out []string) {
	say := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(c.costOnly && len(c.list) == 0, "No card that is built from %s is assigned to an account of suppliers, so there is no cost to compare. With rebuilt, the charges of customers are.", c.proposal.Card.ID)
	say(!c.costOnly && len(c.list) == 0, "No card is built from %s: it charges nothing.", c.proposal.Card.ID)
	for _, card := range c.list {
		say(card.Failure != "", "Card %s cannot be built of the rates and would go on as it is: %s", card.Card, card.Failure)
	}
	last := slices.MaxFunc(c.query.Months, period.Month.Compare)
	_, end := last.Bounds(time.UTC)
	say(c.query.AsOf.IsZero() && c.latest >= end.UnixNano(), "Rates begin after %s, the last of them on %s: with as_of, all usage is priced by the rates of that day.",
		last, time.Unix(0, c.latest).UTC().Format(time.RFC3339))
	say(c.proposal.Again > 0, "Decks that came in after this one, and would be applied again upon it: %d. What these change is not in this.", c.proposal.Again)
	for _, m := range c.query.Months {
		say(!slices.ContainsFunc(c.months, func(have *ledger.ChargedMonth) bool { return have.Key.Month == m }), "Nothing is charged in %s.", m)
	}
	say(c.sums.apart > 0, "Charges of suppliers whose record has no charge of a customer in these months: %d. They are in the line of no account.", c.sums.apart)
	say(c.sums.foreign > 0, "Records whose customer and supplier are not both billed in %s: %d. They have no margin here.", c.sums.currency, c.sums.foreign)
	say(len(c.sums.destinations.ids) >= maxDestinations, "More than %d destinations: the others are in one line.", maxDestinations)
	say(len(c.sums.accounts.ids) >= maxAccounts, "More than %d accounts: the others are in one line.", maxAccounts)
	return out
}

// WriteJSON writes the report.
func (c *Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(c.Report)
}

// columns are those of WriteDestinations and WriteAccounts, behind the name.
var columns = []string{
	"cost_count", "cost_old_seconds", "cost_new_seconds", "cost_old", "cost_new", "cost_difference", "cost_old_unrated", "cost_new_unrated",
	"charges_count", "charges_old_seconds", "charges_new_seconds", "charges_old", "charges_new", "charges_difference", "charges_old_unrated", "charges_new_unrated",
	"margin_old_records", "margin_new_records", "margin_old", "margin_new",
}

// WriteDestinations writes every destination as CSV, the greatest difference
// first, and returns how many there are.
func (c *Comparison) WriteDestinations(w io.Writer) (int64, error) {
	return writeLines(w, "destination", c.destinations)
}

// WriteAccounts is WriteDestinations for accounts.
func (c *Comparison) WriteAccounts(w io.Writer) (int64, error) {
	return writeLines(w, "account", c.accounts)
}

func writeLines(w io.Writer, name string, lines []Line) (int64, error) {
	out := csv.NewWriter(w)
	err := out.Write(append([]string{name}, columns...))
	for i := range lines {
		l := &lines[i]
		cells := []string{plainText(l.Name)}
		for _, c := range [...]*Change{&l.Cost, &l.Charges} {
			cells = append(cells, count(c.Charges), strconv.FormatUint(c.OldSeconds, 10), strconv.FormatUint(c.NewSeconds, 10),
				c.Old.String(), c.New.String(), c.Difference.String(), count(c.OldUnrated), count(c.NewUnrated))
		}
		cells = append(cells, count(l.Margin.OldRecords), count(l.Margin.NewRecords), l.Margin.Old.String(), l.Margin.New.String())
		err = errors.Join(err, out.Write(cells))
	}
	out.Flush()
	if err := errors.Join(err, out.Error()); err != nil {
		return 0, fmt.Errorf("writing lines: %w", err)
	}
	return int64(len(lines)), nil
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

// plainText keeps a spreadsheet from running a name as a formula.
func plainText(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// Sentence says the report in one line.
func (r *Report) Sentence() string {
	out := fmt.Sprintf("%d of %d charges compared", r.Rows.Compared, r.Rows.Charges)
	for _, c := range [...]struct {
		what string
		*Change
	}{{"cost", &r.Total.Cost}, {"customers' charges", &r.Total.Charges}} {
		if c.Charges == 0 {
			continue
		}
		out += fmt.Sprintf("; %s %s → %s %s (%s%s)", c.what, c.Old, c.New, r.Currency, sign(c.Difference), c.Difference)
		if c.OldUnrated+c.NewUnrated > 0 {
			out += fmt.Sprintf(", %d → %d without a price", c.OldUnrated, c.NewUnrated)
		}
	}
	if m := &r.Total.Margin; m.OldRecords+m.NewRecords > 0 {
		out += fmt.Sprintf("; margin %s → %s %s, which becomes negative for %d destinations and %d accounts", m.Old, m.New, r.Currency,
			r.Negative.Destinations, r.Negative.Accounts)
	}
	return out
}

// sign is what a difference that is not negative begins with.
func sign(a money.Amount) string {
	if a.Sign() < 0 {
		return ""
	}
	return "+"
}
