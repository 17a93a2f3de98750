package table

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// written returns what build writes as .xlsx, by a library that knows nothing
// of this reader.
func written(t failer, build func(x *excelize.File) error) []byte {
	t.Helper()
	x := excelize.NewFile()
	defer x.Close()
	if err := build(x); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func setAll(x *excelize.File, sheet string, cells map[string]any) error {
	for at, v := range cells {
		if err := x.SetCellValue(sheet, at, v); err != nil {
			return err
		}
	}
	return nil
}

func TestWorkbookGivesWhatIsStored(t *testing.T) {
	day := time.Date(2026, 9, 23, 0, 0, 0, 0, time.UTC)
	file := written(t, func(x *excelize.File) error {
		percent, err := x.NewStyle(&excelize.Style{NumFmt: 10})
		if err != nil {
			return err
		}
		if err := setAll(x, "Sheet1", map[string]any{
			"A1": "Prefix", "B1": "Rate", "C1": "From",
			"A3": 49152, "B3": 0.0495, "C3": day,
			"A4": "00447", "B4": 0.1 + 0.2, "C4": day.Add(12*time.Hour + 30*time.Minute),
			"A5": true, "B5": 1.4e10, "D5": " two\nlines & <more> ",
			"A6": -0.5, "B6": 0.25, "F6": "",
		}); err != nil {
			return err
		}
		if err := x.SetCellStyle("Sheet1", "B6", "B6", percent); err != nil {
			return err
		}
		return x.SetCellRichText("Sheet1", "A7", []excelize.RichTextRun{{Text: "Ger"}, {Text: "many", Font: &excelize.Font{Bold: true}}})
	})
	f := open(t, file, Options{})
	want := []got{
		row(1, "Prefix", "Rate", "From"),
		row(3, "49152", "0.0495", "2026-09-23"),
		row(4, "00447", "0.3", "2026-09-23 12:30:00"),
		row(5, "TRUE", "14000000000", "", " two\nlines & <more> "),
		row(6, "-0.5", "0.25"),
		row(7, "Germany"),
	}
	if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
		t.Errorf("read again: -want +got\n%s", diff)
	}
	if f.Format() != XLSX || f.Delimiter() != "" || f.Charset() != "" || f.Facts() != nil {
		t.Errorf("%s, %q, %q, %v", f.Format(), f.Delimiter(), f.Charset(), f.Facts())
	}
}
