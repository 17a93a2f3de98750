package rating_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
)

// smallCard is an image that has all sections, as short as they can be.
func smallCard(t testing.TB) []byte {
	t.Helper()
	terms, rates := everyField(t)
	rates = slices.DeleteFunc(rates, func(r Rate) bool { return len(r.Prefix) > 9 })
	image := mustImage(t, terms, append(rates, Rate{Kind: call.Event, Prefix: "9", PriceN: price(t, "1"), IntervalN: 1})...)
	return With(image, "regions", []byte("# regions 1\n# version test\n1\tUS\n1212\tUS-NY\n44\tGB\n"))
}

// check asks a card everything there is to ask, if the image is one: whatever
// its bytes, nothing panics, and every answer is within its range.
func check(t testing.TB, image []byte) (opened bool) {
	t.Helper()
	c, err := Open(image)
	if err != nil {
		return false
	}
	terms := c.Terms()
	numbers, n := []string{"", "112", "44", "447700900123", "12125550100", "331234567890", "99999999999999999", "x"}, 0
	for r, err := range c.All() {
		if n++; err != nil || n > 12 {
			break
		}
		if len(r.Prefix) > MaxPrefix || !r.Kind.Valid() || len(r.Destination) > MaxDestination {
			t.Fatalf("a rate out of range: %+v", r)
		}
		numbers = append(numbers, r.Prefix+"5")
	}
	p := c.NewPricer()
	var usage []Usage
	for i, number := range numbers {
		for k, quantity := range []int64{0, 61_500_000_000, MaxQuantity, 7} {
			usage = append(usage, Usage{
				Kind: call.Kind(k), Number: number, Caller: numbers[len(numbers)-1-i], LRN: []string{"", "447"}[i%2], Tag: []string{"", "gold"}[i%2],
				Service: []string{"", "onnet", ""}[i%3], Instant: 1_850_000_000e9, Quantity: quantity,
			}, Usage{Number: number, Caller: "13155550100", Instant: int64(i) * 7200e9, Quantity: quantity})
		}
	}
	sound := func(u Usage, got Charge) {
		if got.Prefix < 0 || got.Prefix > MaxPrefix || got.Prefix > max(len(u.Number), len(u.LRN)) ||
			got.Reason == "" && (got.Amount.Decimals() != terms.Decimals || got.Amount.Sign() < 0 || got.Row == 0) {
			t.Fatalf("%+v is charged %+v", u, got)
		}
	}
	for i, u := range usage {
		got := p.Price(&u)
		sound(u, got)
		if i%3 == 0 {
			tr := p.Trace(&u)
			if tr.Sentence() == "" || len(tr.Steps) > 1000 {
				t.Fatalf("%+v: %+v", u, tr)
			}
			if _, err := json.Marshal(tr); err != nil {
				t.Fatal(err)
			}
		}
		if i%40 == 0 {
			p.CutOff(u, 100)
		}
		c.Longest(u.Kind, u.Number)
		c.Destination(u.Kind, u.Number)
	}
	for _, b := range blocksOf(usage) {
		p.PriceBlock(b)
		for i, got := range b.Charges {
			u := b.Details(i)
			sound(u, got)
		}
	}
	return true
}

// TestForgedSectionsAreHarmless: each section scrambled in many ways, with a
// checksum that is right.
func TestForgedSectionsAreHarmless(t *testing.T) {
	image := smallCard(t)
	if !check(t, bytes.Clone(image)) {
		t.Fatal("the card itself does not open")
	}
	sections := Sections(image)
	if len(image) > 40_000 {
		t.Fatalf("%d bytes: too many to scramble", len(image))
	}
	r := rand.New(rand.NewPCG(3, 4))
	opened, refused := map[string]int{}, map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		if len(sections[name]) == 0 {
			t.Errorf("no %s", name)
			continue
		}
		for range 80 {
			forged := bytes.Clone(image)
			section := Sections(forged)[name]
			for range 1 + r.IntN(3) {
				at := 4 * r.IntN((len(section)+3)/4)
				if r.IntN(3) == 0 || at+4 > len(section) {
					section[r.IntN(len(section))] ^= 1 << r.IntN(8)
					continue
				}
				word := section[at : at+4]
				old := binary.LittleEndian.Uint32(word)
				binary.LittleEndian.PutUint32(word, []uint32{r.Uint32(), 1<<32 - 1, 0, 1 << 31, 1 << 25, old + 1, old - 1, 1<<31 | old}[r.IntN(8)])
			}
			if check(t, Seal(forged)) {
				opened[name]++
			} else {
				refused[name]++
			}
		}
	}
	for _, name := range []string{"head", "meta", "shapes", "tiers", "conds", "names", "text", "voice", "origins"} {
		if refused[name] == 0 {
			t.Errorf("no forged %s was refused", name)
		}
	}
	for _, name := range []string{"rates", "patterns", "ranks", "conds", "shapes"} {
		if opened[name] == 0 {
			t.Errorf("no card with forged %s was opened: what is checked on use was not seen", name)
		}
	}
}

// TestForgedImagesAreRefused: what Open says of what cannot be.
func TestForgedImagesAreRefused(t *testing.T) {
	image := smallCard(t)
	le := binary.LittleEndian
	meta := func(change func(map[string]any)) func([]byte) []byte {
		return func(b []byte) []byte {
			m := metaOf(t, b)
			change(m)
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return With(b, "meta", text)
		}
	}
	terms := func(name string, v any) func([]byte) []byte {
		return meta(func(m map[string]any) { m["terms"].(map[string]any)[name] = v })
	}
	in := func(section string, change func([]byte)) func([]byte) []byte {
		return func(b []byte) []byte { change(Sections(b)[section]); return Seal(b) }
	}
	for _, tt := range []struct {
		name  string
		forge func([]byte) []byte
		want  string
	}{
		{"empty", func([]byte) []byte { return nil }, "cut short"},
		{"magic", in("head", func(b []byte) { b[0] = 'T' }), "not a card"},
		{"version", in("head", func(b []byte) { b[8] = 9 }), "version 9"},
		{"no checksum", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, "checksum"},
		{"longer parts", in("head", func(b []byte) { le.PutUint32(b[16:], 1<<31) }), "longer than it is"},
		{"bytes behind", func(b []byte) []byte { return Seal(append(b, make([]byte, 8)...)) }, "bytes behind"},
		{"no JSON", func(b []byte) []byte { return With(b, "meta", []byte("{")) }, "its terms"},
		{"terms", terms("decimals", 21), "21 decimals"},
		{"bands", terms("bands", nil), "asks for what the card does not have"},
		{"origins", terms("origins", nil), "origin"},
		{"presentation", terms("presentation", "single_rate"), "asks for what the card does not have"},
		{"scale", meta(func(m map[string]any) { m["scale"] = 13 }), "scale 13"},
		{"bits", meta(func(m map[string]any) { m["shape_bits"] = 27 }), "27 bits"},
		{"no parts", meta(func(m map[string]any) { m["den"] = []int{0, 1, 1, 1} }), "parts of 0"},
		{"parts too fine", meta(func(m map[string]any) { m["den"] = []int{1<<32 + 60, 1, 1, 1} }), "out of range"},
		{"parts that are none of a minute", meta(func(m map[string]any) { m["den"] = []int{7, 1, 1, 1} }), "damaged"},
		{"tags", meta(func(m map[string]any) { m["tags"] = nil }), "asks for what the card does not have"},
		{"half a word", func(b []byte) []byte { return With(b, "rates", Sections(b)["rates"][:13]) }, "rates have 13 bytes"},
		{"no conds", func(b []byte) []byte { return With(b, "conds", nil) }, "no conds"},
		{"no regions", func(b []byte) []byte { return With(b, "regions", nil) }, "no table of regions"},
		{"regions", func(b []byte) []byte { return With(b, "regions", []byte("x")) }, "its regions"},
		{"voice", func(b []byte) []byte { return With(b, "voice", []byte("x")) }, "its voice rows"},
		{"origin index", in("origins", func(b []byte) { b[0] ^= 1 }), "its origins"},
		{"a unit of 0", in("shapes", func(b []byte) { le.PutUint32(b[32:], 0) }), "shape 0 is damaged"},
		{"a unit that is no part", in("shapes", func(b []byte) { le.PutUint32(b[32:], 7) }), "shape 0 is damaged"},
		{"a kind", in("shapes", func(b []byte) { b[58] = 4 }), "shape 0 is damaged"},
		{"flags", in("shapes", func(b []byte) { b[57] = 0xFF }), "shape 0 is damaged"},
		{"tiers behind the end", in("shapes", func(b []byte) { le.PutUint32(b[52:], 1000) }), "shape 0 is damaged"},
		{"a negative fee", in("shapes", func(b []byte) { le.PutUint64(b[8:], 1<<63) }), "negative"},
		{"an interval", in("shapes", func(b []byte) { le.PutUint32(b[24:], MaxInterval+1) }), "an interval"},
		{"a tier's unit", in("tiers", func(b []byte) { le.PutUint32(b[16:], 0) }), "tier 0 is damaged"},
		{"a tier", in("tiers", func(b []byte) { le.PutUint32(b[0:], 2) }), "tier 1 begins at 2"},
		{"a block that no name begins", in("names", func(b []byte) { le.PutUint32(b[4:], 2) }), "and no block does"},
		{"a block too many", func(b []byte) []byte { return With(b, "names", append(bytes.Clone(Sections(b)["names"]), 0, 0, 0, 0)) }, "blocks of names, want"},
		{"a block too few", func(b []byte) []byte { return With(b, "names", Sections(b)["names"][:4]) }, "name 16 begins at byte"},
		{"a name that is no text", in("text", func(b []byte) { b[5] = 0xFF }), "name 1 is not"},
		{"a name that shares more than there is", in("text", func(b []byte) { b[0] = 1 }), "name 0 is not"},
		{"a name behind the text", in("text", func(b []byte) { b[len(b)-1], b[len(b)-2] = 0xFF, 0xFF }), "is not at most 256 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, err := Open(tt.forge(bytes.Clone(image))); err == nil || c != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("card %v, error %v; want an error with %q", c != nil, err, tt.want)
			}
		})
	}
}

// TestDamageThatShowsOnUse: places in rates and patterns are looked at when they
// are used. What is damaged has no rate, or does not hold, and a listing says
// so.
func TestDamageThatShowsOnUse(t *testing.T) {
	le := binary.LittleEndian
	rates := []Rate{{Prefix: "1", ConnectionFee: money.Price(1e12)}, {Prefix: "12", From: 5, ConnectionFee: money.Price(2e12)}, {Prefix: "121", From: 6, ConnectionFee: money.Price(3e12)}}
	image := mustImage(t, usual(), rates...)
	costs := func(rates []byte, change func(uint32) uint32) {
		for _, at := range []int{0, 3, 6} {
			le.PutUint32(rates[4*at:], change(le.Uint32(rates[4*at:])))
		}
	}
	// Its rates are a cost, and two lists of pattern, link and cost; its patterns
	// a head and a cond each.
	for _, tt := range []struct {
		name   string
		change func(rates, patterns []byte)
		holds  bool // other rows, or those before the damage
		lists  bool
	}{
		{"a rate behind the end", func(r, p []byte) {
			p[3], p[8+3] = p[3]&15, p[8+3]&15
			le.PutUint32(r[4*3:], 1<<20)
			le.PutUint32(r[4*6:], 1<<20)
		}, false, false},
		{"a pattern behind the end", func(r, _ []byte) { le.PutUint32(r[4*1:], 1<<20); le.PutUint32(r[4*4:], 1<<20) }, false, false},
		{"a list that is longer than all", func(_, p []byte) { p[3] |= 15 << 4; p[8+3] |= 15 << 4; p[1], p[8+1] = 1, 1 }, false, false},
		{"more rows than there are", func(_, p []byte) { p[1], p[8+1] = 1, 1 }, false, false},
		{"a cond behind the end", func(_, p []byte) { le.PutUint32(p[4:], 1<<20); le.PutUint32(p[8+4:], 1<<20) }, true, false},
		{"a shape behind the end", func(r, _ []byte) { costs(r, func(w uint32) uint32 { return w | 3<<2 }) }, false, false},
		{"a form that is none", func(r, _ []byte) { costs(r, func(w uint32) uint32 { return w | 3 }) }, false, false},
		{"prices above all, or behind the end", func(r, _ []byte) { costs(r, func(w uint32) uint32 { return w | 2 }) }, false, false},
		{"a parent that is no shorter", func(_, p []byte) { p[2] |= 3 << 6; p[3] |= 3; p[8+2] |= 3 << 6; p[8+3] |= 3 }, false, true},
	} {
		forged := bytes.Clone(image)
		tt.change(Sections(forged)["rates"], Sections(forged)["patterns"])
		c, err := Open(Seal(forged))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for _, number := range []string{"12199999999", "12299999999"} {
			u := Usage{Number: number, Quantity: 1e9, Instant: 6}
			if tt.lists {
				u.Instant = 0
			}
			if got := priced(t, c, u); !tt.holds && got.Reason != call.NoRate {
				t.Errorf("%s: %+v, want no_rate", tt.name, got)
			}
		}
		damaged := false
		for _, err := range c.All() {
			damaged = damaged || err != nil && strings.Contains(err.Error(), "damaged")
		}
		if damaged == tt.lists {
			t.Errorf("%s: a listing says damaged: %v", tt.name, damaged)
		}
	}
}

// FuzzOpen: whatever the bytes are, with their own checksum or a right one, an
// image is refused, or is a card that answers within range.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("tollcard"))
	f.Add(mustImage(f, usual()))
	f.Add(mustImage(f, usual(), Rate{Prefix: "44", PriceN: 5, IntervalN: 1}, Rate{Prefix: "447", Tag: "gold", Blocked: true}))
	f.Add(smallCard(f))
	f.Fuzz(func(t *testing.T, image []byte) {
		check(t, image)
		if len(image) >= MinImage {
			check(t, Seal(bytes.Clone(image)))
		}
	})
}

// deckLike is a card of n prefixes as they are in large decks: country codes,
// networks below them, ranges of up to 9 digits below those, most of all 8 and
// 9 digits long; prices of 4 decimals, of which there are about so many.
func deckLike(n, prices int) []Rate {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	seen := make(map[string]bool, n)
	rates := make([]Rate, 0, n)
	add := func(digits string, priceOf int) {
		if !seen[digits] {
			seen[digits] = true
			rates = append(rates, Rate{
				Prefix: digits, Destination: fmt.Sprint("network ", digits[:min(4, len(digits))]), Interval1: []uint32{60, 30, 1}[priceOf%3], IntervalN: []uint32{60, 6, 1}[priceOf%3],
				Price1: money.Price(1+priceOf) * 100_000_000, PriceN: money.Price(1+priceOf) * 100_000_000, ConnectionFee: money.Price(priceOf%4) * 1_000_000_000,
			})
		}
	}
	var networks []string
	for len(networks) < n/50 {
		country := fmt.Sprint(1 + r.IntN(276))
		network := country + fmt.Sprint(10+r.IntN(990))
		networks = append(networks, network)
		add(country, r.IntN(prices))
		add(network, r.IntN(prices))
	}
	for len(rates) < n {
		digits := networks[r.IntN(len(networks))]
		to := []int{9, 9, 8, 8, 8, 7, 7, 6, 5}[r.IntN(9)]
		for len(digits) < to {
			digits += string('0' + byte(r.IntN(10)))
		}
		add(digits, r.IntN(prices))
	}
	return rates
}

// TestCardsAreSmall: so small that hundreds of cards are held at once.
func TestCardsAreSmall(t *testing.T) {
	for _, c := range []struct{ prefixes, networks, most int }{{100_000, 10_000, 30}, {20_000, 14_000, 30}} {
		rates := deckLike(c.prefixes, c.prefixes)
		for i := range rates {
			rates[i].Destination = fmt.Sprintf("Zone %s Mobile %d", rates[i].Prefix[:1], i%c.networks)
		}
		if image := mustImage(t, usual(), rates...); len(image) > c.most*c.prefixes {
			t.Errorf("%d prefixes, %d names: %d bytes a prefix, want at most %d", c.prefixes, c.networks, len(image)/c.prefixes, c.most)
		}
	}
}

// BenchmarkCardSize shows the bytes a prefix: 100,000 and a million.
func BenchmarkCardSize(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rates := deckLike(n, 600_000)
			b.ResetTimer()
			for b.Loop() {
				image := mustImage(b, usual(), rates...)
				b.ReportMetric(float64(len(image))/float64(n), "bytes/prefix")
			}
		})
	}
}
