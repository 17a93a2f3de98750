package money_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/tollbook/tollbook/shared/money"
	"pgregory.net/rapid"
)

// intOf returns the count that an Exact holds.
func intOf(e money.Exact) *big.Int {
	n := new(big.Int)
	words := e.Words()
	for i := len(words) - 1; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(words[i]))
	}
	return n
}

// exactOf returns the Exact of a count below 2^256, from products and sums.
func exactOf(n *big.Int) (e money.Exact) {
	for i := 3; i >= 0; i-- {
		word := new(big.Int).And(new(big.Int).Rsh(n, uint(64*i)), new(big.Int).SetUint64(math.MaxUint64)).Uint64()
		for range 2 {
			if err := e.Mul(1 << 32); err != nil {
				panic(err)
			}
		}
		e.Add(word, 1, 1)
	}
	return e
}

// TestExactWorked: charges as rating makes them.
func TestExactWorked(t *testing.T) {
	type product struct{ a, b, c uint64 }
	for _, tt := range []struct {
		name     string
		sum      []product
		times    []uint64
		den      uint64
		from     int
		decimals int
		method   money.Rounding
		want     string
	}{
		{"nothing", nil, nil, 60, 12, 4, money.HalfUp, "0.0000"},
		{"10 s at 1 a minute", []product{{1e12, 10, 1}}, nil, 60, 12, 4, money.HalfUp, "0.1667"},
		{"cut off", []product{{1e12, 10, 1}}, nil, 60, 12, 4, money.Down, "0.1666"},
		{"a tie, up", []product{{740_700_000_000, 10, 1}}, nil, 60, 12, 4, money.HalfUp, "0.1235"},
		{"a tie, down", []product{{740_700_000_000, 10, 1}}, nil, 60, 12, 4, money.HalfDown, "0.1234"},
		{"a 10^-12 over the tie", []product{{740_700_000_006, 10, 1}}, nil, 60, 12, 4, money.HalfDown, "0.1235"},
		{"fee and two prices", []product{{50_000_000_000, 60, 1}, {600_000_000_000, 30, 1}, {300_000_000_000, 6, 1}}, nil, 60, 12, 4, money.HalfUp, "0.3800"},
		{"and 10 % on it", []product{{50_000_000_000, 60, 1}, {600_000_000_000, 30, 1}, {300_000_000_000, 6, 1}}, []uint64{1_100_000_000_000}, 60, 24, 4, money.HalfUp, "0.4180"},
		{"prices for a second and a minute", []product{{1e12, 2, 60}, {1e12, 30, 1}}, nil, 60, 12, 2, money.HalfUp, "2.50"},
		{"more decimals than it has", []product{{15, 1, 1}}, nil, 1, 1, 4, money.Up, "1.5000"},
		{"the least of it, up", []product{{1, 1, 1}}, nil, math.MaxUint64, 20, 0, money.Up, "1"},
		{"the most that fits", []product{{math.MaxUint64, math.MaxUint64, 1}, {math.MaxUint64, 2, 1}}, nil, 1, 0, 0, money.Up, "340282366920938463463374607431768211455"},
	} {
		var e money.Exact
		for _, p := range tt.sum {
			e.Add(p.a, p.b, p.c)
		}
		for _, m := range tt.times {
			if err := e.Mul(m); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := e.Round(tt.den, tt.from, tt.decimals, tt.method); err != nil || got.String() != tt.want || got.Decimals() != tt.decimals {
			t.Errorf("%s: %v, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestExactRefuses(t *testing.T) {
	var e money.Exact
	e.Add(math.MaxUint64, math.MaxUint64, 2)
	for _, tt := range []struct {
		name     string
		den      uint64
		decimals int
		method   money.Rounding
		overflow bool
	}{
		{"no den", 0, 4, money.HalfUp, false}, {"decimals below 0", 1, -1, money.HalfUp, false}, {"too many decimals", 1, money.MaxDecimals + 1, money.HalfUp, false},
		{"no method", 1, 4, 0, false}, {"too large", 1, 0, money.Down, true}, {"too large for its decimals", 1 << 8, 20, money.Down, true},
	} {
		got, err := e.Round(tt.den, 0, tt.decimals, tt.method)
		if err == nil || got != (money.Amount{}) || errors.Is(err, money.ErrOverflow) != tt.overflow {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	full := exactOf(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
	if was, err := full, full.Mul(2); !errors.Is(err, money.ErrOverflow) || full != was {
		t.Errorf("twice 2^256: %v", err)
	}
	if err := full.Mul(1); err != nil {
		t.Errorf("once the greatest: %v", err)
	}
}

// anyWord draws words at the edges, too.
func anyWord() *rapid.Generator[uint64] {
	return rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 100), rapid.SampledFrom([]uint64{0, 1, 60, 1 << 32, 1 << 63, 1e12, 1e19, math.MaxUint64 - 1, math.MaxUint64}))
}

// TestExactAgainstBigInt: sums, products and comparisons.
func TestExactAgainstBigInt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := new(big.Int).Lsh(big.NewInt(1), 256)
		draw := func(name string) (e money.Exact, n *big.Int) {
			n = new(big.Int)
			for range rapid.IntRange(0, 6).Draw(t, name) {
				a, b, c := anyWord().Draw(t, "a"), anyWord().Draw(t, "b"), anyWord().Draw(t, "c")
				e.Add(a, b, c)
				p := new(big.Int).SetUint64(a)
				n.Add(n, p.Mul(p, new(big.Int).SetUint64(b)).Mul(p, new(big.Int).SetUint64(c)))
			}
			if m := anyWord().Draw(t, "times"); rapid.Bool().Draw(t, "multiplied") {
				was := e
				product := new(big.Int).Mul(n, new(big.Int).SetUint64(m))
				if err := e.Mul(m); (err != nil) != (product.Cmp(limit) >= 0) {
					t.Fatalf("%v times %d: %v", n, m, err)
				} else if err == nil {
					n = product
				} else if e != was {
					t.Fatalf("%v after an error", e)
				}
			}
			return e, n
		}
		e, n := draw("products")
		f, m := draw("others")
		if intOf(e).Cmp(n) != 0 || intOf(f).Cmp(m) != 0 {
			t.Fatalf("%v, want %v; %v, want %v", intOf(e), n, intOf(f), m)
		}
		if e.Cmp(f) != n.Cmp(m) || e.Cmp(e) != 0 || e.IsZero() != (n.Sign() == 0) {
			t.Fatalf("%v against %v: %d; zero %v", n, m, e.Cmp(f), e.IsZero())
		}
		if sum := new(big.Int).Add(n, m); sum.Cmp(limit) < 0 {
			if got := e.Plus(f); intOf(got).Cmp(sum) != 0 || got != f.Plus(e) || intOf(e).Cmp(n) != 0 {
				t.Fatalf("%v plus %v: %v", n, m, intOf(got))
			}
		}
		if exactOf(n) != e {
			t.Fatalf("%v is not itself", n)
		}
	})
}

// TestExactRoundsOnce: as a rational would be, with every method.
func TestExactRoundsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e money.Exact
		for range rapid.IntRange(1, 4).Draw(t, "products") {
			e.Add(anyWord().Draw(t, "a"), anyWord().Draw(t, "b"), rapid.SampledFrom([]uint64{0, 1, 1, 60, math.MaxUint64}).Draw(t, "c"))
		}
		den, from := max(1, anyWord().Draw(t, "den")), rapid.IntRange(0, 32).Draw(t, "from")
		decimals, method := rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"), rapid.SampledFrom(methods).Draw(t, "method")
		if rapid.IntRange(0, 4).Draw(t, "a tie") == 0 { // half of the last decimal, times den, a little more or less
			half := new(big.Int).Mul(new(big.Int).SetUint64(den), pow10(max(0, from-decimals)))
			half.Mul(half, big.NewInt(2*rapid.Int64Range(0, 1000).Draw(t, "twice")+1)).Rsh(half, 1)
			half.Add(half, big.NewInt(rapid.Int64Range(-1, 1).Draw(t, "and")))
			if half.Sign() < 0 || half.BitLen() > 256 {
				return
			}
			e = exactOf(half)
		}
		exact := new(big.Rat).SetFrac(intOf(e), new(big.Int).Mul(new(big.Int).SetUint64(den), pow10(from)))
		want := new(big.Rat).SetFrac(roundRat(exact, decimals, method), pow10(decimals))
		got, err := e.Round(den, from, decimals, method)
		if err := mismatch(got, err, want, decimals); err != nil {
			t.Fatalf("%v / %d, %d decimals, to %d %s: %v", intOf(e), den, from, decimals, method, err)
		}
	})
}

// TestExactIsMulDiv: of one product they are the same.
func TestExactIsMulDiv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count, num, den := rapid.Int64Range(0, math.MaxInt64).Draw(t, "count"), anyWord().Draw(t, "num"), anyWord().Draw(t, "den")
		from, decimals := rapid.IntRange(0, money.MaxDecimals).Draw(t, "from"), rapid.IntRange(-1, money.MaxDecimals+1).Draw(t, "decimals")
		method := money.Rounding(rapid.IntRange(0, 5).Draw(t, "method"))
		var e money.Exact
		e.Add(uint64(count), num, 1)
		want, wantErr := money.New(count, from).MulDiv(num, den, decimals, method)
		got, err := e.Round(den, from, decimals, method)
		if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%d * %d / %d: %v, %v; MulDiv %v, %v", count, num, den, got, err, want, wantErr)
		}
	})
}

func TestExactAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		var e money.Exact
		e.Add(1e12, 61, 60)
		if err := e.Mul(3); err != nil {
			t.Fatal(err)
		}
		e = e.Plus(e)
		if _, err := e.Round(60, 12, 4, money.HalfUp); err != nil || e.IsZero() || e.Cmp(e) != 0 {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
