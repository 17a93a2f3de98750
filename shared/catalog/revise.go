package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// Limits of an edit.
const (
	MaxEditRows        = 5000      // more is a deck
	MaxEditRates       = 1_000_000 // of the revision that is edited: it is held in memory whole, in each of its states
	MaxDifferences     = 1000      // that one answer lists
	maxEditProblems    = 1000      // that are told one by one
	defaultDifferences = 100
)

// Edit is what a person does to the rates of a revision: one of Rows, Change,
// DeleteAll, DropLater and Copy. Where it takes effect, only what is live then is
// charged by it: so an edit of what is past changes no charge.
type Edit struct {
	Rows      []EditRow // one by one
	Change    *RateChange
	DeleteAll *int64 // of all rates; so many the person expects
	DropLater bool   // of rates that begin after At (prev.portaone.com, Rates: clean up rates that are not yet effective)
	Copy      bool   // nothing: the revision comes again as the newest

	At   time.Time // what names no instant takes effect; zero: when it is asked for
	Note string    // at most 256 bytes
}

// Revised is what an edit makes of a revision.
type Revised struct {
	Card     string
	Base     int
	Revision int   // that was made; 0: none, as it is a preview or nothing changes
	Same     bool  // nothing changes
	Rates    int64 // of what it makes
	Object   string
	Result   *ratecard.Result // what became of the rows; nil for a copy
	Changes  ratecard.Summary
	First    []RateDifference // of a preview: the first of what differs
	Notices  []string
}

// RateDifference is what becomes of a rate from an instant on.
type RateDifference struct {
	Class    ratecard.ChangeClass
	From     time.Time // zero: the card's beginning
	Old, New *rating.Rate
	Percent  string // how far its cost rises at most, or falls
}

// Revise makes a new revision of a card from another, which stays as it is: all
// of the edit or, with everything that is wrong with it in a Refusal, nothing.
// It makes nothing live. With preview, and where nothing changes, it makes
// nothing at all. show is how many differences a preview lists, 0 for 100.
//
// documents.ErrNotFound: there is no such card or revision.
func (c *Catalog) Revise(ctx context.Context, card string, n int, e Edit, preview bool, show int, by Actor) (*Revised, error) {
	for range maxMoves {
		out, err := c.revise(ctx, card, n, e, preview, show, by)
		if !errors.Is(err, errMoved) {
			if err != nil {
				return nil, fmt.Errorf("editing revision %d of card %s: %w", n, short(card), err)
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("editing revision %d of card %s: its definition changed %d times meanwhile: %w", n, short(card), maxMoves, documents.ErrTransient)
}

// revising is an edit at work.
type revising struct {
	*Catalog
	ctx     context.Context
	def     Definition
	base    ratecard.Revision
	rates   *ratecard.Rates // of the base
	terms   rating.Terms    // that they are charged by
	edit    Edit
	at      int64
	show    int
	out     *Revised
	refusal *Refusal
}

func (c *Catalog) revise(ctx context.Context, card string, n int, e Edit, preview bool, show int, by Actor) (*Revised, error) {
	r := &revising{
		Catalog: c, ctx: ctx, edit: e, show: show, out: &Revised{Card: card, Base: n}, refusal: about("revision", card, strconv.Itoa(n)),
	}
	switch {
	case !preview:
		r.show = 0
	case show == 0:
		r.show = defaultDifferences
	}
	if e.At.IsZero() {
		e.At = by.At
	}
	r.at = r.refusal.instant("at", e.At)
	if err := errors.Join(c.read(ctx, definitionPath(card), &r.def), c.read(ctx, revisionPath(card, n), &r.base)); err != nil {
		return nil, err
	}
	r.refusal.text("note", e.Note, 0)
	if e.Copy {
		r.out.Rates, r.out.Object = r.base.Rows, r.base.Rates
		if err := r.refusal.err(); err != nil || preview {
			return r.out, err
		}
		return r.keep(r.base, FromCopy, by)
	}
	if r.base.Rows > MaxEditRates {
		return nil, r.refuse(e.what(), strconv.FormatInt(r.base.Rows, 10), fmt.Sprintf("a revision of at most %d rates; a larger one is changed by decks with actions", MaxEditRates))
	}
	var err error
	if r.rates, err = c.packedRates(ctx, r.base); err != nil {
		return nil, err
	}
	if r.terms = rating.DefaultTerms(r.def.Currency); r.def.Kind == Customer {
		if r.terms, err = c.termsOf(ctx, r.def, r.base); err != nil {
			return nil, err
		}
	}
	next, err := r.apply()
	if err != nil {
		return nil, err
	}
	if err := r.compare(next); err != nil {
		return nil, err
	}
	if r.out.Rates, r.out.Same = int64(next.Len()), r.out.Result.Same(); preview || r.out.Same {
		return r.out, nil
	}
	rev := ratecard.Revision{Card: card, Rows: r.out.Rates}
	if rev.Origins, err = originsOf(&deck.Report{}, r.base.Origins, next); err != nil {
		return nil, err
	}
	if rev.Rates, err = c.storeRates(ctx, next); err != nil {
		return nil, err
	}
	if r.out.Object = rev.Rates; rev.Rates == r.base.Rates {
		r.out.Same = true
		return r.out, nil
	}
	if r.def.Kind == Customer && rev.Rows > 0 {
		image, err := rating.BuildImage(r.terms, next.All())
		if err != nil {
			return nil, r.refuse(r.edit.what(), "", "rates that the card's terms can charge: "+err.Error())
		}
		if rev.Image, err = c.ledger.StoreImage(ctx, image); err != nil {
			return nil, err
		}
	}
	return r.keep(rev, FromEdit, by)
}

// refuse adds what is wrong with the edit, and returns all of it.
func (r *revising) refuse(field, found, want string) error {
	r.refusal.add(field, found, want)
	return r.refusal
}

// keep adds the revision to the card.
func (r *revising) keep(rev ratecard.Revision, of Source, by Actor) (*Revised, error) {
	rev.Inputs = "" // it is not what the parent makes of it
	after := map[string]string{"base": strconv.Itoa(r.base.Number), "rates": strconv.FormatInt(rev.Rows, 10), "object": rev.Rates, "edit": r.edit.what()}
	for _, class := range ratecard.Classes {
		if n := r.out.Changes.Counts[class]; n > 0 && class != ratecard.Unchanged {
			after[string(class)] = strconv.FormatInt(n, 10)
		}
	}
	if r.edit.Note != "" {
		after["note"] = r.edit.Note
	}
	number, err := r.add(r.ctx, newRevision{
		rev: rev, meta: RevisionMeta{Source: of, Base: r.base.Number, Note: r.edit.Note}, current: r.def, action: Edited,
		before: map[string]string{"rates": strconv.FormatInt(r.base.Rows, 10), "object": r.base.Rates}, after: after,
	}, by)
	r.out.Revision = number
	return r.out, err
}

// Nanos is an instant in Unix nanoseconds, as rates have it: of the years 1971 to
// 2261, to the microsecond.
func Nanos(t time.Time) (n int64, ok bool) {
	t = documentTime(t)
	return t.UnixNano(), t.Year() >= 1971 && t.Year() <= 2261
}

func (r *Refusal) instant(field string, t time.Time) int64 {
	n, ok := Nanos(t)
	if !ok {
		r.add(field, timeText(t), "an instant of the years 1971 to 2261")
	}
	return n
}

// what says in a word what an edit does.
func (e *Edit) what() string {
	switch {
	case e.Change != nil:
		return "change"
	case e.DeleteAll != nil:
		return "delete_all"
	case e.DropLater:
		return "drop_later"
	case e.Copy:
		return "copy"
	}
	return "rows"
}

// apply returns the rates after the edit.
func (r *revising) apply() (*ratecard.Rates, error) {
	o := ratecard.Options{At: r.at, DropLater: r.edit.DropLater}
	var commands iter.Seq2[ratecard.Command, error]
	picked := int64(-1) // nobody asks
	switch e := &r.edit; {
	case e.Change != nil:
		c, err := r.changer()
		if err != nil {
			return nil, err
		}
		picked = 0
		commands = r.change(c, &picked)
	case e.DeleteAll != nil:
		if *e.DeleteAll != r.base.Rows {
			r.refusal.add("delete_all", strconv.FormatInt(*e.DeleteAll, 10), fmt.Sprintf("%d, which is how many rates the revision has", r.base.Rows))
		}
		commands = ratecard.DeleteAll(r.rates.All())
	case e.DropLater:
		commands = ratecard.Commands(nil)
	default:
		commands = ratecard.Commands(r.rows())
	}
	if err := r.refusal.err(); err != nil {
		return nil, err
	}
	next, result, err := r.rates.Apply(commands, o)
	if err != nil {
		return nil, r.refuse(r.edit.what(), "", "rates that a card can have: "+err.Error())
	}
	if picked == 0 {
		return nil, r.refuse("change", "", "a name, prefix, place or group that a rate of the revision has")
	}
	for i, p := range result.Problems {
		if i == maxEditProblems {
			r.refusal.add("rows", strconv.Itoa(len(result.Problems)-i), "no more such problems, which are not listed")
			break
		}
		field := "change"
		if r.edit.Rows != nil {
			field = fmt.Sprintf("rows[%d]", p.Line-1)
			if p.Column != "" {
				field += "." + p.Column
			}
		}
		r.refusal.add(field, p.Value, p.Want)
	}
	if err := r.refusal.err(); err != nil {
		return nil, err
	}
	if r.edit.Rows != nil { // else they are about lines that nobody wrote
		r.out.Notices = result.Notices
	}
	result.Notices = nil
	r.out.Result = &result
	if r.def.Kind == Customer {
		r.out.Notices = append(r.out.Notices, fmt.Sprintf("The card is built from %s: what is built of its next revision does not have this edit.", r.def.Parent))
	}
	if next.Len() == 0 {
		r.out.Notices = append(r.out.Notices, "No rates are left: a revision without any cannot be made live.")
	}
	return next.Since(math.MinInt64), nil // equal rates are equal, whatever made them
}

// compare counts what becomes of the base's rates.
func (r *revising) compare(next *ratecard.Rates) error {
	for d, err := range r.rates.Diff(next, ratecard.DiffOptions{At: r.at, Notice: ratecard.Notice{Terms: r.terms, Received: r.at}}) {
		if err != nil {
			return r.refuse(r.edit.what(), "", "rates that the card's terms can charge: "+err.Error())
		}
		r.out.Changes.Add(&d)
		if d.Class == ratecard.Unblocked && isFree(d.New) && len(r.refusal.Fields) < maxEditProblems {
			r.refusal.add(r.edit.what(), d.New.Prefix, "a price over 0: the rate was blocked, and would be free; delete it and add it, if that is meant")
		}
		if d.Class == ratecard.Unchanged || len(r.out.First) >= r.show {
			continue
		}
		one := RateDifference{Class: d.Class, Percent: d.Move.Percent()}
		if d.From != 0 {
			one.From = time.Unix(0, d.From).UTC()
		}
		if d.Old != nil {
			old := *d.Old
			one.Old = &old
		}
		if d.New != nil {
			is := *d.New
			one.New = &is
		}
		r.out.First = append(r.out.First, one)
	}
	return r.refusal.err()
}

func isFree(r *rating.Rate) bool {
	return r.Price1 == 0 && r.PriceN == 0 && r.ConnectionFee == 0 && r.MinCharge == 0 && len(r.Tiers) == 0
}

// Draft makes an empty revision of a card, for rates that are added by hand. It
// cannot be made live before it has some.
func (c *Catalog) Draft(ctx context.Context, card, note string, by Actor) (int, error) {
	refusal := about("card", card)
	if refusal.text("note", note, 0); len(refusal.Fields) > 0 {
		return 0, refusal
	}
	var empty bytes.Buffer
	if _, err := ratecard.WriteRates(&empty, ratecard.Rows(nil)); err != nil {
		return 0, err
	}
	for range maxMoves {
		def, err := c.Definition(ctx, card)
		if err != nil {
			return 0, err
		}
		rates, err := c.ledger.StoreRates(ctx, empty.Bytes())
		if err != nil {
			return 0, err
		}
		var after map[string]string
		if note != "" {
			after = map[string]string{"note": note}
		}
		n, err := c.add(ctx, newRevision{
			rev: ratecard.Revision{Card: card, Rates: rates}, meta: RevisionMeta{Source: FromDraft, Note: note}, current: def, action: Drafted, after: after,
		}, by)
		if !errors.Is(err, errMoved) {
			return n, err
		}
	}
	return 0, fmt.Errorf("drafting a revision of %s: its definition changed %d times meanwhile: %w", card, maxMoves, documents.ErrTransient)
}
