package deck

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// whole is what a deck says.
type whole struct {
	Entries []Entry
	Bad     []RowError
	Report  Report
	Err     string
}

// readWhole reads a deck, each row by itself or those that are alike together. It
// says of how many the cells were read once for all.
func readWhole(t *rapid.T, text string, together bool) (out whole, common int) {
	d, err := Open(strings.NewReader(text), int64(len(text)), Options{})
	if err != nil {
		return whole{Err: err.Error()}, 0
	}
	if !together {
		d.deck.alike = alike{}
	}
	out.Report, err = d.Each(func(e Entry) error {
		if d.deck.common != nil {
			common++
		}
		out.Entries = append(out.Entries, e)
		return nil
	}, func(e RowError) { out.Bad = append(out.Bad, e) })
	if err != nil {
		out.Err = err.Error()
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return out, common
}

// A row says what it would say alone, whatever the rows before it have in common
// with it.
func TestRowsThatAreAlikeProperty(t *testing.T) {
	columns := []struct {
		header string
		cells  []string
	}{
		{"code", []string{"1", "44", "4420", "44 20,21", "0044", "4915-17", "", "x", "'34", "390"}},
		{"destination", []string{"A", "B", "", " A", strings.Repeat("n", 300)}},
		{"rate", []string{"0.1", "0.2", "1", "", "-1", "blocked", "0,3", "0.1234567890123", "$0.5", "-2"}},
		{"price 1", []string{"0.1", "0.2", "blocked", "0", ""}},
		{"price n", []string{"0.1", "0.2", "blocked", "0", ""}},
		{"increments", []string{"60/60", "1/1", "60/7", "0/0", "5/60/1", ""}},
		{"interval 1", []string{"60", "1", "0", "x", ""}},
		{"interval n", []string{"60", "1", "0", "x", ""}},
		{"connection fee", []string{"0.1", "0", "", "x"}},
		{"price unit", []string{"minute", "second", "call", "increment", "", "x"}},
		{"kind", []string{"voice", "sms", "", "x"}},
		{"status", []string{"active", "increase", "closed", "blocked", "odd", ""}},
		{"blocked", []string{"0", "1", "", "x"}},
		{"country", []string{"UK", "Germany", ""}},
		{"country code", []string{"44", "49", ""}},
		{"effective from", []string{"2026-12-01", "2026-12-02", "now", "", "2026-13-01"}},
		{"effective to", []string{"2026-12-01", "2027-12-02", "", "x"}},
		{"grace period", []string{"0", "1", "", "x"}},
		{"minimum charge", []string{"0", "1", "", "x"}},
		{"maximum charge", []string{"0.5", "2", "", "x"}},
		{"free seconds", []string{"0", "10", ""}},
		{"access", []string{"1", "", "x"}},
		{"area", []string{"Leeds", ""}},
		{"inter", []string{"0.1", ""}},
		{"tag", []string{"gold", ""}},
		{"band", []string{"peak", "flat", ""}},
		{"origin", []string{"EEA", ""}},
		{"action", []string{"A", "D", "S", ""}},
		{"currency", []string{"USD", "EUR", "x"}},
		{"note", []string{"1", "2"}},
	}
	common := 0
	defer func() {
		if common == 0 && !t.Failed() {
			t.Error("no row was read by what it has in common with another")
		}
	}()
	rapid.Check(t, func(t *rapid.T) {
		rare := rapid.IntRange(2, 40).Draw(t, "rare")
		used := []int{0, 1, 2}
		if rapid.Bool().Draw(t, "two prices") {
			used = []int{0, 1, 3, 4}
		}
		usual := make([]string, len(columns)) // so that rows are alike
		for i := 5; i < len(columns); i++ {
			if rapid.IntRange(0, 5).Draw(t, columns[i].header) == 0 {
				used = append(used, i)
				usual[i] = rapid.SampledFrom(columns[i].cells).Draw(t, "usual")
			}
		}
		var text strings.Builder
		for n, i := range used {
			if n > 0 {
				text.WriteByte(';')
			}
			text.WriteString(columns[i].header)
		}
		for range rapid.IntRange(1, 30).Draw(t, "rows") {
			text.WriteByte('\n')
			for n, i := range used {
				if n > 0 {
					text.WriteByte(';')
				}
				if i > 4 && rapid.IntRange(0, rare).Draw(t, "is usual") > 0 {
					text.WriteString(usual[i])
					continue
				}
				text.WriteString(rapid.SampledFrom(columns[i].cells).Draw(t, "cell"))
			}
		}
		alone, _ := readWhole(t, text.String(), false)
		together, n := readWhole(t, text.String(), true)
		common += n
		if diff := cmp.Diff(alone, together); diff != "" {
			t.Fatalf("%s\n(-alone +together)\n%s", text.String(), diff)
		}
	})
}
