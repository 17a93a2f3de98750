package table

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

func TestWorkbookOfExcel97(t *testing.T) {
	book := xlstest.Book{Sheets: []xlstest.Sheet{
		{Name: "Old", State: 1, Rows: [][]any{{"x"}}},
		{Name: "Rates", Rows: [][]any{{"Prefix", nil, "Rate"}, nil, {49152, "", 4.9500000000000002e-2, xlstest.Date{Serial: 46288}, true}}},
		{Name: "Codes", Rows: [][]any{{"44"}}},
	}}
	f := open(t, book.Write(), Options{})
	if diff := cmp.Diff([]string{"Rates", "Codes"}, f.Sheets()); diff != "" || f.Format() != XLS {
		t.Errorf("%s: -want +got\n%s", f.Format(), diff)
	}
	want := []got{row(1, "Prefix", "", "Rate"), row(3, "49152", "", "0.0495", "2026-09-23", "TRUE")}
	for range 2 {
		if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	if diff := cmp.Diff([]got{row(1, "44")}, readRows(t, f, 1)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{`sheet "Old" is passed over: it is hidden`}, f.Warnings()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWorkbooksOfExcel97ThatAreRefused(t *testing.T) {
	open := func(b xlstest.Book) error {
		file := b.Write()
		_, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
		return err
	}
	refused(t, open(xlstest.Book{Version: 0x0500, Sheets: []xlstest.Sheet{{Name: "a"}}}), "Excel")
	refused(t, open(xlstest.Book{Sheets: []xlstest.Sheet{{Name: "a", State: 2}}}), "no visible sheet")
	refused(t, open(xlstest.Book{Globals: []xlstest.Record{{ID: 0x2F, Data: make([]byte, 54)}}, Sheets: []xlstest.Sheet{{Name: "a"}}}), "password")
}
