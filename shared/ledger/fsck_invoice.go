package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/period"
)

// ownBill is what an account must be invoiced for a period.
type ownBill struct {
	number   string
	currency string
	lines    []ownBillLine
}

type ownBillLine struct {
	kind           billing.Kind
	key            string
	month          period.Month
	calls, seconds uint64
	exact          *big.Int
	description    string
}

// lineID is a line of an account's true period, whichever invoices carry it.
type lineID struct {
	account, key string
	period       Key
}

// invoiceCheck adds up, by line, what all invoices say less what the periods'
// bases say: nothing must be left.
type invoiceCheck struct {
	*checker
	left   map[lineID]*big.Int
	unsure bool // something that counts here is damaged, and named
}

func (c *checker) checkInvoices(ctx context.Context) error {
	k := &invoiceCheck{checker: c, left: map[lineID]*big.Int{}}
	for _, key := range c.sortedPeriods() {
		p := c.periods[key]
		f, ok := c.frozen[key]
		if !ok {
			k.unsure = k.unsure || !p.Frozen.IsZero()
			if p.Frozen.IsZero() {
				for _, h := range c.invoices[key] {
					c.add("invoice", "invoices/"+h.Number, "%s is %s, want no invoice yet", key, p.State)
				}
			}
			continue
		}
		if err := k.period(ctx, p, f); err != nil {
			return fmt.Errorf("invoices of %s: %w", key, err)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.invoices), compareKeys) {
		if _, ok := c.periods[key]; !ok {
			for _, h := range c.invoices[key] {
				c.add("invoice", "invoices/"+h.Number, "it is of %s, which there is not", key)
			}
		}
	}
	if !k.unsure {
		for _, id := range slices.SortedFunc(maps.Keys(k.left), compareLines) {
			c.add("sum", fmt.Sprintf("account %s, %s, line %s", id.account, id.period, id.key), "all invoices less the period's basis leave %s, want 0", show(k.left[id]))
		}
	}
	return c.checkNumbers(ctx)
}

func compareLines(a, b lineID) int {
	if n := compareKeys(a.period, b.period); n != 0 {
		return n
	}
	return slices.Compare([]string{a.account, a.key}, []string{b.account, b.key})
}

// book adds an amount to what is left of a line.
func (k *invoiceCheck) book(id lineID, exact *big.Int) {
	sum := new(big.Int).Set(exact)
	if old := k.left[id]; old != nil {
		sum.Add(sum, old)
	}
	if k.left[id] = sum; sum.Sign() == 0 {
		delete(k.left, id)
	}
}

// load returns a result; nil when it is damaged, which has been named.
func (k *invoiceCheck) load(ctx context.Context, ref Ref) (*Result, error) {
	res, err := k.ledger.result(ctx, ref)
	if err != nil {
		k.unsure = true
		return nil, k.blame("result", ref.Name, err)
	}
	return res, nil
}

// period checks the invoices of a closed or issued period.
func (k *invoiceCheck) period(ctx context.Context, p Period, f Frozen) error {
	basis, err := k.load(ctx, p.Basis)
	if err != nil {
		return err
	}
	res, err := k.load(ctx, f.Result)
	if err != nil || basis == nil || res == nil {
		return err
	}
	for _, a := range basis.Accounts {
		for _, line := range a.Lines {
			k.book(lineID{a.Account, line.Key, p.Key}, new(big.Int).Neg(units(line.Exact)))
		}
	}
	bills, err := k.bills(ctx, f, res)
	if err != nil || bills == nil {
		return err
	}
	bk, err := k.checker.book(ctx, f.Book)
	if err != nil || bk == nil {
		k.unsure = true
		return err
	}
	number := billing.Number
	if bk.suppliers(p.Cycle) {
		number = billing.StatementNumber
	}
	accounts := sortedKeys(bills)
	if p.FirstNumber > 0 && p.Invoices != int64(len(accounts)) {
		k.add("period", p.Key.path().String(), "it has %d invoice numbers, want %d", p.Invoices, len(accounts))
	}
	heads := map[string]InvoiceHead{}
	for _, h := range k.invoices[p.Key] {
		heads[h.Number] = h
	}
	for i, account := range accounts {
		b := bills[account]
		b.number = number(p.Month, int(p.FirstNumber)+i)
		h, ok := heads[b.number]
		delete(heads, b.number)
		if !ok && p.State == Issued {
			k.add("invoice", "invoices/"+b.number, "it is missing: account %s has lines", account)
			k.unsure = true
		}
		if !ok {
			for _, l := range b.lines { // to be issued yet
				k.book(lineID{account, l.key, Key{p.Cycle, l.month}}, l.exact)
			}
			continue
		}
		if err := k.invoice(ctx, p, account, b, h); err != nil {
			return err
		}
	}
	for _, number := range sortedKeys(heads) {
		k.add("invoice", "invoices/"+number, "its number is not of the block of %s, or is one too many", p.Key)
	}
	if p.State != Issued {
		return nil
	}
	return k.checkDetails(ctx, p, res, bills)
}

// invoice checks one invoice against what it must say, and its files.
func (k *invoiceCheck) invoice(ctx context.Context, p Period, account string, want *ownBill, h InvoiceHead) error {
	where := "invoices/" + h.Number
	files := billing.FileNames(h.Number)
	for _, name := range []string{files.HTML, files.Usage} {
		if _, err := k.ledger.buckets.Bills.Stat(ctx, name); err != nil {
			if err := k.blame("invoice", where, err); err != nil {
				return err
			}
		}
	}
	data, err := load(ctx, k.ledger.buckets.Bills, h.JSON)
	if err != nil {
		k.unsure = true
		return k.blame("invoice", where, err)
	}
	inv, err := billing.Parse(data)
	if err != nil {
		var loose billing.Invoice
		if bad := json.Unmarshal(data, &loose); bad != nil || !k.sums(where, loose) {
			k.unsure = true
			if bad != nil {
				k.add("invoice", where, "%v", err)
			}
			return nil
		}
		k.add("invoice", where, "%v", err)
		inv = loose
	} else {
		k.sums(where, inv)
	}
	if h.JSON.Name != files.JSON || inv.Number != h.Number || inv.Account != account || h.Account != account ||
		inv.Currency != want.currency || h.Currency != want.currency || inv.Period != p.Month || inv.Zone != p.Zone {
		k.add("invoice", where, "it is %s of account %s for %s in %s; want %s of account %s for %s in %s",
			inv.Number, inv.Account, inv.Period, inv.Currency, h.Number, account, p.Month, want.currency)
	}
	if !h.Exact.Equal(inv.ExactTotal) || !h.Total.Equal(inv.Total) {
		k.add("invoice", where, "its document says %s exact, %s to pay; its object %s and %s", h.Exact, h.Total, inv.ExactTotal, inv.Total)
	}
	if at, err := p.IssueInstant(); err != nil || !inv.IssuedAt.Equal(at) {
		k.add("invoice", where, "issued at %s, want midnight after %s", inv.IssuedAt, p.Month)
	}
	k.lines(where, p, account, inv.Lines, want.lines)
	return nil
}

// lines compares the lines of an invoice with those it must have.
func (k *invoiceCheck) lines(where string, p Period, account string, got []billing.Line, want []ownBillLine) {
	if len(got) != len(want) {
		k.add("invoice line", where, "%d lines, want %d", len(got), len(want))
	}
	for i, g := range got {
		k.book(lineID{account, g.Key, Key{p.Cycle, g.Period}}, units(g.Exact))
		if i >= len(want) {
			continue
		}
		w := want[i]
		at := fmt.Sprintf("%s line %s of %s", where, g.Key, g.Period)
		switch {
		case g.Key != w.key || g.Period != w.month || g.Kind != w.kind:
			k.add("invoice line", at, "%s %s of %s, want %s %s of %s", g.Kind, g.Key, g.Period, w.kind, w.key, w.month)
		case g.Calls != w.calls || g.Seconds != w.seconds:
			k.add("invoice line", at, "%d calls, %d s; want %d and %d", g.Calls, g.Seconds, w.calls, w.seconds)
		case g.Description != w.description:
			k.add("invoice line", at, "it is called %q, want %q", g.Description, w.description)
		case !same(g.Exact, w.exact):
			k.add("invoice line", at, "exact %s, want %s", g.Exact, show(w.exact))
		}
	}
}
