package cells

import (
	"bytes"

	"github.com/tollbook/tollbook/shared/money"
)

// SurchargeKind is what the cell of a surcharge says.
type SurchargeKind uint8

// The kinds: an amount on top of the price; a part of the price, 0.1 for 10%; that
// the callers are blocked; nothing.
const (
	SurchargeAmount SurchargeKind = iota
	SurchargePart
	SurchargeBlocked
	SurchargeEmpty
)

// SurchargeRules say how the surcharge cells of a column are read.
type SurchargeRules struct {
	Prices  PriceRules // as those of the deck's prices
	Percent bool       // a number without a sign is a percentage: the column's header says so
	Stored  bool       // the number is 0.1 where 10% is shown: it is from a workbook
}

var (
	wantSurcharge = Want{"a surcharge: an amount such as 0.15, which is added to the price, a percentage of it such as 10%, nothing where there is none, or the word blocked"}
	wantDearer    = Want{"a surcharge of 0 or more, or the word blocked for callers who have no price: nothing is taken off a price"}
	wantPlain     = Want{"a percentage such as 10%, without a currency"}
)

// ParseSurcharge reads what is added to a price: an amount as ParsePrice reads one, or
// a percentage, of at most 10 decimals. -1 blocks nobody here: it may as well be meant
// for a discount, which no surcharge is.
func ParseSurcharge(cell []byte, r SurchargeRules) (money.Price, SurchargeKind, error) {
	text := Unwrap(cell)
	if len(text) == 0 {
		return 0, SurchargeEmpty, nil
	}
	number, percent := bytes.CutSuffix(text, []byte("%"))
	if number = trim(number); percent && len(number) == 0 {
		return 0, 0, &wantSurcharge
	}
	var t priceText
	if !t.scan(number) {
		if _, kind, err := ParsePrice(text, r.Prices); err == nil && kind == Blocked {
			return 0, SurchargeBlocked, nil
		}
		return 0, 0, &wantSurcharge
	}
	part := percent || r.Percent || r.Stored
	switch {
	case t.negative && t.units():
		return 0, 0, &wantDearer
	case part && len(t.before)+len(t.after) > 0:
		return 0, 0, &wantPlain
	}
	rules := r.Prices
	if part {
		// A hundredth is what a percentage is, unless it is stored as one already.
		rules.Hundredths = percent || !r.Stored
	}
	p, _, err := ParsePrice(number, rules)
	if err != nil {
		return 0, 0, err
	}
	if part {
		return p, SurchargePart, nil
	}
	return p, SurchargeAmount, nil
}

// units reports whether the number is not 0.
func (t *priceText) units() bool { return bytes.ContainsAny(t.number, "123456789") }
