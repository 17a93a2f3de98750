package impact

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

func TestMarksAreThoseThatWereMadeUntilThereAreTooMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 4).Draw(t, "most")
		m, set, pages := newMarks(most), map[uint64]bool{}, map[uint64]bool{}
		some := rapid.Custom(func(t *rapid.T) uint64 {
			return uint64(rapid.IntRange(0, 2).Draw(t, "batch"))<<lineBits | uint64(rapid.SampledFrom([]int{0, 1, 63, 64, 32767, 32768, 1 << 20}).Draw(t, "line"))
		})
		for _, record := range rapid.SliceOf(some).Draw(t, "marked") {
			m.add(record)
			set[record], pages[record>>15] = true, true
		}
		for _, record := range rapid.SliceOf(some).Draw(t, "asked") {
			if got, want := m.has(record), set[record] || len(pages) > most; got != want {
				t.Fatalf("record %x is marked: %t, want %t", record, got, want)
			}
		}
	})
}

// Of more names than are told apart, the others have one line, and nothing is lost.
func TestWhatIsOfTooManyNamesIsOneLine(t *testing.T) {
	s := newSums("GBP")
	s.destinations = newTable(3)
	for i := range 10 {
		id := s.destinations.id(fmt.Sprint("place ", i%5))
		one := charge{role: call.Supplier, destination: id, compared: true, old: outcome{rated: true, amount: money.New(1, 2)}, new: outcome{rated: true, amount: money.New(3, 2)}}
		if err := s.add([]charge{one}); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := s.destinations.finish()
	if err != nil || len(lines) != 4 || lines[0].Name != tooMany || lines[0].Cost.Charges != 4 || lines[0].Cost.Difference.String() != "0.08" || lines[1].Cost.Charges != 2 {
		t.Errorf("lines %+v (%v), want three and the others", lines, err)
	}
	if s.total.Cost.Charges != 10 || s.apart != 10 {
		t.Errorf("total %+v, %d without a customer", s.total, s.apart)
	}
}
