package xls_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/xls"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// drawn is a cell to be written and what is to be read of it; no kind for none.
type drawn struct {
	write any
	kind  xls.Kind
	text  string
}

func words() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune{'a', '0', ' ', 'é', 'ÿ', 'Ω', '世', '𝄞', '\n'}), 0, 60, -1)
}

func textCell(write any, text string) drawn {
	if text == "" {
		return drawn{write: write}
	}
	return drawn{write, xls.KindText, text}
}

func numberCell(write any, v float64) drawn { return drawn{write, xls.KindNumber, xls.Number(v)} }

func drawCell(t *rapid.T) drawn {
	number := rapid.Float64Range(-1e12, 1e12)
	formula := func(d drawn, v any) drawn {
		return drawn{xlstest.Formula{Value: v, Shared: rapid.Bool().Draw(t, "shared")}, d.kind, d.text}
	}
	switch rapid.IntRange(0, 13).Draw(t, "kind") {
	case 0:
		return drawn{}
	case 1, 2:
		s := words().Draw(t, "text")
		return textCell(s, s)
	case 3:
		s := words().Draw(t, "text")
		return textCell(xlstest.Rich(s), s)
	case 4:
		s := words().Draw(t, "text")
		return textCell(xlstest.Label(s), s)
	case 5:
		v := number.Draw(t, "number")
		return numberCell(v, v)
	case 6:
		v := rapid.IntRange(-1<<29, 1<<29-1).Draw(t, "integer")
		return numberCell(v, float64(v))
	case 7:
		v := rapid.IntRange(-1<<29, 1<<29-1).Draw(t, "hundredths")
		return numberCell(xlstest.RK(uint32(v)<<2|3), float64(v)/100)
	case 8:
		bits := rapid.Uint32Range(1<<20, 0x7FEFFFFF).Draw(t, "upper half") &^ 3
		return numberCell(xlstest.RK(bits), math.Float64frombits(uint64(bits)<<32))
	case 9:
		serial := float64(rapid.IntRange(61, 2_958_465).Draw(t, "day")) + float64(rapid.IntRange(0, 86_399).Draw(t, "second"))/86_400
		text, _ := xls.DateText(serial, false)
		return drawn{xlstest.Date{Serial: serial, Format: rapid.SampledFrom([]string{"", "d/m/yy", "yyyy"}).Draw(t, "format")}, xls.KindDate, text}
	case 10:
		if rapid.Bool().Draw(t, "bool") {
			return drawn{true, xls.KindBool, "TRUE"}
		}
		return drawn{xlstest.Error(0x2A), xls.KindError, "#N/A"}
	case 11:
		v := number.Draw(t, "number")
		return formula(numberCell(v, v), v)
	case 12:
		s := words().Draw(t, "text")
		return formula(textCell(s, s), s)
	default:
		return formula(drawn{kind: xls.KindBool, text: "FALSE"}, false)
	}
}

// Whatever cells a workbook has come back, in their places.
func TestWhateverCellsThereAreComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := xlstest.Book{Split: rapid.IntRange(12, 300).Draw(t, "split")}
		type table []xls.Row
		want := make([]table, rapid.IntRange(1, 3).Draw(t, "sheets"))
		for i := range want {
			s := xlstest.Sheet{Name: "x" + words().Draw(t, "name"), Rows: make([][]any, rapid.IntRange(0, 12).Draw(t, "rows"))}
			for r := range s.Rows {
				row := xls.Row{Number: r + 1}
				for c := range rapid.IntRange(0, 8).Draw(t, "columns") {
					d := drawCell(t)
					s.Rows[r] = append(s.Rows[r], d.write)
					if d.kind != 0 {
						row.Cells = append(row.Cells, xls.Cell{Column: c, Kind: d.kind, Text: d.text})
					}
				}
				if len(row.Cells) > 0 {
					want[i] = append(want[i], row)
				}
			}
			b.Sheets = append(b.Sheets, s)
		}
		book, err := open(b.Write(), xls.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range book.Sheets() {
			if s.Name != b.Sheets[i].Name {
				t.Errorf("sheet %d is %q, want %q", i, s.Name, b.Sheets[i].Name)
			}
			var got table
			for row, err := range book.Rows(i) {
				if err != nil {
					t.Fatal(err)
				}
				row.Cells = append([]xls.Cell(nil), row.Cells...)
				got = append(got, row)
			}
			if diff := cmp.Diff(want[i], got); diff != "" {
				t.Fatalf("sheet %d (-want +got)\n%s", i, diff)
			}
		}
	})
}

// check reads a file that may be anything, and holds what is read against what
// is promised.
func check(t *testing.T, file []byte) {
	const most = 200
	book, err := open(file, xls.Limits{Cell: most, Sheets: 20, Strings: 1 << 20})
	if err != nil {
		return
	}
	if len(book.Sheets()) == 0 {
		t.Error("no sheet, and no error")
	}
	for i, s := range book.Sheets() {
		if !utf8.ValidString(s.Name) {
			t.Errorf("the name %q is not UTF-8", s.Name)
		}
		last := 0
		for row, err := range book.Rows(i) {
			if err != nil {
				if !strings.HasPrefix(err.Error(), "sheet ") {
					t.Errorf("%v does not name its sheet", err)
				}
				break
			}
			if row.Number <= last || row.Number > xls.MaxRows || len(row.Cells) == 0 || len(row.Cells) > xls.MaxColumns {
				t.Errorf("row %d behind %d with %d cells", row.Number, last, len(row.Cells))
			}
			last = row.Number
			column := -1
			for _, c := range row.Cells {
				if c.Column <= column || c.Kind < xls.KindText || c.Kind > xls.KindError || c.Text == "" || len(c.Text) > most || !utf8.ValidString(c.Text) {
					t.Errorf("row %d: %+v behind column %d", row.Number, c, column)
				}
				column = c.Column
			}
		}
	}
}

// seeds are workbooks for the fuzzer to begin with.
func seeds() []xlstest.Book {
	encrypted, old, dates := sheet([]any{"Code"}), sheet([]any{"Code"}), full()
	encrypted.Globals = []xlstest.Record{{ID: 0x2F, Data: make([]byte, 6)}}
	old.Version = 0x0500
	dates.Epoch1904, dates.Split = true, 0
	return []xlstest.Book{full(), encrypted, old, dates, sheet(), sheet([]any{xlstest.RKs{2, 6, 10}, 0.5, xlstest.Formula{Value: "x"}})}
}

// Whatever the file is, it is read within its promises or refused.
func FuzzOpen(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b.Write())
	}
	f.Fuzz(func(t *testing.T, file []byte) { check(t, file) })
}

// And so it is where the container is sound and its records are anything.
func FuzzRecords(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b.Stream())
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		if len(stream) > 1<<20 {
			return
		}
		check(t, xlstest.Container(xlstest.Entry{Name: "Workbook", Data: stream}))
	})
}
