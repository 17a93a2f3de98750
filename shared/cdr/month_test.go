package cdr

import (
	"testing"

	"pgregory.net/rapid"
)

// A reader that remembers the month and the day of the row before reads any row
// as one that remembers nothing does, whatever the rows before it were.
func TestRememberedMonthsAndDaysChangeNothing(t *testing.T) {
	of := func(t *rapid.T, texts ...string) string { return rapid.SampledFrom(texts).Draw(t, "part") }
	time := rapid.Custom(func(t *rapid.T) string {
		// Near the ends of months, days and hours, and beyond them.
		text := of(t, "2026-02-", "2026-02-", "2026-02-", "2026-02-", "2024-02-", "2026-12-", "1970-01-", "2199-12-", "2200-01-", "2026-00-", "2026-13-") +
			of(t, "01", "01", "17", "28", "28", "00", "29", "30", "31", "32", "3:") + of(t, "T", "T", "T", " ", " ", "x") + of(t, "00", "09", "12", "19", "23", "24", "0:") + ":" +
			of(t, "00", "07", "31", "59", "60", "99", ":0") + ":" + of(t, "00", "30", "30", "59", "60", "61", "5/") +
			of(t, "", "Z", "Z", "+01:00", "-15:59", "+16:00", ".5", "X")
		if i := rapid.IntRange(0, 3*len(text)).Draw(t, "damaged"); i < len(text) {
			text = text[:i] + of(t, "/", ":", "-", " ", "0", "9", ";") + text[i+1:]
		}
		return text
	})
	rapid.Check(t, func(t *rapid.T) {
		var m month
		for _, text := range rapid.SliceOfN(time, 20, 60).Draw(t, "times") {
			got, ok := m.read(append([]byte(text), make([]byte, chunkPad)...), 0, len(text))
			want, wantOK := parseTime([]byte(text))
			if ok != wantOK || ok && got != want {
				t.Fatalf("%q: got %v, %v, want %v, %v", text, got, ok, want, wantOK)
			}
		}
	})
}
