package catalog_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// A deck's surcharges are prices of their callers. When a later deck has none, these
// callers pay what all pay: from its arrival on, or from the date of its row; whatever
// else the deck leaves as it was.
func TestASurchargeThatIsGone(t *testing.T) {
	for _, rules := range []string{"", `, "decks": {"kind": "partial"}`, `, "decks": {"kind": "country"}`} {
		in := start(t)
		in.load(`{"format": "tollbook setup 1", "cards": [{"id": "carrier", "kind": "provider", "currency": "GBP", "activate": "at_arrival"` + rules + `}]}`)
		for i, step := range []struct {
			deck string
			want map[string]string // by prefix and callers, days after the first deck
		}{
			{"prefix,price,billing,EEA surcharge\n44,1,1/1,0.2\n45,2,1/1,\n46,3,1/1,10%\n", map[string]string{"44 0": "1", "44 EEA 0": "1.2", "45 0": "2", "46 EEA 0": "3.3"}},
			{"prefix,price,billing,EEA surcharge,effective date\n44,1.1,1/1,,\n45,2,1/1,0.5,\n46,4,1/1,0,2026-11-10\n",
				map[string]string{"44 1": "1.1", "44 EEA 1": "1.1", "45 EEA 1": "2.5", "46 1": "3", "46 EEA 1": "3.3", "46 11": "4", "46 EEA 11": "4"}},
			{"action,prefix,price,billing,EEA surcharge\nS,45,1,1/1,\n", map[string]string{"44 EEA 2": "1.1", "45 2": "1", "45 EEA 2": "1"}},
		} {
			at := noon.AddDate(0, 0, i)
			r := in.report(fmt.Sprintf("%d.csv", i), step.deck, at)
			if r.Deck.State != catalog.DeckApplied {
				t.Fatalf("rules %s, deck %d: %+v, %v", rules, i, r.Deck, r.Errors)
			}
			revisions, err := in.Revisions(ctx, "carrier")
			if err != nil {
				t.Fatal(err)
			}
			last, got := revisions[len(revisions)-1], map[string]string{}
			for key := range step.want {
				var prefix, group string
				days := 0
				if _, err := fmt.Sscanf(key, "%s %d", &prefix, &days); err != nil {
					if _, err := fmt.Sscanf(key, "%s %s %d", &prefix, &group, &days); err != nil {
						t.Fatal(err)
					}
				}
				when := noon.AddDate(0, 0, days).Add(time.Hour).UnixNano()
				latest := int64(-1)
				for r, err := range ratecard.ReadRates(bytes.NewReader(in.read(last.Rates, in.generation(last.Rates)))) {
					if err != nil {
						t.Fatal(err)
					}
					if r.Prefix == prefix && r.Origin == group && r.From <= when && (r.To == 0 || when < r.To) && r.From > latest {
						latest, got[key] = r.From, r.PriceN.String()
					}
				}
			}
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("rules %s, deck %d (-want +got)\n%s", rules, i, diff)
			}
		}
	}
}
