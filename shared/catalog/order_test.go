package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"pgregory.net/rapid"
)

// Whatever a card's decks replace and from when their rows hold: it does not
// matter in which order they are applied.
func TestDecksOfEveryKindInAnyOrder(t *testing.T) {
	all := install(t, t.TempDir())
	t.Cleanup(all.close)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		setup := strings.Replace(setupText, `"currency": "GBP", "activate": "at_arrival"},`,
			fmt.Sprintf(`"currency": "GBP", "activate": "at_arrival", "decks": {"kind": %q}},`, rapid.SampledFrom([]string{"full", "country", "partial"}).Draw(rt, "kind")), 1)
		var decks []string
		for i := range rapid.IntRange(2, 5).Draw(rt, "decks") {
			text := "prefix,rate,effective,change\n39,0.01,,\n" // so that a card always has a rate
			for _, prefix := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"4420", "4479", "331", "336"}), 1, 3, rapid.ID[string]).Draw(rt, "prefixes") {
				from := ""
				if rapid.Bool().Draw(rt, "dated") {
					from = noon.Add(time.Duration(i)*time.Hour + time.Duration(rapid.IntRange(-60, 300).Draw(rt, "minutes"))*time.Minute).Format("2006-01-02 15:04")
				}
				text += fmt.Sprintf("%s,0.0%d,%s,%s\n", prefix, rapid.IntRange(1, 3).Draw(rt, "price"), from, rapid.SampledFrom([]string{"", "", "", "closed"}).Draw(rt, "change"))
			}
			decks = append(decks, text)
		}
		order := rapid.Permutation(indices(len(decks))).Draw(rt, "order")
		prices := func(order []int) (out []string) {
			run++
			in := &installation{t: t, docs: all.docs.Namespace(fmt.Sprintf("run%d", run)), buckets: objects.MemoryBuckets()}
			in.Catalog = catalog.New(in.docs, in.buckets, ledger.New(in.docs, in.buckets))
			in.load(setup)
			ids := make([]string, len(decks))
			for i, text := range decks {
				ids[i] = in.drop(fmt.Sprintf("carrier/%d.csv", i), text, noon.Add(time.Duration(i)*time.Hour))
			}
			for _, i := range order {
				if d := in.apply(ids[i]); d.State == catalog.DeckRefused {
					rt.Fatalf("deck %d: %s", i, d.Failure)
				}
			}
			for minutes := 0; minutes < 12*60; minutes += 20 {
				out = append(out, in.shown("carrier", noon.Add(time.Duration(minutes)*time.Minute)))
			}
			return out
		}
		if diff := cmp.Diff(prices(indices(len(decks))), prices(order)); diff != "" {
			rt.Errorf("in order and as they came (-in order +came):\n%s", diff)
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
