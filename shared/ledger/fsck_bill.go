package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// bills makes again what each account must be invoiced: the period's lines,
// then what adjustments add to earlier ones.
func (k *invoiceCheck) bills(ctx context.Context, f Frozen, res *Result) (map[string]*ownBill, error) {
	bills := map[string]*ownBill{}
	bill := func(account, currency string) *ownBill {
		if bills[account] == nil {
			bills[account] = &ownBill{currency: currency}
		}
		return bills[account]
	}
	for _, a := range res.Accounts {
		for _, l := range a.Lines {
			line := ownBillLine{billing.KindRecurring, l.Key, f.Period.Month, l.Calls, l.Seconds, units(l.Exact), l.Description}
			switch name, _, _ := strings.Cut(l.Key, ":"); name {
			case usageKey:
				line.kind = billing.KindUsage
			case bundledKey:
				line.kind = billing.KindBundled
			}
			b := bill(a.Account, a.Currency)
			b.lines = append(b.lines, line)
		}
	}
	for _, adj := range f.Adjustments {
		change := map[string]map[string]*big.Int{}                      // by account, line
		currency, called := map[string]string{}, map[[2]string]string{} // as they first were
		for i, ref := range []Ref{adj.From, adj.To} {
			side, err := k.load(ctx, ref)
			if err != nil || side == nil {
				return nil, err
			}
			for _, a := range side.Accounts {
				for _, l := range a.Lines {
					if change[a.Account] == nil {
						change[a.Account], currency[a.Account] = map[string]*big.Int{}, a.Currency
					}
					if id := [2]string{a.Account, l.Key}; called[id] == "" {
						called[id] = "Correction of " + adj.Period.Month.String() + ": " + l.Description
					}
					sum := units(l.Exact)
					if i == 0 {
						sum.Neg(sum)
					}
					if old := change[a.Account][l.Key]; old != nil {
						sum.Add(sum, old)
					}
					change[a.Account][l.Key] = sum
				}
			}
		}
		for _, account := range sortedKeys(change) {
			for _, key := range sortedKeys(change[account]) {
				if exact := change[account][key]; exact.Sign() != 0 {
					b := bill(account, currency[account])
					b.lines = append(b.lines, ownBillLine{billing.KindAdjustment, key, adj.Period.Month, 0, 0, exact, called[[2]string{account, key}]})
				}
			}
		}
	}
	return bills, nil
}

// sums rounds every line again and adds them up; false when it has named
// something.
func (k *invoiceCheck) sums(where string, inv billing.Invoice) bool {
	digits, err := billing.Digits(inv.Currency)
	if err != nil {
		k.add("invoice", where, "%v", err)
		return false
	}
	ok := true
	check := func(kind, where, what string, got money.Amount, want *big.Int) {
		if !same(got, want) {
			ok = false
			k.add(kind, where, "%s %s, want %s", what, got, show(want))
		}
	}
	exact, subtotal := new(big.Int), new(big.Int)
	for _, l := range inv.Lines {
		at := fmt.Sprintf("%s line %s of %s", where, l.Key, l.Period)
		rounded := roundUnits(unitsRat(units(l.Exact)), digits, money.HalfUp)
		check("invoice line", at, "rounded", l.Rounded, rounded)
		check("residue", at, "residue", l.Residue, new(big.Int).Sub(units(l.Exact), rounded))
		exact.Add(exact, units(l.Exact))
		subtotal.Add(subtotal, rounded)
	}
	check("invoice", where, "exact total", inv.ExactTotal, exact)
	check("invoice", where, "subtotal", inv.Subtotal, subtotal)
	check("residue", where, "rounding", inv.Rounding, new(big.Int).Sub(exact, subtotal))
	check("invoice", where, "total", inv.Total, subtotal)
	return ok
}

// checkNumbers checks that a month's blocks of numbers, of invoices and those of
// statements, lie behind one another, from 1 to where the count stands.
func (c *checker) checkNumbers(ctx context.Context) error {
	customers, suppliers := map[period.Month][]Period{}, map[period.Month][]Period{}
	for _, key := range c.sortedPeriods() {
		p := c.periods[key]
		if p.FirstNumber == 0 {
			continue
		}
		blocks := customers
		if f, ok := c.frozen[key]; ok {
			bk, err := c.book(ctx, f.Book)
			if err != nil {
				return err
			}
			if bk != nil && bk.suppliers(p.Cycle) {
				blocks = suppliers
			}
		}
		blocks[p.Month] = append(blocks[p.Month], p)
	}
	return errors.Join(c.checkBlocks(ctx, "numbers", customers), c.checkBlocks(ctx, "statements", suppliers))
}

func (c *checker) checkBlocks(ctx context.Context, series string, blocks map[period.Month][]Period) error {
	for _, m := range slices.SortedFunc(maps.Keys(blocks), period.Month.Compare) {
		path := documents.Path{Collection: "heads", ID: documents.ID(series, m.String())}
		var head numberHead
		if _, err := c.ledger.get(ctx, path, &head); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, documents.ErrNotFound) {
			return err
		}
		slices.SortStableFunc(blocks[m], func(a, b Period) int {
			return cmp.Or(cmp.Compare(a.FirstNumber, b.FirstNumber), cmp.Compare(a.Invoices, b.Invoices))
		})
		next := int64(1)
		for _, p := range blocks[m] {
			if p.FirstNumber != next {
				c.add("period", p.Key.path().String(), "its invoice numbers begin at %d, want %d", p.FirstNumber, next)
			}
			next = p.FirstNumber + p.Invoices
		}
		if head.Next != next {
			c.add("head", path.String(), "the next number is %d, want %d", head.Next, next)
		}
	}
	return nil
}
