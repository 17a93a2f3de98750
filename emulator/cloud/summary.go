package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
)

// summary is receipt.json: what came in, what became of every row, and what
// was billed. Nothing in it depends on when or where it was made.
type summary struct {
	Inputs   inputs           `json:"inputs"`
	Deck     deck.Report      `json:"deck"`
	State    ledger.State     `json:"state"` // of the batch
	Counts   rowCounts        `json:"counts"`
	Reasons  map[string]int64 `json:"reasons"` // "status:reason" → rows
	Months   []monthSum       `json:"months"`
	Totals   totals           `json:"totals"`
	Notices  []string         `json:"notices"`
	problems []problem        // the first few, for the table
	flags    map[call.Flags]int64
}

// rowCounts counts every row of the file once: Rows is the sum of the others.
type rowCounts struct {
	Rows       int64 `json:"rows"`
	Rated      int64 `json:"rated"`
	Unrated    int64 `json:"unrated"`
	Rejected   int64 `json:"rejected"`
	Ignored    int64 `json:"ignored"`
	Duplicate  int64 `json:"duplicate"`
	Superseded int64 `json:"superseded"`
}

type monthSum struct {
	Period   string             `json:"period"`
	State    ledger.PeriodState `json:"state"`
	Rows     ledger.MonthCounts `json:"rows"`
	Invoices []invoiceSum       `json:"invoices"`
	totals
}

type invoiceSum struct {
	Number  string       `json:"number"`
	Account string       `json:"account"`
	Exact   money.Amount `json:"exact"`
	Total   money.Amount `json:"total"`
}

// totals are sums in one currency.
type totals struct {
	Currency string       `json:"currency"`
	Charge   money.Amount `json:"charge"`   // before bundles, exact
	Due      money.Amount `json:"due"`      // exact: of all invoice lines
	Invoiced money.Amount `json:"invoiced"` // rounded, line by line
	Rounding money.Amount `json:"rounding"` // due − invoiced
}

type problem struct {
	line           int64
	status, reason string
}

// maxShown bounds the problems that the table shows.
const maxShown = 10

func (s *summary) count(r *call.Row) {
	c := &s.Counts
	c.Rows++
	switch r.Status {
	case call.Rated:
		c.Rated++
	case call.Unrated:
		c.Unrated++
	case call.Rejected:
		c.Rejected++
	case call.Ignored:
		c.Ignored++
	case call.Duplicate:
		c.Duplicate++
	case call.Superseded:
		c.Superseded++
	}
	for f := call.Flags(1); f <= r.Flags; f <<= 1 {
		if r.Flags.Has(f) {
			s.flags[f]++
		}
	}
	if r.Status == call.Rated {
		return
	}
	key := r.Status.String()
	if r.Reason != "" {
		key += ":" + string(r.Reason)
	}
	s.Reasons[key]++
	if r.Status != call.Ignored && len(s.problems) < maxShown {
		s.problems = append(s.problems, problem{r.Line, r.Status.String(), string(r.Reason)})
	}
}

// write writes every result, the receipt last: where it is, all is.
func (t *try) write(ctx context.Context, b ledger.Batch) (*summary, error) {
	s := &summary{
		Inputs: t.in, Deck: t.report, State: b.State, Reasons: map[string]int64{}, Months: []monthSum{}, Notices: []string{},
		flags: map[call.Flags]int64{},
	}
	if err := t.writeRated(ctx, b, s); err != nil {
		return nil, err
	}
	if err := s.check(b); err != nil {
		return nil, err
	}
	if err := t.writeParquet(ctx, b); err != nil {
		return nil, err
	}
	if err := t.sumUp(ctx, s); err != nil {
		return nil, err
	}
	if err := t.copyInvoices(ctx, s); err != nil {
		return nil, err
	}
	s.notice()
	err := writeFile(filepath.Join(t.out, receiptFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	})
	return s, err
}

// check holds the rows written against the batch's receipt.
func (s *summary) check(b ledger.Batch) error {
	c := s.Counts
	if sum := c.Rated + c.Unrated + c.Rejected + c.Ignored + c.Duplicate + c.Superseded; sum != c.Rows || c.Rows != b.Counts.Rows ||
		c.Rejected != b.Counts.Rejected || c.Ignored != b.Counts.Ignored {
		return fmt.Errorf("%d rows were written of %d: %w", c.Rows, b.Counts.Rows, ledger.ErrDamaged)
	}
	return nil
}

func (t *try) sumUp(ctx context.Context, s *summary) error {
	zero := totals{Currency: t.Currency}
	s.Totals = zero
	for _, m := range t.found.months {
		key := ledger.Key{Cycle: cycleID, Month: m}
		p, err := t.ledger.Period(ctx, key)
		if err != nil {
			return err
		}
		result, err := t.ledger.Issued(ctx, key)
		if err != nil {
			return err
		}
		month := monthSum{Period: m.String(), State: p.State, Rows: result.Counts, Invoices: []invoiceSum{}, totals: zero}
		for _, a := range result.Accounts {
			if month.Charge, err = month.Charge.Add(a.Gross); err != nil {
				return fmt.Errorf("adding up %s: %w", m, err)
			}
		}
		heads, err := t.ledger.Invoices(ctx, key)
		if err != nil {
			return err
		}
		for _, h := range heads {
			month.Invoices = append(month.Invoices, invoiceSum{h.Number, h.Account, h.Exact, h.Total})
			if err := month.add(totals{Due: h.Exact, Invoiced: h.Total}); err != nil {
				return fmt.Errorf("adding up %s: %w", m, err)
			}
		}
		if month.Rounding, err = month.Due.Sub(month.Invoiced); err != nil {
			return fmt.Errorf("adding up %s: %w", m, err)
		}
		if err := s.Totals.add(month.totals); err != nil {
			return fmt.Errorf("adding up: %w", err)
		}
		s.Months = append(s.Months, month)
	}
	return nil
}

func (t *totals) add(o totals) error {
	for _, p := range []struct{ to, from *money.Amount }{
		{&t.Charge, &o.Charge}, {&t.Due, &o.Due}, {&t.Invoiced, &o.Invoiced}, {&t.Rounding, &o.Rounding},
	} {
		sum, err := p.to.Add(*p.from)
		if err != nil {
			return err
		}
		*p.to = sum
	}
	return nil
}

// copyInvoices gives the user the files of every invoice.
func (t *try) copyInvoices(ctx context.Context, s *summary) error {
	dir := filepath.Join(t.out, invoiceDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder for invoices: %w", err)
	}
	placed := []string{dir}
	for _, m := range s.Months {
		t.progress.phase("writing invoices", int64(len(m.Invoices)))
		for _, inv := range m.Invoices {
			files := billing.FileNames(inv.Number)
			for _, name := range []string{files.Usage, files.HTML, files.JSON} {
				path := filepath.Join(dir, name)
				if err := t.copyBill(ctx, name, path); err != nil {
					return err
				}
				placed = append(placed, path)
			}
			t.progress.add(1)
		}
	}
	return syncFiles(placed)
}

func (t *try) copyBill(ctx context.Context, name, path string) error {
	info, err := t.stores.buckets.Bills.Stat(ctx, name)
	if err != nil {
		return fmt.Errorf("invoice file %s: %w", name, err)
	}
	return placeFile(path, func(w io.Writer) error {
		r, err := t.stores.buckets.Bills.OpenRange(ctx, name, info.Generation, 0, -1)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		return errors.Join(err, r.Close())
	}, noSync)
}

// notice puts what a person should know into sentences.
func (s *summary) notice() {
	s.Notices = append(s.Notices, s.Deck.Notices...)
	for _, n := range []struct {
		flag call.Flags
		text string
	}{
		{call.DefaultIncrement, "calls were billed by the assumed increments 60/60: the deck gives none; say --increment to choose"},
		{call.TimeAmbiguous, "calls lie in the hour that the clocks repeat; the earlier instant was taken"},
		{call.TimeSkipped, "calls have a local time that the clocks skip; it was moved forward"},
		{call.NoCallID, "rows have no call id; they are told apart by content and count"},
		{call.BillsecOverTotal, "calls have more billed seconds than their whole duration"},
	} {
		if count := s.flags[n.flag]; count > 0 {
			s.Notices = append(s.Notices, fmt.Sprintf("%d %s", count, n.text))
		}
	}
}

// writeJSON prints counts and totals for a program.
func (s *summary) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Counts  rowCounts        `json:"counts"`
		Reasons map[string]int64 `json:"reasons"`
		Totals  totals           `json:"totals"`
	}{s.Counts, s.Reasons, s.Totals})
}

// writeTable prints what happened and what to look at, for a person.
func (s *summary) writeTable(w io.Writer, out string) error {
	var b strings.Builder
	c := s.Counts
	fmt.Fprintf(&b, "deck     %d rates, markup %s\n", s.Deck.Rates, s.Inputs.Options.Markup)
	fmt.Fprintf(&b, "records  %d rows = %d rated + %d unrated + %d rejected + %d ignored + %d duplicate + %d superseded\n\n",
		c.Rows, c.Rated, c.Unrated, c.Rejected, c.Ignored, c.Duplicate, c.Superseded)
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tab, "month\tcalls\tinvoices\tcharges\tdue\tinvoiced %s\t\n", s.Totals.Currency)
	for _, m := range s.Months {
		fmt.Fprintf(tab, "%s\t%d\t%d\t%s\t%s\t%s\t\n", m.Period, m.Rows.Charged, len(m.Invoices), m.Charge, m.Due, m.Invoiced)
	}
	if len(s.Months) != 1 {
		fmt.Fprintf(tab, "total\t%d\t\t%s\t%s\t%s\t\n", c.Rated, s.Totals.Charge, s.Totals.Due, s.Totals.Invoiced)
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	s.lookAt(&b)
	fmt.Fprintf(&b, "\nresults  %s, %s, %s, %s, %s in %s\n", ratedFile, problemsFile, invoiceDir+"/", setupFile, receiptFile, out)
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *summary) lookAt(b *strings.Builder) {
	for _, n := range s.Notices {
		fmt.Fprintf(b, "\nnote     %s", n)
	}
	if len(s.Notices) > 0 {
		b.WriteByte('\n')
	}
	if len(s.Reasons) == 0 {
		return
	}
	b.WriteString("\nnot charged: ")
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(s.Reasons)) {
		parts = append(parts, fmt.Sprintf("%d %s", s.Reasons[key], strings.Replace(key, ":", " ", 1)))
	}
	b.WriteString(strings.Join(parts, ", "))
	b.WriteByte('\n')
	for _, p := range s.problems {
		fmt.Fprintf(b, "  line %-7d %s\n", p.line, strings.TrimSpace(p.status+" "+p.reason))
	}
	c := s.Counts
	if more := c.Unrated + c.Rejected + c.Duplicate + c.Superseded - int64(len(s.problems)); more > 0 {
		fmt.Fprintf(b, "  and %d more in %s\n", more, problemsFile)
	}
}
