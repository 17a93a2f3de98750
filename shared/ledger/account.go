package ledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
)

// accountMonth folds the ordered rows of one account.
type accountMonth struct {
	res     AccountResult
	state   *bundle.State
	usage   [call.Kinds]FoldLine
	bundled FoldLine
}

// begin opens an account's month. An account that the book does not know has
// unrated rows only.
func (w *resultWriter) begin(account string) (*accountMonth, error) {
	features, plans := w.fold.book.Features(account)
	state, err := bundle.Open(w.res.Period.Month, w.zone, features, plans)
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", account, err)
	}
	known, _ := w.fold.book.Account(account)
	w.seen[account] = true
	m := &accountMonth{
		res:     AccountResult{Account: account, Currency: known.Currency, Lines: []FoldLine{}},
		state:   state,
		bundled: FoldLine{Key: bundledKey, Description: "Calls inside the bundle"},
	}
	for k, line := range usageKeys {
		m.usage[k] = FoldLine{Key: line.key, Description: line.description}
	}
	return m, nil
}

// weight is what a billed second draws, in percent: call types will say more.
const weight = 100

// add folds one row: what the bundle pays of it, and what is due. Bundles hold
// minutes: usage of another kind than voice draws on none.
func (m *accountMonth) add(r *call.Row) error {
	m.res.Counts.count(r.Status)
	if r.Status != call.Rated {
		return nil
	}
	d, seconds, err := bundle.Draw{Due: r.Charge}, uint64(0), error(nil)
	if r.Kind == call.Voice {
		seconds = r.Billed
		if d, err = m.state.Draw(bundle.Usage{Instant: r.Instant, Seconds: seconds, Weight: weight, Charge: r.Charge}); err != nil {
			return err
		}
	}
	r.Due, r.Covered = d.Due, d.Covered
	line := &m.usage[r.Kind]
	switch {
	case d.Split:
		r.Flags |= call.PartlyBundled
	case d.Covered > 0:
		r.Flags |= call.Bundled
		line = &m.bundled
	}
	line.Calls++
	line.Seconds += seconds
	if line.Exact, err = line.Exact.Add(d.Due); err != nil {
		return fmt.Errorf("adding up: %w", err)
	}
	if m.res.Gross, err = m.res.Gross.Add(r.Charge); err != nil {
		return fmt.Errorf("adding up: %w", err)
	}
	return nil
}

// end closes an account's month: its lines, and its share of the counts.
func (w *resultWriter) end(m *accountMonth) error {
	if m == nil {
		return nil
	}
	for _, line := range append(m.usage[:], m.bundled) {
		if line.Calls > 0 {
			m.res.Lines = append(m.res.Lines, line)
		}
	}
	features, _ := w.fold.book.Features(m.res.Account)
	for _, f := range features {
		line, err := recurringLine(f, w.res.Period, m.res.Currency)
		if err != nil {
			return fmt.Errorf("account %q: %w", m.res.Account, err)
		}
		if !line.Exact.IsZero() {
			m.res.Lines = append(m.res.Lines, line)
		}
	}
	slices.SortFunc(m.res.Lines, func(a, b FoldLine) int { return strings.Compare(a.Key, b.Key) })
	m.res.Pools = m.state.Summary()
	if m.res.Pools == nil {
		m.res.Pools = []bundle.Pool{}
	}
	if m.res.Counts.Rows == 0 && len(m.res.Lines) == 0 {
		return nil
	}
	w.res.Accounts = append(w.res.Accounts, m.res)
	c, n := &w.res.Counts, m.res.Counts
	c.Rows, c.Charged, c.Unrated = c.Rows+n.Rows, c.Charged+n.Charged, c.Unrated+n.Unrated
	c.Duplicate, c.Superseded = c.Duplicate+n.Duplicate, c.Superseded+n.Superseded
	return nil
}

// recurringLine charges a feature for a month, rounded once, to the currency's
// minor unit: the invoice then has nothing left to round.
func recurringLine(f bundle.Feature, key Key, currency string) (FoldLine, error) {
	digits, err := billing.Digits(currency)
	if err != nil {
		return FoldLine{}, fmt.Errorf("feature %q: %w", f.ID, err)
	}
	amount, days, of, err := bundle.Recurring(f, key.Month, digits)
	if err != nil {
		return FoldLine{}, err
	}
	name := f.Name
	if name == "" {
		name = f.ID
	}
	if days != of {
		name = fmt.Sprintf("%s (%d of %d days)", name, days, of)
	}
	return FoldLine{Key: recurringKey + f.ID, Description: name, Exact: amount}, nil
}
