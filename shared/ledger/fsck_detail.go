package ledger

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// usageFile is the usage detail of one invoice, read beside the outcome rows.
type usageFile struct {
	*checker
	where   string
	src     io.Closer
	csv     *csv.Reader
	columns map[string]int
	bill    *ownBill
	sums    map[string]*big.Int // due, by line
	bad     bool                // it has been named
}

// checkDetails compares every usage detail of a period with the charged
// outcome rows of its account, in order.
func (k *invoiceCheck) checkDetails(ctx context.Context, p Period, res *Result, bills map[string]*ownBill) error {
	var rows uint64
	for _, ref := range res.Parts {
		opened, err := k.part(ctx, ref)
		if err != nil || opened == nil {
			return err
		}
		for _, b := range opened.dir.Blocks {
			rows += uint64(b.Rows)
		}
	}
	outcomes := k.ledger.outcomes(ctx, res)
	open, last := map[string]bool{}, ""
	var file *usageFile
	for range rows {
		r, err := outcomes.next()
		if err != nil {
			return errors.Join(k.blame("outcome", res.Period.path().String(), err), file.close())
		}
		if !charged(r) {
			continue
		}
		if file == nil || r.Account != last {
			if err := file.finish(); err != nil {
				return err
			}
			last = r.Account
			if open[last] = true; bills[last] == nil {
				return nil // a row without a line: the result has been named
			}
			if file, err = k.openUsage(ctx, bills[last]); err != nil {
				return err
			}
		}
		if err := file.row(r); err != nil {
			return errors.Join(err, file.close())
		}
	}
	if err := file.finish(); err != nil {
		return err
	}
	for _, account := range sortedKeys(bills) {
		if open[account] {
			continue
		}
		file, err := k.openUsage(ctx, bills[account])
		if err != nil {
			return err
		}
		if err := file.finish(); err != nil {
			return err
		}
	}
	return nil
}

// openUsage opens a usage detail; one that cannot be read is named.
func (k *invoiceCheck) openUsage(ctx context.Context, b *ownBill) (*usageFile, error) {
	name := billing.FileNames(b.number).Usage
	f := &usageFile{checker: k.checker, where: name, bill: b, columns: map[string]int{}, sums: map[string]*big.Int{bundledKey: {}}}
	for _, key := range []string{"", ":sms", ":data", ":event"} {
		f.sums[usageKey+key] = new(big.Int)
	}
	info, err := k.ledger.buckets.Bills.Stat(ctx, name)
	if err != nil {
		f.bad = true
		return f, k.blame("usage detail", name, err)
	}
	src, err := k.ledger.buckets.Bills.OpenRange(ctx, name, info.Generation, 0, -1)
	if err != nil {
		f.bad = true
		return f, k.blame("usage detail", name, err)
	}
	f.src, f.csv = src, csv.NewReader(src)
	header, err := f.read()
	for i, column := range header {
		f.columns[column] = i
	}
	for _, column := range billing.DetailColumns {
		if !slices.Contains(header, column) && column != "role" && err == nil { // those that were issued before it have none
			f.wrong("no column %s", column)
			break
		}
	}
	return f, err
}

func (f *usageFile) wrong(format string, args ...any) {
	if !f.bad {
		f.bad = true
		f.add("usage detail", f.where, format, args...)
	}
}

// read returns the next row; nil at the end, or where it is no CSV.
func (f *usageFile) read() ([]string, error) {
	row, err := f.csv.Read()
	var syntax *csv.ParseError
	switch {
	case err == io.EOF:
		return nil, nil
	case errors.As(err, &syntax):
		f.wrong("line %d: %v", syntax.Line, syntax.Err)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", f.where, err)
	}
	return row, nil
}

// row compares the next row with an outcome row.
func (f *usageFile) row(r *call.Row) error {
	if f.bad {
		return nil
	}
	got, err := f.read()
	if err != nil || f.bad {
		return err
	}
	where := fmt.Sprintf("the row of batch %d line %d", r.Batch, r.Line)
	if got == nil {
		f.wrong("it ends before %s", where)
		return nil
	}
	cell := func(column string) string { return got[f.columns[column]] }
	at, err := time.Parse(time.RFC3339Nano, cell("start"))
	if err != nil || at.UnixNano() != r.Instant || !sameText(cell("call_id"), r.CallID) || !sameText(cell("a_number"), r.ANumber) || !sameText(cell("b_number"), r.BNumber) {
		f.wrong("another call stands in the place of %s", where)
		return nil
	}
	amount := ""
	if r.Kind != call.Voice {
		amount = strconv.FormatUint(r.Units, 10)
	}
	if _, ok := f.columns["role"]; ok && cell("role") != r.Role.Name(r.Level) {
		f.wrong("%s: charged as %q, want %s", where, cell("role"), r.Role.Name(r.Level))
		return nil
	}
	if cell("kind") != r.Kind.String() || cell("units") != amount {
		f.wrong("%s: %q %q, want %s %q", where, cell("units"), cell("kind"), r.Kind, amount)
		return nil
	}
	charge, chargeErr := money.Parse(cell("charge"))
	due, dueErr := money.Parse(cell("due"))
	if chargeErr != nil || dueErr != nil || !charge.Equal(r.Charge) || !due.Equal(r.Due) {
		f.wrong("%s: charge %q, due %q; want %s, %s", where, cell("charge"), cell("due"), r.Charge, r.Due)
		return nil
	}
	if cell("billed_seconds") != strconv.FormatUint(r.Billed, 10) || cell("covered_seconds") != strconv.FormatUint(r.Covered, 10) {
		f.wrong("%s: %q s billed, %q covered; want %d, %d", where, cell("billed_seconds"), cell("covered_seconds"), r.Billed, r.Covered)
		return nil
	}
	key := usageKey
	if r.Kind != call.Voice {
		key += ":" + r.Kind.String()
	}
	if r.Covered > 0 && r.Covered == r.Billed {
		key = bundledKey
	}
	f.sums[key].Add(f.sums[key], units(due))
	return nil
}

// sameText allows for what the detail does to text: a line break in CSV, and
// the apostrophe that keeps a spreadsheet from running it.
func sameText(got, want string) bool {
	want = strings.ReplaceAll(want, "\r\n", "\n")
	return got == want || got == "'"+want
}

// finish checks that nothing follows, and that the rows add up to the lines.
func (f *usageFile) finish() error {
	if f == nil || f.src == nil {
		return nil
	}
	defer func() { f.src = nil }()
	if !f.bad {
		row, err := f.read()
		if err != nil {
			return errors.Join(err, f.close())
		}
		if row != nil {
			f.wrong("it has more rows than the account has charged calls")
		}
	}
	for _, l := range f.bill.lines {
		if sum, ok := f.sums[l.key]; ok && l.kind != billing.KindAdjustment && sum.Cmp(l.exact) != 0 {
			f.wrong("its rows of line %s add up to %s, want %s", l.key, show(sum), show(l.exact))
		}
	}
	return f.close()
}

func (f *usageFile) close() error {
	if f == nil || f.src == nil {
		return nil
	}
	if err := f.src.Close(); err != nil {
		return fmt.Errorf("closing %s: %w", f.where, err)
	}
	return nil
}
