package cells

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestIncrements(t *testing.T) {
	const limit = 1_000_000
	for _, c := range []struct {
		cell  string
		rules IncrementRules
		want  string
	}{
		{"60/1", IncrementRules{}, "60/1"}, // the notice of a wholesale carrier
		{"1/1", IncrementRules{}, "1/1"},
		{"1+1", IncrementRules{}, "1/1"},
		{"60-1", IncrementRules{}, "60/1"},
		{"60:1", IncrementRules{}, "60/1"},
		{"60 – 1", IncrementRules{}, "60/1"},
		{" 60 / 1 ", IncrementRules{}, "60/1"},
		{"60.0/1.0", IncrementRules{}, "60/1"},
		{"6", IncrementRules{}, "6/6"},
		{"0", IncrementRules{}, "0/0"},
		{"0/60", IncrementRules{}, "0/60"},
		{"30/6", IncrementRules{Order: NextFirst}, "6/30"}, // JeraSoft: int/min
		{"6", IncrementRules{Order: NextFirst}, "6/6"},
		{"30/6/6", IncrementRules{Third: Grace}, "30/6/6"}, // Kolmisoft: initial, increment, grace
		{"30/6/6", IncrementRules{Third: Ignored}, "30/6"},
		{"6/30/5", IncrementRules{Order: NextFirst, Third: Grace}, "30/6/5"},
		{"3600/60/60", IncrementRules{Third: Ignored}, "3600/60"},
		{"per second", IncrementRules{}, "1/1"},
		{"Per Minute", IncrementRules{}, "60/60"},
		{"1 sec", IncrementRules{}, "1/1"},
		{"30 sec./6 sec.", IncrementRules{}, "30/6"},
		{"60s/60s", IncrementRules{}, "60/60"},
		{"60/1 sec", IncrementRules{}, "60/1"},
		{"1 min/6 sec", IncrementRules{}, "60/6"},
		{"minute/second", IncrementRules{}, "60/1"},
		{"pro Sekunde", IncrementRules{}, "1/1"},
		{"Minutentakt", IncrementRules{}, "60/60"},
		{"à la seconde", IncrementRules{}, "1/1"},
		{"por segundo", IncrementRules{}, "1/1"},
		{"al minuto", IncrementRules{}, "60/60"},
		{"1000000/1", IncrementRules{}, "1000000/1"},

		{"", IncrementRules{}, wantIncrements.Error()},
		{"60,1", IncrementRules{}, wantIncrements.Error()},
		{"60 1", IncrementRules{}, wantIncrements.Error()},
		{"60/", IncrementRules{}, wantIncrements.Error()},
		{"/60", IncrementRules{}, wantIncrements.Error()},
		{"-60", IncrementRules{}, wantIncrements.Error()},
		{"60.5", IncrementRules{}, wantIncrements.Error()},
		{"sec/x", IncrementRules{}, wantIncrements.Error()},
		{"1 sec sec", IncrementRules{}, wantIncrements.Error()},
		{"1/1/1/1", IncrementRules{Third: Ignored}, wantIncrements.Error()},
		{"30/6/6", IncrementRules{}, wantThird.Error()},
		{"1/1 min", IncrementRules{}, wantUnits.Error()},
		{"1000001/1", IncrementRules{}, "want whole seconds, 0 to 1000000"},
		{"1/99999999999999999999999", IncrementRules{}, "want whole seconds, 0 to 1000000"},
		{"20000 min", IncrementRules{}, "want whole seconds, 0 to 1000000"},
		{"01-Jan", IncrementRules{}, wantNoDate.Error()}, // 1/1 in a spreadsheet
		{"Jan-60", IncrementRules{}, wantNoDate.Error()}, // 1/60 in a spreadsheet
		{"2026-06-06", IncrementRules{Third: Ignored}, wantNoDate.Error()},
		{"2026-06-06 00:00:00", IncrementRules{Third: Ignored}, wantNoDate.Error()},
		{"6/6/2026", IncrementRules{Third: Ignored}, wantNoDate.Error()},
		{"06/06/2026", IncrementRules{Third: Ignored}, wantNoDate.Error()},
	} {
		i, err := ParseIncrements([]byte(c.cell), c.rules, limit)
		got := i.String()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: got %s\nwant %s", c.cell, got, c.want)
		}
	}
}

// Without a limit the numbers are those that fit into 32 bits.
func TestIncrementsWithoutLimit(t *testing.T) {
	if i, err := ParseIncrements([]byte("4294967295/1"), IncrementRules{}, math.MaxUint64); err != nil || i.First != math.MaxUint32 {
		t.Errorf("the largest: %v, %v", i, err)
	}
	if i, err := ParseIncrements([]byte("0000000000000060/1"), IncrementRules{}, 60); err != nil || i.First != 60 {
		t.Errorf("zeros in front: %v, %v", i, err)
	}
	for _, cell := range []string{"4294967296/1", "1/99999999999", "00000000000000000000000004294967296"} {
		if i, err := ParseIncrements([]byte(cell), IncrementRules{}, math.MaxUint64); err == nil || !strings.Contains(err.Error(), "0 to 4294967295") {
			t.Errorf("%s: %v, %v", cell, i, err)
		}
	}
}

// Whatever notation they are written in, the same intervals are read.
func TestIncrementsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Increments{First: rapid.Uint32Range(0, 1969).Draw(t, "first"), Next: rapid.Uint32Range(0, 1969).Draw(t, "next")}
		r := IncrementRules{Order: rapid.SampledFrom([]Order{FirstNext, NextFirst}).Draw(t, "order"), Third: Grace}
		numbers := []any{want.First, want.Next}
		if r.Order == NextFirst {
			numbers = []any{want.Next, want.First}
		}
		sign := rapid.SampledFrom([]string{"/", "+", "-", ":", " / "}).Draw(t, "sign")
		unit := rapid.SampledFrom([]string{"", "s", " sec", " Sekunden"}).Draw(t, "unit")
		layout := "%d" + unit + sign + "%d" + unit
		if want.HasGrace = rapid.Bool().Draw(t, "with grace"); want.HasGrace {
			want.Grace = rapid.Uint32Range(0, 1969).Draw(t, "grace")
			numbers, layout = append(numbers, want.Grace), layout+sign+"%d"+unit
		}
		cell := fmt.Sprintf(layout, numbers...)
		got, err := ParseIncrements([]byte(cell), r, 1969)
		if err != nil || got != want {
			t.Fatalf("%q: got %v, %v, want %v", cell, got, err, want)
		}
	})
}

func FuzzIncrements(f *testing.F) {
	for _, s := range []string{"60/1", "1+1", "30/6/6", "per second", "1 min/6 sec", "01-Jan", "2026-06-06", "60,1", "à la seconde", "60.0/1.0"} {
		f.Add(s, uint8(0), uint8(0), uint64(1_000_000))
	}
	f.Fuzz(func(t *testing.T, cell string, order, third uint8, limit uint64) {
		r := IncrementRules{Order: Order(order % 2), Third: Third(third % 3)}
		got, err := ParseIncrements([]byte(cell), r, limit)
		var w *Want
		if err != nil {
			if !errors.As(err, &w) || got != (Increments{}) {
				t.Errorf("%q: %v, %v", cell, got, err)
			}
			return
		}
		if uint64(max(got.First, got.Next, got.Grace)) > limit || got.HasGrace && r.Third != Grace {
			t.Errorf("%q, at most %d: %v", cell, limit, got)
		}
		if got.HasGrace {
			r.Order = FirstNext
		}
		if again, err := ParseIncrements([]byte(got.String()), IncrementRules{Third: Grace}, limit); err != nil && !errors.Is(err, &wantNoDate) || err == nil && again != got {
			t.Errorf("%q: %v, again %v, %v", cell, got, again, err)
		}
	})
}
