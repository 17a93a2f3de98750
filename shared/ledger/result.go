package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
	"github.com/tollbook/tollbook/shared/money"
)

// Result is a folded period: what every account owes, exactly, and where the
// rows are that say why.
type Result struct {
	Period   Key             `json:"period"`
	Zone     string          `json:"zone"`
	Manifest Manifest        `json:"manifest"`
	Book     Ref             `json:"book"`
	Counts   MonthCounts     `json:"counts"`
	Accounts []AccountResult `json:"accounts"` // by shard, then id; only those with rows or lines
	Parts    []Ref           `json:"parts"`    // outcome rows: see Days
	// Days says how many of Parts each day has, ascending: each has its rows in
	// the order of Accounts. None: all parts are of one such order, as results
	// have it that were made before days had parts of their own.
	Days []DayParts `json:"days,omitempty"`
}

// MonthCounts accounts for every accepted and unrated charge of a month:
// Accepted + Unrated of its batches, as their periods are counted = Charged +
// Unrated + Duplicate + Superseded.
type MonthCounts struct {
	Rows       int64 `json:"rows"` // accepted and unrated, as the batches counted them
	Charged    int64 `json:"charged"`
	Unrated    int64 `json:"unrated"`
	Duplicate  int64 `json:"duplicate"`
	Superseded int64 `json:"superseded"`
}

// Check reports rows that are in no class, or in two.
func (c MonthCounts) Check() error {
	if sum := c.Charged + c.Unrated + c.Duplicate + c.Superseded; sum != c.Rows {
		return fmt.Errorf("%d rows in the month, but %d charged + %d unrated + %d duplicate + %d superseded = %d",
			c.Rows, c.Charged, c.Unrated, c.Duplicate, c.Superseded, sum)
	}
	return nil
}

func (c *MonthCounts) count(s call.Status) {
	c.Rows++
	switch s {
	case call.Rated:
		c.Charged++
	case call.Unrated:
		c.Unrated++
	case call.Duplicate:
		c.Duplicate++
	case call.Superseded:
		c.Superseded++
	}
}

// AccountResult is one account's month.
type AccountResult struct {
	Account  string        `json:"account"`
	Currency string        `json:"currency"`
	Counts   MonthCounts   `json:"counts"`
	Gross    money.Amount  `json:"gross"` // charges before the bundle
	Lines    []FoldLine    `json:"lines"` // sorted by key
	Pools    []bundle.Pool `json:"pools"`
}

// FoldLine is one line of an account's month, exact.
type FoldLine struct {
	Key         string       `json:"key"` // usage, usage:KIND, bundled, recurring:FEATURE
	Description string       `json:"description"`
	Calls       uint64       `json:"calls,omitempty"`   // or other records
	Seconds     uint64       `json:"seconds,omitempty"` // billed, of calls
	Exact       money.Amount `json:"exact"`
}

// The keys of the lines that usage makes.
const (
	usageKey     = "usage"
	bundledKey   = "bundled"
	recurringKey = "recurring:"
)

// usageKeys are the lines of charged usage, by kind. Calls stand apart: their
// key is older than the other kinds.
var usageKeys = [call.Kinds]struct{ key, description string }{
	call.Voice: {usageKey, "Calls"},
	call.SMS:   {usageKey + ":sms", "Messages"},
	call.Data:  {usageKey + ":data", "Data"},
	call.Event: {usageKey + ":event", "Events"},
}

// resultWriter folds ordered rows account by account.
type resultWriter struct {
	fold   *fold
	keep   *checkpointWriter // nil: none is made
	zone   *time.Location
	out    *outcomeWriter
	res    Result
	images map[string]uint32 // of the whole result, from one; see image
	names  []string
	shard  uint8
	seen   map[string]bool // accounts of this shard that have rows
	// subscribed are the cycle's accounts with features, by shard: they are
	// charged without usage too.
	subscribed [call.Shards][]string
}

func newResultWriter(f *fold, keep *checkpointWriter) (*resultWriter, error) {
	key := f.in.Manifest.Period
	zone, ok := f.book.CycleZone(key.Cycle)
	if !ok {
		return nil, fmt.Errorf("the book has no cycle %q: %w", key.Cycle, ErrState)
	}
	w := &resultWriter{
		fold: f, keep: keep, zone: zone, out: newOutcomeWriter(f), images: map[string]uint32{}, names: []string{""},
		res: Result{Period: key, Zone: zone.String(), Manifest: f.in.Manifest, Book: f.in.Book, Accounts: []AccountResult{}},
	}
	for _, a := range f.book.Accounts() {
		if features, _ := f.book.Features(a.ID); a.Cycle == key.Cycle && len(features) > 0 {
			shard := call.ShardOf(a.ID)
			w.subscribed[shard] = append(w.subscribed[shard], a.ID)
		}
	}
	return w, nil
}

// image numbers the card images of this run, so that a sorted row can carry a
// number; each part has its own table in the end.
func (w *resultWriter) image(name string) uint32 {
	if name == "" {
		return 0
	}
	n, ok := w.images[name]
	if !ok {
		n = uint32(len(w.names))
		w.images[name], w.names = n, append(w.names, name)
	}
	return n
}

// sortedRows reads the ordered rows of a shard.
type sortedRows struct {
	it   *extsort.Iterator
	row  call.Row // the next one
	more bool     // there is one
}

func (s *sortedRows) next() error {
	if s.more = s.it.Next(); !s.more {
		return s.it.Err()
	}
	if err := call.ParseRow(string(s.it.Value()), &s.row); err != nil {
		return fmt.Errorf("a sorted row: %w: %w", ErrDamaged, err)
	}
	return nil
}

// addShard folds the accounts of one shard: what a checkpoint has of each, then
// its rows. Last come the features of its accounts that have neither.
func (w *resultWriter) addShard(ctx context.Context, shard uint8, rows *sortedRows, kept *keptMonths) error {
	w.shard, w.seen = shard, map[string]bool{}
	if err := errors.Join(rows.next(), kept.next()); err != nil {
		return err
	}
	for rows.more || kept.more {
		account := rows.row.Account
		if kept.more && (!rows.more || kept.month.account < account) {
			account = strings.Clone(kept.month.account)
		}
		if err := w.addAccount(ctx, account, rows, kept); err != nil {
			return err
		}
	}
	return w.featuresOnly(shard)
}

func (w *resultWriter) addAccount(ctx context.Context, account string, rows *sortedRows, kept *keptMonths) error {
	month, err := w.begin(account)
	if err != nil {
		return err
	}
	if kept.more && kept.month.account == account {
		if err := month.resume(&kept.month); err != nil {
			return err
		}
		if err := kept.next(); err != nil {
			return err
		}
	}
	due := w.keep != nil // the checkpoint has yet to be told
	for rows.more && rows.row.Account == account {
		r := &rows.row
		if due && r.Instant >= w.keep.until {
			due = false
			if err := w.keep.add(ctx, w.shard, month); err != nil {
				return err
			}
		}
		if err := month.add(r); err != nil {
			return fmt.Errorf("line %d: %w", r.Line, err)
		}
		if err := w.write(ctx, r); err != nil {
			return err
		}
		if err := rows.next(); err != nil {
			return err
		}
	}
	if due {
		if err := w.keep.add(ctx, w.shard, month); err != nil {
			return err
		}
	}
	return w.end(month)
}

// featuresOnly adds the accounts of a shard that are charged without usage.
func (w *resultWriter) featuresOnly(shard uint8) error {
	for _, account := range w.subscribed[shard] {
		if w.seen[account] {
			continue
		}
		month, err := w.begin(account)
		if err != nil {
			return err
		}
		if err := w.end(month); err != nil {
			return err
		}
	}
	return nil
}

func (w *resultWriter) write(ctx context.Context, r *call.Row) error {
	if int64(r.Image) >= int64(len(w.names)) {
		return fmt.Errorf("a sorted row names a card image that is not there: %w", ErrDamaged)
	}
	return w.out.write(ctx, w.shard, r, w.names[r.Image])
}

// finish writes what is left and returns the result's bytes.
func (w *resultWriter) finish(ctx context.Context) ([]byte, error) {
	var err error
	if w.res.Parts, w.res.Days, err = w.out.finish(ctx); err != nil {
		return nil, err
	}
	if w.keep != nil {
		if err := w.keep.store(ctx, w.fold.ledger.buckets.Work, w.res.Parts, w.res.Days); err != nil {
			return nil, err
		}
	}
	if err := w.res.Counts.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	data, err := json.Marshal(w.res)
	if err != nil {
		return nil, fmt.Errorf("encoding a result: %w", err)
	}
	return data, nil
}

func (l *Ledger) result(ctx context.Context, ref Ref) (*Result, error) {
	data, err := load(ctx, l.buckets.Rated, ref)
	if err != nil {
		return nil, err
	}
	var r Result
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("decoding %s: %w: %w", ref.Name, ErrDamaged, err)
	}
	return &r, nil
}
