package xls_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/xls"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// record is a record of 16-bit numbers.
func record(id uint16, values ...uint16) xlstest.Record {
	var d []byte
	for _, v := range values {
		d = binary.LittleEndian.AppendUint16(d, v)
	}
	return xlstest.Record{ID: id, Data: d}
}

// with is a workbook of one sheet with records behind its cells.
func with(after ...xlstest.Record) xlstest.Book {
	b := sheet([]any{"Code"}, nil, []any{nil, 44})
	b.Sheets[0].After = after
	return b
}

func TestNumbersOfFourBytes(t *testing.T) {
	got := first(t, sheet([]any{
		xlstest.RK(0x3FF00000), xlstest.RK(0x3FF00001), xlstest.RK(0xFFFFFFFE), xlstest.RK(0xFFFFFFFF), xlstest.RK(0x7FFFFFFE), xlstest.RK(0x80000002),
		xlstest.RK(123456<<2 | 3),
	}))
	want := []string{"1 A:n:1 B:n:0.01 C:n:-1 D:n:-0.01 E:n:536870911 F:n:-536870912 G:n:1234.56"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// However the table of texts is split, its texts are the same: between texts,
// within characters, with a change of their width, in front of what follows them.
func TestTextsAreReadAcrossRecords(t *testing.T) {
	texts := []any{"United Kingdom", "Ελλάδα", "half Ελλάδα, half narrow: £££££", xlstest.Rich("with runs"), xlstest.Rich("Ελλάδα with runs"),
		"𝄞 takes two", "", "é", "x𝄞𝄞𝄞𝄞"}
	want := []string{"1 A:t:United Kingdom B:t:Ελλάδα C:t:half Ελλάδα, half narrow: £££££ D:t:with runs E:t:Ελλάδα with runs F:t:𝄞 takes two H:t:é I:t:x𝄞𝄞𝄞𝄞"}
	for split := 12; split < 200; split++ {
		b := sheet(texts)
		b.Split = split
		if diff := cmp.Diff(want, first(t, b)); diff != "" {
			t.Fatalf("split at %d (-want +got)\n%s", split, diff)
		}
	}
}

// A text of a formula may go on in a further record as shared texts do.
func TestTheTextOfAFormulaGoesOn(t *testing.T) {
	formula := xlstest.Record{ID: 6, Data: append([]byte{2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, make([]byte, 8)...)}
	got := first(t, xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Rates", After: []xlstest.Record{
		formula, {ID: 0x0221, Data: make([]byte, 12)}, {ID: 0x0207, Data: []byte{4, 0, 0, 'a', 'b'}}, {ID: 0x003C, Data: []byte{1, 0xA9, 0x03, 'c', 0}},
	}}}})
	if diff := cmp.Diff([]string{"3 B:t:abΩc"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Half a character of UTF-16 is the sender's; it is shown as what it is.
func TestHalfAPairIsReplaced(t *testing.T) {
	label := func(units ...uint16) xlstest.Record {
		r := record(0x0204, append([]uint16{2, 0, 0, uint16(len(units))}, units...)...)
		r.Data = append(r.Data[:8:8], append([]byte{1}, r.Data[8:]...)...)
		return r
	}
	for _, c := range []struct {
		units []uint16
		want  string
	}{
		{[]uint16{'a', 0xD834}, "a\uFFFD"},
		{[]uint16{0xD834, 'a'}, "\uFFFDa"},
		{[]uint16{0xDD1E, 'a'}, "\uFFFDa"},
		{[]uint16{0xD834, 0xD834, 0xDD1E}, "\uFFFD𝄞"},
	} {
		got := first(t, xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Rates", After: []xlstest.Record{label(c.units...)}}}})
		if diff := cmp.Diff([]string{"3 A:t:" + c.want}, got); diff != "" {
			t.Errorf("%x (-want +got)\n%s", c.units, diff)
		}
	}
}

func TestTheCellsOfAChartAreNoCells(t *testing.T) {
	chart := []xlstest.Record{
		record(0x0809, 0x0600, 0x0020, 0, 0, 0, 0, 0, 0), record(0x027E, 0, 0, 0, 6, 0),
		record(0x0809, 0x0600, 0x0020, 0, 0, 0, 0, 0, 0), {ID: 0x000A}, record(0x027E, 0, 1, 0, 6, 0), {ID: 0x000A},
	}
	b := with(append(chart, record(0x027E, 2, 2, 0, 6, 0))...)
	b.Sheets[0].Before = chart
	if diff := cmp.Diff([]string{"1 A:t:Code", "3 B:n:44 C:n:1"}, first(t, b)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Some programs write cells in the order in which they were set.
func TestTheCellsOfARowAreSorted(t *testing.T) {
	b := with(record(0x027E, 2, 9, 0, 6, 0), record(0x027E, 2, 0, 0, 10, 0), record(0x027E, 2, 5, 0, 14, 0))
	if diff := cmp.Diff([]string{"1 A:t:Code", "3 A:n:2 B:n:44 F:n:3 J:n:1"}, first(t, b)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestADateThatIsNoneStaysANumber(t *testing.T) {
	got := first(t, sheet([]any{xlstest.Date{Serial: 20_260_923}, xlstest.Date{Serial: -1, Format: "yyyy"}, xlstest.Date{Serial: 60}}))
	if diff := cmp.Diff([]string{"1 A:n:20260923 B:n:-1 C:n:60"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFormatsOfItsOwnDecideWhatIsADate(t *testing.T) {
	got := first(t, sheet([]any{
		xlstest.Date{Serial: 46_288, Format: "dd/mm/yyyy"}, xlstest.Date{Serial: 46_288, Format: `0.00" days"`}, xlstest.Date{Serial: 46_288, Format: "Δ yyyy"},
		xlstest.Formula{Value: xlstest.Date{Serial: 0.5, Format: "hh:mm"}}, 46_288,
	}))
	if diff := cmp.Diff([]string{"1 A:d:2026-09-23 B:n:46288 C:d:2026-09-23 D:d:12:00:00 E:n:46288"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A workbook may say what a built-in format looks like: then that counts.
func TestAWrittenFormatGoesBeforeTheBuiltInOne(t *testing.T) {
	b := sheet([]any{xlstest.Date{Serial: 46_288}})
	b.Globals = []xlstest.Record{{ID: 0x041E, Data: append([]byte{14, 0, 4, 0, 0}, "0.00"...)}}
	if diff := cmp.Diff([]string{"1 A:n:46288"}, first(t, b)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestASheetThatIsDamagedNamesTheCell(t *testing.T) {
	const again = ": open it in a spreadsheet program and save it again, or ask the sender for it once more"
	formula := func(value ...byte) xlstest.Record {
		d := append([]byte{2, 0, 2, 0, 0, 0}, value...)
		return xlstest.Record{ID: 6, Data: append(d, make([]byte, 8)...)}
	}
	text := formula(0, 0, 0, 0, 0, 0, 0xFF, 0xFF)
	for _, c := range []struct {
		name  string
		after []xlstest.Record
		want  string
	}{
		{"twice", []xlstest.Record{record(0x027E, 2, 1, 0, 6, 0)}, `sheet "Rates", cell B3: the file is damaged (it is there twice)` + again},
		{"earlier row", []xlstest.Record{record(0x027E, 1, 27, 0, 6, 0)},
			`sheet "Rates", cell AB2: its row comes behind row 3: open the workbook in a spreadsheet program and save it again`},
		{"same row again", []xlstest.Record{record(0x027E, 9, 0, 0, 6, 0), record(0x027E, 2, 0, 0, 6, 0)}, `cell A3: its row comes behind row 10`},
		{"unknown text", []xlstest.Record{record(0x00FD, 2, 2, 0, 1, 0)}, "cell C3: the file is damaged (it has text 1 of 1)"},
		{"unknown format", []xlstest.Record{record(0x027E, 2, 2, 2, 6, 0)}, "cell C3: the file is damaged (it has format 2 of 2)"},
		{"short number", []xlstest.Record{record(0x0203, 2, 2, 0)}, "record 0203 has 6 bytes, want at least 14"},
		{"wrong run", []xlstest.Record{record(0x00BD, 2, 2, 0, 6, 0, 3)}, "cell C3: the file is damaged (a run of numbers up to column 4 has 8 bytes)"},
		{"odd run", []xlstest.Record{record(0x00BD, 2, 2, 0, 6, 0, 0, 2)}, "a run of numbers up to column 3 has 10 bytes"},
		{"backward run", []xlstest.Record{record(0x00BD, 2, 2, 0, 6, 0, 1)}, "a run of numbers up to column 2 has 8 bytes"},
		{"unknown error", []xlstest.Record{record(0x0205, 2, 2, 0, 0x0163)}, "cell C3: the file is damaged (it holds error 99, which does not exist)"},
		{"boolean of 2", []xlstest.Record{record(0x0205, 2, 2, 0, 2)}, "cell C3: the file is damaged (it is a boolean of 2)"},
		{"formula of kind 9", []xlstest.Record{formula(9, 0, 0, 0, 0, 0, 0xFF, 0xFF)}, "cell C3: the file is damaged (its formula came to a value of kind 9)"},
		{"no text of a formula", []xlstest.Record{text, record(0x027E, 2, 3, 0, 6, 0)}, "cell C3: the file is damaged (the text that its formula came to is missing)"},
		{"no text at the end", []xlstest.Record{text}, "cell C3: the file is damaged (the text that its formula came to is missing)"},
		{"text cut off", []xlstest.Record{{ID: 0x0204, Data: []byte{2, 0, 2, 0, 0, 0, 9, 0, 0, 'a'}}}, "the text of a record 0204 is cut off"},
		{"half a character", []xlstest.Record{{ID: 0x0204, Data: []byte{2, 0, 2, 0, 0, 0, 2, 0, 1, 'a', 0, 'b'}}}, "a character of a record 0204 is cut in half"},
		{"empty continuation", []xlstest.Record{{ID: 0x0204, Data: []byte{2, 0, 2, 0, 0, 0, 2, 0, 1, 'a', 0}}, {ID: 0x003C}}, "record 003C has 0 bytes"},
	} {
		if got := problem(t, with(c.after...).Write(), xls.Limits{}); !strings.Contains(got, c.want) || !strings.HasPrefix(got, `sheet "Rates"`) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRecordsOfTheWorkbookThatLieAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		globals []xlstest.Record
		want    string
	}{
		{"four thousand million texts", []xlstest.Record{{ID: 0xFC, Data: []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 'a'}}}, "the text of a record 00FC is cut off"},
		{"two tables of texts", []xlstest.Record{{ID: 0xFC, Data: make([]byte, 8)}}, "it has two tables of texts"},
		{"runs without end", []xlstest.Record{{ID: 0xFC, Data: []byte{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 'a'}}}, "the text of a record 00FC is cut off"},
		{"sheet behind the end", []xlstest.Record{{ID: 0x85, Data: []byte{0, 0, 1, 0, 0, 0, 1, 0, 'X'}}}, `sheet "X": the file is damaged (a sheet begins at byte 65536 of`},
		{"sheet at the beginning", []xlstest.Record{{ID: 0x85, Data: []byte{0, 0, 0, 0, 0, 0, 1, 0, 'X'}}}, "where the sheet should be is a part of kind 0005"},
		{"sheet within a record", []xlstest.Record{{ID: 0x85, Data: []byte{1, 0, 0, 0, 0, 0, 1, 0, 'X'}}}, `sheet "X": the file is damaged (a part begins with record`},
		{"sheet without a name", []xlstest.Record{{ID: 0x85, Data: make([]byte, 8)}}, "a sheet has no name"},
		{"no end", []xlstest.Record{record(0x0809, 0x0600, 0x10)}, "its first part has no end"},
		{"name of a sheet cut off", []xlstest.Record{{ID: 0x85, Data: []byte{0, 0, 0, 0, 0, 0, 200, 0, 'X'}}}, "the text of a record 0085 is cut off"},
		{"short format", []xlstest.Record{record(0x041E, 164)}, "record 041E has 2 bytes, want at least 5"},
	} {
		b := with()
		b.Globals = c.globals
		if got := problem(t, b.Write(), xls.Limits{}); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLimitsAreKept(t *testing.T) {
	long := strings.Repeat("ä", 50)
	b := sheet([]any{"Code"}, nil, []any{nil, nil, long, xlstest.Label(long)}, []any{nil, nil, nil, 1})
	b.Sheets = append(b.Sheets, xlstest.Sheet{Name: "Second"})
	file := b.Write()
	for _, c := range []struct {
		name    string
		in, out xls.Limits // just enough, and one less
		want    string
	}{
		{"bytes", xls.Limits{Bytes: int64(len(file))}, xls.Limits{Bytes: int64(len(file)) - 1}, "bytes, at most"},
		{"sheets", xls.Limits{Sheets: 2}, xls.Limits{Sheets: 1}, "it has more than 1 sheets"},
		{"rows", xls.Limits{Rows: 4}, xls.Limits{Rows: 3}, `sheet "Rates", cell D4: only 3 rows are read`},
		{"columns", xls.Limits{Columns: 4}, xls.Limits{Columns: 3}, `sheet "Rates", cell D3: only 3 columns are read`},
		{"cell", xls.Limits{Cell: 100}, xls.Limits{Cell: 99}, `sheet "Rates", cell C3: its text has more than 99 bytes`},
		{"texts", xls.Limits{Strings: 4 + 100 + 2*16}, xls.Limits{Strings: 4 + 100 + 2*16 - 1}, "its texts take more than 135 bytes of memory"},
	} {
		book, err := open(file, c.in)
		if err == nil {
			_, err = rows(book, 0)
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := problem(t, file, c.out); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	// Of a text beyond the limit no more is kept than says so.
	long = strings.Repeat("x", 10_000)
	if got := problem(t, sheet([]any{long}).Write(), xls.Limits{Cell: 10, Strings: 50}); !strings.Contains(got, "cell A1: its text has more than 10 bytes") {
		t.Error(got)
	}
	// The format itself has 256 columns, though records can name more.
	wide := with(record(0x027E, 2, 256, 0, 6, 0)).Write()
	if got := problem(t, wide, xls.Limits{Columns: 1000}); !strings.Contains(got, "cell IW3: only 256 columns are read") {
		t.Error(got)
	}
	last := with(record(0x027E, 65_535, 255, 0, 6, 0))
	if got := first(t, last); !strings.HasPrefix(got[2], "65536 ") {
		t.Error(got)
	}
}

func TestReadingStopsWhenItIsNotAskedOn(t *testing.T) {
	book, err := open(large().Write(), xls.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range book.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d rows", n)
	}
}
