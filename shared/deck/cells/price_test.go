package cells

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/money"
	"pgregory.net/rapid"
)

func priceOf(cell string, r PriceRules) string {
	p, kind, err := ParsePrice([]byte(cell), r)
	switch {
	case err != nil:
		return err.Error()
	case kind == Blocked:
		return "blocked"
	case kind == Empty:
		return "empty"
	}
	return p.String()
}

func TestPrices(t *testing.T) {
	comma, pence := PriceRules{DecimalComma: true}, PriceRules{Hundredths: true}
	for _, c := range []struct {
		cell  string
		rules PriceRules
		want  string
	}{
		{"0.0495", PriceRules{}, "0.0495"},
		{"0.31135104", PriceRules{}, "0.31135104"},
		{"0.00000000", PriceRules{}, "0"},
		{"1", PriceRules{}, "1"},
		{".5", PriceRules{}, "0.5"},
		{"+0.01", PriceRules{}, "0.01"},
		{"007", PriceRules{}, "7"},
		{"-0.00", PriceRules{}, "0"},
		{"'0.01", PriceRules{}, "0.01"},
		{`="0.01"`, PriceRules{}, "0.01"},
		{"0.123456789012", PriceRules{}, "0.123456789012"},
		{"0.1234567890120000000000000000", PriceRules{}, "0.123456789012"},
		{"9223372.036854775807", PriceRules{}, "9223372.036854775807"},
		{"1,9989", comma, "1.9989"}, // Asterisell: international call rates
		{"0,0123 €", comma, "0.0123"},
		{"$0.0123", PriceRules{}, "0.0123"},
		{"-$1", PriceRules{}, "blocked"},
		{"USD 0.01", PriceRules{}, "0.01"},
		{"0.01usd", PriceRules{}, "0.01"},
		{"0.01EUR", PriceRules{}, "0.01"},
		{"US$0.01", PriceRules{}, "0.01"},
		{"$ 0.01 USD", PriceRules{}, "0.01"},
		{"£\u00a00.01", PriceRules{}, "0.01"},
		{"4.5E-2", PriceRules{}, "0.045"},
		{"1E-3", PriceRules{}, "0.001"},
		{"1.2e+2", PriceRules{}, "120"},
		{"4,5E-2", comma, "0.045"},
		{"0E+00", PriceRules{}, "0"},
		{"4.9500000000000000E-2", PriceRules{}, "0.0495"},
		{"1e-12", PriceRules{}, "0.000000000001"},
		{"1000000000000e-20", PriceRules{}, "0.00000001"},
		{"$4.5E-2", PriceRules{}, "0.045"},
		{"1", pence, "0.01"}, // pence per minute: 1 is 1p
		{"1.5p", pence, "0.015"},
		{"0.1234567891", pence, "0.001234567891"},
		{"-1", pence, "blocked"},
		{"GBP 1.5", pence, "0.015"},

		{"", PriceRules{}, "empty"},
		{" \u00a0", PriceRules{}, "empty"},
		{"-1", PriceRules{}, "blocked"}, // Kolmisoft: Blocked Rates
		{"-1.0000", PriceRules{}, "blocked"},
		{"-1,00", comma, "blocked"},
		{"\u22121", PriceRules{}, "blocked"},
		{"€\u22121", PriceRules{}, "blocked"},
		{"bloque\u0301", PriceRules{}, "blocked"}, // the accent on its own, as a Mac writes it
		{"Blocked", PriceRules{}, "blocked"},
		{"FORBIDDEN", PriceRules{}, "blocked"},
		{"gesperrt", PriceRules{}, "blocked"},
		{"bloqué", PriceRules{}, "blocked"},

		{"-0.5", PriceRules{}, wantPositive.Error()},
		{"-100", PriceRules{}, wantPositive.Error()},
		{"-99999999999999999999999", PriceRules{}, wantPositive.Error()},
		{"0.1234567890123", PriceRules{}, "want at most 12 decimals"},
		{"0.12345678901", pence, "want at most 12 decimals"},
		{"1E-13", PriceRules{}, "want at most 12 decimals"},
		{"9223372.036854775808", PriceRules{}, "want at most 9223372.036854775807"},
		{"1e20", PriceRules{}, "want at most 9223372.036854775807"},
		{"99999999999999999999", PriceRules{}, "want at most 9223372.036854775807"},
		{"1E-21", PriceRules{}, "want a power of ten from -20 to 20"},
		{"1E99999999999", PriceRules{}, "want a power of ten from -20 to 20"},
		{"1,234.5", PriceRules{}, wantOneSign.Error()},
		{"1.234.567", PriceRules{}, wantOneSign.Error()},
		{"1 234.5", PriceRules{}, wantOneSign.Error()},
		{"1'234.5", PriceRules{}, wantOneSign.Error()},
		{"0,5", PriceRules{}, wantPoint.Error()},
		{"0.5", comma, wantComma.Error()},
		{"1.5p", PriceRules{}, wantWhole.Error()},
		{"1.5 cents", PriceRules{}, wantWhole.Error()},
		{"£1.5", pence, wantHundredth.Error()},
		{"NaN", PriceRules{}, wantPrice.Error()},
		{"Inf", PriceRules{}, wantPrice.Error()},
		{"n/a", PriceRules{}, wantPrice.Error()},
		{"#N/A", PriceRules{}, wantPrice.Error()},
		{"-", PriceRules{}, wantPrice.Error()},
		{".", PriceRules{}, wantPrice.Error()},
		{"1.", PriceRules{}, wantPrice.Error()},
		{"--1", PriceRules{}, wantPrice.Error()},
		{"0x10", PriceRules{}, wantPrice.Error()},
		{"0.01/min", PriceRules{}, wantPrice.Error()},
		{"0.01 XXQ", PriceRules{}, wantPrice.Error()},
		{"12%", PriceRules{}, wantPrice.Error()},
		{"(1)", PriceRules{}, wantPrice.Error()},
		{strings.Repeat("1", 100), PriceRules{}, wantPrice.Error()},
	} {
		if got := priceOf(c.cell, c.rules); got != c.want {
			t.Errorf("%q %+v: got %s\nwant %s", c.cell, c.rules, got, c.want)
		}
	}
}

func TestDecimalSigns(t *testing.T) {
	for _, c := range []struct {
		cells string
		comma bool
		why   string
	}{
		{"", false, "no price has a decimal sign"},
		{"1;blocked;n/a;;2", false, "no price has a decimal sign"},
		{"0.1;1;0.2", false, "prices with a decimal point: 2, the first in line 1"},
		{"1;0,1;€ 0,2", true, "prices with a decimal comma: 2, the first in line 2"},
		{"0,1;0,2;0.3", true, "prices with a decimal comma: 2, the first in line 1; with a decimal point: 1, the first in line 3"},
		{"0,1;0.3", false, "prices with a decimal point: 1, the first in line 2; with a decimal comma: 1, the first in line 1"},
		{"1,234.5", false, "prices with a decimal point: 1, the first in line 1"},
		{"1.234,5", true, "prices with a decimal comma: 1, the first in line 1"},
		{"1,234,567", false, "prices with a decimal point: 1, the first in line 1"},
		{"4,5E-2", true, "prices with a decimal comma: 1, the first in line 1"},
	} {
		var e PriceEvidence
		for i, cell := range strings.Split(c.cells, ";") {
			e.See(int64(i+1), []byte(cell))
		}
		if comma, why := e.DecimalComma(); comma != c.comma || why != c.why {
			t.Errorf("%s: got %v, %s\nwant %v, %s", c.cells, comma, why, c.comma, c.why)
		}
	}
}

func TestCurrenciesBesidePrices(t *testing.T) {
	var e PriceEvidence
	for i, cell := range []string{"0.1", "$0.1", "USD 0.2", "$0.3", "1.5p", "0.1 XXQ", "0.1€"} {
		e.See(int64(i+1), []byte(cell))
	}
	if diff := cmp.Diff([]Currency{{"$", 2}, {"USD", 3}, {"€", 7}}, e.Currencies()); diff != "" {
		t.Error(diff)
	}
}

var twelveDecimals = new(big.Rat).SetInt64(1_000_000_000_000)

// The price is the number that was written, as an exact rational calculator
// reads it: or, where it needs more than a Price has, an error.
func TestPricesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{0,12}(\.[0-9]{1,16}0{0,8})?`).Draw(t, "number")
		if text == "" || text[0] == '.' {
			text = "0" + text
		}
		if rapid.Bool().Draw(t, "with a power") {
			text += fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"e", "E", "e+", "E-"}).Draw(t, "e"), rapid.IntRange(0, maxExponent).Draw(t, "exponent"))
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is no number", text)
		}
		r := PriceRules{DecimalComma: rapid.Bool().Draw(t, "comma"), Hundredths: rapid.Bool().Draw(t, "hundredths")}
		if r.Hundredths {
			exact.Mul(exact, big.NewRat(1, 100))
		}
		units := new(big.Rat).Mul(exact, twelveDecimals)
		cell := text
		if r.DecimalComma {
			cell = strings.Replace(cell, ".", ",", 1)
		}
		p, kind, err := ParsePrice([]byte(cell), r)
		if fits := units.IsInt() && units.Num().IsInt64(); fits != (err == nil) {
			t.Fatalf("%q: %v, %v; exactly %s", cell, p, err, exact.RatString())
		}
		if err == nil && (kind != Price || new(big.Rat).SetInt64(int64(p)).Cmp(units) != 0) {
			t.Fatalf("%q: %v, want %s", cell, p, exact.RatString())
		}
	})
}

// What is a price in plain text is the same price here, and comes back from its
// own text, with currencies around it or not.
func TestPricesAreThoseOfMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := money.Price(rapid.Int64Range(0, math.MaxInt64).Draw(t, "price"))
		text := p.Amount().Text(rapid.IntRange(0, 20).Draw(t, "decimals"))
		if same, err := money.ParsePrice(text); err != nil || same != p {
			t.Fatalf("%s: %s, %v", text, same, err)
		}
		cell := fmt.Sprintf(rapid.SampledFrom([]string{"%s", " %s ", "'%s", `="%s"`, "$%s", "%s €", "EUR %s", "%sGBP"}).Draw(t, "style"), text)
		if got, kind, err := ParsePrice([]byte(cell), PriceRules{}); err != nil || kind != Price || got != p {
			t.Fatalf("%q: got %v, %v, %v", cell, got, kind, err)
		}
	})
}

func FuzzPrice(f *testing.F) {
	for _, s := range []string{"0.0123", "0,0123 €", "$0.01", "USD 1", "4.5E-2", "-1", "blocked", "1,234.5", "1.5p", "NaN", "0.1234567890123", "9223372.036854775808"} {
		f.Add(s, false, false)
		f.Add(s, true, true)
	}
	f.Fuzz(func(t *testing.T, cell string, comma, hundredths bool) {
		var e PriceEvidence
		e.See(1, []byte(cell))
		var spaced PriceEvidence // which is never read in haste
		if spaced.See(1, []byte(" "+cell)); !reflect.DeepEqual(e, spaced) {
			t.Errorf("%q: %+v, with a space in front %+v", cell, e, spaced)
		}
		rules := PriceRules{DecimalComma: comma, Hundredths: hundredths}
		p, kind, err := ParsePrice([]byte(cell), rules)
		if slow, slowKind, slowErr := anyPrice([]byte(cell), rules); slow != p || slowKind != kind || fmt.Sprint(slowErr) != fmt.Sprint(err) {
			t.Errorf("%q: %v, %v, %v; read without haste %v, %v, %v", cell, p, kind, err, slow, slowKind, slowErr)
		}
		var w *Want
		if err != nil && !errors.As(err, &w) || p < 0 || p != 0 && (err != nil || kind != Price) {
			t.Errorf("%q: %v, %v, %v", cell, p, kind, err)
		}
		// money.ParsePrice is the reference for a number that is alone in its cell.
		plain, plainErr := money.ParsePrice(cell)
		switch {
		case comma || hundredths:
		case plainErr == nil && plain >= 0 && len(cell) <= maxPrice:
			if err != nil || kind != Price || p != plain {
				t.Errorf("%q: %v, %v, %v, want %v", cell, p, kind, err, plain)
			}
		case plainErr == nil && len(cell) <= maxPrice:
			if (kind == Blocked) != (plain == -1_000_000_000_000) || kind != Blocked && err == nil {
				t.Errorf("%q: %v, %v, %v for %v", cell, p, kind, err, plain)
			}
		}
	})
}
