package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// Build says how far a customer card follows its parent.
type Build struct {
	Card string `doc:"card" json:"card"`
	// Followed is how many entries of the parent's log have become its own.
	Followed int `doc:"followed" json:"followed"`
	// Rules is the hash of markup and terms that the newest revision was built
	// by: when the definition has others, a revision is due.
	Rules string `doc:"rules" json:"rules"`
	// Failure is why the card could not be built of what its parent has become,
	// for a person: it goes on charging by the revision that is live, until its
	// parent or its definition changes again.
	Failure string `doc:"failure,omitempty" json:"failure,omitempty"`
}

func buildPath(card string) documents.Path {
	return documents.Path{Collection: "builds", ID: documents.ID(card)}
}

// Compiled is a revision that Compile built, or why it could not.
type Compiled struct {
	Card     string `json:"card"`
	Revision int    `json:"revision,omitempty"`
	Rates    int64  `json:"rates,omitempty"`
	Live     bool   `json:"live"`              // the card's setting made it so
	Failure  string `json:"failure,omitempty"` // for a person; the card goes on with the revision it has
}

// Builds returns how far every customer card that was built follows its parent.
func (c *Catalog) Builds(ctx context.Context) ([]Build, error) { return all[Build](ctx, c, "builds") }

// Compile builds and compiles every customer card that its parent, its markup
// or its terms have left behind. What the parent has been from which instant
// on, the child becomes from the same instant on, so that it does not matter
// when, how often or in which order decks and builds come. A change of the
// definition counts from at on. A card that cannot be built, as its markup is
// not exact on some price, say, is noted on its Build, returned with its
// Failure, and passed over until its parent or its definition changes again.
func (c *Catalog) Compile(ctx context.Context, at time.Time) ([]Compiled, error) {
	definitions, err := c.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	var out []Compiled
	var errs []error
	for _, d := range definitions {
		if d.Kind != Customer {
			continue
		}
		built, err := c.compileCard(ctx, d, at.UTC().Round(time.Microsecond))
		out = append(out, built...)
		if err != nil {
			errs = append(errs, fmt.Errorf("building card %s: %w", d.ID, err))
		}
	}
	return out, errors.Join(errs...)
}

// maxSteps bounds the revisions that one call builds for one card.
const maxSteps = 1000

func (c *Catalog) compileCard(ctx context.Context, d Definition, at time.Time) ([]Compiled, error) {
	var out []Compiled
	for range maxSteps {
		s, err := c.nextStep(ctx, d, at)
		if err != nil || s == nil {
			return out, err
		}
		if s.rev.Number == 0 {
			var failed *buildError
			if err := c.build(ctx, d, s); errors.As(err, &failed) {
				noted, err := c.noteFailure(ctx, s, failed)
				if err != nil {
					return out, err
				}
				if noted != nil {
					out = append(out, *noted)
				}
				continue
			} else if err != nil {
				return out, err
			}
		}
		done, err := c.take(ctx, d, s)
		if err != nil {
			return out, err
		}
		if done != nil {
			out = append(out, *done)
		}
	}
	return out, fmt.Errorf("more than %d revisions are due: compile again", maxSteps)
}

// step is one entry of a child's log that is due.
type step struct {
	was    Build
	isNew  bool // there is no Build yet
	next   Build
	parent ratecard.Revision
	entry  ratecard.Activation // of the child; its revision is rev
	rev    ratecard.Revision   // Number 0: to be built
}

// nextStep finds what a card has to do next; nil: nothing.
func (c *Catalog) nextStep(ctx context.Context, d Definition, at time.Time) (*step, error) {
	var parent book.Card
	if err := c.read(ctx, cardPath(d.Parent), &parent); err != nil {
		return nil, err
	}
	s := &step{was: Build{Card: d.ID}}
	err := c.read(ctx, buildPath(d.ID), &s.was)
	if s.isNew = errors.Is(err, documents.ErrNotFound); err != nil && !s.isNew {
		return nil, err
	}
	rules, err := rulesHash(d)
	if err != nil {
		return nil, err
	}
	s.next = s.was
	s.next.Failure = ""
	var from int
	switch {
	case s.was.Followed < len(parent.Log):
		// Under changed rules the entry is built by the new ones: those of the
		// past that were built by the old ones stay.
		s.entry = parent.Log[s.was.Followed]
		from = s.entry.Revision
		s.next.Followed++
		if s.was.Followed == 0 || s.was.Rules == rules {
			s.next.Rules = rules
		}
	case len(parent.Log) > 0 && s.was.Rules != rules:
		from, _ = parent.Log.At(at)
		s.entry = ratecard.Activation{From: at, RecordedAt: at}
		s.next.Rules = rules
	default:
		return nil, nil
	}
	if err := c.read(ctx, revisionPath(d.Parent, from), &s.parent); err != nil {
		return nil, err
	}
	// Groups of callers that do not go together are an error of the build.
	terms, _ := d.termsOver(s.parent)
	inputs, err := ratecard.InputHash(d.Parent, from, s.parent.Rates, d.markups(), terms)
	if err != nil {
		return nil, err
	}
	revisions, err := c.Revisions(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(revisions, func(r ratecard.Revision) bool { return r.Inputs == inputs }); i >= 0 {
		s.rev = revisions[i]
	}
	s.rev.Card, s.rev.Inputs = d.ID, inputs
	return s, nil
}

// rulesHash names what a definition does to its parent's rates.
func rulesHash(d Definition) (string, error) {
	t := d.Terms.Rating(d.Currency)
	if err := t.Validate(); err != nil {
		return "", err
	}
	inputs, err := ratecard.InputHash(d.Parent, 0, "", d.markups(), t)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(inputs))
	return hex.EncodeToString(sum[:16]), nil
}

// buildError says why a card cannot be built of a revision: no repeat helps.
type buildError struct{ err error }

func (e *buildError) Error() string { return e.err.Error() }
func (e *buildError) Unwrap() error { return e.err }

// build makes the rates and the image of a step's revision.
func (c *Catalog) build(ctx context.Context, d Definition, s *step) error {
	bought, err := c.packedRates(ctx, s.parent)
	if err != nil {
		return err
	}
	var errs []error
	sold, err := bought.MarkUp(d.markups(), func(err error) {
		if len(errs) < maxErrors {
			errs = append(errs, err)
		}
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return &buildError{fmt.Errorf("of revision %d of %s: %w", s.parent.Number, d.Parent, err)}
	}
	s.rev.Rows = int64(sold.Len())
	if s.rev.Rates = s.parent.Rates; sold != bought {
		if s.rev.Rates, err = c.storeRates(ctx, sold); err != nil {
			return err
		}
	}
	terms, err := d.termsOver(s.parent)
	if err != nil {
		return &buildError{fmt.Errorf("of revision %d of %s: %w", s.parent.Number, d.Parent, err)}
	}
	image, err := rating.BuildImage(terms, sold.All())
	if err != nil {
		return &buildError{fmt.Errorf("compiling revision %d of %s: %w", s.parent.Number, d.Parent, err)}
	}
	s.rev.Image, err = c.ledger.StoreImage(ctx, image)
	return err
}

// packedRates reads the stored rates of a revision; one without any is that of a
// card that has none.
func (c *Catalog) packedRates(ctx context.Context, rev ratecard.Revision) (rates *ratecard.Rates, err error) {
	if rev.Rates == "" {
		return &ratecard.Rates{}, nil
	}
	r, err := c.openRates(ctx, rev)
	if err != nil {
		return nil, fmt.Errorf("the rates of %s revision %d: %w", rev.Card, rev.Number, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if rates, err = ratecard.Read(r); err != nil {
		return nil, fmt.Errorf("the rates of %s revision %d: %w", rev.Card, rev.Number, err)
	}
	return rates, nil
}

// take writes a step, unless someone else took it meanwhile: then it returns nil.
func (c *Catalog) take(ctx context.Context, d Definition, s *step) (*Compiled, error) {
	var done *Compiled
	err := c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) (err error) {
		done, err = takeTx(tx, d, s)
		return err
	})
	return done, err
}

func takeTx(tx documents.Tx, d Definition, s *step) (*Compiled, error) {
	change, err := ledger.ChangeBook(tx)
	if err != nil {
		return nil, err
	}
	now := Build{Card: d.ID}
	isNew, err := find(tx, buildPath(d.ID), &now)
	if err != nil || now.Followed != s.was.Followed || now.Rules != s.was.Rules {
		return nil, err
	}
	var card book.Card
	if err := get(tx, cardPath(d.ID), &card); err != nil {
		return nil, err
	}
	auditor, err := newAuditor(tx, d.ID)
	if err != nil {
		return nil, err
	}
	rev, fresh := s.rev, s.rev.Number == 0
	if fresh {
		var head revisionHead
		first, err := find(tx, revisionHeadPath(d.ID), &head)
		if err != nil {
			return nil, err
		}
		head.Last++
		rev.Number = head.Last
		if err := errors.Join(write(tx, first, revisionHeadPath(d.ID), head), create(tx, revisionPath(d.ID, rev.Number), rev)); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(write(tx, isNew, buildPath(d.ID), s.next), auditor.built(d, s, rev, fresh)); err != nil {
		return nil, err
	}
	done := &Compiled{Card: d.ID, Revision: rev.Number, Rates: rev.Rows}
	if d.Activate != AtArrival {
		return done, nil
	}
	entry := s.entry
	entry.Revision = rev.Number
	if n := len(card.Log); n == 0 {
		entry.From = time.Time{} // a card's first revision is live from its beginning
	} else {
		if entry.From.IsZero() {
			entry.From = entry.RecordedAt // the parent's beginning, after the card's own
		}
		if last := card.Log[n-1].RecordedAt; last.After(entry.RecordedAt) {
			entry.RecordedAt = last
		}
	}
	if card.Log, err = card.Log.Append(entry); err != nil {
		return nil, err
	}
	if card.Images == nil {
		card.Images = map[string]string{}
	}
	card.Images[fmt.Sprint(rev.Number)] = rev.Image
	done.Live = true
	return done, errors.Join(put(tx, cardPath(d.ID), card), change())
}

// built notes a step of a card that follows its parent.
func (a *auditor) built(d Definition, s *step, rev ratecard.Revision, fresh bool) error {
	by := Actor{By: "build", At: s.entry.RecordedAt}
	after := map[string]string{
		"parent": d.Parent, "parent_revision": fmt.Sprint(s.parent.Number), "rates": fmt.Sprint(rev.Rows), "object": rev.Rates, "live": fmt.Sprint(d.Activate == AtArrival),
	}
	err := a.add(by, Built, rev.Number, nil, after)
	if !fresh {
		return err
	}
	return errors.Join(err, create(a.tx, MetaPath(d.ID, rev.Number), RevisionMeta{Card: d.ID, Number: rev.Number, MadeAt: s.entry.RecordedAt, By: by.By, Source: FromBuild}))
}

// noteFailure says on the card's Build why a step cannot be taken, and passes
// it over; nil: someone else did so meanwhile.
func (c *Catalog) noteFailure(ctx context.Context, s *step, failed *buildError) (noted *Compiled, err error) {
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		noted = nil
		now := Build{Card: s.was.Card}
		isNew, err := find(tx, buildPath(s.was.Card), &now)
		if err != nil || now.Followed != s.was.Followed || now.Rules != s.was.Rules {
			return err
		}
		next := s.next
		next.Failure = clip(failed.Error())
		noted = &Compiled{Card: next.Card, Failure: next.Failure}
		return write(tx, isNew, buildPath(next.Card), next)
	})
	return noted, err
}

// clip bounds a text that a document keeps.
func clip(s string) string {
	const most = 16 << 10
	if len(s) > most {
		s = s[:most] + " …"
	}
	return s
}

// Revisions returns the revisions of a card, by number.
func (c *Catalog) Revisions(ctx context.Context, card string) ([]ratecard.Revision, error) {
	var out []ratecard.Revision
	q := documents.Query{Name: "revisions_by_card", Equal: map[string]any{"card": card}, Limit: documents.MaxPage}
	for {
		page, err := c.docs.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("reading the revisions of %s: %w", card, err)
		}
		for _, doc := range page.Docs {
			var r ratecard.Revision
			if err := doc.Fields.Decode(&r); err != nil {
				return nil, fmt.Errorf("reading %s: %w", doc.Path, err)
			}
			out = append(out, r)
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
}

// read reads a document outside of a transaction.
func (c *Catalog) read(ctx context.Context, p documents.Path, v any) error {
	doc, err := c.docs.Get(ctx, p)
	if err != nil {
		return fmt.Errorf("reading %s: %w", p, err)
	}
	if err := doc.Fields.Decode(v); err != nil {
		return fmt.Errorf("reading %s: %w", p, err)
	}
	return nil
}

// Follower is a customer card and how far it follows its parent, for a person.
type Follower struct {
	Card     string `json:"card"`
	Revision int    `json:"revision,omitempty"` // the newest in its log; 0: it charges nothing
	Failure  string `json:"failure,omitempty"`  // why it could not be built of what its parent has become
}

// Followers returns the cards that are built from a parent; of every parent
// when none is named.
func (c *Catalog) Followers(ctx context.Context, parent string) ([]Follower, error) {
	definitions, err := c.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	var out []Follower
	for _, d := range definitions {
		if d.Kind != Customer || parent != "" && d.Parent != parent {
			continue
		}
		f := Follower{Card: d.ID}
		var b Build
		var card book.Card
		if err := c.read(ctx, buildPath(d.ID), &b); err != nil && !errors.Is(err, documents.ErrNotFound) {
			return nil, err
		}
		if err := c.read(ctx, cardPath(d.ID), &card); err != nil {
			return nil, err
		}
		if n := len(card.Log); n > 0 {
			f.Revision = card.Log[n-1].Revision
		}
		f.Failure = b.Failure
		out = append(out, f)
	}
	return out, nil
}
