package local

import (
	"bytes"
	"context"
	_ "embed" // the page's template
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"stamp": stamp}).Parse(pageSource))

// Bounds of the page.
const (
	pageTimeout = 30 * time.Second
	showFiles   = 100 // the newest decks, and batches
	showMonths  = 24  // the newest
	showBills   = 100 // links of a month
	showLetters = 50  // the newest
	readPages   = 10  // of documents.MaxPage, of one query
)

// policy keeps a page from fetching or running anything.
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func harmless(w http.ResponseWriter, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
}

// pageData is what the template sees.
type pageData struct {
	Status
	Folders []string // where files are dropped
	Doors   []string // functions that people and programs call
	Decks   []catalog.Deck
	Failing []catalog.Follower // cards that cannot be built
	Batches []ledger.Batch
	Months  []month
	Letters []DeadLetter
	Dead    int // letters there are
}

// month is a period and what it came to.
type month struct {
	ledger.Period
	Accounts int      // with an invoice
	Totals   []string // of the invoices, by currency
	Bills    []bill   // the first of them
	Invoices int
	More     bool // there are invoices that were not read
}

type bill struct{ Account, Number, Total, Page, JSON, Usage string }

func (c *Cloud) servePage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	p, err := c.page(ctx)
	if err != nil {
		return fmt.Errorf("making the page: %w", err)
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, p); err != nil {
		return fmt.Errorf("making the page: %w", err)
	}
	harmless(w, "text/html; charset=utf-8")
	_, err = text.WriteTo(w)
	return err
}

func (c *Cloud) page(ctx context.Context) (p pageData, err error) {
	p.Status = c.Status()
	for _, b := range c.watcher.buckets {
		if b.dir != "" && !strings.HasPrefix(b.name, functions.OrdersBucket) {
			p.Folders = append(p.Folders, b.dir)
		}
	}
	for _, e := range c.Manifest.Functions {
		if e.HTTP {
			p.Doors = append(p.Doors, e.Name)
		}
	}
	docs := c.Deps.Docs
	if p.Decks, err = newest[catalog.Deck](ctx, docs, documents.Query{Name: "decks_all"}, p.Now); err != nil {
		return p, err
	}
	followers, err := c.Deps.Catalog().Followers(ctx, "")
	if err != nil {
		return p, err
	}
	for _, f := range followers {
		if f.Failure != "" {
			p.Failing = append(p.Failing, f)
		}
	}
	for _, state := range []ledger.State{ledger.Received, ledger.Planned, ledger.Committed, ledger.Failed, ledger.Withdrawn} {
		q := documents.Query{Name: "batches_by_state", Equal: map[string]any{"state": string(state)}}
		found, err := newest[ledger.Batch](ctx, docs, q, p.Now)
		if err != nil {
			return p, err
		}
		p.Batches = append(p.Batches, found...)
	}
	slices.SortStableFunc(p.Batches, func(a, b ledger.Batch) int { return b.ReceivedAt.Compare(a.ReceivedAt) })
	p.Batches = p.Batches[:min(showFiles, len(p.Batches))]
	if p.Months, err = c.months(ctx); err != nil {
		return p, err
	}
	p.Letters, p.Dead, err = c.letters.list(showLetters)
	return p, err
}

// newest returns the documents of a query by arrival that came last, the newest
// first. A store sorts upwards only: it is asked for the last days, and for more
// if these were quiet.
func newest[T any](ctx context.Context, docs documents.Store, q documents.Query, now time.Time) ([]T, error) {
	const days = 24 * time.Hour
	for _, window := range []time.Duration{2 * days, 40 * days, 0} {
		if window > 0 {
			q.From = now.Add(-window)
		} else {
			q.From = nil
		}
		found, _, err := read[T](ctx, docs, q)
		if err != nil {
			return nil, err
		}
		if len(found) >= showFiles || window == 0 {
			found = found[max(0, len(found)-showFiles):]
			slices.Reverse(found)
			return found, nil
		}
	}
	return nil, nil
}

// read returns what a query finds, up to a bound; more: there is more.
func read[T any](ctx context.Context, docs documents.Store, q documents.Query) (found []T, more bool, err error) {
	q.Limit, q.Cursor = documents.MaxPage, ""
	for range readPages {
		page, err := docs.Query(ctx, q)
		if err != nil {
			return nil, false, fmt.Errorf("reading %s: %w", q.Name, err)
		}
		for _, doc := range page.Docs {
			var v T
			if err := doc.Fields.Decode(&v); err != nil {
				return nil, false, fmt.Errorf("reading %s: %w", doc.Path, err)
			}
			found = append(found, v)
		}
		if page.Cursor == "" {
			return found, false, nil
		}
		q.Cursor = page.Cursor
	}
	return found, true, nil
}

// months returns the newest periods with their invoices.
func (c *Cloud) months(ctx context.Context) ([]month, error) {
	periods, err := c.Deps.Ledger().Periods(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(periods, func(a, b ledger.Period) int { return strings.Compare(b.Month.String(), a.Month.String()) })
	var months []month
	for _, p := range periods[:min(showMonths, len(periods))] {
		m := month{Period: p}
		q := documents.Query{Name: "invoices_by_period", Equal: map[string]any{"period": p.Key.String()}}
		heads, more, err := read[ledger.InvoiceHead](ctx, c.Deps.Docs, q)
		if err != nil {
			return nil, err
		}
		m.Invoices, m.More = len(heads), more
		if err := m.add(heads); err != nil {
			return nil, fmt.Errorf("adding up the invoices of %s: %w", p.Key, err)
		}
		months = append(months, m)
	}
	return months, nil
}

func (m *month) add(heads []ledger.InvoiceHead) error {
	accounts := map[string]bool{}
	totals := map[string]money.Amount{}
	var currencies []string
	for i, h := range heads {
		accounts[h.Account] = true
		sum, seen := totals[h.Currency]
		if !seen {
			currencies = append(currencies, h.Currency)
		}
		var err error
		if totals[h.Currency], err = sum.Add(h.Total); err != nil {
			return err
		}
		if i < showBills {
			total, err := amount(h.Total, h.Currency)
			if err != nil {
				return err
			}
			files := billing.FileNames(h.Number)
			m.Bills = append(m.Bills, bill{h.Account, h.Number, total, files.HTML, files.JSON, files.Usage})
		}
	}
	m.Accounts = len(accounts)
	slices.Sort(currencies)
	for _, currency := range currencies {
		total, err := amount(totals[currency], currency)
		if err != nil {
			return err
		}
		m.Totals = append(m.Totals, total)
	}
	return nil
}

func amount(a money.Amount, currency string) (string, error) {
	digits, err := billing.Digits(currency)
	if err != nil {
		return "", err
	}
	return a.Text(digits) + " " + currency, nil
}

// billTypes are the files of invoices.
var billTypes = map[string]string{".html": "text/html; charset=utf-8", ".json": "application/json", ".csv": "text/csv; charset=utf-8"}

// serveBill shows a file of an invoice.
func (c *Cloud) serveBill(w http.ResponseWriter, r *http.Request) (err error) {
	name := r.PathValue("name")
	contentType := billTypes[path.Ext(name)]
	bucket := c.Deps.Buckets.Bills
	info, err := bucket.Stat(r.Context(), name)
	if contentType == "" || errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrInvalid) {
		return &httpError{http.StatusNotFound, errors.New("there is no such bill")}
	}
	if err != nil {
		return fmt.Errorf("opening a bill: %w", err)
	}
	file, err := bucket.OpenRange(r.Context(), name, info.Generation, 0, -1)
	if err != nil {
		return fmt.Errorf("opening a bill: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	harmless(w, contentType)
	if _, err := io.Copy(w, file); err != nil {
		return fmt.Errorf("showing a bill: %w", err)
	}
	return nil
}
