package cells

import (
	"math/big"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/money"
)

func TestParseSurcharge(t *testing.T) {
	comma := SurchargeRules{Prices: PriceRules{DecimalComma: true}}
	for _, c := range []struct {
		cell  string
		rules SurchargeRules
		want  string // a price in currency units, or a part
		kind  SurchargeKind
		bad   string
	}{
		{cell: "0.15", want: "0.15"},
		{cell: " €0.15 ", want: "0.15"},
		{cell: "+0.15", want: "0.15"},
		{cell: "1.5E-1", want: "0.15"},
		{cell: "0,15", rules: comma, want: "0.15"},
		{cell: "15p", rules: SurchargeRules{Prices: PriceRules{Hundredths: true}}, want: "0.15"},
		{cell: "0", want: "0"}, {cell: "-0", want: "0"},
		{cell: "10%", want: "0.1", kind: SurchargePart},
		{cell: "12,5 %", rules: comma, want: "0.125", kind: SurchargePart},
		{cell: "250%", want: "2.5", kind: SurchargePart},
		{cell: "10%", rules: SurchargeRules{Prices: PriceRules{Hundredths: true}}, want: "0.1", kind: SurchargePart},
		{cell: "0.0000000001%", want: "0.000000000001", kind: SurchargePart},
		{cell: "10", rules: SurchargeRules{Percent: true}, want: "0.1", kind: SurchargePart},
		{cell: "0.1", rules: SurchargeRules{Stored: true}, want: "0.1", kind: SurchargePart},
		{cell: "0.1", rules: SurchargeRules{Stored: true, Percent: true, Prices: PriceRules{Hundredths: true}}, want: "0.1", kind: SurchargePart, bad: ""},
		{cell: "blocked", kind: SurchargeBlocked, want: "0"}, {cell: "Gesperrt", kind: SurchargeBlocked, want: "0"},
		{cell: " ", kind: SurchargeEmpty, want: "0"}, {cell: "", kind: SurchargeEmpty, want: "0"},
		{cell: "-1", bad: "0 or more"}, {cell: "−5%", bad: "0 or more"}, {cell: "-0.1", bad: "0 or more"},
		{cell: "0,15", bad: "decimal point"}, {cell: "0.15", rules: comma, bad: "decimal comma"}, {cell: "1.2.3", bad: "one decimal sign"},
		{cell: "%", bad: "a surcharge"}, {cell: "10%%", bad: "a percentage"}, {cell: "5 EUR %", bad: "without a currency"}, {cell: "yes", bad: "a surcharge"}, {cell: "NaN", bad: "a surcharge"},
		{cell: "15p", bad: "currency units"}, {cell: "0.0000000000001", bad: "12 decimals"}, {cell: "0.00000000001%", bad: "12 decimals"}, {cell: "10000000", bad: "at most"},
	} {
		p, kind, err := ParseSurcharge([]byte(c.cell), c.rules)
		switch {
		case c.bad != "":
			if err == nil || !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%q %+v: %v, want %q", c.cell, c.rules, err, c.bad)
			}
		case err != nil || kind != c.kind || p.String() != c.want:
			t.Errorf("%q %+v: %s, kind %d, %v, want %s, kind %d", c.cell, c.rules, p, kind, err, c.want, c.kind)
		}
	}
}

// What is read of a surcharge is what stands there, exactly, as fractions of whole
// numbers have it.
func FuzzParseSurcharge(f *testing.F) {
	for _, s := range []string{"0.15", "10%", "12,5 %", "-1", "blocked", "€5", "1e-12%", "5 EUR%", "15p", "%", "", "=\"10%\"", "'0.1"} {
		f.Add(s, false, false)
		f.Add(s, true, true)
	}
	f.Fuzz(func(t *testing.T, cell string, comma, percent bool) {
		p, kind, err := ParseSurcharge([]byte(cell), SurchargeRules{Prices: PriceRules{DecimalComma: comma}, Percent: percent})
		if p < 0 || err != nil && (p != 0 || kind != 0) || err == nil && kind > SurchargePart && p != 0 {
			t.Fatalf("%s, %d, %v", p, kind, err)
		}
		text := strings.TrimSpace(strings.ReplaceAll(cell, ",", "."))
		number, isPart := strings.CutSuffix(text, "%")
		if err != nil || number == "" || strings.Trim(number, "0123456789.") != "" {
			return
		}
		want, ok := new(big.Rat).SetString(number)
		if !ok {
			return
		}
		if isPart || percent {
			want.Quo(want, big.NewRat(100, 1))
		}
		if got := big.NewRat(int64(p), 1e12); got.Cmp(want) != 0 || (kind == SurchargePart) != (isPart || percent) {
			t.Errorf("%q is %s, kind %d, want %s", cell, money.Price(p), kind, want.FloatString(14))
		}
	})
}
