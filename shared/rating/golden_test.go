package rating_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	. "github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"github.com/tollbook/tollbook/tests/twin/product"
)

// An image is stored under its hash, and a card that is built again must be the
// one that there is: these are the images of version 3. Another layout is another
// version.
func TestImagesAreWhatTheyWere(t *testing.T) {
	for _, tt := range []struct {
		name string
		add  func(testing.TB, hash.Hash)
		want string
	}{
		{"drawn by the twin", addDrawn, "5c0ee902ae91d7dfdb4d116fcceadae8"},
		{"of many rows", addWide, "96270f0c504d212116dbd6d54ba5a12f"},
		{"of all fields", func(t testing.TB, h hash.Hash) {
			terms, rates := everyField(t)
			addImage(h, terms, rates)
		}, "8964f57ecba60abad7df0d589de6c1f2"},
	} {
		h := sha256.New()
		tt.add(t, h)
		if got := hex.EncodeToString(h.Sum(nil)[:16]); got != tt.want {
			t.Errorf("images %s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// addImage adds the image of rates, or why there is none, to a hash.
func addImage(h hash.Hash, terms Terms, rates []Rate) {
	image, err := BuildImage(terms, listed(rates...))
	fmt.Fprintf(h, "%v\n", err)
	if err == nil {
		h.Write(With(image, "regions", nil)) // which are as new as the numbering plan
	}
}

func addDrawn(t testing.TB, h hash.Hash) {
	for seed := range uint64(300) {
		d := draw.New(seed).Card()
		terms, err := product.Terms(d.Terms)
		if err != nil {
			t.Fatal(err)
		}
		var rates []Rate
		for _, r := range d.Rates {
			rate, err := product.Rate(r)
			if err != nil {
				t.Fatal(err)
			}
			rates = append(rates, rate)
		}
		addImage(h, terms, rates)
		if len(rates) > 0 && seed%3 == 0 {
			addImage(h, terms, append(rates, rates[int(seed)%len(rates)])) // one twice
		}
	}
}

// addWide adds cards of some thousand rows: several rows of most prefixes, that
// use the same prices, shapes and lists often, and others that do not.
func addWide(t testing.TB, h hash.Hash) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		terms := DefaultTerms("EUR")
		terms.Presentation = []Presentation{SingleRate, InterIntraIndeterminate}[seed%2]
		for i := range 3 {
			terms.Origins = append(terms.Origins, Origin{Name: fmt.Sprint("group ", i), Prefixes: []string{strconv.Itoa(30 + i), strconv.Itoa(44 + 10*i)}})
		}
		if seed%4 == 0 {
			terms.Bands = eveningBands(t)
		}
		var rates []Rate
		prices, unit := 1+rng.IntN(3000), money.Price(1)
		for range rng.IntN(9) {
			unit *= 10
		}
		for range 200 + rng.IntN(3000) {
			base := wideRate(rng, prices, unit)
			base.Prefix = strconv.Itoa(1 + rng.IntN([]int{99, 9_999, 99_999_999}[rng.IntN(3)]))
			if rng.IntN(50) == 0 {
				base.Prefix = "0" + base.Prefix
			}
			if rng.IntN(40) == 0 {
				base.Service, base.Prefix = fmt.Sprint("service ", rng.IntN(9)), ""
			}
			for n := 1 + rng.IntN(3); n > 0; n-- {
				r := base
				if rng.IntN(3) == 0 {
					r = wideRate(rng, prices, unit)
					r.Kind, r.Prefix, r.Service = base.Kind, base.Prefix, base.Service
				}
				r.Access = r.Access && r.Kind == call.Voice
				wideCond(rng, &r, &terms)
				rates = append(rates, r)
			}
		}
		addImage(h, terms, rates) // as a rule two rows hold for the same
		seen, kept := map[string]bool{}, rates[:0]
		for _, r := range rates {
			key := r
			key.Price1, key.PriceN, key.ConnectionFee, key.Interval1, key.IntervalN, key.Per, key.Tiers, key.Destination, key.To, key.Blocked, key.Access = 0, 0, 0, 0, 0, 0, nil, "", 0, false, false
			if id := fmt.Sprintf("%+v", key); !seen[id] {
				seen[id] = true
				kept = append(kept, r)
			}
		}
		addImage(h, terms, kept)
		rng.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
		addImage(h, terms, kept)
	}
}

// wideRate is a rate without prefix and without conditions.
func wideRate(rng *rand.Rand, prices int, unit money.Price) Rate {
	p := func() money.Price { return money.Price(1+rng.IntN(prices)) * unit }
	r := Rate{Destination: fmt.Sprint("name ", rng.IntN(200)), Price1: p(), Interval1: 60, IntervalN: uint32(1 + rng.IntN(3))}
	if r.PriceN = r.Price1; rng.IntN(4) == 0 {
		r.PriceN = p()
	}
	switch rng.IntN(12) {
	case 0:
		r.ConnectionFee = p()
	case 1:
		r.Blocked, r.Price1, r.PriceN = true, 0, 0
	case 2:
		r.Per, r.PriceN = PerCall, 0
	case 3:
		r.Tiers = []Tier{{From: 1, Length: 60, Price: p()}, {From: 61, Price: p(), Per: uint32(1 + rng.IntN(2))}, {From: 9, Event: true, Price: p()}}[:2+rng.IntN(2)]
		r.Price1, r.PriceN, r.Interval1, r.IntervalN = 0, 0, 0, 0
	case 4:
		r.Kind, r.Interval1, r.IntervalN = call.SMS, 0, 1
	case 5:
		r.Access = true
	case 6:
		r.Price1 = 9_000_000_000_000_000_000
	}
	return r
}

// wideCond says what usage a rate is for.
func wideCond(rng *rand.Rand, r *Rate, terms *Terms) {
	switch rng.IntN(9) {
	case 0:
		r.From = int64(1+rng.IntN(4)) * 1e18
	case 1:
		r.To = int64(5+rng.IntN(2)) * 1e18
	case 2:
		r.Origin = terms.Origins[rng.IntN(len(terms.Origins))].Name
	case 3:
		r.Tag = fmt.Sprint("tag ", rng.IntN(5))
	case 4:
		r.MinDigits = uint8(8 + rng.IntN(3))
	case 5:
		if r.Service == "" {
			r.Area, r.Local = "area of "+r.Prefix[len(r.Prefix)-1:], true
		}
	case 6:
		if terms.Bands != nil {
			r.Band = terms.Bands.Names[rng.IntN(len(terms.Bands.Names))]
		}
	case 7:
		if terms.Presentation != SingleRate {
			r.Class = []Class{numbering.Intrastate, numbering.Interstate, numbering.Indeterminate}[rng.IntN(3)]
		}
	}
}

// sayTheSame compares what the lists of the test below may differ in.
func sayTheSame(a, b *Rate) bool {
	return a.Prefix == b.Prefix && a.Price1 == b.Price1 && a.PriceN == b.PriceN && a.Destination == b.Destination && a.From == b.From &&
		a.MinDigits == b.MinDigits && a.MaxDigits == b.MaxDigits
}

// Lists of rows that differ in one thing alone are many enough for some to have
// the same hash: each prefix still has its own rows.
func TestManyListsAreKeptApart(t *testing.T) {
	const lists, kinds = 450, 3
	differ := [kinds]func(r *Rate, n int){
		func(r *Rate, n int) { r.Price1, r.PriceN = money.Price(1+n), money.Price(1+n) },
		func(r *Rate, n int) { r.Destination = "name " + strconv.Itoa(n) },
		func(r *Rate, n int) { r.MinDigits, r.MaxDigits = uint8(1+n%30), uint8(31+n/30) },
	}
	at := func(i, n int) (r Rate) {
		kind, list := i%kinds, i/kinds
		r = Rate{Prefix: strconv.Itoa(1_000_000 + i), Interval1: 1, IntervalN: 1}
		if n == 1 {
			r.From, list = 1, list/lists
		}
		differ[kind](&r, list%lists)
		return r
	}
	c, err := BuildImage(usual(), func(yield func(Rate, error) bool) {
		for i := range lists * lists * kinds {
			if !yield(at(i, 0), nil) || !yield(at(i, 1), nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	card, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for r, err := range card.All() {
		if err != nil {
			t.Fatal(err)
		}
		if first, second := at(i/2, 0), at(i/2, 1); !sayTheSame(&r, &first) && !sayTheSame(&r, &second) {
			t.Fatalf("%+v\nwant %+v\nor %+v", r, first, second)
		}
		i++
	}
	if want := 2 * lists * lists * kinds; i != want {
		t.Errorf("%d rates, want %d", i, want)
	}
}
