package catalog

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Source says what a revision was made of.
type Source string

// The sources.
const (
	FromDeck  Source = "deck"
	FromBuild Source = "build" // of the card's parent
	FromEdit  Source = "edit"  // of the revision Base
	FromCopy  Source = "copy"  // of the revision Base
	FromDraft Source = "draft" // of nothing
	FromClone Source = "clone" // of the revision Base of the card BaseCard
)

// RevisionMeta is what people know of a revision, beside its head: that never
// changes, this may. A revision without one came from a deck, or was built.
type RevisionMeta struct {
	Card     string    `doc:"card" json:"card"`
	Number   int       `doc:"number" json:"number"`
	MadeAt   time.Time `doc:"made_at,omitempty" json:"made_at,omitzero"`
	By       string    `doc:"by,omitempty" json:"by,omitempty"`
	Source   Source    `doc:"source" json:"source"`
	Deck     string    `doc:"deck,omitempty" json:"deck,omitempty"`           // its id, of a revision that is one
	BaseCard string    `doc:"base_card,omitempty" json:"base_card,omitempty"` // of a clone
	Base     int       `doc:"base,omitempty" json:"base,omitempty"`           // the revision it was made of
	Note     string    `doc:"note,omitempty" json:"note,omitempty"`
	Archived bool      `doc:"archived,omitempty" json:"archived,omitempty"`
}

// MetaPath names the document of a revision's RevisionMeta.
func MetaPath(card string, number int) documents.Path {
	return pathOf("revision_meta", card, strconv.Itoa(number))
}

// MetaOf returns what is known of a revision; doc is that of MetaPath, which may
// be missing.
func MetaOf(rev ratecard.Revision, doc documents.Doc) (RevisionMeta, error) {
	m := RevisionMeta{Card: rev.Card, Number: rev.Number, Source: FromDeck}
	if rev.Inputs != "" {
		m.Source = FromBuild
	}
	return m, decodeOld(doc, &m)
}

// RevisionState is where a revision stands at an instant.
type RevisionState string

// The states: draft → ready → scheduled → live → ready, and archived of what is
// not live or scheduled.
const (
	RevisionDraft     RevisionState = "draft" // it has no rates
	RevisionReady     RevisionState = "ready" // it can be made live; perhaps it was
	RevisionScheduled RevisionState = "scheduled"
	RevisionLive      RevisionState = "live"
	RevisionArchived  RevisionState = "archived"
)

// StateOf returns where a revision stands at an instant, by the spans of its
// card's log, and the time in which it is live: now, else next, else last. It
// never was and will not be where the span has no revision.
func StateOf(rev ratecard.Revision, m RevisionMeta, spans []ratecard.Span, at time.Time) (RevisionState, ratecard.Span) {
	var last ratecard.Span
	for _, s := range spans {
		switch {
		case s.Revision != rev.Number:
		case s.Has(at):
			return RevisionLive, s
		case s.From.After(at):
			return RevisionScheduled, s
		default:
			last = s
		}
	}
	switch {
	case m.Archived:
		return RevisionArchived, last
	case rev.Rows == 0:
		return RevisionDraft, last
	}
	return RevisionReady, last
}

// ofRevision is a transaction on what people know of one revision.
type ofRevision struct {
	tx      documents.Tx
	auditor *auditor
	card    book.Card
	rev     ratecard.Revision
	meta    RevisionMeta
	isNew   bool // it has no document yet
	head    revisionHead
}

func readRevision(tx documents.Tx, card string, n int) (*ofRevision, error) {
	docs, err := tx.GetMany([]documents.Path{
		cardPath(card), revisionPath(card, n), MetaPath(card, n), auditHeadPath(card), revisionHeadPath(card)})
	if err != nil {
		return nil, err
	}
	r := &ofRevision{tx: tx, isNew: !docs[2].Exists()}
	if err := errors.Join(docs[0].Decode(&r.card), docs[1].Decode(&r.rev), decodeOld(docs[4], &r.head)); err != nil {
		return nil, err
	}
	if r.meta, err = MetaOf(r.rev, docs[2]); err != nil {
		return nil, err
	}
	r.auditor, err = auditorOf(tx, card, docs[3])
	return r, err
}

func (r *ofRevision) writeMeta() error {
	return write(r.tx, r.isNew, MetaPath(r.card.ID, r.rev.Number), r.meta)
}

// changeRevision changes what people know of a revision, in one transaction.
// documents.ErrNotFound: there is no such one.
func (c *Catalog) changeRevision(ctx context.Context, card string, n int, change func(*ofRevision) error) error {
	return c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		r, err := readRevision(tx, card, n)
		if err != nil {
			return err
		}
		return change(r)
	})
}

// Note writes the note of a revision: at most 256 bytes of UTF-8 without control
// characters; empty: none.
func (c *Catalog) Note(ctx context.Context, card string, n int, note string, by Actor) error {
	refusal := about("revision", card, strconv.Itoa(n))
	if refusal.text("note", note, 0); len(refusal.Fields) > 0 {
		return refusal
	}
	err := c.changeRevision(ctx, card, n, func(r *ofRevision) error {
		if r.meta.Note == note {
			return nil
		}
		before := map[string]string{"note": r.meta.Note}
		r.meta.Note = note
		return errors.Join(r.writeMeta(), r.auditor.add(by, Noted, n, before, map[string]string{"note": note}))
	})
	if err != nil {
		return fmt.Errorf("noting on revision %d of %s: %w", n, short(card), err)
	}
	return nil
}

// Archive puts a revision away, or takes it back: an archived one cannot be made
// live. One that is live at the actor's instant, or will be, is refused.
func (c *Catalog) Archive(ctx context.Context, card string, n int, away bool, by Actor) error {
	err := c.changeRevision(ctx, card, n, func(r *ofRevision) error {
		if r.meta.Archived == away {
			return nil
		}
		if state, span := StateOf(r.rev, r.meta, r.card.Log.Spans(), by.At); away && (state == RevisionLive || state == RevisionScheduled) {
			refusal := about("revision", card, strconv.Itoa(n))
			from := "the card's beginning"
			if !span.From.IsZero() {
				from = timeText(span.From)
			}
			refusal.add("revision", strconv.Itoa(n), fmt.Sprintf("one that is not live: it is %s, from %s", state, from))
			return refusal
		}
		what := Archived
		if r.meta.Archived = away; !away {
			what = Restored
		}
		return errors.Join(r.writeMeta(), r.auditor.add(by, what, n, nil, nil))
	})
	if err != nil {
		return fmt.Errorf("archiving revision %d of %s: %w", n, short(card), err)
	}
	return nil
}

// DeleteRevision removes a revision that never was made live, will not be, and
// that nothing names: no deck is it or was applied to it, and no revision was made of it. Its number
// is not given again.
func (c *Catalog) DeleteRevision(ctx context.Context, card string, n int, by Actor) error {
	for range maxMoves {
		var head revisionHead
		if err := c.read(ctx, revisionHeadPath(card), &head); err != nil && !errors.Is(err, documents.ErrNotFound) {
			return err
		}
		children, decks, err := c.madeOf(ctx, card, n)
		if err != nil {
			return err
		}
		err = c.changeRevision(ctx, card, n, func(r *ofRevision) error {
			if !reflect.DeepEqual(head, r.head) {
				return errMoved // another revision or deck came meanwhile
			}
			return r.remove(card, children, decks, by)
		})
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return fmt.Errorf("deleting revision %d of %s: %w", n, short(card), err)
		}
		return nil
	}
	return fmt.Errorf("deleting revision %d of %s: its card changed %d times meanwhile: %w", n, short(card), maxMoves, documents.ErrTransient)
}

func (r *ofRevision) remove(card string, children []int, decks int64, by Actor) error {
	n := r.rev.Number
	refusal := about("revision", card, strconv.Itoa(n))
	refuse := func(want string) { refusal.add("revision", strconv.Itoa(n), want) }
	if slices.ContainsFunc(r.card.Log, func(a ratecard.Activation) bool { return a.Revision == n }) {
		refuse("one that was never made live: archive it")
	}
	if r.meta.Source == FromDeck || decks > 0 || slices.ContainsFunc(r.head.Arrivals, func(a arrival) bool { return a.Revision == n || a.Base == n }) {
		refuse("one that no deck is, or was applied to: archive it")
	}
	if len(children) > 0 {
		refuse(fmt.Sprintf("one that no other was made of: revision %d was", children[0]))
	}
	if err := refusal.err(); err != nil {
		return err
	}
	if !r.isNew {
		if err := r.tx.Delete(MetaPath(card, n)); err != nil {
			return err
		}
	}
	return errors.Join(
		r.tx.Delete(revisionPath(card, n)),
		r.auditor.add(by, Deleted, n, map[string]string{"rates": strconv.FormatInt(r.rev.Rows, 10), "object": r.rev.Rates, "note": r.meta.Note}, nil))
}

// madeOf returns the revisions of a card that were made of one, and how many
// decks are it.
func (c *Catalog) madeOf(ctx context.Context, card string, n int) (children []int, decks int64, err error) {
	q := documents.Query{Name: "revision_meta_by_base", Equal: map[string]any{"card": card, "base": int64(n)}, Limit: documents.MaxPage}
	page, err := c.docs.Query(ctx, q)
	if err != nil {
		return nil, 0, fmt.Errorf("looking for what was made of revision %d of %s: %w", n, card, err)
	}
	for _, doc := range page.Docs {
		var m RevisionMeta
		if err := doc.Decode(&m); err != nil {
			return nil, 0, err
		}
		if m.BaseCard == "" { // else it is a clone of another card's
			children = append(children, m.Number)
		}
	}
	decks, err = c.docs.Count(ctx, documents.Query{Name: "decks_by_revision", Equal: map[string]any{"card": card, "revision": int64(n)}})
	if err != nil {
		return nil, 0, fmt.Errorf("looking for decks that are revision %d of %s: %w", n, card, err)
	}
	return children, decks, nil
}

// newRevision is a revision to be added to a card.
type newRevision struct {
	rev     ratecard.Revision // without its number
	meta    RevisionMeta
	action  Action
	before  map[string]string
	after   map[string]string
	current Definition // as it was when the revision was made: another one by now is errMoved
}

// add writes a revision, what is known of it and its audit entry, and returns its
// number.
func (c *Catalog) add(ctx context.Context, n newRevision, by Actor) (number int, err error) {
	card := n.rev.Card
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		paths := []documents.Path{revisionHeadPath(card), auditHeadPath(card), definitionPath(card)}
		if n.meta.Base > 0 && n.meta.BaseCard == "" {
			paths = append(paths, revisionPath(card, n.meta.Base))
		}
		docs, err := tx.GetMany(paths)
		if err != nil {
			return err
		}
		var head revisionHead
		var def Definition
		if err := errors.Join(decodeOld(docs[0], &head), docs[2].Decode(&def)); err != nil {
			return err
		}
		same, err := def.equal(n.current)
		if err != nil {
			return err
		}
		if !same {
			return errMoved
		}
		if len(docs) > 3 && !docs[3].Exists() { // deleted meanwhile
			return fmt.Errorf("%s: %w", docs[3].Path, documents.ErrNotFound)
		}
		auditor, err := auditorOf(tx, card, docs[1])
		if err != nil {
			return err
		}
		head.Last++
		number = head.Last
		rev, meta := n.rev, n.meta
		rev.Number = number
		meta.Card, meta.Number, meta.MadeAt, meta.By = card, number, documentTime(by.At), by.By
		return errors.Join(
			write(tx, !docs[0].Exists(), revisionHeadPath(card), head), create(tx, revisionPath(card, number), rev), create(tx, MetaPath(card, number), meta),
			auditor.add(by, n.action, number, n.before, n.after))
	})
	return number, err
}

// Clone makes a new provider card of a revision's rates: an exact copy, as its
// revision 1, which is live when a person says so. Of a provider card it has the
// increment, defaults and templates, too. It has no customers.
func (c *Catalog) Clone(ctx context.Context, card string, n int, id string, by Actor) error {
	refusal := about("card", id)
	if refusal.id("id", id); len(refusal.Fields) > 0 {
		return refusal
	}
	err := c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		change, err := ledger.ChangeBook(tx)
		if err != nil {
			return err
		}
		docs, err := tx.GetMany([]documents.Path{
			definitionPath(card), revisionPath(card, n), definitionPath(id), cardPath(id), auditHeadPath(id), revisionHeadPath(id),
		})
		if err != nil {
			return err
		}
		var def Definition
		var rev ratecard.Revision
		if err := errors.Join(docs[0].Decode(&def), docs[1].Decode(&rev)); err != nil {
			return err
		}
		refusal := about("card", id)
		if docs[2].Exists() || docs[3].Exists() || docs[5].Exists() {
			refusal.add("id", id, "an id that no card has")
		}
		if rev.Rows == 0 {
			refusal.add("revision", strconv.Itoa(n), "a revision with rates")
		}
		if err := refusal.err(); err != nil {
			return err
		}
		auditor, err := auditorOf(tx, id, docs[4])
		if err != nil {
			return err
		}
		fresh := Definition{ID: id, Kind: Provider, Currency: def.Currency, Activate: ByPerson}
		if def.Kind == Provider {
			fresh.Activate, fresh.Increment, fresh.Defaults, fresh.Templates = def.Activate, def.Increment, def.Defaults, def.Templates
		}
		return errors.Join(
			create(tx, definitionPath(id), fresh), create(tx, cardPath(id), book.Card{ID: id, Log: ratecard.Log{}, Images: map[string]string{}}),
			create(tx, revisionHeadPath(id), revisionHead{Last: 1}),
			create(tx, revisionPath(id, 1), ratecard.Revision{Card: id, Number: 1, Rates: rev.Rates, Rows: rev.Rows}),
			create(tx, MetaPath(id, 1), RevisionMeta{
				Card: id, Number: 1, MadeAt: documentTime(by.At), By: by.By, Source: FromClone, BaseCard: card, Base: n,
			}),
			auditor.add(by, Cloned, 1, nil, map[string]string{"of": card, "revision": strconv.Itoa(n), "rates": strconv.FormatInt(rev.Rows, 10), "object": rev.Rates}),
			change())
	})
	if err != nil {
		return fmt.Errorf("cloning revision %d of card %s: %w", n, short(card), err)
	}
	return nil
}
