package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
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
	Increment string   `doc:"increment,omitempty" json:"increment,omitempty"`
	Defaults  Defaults `doc:"defaults,omitempty" json:"defaults,omitzero"` // of a provider card
	// Templates say how the decks of a provider card are written. One without a
	// fingerprint is for every deck, and then the only one; the others for the
	// decks whose header has theirs.
	Templates []deck.Template `doc:"templates,omitempty" json:"templates,omitempty"`
	Decks     DeckRules       `doc:"decks,omitempty" json:"decks,omitzero"` // of a provider card: what they do to its rates
	// Parent is the provider card that a customer card is built from, with
	// Markup on its prices, to be charged by Terms. Events and connection fees
	// follow EventMarkup where it is given.
	Parent      string          `doc:"parent,omitempty" json:"parent,omitempty"`
	Markup      ratecard.Markup `doc:"markup,omitempty" json:"markup,omitzero"`
	EventMarkup ratecard.Markup `doc:"event_markup,omitempty" json:"event_markup,omitzero"`
	Terms       Terms           `doc:"terms,omitempty" json:"terms,omitzero"`
}

func (d Definition) markups() ratecard.Markups {
	return ratecard.Markups{Prices: d.Markup, Events: d.EventMarkup}
}

// Defaults are what the rates of a deck have where it has no column for it.
type Defaults struct {
	ConnectionFee money.Price `doc:"connection_fee,omitempty" json:"connection_fee,omitzero"`
	Per           deck.Unit   `doc:"per,omitempty" json:"per,omitzero"`     // what its prices are for; empty: a minute
	Grace         uint32      `doc:"grace,omitempty" json:"grace,omitzero"` // seconds; 0: the grace period of the card that charges
}

// options returns how the decks of a provider card are read.
func (d Definition) options() (deck.Options, error) {
	o := deck.Options{ConnectionFee: d.Defaults.ConnectionFee, Per: d.Defaults.Per, Grace: d.Defaults.Grace}
	for i := range d.Templates {
		if err := d.Templates[i].Validate(); err != nil {
			return o, err
		}
	}
	switch {
	case len(d.Templates) > maxTemplates:
		return o, fmt.Errorf("%d templates, want at most %d", len(d.Templates), maxTemplates)
	case len(d.Templates) == 1 && d.Templates[0].Fingerprint == "":
		o.Template = &d.Templates[0]
	case slices.ContainsFunc(d.Templates, func(t deck.Template) bool { return t.Fingerprint == "" }):
		return o, errors.New("several templates: want a fingerprint in each, or one template for every deck")
	default:
		o.Templates = d.Templates
	}
	if d.Increment == "" {
		return o, o.Validate()
	}
	var err error
	if o.Interval1, o.IntervalN, err = deck.ParseIncrements(d.Increment); err != nil {
		return o, err
	}
	return o, o.Validate()
}

// maxTemplates bounds those of a card.
const maxTemplates = 100

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

// equal reports whether two definitions say the same.
func (d Definition) equal(e Definition) (bool, error) {
	a, errA := json.Marshal(d)
	b, errB := json.Marshal(e)
	if err := errors.Join(errA, errB); err != nil {
		return false, fmt.Errorf("comparing card %s: %w", d.ID, err)
	}
	return bytes.Equal(a, b), nil
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
		if d.Parent != "" || d.markups() != (ratecard.Markups{}) || !d.Terms.IsZero() {
			return bad(fmt.Errorf("a provider card has no parent, markup or terms"))
		}
		if _, err := d.options(); err != nil {
			return bad(err)
		}
		if err := d.Decks.check(); err != nil {
			return bad(err)
		}
	case Customer:
		if d.Parent == "" || d.Parent == d.ID || d.Increment != "" || d.Defaults != (Defaults{}) || len(d.Templates) > 0 || d.Decks != (DeckRules{}) {
			return bad(fmt.Errorf("a customer card has a parent, which is another card, and no increment or defaults, no templates and no rules of decks"))
		}
		if err := d.Terms.Check(); err != nil {
			return bad(err)
		}
	default:
		return bad(fmt.Errorf("kind %q: want %s or %s", d.Kind, Provider, Customer))
	}
	return nil
}
