package ratecard

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/money"
)

// Markup says how a price is made from the price below it. The zero value
// leaves prices as they are. Markups are comparable with ==.
type Markup struct {
	kind  markupKind
	value money.Price // in percent, or in currency per minute
}

// Markups are what a card does to the prices of another: Prices for what time
// and quantities cost, and Events, where it is not the zero value, for events of
// tiers and connection fees (Kolmisoft: "Add to all Minutes", "Add to all
// Events").
type Markups struct{ Prices, Events Markup }

// tierEvents returns what events of tiers are marked up by.
func (m Markups) tierEvents() Markup {
	switch {
	case m.Events != (Markup{}):
		return m.Events
	case m.Prices.isAmount():
		return Markup{}
	}
	return m.Prices
}

type markupKind uint8

const (
	none markupKind = iota
	percent
	add
	set
)

// hundred is 100 %: a percentage is a markup on top of it, never "multiply by".
const hundred = money.Price(100_000_000_000_000)

// errMarkup says what ParseMarkup reads.
var errMarkup = errors.New("want a percentage such as 25% or -5%, an amount per minute such as +0.01 or -0.01, a price such as =0.05, or none")

// ParseMarkup reads "25%" (price x 1.25; "-5%" is x 0.95), "+0.01" or "-0.01"
// (currency per minute on top), "=0.05" (per minute, whatever it was), and
// "none" or "" (prices pass). Values have at most 12 decimals; a percentage
// under -100 and a negative price are errors. Kinds of markup: ConnexCS
// profit types relative, absolute and percent of cost.
func ParseMarkup(s string) (Markup, error) {
	text := strings.TrimSpace(s)
	var m Markup
	number, isPercent := strings.CutSuffix(text, "%")
	switch {
	case text == "" || text == "none":
		return Markup{}, nil
	case isPercent:
		m.kind = percent
	case text[0] == '+' || text[0] == '-':
		m.kind = add
	case text[0] == '=':
		m.kind, number = set, text[1:]
	default:
		return Markup{}, fmt.Errorf("markup %q: %w", clip(s), errMarkup)
	}
	v, err := money.ParsePrice(number)
	if err != nil {
		return Markup{}, fmt.Errorf("markup %q: %w: %w", clip(s), errMarkup, err)
	}
	switch {
	case m.kind == percent && v < -hundred:
		return Markup{}, fmt.Errorf("markup %q: under -100%% every price is negative", clip(s))
	case m.kind == set && v < 0:
		return Markup{}, fmt.Errorf("markup %q: the price is negative", clip(s))
	}
	m.value = v
	return m, nil
}

// String returns what ParseMarkup reads, in one spelling for each markup.
func (m Markup) String() string {
	switch m.kind {
	case percent:
		return m.value.String() + "%"
	case add:
		if m.value < 0 {
			return m.value.String()
		}
		return "+" + m.value.String()
	case set:
		return "=" + m.value.String()
	default:
		return "none"
	}
}

// MarshalText writes m as String does.
func (m Markup) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what ParseMarkup reads.
func (m *Markup) UnmarshalText(b []byte) error {
	v, err := ParseMarkup(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// isAmount reports whether m is an amount in currency, not a part of the price.
func (m Markup) isAmount() bool { return m.kind == add || m.kind == set }

// Apply returns the price above p, exactly. A result of more than 12 decimals
// is money.ErrInexact, never rounded; a negative one is an error too.
func (m Markup) Apply(p money.Price) (money.Price, error) {
	out, err := m.apply(p)
	if err != nil {
		return 0, fmt.Errorf("markup %s on price %s: %w", m, p, err)
	}
	if out < 0 {
		return 0, fmt.Errorf("markup %s on price %s: the result %s is negative", m, p, out)
	}
	return out, nil
}

func (m Markup) apply(p money.Price) (money.Price, error) {
	switch m.kind {
	case percent:
		factor, err := m.value.Amount().Add(hundred.Amount())
		if err != nil {
			return 0, err
		}
		product, err := p.Amount().Mul(factor)
		if err != nil {
			return 0, err
		}
		product, err = product.Mul(money.New(1, 2))
		if err != nil {
			return 0, err
		}
		return money.PriceOf(product)
	case add:
		sum, err := p.Amount().Add(m.value.Amount())
		if err != nil {
			return 0, err
		}
		return money.PriceOf(sum)
	case set:
		return m.value, nil
	default:
		return p, nil
	}
}

// clip keeps an error message short whatever the input was.
func clip(s string) string {
	if len(s) > 48 {
		return s[:48] + "…"
	}
	return s
}
