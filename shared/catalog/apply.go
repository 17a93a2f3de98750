package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/deck/cells"
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
	// Actions says what became of the rows of a deck that has actions.
	Actions *ratecard.Result `json:"actions,omitempty"`
	// Changes counts what becomes of the card's rates, against its revision From; 0:
	// it had none.
	From    int               `json:"from_revision,omitempty"`
	Changes *ratecard.Summary `json:"changes,omitempty"`
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
	for range maxMoves {
		report, err := c.applyOnce(ctx, d)
		if !errors.Is(err, errMoved) {
			return report, err
		}
	}
	return nil, fmt.Errorf("applying deck %s: its card changed %d times meanwhile: apply it again", d.Object, maxMoves)
}

// maxMoves bounds how often a deck begins anew since its card changed meanwhile.
const maxMoves = 10

// errOvertaken says that a deck comes after one that arrived later, and one of the
// two has actions: the later one did not find the rates that this one leaves.
var errOvertaken = fmt.Errorf("a deck that came in later is applied already, and actions depend on the rates before them: send it again: %w", ErrRefused)

// errMoved says that a deck was read against rates that are no longer those
// of its card.
var errMoved = errors.New("the card has other rates now")

// applyOnce is Apply, on the rates that the card has now.
func (c *Catalog) applyOnce(ctx context.Context, d Deck) (*DeckReport, error) {
	report := &DeckReport{Deck: d}
	id := d.ID
	rates, base, err := c.readDeck(ctx, report)
	if errors.Is(err, ErrRefused) {
		report.Deck, err = c.refuse(ctx, id, report, strings.TrimSuffix(err.Error(), ": "+ErrRefused.Error()))
		return report, err
	}
	if err != nil {
		return nil, fmt.Errorf("reading deck %s: %w", d.Object, err)
	}
	var stored bytes.Buffer
	rows, err := ratecard.WriteRates(&stored, ratecard.Rows(rates))
	if err != nil {
		return nil, fmt.Errorf("deck %s: %w", d.Object, err)
	}
	name, err := c.ledger.StoreRates(ctx, stored.Bytes())
	if err != nil {
		return nil, err
	}
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		report.Deck, err = applyTx(tx, id, report.Read, ratecard.Revision{Card: d.Card, Rates: name, Rows: rows}, base)
		return err
	})
	if errors.Is(err, errOvertaken) {
		report.Deck, err = c.refuse(ctx, id, report, strings.TrimSuffix(errOvertaken.Error(), ": "+ErrRefused.Error()))
		return report, err
	}
	if err != nil {
		return nil, fmt.Errorf("applying deck %s: %w", d.Object, err)
	}
	return report, nil
}

// readDeck returns the rates that a card has after a deck, and the number of the
// revision that it was held against, 0 for none. An error that wraps ErrRefused
// is for a person.
func (c *Catalog) readDeck(ctx context.Context, report *DeckReport) (rates []rating.Rate, base int, err error) {
	d := report.Deck
	refuse := func(format string, args ...any) error {
		return fmt.Errorf(format+": %w", append(args, ErrRefused)...)
	}
	if d.Card == "" {
		return nil, 0, refuse("the deck is not in a card's folder: want %s/%s", "<card>", d.Object)
	}
	def, err := c.Definition(ctx, d.Card)
	if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
		return nil, 0, refuse("card %q is not defined: define it as a provider card, or move the deck to the folder of one", d.Card)
	}
	if err != nil {
		return nil, 0, err
	}
	if def.Kind != Provider {
		return nil, 0, refuse("card %q is a %s card, which is built from %q: decks are for provider cards", d.Card, def.Kind, def.Parent)
	}
	if d.Size > MaxDeck {
		return nil, 0, refuse("the deck has %d bytes, want at most %d", d.Size, MaxDeck)
	}
	o, err := def.options()
	if err != nil {
		return nil, 0, fmt.Errorf("card %q: %w", d.Card, err)
	}
	was, err := c.baseOf(ctx, def, d.ReceivedAt)
	if err != nil {
		return nil, 0, err
	}
	src := &objectReader{ctx: ctx, bucket: c.buckets.Decks, name: d.Object, generation: d.Generation, size: d.Size}
	defer func() { err = errors.Join(err, src.Close()) }()
	bad := func(e deck.RowError) {
		if len(report.Errors) == maxErrors {
			report.More++
			return
		}
		report.Errors = append(report.Errors, e)
	}
	received, later := d.ReceivedAt.UnixNano(), 0
	whole := deck.WholeRates(received, func(r rating.Rate) error {
		if r.From > received {
			later++
		}
		rates = append(rates, r)
		return nil
	}, bad)
	var entries []deck.Entry
	read, err := deck.ReadFile(src, d.Size, o, func(e deck.Entry) error {
		if e.Action == cells.None {
			return whole(e)
		}
		entries = append(entries, e)
		return nil
	}, bad)
	var file *deck.FileError
	switch {
	case errors.Is(err, objects.ErrLost), errors.Is(err, objects.ErrNotFound):
		return nil, 0, refuse("the deck is gone: it was replaced or removed before it was read")
	case errors.As(err, &file):
		return nil, 0, refuse("%s", file.Error())
	case err != nil:
		return nil, 0, err
	}
	report.Read = &read
	if later > 0 {
		read.Notices = append(read.Notices, fmt.Sprintf("Rates that begin after the deck came: %d. It is all there is: where a prefix has no other row, calls before that have no price.", later))
	}
	if read.Currency != "" && read.Currency != def.Currency {
		return nil, 0, refuse("the deck's prices are in %s and the card's in %s: define a card in %s, or correct the deck", read.Currency, def.Currency, read.Currency)
	}
	current, err := c.ratesOf(ctx, was)
	if err != nil {
		return nil, 0, err
	}
	if read.Actions && len(report.Errors) == 0 {
		if rates, err = act(report, current, entries); err != nil {
			return nil, 0, err
		}
	}
	if n := int64(len(report.Errors)) + report.More; n > 0 {
		return nil, 0, refuse("%d errors, the first: %w", n, report.Errors[0])
	}
	if len(rates) == 0 {
		return nil, 0, refuse("the deck has no rates")
	}
	return rates, was.Number, compare(report, def.Currency, was.Number, current, rates)
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

// revisionHead counts a card's revisions, and remembers which one each of its
// last decks said, in the order of arrival.
type revisionHead struct {
	Last     int       `doc:"last"`
	Arrivals []arrival `doc:"arrivals,omitempty"`
}

type arrival struct {
	At       time.Time `doc:"at"`
	Revision int       `doc:"revision"`
	Acted    bool      `doc:"acted,omitempty"` // on the rates that were there before it
}

// maxArrivals bounds how many decks may overtake one.
const maxArrivals = 100

// add notes a deck and returns those that came in after it.
func (h *revisionHead) add(a arrival) (later []arrival) {
	at, _ := slices.BinarySearchFunc(h.Arrivals, a.At, func(have arrival, t time.Time) int {
		if have.At.After(t) {
			return 1
		}
		return -1
	})
	h.Arrivals = slices.Insert(h.Arrivals, at, a)
	later = slices.Clone(h.Arrivals[at+1:])
	h.Arrivals = h.Arrivals[max(0, len(h.Arrivals)-maxArrivals):]
	return later
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

// applyTx makes a deck's rates a revision, unless they are what the card says
// already.
//
// A deck with actions was read against a base, which must be what the card says
// still: else errMoved.
func applyTx(tx documents.Tx, id string, read *deck.Report, rev ratecard.Revision, base int) (d Deck, err error) {
	change, err := ledger.ChangeBook(tx)
	if err != nil {
		return d, err
	}
	var def Definition
	var card book.Card
	var head revisionHead
	isNew, err := find(tx, revisionHeadPath(rev.Card), &head)
	if err := errors.Join(err, get(tx, deckPath(id), &d), get(tx, definitionPath(rev.Card), &def), get(tx, cardPath(rev.Card), &card)); err != nil {
		return d, err
	}
	if d.State == DeckApplied || d.State == DeckUnchanged {
		return d, nil // someone else came first
	}
	was := ratecard.Revision{Number: head.Last}
	if def.Activate == AtArrival {
		was.Number, _ = card.Log.At(d.ReceivedAt)
	}
	if read.Actions && was.Number != base {
		return d, errMoved
	}
	if was.Number > 0 {
		if err := get(tx, revisionPath(rev.Card, was.Number), &was); err != nil {
			return d, err
		}
	}
	d.Rows, d.Rates, d.Failure = read.Rows, rev.Rows, ""
	if d.State, d.Revision = DeckUnchanged, was.Number; was.Rates != rev.Rates {
		head.Last++
		rev.Number = head.Last
		d.State, d.Revision = DeckApplied, rev.Number
		if err := create(tx, revisionPath(rev.Card, rev.Number), rev); err != nil {
			return d, err
		}
	}
	later := head.add(arrival{d.ReceivedAt, d.Revision, read.Actions})
	if len(later) > 0 && (read.Actions || slices.ContainsFunc(later, func(a arrival) bool { return a.Acted })) {
		return d, errOvertaken
	}
	if err := errors.Join(put(tx, deckPath(id), d), write(tx, isNew, revisionHeadPath(rev.Card), head)); err != nil {
		return d, err
	}
	if def.Activate != AtArrival || d.State == DeckUnchanged {
		return d, nil
	}
	if card.Log, err = activate(card.Log, append([]arrival{{At: d.ReceivedAt, Revision: d.Revision}}, later...)); err != nil {
		return d, err
	}
	return d, errors.Join(put(tx, cardPath(rev.Card), card), change())
}

// activate makes a revision live from its deck's arrival on, until the next
// deck's. Decks may be applied in another order than they came in: those that
// came later are live from their own arrival all the same.
func activate(log ratecard.Log, arrivals []arrival) (_ ratecard.Log, err error) {
	if len(log)+len(arrivals) > MaxActivations {
		return nil, fmt.Errorf("the card's log has %d entries, want at most %d: set up another card", len(log), MaxActivations)
	}
	for i, a := range arrivals {
		if live, ok := log.At(a.At); ok && live == a.Revision && i > 0 {
			continue
		}
		entry := ratecard.Activation{Revision: a.Revision, From: a.At, RecordedAt: arrivals[0].At}
		if n := len(log); n == 0 {
			entry.From = time.Time{} // a card's first revision is live from its beginning
		} else if last := log[n-1].RecordedAt; last.After(entry.RecordedAt) {
			entry.RecordedAt = last
		}
		if log, err = log.Append(entry); err != nil {
			return nil, err
		}
	}
	return log, nil
}
