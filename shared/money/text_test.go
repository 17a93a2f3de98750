package money_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/money"
	"pgregory.net/rapid"
)

const (
	greatest = "340282366920938463463374607431768211455" // 2^128-1
	finest   = "3402823669209384634.63374607431768211455"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"-0.00", "0.00"}, {"+7", "7"}, {"007", "7"},
		{"1.50", "1.50"}, {"-12.5", "-12.5"}, {".5", "0.5"}, {"-.5", "-0.5"},
		{"0.00000000000000000001", "0.00000000000000000001"},
		{"1.01234567890123456788", "1.01234567890123456788"},
		{greatest, greatest}, {"-" + greatest, "-" + greatest}, {finest, finest},
	} {
		got, err := money.Parse(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("Parse(%q): got %v, %v, want %s", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{
		"", "-", "+", ".", "-.", "5.", "1.2.3", "--1", "+-1", "1-", "1e5", "1E+10", "0x10", "1,234.5", "1,5", " 1", "1 ", "1_000",
		"£5", "5%", "NaN", "Inf", "１", "1\x00", "\u00a01", "0.000000000000000000001", "0.000000000000000000000",
	} {
		if got, err := money.Parse(in); err == nil || got != (money.Amount{}) {
			t.Errorf("Parse(%q): got %v, %v, want an error", in, got, err)
		}
	}
	_, err := money.Parse(strings.Repeat("9", 1_000_000))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("a million digits: want a short error, got one of %d bytes", len(err.Error()))
	}
	_, err = money.Parse("12,5")
	if err == nil || !strings.Contains(err.Error(), `"12,5"`) || !strings.Contains(err.Error(), "decimal point") {
		t.Errorf("Parse(12,5): got %v, want the value and what would be right", err)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		in       string
		decimals int
		want     string
	}{
		{"5", 0, "5"}, {"5", 2, "5.00"}, {"-5.1", 2, "-5.10"}, {"0", 4, "0.0000"}, {"-0.05", 1, "-0.05"},
		{"1.2345", 2, "1.2345"}, {"1.2", -1, "1.2"}, {"1", 20, "1.00000000000000000000"}, {"1", 99, "1.00000000000000000000"},
		{"-" + greatest, 20, "-" + greatest + ".00000000000000000000"},
	} {
		a := money.MustParse(c.in)
		if got := a.Text(c.decimals); got != c.want {
			t.Errorf("%s with %d decimals: got %s, want %s", c.in, c.decimals, got, c.want)
		}
		if got := string(a.AppendText([]byte("total "), c.decimals)); got != "total "+c.want {
			t.Errorf("%s appended: got %s", c.in, got)
		}
	}
}

func TestTextAgainstTwin(t *testing.T) {
	check := func(t interface{ Errorf(string, ...any) }, a money.Amount, decimals int) {
		want := rat(a)
		if got := a.String(); got != want.FloatString(a.Decimals()) {
			t.Errorf("String: got %s, want %s", got, want.FloatString(a.Decimals()))
		}
		if got, shown := a.Text(decimals), max(decimals, a.Decimals()); got != want.FloatString(shown) {
			t.Errorf("Text(%d): got %s, want %s", decimals, got, want.FloatString(shown))
		}
		if got, err := money.Parse(a.String()); err != nil || got != a {
			t.Errorf("%s parsed: got %v, %v", a, got, err)
		}
	}
	eachExtreme(t, []int{0, 1, 2, 19, 20}, func(a money.Amount) { check(t, a, 2); check(t, a.Neg(), 20) })
	rapid.Check(t, func(t *rapid.T) {
		check(t, anyAmount().Draw(t, "a"), rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"))
	})
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic on a bad constant")
		}
	}()
	money.MustParse("1,5")
}

func TestJSON(t *testing.T) {
	type doc struct {
		Amount money.Amount
		Price  money.Price
	}
	want := doc{money.MustParse("-12.50"), 12_345_678_901}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"Amount":"-12.50","Price":"0.012345678901"}`, string(data)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	var got doc
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("read back: got %+v, %v", got, err)
	}
	for _, bad := range []string{`{"Amount":1.5}`, `{"Amount":"1e5"}`, `{"Price":0.1}`, `{"Price":"0.0000000000001"}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil || got != want {
			t.Errorf("%s: got %+v, %v, want an error and no change", bad, got, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := doc{anyAmount().Draw(t, "amount"), anyPrice().Draw(t, "price")}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got doc
		if err := json.Unmarshal(data, &got); err != nil || got != want {
			t.Fatalf("%s: got %+v, %v", data, got, err)
		}
	})
}

func anyPrice() *rapid.Generator[money.Price] {
	return rapid.Map(rapid.Int64Range(-1<<63+1, 1<<63-1), func(n int64) money.Price { return money.Price(n) })
}

func TestParsePrice(t *testing.T) {
	for _, c := range []struct {
		in   string
		want money.Price
		text string
	}{
		{"0", 0, "0"}, {"0.0000", 0, "0"}, {"0.0120", 12_000_000_000, "0.012"}, {"-1", -1e12, "-1"},
		{"0.000000000001", 1, "0.000000000001"}, {"0.00000000000100000000", 1, "0.000000000001"},
		{"9223372.036854775807", 1<<63 - 1, "9223372.036854775807"}, {"-9223372.036854775807", -1<<63 + 1, "-9223372.036854775807"},
		{"100.00000000000000000000", 100e12, "100"},
	} {
		got, err := money.ParsePrice(c.in)
		if err != nil || got != c.want || got.String() != c.text {
			t.Errorf("ParsePrice(%s): got %d (%s), %v, want %d (%s)", c.in, int64(got), got, err, int64(c.want), c.text)
		}
		if !got.Amount().Equal(money.MustParse(c.in)) {
			t.Errorf("price %s as an amount: got %s", c.in, got.Amount())
		}
	}
	for _, c := range []struct {
		in   string
		want error
	}{
		{"0.0000000000001", money.ErrInexact}, {"1.0000000000005", money.ErrInexact},
		{"9223372.036854775808", money.ErrOverflow}, {"-9223372.036854775808", money.ErrOverflow},
		{"18446744.073709551616", money.ErrOverflow}, {greatest, money.ErrOverflow},
	} {
		if got, err := money.ParsePrice(c.in); !errors.Is(err, c.want) || got != 0 {
			t.Errorf("ParsePrice(%s): got %v, %v, want %v", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "free", "0,012"} {
		if got, err := money.ParsePrice(in); err == nil || got != 0 {
			t.Errorf("ParsePrice(%q): got %v, %v, want an error", in, got, err)
		}
	}
}

func TestPriceOfAgainstTwin(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 63)
	check := func(t interface{ Errorf(string, ...any) }, a money.Amount) {
		units := new(big.Rat).Mul(rat(a), new(big.Rat).SetInt(pow10(money.PriceDecimals)))
		got, err := money.PriceOf(a)
		switch {
		case !units.IsInt():
			if !errors.Is(err, money.ErrInexact) {
				t.Errorf("%s: got %v, %v, want ErrInexact", a, got, err)
			}
		case units.Num().CmpAbs(limit) >= 0:
			if !errors.Is(err, money.ErrOverflow) {
				t.Errorf("%s: got %v, %v, want ErrOverflow", a, got, err)
			}
		case err != nil || big.NewInt(int64(got)).Cmp(units.Num()) != 0:
			t.Errorf("%s: got %d, %v, want %s", a, int64(got), err, units.Num())
		}
	}
	eachExtreme(t, []int{0, 1, 12, 13, 20}, func(a money.Amount) { check(t, a); check(t, a.Neg()) })
	rapid.Check(t, func(t *rapid.T) {
		check(t, anyAmount().Draw(t, "a"))
		p := anyPrice().Draw(t, "price")
		if got, err := money.PriceOf(p.Amount()); err != nil || got != p {
			t.Errorf("%s: got %v, %v", p, got, err)
		}
		if got, err := money.ParsePrice(p.String()); err != nil || got != p {
			t.Errorf("%s parsed: got %v, %v", p, got, err)
		}
	})
}

func addSeeds(f *testing.F) {
	for _, s := range []string{"", "0", "-0.00", "+1.50", ".5", "5.", "1,5", "1e9", "0.00000000000000000001", greatest, finest, "-9223372.036854775808", "0.0000000000001"} {
		f.Add(s)
	}
}

// Whatever the text, Parse either refuses it or reads the number it says.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := money.Parse(s)
		if err != nil {
			if a != (money.Amount{}) {
				t.Errorf("%q: an amount %s beside the error %v", s, a, err)
			}
			return
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok || rat(a).Cmp(want) != 0 {
			t.Errorf("%q: got %s", s, a)
		}
		if again, err := money.Parse(a.String()); err != nil || again != a {
			t.Errorf("%q: shown as %s and read back as %v, %v", s, a, again, err)
		}
	})
}

// ParsePrice accepts exactly the amounts that a price holds.
func FuzzParsePrice(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := money.ParsePrice(s)
		a, amountErr := money.Parse(s)
		if err != nil {
			if p != 0 {
				t.Errorf("%q: a price %s beside the error %v", s, p, err)
			}
			return
		}
		if amountErr != nil || !p.Amount().Equal(a) {
			t.Errorf("%q: price %s, amount %s, %v", s, p, a, amountErr)
		}
	})
}

// Amounts below 10,000 of four decimals are written many bytes at a time, where
// there is room for that: what is written must be what is right, and nothing else.
func TestTextOfShortAmounts(t *testing.T) {
	const frame = "<>"
	check := func(units int64, decimals, room int) {
		t.Helper()
		dst := append(make([]byte, 0, len(frame)+room), frame...)
		want := frame + big.NewRat(units, 10_000).FloatString(max(4, decimals))
		if got := string(money.New(units, 4).AppendText(dst, decimals)); got != want {
			t.Fatalf("%d of four decimals with %d, in room for %d: got %s, want %s", units, decimals, room, got, want)
		}
	}
	for v := range int64(10_000) { // each whole number and each fraction
		check(v*10_000+9_999-v, 4, 64)
		check(v, 2, 64)
	}
	for _, v := range []int64{0, 1, 9_999, 10_000, 99_999_999, 100_000_000, 123_456_789, -1, -10_000, -99_999_999} {
		for room := range 24 {
			check(v, 4, room)
			check(v, 0, room)
			check(v, 6, room)
		}
	}
}
