package rating

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/money"
	"pgregory.net/rapid"
)

func TestTiersAsText(t *testing.T) {
	for text, want := range map[string][]Tier{
		"m1,15,0,0,0;m16,0,6,0.01,60":     {{From: 1, Length: 15}, {From: 16, RoundUp: 6, Price: 10_000_000_000, Per: 60}},
		"m1,0,0,0.5,0;e1,0,0,0.25,0":      {{From: 1, Price: 500_000_000_000}, {From: 1, Event: true, Price: 250_000_000_000}},
		"e61,120,60,0.000000000001,0":     {{From: 61, Length: 120, Every: 60, Event: true, Price: 1}},
		"m1,0,0,9223372.036854775807,100": {{From: 1, Price: 1<<63 - 1, Per: 100}},
	} {
		got, err := ParseTiers(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", text, err, diff)
		}
		if again := string(AppendTiers(nil, want)); again != text {
			t.Errorf("written as %s, want %s", again, text)
		}
	}
	for text, want := range map[string]string{
		"":                         "want tiers such as",
		"m1,2":                     "want tiers such as",
		"x1,0,0,1,0":               "want tiers such as",
		"m1,0,0,1,0;":              "want tiers such as",
		"mm1,0,0,1,0":              `"m1" is none of them`,
		"m1,0,0,free,0":            `"free" is none of them`,
		"m1,-1,0,1,0":              `"-1" is none of them`,
		"m1,0,4294967296,1,0":      `"4294967296" is none of them`,
		"m1,0,0,0.1234567890123,0": `"0.1234567890123" is none of them`,
		strings.Repeat("e1,0,0,1,0;", MaxTiers) + "m1,0,0,1,0": "33 tiers, want at most 32",
	} {
		if _, err := ParseTiers(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
	}
}

func TestTiersComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tiers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Tier {
			n := rapid.Uint32()
			out := Tier{From: n.Draw(t, "from"), Length: n.Draw(t, "length"), Price: money.Price(rapid.Int64Min(0).Draw(t, "price")), Per: n.Draw(t, "per")}
			if out.Event = rapid.Bool().Draw(t, "event"); out.Event {
				out.Every = n.Draw(t, "every")
			} else {
				out.RoundUp = n.Draw(t, "round")
			}
			return out
		}), 1, MaxTiers).Draw(t, "tiers")
		got, err := ParseTiers(string(AppendTiers(nil, tiers)))
		if diff := cmp.Diff(tiers, got); diff != "" || err != nil {
			t.Fatalf("%v (-want +got)\n%s", err, diff)
		}
	})
}

func FuzzParseTiers(f *testing.F) {
	for _, s := range []string{"m1,15,0,0,0;m16,0,6,0.01,60", "e61,120,60,0.000000000001,0", "m1,0,0,1,0;", "m,,,,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tiers, err := ParseTiers(s)
		if err != nil {
			return
		}
		again, err := ParseTiers(string(AppendTiers(nil, tiers)))
		if diff := cmp.Diff(tiers, again); diff != "" || err != nil || len(tiers) == 0 || len(tiers) > MaxTiers {
			t.Fatalf("%q: %v (-was +again)\n%s", s, err, diff)
		}
	})
}
