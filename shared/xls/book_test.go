package xls_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/xls"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// full is a workbook with a cell of every kind that there is.
func full() xlstest.Book {
	return xlstest.Book{Split: 40, Sheets: []xlstest.Sheet{
		{Name: "Preise £", Rows: [][]any{
			{"Code", "Destination", xlstest.Label("Rate"), xlstest.Rich("Valid from"), "Land: Ελλάδα"},
			nil,
			{441, "United Kingdom, which is longer than a record", 0.0495, xlstest.Date{Serial: 46_288}, "über"},
			{xlstest.RKs{4420<<2&0xFF_FF_FF | 2, 1<<2 | 3, 0x3FF00000}, xlstest.Blank(2), xlstest.Date{Serial: 46_288.520833333336}, true},
			{},
			{xlstest.Formula{Value: 2.5}, xlstest.Formula{Value: "naïve 世界"}, xlstest.Formula{Value: "shared", Shared: true},
				xlstest.Formula{Value: false}, xlstest.Formula{Value: xlstest.Error(0x2A)}, xlstest.Formula{}, xlstest.Formula{Value: xlstest.Date{Serial: 61}}},
			{xlstest.Error(0x07), "", xlstest.Date{Serial: 0.75, Format: "h:mm"}, "a text that begins narrow and goes on: " + strings.Repeat("Ελλάδα ", 9) + "and ends narrow again, in a record of its own"},
		}},
		{Name: "Chart", Kind: 2},
		{Name: "Second", State: 1, Rows: [][]any{{"Code"}}},
		{Name: "Macros", Kind: 1},
		{Name: "Third", State: 2},
	}}
}

func TestEveryKindOfCellIsRead(t *testing.T) {
	want := []string{
		"1 A:t:Code B:t:Destination C:t:Rate D:t:Valid from E:t:Land: Ελλάδα",
		"3 A:n:441 B:t:United Kingdom, which is longer than a record C:n:0.0495 D:d:2026-09-23 E:t:über",
		"4 A:n:4420 B:n:0.01 C:n:1 F:d:2026-09-23 12:30:00 G:b:TRUE",
		"6 A:n:2.5 B:t:naïve 世界 C:t:shared D:b:FALSE E:e:#N/A G:d:1900-03-01",
		"7 A:e:#DIV/0! C:d:18:00:00 D:t:a text that begins narrow and goes on: " + strings.Repeat("Ελλάδα ", 9) + "and ends narrow again, in a record of its own",
	}
	if diff := cmp.Diff(want, first(t, full())); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
}

func TestABookIsReadByManyAtOnce(t *testing.T) {
	book, err := open(full().Write(), xls.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := rows(book, 0)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if got, err := rows(book, 0); err != nil || !cmp.Equal(want, got) {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		})
	}
	group.Wait()
}

func TestOnlyWorksheetsAreListed(t *testing.T) {
	book, err := open(full().Write(), xls.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []xls.Sheet{{Name: "Preise £"}, {Name: "Second", Hidden: true}, {Name: "Third", Hidden: true}}
	if diff := cmp.Diff(want, book.Sheets()); diff != "" {
		t.Errorf("sheets (-want +got)\n%s", diff)
	}
	for i, want := range []int{5, 1, 0} {
		for range 2 { // as often as asked
			got, err := rows(book, i)
			if err != nil || len(got) != want {
				t.Errorf("sheet %d: rows %q, %v, want %d", i, got, err, want)
			}
		}
	}
	if _, err := rows(book, 3); err == nil || err.Error() != "the workbook has 3 sheets, no sheet 3" {
		t.Errorf("sheet 3: %v", err)
	}
}
