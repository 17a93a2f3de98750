package rating

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// listed yields rates as a reader of a deck does.
func listed(rates ...Rate) iter.Seq2[Rate, error] {
	return func(yield func(Rate, error) bool) {
		for _, r := range rates {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func mustImage(t testing.TB, terms Terms, rates ...Rate) []byte {
	t.Helper()
	image, err := BuildImage(terms, listed(rates...))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func mustCard(t testing.TB, terms Terms, rates ...Rate) *Card {
	t.Helper()
	c, err := Open(mustImage(t, terms, rates...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sampleRates have nested prefixes, shared prices and names, and every field.
func sampleRates() []Rate {
	price := func(s string) money.Price {
		p, err := money.ParsePrice(s)
		if err != nil {
			panic(err)
		}
		return p
	}
	uk := Rate{Price1: price("0.01"), PriceN: price("0.01"), Interval1: 60, IntervalN: 60}
	with := func(r Rate, prefix, name string) Rate { r.Prefix, r.Destination = prefix, name; return r }
	return []Rate{
		with(uk, "44", "UK"),
		with(uk, "442", "UK"),
		with(Rate{Price1: price("0.1"), PriceN: price("0.05"), Interval1: 30, IntervalN: 6, ConnectionFee: price("0.02")}, "447", "UK mobile"),
		with(Rate{Blocked: true}, "449", "UK premium"),
		with(Rate{Price1: price("9"), PriceN: price("9"), Interval1: 1, IntervalN: 1, AssumedPulse: true}, "", "Rest of the world"),
		with(uk, "4420794600000000", ""),
		with(uk, "0", "Zürich"),
	}
}

func TestCardHoldsWhatItWasBuiltFrom(t *testing.T) {
	terms := Terms{
		Currency: "EUR", Decimals: 20, Rounding: money.Down, DurationRounding: money.Up,
		Model: WholeCallMultiple, ChargeZeroSeconds: true, ShortDigits: 16,
	}
	c := mustCard(t, terms, sampleRates()...)
	if got := c.Terms(); got != terms {
		t.Errorf("terms %+v, want %+v", got, terms)
	}
	want := sampleRates()
	slices.SortFunc(want, func(a, b Rate) int { return strings.Compare(a.Prefix, b.Prefix) })
	var got []Rate
	for i := range c.Len() {
		got = append(got, c.At(i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	if r, n := len(c.records)/recordSize, len(c.ends)/4; r != 4 || n != 6 {
		t.Errorf("%d records and %d names are stored, want each of 4 and 6 once", r, n)
	}
}

func TestEmptyCard(t *testing.T) {
	c := mustCard(t, DefaultTerms("GBP"))
	if c.Len() != 0 {
		t.Errorf("%d rates, want 0", c.Len())
	}
	if got := c.Price("442079460000", call.Duration{}); got.Reason != call.NoRate || got.Index != -1 {
		t.Errorf("%+v, want no_rate", got)
	}
}

func TestImageDoesNotDependOnOrder(t *testing.T) {
	rates := sampleRates()
	want := mustImage(t, DefaultTerms("GBP"), rates...)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		rng.Shuffle(len(rates), func(i, j int) { rates[i], rates[j] = rates[j], rates[i] })
		if !bytes.Equal(mustImage(t, DefaultTerms("GBP"), rates...), want) {
			t.Fatalf("another image for the order %v", rates)
		}
	}
}

func TestBuildImageRefuses(t *testing.T) {
	ok := Rate{Prefix: "44", IntervalN: 1}
	for _, tt := range []struct {
		name  string
		terms Terms
		rates iter.Seq2[Rate, error]
		want  []string
	}{
		{"no rounding", Terms{Currency: "GBP", Model: FirstThenPulse}, listed(), []string{"rounding"}},
		{"a prefix twice", DefaultTerms("GBP"), listed(ok, Rate{Prefix: "1"}, ok), []string{`"44"`, "more than once"}},
		{"the catch-all twice", DefaultTerms("GBP"), listed(Rate{}, Rate{}), []string{`""`, "more than once"}},
		{"letters", DefaultTerms("GBP"), listed(ok, Rate{Prefix: "4x"}), []string{"rate 2", `"4x"`, "digits"}},
		{"17 digits", DefaultTerms("GBP"), listed(Rate{Prefix: "12345678901234567"}), []string{"12345678901234567", "16"}},
		{"a long name", DefaultTerms("GBP"), listed(Rate{Prefix: "44", Destination: strings.Repeat("n", 257)}), []string{`"44"`, "257", "256"}},
		{"a name that is no text", DefaultTerms("GBP"), listed(Rate{Destination: "\xff"}), []string{"UTF-8"}},
		{"a price that no interval bills", DefaultTerms("GBP"), listed(Rate{Price1: 1}), []string{"price 1 would never be charged"}},
		{"a negative price", DefaultTerms("GBP"), listed(Rate{Price1: -1}), []string{"negative"}},
		{"no pulse", DefaultTerms("GBP"), listed(Rate{PriceN: 1}), []string{"interval N"}},
		{"a reader's error", DefaultTerms("GBP"), func(yield func(Rate, error) bool) {
			_ = yield(ok, nil) && yield(Rate{}, errors.New("line 3 is torn"))
		}, []string{"rate 2", "line 3 is torn"}},
		{"too many", DefaultTerms("GBP"), func(yield func(Rate, error) bool) {
			for range MaxRates + 1 {
				if !yield(ok, nil) {
					return
				}
			}
		}, []string{"more than 4000000 rates"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			image, err := BuildImage(tt.terms, tt.rates)
			if err == nil || image != nil {
				t.Fatalf("%d bytes, error %v; want an error only", len(image), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %s", err, want)
				}
			}
		})
	}
}

func TestOpenRefusesEveryDamage(t *testing.T) {
	image := mustImage(t, DefaultTerms("GBP"), sampleRates()...)
	refused := func(what string, at int, damaged []byte) {
		if c, err := Open(damaged); err == nil || c != nil {
			t.Errorf("%s %d: card %v, error %v; want an error only", what, at, c != nil, err)
		}
	}
	for n := range len(image) {
		refused("cut to", n, image[:n])
	}
	refused("one byte more than", len(image), append(bytes.Clone(image), 0))
	for bit := range 8 * len(image) {
		damaged := bytes.Clone(image)
		damaged[bit/8] ^= 1 << (bit % 8)
		refused("flipped bit", bit, damaged)
	}
}

// seal makes the checksum right again, so that what is behind it is tested.
func seal(image []byte) []byte {
	body := len(image) - crcSize
	binary.LittleEndian.PutUint32(image[body:], checksum(image[:body]))
	return image
}

func TestOpenRefusesForgedImages(t *testing.T) {
	image := mustImage(t, DefaultTerms("GBP"), sampleRates()...)
	l := counts{entries: 7, records: 4, names: 6, text: uint32(binary.LittleEndian.Uint32(image[36:]))}.layout()
	if l.size != uint64(len(image)) {
		t.Fatalf("the layout has %d bytes, the image %d", l.size, len(image))
	}
	put32 := func(at uint64, v uint32) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], v) }
	}
	put64 := func(at uint64, v uint64) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint64(b[at:], v) }
	}
	// The entries: "", 0, 44, 442, 4420794600000000, 447, 449.
	for _, tt := range []struct {
		name  string
		forge func([]byte)
		want  string
	}{
		{"magic", func(b []byte) { b[0] = 'T' }, "not a card"},
		{"version", put32(8, 2), "version 2, want 1"},
		{"decimals", func(b []byte) { b[15] = 21 }, "21 decimals"},
		{"rounding", func(b []byte) { b[16] = 5 }, "rounding"},
		{"model", func(b []byte) { b[18] = 0 }, "increment model"},
		{"zero-second flag", func(b []byte) { b[20] = 2 }, "bytes 20 to 23"},
		{"spare header byte", func(b []byte) { b[23] = 1 }, "bytes 20 to 23"},
		{"fewer entries", put32(24, 6), "bytes, want"},
		{"entries over the limit", put32(24, MaxRates+1), "want at most 4000000"},
		{"all counts at most", func(b []byte) {
			for at := 24; at < 40; at++ {
				b[at] = 0xff
			}
		}, "want at most 4000000"},
		{"more records than entries", put32(28, 8), "no more of the others"},
		{"more names than entries", put32(32, 8), "no more of the others"},
		{"longer text", put32(36, 1<<31), "bytes, want"},
		{"key out of order", put64(l.keys+8, 0), "entry 1"},
		{"key twice", put64(l.keys+8*6, 0x5580000000000000), "entry 6"},
		{"key with a hole", put64(l.keys+8*6, 0x5590100000000000|1<<40), "not a prefix"},
		{"key with a digit over 9", put64(l.keys+8*6, 0xf000000000000000), "not a prefix"},
		{"parent is itself", put32(l.parents+4*3, 4), "entry 3: parent 3, want 2"},
		{"parent is later", put32(l.parents+4*2, 6), "entry 2: parent 5, want 0"},
		{"parent too far up", put32(l.parents+4*4, 3), "entry 4: parent 2, want 3"},
		{"no parent", put32(l.parents+4*4, 0), "entry 4: parent -1, want 3"},
		{"parent out of range", put32(l.parents+4*4, 0xffffffff), "entry 4: parent"},
		{"record out of range", put32(l.rates, 4), "entry 0: record 4"},
		{"name out of range", put32(l.names, 6), "entry 0: record 0 and name 6"},
		{"negative price", put64(l.records, 1<<63), "rate record 0: a price is negative"},
		{"interval too long", put32(l.records+24, MaxInterval+1), "rate record 0: an interval"},
		{"unknown flag", put32(l.records+32, 4), "rate record 0: unknown flags"},
		{"spare record byte", put32(l.records+36, 1), "rate record 0: unknown flags"},
		{"name ends before it starts", put32(l.ends+4, 0), "name 1 ends at byte 0"},
		{"name ends after the text", put32(l.ends+4*5, 1<<20), "name 5 ends at byte"},
		{"text after the last name", put32(l.ends+4*5, uint32(l.crc-l.text)-1), "the names end at byte"},
		{"name is not text", func(b []byte) { b[l.text] = 0xff }, "name 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forged := bytes.Clone(image)
			tt.forge(forged)
			if c, err := Open(seal(forged)); err == nil || c != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("card %v, error %v; want an error with %q", c != nil, err, tt.want)
			}
		})
	}
}

// FuzzOpen: whatever the bytes are, with their own checksum or a right one, an
// image is refused or is a card that prices and that builds again.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(imageMagic))
	f.Add(mustImage(f, DefaultTerms("GBP")))
	f.Add(mustImage(f, DefaultTerms("GBP"), sampleRates()...))
	f.Add(mustImage(f, Terms{
		Currency: "JPY", Rounding: money.Up, DurationRounding: money.Up, Model: WholeCallMultiple, ChargeZeroSeconds: true,
	}, Rate{Prefix: "81", Interval1: 1000000, IntervalN: 1000000, Price1: 1<<63 - 1, PriceN: 1<<63 - 1}))
	f.Fuzz(func(t *testing.T, image []byte) {
		checkImage(t, image)
		if len(image) >= headerSize+crcSize {
			checkImage(t, seal(bytes.Clone(image)))
		}
	})
}

func checkImage(t *testing.T, image []byte) {
	c, err := Open(image)
	if err != nil {
		return
	}
	var rates []Rate
	for i := range c.Len() {
		r := c.At(i)
		rates = append(rates, r)
		if at, ok := c.Lookup(r.Prefix); !ok || at != i {
			t.Fatalf("Lookup(%q) = %d, %v; want %d", r.Prefix, at, ok, i)
		}
		for _, d := range []int64{0, 1, 61_500_000_000, call.MaxDuration * nanosPerSecond} {
			number := r.Prefix + "5"
			charge, trace := c.Price(number, call.Duration{Nanos: d}), c.Trace(number, call.Duration{Nanos: d})
			if charge.Reason == "" && trace.Amount != charge.Amount.String() {
				t.Fatalf("Trace of %s has %s, Price %s", number, trace.Amount, charge.Amount)
			}
		}
	}
	again, err := BuildImage(c.Terms(), listed(rates...))
	if err != nil {
		t.Fatalf("an opened card does not build: %v", err)
	}
	c2, err := Open(again)
	if err != nil {
		t.Fatalf("a rebuilt card does not open: %v", err)
	}
	if c2.Len() != c.Len() || c2.Terms() != c.Terms() {
		t.Fatalf("rebuilt: %d rates, %+v; want %d, %+v", c2.Len(), c2.Terms(), c.Len(), c.Terms())
	}
	for i, r := range rates {
		if c2.At(i) != r {
			t.Fatalf("rebuilt rate %d: %+v, want %+v", i, c2.At(i), r)
		}
	}
}
