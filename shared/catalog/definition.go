package catalog

import (
	"fmt"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// Kind says where a card's rates come from.
type Kind string

// The kinds of cards.
const (
	Provider Kind = "provider" // from the decks of a carrier
	Customer Kind = "customer" // built from a provider card
)

// Activation says when a new revision of a card becomes live.
type Activation string

// The activations.
const (
	AtArrival Activation = "at_arrival" // at the instant at which its deck came in
	ByPerson  Activation = "by_person"  // when a person says so, the first one too
)

// Definition says how a card is made. The rates are in its revisions, and
// which of them is live is in its log.
type Definition struct {
	ID       string     `doc:"id" json:"id"` // 1 to 128 of letters, digits, "-", "_", "."; it names the card's folder for decks
	Kind     Kind       `doc:"kind" json:"kind"`
	Currency string     `doc:"currency" json:"currency"` // ISO 4217
	Activate Activation `doc:"activate" json:"activate"`
	// Increment, as "60/1", is for the decks of a provider card that do not
	// give theirs; empty: 60/60 is assumed and flagged.
	Increment string `doc:"increment,omitempty" json:"increment,omitempty"`
	// Parent is the provider card that a customer card is built from, with
	// Markup on its prices, to be charged by Terms.
	Parent string          `doc:"parent,omitempty" json:"parent,omitempty"`
	Markup ratecard.Markup `doc:"markup,omitempty" json:"markup,omitzero"`
	Terms  Terms           `doc:"terms,omitempty" json:"terms,omitzero"`
}

// Terms are the rules that hold for all rates of a card (see rating.Terms).
type Terms struct {
	Decimals          int            `doc:"decimals" json:"decimals"`                                          // of each call's charge, 0 to 20
	Rounding          money.Rounding `doc:"rounding,omitempty" json:"rounding,omitzero"`                       // of each call's charge
	DurationRounding  money.Rounding `doc:"duration_rounding,omitempty" json:"duration_rounding,omitzero"`     // of a fraction of a second; default half-up
	WholeCallMultiple bool           `doc:"whole_call_multiple,omitempty" json:"whole_call_multiple,omitzero"` // rating.WholeCallMultiple instead of FirstThenPulse
	ChargeZeroSeconds bool           `doc:"charge_zero_seconds,omitempty" json:"charge_zero_seconds,omitzero"`
}

// DefaultTerms are those of rating.DefaultTerms.
func DefaultTerms() Terms { return Terms{Decimals: 4, Rounding: money.HalfUp} }

func (t Terms) rating(currency string) rating.Terms {
	out := rating.DefaultTerms(currency)
	out.Decimals, out.Rounding, out.ChargeZeroSeconds = t.Decimals, t.Rounding, t.ChargeZeroSeconds
	if t.DurationRounding != 0 {
		out.DurationRounding = t.DurationRounding
	}
	if t.WholeCallMultiple {
		out.Model = rating.WholeCallMultiple
	}
	return out
}

const maxID = 128

// CheckID reports an id that cannot name a folder, a part of a path, and a
// document: want 1 to 128 of letters, digits, "-", "_", ".", not starting with ".".
func CheckID(what, id string) error {
	ok := id != "" && len(id) <= maxID && id[0] != '.'
	for i := range len(id) {
		c := id[i]
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	}
	if !ok {
		return fmt.Errorf("%s %q: want 1 to %d of letters, digits, - _ ., not starting with a dot: %w", what, id, maxID, ErrRefused)
	}
	return nil
}

// Check reports the first thing in d that no card can be made of.
func (d Definition) Check() error {
	if err := CheckID("card", d.ID); err != nil {
		return err
	}
	bad := func(err error) error { return fmt.Errorf("card %s: %w: %w", d.ID, err, ErrRefused) }
	if _, err := billing.Digits(d.Currency); err != nil {
		return bad(err)
	}
	if d.Activate != AtArrival && d.Activate != ByPerson {
		return bad(fmt.Errorf("activate %q: want %s or %s", d.Activate, AtArrival, ByPerson))
	}
	switch d.Kind {
	case Provider:
		if d.Parent != "" || d.Markup != (ratecard.Markup{}) || d.Terms != (Terms{}) {
			return bad(fmt.Errorf("a provider card has no parent, markup or terms"))
		}
		if d.Increment == "" {
			return nil
		}
		if _, _, err := deck.ParseIncrements(d.Increment); err != nil {
			return bad(err)
		}
	case Customer:
		if d.Parent == "" || d.Parent == d.ID || d.Increment != "" {
			return bad(fmt.Errorf("a customer card has a parent, which is another card, and no increment"))
		}
		terms := d.Terms.rating(d.Currency)
		if err := terms.Validate(); err != nil {
			return bad(err)
		}
	default:
		return bad(fmt.Errorf("kind %q: want %s or %s", d.Kind, Provider, Customer))
	}
	return nil
}
