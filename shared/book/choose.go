package book

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// Fallback is the card that prices, from the first of a month, what is left
// without a price: no assignment is for it, or its card is not live, or has no
// rate for it (a blocked one is a rate). Such a charge is flagged. Where it is
// to be what a carrier charges and a markup, the card is one that is compiled
// with that markup.
//
// Of those in an account's currency, one for class and direction goes before one
// for the class, then one for the direction, one for neither; then the latest.
// After BillingPlatform UK, documentation.billingplatform.uk, Tariffs.
type Fallback struct {
	Class     string       `doc:"class,omitempty" json:"class,omitempty"`         // empty: any, and usage of no call type
	Direction Direction    `doc:"direction,omitempty" json:"direction,omitempty"` // empty: both
	Currency  string       `doc:"currency" json:"currency"`                       // of the card, and of the accounts it is for
	From      period.Month `doc:"from" json:"from"`
	Card      string       `doc:"card" json:"card"`
}

// Compare orders fallbacks by currency, month, class and direction.
func (f Fallback) Compare(g Fallback) int {
	return cmp.Or(
		strings.Compare(f.Currency, g.Currency), f.From.Compare(g.From), strings.Compare(f.Class, g.Class), cmp.Compare(f.Direction, g.Direction))
}

// Choice is by what a record is priced.
type Choice struct {
	Card  string // empty: none is for the record
	Image string // of the card, as it is live at the instant; empty: none
	// Fallback is the card that prices what Card has no rate for, if there is one.
	Fallback, FallbackImage string

	Type   *CallType  // nil: no call type is for the record
	RateAs string     // what to look up in place of the called number; empty: the number
	Flags  call.Flags // call.FallbackCard, call.RatedAs
}

// After returns the choice that is left when the card gave no price, for a
// reason; ok is false when that stands.
func (c Choice) After(reason call.Reason) (next Choice, ok bool) {
	if c.FallbackImage == "" || reason != call.NoRate && reason != call.ShortNumber {
		return c, false
	}
	return c.fallBack(), true
}

func (c Choice) fallBack() Choice {
	c.Card, c.Image, c.Fallback, c.FallbackImage = c.Fallback, c.FallbackImage, "", ""
	c.Flags |= call.FallbackCard
	return c
}

// rule is an assignment, or a fallback.
type rule struct {
	class     string
	direction Direction
	from      period.Month
	card      *Card
}

// rules are those of an account, of one of its numbers, or the fallbacks of a
// currency: in the order in which they are looked at.
type rules []rule

// sort puts rules in order. Two that hold for the same usage are an error.
func (rs rules) sort() error {
	slices.SortFunc(rs, func(a, b rule) int {
		return cmp.Or(b.scope()-a.scope(), b.from.Compare(a.from), cmp.Compare(a.class, b.class), cmp.Compare(a.direction, b.direction))
	})
	for i := 1; i < len(rs); i++ {
		if a, b := rs[i-1], rs[i]; a.class == b.class && a.direction == b.direction && a.from == b.from {
			return fmt.Errorf("both card %q and card %q from %s, for class %q and direction %q", a.card.ID, b.card.ID, a.from, a.class, a.direction)
		}
	}
	return nil
}

// scope is how narrow a rule is: for a class goes before for a direction.
func (r *rule) scope() int { return 2*given(r.class != "") + given(r.direction != "") }

// card returns the card for usage of a class and direction in a month; nil: none.
func (rs rules) card(class string, way call.Direction, m period.Month) *Card {
	for i := range rs {
		r := &rs[i]
		if (r.class == "" || r.class == class) && r.direction.holds(way) && r.from.Compare(m) <= 0 {
			return r.card
		}
	}
	return nil
}

// live returns the image of the card's revision that is live at an instant;
// empty: none is.
func (c *Card) live(at time.Time) string {
	revision, ok := c.Log.At(at)
	if !ok {
		return ""
	}
	return c.Images[strconv.Itoa(revision)]
}

// Choose returns by what a record is priced: the card assigned to the account's
// own number (the caller of outbound usage, the called one of inbound) for that
// month, else to the account, in the revision live at the instant. In each of
// the two an assignment for class and direction goes before one for the class,
// then one for the direction, one for neither; then the latest. Without one, a
// fallback prices it. Where there is no image, there is the reason.
func (ix *Index) Choose(r *call.Record) (Choice, call.Reason) { return ix.ChooseAs(r, call.Payer) }

// ChooseAs returns by what a charge of a role is priced, of the record's account:
// a callee's as inbound usage of theirs; a supplier's without fallbacks, and by
// the number that was called, whatever its call type has customers pay for.
func (ix *Index) ChooseAs(r *call.Record, role call.Role) (Choice, call.Reason) {
	a, ok := ix.accounts[r.Account]
	if !ok || a.supplier != (role == call.Supplier) {
		return Choice{}, call.NoAccount
	}
	if role == call.Callee && r.Direction != call.Inbound {
		received := *r
		received.Direction = call.Inbound
		r = &received
	}
	var c Choice
	class := ""
	if c.Type = ix.types.of(r); c.Type != nil {
		if class = c.Type.Class; c.Type.RateAs != "" && !a.supplier {
			c.RateAs = c.Type.RateAs
			c.Flags = call.RatedAs
		}
	}
	at := r.At()
	m := period.Of(at, a.zone)
	var card *Card
	if len(a.numbers) > 0 {
		card = a.numbers[OwnNumber(r)].card(class, r.Direction, m)
	}
	if card == nil {
		card = a.rules.card(class, r.Direction, m)
	}
	if card != nil {
		c.Card, c.Image = card.ID, card.live(at)
	}
	if f := ix.fallbacks[a.Currency].card(class, r.Direction, m); f != nil && f != card && !a.supplier {
		c.Fallback, c.FallbackImage = f.ID, f.live(at)
	}
	if c.Image == "" && c.FallbackImage != "" {
		c = c.fallBack()
	}
	if c.Image == "" {
		return c, call.NoCard
	}
	return c, ""
}

// OwnNumber returns the customer's number of a record.
func OwnNumber(r *call.Record) string {
	if r.Direction == call.Inbound {
		return r.BNumber
	}
	return r.ANumber
}

// Image returns the card image that an account's assignments for all usage give
// it at an instant. An empty image comes with the reason why there is none. Of
// an account that is Plain it is the one that Choose finds, before fallbacks.
func (ix *Index) Image(id string, at time.Time) (image string, why call.Reason) {
	a, ok := ix.accounts[id]
	if !ok {
		return "", call.NoAccount
	}
	if card := a.rules.broad(period.Of(at, a.zone)); card != nil {
		if image = card.live(at); image != "" {
			return image, ""
		}
	}
	return "", call.NoCard
}

// broad returns the card for all usage in a month; nil: none.
func (rs rules) broad(m period.Month) *Card {
	for i := range rs {
		if r := &rs[i]; r.scope() == 0 && r.from.Compare(m) <= 0 {
			return r.card
		}
	}
	return nil
}

// Plain reports whether the assigned card of an account's usage depends on
// nothing but the instant, and no call type has its usage rated as other: then
// Image gives the card. What that leaves unrated has a last word in Choose
// where there are Fallbacks. An account that is not in the book is plain.
func (ix *Index) Plain(id string) bool {
	a, ok := ix.accounts[id]
	return !ok || (!ix.ratesAs || a.supplier) && !a.narrowed
}

// Fallbacks reports whether the book has fallback cards in an account's
// currency. Suppliers have none.
func (ix *Index) Fallbacks(id string) bool {
	a, ok := ix.accounts[id]
	return ok && !a.supplier && len(ix.fallbacks[a.Currency]) > 0
}

// addRules indexes assignments, call types and fallbacks.
func (ix *Index) addRules(b *Book) (err error) {
	for _, as := range b.Assignments {
		a, ok := ix.accounts[as.Account]
		if !ok {
			return fmt.Errorf("a card is assigned to account %q, which is not in the book", as.Account)
		}
		r := rule{as.Class, as.Direction, as.From, ix.cards[as.Card]}
		if err := r.check(as.Card); err != nil {
			return fmt.Errorf("account %q has %w", as.Account, err)
		}
		if a.narrowed = a.narrowed || as.Number != "" || r.scope() > 0; as.Number == "" {
			a.rules = append(a.rules, r)
			continue
		}
		if a.numbers == nil {
			a.numbers = map[string]rules{}
		}
		a.numbers[as.Number] = append(a.numbers[as.Number], r)
	}
	for _, a := range ix.accounts {
		if err := a.rules.sort(); err != nil {
			return fmt.Errorf("account %q has %w", a.ID, err)
		}
		for _, list := range a.numbers {
			if err := list.sort(); err != nil {
				return fmt.Errorf("a number of account %q has %w", a.ID, err)
			}
		}
	}
	for _, f := range b.Fallbacks {
		r := rule{f.Class, f.Direction, f.From, ix.cards[f.Card]}
		if err := r.check(f.Card); err != nil {
			return fmt.Errorf("a fallback in %s is %w", f.Currency, err)
		}
		if ix.fallbacks == nil {
			ix.fallbacks = map[string]rules{}
		}
		ix.fallbacks[f.Currency] = append(ix.fallbacks[f.Currency], r)
	}
	for currency, list := range ix.fallbacks {
		if err := list.sort(); err != nil {
			return fmt.Errorf("the fallback in %s is %w", currency, err)
		}
	}
	if ix.types, err = newCallTypes(b.CallTypes); err != nil {
		return err
	}
	ix.ratesAs = slices.ContainsFunc(b.CallTypes, func(t CallType) bool { return t.RateAs != "" })
	return nil
}

func (r *rule) check(card string) error {
	switch {
	case r.card == nil:
		return fmt.Errorf("card %q, which is not in the book", card)
	case !r.direction.valid():
		return fmt.Errorf("card %q for direction %q: want outbound, inbound or none", card, r.direction)
	}
	return nil
}
