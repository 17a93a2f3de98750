package gen

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/numbering"
	numberKey "github.com/tollbook/tollbook/shared/prefix"
)

func mustDeck(t *testing.T, seed uint64, n int) *Deck {
	t.Helper()
	d, err := NewDeck(seed, n)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func deckCSV(t *testing.T, d *Deck, r Rule) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.WriteCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func recordsCSV(t *testing.T, traffic *Traffic, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := traffic.WriteRecords(&b, n); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func table(t *testing.T, data []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestTheSameSeedGivesTheSameBytesEverywhere(t *testing.T) {
	got := map[string]string{}
	sum := func(name string, data []byte) {
		h := sha256.Sum256(data)
		got[name] = hex.EncodeToString(h[:8])
	}
	d := mustDeck(t, 1, 5000)
	for _, r := range Rules {
		sum(r.Name, deckCSV(t, d, r))
	}
	sum("records", recordsCSV(t, d.NewTraffic(1), 2000))
	card, err := d.Card(1, 7, 3000)
	if err != nil {
		t.Fatal(err)
	}
	sum("card 7", deckCSV(t, card, Rules[0]))
	us, err := NewUSDeck(1, 5000)
	if err != nil {
		t.Fatal(err)
	}
	sum("us", deckCSV(t, us, Rules[0]))
	sum("us records", recordsCSV(t, us.NewTraffic(1), 2000))
	want := map[string]string{
		"bands":      "ec5a4fda47996477",
		"card 7":     "235e9405288f897b",
		"classes":    "c0a61dc7616bc4b2",
		"dates":      "ee6869c1706f3582",
		"origins":    "c95a9cd4845b659a",
		"plain":      "abdebc1a9a7a90cc",
		"records":    "a49fac970cec39f3",
		"us":         "f324ed49f6493f18",
		"us records": "385eb02c4935e5aa",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data changed, so results before and after cannot be compared (-want +got):\n%s", diff)
	}
}

func TestAnotherSeedGivesOtherData(t *testing.T) {
	a, b := mustDeck(t, 1, 5000), mustDeck(t, 2, 5000)
	if bytes.Equal(deckCSV(t, a, Rules[0]), deckCSV(t, b, Rules[0])) {
		t.Error("two seeds give one deck")
	}
	if bytes.Equal(recordsCSV(t, a.NewTraffic(1), 100), recordsCSV(t, a.NewTraffic(2), 100)) {
		t.Error("two seeds give the same records")
	}
}

func TestADeckHasTheLengthsOfAWholesaleDeck(t *testing.T) {
	d := mustDeck(t, 1, 300_000)
	s := d.Shape()
	// In thousandths. Of a deck of this size, networks of 5 and 6 digits are a
	// larger part than of one of a million.
	want := [maxDigits + 1]int{1: 0, 2: 0, 3: 2, 4: 20, 5: 49, 6: 143, 7: 234, 8: 278, 9: 272}
	for digits, n := range s.Lengths {
		if got := n * 1000 / d.Len(); got < want[digits]-3 || got > want[digits]+3 {
			t.Errorf("%d of 1000 prefixes have %d digits, want %d", got, digits, want[digits])
		}
	}
	if got := s.Rates * 1000 / d.Len(); got < 700 || got > 760 {
		t.Errorf("%d rates to 1000 prefixes are different, want about 730", got)
	}
}

func TestADeckIsSortedAndEveryPrefixIsBelowItsCountry(t *testing.T) {
	rows := table(t, deckCSV(t, mustDeck(t, 1, 50_000), Rules[0]))
	if len(rows) != 50_000 {
		t.Fatalf("%d rows, want 50000", len(rows))
	}
	names := map[string]bool{}
	seen := map[string]bool{}
	for i, r := range rows {
		if i > 0 && rows[i-1][0] >= r[0] {
			t.Fatalf("prefix %s comes after %s", r[0], rows[i-1][0])
		}
		seen[r[0]], names[r[1]] = true, true
		country, _, _ := strings.Cut(strings.TrimPrefix(r[1], "Zone "), " ")
		if !strings.HasPrefix(r[0], country) || !seen[country] {
			t.Fatalf("prefix %s is %q, whose code %s is not before it", r[0], r[1], country)
		}
	}
	if want := len(countryCodes) + 10_000; len(names) != want {
		t.Errorf("%d destinations, want %d: one for each country and network", len(names), want)
	}
}

func TestRecordsFallOnTheDeckAsStated(t *testing.T) {
	const n = 100_000
	d := mustDeck(t, 1, 20_000)
	traffic := d.NewTraffic(1)
	data := recordsCSV(t, traffic, n)
	if size := len(data) / n; size < 69 || size > 73 {
		t.Errorf("%d bytes a record, want about 71", size)
	}
	deck := map[string]bool{}
	for _, e := range d.entries {
		deck[string(e.append(nil))] = true
	}
	var unratable, seconds, long int
	clients, ids := map[string]int{}, map[string]bool{}
	last := time.Time{}
	for _, r := range table(t, data) {
		ids[r[0]] = true
		clients[r[1]]++
		rated := false
		for digits := range maxDigits {
			rated = rated || deck[r[3][:digits+1]]
		}
		if !rated {
			unratable++
		}
		start, err := time.Parse(time.RFC3339, r[4])
		if err != nil || start.Before(Month) || !start.Before(Month.AddDate(0, 1, 0)) {
			t.Fatalf("a call starts at %s (%v), want one in the month", r[4], err)
		}
		length, err := strconv.Atoi(r[5])
		if err != nil || length < 1 || len(r[2]) != 11 || len(r[3]) < 11 || len(r[3]) > 13 {
			t.Fatalf("record %q", r)
		}
		ended := start.Add(time.Duration(length) * time.Second)
		if ended.Before(last) {
			t.Fatalf("call %s ended before the one written before it", r[0])
		}
		last = ended
		seconds += length
		if length > 240 {
			long++
		}
	}
	within(t, "records that no prefix rates", unratable, 100, 40)
	within(t, "seconds of all calls", seconds, 120*n+n/2, n)
	within(t, "calls longer than twice the mean", long, 13_534, 500) // e^-2
	within(t, "clients", len(clients), Clients, 0)
	within(t, "different ids", len(ids), n, 0)
	within(t, "calls of the busiest client", slices.Max(slices.Collect(maps.Values(clients))), 75, 30)
}

func TestPopularityIsAZipfLaw(t *testing.T) {
	const n, draws = 1000, 1_000_000
	z, s := newZipf(n), newSource(1, 99)
	var count [n]int
	for range draws {
		count[z.rank(s.Uint64())]++
	}
	// 1/k^0.8 of 15.39, the sum over 1 to 1000, in a million draws.
	for k, want := range map[int]int{1: 64_960, 2: 37_310, 10: 10_300, 100: 1_632, 1000: 259} {
		within(t, "draws of rank "+strconv.Itoa(k), count[k-1], want, want/8)
	}
	if low, high := z.rank(0), z.rank(1<<64-1); low != 0 || high != n-1 {
		t.Errorf("the ends are ranks %d and %d, want 0 and %d", low, high, n-1)
	}
}

func within(t *testing.T, what string, got, want, by int) {
	t.Helper()
	if got < want-by || got > want+by {
		t.Errorf("%s: %d, want %d ± %d", what, got, want, by)
	}
}

func TestARuleKeepsThePrefixesOfThePlainDeck(t *testing.T) {
	d := mustDeck(t, 1, 4000)
	prefixes := func(r Rule) []string {
		var out []string
		for _, row := range table(t, deckCSV(t, d, r)) {
			out = append(out, row[0])
		}
		return slices.Compact(out)
	}
	plain := prefixes(Rules[0])
	for _, r := range Rules[1:] {
		if diff := cmp.Diff(plain, prefixes(r)); diff != "" {
			t.Errorf("%s (-plain +got):\n%s", r.Name, diff)
		}
	}
}

func TestCardsDifferAndEachHasEveryCountry(t *testing.T) {
	d := mustDeck(t, 1, 20_000)
	var cards [2]*Deck
	for i := range cards {
		var err error
		if cards[i], err = d.Card(1, i, 3000); err != nil {
			t.Fatal(err)
		}
		rows := table(t, deckCSV(t, cards[i], Rules[0]))
		has := map[string]bool{}
		for _, r := range rows {
			has[r[0]] = true
		}
		for _, code := range countryCodes {
			if !has[code] {
				t.Errorf("card %d has no %s", i, code)
			}
		}
		if len(has) != 3000 {
			t.Errorf("card %d has %d prefixes, want 3000", i, len(has))
		}
	}
	if diff := cmp.Diff(cards[0].entries, cards[1].entries, cmp.AllowUnexported(entry{}, prefix{})); diff == "" {
		t.Error("two cards are the same")
	}
}

func TestEveryClientHasACardAndEveryCardAsManyClients(t *testing.T) {
	var b bytes.Buffer
	if err := WriteCardMap(&b, 200); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cards.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	of, cards, err := ReadCardMap(path)
	if err != nil {
		t.Fatal(err)
	}
	clients := map[int]int{}
	for _, card := range of {
		clients[card]++
	}
	within(t, "clients", len(of), Clients, 0)
	within(t, "cards", cards, 200, 0)
	within(t, "cards that somebody has", len(clients), 200, 0)
	within(t, "clients of card 199", clients[199], Clients/200, 0)
}

func TestACardMapThatIsNoneIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cards.csv")
	for content, want := range map[string]string{
		"client_id,card\n1,0\n2,x\n":   `line 3: card "x", want 0 to 1999`,
		"client_id,card\n1,-1\n":       `line 2: card "-1"`,
		"client_id,card\n1,2000\n":     `line 2: card "2000"`,
		"client_id,card\n1,0\n2,1,1\n": "line 3",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadCardMap(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}

func TestAUSDeckIsOfTheUSAndItsCallersMostlyToo(t *testing.T) {
	regions, err := numbering.OpenRegions(numbering.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	region := func(number string) numbering.RegionID {
		key, ok := numberKey.KeyOf(number)
		if !ok {
			t.Fatalf("%s is no number", number)
		}
		return regions.Of(key)
	}
	for _, n := range []int{MinPrefixes, 100_000, 400_000} {
		us, err := NewUSDeck(1, n)
		if err != nil {
			t.Fatal(err)
		}
		if us.Len() != n {
			t.Errorf("%d prefixes, want %d", us.Len(), n)
		}
		s := us.Shape()
		within(t, "prefixes of 8 digits", s.Lengths[8], max((n-len(areaCodes))/5, n-len(areaCodes)*(1+maxExchanges)), 1)
	}
	us, err := NewUSDeck(1, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	const calls = 20_000
	classes := map[numbering.Class]int{}
	for _, r := range table(t, recordsCSV(t, us.NewTraffic(1), calls)) {
		if len(r[2]) != 11 || len(r[3]) != 11 {
			t.Fatalf("record %q, want two numbers of 11 digits", r)
		}
		classes[numbering.Jurisdiction(region(r[2]), region(r[3]))]++
	}
	within(t, "calls within a state", classes[numbering.Intrastate], calls*32/100, calls/50)
	within(t, "calls between states", classes[numbering.Interstate], calls*58/100, calls/50)
	within(t, "calls from abroad", classes[numbering.Indeterminate], calls*10/100, calls/50)
}

func TestADeckOfAnImpossibleSizeIsRefused(t *testing.T) {
	for _, n := range []int{-1, 0, MinPrefixes - 1, MaxPrefixes + 1} {
		if _, err := NewDeck(1, n); err == nil {
			t.Errorf("a deck of %d prefixes was made", n)
		}
		if _, err := NewUSDeck(1, n); err == nil {
			t.Errorf("a US deck of %d prefixes was made", n)
		}
	}
}
