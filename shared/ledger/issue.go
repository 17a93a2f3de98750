package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// InvoiceHead is what the documents keep of an issued invoice, or of a statement
// of cost; itself it is three objects in the bills bucket (see billing.FileNames).
type InvoiceHead struct {
	Number   string       `doc:"number" json:"number"`
	Account  string       `doc:"account" json:"account"`
	Period   Key          `doc:"period" json:"period"`
	Currency string       `doc:"currency" json:"currency"`
	Exact    money.Amount `doc:"exact" json:"exact"`
	Total    money.Amount `doc:"total" json:"total"`
	JSON     Ref          `doc:"json" json:"json"`
}

// numberHead counts the numbers given out for a month, of a series.
type numberHead struct {
	Next int64 `doc:"next"`
}

// series is a series of numbers: that of customers' invoices, or that of the
// statements of what suppliers cost.
type series struct {
	head   string // what its count is kept as
	number func(month period.Month, n int) string
}

func seriesOf(suppliers bool) series {
	if suppliers {
		return series{"statements", billing.StatementNumber}
	}
	return series{"numbers", billing.Number}
}

func (s series) path(m period.Month) documents.Path {
	return documents.Path{Collection: "heads", ID: documents.ID(s.head, m.String())}
}

// series returns that of a closed period.
func (l *Ledger) series(ctx context.Context, p Period, frozen Frozen) (series, error) {
	ix, err := l.openBook(ctx, frozen.Book)
	if err != nil {
		return series{}, err
	}
	return seriesOf(ix.OfSuppliers(p.Cycle)), nil
}

// bill is what one account is to be invoiced for a period.
type bill struct {
	currency string
	lines    []billing.Line
}

// issue writes a closed period's invoices and ends it. Everything follows from
// the frozen object and the block of numbers, so a repeat writes the same bytes.
func (l *Ledger) issue(ctx context.Context, p Period) error {
	var frozen Frozen
	if err := loadJSON(ctx, l.buckets.Rated, p.Frozen, &frozen); err != nil {
		return err
	}
	result, err := l.result(ctx, frozen.Result)
	if err != nil {
		return err
	}
	bills, err := l.bills(ctx, frozen, result)
	if err != nil {
		return err
	}
	accounts := slices.Sorted(maps.Keys(bills))
	series, err := l.series(ctx, p, frozen)
	if err != nil {
		return err
	}
	first, err := l.numberBlock(ctx, p, series, int64(len(accounts)))
	if err != nil {
		return err
	}
	at, err := p.IssueInstant()
	if err != nil {
		return err
	}
	invoices := make(map[string]billing.Invoice, len(accounts))
	for i, account := range accounts {
		b := bills[account]
		invoices[account], err = billing.New(billing.Head{
			Number: series.number(p.Month, int(first)+i), Account: account, Currency: b.currency,
			Period: p.Month, Zone: p.Zone, IssuedAt: at,
		}, b.lines)
		if err != nil {
			return err
		}
	}
	if err := l.writeDetails(ctx, result, invoices); err != nil {
		return err
	}
	if err := l.writeInvoices(ctx, p, accounts, invoices); err != nil {
		return err
	}
	return l.periodTx(ctx, p.Key, func(_ documents.Tx, now *Period) (bool, error) {
		if now.State != Closed {
			return false, nil
		}
		now.State = Issued
		return true, nil
	})
}

// bills gathers the lines of each account: the period's own, then what changed
// in earlier ones.
func (l *Ledger) bills(ctx context.Context, frozen Frozen, result *Result) (map[string]*bill, error) {
	bills := map[string]*bill{}
	add := func(account, currency string, line billing.Line) error {
		b := bills[account]
		if b == nil {
			b = &bill{currency: currency}
			bills[account] = b
		}
		if b.currency != currency {
			return fmt.Errorf("account %q has lines in %s and in %s: %w", account, b.currency, currency, ErrState)
		}
		b.lines = append(b.lines, line)
		return nil
	}
	for _, a := range result.Accounts {
		for _, line := range a.Lines {
			err := add(a.Account, a.Currency, billing.Line{
				Kind: kindOf(line.Key), Key: line.Key, Description: line.Description, Period: frozen.Period.Month,
				Calls: line.Calls, Seconds: line.Seconds, Exact: line.Exact,
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for _, adj := range frozen.Adjustments {
		from, err := l.result(ctx, adj.From)
		if err != nil {
			return nil, err
		}
		to, err := l.result(ctx, adj.To)
		if err != nil {
			return nil, err
		}
		changes, err := differences(from, to)
		if err != nil {
			return nil, fmt.Errorf("adjusting %s: %w", adj.Period, err)
		}
		for _, d := range changes {
			err := add(d.Account, d.Currency, billing.Line{
				Kind: billing.KindAdjustment, Key: d.Key, Period: adj.Period.Month, Exact: d.Exact,
				Description: "Correction of " + adj.Period.Month.String() + ": " + d.Description,
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return bills, nil
}

func kindOf(key string) billing.Kind {
	switch {
	case key == usageKey || strings.HasPrefix(key, usageKey+":"):
		return billing.KindUsage
	case key == bundledKey:
		return billing.KindBundled
	default:
		return billing.KindRecurring
	}
}

// numberBlock takes n numbers of a series for the period's month in one
// transaction, or returns the block that the period has already. Closed is the
// period as it was when its bills were made: if it was reopened since, they are
// not what it will be closed with.
func (l *Ledger) numberBlock(ctx context.Context, closed Period, of series, n int64) (first int64, err error) {
	path := of.path(closed.Month)
	err = l.periodTx(ctx, closed.Key, func(tx documents.Tx, p *Period) (bool, error) {
		if p.Frozen != closed.Frozen {
			return false, fmt.Errorf("it was reopened meanwhile: %w", documents.ErrConflict)
		}
		if p.FirstNumber != 0 {
			first = p.FirstNumber
			return false, nil
		}
		docs, err := tx.GetMany([]documents.Path{path})
		if err != nil {
			return false, err
		}
		head := numberHead{Next: 1}
		if docs[0].Exists() {
			if err := docs[0].Fields.Decode(&head); err != nil {
				return false, err
			}
		}
		first = head.Next
		head.Next += n
		if docs[0].Exists() {
			err = putDoc(tx, path, head)
		} else {
			err = createDoc(tx, path, head)
		}
		p.FirstNumber, p.Invoices = first, n
		return true, err
	})
	return first, err
}

// writeInvoices stores every invoice as JSON and as a page, and their heads.
func (l *Ledger) writeInvoices(ctx context.Context, p Period, accounts []string, invoices map[string]billing.Invoice) error {
	for chunk := range slices.Chunk(accounts, documents.MaxTxWrites) {
		var heads []documents.Doc
		for _, account := range chunk {
			inv := invoices[account]
			data, err := inv.JSON()
			if err != nil {
				return err
			}
			files := billing.FileNames(inv.Number)
			ref, err := putNamed(ctx, l.buckets.Bills, files.JSON, data)
			if err != nil {
				return err
			}
			var page bytes.Buffer
			if err := billing.WriteHTML(&page, inv); err != nil {
				return err
			}
			if _, err := putNamed(ctx, l.buckets.Bills, files.HTML, page.Bytes()); err != nil {
				return err
			}
			fields, err := documents.Encode(InvoiceHead{
				Number: inv.Number, Account: account, Period: p.Key, Currency: inv.Currency,
				Exact: inv.ExactTotal, Total: inv.Total, JSON: ref,
			})
			if err != nil {
				return fmt.Errorf("invoice %s: %w", inv.Number, err)
			}
			heads = append(heads, documents.Doc{Path: documents.Path{Collection: "invoices", ID: documents.ID(inv.Number)}, Fields: fields})
		}
		if err := l.docs.BulkCreate(ctx, heads); err != nil {
			return fmt.Errorf("writing invoice heads: %w", err)
		}
	}
	return nil
}

// Invoices returns the heads of a period's issued invoices, by number.
func (l *Ledger) Invoices(ctx context.Context, key Key) ([]InvoiceHead, error) {
	var out []InvoiceHead
	err := l.query(ctx, documents.Query{Name: "invoices_by_period", Equal: map[string]any{"period": key.String()}}, func(d documents.Doc) error {
		var h InvoiceHead
		if err := d.Fields.Decode(&h); err != nil {
			return fmt.Errorf("invoice %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		out = append(out, h)
		return nil
	})
	slices.SortFunc(out, func(a, b InvoiceHead) int {
		if c := len(a.Number) - len(b.Number); c != 0 {
			return c
		}
		return strings.Compare(a.Number, b.Number)
	})
	return out, err
}

// Invoice returns an issued invoice, its sums checked.
func (l *Ledger) Invoice(ctx context.Context, head InvoiceHead) (billing.Invoice, error) {
	data, err := load(ctx, l.buckets.Bills, head.JSON)
	if err != nil {
		return billing.Invoice{}, err
	}
	inv, err := billing.Parse(data)
	if err != nil {
		return billing.Invoice{}, fmt.Errorf("%s: %w: %w", head.JSON.Name, ErrDamaged, err)
	}
	return inv, nil
}

// writeDetails stores the usage detail of every invoice, in one pass over the
// outcome rows: they lie in the order of the result's accounts.
func (l *Ledger) writeDetails(ctx context.Context, result *Result, invoices map[string]billing.Invoice) error {
	zone, err := time.LoadLocation(result.Zone)
	if err != nil {
		return fmt.Errorf("usage detail: %w", err)
	}
	rows := l.outcomes(ctx, result)
	cards := l.newNamer(result.Book)
	written := map[string]bool{}
	for _, a := range result.Accounts {
		d := &detailReader{rows: rows, left: a.Counts.Rows, cards: cards, zone: zone}
		if inv, ok := invoices[a.Account]; ok {
			written[a.Account] = true
			if err := l.writeDetail(ctx, inv, d, zone); err != nil {
				return err
			}
		}
		if err := d.skip(); err != nil {
			return err
		}
	}
	for _, account := range sortedKeys(invoices) {
		if written[account] {
			continue // the others carry corrections only
		}
		if err := l.writeDetail(ctx, invoices[account], &detailReader{rows: rows}, zone); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) writeDetail(ctx context.Context, inv billing.Invoice, d *detailReader, zone *time.Location) error {
	d.out = billing.NewDetail(&d.buf, zone)
	name := billing.FileNames(inv.Number).Usage
	if _, err := l.buckets.Bills.Create(ctx, name, d); err != nil && !errors.Is(err, objects.ErrExists) {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	return nil
}

// detailReader renders an account's rows as they are read.
type detailReader struct {
	rows  *outcomeRows
	left  int64   // rows of the account not yet taken
	cards *pricer // for the names of destinations
	zone  *time.Location
	out   *billing.Detail
	buf   bytes.Buffer
	done  bool
}

const detailChunk = 64 // rows rendered at a time

func (d *detailReader) Read(p []byte) (int, error) {
	for d.buf.Len() == 0 && !d.done {
		for range detailChunk {
			if d.left == 0 {
				d.done = true
				break
			}
			if err := d.next(); err != nil {
				return 0, err
			}
		}
		if err := d.out.Flush(); err != nil {
			return 0, err
		}
	}
	if d.buf.Len() == 0 {
		return 0, io.EOF
	}
	return d.buf.Read(p)
}

func (d *detailReader) next() error {
	r, err := d.rows.next()
	if err != nil {
		return err
	}
	d.left--
	if !charged(r) {
		return nil
	}
	destination, err := d.destination(r)
	if err != nil {
		return err
	}
	return d.out.Write(billing.Usage{
		CallID: r.CallID, ANumber: r.ANumber, BNumber: r.BNumber, Instant: r.Instant, Duration: r.Duration, Kind: r.Kind, Units: r.Units,
		Prefix: r.PrefixDigits(), Destination: destination, BilledSeconds: r.Billed, Charge: r.Charge, CoveredSeconds: r.Covered, Due: r.Due, Flags: r.Flags, Role: r.Role, Level: r.Level,
	})
}

// destination returns the name that the card gives where a row was matched.
func (d *detailReader) destination(r *call.Row) (string, error) {
	image, err := d.rows.part.image(r)
	if err != nil {
		return "", err
	}
	return d.cards.destination(d.rows.ctx, image, r, d.zone)
}

// skip reads over the rows that are left.
func (d *detailReader) skip() error {
	for ; d.left > 0; d.left-- {
		if _, err := d.rows.next(); err != nil {
			return err
		}
	}
	return nil
}
