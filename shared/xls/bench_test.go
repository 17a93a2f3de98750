package xls_test

import (
	"strconv"
	"testing"

	"github.com/tollbook/tollbook/shared/xls"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// deck is a workbook of rates, 40,000 rows of six columns.
func deck() []byte {
	const n = 40_000
	b := sheet([]any{"Code", "Destination", "Rate", "Valid from", "Increment", "Change"})
	for i := range n {
		b.Sheets[0].Rows = append(b.Sheets[0].Rows, []any{
			441_000 + i, "Destination " + strconv.Itoa(i%5000), float64(i%997) / 10_000, xlstest.Date{Serial: 46_288, Format: "dd/mm/yyyy"}, "60/1", 1,
		})
	}
	return b.Write()
}

func BenchmarkRows(b *testing.B) {
	file := deck()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		book, err := open(file, xls.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range book.Rows(0) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 40_001 {
			b.Fatal(n)
		}
	}
}
