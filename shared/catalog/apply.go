package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// MaxDeck is the largest deck that is read, in bytes.
const MaxDeck = 128 << 20

// maxErrors bounds the errors of a deck that are reported; the rest is counted.
const maxErrors = 1000

// DeckReport says, for a person, how a deck was understood and what is wrong
// with it: every error at once, none of its rates is applied when there is one.
type DeckReport struct {
	Deck   Deck            `json:"deck"`
	Read   *deck.Report    `json:"read,omitempty"`
	Errors []deck.RowError `json:"errors,omitempty"` // the first 1,000
	More   int64           `json:"more_errors,omitempty"`
}

// Apply brings a received deck to its end: its rates become the next revision
// of its card, which is live from the deck's arrival when the card says so, or
// the deck is refused whole. Any number of calls come to the same end. The
// report is nil when there was nothing to do.
func (c *Catalog) Apply(ctx context.Context, id string) (*DeckReport, error) {
	d, err := c.Deck(ctx, id)
	if err != nil {
		return nil, err
	}
	if d.State == DeckApplied || d.State == DeckUnchanged {
		return nil, nil
	}
	report := &DeckReport{Deck: d}
	rates, err := c.readDeck(ctx, report)
	if errors.Is(err, ErrRefused) {
		report.Deck, err = c.refuse(ctx, id, report, strings.TrimSuffix(err.Error(), ": "+ErrRefused.Error()))
		return report, err
	}
	if err != nil {
		return nil, fmt.Errorf("reading deck %s: %w", d.Object, err)
	}
	var stored bytes.Buffer
	rows, err := ratecard.WriteRates(&stored, each(rates))
	if err != nil {
		return nil, fmt.Errorf("deck %s: %w", d.Object, err)
	}
	name, err := c.ledger.StoreRates(ctx, stored.Bytes())
	if err != nil {
		return nil, err
	}
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		report.Deck, err = applyTx(tx, id, report.Read, ratecard.Revision{Card: d.Card, Rates: name, Rows: rows})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("applying deck %s: %w", d.Object, err)
	}
	return report, nil
}

// readDeck returns the rates of a deck. An error that wraps ErrRefused is for a
// person.
func (c *Catalog) readDeck(ctx context.Context, report *DeckReport) (rates []rating.Rate, err error) {
	d := report.Deck
	refuse := func(format string, args ...any) error {
		return fmt.Errorf(format+": %w", append(args, ErrRefused)...)
	}
	if d.Card == "" {
		return nil, refuse("the deck is not in a card's folder: want %s/%s", "<card>", d.Object)
	}
	def, err := c.Definition(ctx, d.Card)
	if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
		return nil, refuse("card %q is not defined: define it as a provider card, or move the deck to the folder of one", d.Card)
	}
	if err != nil {
		return nil, err
	}
	if def.Kind != Provider {
		return nil, refuse("card %q is a %s card, which is built from %q: decks are for provider cards", d.Card, def.Kind, def.Parent)
	}
	if d.Size > MaxDeck {
		return nil, refuse("the deck has %d bytes, want at most %d", d.Size, MaxDeck)
	}
	var o deck.Options
	if def.Increment != "" {
		if o.Interval1, o.IntervalN, err = deck.ParseIncrements(def.Increment); err != nil {
			return nil, fmt.Errorf("card %q: %w", d.Card, err)
		}
	}
	src := &objectReader{ctx: ctx, bucket: c.buckets.Decks, name: d.Object, generation: d.Generation}
	defer func() { err = errors.Join(err, src.Close()) }()
	read, err := deck.Read(src, o, func(_ int64, r rating.Rate) error {
		rates = append(rates, r)
		return nil
	}, func(e deck.RowError) {
		if len(report.Errors) == maxErrors {
			report.More++
			return
		}
		report.Errors = append(report.Errors, e)
	})
	var file *deck.FileError
	switch {
	case errors.Is(err, objects.ErrLost), errors.Is(err, objects.ErrNotFound):
		return nil, refuse("the deck is gone: it was replaced or removed before it was read")
	case errors.As(err, &file):
		return nil, refuse("%s", file.Error())
	case err != nil:
		return nil, err
	}
	report.Read = &read
	if n := int64(len(report.Errors)) + report.More; n > 0 {
		return nil, refuse("%d errors, the first: %w", n, report.Errors[0])
	}
	if len(rates) == 0 {
		return nil, refuse("the deck has no rates")
	}
	return rates, nil
}

// refuse notes why nothing of a deck was applied.
func (c *Catalog) refuse(ctx context.Context, id string, report *DeckReport, why string) (d Deck, err error) {
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		if err := get(tx, deckPath(id), &d); err != nil {
			return err
		}
		if d.State != DeckReceived && d.State != DeckRefused {
			return nil // applied meanwhile
		}
		d.State, d.Failure = DeckRefused, why
		if report.Read != nil {
			d.Rows, d.Rates = report.Read.Rows, 0
		}
		return put(tx, deckPath(id), d)
	})
	if err != nil {
		return d, fmt.Errorf("refusing deck %s: %w", id, err)
	}
	return d, nil
}

// revisionHead counts a card's revisions and names the rates of the newest.
type revisionHead struct {
	Last  int    `doc:"last"`
	Rates string `doc:"rates"`
}

func revisionHeadPath(card string) documents.Path {
	return documents.Path{Collection: "heads", ID: documents.ID("revisions", card)}
}

func cardPath(card string) documents.Path {
	return documents.Path{Collection: "cards", ID: documents.ID(card)}
}

func revisionPath(card string, number int) documents.Path {
	return documents.Path{Collection: "revisions", ID: documents.ID(card, strconv.Itoa(number))}
}

// applyTx makes a deck's rates a revision, unless they are the newest one's.
func applyTx(tx documents.Tx, id string, read *deck.Report, rev ratecard.Revision) (d Deck, err error) {
	change, err := ledger.ChangeBook(tx)
	if err != nil {
		return d, err
	}
	var def Definition
	var card book.Card
	if err := errors.Join(get(tx, deckPath(id), &d), get(tx, definitionPath(rev.Card), &def), get(tx, cardPath(rev.Card), &card)); err != nil {
		return d, err
	}
	var head revisionHead
	isNew, err := find(tx, revisionHeadPath(rev.Card), &head)
	if err != nil || d.State == DeckApplied || d.State == DeckUnchanged {
		return d, err // someone else came first
	}
	d.Rows, d.Rates, d.Failure = read.Rows, rev.Rows, ""
	if head.Rates == rev.Rates {
		d.State, d.Revision = DeckUnchanged, head.Last
		return d, put(tx, deckPath(id), d)
	}
	head.Last, head.Rates = head.Last+1, rev.Rates
	rev.Number = head.Last
	d.State, d.Revision = DeckApplied, rev.Number
	if err := errors.Join(put(tx, deckPath(id), d), create(tx, revisionPath(rev.Card, rev.Number), rev), write(tx, isNew, revisionHeadPath(rev.Card), head)); err != nil {
		return d, err
	}
	if def.Activate != AtArrival {
		return d, nil
	}
	if card.Log, err = activate(card.Log, rev.Number, d.ReceivedAt); err != nil {
		return d, err
	}
	return d, errors.Join(put(tx, cardPath(rev.Card), card), change())
}

// activate appends a revision that is live from its deck's arrival on. Decks
// may be applied in another order than they came in: each is live from its own
// arrival, so the first entry, which stands for the card's beginning too, is
// given its arrival when an earlier deck follows it.
func activate(log ratecard.Log, revision int, arrived time.Time) (ratecard.Log, error) {
	if len(log) == 0 {
		return log.Append(ratecard.Activation{Revision: revision, RecordedAt: arrived})
	}
	first, last := log[0], log[len(log)-1]
	recorded := arrived
	if last.RecordedAt.After(recorded) {
		recorded = last.RecordedAt
	}
	log, err := log.Append(ratecard.Activation{Revision: revision, From: arrived, RecordedAt: recorded})
	if err != nil || !arrived.Before(first.RecordedAt) {
		return log, err
	}
	for _, a := range log {
		if a.From.Equal(first.RecordedAt) {
			return log, nil // it was given before
		}
	}
	return log.Append(ratecard.Activation{Revision: first.Revision, From: first.RecordedAt, RecordedAt: recorded})
}

func each(rates []rating.Rate) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		for _, r := range rates {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// objectReader reads a pinned generation from the beginning, as often as asked.
type objectReader struct {
	ctx              context.Context
	bucket           objects.Bucket
	name, generation string
	open             io.ReadCloser
}

func (o *objectReader) Read(p []byte) (n int, err error) {
	if o.open == nil {
		if o.open, err = o.bucket.OpenRange(o.ctx, o.name, o.generation, 0, -1); err != nil {
			return 0, err
		}
	}
	return o.open.Read(p)
}

// Seek goes back to the beginning; nothing else is asked for.
func (o *objectReader) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("an object is read again from its beginning only")
	}
	return 0, o.Close()
}

func (o *objectReader) Close() error {
	if o.open == nil {
		return nil
	}
	err := o.open.Close()
	o.open = nil
	return err
}
