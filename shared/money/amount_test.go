package money_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/money"
	"pgregory.net/rapid"
)

// What vendors publish, each with its source.
func TestRoundPublished(t *testing.T) {
	const (
		cgrates  = "https://cgrates.readthedocs.io/en/latest/rals.html"
		connexcs = "https://docs.connexcs.com/billing-basics/"
		porta    = "https://docs.portaone.com/docs/mr112-subscription-fee?topic=rounding-precision"
		sippy    = "https://support.sippysoft.com/support/solutions/articles/164282-cdr-call-duration-rounding-methods"
		uk       = "https://support.countingup.com/hc/en-us/articles/4402604892305"
		ours     = "half-down on exact ties only; up is away from zero, so credits mirror charges"
	)
	for _, c := range []struct {
		source   string
		raw      string
		decimals int
		method   money.Rounding
		want     string
	}{
		{cgrates, "0.19", 1, money.Down, "0.1"},
		{cgrates, "0.11", 1, money.Up, "0.2"},
		{connexcs, "0.00175", 3, money.Up, "0.002"},
		{connexcs, "0.00175", 4, money.Up, "0.0018"},
		{porta, "16.85306", 2, money.Up, "16.86"},
		{uk, "12.2388", 2, money.Up, "12.24"},

		{connexcs, "60.0", 0, money.HalfDown, "60"},
		{connexcs, "60.0", 0, money.HalfUp, "60"},
		{connexcs, "60.0", 0, money.Up, "60"},
		{connexcs, "60.1", 0, money.Down, "60"},
		{connexcs, "60.1", 0, money.Up, "61"},
		{connexcs, "60.4", 0, money.Up, "61"},
		{connexcs, "60.5", 0, money.HalfUp, "61"},
		{connexcs, "60.5", 0, money.HalfDown, "60"},
		{connexcs, "60.6", 0, money.HalfDown, "61"},

		{sippy, "1.0", 0, money.HalfUp, "1"},
		{sippy, "1.4", 0, money.HalfUp, "1"},
		{sippy, "1.5", 0, money.HalfUp, "2"},
		{sippy, "60.1", 0, money.HalfUp, "60"},
		{sippy, "60.4", 0, money.HalfUp, "60"},
		{sippy, "60.5", 0, money.HalfUp, "61"},
		{sippy, "60.9", 0, money.HalfUp, "61"},
		{sippy, "1.0", 0, money.Up, "1"},
		{sippy, "1.1", 0, money.Up, "2"},
		{sippy, "1.4", 0, money.Up, "2"},
		{sippy, "60.1", 0, money.Up, "61"},
		{sippy, "60.4", 0, money.Up, "61"},
		{sippy, "60.5", 0, money.Up, "61"},

		{ours, "0.12345", 4, money.HalfDown, "0.1234"},
		{ours, "0.123451", 4, money.HalfDown, "0.1235"},
		{ours, "0.12345", 4, money.HalfUp, "0.1235"},
		{ours, "0.12344999999999999999", 4, money.HalfUp, "0.1234"},
		{ours, "0.00000000000000000001", 0, money.Up, "1"},
		{ours, "0.50000000000000000000", 0, money.HalfDown, "0"},
		{ours, "0.50000000000000000001", 0, money.HalfDown, "1"},
		{ours, "0.49999999999999999999", 0, money.HalfUp, "0"},
		{ours, "1.5", 3, money.Down, "1.500"},
		{ours, "0", 2, money.Up, "0.00"},
	} {
		for sign, want := range map[string]string{"": c.want, "-": "-" + c.want} {
			t.Run(fmt.Sprintf("%s%s to %d %s", sign, c.raw, c.decimals, c.method), func(t *testing.T) {
				got, err := money.MustParse(sign+c.raw).Round(c.decimals, c.method)
				if err != nil {
					t.Fatal(err)
				}
				if got.IsZero() {
					want = c.want // there is no minus zero
				}
				if got.String() != want {
					t.Errorf("got %s, want %s (%s)", got, want, c.source)
				}
			})
		}
	}
}

// Sippy's cost rounding, 0 to 20 decimals. The raw costs have 22 decimals,
// which no amount holds: they arise, as raw costs do, in one multiplication
// or division.
// https://support.sippysoft.com/support/solutions/articles/3000027118
func TestMulDivSippy20Decimals(t *testing.T) {
	for _, c := range []struct {
		hundredfold string
		decimals    int
		want        string
	}{
		{"101.23456789012345678811", 20, "1.01234567890123456788"},
		{"101.23456789012345678899", 20, "1.01234567890123456789"},
		{"101.23456789012345678811", 2, "1.01"},
		{"101.53456789012345678899", 2, "1.02"},
	} {
		got, err := money.MustParse(c.hundredfold).MulDiv(1, 100, c.decimals, money.HalfUp)
		if err != nil || got.String() != c.want {
			t.Errorf("%s/100 to %d decimals: got %v, %v, want %s", c.hundredfold, c.decimals, got, err, c.want)
		}
	}
}

// Worked sums of other kinds that rest on one exact product, rounded once.
func TestMulDivWorked(t *testing.T) {
	for _, c := range []struct {
		name     string
		amount   string
		num, den uint64
		decimals int
		method   money.Rounding
		want     string
	}{
		{"50 a month from 12 February", "50", 17, 28, 2, money.HalfUp, "30.36"},
		{"co-desk: 300 from 20 January", "300", 12, 31, 2, money.HalfUp, "116.13"},
		{"Zuora: 31 from 15 to 31 January", "31", 17, 31, 2, money.HalfUp, "17.00"},
		{"Kolmisoft: 20 s at 1 a minute", "1", 20, 60, 4, money.HalfUp, "0.3333"},
		{"IvozProvider 692: 600 s at 0.05, not 600 rounded seconds", "0.05", 600, 60, 4, money.HalfUp, "0.5000"},
		{"ConnexCS: 9.1 s at 0.005, up", "0.005", 91, 600, 4, money.Up, "0.0008"},
		{"thirds to 20 decimals", "1", 1, 3, 20, money.Up, "0.33333333333333333334"},
		{"a charge", "0.01", 1, 8, 4, money.Up, "0.0013"},
		{"its credit", "-0.01", 1, 8, 4, money.Up, "-0.0013"},
		{"nothing", "0", 1, 3, 2, money.Up, "0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := money.MustParse(c.amount).MulDiv(c.num, c.den, c.decimals, c.method)
			if err != nil || got.String() != c.want {
				t.Errorf("got %v, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestMulDivRefuses(t *testing.T) {
	one := money.New(1, 0)
	for _, c := range []struct {
		name     string
		den      uint64
		decimals int
		method   money.Rounding
	}{
		{"zero den", 0, 2, money.HalfUp},
		{"negative decimals", 1, -1, money.HalfUp},
		{"21 decimals", 1, 21, money.HalfUp},
		{"no method", 1, 2, 0},
		{"unknown method", 1, 2, money.Down + 1},
	} {
		if got, err := one.MulDiv(1, c.den, c.decimals, c.method); err == nil || got != (money.Amount{}) {
			t.Errorf("%s: got %v, %v, want an error", c.name, got, err)
		}
	}
}

func TestAddCmpAgainstTwin(t *testing.T) {
	var all []money.Amount
	eachExtreme(t, []int{0, 20}, func(a money.Amount) { all = append(all, a, a.Neg()) })
	for _, a := range all {
		for _, b := range all {
			if err := mismatchAddCmp(a, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyAmount().Draw(t, "a"), anyAmount().Draw(t, "b")
		if err := mismatchAddCmp(a, b); err != nil {
			t.Fatal(err)
		}
	})
}

func mismatchAddCmp(a, b money.Amount) error {
	x, y := rat(a), rat(b)
	decimals := max(a.Decimals(), b.Decimals())
	sum, err := a.Add(b)
	if err := mismatch(sum, err, new(big.Rat).Add(x, y), decimals); err != nil {
		return fmt.Errorf("%s + %s: %w", a, b, err)
	}
	diff, err := a.Sub(b)
	if err := mismatch(diff, err, new(big.Rat).Sub(x, y), decimals); err != nil {
		return fmt.Errorf("%s - %s: %w", a, b, err)
	}
	want := x.Cmp(y)
	if a.Cmp(b) != want || a.Equal(b) != (want == 0) {
		return fmt.Errorf("%s compared with %s: got %d, equal %v, want %d", a, b, a.Cmp(b), a.Equal(b), want)
	}
	return nil
}

func TestMulAgainstTwin(t *testing.T) {
	var all []money.Amount
	eachExtreme(t, []int{0, 1, 20}, func(a money.Amount) { all = append(all, a) })
	for i, a := range all {
		for _, b := range all[i:] {
			for _, x := range []money.Amount{a, a.Neg()} {
				if err := mismatchMul(x, b); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if err := mismatchMul(anyAmount().Draw(t, "a"), anyAmount().Draw(t, "b")); err != nil {
			t.Fatal(err)
		}
	})
}

// mismatchMul holds a*b to: exact if any 0 to 20 decimals hold the product.
func mismatchMul(a, b money.Amount) error {
	want := new(big.Rat).Mul(rat(a), rat(b))
	finest := new(big.Rat).Mul(want, new(big.Rat).SetInt(pow10(money.MaxDecimals)))
	got, err := a.Mul(b)
	if !finest.IsInt() {
		if !errors.Is(err, money.ErrInexact) || got != (money.Amount{}) {
			return fmt.Errorf("%s * %s: got %v, %v, want ErrInexact", a, b, got, err)
		}
		return nil
	}
	// The coarsest unit that holds it is where overflow is decided.
	decimals := 0
	for !new(big.Rat).Mul(want, new(big.Rat).SetInt(pow10(decimals))).IsInt() {
		decimals++
	}
	if err == nil {
		decimals = got.Decimals()
	}
	if err := mismatch(got, err, want, decimals); err != nil {
		return fmt.Errorf("%s * %s: %w", a, b, err)
	}
	return nil
}

func TestMulDivAgainstTwin(t *testing.T) {
	factors := []uint64{0, 1, 60, 1e19, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}
	eachExtreme(t, []int{0, 1, 19, 20}, func(a money.Amount) {
		for _, num := range factors {
			for _, den := range factors[1:] {
				for _, decimals := range []int{0, 1, 20} {
					// One method in turn for each combination, all four over the run.
					method := methods[(num+den+uint64(decimals)+uint64(a.Decimals()))%4]
					if err := mismatchMulDiv(a, num, den, decimals, method); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 100), rapid.SampledFrom(factors))
		a, num, den := anyAmount().Draw(t, "a"), factor.Draw(t, "num"), max(1, factor.Draw(t, "den"))
		decimals := rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals")
		for _, method := range methods {
			if err := mismatchMulDiv(a, num, den, decimals, method); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Exact ties, and one unit to either side of them, for every number of digits
// dropped (20 takes two divisions) and for small and huge divisors.
func TestRoundAtTies(t *testing.T) {
	one := big.NewInt(1)
	ties := 0
	for _, q := range []int64{0, 1, 1234567} {
		for _, den := range []uint64{1, 2, 3, 7, 60, 1e9, 1 << 63, math.MaxUint64 - 1, math.MaxUint64} {
			for drop := 0; drop <= money.MaxDecimals; drop++ {
				// near is (q + 1/2) * den * 10^drop, rounded down when den is odd and no digit is dropped.
				whole := new(big.Int).Mul(new(big.Int).SetUint64(den), pow10(drop))
				near := new(big.Int).Mul(whole, big.NewInt(2*q+1))
				near.Rsh(near, 1)
				for _, n := range []*big.Int{new(big.Int).Sub(near, one), near, new(big.Int).Add(near, one)} {
					a, ok := amountOf(n, drop)
					if !ok {
						continue
					}
					ties++
					for _, method := range methods {
						if err := mismatchMulDiv(a, 1, den, 0, method); err != nil {
							t.Fatal(err)
						}
						if err := mismatchMulDiv(a.Neg(), 1, den, 0, method); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		}
	}
	if ties < 1000 {
		t.Errorf("only %d ties fitted into an amount", ties)
	}
}

func TestOverflowIsReported(t *testing.T) {
	greatest := money.MustParse("340282366920938463463374607431768211455") // 2^128-1
	one := money.New(1, 0)
	for name, op := range map[string]func() (money.Amount, error){
		"add":               func() (money.Amount, error) { return greatest.Add(one) },
		"add a finer zero":  func() (money.Amount, error) { return greatest.Add(money.New(0, 1)) },
		"subtract":          func() (money.Amount, error) { return greatest.Neg().Sub(one) },
		"multiply":          func() (money.Amount, error) { return greatest.Mul(money.New(11, 1)) },
		"square":            func() (money.Amount, error) { return greatest.Mul(greatest) },
		"MulDiv":            func() (money.Amount, error) { return greatest.MulDiv(math.MaxUint64, 1, 0, money.Down) },
		"MulDiv, 259 bits":  func() (money.Amount, error) { return greatest.MulDiv(math.MaxUint64, math.MaxUint64, 20, money.Down) },
		"round up over it":  func() (money.Amount, error) { return greatest.MulDiv(10, 9, 0, money.Up) },
		"round to decimals": func() (money.Amount, error) { return greatest.Round(1, money.Down) },
		"parse":             func() (money.Amount, error) { return money.Parse("340282366920938463463374607431768211456") },
		"parse more digits": func() (money.Amount, error) { return money.Parse("3402823669209384634633746074317682114550000") },
	} {
		if got, err := op(); !errors.Is(err, money.ErrOverflow) || got != (money.Amount{}) {
			t.Errorf("%s: got %v, %v, want ErrOverflow", name, got, err)
		}
	}
	// The least product that passes 2^256, where wrapping would leave little.
	const num = math.MaxUint64
	step := new(big.Int).Mul(pow10(20), new(big.Int).SetUint64(num))
	n := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 256), step)
	past, ok := amountOf(n.Add(n, big.NewInt(1)), 0)
	if got, err := past.MulDiv(num, num, 20, money.Down); !ok || !errors.Is(err, money.ErrOverflow) {
		t.Errorf("%s * n / n to 20 decimals: got %v, %v, want ErrOverflow", past, got, err)
	}
	if got, err := greatest.MulDiv(math.MaxUint64, math.MaxUint64, 0, money.Up); err != nil || got != greatest {
		t.Errorf("the greatest amount * n / n: got %v, %v", got, err)
	}
}

// Sums do not depend on their order, and taking away gives back.
func TestAddProperties(t *testing.T) {
	small := rapid.Custom(func(t *rapid.T) money.Amount {
		return money.New(rapid.Int64().Draw(t, "units"), rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"))
	})
	add := func(t *rapid.T, a, b money.Amount) money.Amount {
		sum, err := a.Add(b)
		if err != nil {
			t.Skip("no room")
		}
		return sum
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := small.Draw(t, "a"), small.Draw(t, "b"), small.Draw(t, "c")
		ab := add(t, a, b)
		if ba := add(t, b, a); ab != ba {
			t.Errorf("%s + %s = %s or %s", a, b, ab, ba)
		}
		if left, right := add(t, ab, c), add(t, a, add(t, b, c)); left != right {
			t.Errorf("%s + %s + %s = %s or %s", a, b, c, left, right)
		}
		if back := add(t, ab, b.Neg()); !back.Equal(a) {
			t.Errorf("%s + %s - %s = %s", a, b, b, back)
		}
		if zero := add(t, a, a.Neg()); zero != money.New(0, a.Decimals()) || zero.Sign() != 0 {
			t.Errorf("%s - %s = %s", a, a, zero)
		}
	})
}

func TestAmountParts(t *testing.T) {
	for _, c := range []struct {
		units    int64
		decimals int
		want     string
		sign     int
		trimmed  string
	}{
		{0, 0, "0", 0, "0"},
		{0, 20, "0.00000000000000000000", 0, "0"},
		{150, 2, "1.50", 1, "1.5"},
		{-5, 1, "-0.5", -1, "-0.5"},
		{-1200, 2, "-12.00", -1, "-12"},
		{1200, 0, "1200", 1, "1200"},
		{math.MaxInt64, 12, "9223372.036854775807", 1, "9223372.036854775807"},
		{math.MinInt64, 0, "-9223372036854775808", -1, "-9223372036854775808"},
	} {
		a := money.New(c.units, c.decimals)
		if a.String() != c.want || a.Sign() != c.sign || a.IsZero() != (c.sign == 0) || a.Decimals() != c.decimals {
			t.Errorf("New(%d, %d): got %s, sign %d, want %s, %d", c.units, c.decimals, a, a.Sign(), c.want, c.sign)
		}
		if got := a.Trim(); got.String() != c.trimmed || !got.Equal(a) {
			t.Errorf("%s trimmed: got %s, want %s", a, got, c.trimmed)
		}
		if got := a.Neg(); got.Sign() != -c.sign || got.Neg() != a {
			t.Errorf("-(%s): got %s", a, got)
		}
		if got, err := money.FromBits(a.Bits()); err != nil || got != a {
			t.Errorf("%s stored and read back: got %v, %v", a, got, err)
		}
	}
	for _, decimals := range []int{-1, 21} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New with %d decimals: no panic", decimals)
				}
			}()
			money.New(1, decimals)
		}()
	}
	if _, err := money.FromBits(false, 0, 1, 21); err == nil {
		t.Error("FromBits with 21 decimals: no error")
	}
	if _, err := money.FromBits(true, 0, 0, 2); err == nil {
		t.Error("FromBits of minus zero: no error")
	}
}

func TestRoundingNames(t *testing.T) {
	want := map[money.Rounding]string{money.HalfUp: "half-up", money.HalfDown: "half-down", money.Up: "up", money.Down: "down"}
	for r, name := range want {
		if got, err := money.ParseRounding(name); err != nil || got != r || r.String() != name || !r.Valid() {
			t.Errorf("%s: got %v, %v; the method shows as %s", name, got, err, r)
		}
	}
	for _, name := range []string{"", "Half-Up", "half_up", "nearest"} {
		if got, err := money.ParseRounding(name); err == nil {
			t.Errorf("ParseRounding(%q): got %v, want an error", name, got)
		}
	}
	if money.Rounding(0).Valid() || money.Rounding(5).Valid() {
		t.Error("0 or 5 is taken for a method")
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got map[money.Rounding]string
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("through JSON %s (-want +got):\n%s", data, diff)
	}
	if data, err := json.Marshal(money.Rounding(0)); err == nil {
		t.Errorf("JSON of no method: got %s, want an error", data)
	}
	var r money.Rounding
	if err := json.Unmarshal([]byte(`"nearest"`), &r); err == nil {
		t.Error("JSON of an unknown method: no error")
	}
}

// Pricing a million calls leaves nothing to collect.
func TestNoAllocations(t *testing.T) {
	a, b := money.MustParse("12345678901234567.890123456789"), money.MustParse("-0.00000000000000000007")
	c := money.MustParse("0.0125")
	buf := make([]byte, 0, 64)
	var failed error
	note := func(_ money.Amount, err error) {
		if err != nil {
			failed = err
		}
	}
	for name, f := range map[string]func(){
		"Add":        func() { note(a.Add(b)) },
		"Sub":        func() { note(a.Sub(b)) },
		"Mul":        func() { note(a.Mul(c)) },
		"MulDiv":     func() { note(a.MulDiv(37, 60, 4, money.HalfUp)) },
		"Round":      func() { note(b.Round(0, money.Up)) },
		"Cmp":        func() { a.Cmp(b) },
		"AppendText": func() { buf = a.AppendText(buf[:0], 14) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if failed != nil {
		t.Error(failed)
	}
}
