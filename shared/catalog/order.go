package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Decks change the rates that their card has when they come in. So their order
// counts, and events may bring them in another one: a deck that was overtaken is
// applied to the rates of its own instant, and those that came after it are
// applied again, each to what is before it then.

// revisionHead counts a card's revisions, and remembers which one each of its
// last decks made, in the order of arrival.
type revisionHead struct {
	Last     int       `doc:"last"`
	Arrivals []arrival `doc:"arrivals,omitempty"`
}

// arrival is a deck that was applied.
type arrival struct {
	At       time.Time `doc:"at"`
	Revision int       `doc:"revision"`       // it made, or it equals
	Base     int       `doc:"base,omitempty"` // it was applied to; 0: none
	Deck     string    `doc:"deck"`
	Content  string    `doc:"content"` // SHA-256 of its bytes
}

const (
	maxArrivals = 100 // that are remembered
	maxAgain    = 20  // decks that are applied again for one that they overtook
)

// errOvertaken says that a deck was overtaken by too much to be applied.
var errOvertaken = refusal("it was overtaken by decks that came in later, and these cannot be applied again after it: send it again")

// place returns where in the order of arrivals one at an instant stands: behind
// those of its instant.
func (h *revisionHead) place(at time.Time) int {
	i, _ := slices.BinarySearchFunc(h.Arrivals, at, func(have arrival, t time.Time) int {
		if have.At.After(t) {
			return 1
		}
		return -1
	})
	return i
}

// moment is a card as it stands, and where a deck comes in.
type moment struct {
	def  Definition
	head revisionHead
	log  ratecard.Log
	base ratecard.Revision // that the deck is applied to; Number 0: none
	last *arrival          // the deck before it; nil: none
	// again are the decks after it that were applied, one after another, to what it
	// changes.
	again []arrival
}

// momentOf reads the card of a deck.
func (c *Catalog) momentOf(ctx context.Context, d *Deck) (m moment, err error) {
	if m.def, err = c.definitionOf(ctx, d); err != nil {
		return m, err
	}
	var card book.Card
	if err := c.read(ctx, cardPath(d.Card), &card); err != nil {
		return m, err
	}
	m.log = card.Log
	if err := c.read(ctx, revisionHeadPath(d.Card), &m.head); err != nil && !errors.Is(err, documents.ErrNotFound) {
		return m, err
	}
	at := m.head.place(d.ReceivedAt)
	before, later := m.head.Arrivals[:at], m.head.Arrivals[at:]
	if at > 0 {
		m.last = &before[at-1]
	}
	if len(before) == 0 && len(later) == maxArrivals {
		return m, errOvertaken // what was before it is forgotten
	}
	n, from, _, _ := m.log.During(d.ReceivedAt)
	switch {
	case m.def.Activate == AtArrival:
		if from.IsZero() && len(before) == 0 && len(later) > 0 {
			n = later[0].Base // what is live from the card's beginning on came in later
		}
	case len(before) == 0:
		if len(later) > 0 {
			n = 0
		}
	default: // of what waits for a person the newest, unless a person has made a newer one live
		last := before[len(before)-1].Revision
		if len(later) > 0 || last > n {
			n = last
		}
	}
	for last := n; len(later) > 0 && later[0].Base == last; later = later[1:] {
		m.again = append(m.again, later[0])
		last = later[0].Revision
	}
	if len(m.again) > maxAgain {
		return m, errOvertaken
	}
	m.base = ratecard.Revision{Card: d.Card, Number: n}
	if n > 0 {
		err = c.read(ctx, revisionPath(d.Card, n), &m.base)
	}
	return m, err
}

// done is a deck and the rates after it.
type done struct {
	deck   Deck
	rev    ratecard.Revision // Number 0: one to be made
	report *DeckReport       // of one that was applied again
}

// follow applies the decks again that come after one, on what the card has after
// that. From where the rates are what they were before, no deck needs to be read.
func (c *Catalog) follow(ctx context.Context, m *moment, after ratecard.Revision) (out []done, err error) {
	same := false
	for _, a := range m.again {
		var was ratecard.Revision
		if err := c.read(ctx, revisionPath(after.Card, a.Revision), &was); err != nil {
			return nil, err
		}
		d, err := c.Deck(ctx, a.Deck)
		if err != nil {
			return nil, err
		}
		var report *DeckReport
		if !same {
			report = &DeckReport{Deck: d}
			after, err = c.outcome(ctx, m.def, report, after)
			if errors.Is(err, ErrRefused) {
				return nil, errOvertaken
			}
			if err != nil {
				return nil, fmt.Errorf("applying deck %s again: %w", d.Object, err)
			}
			d.Rows, d.Bad = report.Read.Rows, report.Deck.Bad
			same = says(after, was)
		}
		if same {
			after = was
		}
		out = append(out, done{d, after, report})
	}
	return out, nil
}

// take makes revisions of the rates after a deck, and after those that were
// applied again, and makes them live where the card says so. It returns the decks;
// errTaken: someone else came first.
func (m *moment) take(tx documents.Tx, list []done, change func() error) ([]Deck, error) {
	id := m.base.Card
	var card book.Card
	var head revisionHead
	isNew, err := find(tx, revisionHeadPath(id), &head)
	audit, auditErr := newAuditor(tx, id)
	if err := errors.Join(err, auditErr, get(tx, cardPath(id), &card)); err != nil {
		return nil, err
	}
	decks := make([]Deck, len(list))
	for i := range list {
		if err := get(tx, deckPath(list[i].deck.ID), &decks[i]); err != nil {
			return nil, err
		}
	}
	first := decks[0]
	switch {
	case first.State == DeckApplied || first.State == DeckUnchanged || first.Rejected:
		return nil, errTaken
	case head.Last != m.head.Last || len(card.Log) != len(m.log) || !slices.Equal(head.Arrivals, m.head.Arrivals):
		return nil, errMoved
	}
	at := head.place(first.ReceivedAt)
	head.Arrivals = slices.Insert(head.Arrivals, at, arrival{At: first.ReceivedAt, Deck: first.ID, Content: list[0].deck.Content})
	before := m.base
	for i := range list {
		d, rev := &decks[i], list[i].rev
		d.State, d.Rows, d.Bad = DeckApplied, list[i].deck.Rows, list[i].deck.Bad
		switch {
		case says(rev, before):
			rev = before
			d.State = DeckUnchanged
		case rev.Number == 0:
			head.Last++
			rev.Number = head.Last
			meta := RevisionMeta{Card: id, Number: rev.Number, MadeAt: d.ReceivedAt, Source: FromDeck, Deck: d.ID, Base: before.Number}
			if err := errors.Join(create(tx, revisionPath(id, rev.Number), rev), create(tx, MetaPath(id, rev.Number), meta)); err != nil {
				return nil, err
			}
		}
		d.Revision, d.Rates, d.Failure = rev.Number, rev.Rows, ""
		d.Base, d.Next, d.Content = before.Number, rev.Rates, list[i].deck.Content
		head.Arrivals[at+i].Base, head.Arrivals[at+i].Revision = before.Number, rev.Number
		if list[i].report != nil {
			d.After = first.Object
		}
		if err := put(tx, deckPath(d.ID), *d); err != nil {
			return nil, err
		}
		before = rev
	}
	made := slices.Clone(head.Arrivals[at : at+len(list)])
	head.Arrivals = head.Arrivals[max(0, len(head.Arrivals)-maxArrivals):]
	if err := write(tx, isNew, revisionHeadPath(id), head); err != nil {
		return nil, err
	}
	if decks[0].State == DeckApplied {
		if err := audit.add(Actor{By: "deck " + first.Object, At: first.ReceivedAt}, Decked, decks[0].Revision, madeOf(made[0].Base), madeBy(decks)); err != nil {
			return nil, err
		}
	}
	if m.def.Activate != AtArrival {
		return decks, nil
	}
	log, err := activate(card.Log, made)
	if err != nil || len(log) == len(card.Log) {
		return decks, err
	}
	card.Log = log
	return decks, errors.Join(put(tx, cardPath(id), card), change())
}

func madeOf(base int) map[string]string {
	if base == 0 {
		return nil
	}
	return map[string]string{"revision": strconv.Itoa(base)}
}

// madeBy says of a deck, and of those that were applied again after it, what came
// of them.
func madeBy(decks []Deck) map[string]string {
	d := decks[0]
	out := map[string]string{"deck": d.ID, "generation": d.Generation, "rates": strconv.FormatInt(d.Rates, 10), "object": d.Next}
	if d.Approved {
		out["approved"] = "yes"
	}
	if d.GoodRows {
		out["errors_left_out"] = strconv.FormatInt(d.Bad, 10)
	}
	var again []string
	for _, d := range decks[1:] {
		again = append(again, fmt.Sprintf("%s: revision %d", d.ID, d.Revision))
	}
	if len(again) > 0 {
		out["applied_again"] = strings.Join(again, ", ")
	}
	return out
}

// activate makes the revisions of decks live, each from its arrival on.
func activate(log ratecard.Log, made []arrival) (_ ratecard.Log, err error) {
	if len(log)+len(made) > MaxActivations {
		return nil, fmt.Errorf("the card's log has %d entries, want at most %d: set up another card", len(log), MaxActivations)
	}
	for _, a := range made {
		if live, ok := log.At(a.At); ok && live == a.Revision {
			continue
		}
		entry := ratecard.Activation{Revision: a.Revision, From: a.At, RecordedAt: made[0].At}
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
