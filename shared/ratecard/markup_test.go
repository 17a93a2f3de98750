package ratecard

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/money"
	"pgregory.net/rapid"
)

func price(s string) money.Price {
	p, err := money.ParsePrice(s)
	if err != nil {
		panic(err)
	}
	return p
}

func TestMarkup(t *testing.T) {
	for _, tc := range []struct{ markup, written, price, want string }{
		{"", "none", "0.05", "0.05"},
		{"none", "none", "0.05", "0.05"},
		{"25%", "25%", "0.05", "0.0625"},
		{" +25.0% ", "25%", "1.9989", "2.498625"},
		{"-5%", "-5%", "0.10", "0.095"},
		{"110%", "110%", "1", "2.1"}, // a markup of 110 %, not 110 % of the price
		{"-100%", "-100%", "3", "0"},
		{"0%", "0%", "0.000000000001", "0.000000000001"},
		{"0.00000001%", "0.00000001%", "0.01", "0.010000000001"},
		{"+0.01", "+0.01", "0.05", "0.06"},
		{"+0", "+0", "0.05", "0.05"},
		{"-0.01", "-0.01", "0.05", "0.04"},
		{"-0.05", "-0.05", "0.05", "0"},
		{"=0.05", "=0.05", "7", "0.05"},
		{"=0", "=0", "7", "0"},
	} {
		m, err := ParseMarkup(tc.markup)
		if err != nil {
			t.Errorf("%q: %v", tc.markup, err)
			continue
		}
		if m.String() != tc.written {
			t.Errorf("%q is written %q, want %q", tc.markup, m, tc.written)
		}
		if got, err := m.Apply(price(tc.price)); err != nil || got != price(tc.want) {
			t.Errorf("%q on %s is %s, %v, want %s", tc.markup, tc.price, got, err, tc.want)
		}
	}
	var zero Markup
	if none, _ := ParseMarkup("none"); none != zero {
		t.Errorf("none is not the zero markup")
	}
}

func TestParseMarkupRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"25":                            "want a percentage such as 25%",
		"%":                             "want a percentage",
		"25%%":                          "want a percentage",
		"25 %":                          "want a percentage",
		"1,5%":                          "want a percentage",
		"=":                             "want a percentage",
		"=5%":                           "want a percentage",
		"+-1":                           "want a percentage",
		"x1.25":                         "want a percentage",
		"+0.0000000000001":              "at most 12",
		"-100.1%":                       "every price is negative",
		"=-0.01":                        "the price is negative",
		"+99999999":                     "out of range",
		strings.Repeat("9", 1000) + "%": "…",
	} {
		if m, err := ParseMarkup(s); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 500 {
			t.Errorf("%q is %s, %v; want an error with %q", s, m, err, want)
		}
	}
}

func TestMarkupThatCannotBeExact(t *testing.T) {
	for _, tc := range []struct {
		markup, price string
		want          error
		text          string
	}{
		{"1%", "0.00000000001", money.ErrInexact, "markup 1% on price 0.00000000001"},
		{"0.000000000001%", "0.1", money.ErrInexact, "at most 12"},
		{"9000000%", "9000000", money.ErrOverflow, ""},
		{"+9000000", "9000000", money.ErrOverflow, ""},
		{"-0.06", "0.05", nil, "the result -0.01 is negative"},
	} {
		m, err := ParseMarkup(tc.markup)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Apply(price(tc.price))
		if err == nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s on %s is %s, %v; want %v %q", tc.markup, tc.price, p, err, tc.want, tc.text)
		}
	}
	if _, err := (Markup{kind: percent, value: hundred}).Apply(-1); err == nil {
		t.Error("a negative price was marked up")
	}
}

// A percentage is price x (1 + v/100) to the last digit, or it is refused for
// a reason that the exact calculation shares.
func TestPercentIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := money.Price(rapid.Int64Range(-1000, 100_000).Draw(t, "v") * rapid.SampledFrom([]int64{1, 1e6, 1e9, 1e11}).Draw(t, "v scale"))
		p := money.Price(rapid.Int64Range(0, 10_000_000).Draw(t, "p") * rapid.SampledFrom([]int64{1, 1e4, 1e8, 1e11}).Draw(t, "p scale"))
		m, err := ParseMarkup(v.String() + "%")
		if err != nil {
			if v >= -hundred {
				t.Fatal(err)
			}
			return
		}
		// In units of 10^-12: p + p*v/(100*10^12).
		want := new(big.Rat).SetFrac(big.NewInt(int64(v)), big.NewInt(int64(hundred)))
		want.Add(want, big.NewRat(1, 1)).Mul(want, new(big.Rat).SetInt64(int64(p)))
		got, err := m.Apply(p)
		switch {
		case err == nil && want.Cmp(new(big.Rat).SetInt64(int64(got))) != 0:
			t.Fatalf("%s on %s is %s, want %s", m, p, got, want)
		case err != nil && want.IsInt() && want.Num().IsInt64():
			t.Fatalf("%s on %s is refused, want %s: %v", m, p, want, err)
		}
	})
}

func FuzzParseMarkup(f *testing.F) {
	for _, s := range []string{"", "none", "25%", "-5%", "+0.01", "-0.01", "=0.05", "-0%", "+00.10", "=+1", "25", "%", "9223372.036854775807%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMarkup(s)
		if err != nil {
			return
		}
		again, err := ParseMarkup(m.String())
		if err != nil || again != m || again.String() != m.String() {
			t.Fatalf("%q is written %q, which is read as %v, %v", s, m, again, err)
		}
		text, err := m.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Markup
		if err := back.UnmarshalText(text); err != nil || back != m {
			t.Fatalf("%q came back as %v, %v", text, back, err)
		}
		if p, err := m.Apply(1_000_000_000_000); err == nil && p < 0 {
			t.Fatalf("%s makes a negative price %s", m, p)
		}
	})
}
