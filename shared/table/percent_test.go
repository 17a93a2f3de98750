package table

import (
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// Both kinds of workbooks say of which numbers a percentage is shown; the cell has what
// is stored.
func TestCellsShownAsPercentages(t *testing.T) {
	xlsx := written(t, func(x *excelize.File) error {
		percent, err := x.NewStyle(&excelize.Style{NumFmt: 10})
		if err != nil {
			return err
		}
		if err := setAll(x, "Sheet1", map[string]any{"A1": "x", "B2": 0.1, "C2": 0.2, "D2": 0.3, "A3": 0.4, "B3": "5%"}); err != nil {
			return err
		}
		return errors.Join(x.SetCellStyle("Sheet1", "B2", "B2", percent), x.SetCellStyle("Sheet1", "D2", "D2", percent), x.SetCellStyle("Sheet1", "B3", "C3", percent))
	})
	old := xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Sheet1", Rows: [][]any{{"x"}, {nil, xlstest.Date{Serial: 0.1, Format: "0.0%"}, 0.2, xlstest.Date{Serial: 0.3, Format: "0%"}}, {0.4, "5%"}}}}}
	for name, file := range map[string][]byte{"xlsx": xlsx, "xls": old.Write()} {
		rows, err := open(t, file, Options{}).Rows(0)
		if err != nil {
			t.Fatal(err)
		}
		type shown struct {
			cells   []string
			percent []int
		}
		var got []shown
		for {
			row, err := rows.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			s := shown{percent: append([]int(nil), row.Percent...)}
			for _, c := range row.Cells {
				s.cells = append(s.cells, string(c))
			}
			got = append(got, s)
		}
		want := []shown{{cells: []string{"x"}}, {[]string{"", "0.1", "0.2", "0.3"}, []int{1, 3}}, {cells: []string{"0.4", "5%"}}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(shown{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}
