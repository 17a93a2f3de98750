package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// PutAssignment writes which card an account, or a number of it, has from the
// first of a month, for all its usage or some of it. The card must be one that
// charges in the account's currency.
func (c *Catalog) PutAssignment(ctx context.Context, v book.Assignment, m Match) (documents.Version, error) {
	if err := checkAssignment(v, 1).err(); err != nil {
		return "", err
	}
	if err := c.checkClass(ctx, about("assignment", v.Account, v.From.String()), v.Class); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{
		path: ledger.AssignmentPath(v), value: v, match: m, book: true,
		needs: []documents.Path{pathOf("accounts", v.Account), cardPath(v.Card), definitionPath(v.Card)},
		check: func(_ documents.Doc, needs []documents.Doc) error {
			var a book.Account
			var d Definition
			if err := errors.Join(decodeOld(needs[0], &a), decodeOld(needs[2], &d)); err != nil {
				return err
			}
			r := about("assignment", v.Account, v.From.String())
			if !needs[0].Exists() {
				r.add("account", v.Account, "an account that is there")
			}
			switch {
			case !needs[1].Exists():
				r.add("card", v.Card, "a card that is there")
			case needs[2].Exists() && d.Kind != Customer:
				r.add("card", v.Card, fmt.Sprintf("a customer card: %s is a %s card", v.Card, d.Kind))
			case needs[0].Exists() && needs[2].Exists() && a.Currency != d.Currency:
				// Rating refuses the whole file of such an account.
				r.add("card", v.Card, fmt.Sprintf("a card in %s, as the account is: %s is in %s", a.Currency, v.Card, d.Currency))
			}
			return r.err()
		},
	})
}

// PutFeed writes a source of records.
func (c *Catalog) PutFeed(ctx context.Context, v book.Feed, m Match) (documents.Version, error) {
	if err := checkFeed(v).err(); err != nil {
		return "", err
	}
	if err := v.Source.Validate(); err != nil {
		return "", fmt.Errorf("%w: %w", err, ErrRefused)
	}
	needs := []documents.Path{pathOf("cycles", v.Cycle)}
	payers, suppliers := feedAccounts(v), trunkAccounts(v.Suppliers)
	for _, id := range append(payers, suppliers...) {
		needs = append(needs, pathOf("accounts", id))
	}
	sides, err := c.sides(ctx)
	if err != nil {
		return "", err
	}
	v.Trunks, v.Suppliers = storedTrunks(v.Trunks), storedTrunks(v.Suppliers)
	return c.edit(ctx, edit{
		path: pathOf("feeds", v.Source.ID), value: v, match: m, book: true, needs: needs,
		check: func(_ documents.Doc, needs []documents.Doc) error {
			r := about("feed", v.Source.ID)
			if !needs[0].Exists() {
				r.add("cycle", v.Cycle, "a cycle that is there")
			} else if sides[v.Cycle] == supplier {
				r.add("cycle", v.Cycle, "a cycle of customers")
			}
			for i, id := range payers {
				field := "trunks"
				if slices.Contains(v.Source.Identify, cdr.Fixed+cdr.Means(id)) {
					field = "identify"
				}
				if err := r.accounts(field, needs[1+i:2+i], sides, customer); err != nil {
					return err
				}
			}
			if err := r.accounts("suppliers", needs[1+len(payers):], sides, supplier); err != nil {
				return err
			}
			return r.err()
		},
	})
}

// PutDefinition writes how a card is made. A new definition makes the card,
// too, without a revision. Kind, parent and currency of a card cannot change.
func (c *Catalog) PutDefinition(ctx context.Context, v Definition, m Match, by Actor) (documents.Version, error) {
	if err := v.refusal().err(); err != nil {
		return "", err
	}
	if err := v.Check(); err != nil {
		return "", err
	}
	needs := []documents.Path{cardPath(v.ID), auditHeadPath(v.ID)}
	if v.Parent != "" {
		needs = append(needs, definitionPath(v.Parent))
	}
	return c.edit(ctx, edit{
		path: definitionPath(v.ID), value: v, match: m, needs: needs,
		check: func(old documents.Doc, needs []documents.Doc) error { return v.checkStored(old, needs) },
		also: func(tx documents.Tx, needs []documents.Doc) (bool, error) {
			if needs[0].Exists() {
				return false, nil
			}
			fields, err := documents.Encode(book.Card{ID: v.ID, Log: ratecard.Log{}, Images: map[string]string{}})
			if err != nil {
				return false, err
			}
			return true, tx.Create(needs[0].Path, fields)
		},
		audit: func(tx documents.Tx, old documents.Doc, needs []documents.Doc) error {
			auditor, err := auditorOf(tx, v.ID, needs[1])
			if err != nil {
				return err
			}
			return auditor.defined(old, v, by)
		},
	})
}

// defined notes how a card is made from now on.
func (a *auditor) defined(old documents.Doc, v Definition, by Actor) error {
	var was Definition
	if err := decodeOld(old, &was); err != nil {
		return err
	}
	before, after, err := v.changes(was)
	if err != nil {
		return err
	}
	if !old.Exists() {
		before = nil
	}
	return a.add(by, Defined, 0, before, after)
}

// refusal says of every field what Check says of the first.
func (d Definition) refusal() *Refusal {
	r := about("card", d.ID)
	r.id("id", d.ID)
	if _, err := billing.Digits(d.Currency); err != nil {
		r.add("currency", d.Currency, wantCurrency)
	}
	if d.Activate != AtArrival && d.Activate != ByPerson {
		r.add("activate", string(d.Activate), fmt.Sprintf("%s or %s", AtArrival, ByPerson))
	}
	switch d.Kind {
	case Provider:
		if d.Parent != "" {
			r.add("parent", d.Parent, "none: a provider card comes from decks")
		}
		if d.Markup != (ratecard.Markup{}) {
			r.add("markup", d.Markup.String(), "none: a provider card comes from decks")
		}
		if d.EventMarkup != (ratecard.Markup{}) {
			r.add("event_markup", d.EventMarkup.String(), "none: a provider card comes from decks")
		}
		if !d.Terms.IsZero() {
			r.add("terms", "given", "none: a provider card charges nobody")
		}
		if d.Defaults.ConnectionFee < 0 {
			r.add("defaults.connection_fee", d.Defaults.ConnectionFee.String(), "0 or more")
		}
		if !d.Defaults.Per.Valid() {
			r.add("defaults.per", string(d.Defaults.Per), "minute, second, increment or call")
		}
		r.within("defaults.grace", uint64(d.Defaults.Grace), 0, rating.MaxInterval)
		for i := range d.Templates {
			if err := d.Templates[i].Validate(); err != nil {
				r.add(fmt.Sprintf("templates[%d]", i), "given", strings.TrimPrefix(err.Error(), "template: "))
			}
		}
		d.Decks.fields(func(field, value, want string) { r.add("decks."+field, value, want) })
		if d.Destinations != "" {
			r.id("destinations", d.Destinations)
		}
		if _, _, err := deck.ParseIncrements(d.Increment); d.Increment != "" && err != nil {
			r.add("increment", d.Increment, `seconds of the first interval and of the next, such as "60/1"`)
		}
	case Customer:
		if CheckID("parent", d.Parent) != nil || d.Parent == d.ID {
			r.add("parent", d.Parent, "the id of a provider card")
		}
		if d.Increment != "" {
			r.add("increment", d.Increment, "none: a customer card has the increments of its parent")
		}
		if d.Defaults != (Defaults{}) {
			r.add("defaults", "given", "none: a customer card has what its parent has")
		}
		if len(d.Templates) > 0 {
			r.add("templates", "given", "none: a customer card has no decks")
		}
		if d.Destinations != "" {
			r.add("destinations", d.Destinations, "none: a customer card has no decks")
		}
		if d.Decks != (DeckRules{}) {
			r.add("decks", "given", "none: a customer card has no decks")
		}
		r.terms(d.Terms)
	default:
		r.add("kind", string(d.Kind), fmt.Sprintf("%s or %s", Provider, Customer))
	}
	return r
}

// terms names the fields that every card needs; of the others Check names the
// first that is wrong.
func (r *Refusal) terms(t Terms) {
	if t.IsZero() {
		return
	}
	const methods = "half-up, half-down, up or down"
	if t.Decimals < 0 || t.Decimals > money.MaxDecimals {
		r.add("terms.decimals", strconv.Itoa(t.Decimals), fmt.Sprintf("0 to %d", money.MaxDecimals))
	}
	if !t.Rounding.Valid() {
		r.add("terms.rounding", "", methods)
	}
	if !t.DurationRounding.Valid() {
		r.add("terms.duration_rounding", "", methods)
	}
	if t.Model.String() == "" {
		r.add("terms.model", "", "first_then_pulse, whole_call_multiple or continuous")
	}
	if err := t.Check(); err != nil && len(r.Fields) == 0 {
		r.add("terms", "", "rules that go together: "+strings.TrimPrefix(err.Error(), "terms: "))
	}
}

func (d Definition) checkStored(old documents.Doc, needs []documents.Doc) error {
	r := about("card", d.ID)
	var was, parent Definition
	if err := decodeOld(old, &was); err != nil {
		return err
	}
	if old.Exists() {
		for _, f := range []struct{ name, now, was string }{
			{"kind", string(d.Kind), string(was.Kind)}, {"parent", d.Parent, was.Parent}, {"currency", d.Currency, was.Currency},
		} {
			if f.now != f.was {
				r.add(f.name, f.now, fmt.Sprintf("%s: the %s of a card cannot change", f.was, f.name))
			}
		}
	}
	if d.Parent == "" || len(r.Fields) > 0 {
		return r.err()
	}
	if err := decodeOld(needs[2], &parent); err != nil {
		return err
	}
	switch {
	case !needs[2].Exists():
		r.add("parent", d.Parent, "a card that is there")
	case parent.Kind != Provider:
		r.add("parent", d.Parent, fmt.Sprintf("a provider card: %s is a %s card", d.Parent, parent.Kind))
	case parent.Currency != d.Currency:
		// A markup multiplies and adds; it does not exchange.
		r.add("currency", d.Currency, fmt.Sprintf("%s, as its parent is", parent.Currency))
	}
	return r.err()
}

// documentTime is an instant as documents keep it; none stays none.
func documentTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(time.Microsecond)
}

func timeText(t time.Time) string { return t.Format(time.RFC3339Nano) }

// MaxActivations bounds the log of a card: it is one document.
const MaxActivations = 5000

// Live is a revision that is to be live from an instant on.
type Live struct {
	Revision int
	From     time.Time // zero: the card's beginning, of its first revision
	// Replace lets it take the place of another revision from the same instant:
	// so a revision that is scheduled can be called off by one that is live.
	Replace bool
}

// Activate appends to a card's log and returns the card. An entry that says
// what the last one says is not appended again, so a repeat is one activation.
// documents.ErrNotFound: no such card; ErrRefused: no such revision, one that
// is not compiled, has no rates or is archived, an instant from which another one
// is live, or an entry that the log does not take. It is recorded at the actor's
// instant.
func (c *Catalog) Activate(ctx context.Context, card string, v Live, by Actor) (out book.Card, err error) {
	a := ratecard.Activation{Revision: v.Revision, From: documentTime(v.From), RecordedAt: documentTime(by.At)}
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		out, err = activateTx(tx, card, a, v.Replace, by)
		return err
	})
	if err != nil {
		return book.Card{}, fmt.Errorf("activating revision %d of card %s: %w", a.Revision, short(card), err)
	}
	return out, nil
}

func activateTx(tx documents.Tx, id string, a ratecard.Activation, replace bool, by Actor) (card book.Card, err error) {
	change, err := ledger.ChangeBook(tx)
	if err != nil {
		return card, err
	}
	docs, err := tx.GetMany([]documents.Path{cardPath(id), revisionPath(id, a.Revision), definitionPath(id), MetaPath(id, a.Revision), auditHeadPath(id)})
	if err != nil {
		return card, err
	}
	var rev ratecard.Revision
	var def Definition
	if err := errors.Join(docs[0].Decode(&card), decodeOld(docs[1], &rev), decodeOld(docs[2], &def)); err != nil {
		return card, err
	}
	meta, err := MetaOf(rev, docs[3])
	if err != nil {
		return card, err
	}
	auditor, err := auditorOf(tx, id, docs[4])
	if err != nil {
		return card, err
	}
	r := about("card", id)
	last := len(card.Log) - 1
	was, _ := card.Log.At(a.From)
	taken := !a.From.IsZero() && was != a.Revision && slices.ContainsFunc(card.Log, func(e ratecard.Activation) bool { return e.From.Equal(a.From) })
	switch {
	case last >= 0 && card.Log[last].Revision == a.Revision && card.Log[last].From.Equal(a.From):
		return card, nil
	case !docs[1].Exists():
		r.add("revision", strconv.Itoa(a.Revision), "a revision that is there")
	case meta.Archived:
		r.add("revision", strconv.Itoa(a.Revision), "a revision that is not archived: restore it first")
	case rev.Rows == 0:
		r.add("revision", strconv.Itoa(a.Revision), "a revision with rates: this one is empty")
	case rev.Image == "" && def.Kind != Provider:
		r.add("revision", strconv.Itoa(a.Revision), "a revision that is compiled")
	case len(card.Log) >= MaxActivations:
		r.add("revision", strconv.Itoa(a.Revision), fmt.Sprintf("another card: the log of this one has its %d entries", MaxActivations))
	case last < 0 && !a.From.IsZero():
		r.add("from", timeText(a.From), "none: the first activation of a card is from its beginning")
	case last >= 0 && a.From.IsZero():
		r.add("from", "", fmt.Sprintf("an instant: the card's beginning has revision %d", card.Log[0].Revision))
	case taken && !replace:
		r.add("from", timeText(a.From), fmt.Sprintf("another instant, as revision %d is live from this one; or replace it", was))
	case last >= 0 && a.RecordedAt.Before(card.Log[last].RecordedAt):
		r.add("recorded_at", timeText(a.RecordedAt), "the last entry's or later: the log only grows; is the clock right?")
	}
	if err := r.err(); err != nil {
		return card, err
	}
	var before map[string]string
	if was > 0 {
		before = map[string]string{"revision": strconv.Itoa(was)}
	}
	if card.Log, err = card.Log.Append(a); err != nil {
		return card, fmt.Errorf("%w: %w", err, ErrRefused)
	}
	if rev.Image != "" {
		if card.Images == nil {
			card.Images = map[string]string{}
		}
		card.Images[strconv.Itoa(a.Revision)] = rev.Image
	}
	after := map[string]string{"revision": strconv.Itoa(a.Revision), "rates": strconv.FormatInt(rev.Rows, 10), "object": rev.Rates}
	if !a.From.IsZero() {
		after["from"] = timeText(a.From)
	}
	return card, errors.Join(put(tx, docs[0].Path, card), auditor.add(by, Activated, a.Revision, before, after), change())
}
