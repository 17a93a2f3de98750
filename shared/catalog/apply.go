package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/ratecard"
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
	// Actions says what became of the deck's rows.
	Actions *ratecard.Result `json:"actions,omitempty"`
	// Changes counts what becomes of the card's rates, against its revision From; 0:
	// it had none.
	From    int               `json:"from_revision,omitempty"`
	Changes *ratecard.Summary `json:"changes,omitempty"`
	// Holds says why a person has to approve the deck.
	Holds []string `json:"holds,omitempty"`
	// Already says that the card was given the same bytes before.
	Already string `json:"already,omitempty"`
	// Again counts the decks that came in later and were applied again, upon this one.
	Again int `json:"applied_again,omitempty"`
	// Later are the new reports of those of them that are not what they were.
	Later []*DeckReport `json:"-"`
}

// Apply brings a received deck to its end: the rates of its card as the deck
// changes them become the card's next revision, which is live from the deck's
// arrival when the card says so; or the deck is refused whole, or held. Any number
// of calls come to the same end. The report is nil when there was nothing to do.
func (c *Catalog) Apply(ctx context.Context, id string) (*DeckReport, error) {
	d, err := c.Deck(ctx, id)
	if err != nil {
		return nil, err
	}
	if d.Rejected || d.State == DeckApplied || d.State == DeckUnchanged || d.State == DeckHeld {
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

var (
	// errMoved says that a deck was applied to a card that is another one now.
	errMoved = errors.New("the card has changed")
	// errTaken says that a deck was brought to its end by someone else meanwhile.
	errTaken = errors.New("the deck came to its end meanwhile")
)

// applyOnce is Apply, on the card as it is now.
func (c *Catalog) applyOnce(ctx context.Context, d Deck) (*DeckReport, error) {
	report := &DeckReport{Deck: d}
	list, m, err := c.stages(ctx, report)
	switch {
	case errors.Is(err, ErrRefused):
		report.Deck, err = c.end(ctx, report, DeckRefused, strings.TrimSuffix(err.Error(), ": "+ErrRefused.Error()))
	case err == nil && len(report.Holds) > 0:
		report.Deck, err = c.end(ctx, report, DeckHeld, "a person has to approve it: "+strings.Join(report.Holds, " "))
	case err == nil:
		err = c.takeDecks(ctx, report, m, list)
	}
	switch {
	case errors.Is(err, errTaken):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("applying deck %s: %w", d.Object, err)
	}
	return report, nil
}

// takeDecks makes revisions of what a deck, and those that were applied again,
// make of the card.
func (c *Catalog) takeDecks(ctx context.Context, report *DeckReport, m *moment, list []done) error {
	var decks []Deck
	err := c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		change, err := ledger.ChangeBook(tx)
		if err != nil {
			return err
		}
		decks, err = m.take(tx, list, change)
		return err
	})
	if err != nil {
		return err
	}
	report.Deck, report.Again = decks[0], len(list)-1
	for i, one := range list[1:] {
		if one.report != nil {
			one.report.Deck = decks[i+1]
			report.Later = append(report.Later, one.report)
		}
	}
	return nil
}

// stages applies a deck, and those again that came after it, to the card as it is.
func (c *Catalog) stages(ctx context.Context, report *DeckReport) ([]done, *moment, error) {
	m, err := c.momentOf(ctx, &report.Deck)
	if err != nil {
		return nil, nil, err
	}
	d := &report.Deck
	if d.Content, err = c.contentOf(ctx, d); err != nil {
		return nil, nil, err
	}
	if last := m.last; !d.Approved && last != nil && last.Content == d.Content {
		report.Already = already(*last)
		d.Base, d.Next = m.base.Number, m.base.Rates
		return []done{{*d, m.base, nil}}, &m, nil
	}
	rev, err := c.outcome(ctx, m.def, report, m.base)
	if err != nil {
		return nil, nil, err
	}
	d.Rows, d.Base, d.Next = report.Read.Rows, m.base.Number, rev.Rates
	if !d.Approved && (m.base.Number > 0 || m.def.Decks.Confirm) {
		report.Holds = m.def.Decks.holds(report.Changes)
	}
	list := []done{{*d, rev, nil}}
	if says(rev, m.base) || len(report.Holds) > 0 {
		return list, &m, nil
	}
	after, err := c.follow(ctx, &m, rev)
	return append(list, after...), &m, err
}

// contentOf names what is in a deck.
func (c *Catalog) contentOf(ctx context.Context, d *Deck) (_ string, err error) {
	r, err := c.buckets.Decks.OpenRange(ctx, d.Object, d.Generation, 0, -1)
	if err != nil {
		return "", deckError(err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return "", deckError(err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// end notes that a deck is refused or held, and why.
func (c *Catalog) end(ctx context.Context, report *DeckReport, state DeckState, why string) (d Deck, err error) {
	id := report.Deck.ID
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		if err := get(tx, deckPath(id), &d); err != nil {
			return err
		}
		if d.State != DeckReceived && d.State != DeckRefused || d.Rejected {
			return errTaken
		}
		d.State, d.Failure = state, why
		if report.Read != nil {
			d.Rows, d.Rates = report.Read.Rows, 0
		}
		if d.Base, d.Next = report.Deck.Base, report.Deck.Next; state == DeckRefused {
			d.Next = "" // that of an earlier try
		}
		return put(tx, deckPath(id), d)
	})
	if err != nil {
		return d, fmt.Errorf("deck %s is %s: %w", id, state, err)
	}
	return d, nil
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
