package cdr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
)

// inChunks returns what chunks make of a file with a row for each cell, the same
// one first so that those after it are read together with it.
func inChunks(t *testing.T, header, row string, cells []string) []Row {
	t.Helper()
	var file strings.Builder
	file.WriteString(header)
	for _, cell := range cells {
		fmt.Fprintf(&file, row, cell)
	}
	sameAsReader(t, file.String(), generic, knobs{chunkSize, call.MaxRows})
	got := readChunks(t, strings.NewReader(file.String()), generic, knobs{chunkSize, call.MaxRows})
	if got.Err != "" || len(got.Rows) != len(cells) {
		t.Fatalf("%d rows of %d, error %s", len(got.Rows), len(cells), got.Err)
	}
	return got.Rows
}

// Numbers of a file that are read many at a time, eight digits at once, are the
// digits that they write, whatever else is in them and wherever it is.
func TestNumbersInChunks(t *testing.T) {
	const bad = "rejected"
	values := []struct{ in, want string }{
		{"442079460958", "442079460958"}, {"4", "4"}, {"44", "44"}, {"1234567", "1234567"}, {"12345678", "12345678"},
		{"123456789", "123456789"}, {"123456789012345", "123456789012345"}, {"1234567890123456", "1234567890123456"},
		{"12345678901234567", "12345678901234567"}, {strings.Repeat("9", 32), strings.Repeat("9", 32)}, {strings.Repeat("9", 33), bad},
		{"+44 20 7946 0958", "442079460958"}, {"+442079460958", "442079460958"}, {"00442079460958", "442079460958"},
		{"44 20 7946 0958", "442079460958"}, {"44-20-7946-0958", "442079460958"}, {"(44) 2079460958", "442079460958"},
		{"44.20.7946.0958", "442079460958"}, {"44/2079460958", "442079460958"}, {"+44 2079460958", "442079460958"},
		{"0442079460958", "0442079460958"}, {"02079460958", "02079460958"}, {"0012345678", "12345678"}, {"00123456", "123456"},
		{"44207946095x", bad}, {"x42079460958", bad}, {"442079x60958", bad}, {"44207946095:", bad}, {"/42079460958", "42079460958"}, {":42079460958", bad},
		{"4420794\x0060958", bad}, {"44207946095é", bad}, {"anonymous", bad}, {"", bad},
	}
	var cells []string
	for _, v := range values {
		cells = append(cells, "442079460958", v.in)
	}
	rows := inChunks(t, "b,start,duration\n", "%s,2026-11-01T00:00:00Z,5\n", cells)
	for i, v := range values {
		got := rows[2*i+1].Record.BNumber
		if rows[2*i+1].Status != 0 {
			got = bad
		}
		if got != v.want {
			t.Errorf("%q: %q, want %q", v.in, got, v.want)
		}
	}
	// Each character by itself, in each place of a number of each length: as
	// Reader reads it.
	for _, n := range []int{1, 2, 7, 8, 9, 12, 15, 16, 17, 32, 33} {
		number := strings.Repeat("1234567890", 4)[:n]
		cells = cells[:0]
		for i := range n {
			for _, c := range "0+ -.()/:x@\x7F" {
				cells = append(cells, number, number[:i]+string(c)+number[i+1:])
			}
		}
		inChunks(t, "a,b,start,duration\n", "%[1]s,%[1]s,2026-11-01T00:00:00Z,5\n", cells)
	}
}

// So are times and durations: of each the first row makes the others quick.
func TestTimesAndDurationsInChunks(t *testing.T) {
	for in, want := range map[string]int64{
		"2026-11-30T23:59:59Z": 1_796_083_199, "2026-11-30 23:59:59": 1_796_083_199, "2026-11-01T00:00:00Z": 1_793_491_200,
		"2026-11-30T23:59:59+01:00": 1_796_079_599, "2026-10-31T23:59:59Z": 1_793_491_199, "1793491200": 1_793_491_200, "2026-11-01T00:00:00Z ": 1_793_491_200,
		"2026-11-31T00:00:00Z": 0, "2026-11-00T00:00:00Z": 0, "2026-11-0:T00:00:00Z": 0, "2026-11-01T24:00:00Z": 0, "2026-11-01T00:60:00Z": 0,
		"2026-11-01T00:00:60Z": 0, "2026-11-01T0:000:00Z": 0, "2026-11-01T00:00:0:Z": 0, "2026-11-01t00:00:00Z": 0, "2026-11-01T00.00:00Z": 0,
		"2026-11-01T00:00:00z": 0, "2026-11-01T00:00:00+16:00": 0, "2O26-11-01T00:00:00Z": 0, "2026-13-01T00:00:00Z": 0,
	} {
		rows := inChunks(t, "b,start,duration\n", "442079460958,%s,5\n", []string{"2026-11-15T12:00:00Z", in, in})
		for _, row := range rows[1:] {
			if got := row.Record.Instant; row.Status == 0 && got != want*1e9 || (row.Status == 0) != (want != 0) {
				t.Errorf("%q: status %v, %d ns, want %d s (0: rejected)", in, row.Status, got, want)
			}
		}
	}
	for in, want := range map[string]int64{
		"0": 0, "5": 5e9, "09": 9e9, "1234567": 1_234_567e9, "00000061": 61e9, "000000061": 61e9, "5.5": 5_500_000_000, "0.000000001": 1,
		"": -1, "x": -1, "5x": -1, "-5": -1, "5 5": -1, "1:00": -1, "/5": -1, ":5": -1, "99999999": -1, "5.": -1, ".5": -1, "1e3": -1,
	} {
		rows := inChunks(t, "b,start,duration\n", "442079460958,2026-11-15T12:00:00Z,%s\n", []string{"77", in, in})
		for _, row := range rows[1:] {
			if got := row.Record.Duration.Nanos; row.Status == 0 && got != want || (row.Status == 0) != (want >= 0) {
				t.Errorf("%q: status %v, %d ns, want %d (-1: rejected)", in, row.Status, got, want)
			}
		}
	}
}
