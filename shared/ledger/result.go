package ledger

import (
	"context"
	"encoding/json"
	"fmt"
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
	Parts    []Ref           `json:"parts"`    // outcome rows, in the order of Accounts
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
	zone   *time.Location
	out    *partWriter
	res    Result
	images map[string]uint32 // of the whole result, from one; see image
	names  []string
	shard  uint8
	buf    []byte
	seen   map[string]bool // accounts of this shard that have rows
	// subscribed are the cycle's accounts with features, by shard: they are
	// charged without usage too.
	subscribed [call.Shards][]string
}

func newResultWriter(f *fold) (*resultWriter, error) {
	key := f.in.Manifest.Period
	zone, ok := f.book.CycleZone(key.Cycle)
	if !ok {
		return nil, fmt.Errorf("the book has no cycle %q: %w", key.Cycle, ErrState)
	}
	w := &resultWriter{
		fold: f, zone: zone, out: newPartWriter(f.ledger.buckets.Rated, "outcomes"), images: map[string]uint32{}, names: []string{""},
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

// addShard folds the rows of one shard, and the features of its accounts that
// have no rows.
func (w *resultWriter) addShard(ctx context.Context, shard uint8, rows *extsort.Iterator) error {
	w.shard, w.seen = shard, map[string]bool{}
	var month *accountMonth
	var r call.Row
	for rows.Next() {
		if err := call.ParseRow(string(rows.Value()), &r); err != nil {
			return fmt.Errorf("a sorted row: %w: %w", ErrDamaged, err)
		}
		if month == nil || month.res.Account != r.Account {
			if err := w.end(month); err != nil {
				return err
			}
			var err error
			if month, err = w.begin(r.Account); err != nil {
				return err
			}
		}
		if err := month.add(&r); err != nil {
			return fmt.Errorf("line %d: %w", r.Line, err)
		}
		if err := w.write(ctx, &r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := w.end(month); err != nil {
		return err
	}
	return w.featuresOnly(shard)
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
	if w.out.full(0) {
		if err := w.out.seal(ctx); err != nil {
			return err
		}
	}
	if int64(r.Image) >= int64(len(w.names)) {
		return fmt.Errorf("a sorted row names a card image that is not there: %w", ErrDamaged)
	}
	at := w.out.period(w.res.Period)
	r.Image = w.out.image(w.names[r.Image])
	w.buf = call.AppendRow(w.buf[:0], r)
	w.out.add(call.OutcomeBlock, at, w.shard, w.buf)
	return nil
}

// finish writes what is left and returns the result's bytes.
func (w *resultWriter) finish(ctx context.Context) ([]byte, error) {
	if err := w.out.seal(ctx); err != nil {
		return nil, err
	}
	w.res.Parts = w.out.parts
	if w.res.Parts == nil {
		w.res.Parts = []Ref{}
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
