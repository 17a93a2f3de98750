package xls_test

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/xls"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

func TestWhatIsNoWorkbookIsRefusedWithAWayOut(t *testing.T) {
	plain := sheet([]any{"Code"})
	encrypted := plain
	encrypted.Globals = []xlstest.Record{{ID: 0x2F, Data: make([]byte, 54)}}
	old, future := plain, plain
	old.Version, future.Version = 0x0500, 0x0700
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "the file is empty"},
		{"xlsx", []byte("PK\x03\x04 and so on"), "give it the ending .xlsx"},
		{"web page", []byte("\xEF\xBB\xBF\r\n <html><table>"), "it is a web page or XML under the name of a workbook"},
		{"CSV", []byte("Code;Rate\n44;0.01\n"), "it is no Excel workbook (.xls): save it as .xlsx or CSV"},
		{"Excel 2", []byte("\x09\x00\x04\x00\x02\x00\x10\x00"), "Excel 95 or older"},
		{"Excel 4", []byte("\x09\x04\x06\x00\x00\x00\x10\x00\x00\x00"), "Excel 95 or older"},
		{"BIFF5", old.Write(), "Excel 95 or older"},
		{"BIFF5 by name", xlstest.Container(xlstest.Entry{Name: "Book", Data: old.Stream()}), "save it as .xlsx"},
		{"newer", future.Write(), "version 0700 of the format is unknown"},
		{"encrypted", encrypted.Write(), "it is encrypted: remove its password"},
		{"encrypted xlsx", xlstest.Container(xlstest.Entry{Name: "EncryptionInfo", Data: []byte{4}}, xlstest.Entry{Name: "EncryptedPackage", Data: []byte{1}}),
			"it is encrypted: remove its password"},
		{"letter", xlstest.Container(xlstest.Entry{Name: "WordDocument", Data: []byte{1}}), "another document of Microsoft Office"},
		{"no entries", xlstest.Container(), "another document of Microsoft Office"},
		{"no records", xlstest.Container(xlstest.Entry{Name: "Workbook"}), "its records take 0 bytes"},
		{"charts only", xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Chart", Kind: 2}}}.Write(), "it has no worksheet"},
		{"short", plain.Write()[:300], "it ends within its header"},
		{"other records", xlstest.Container(xlstest.Entry{Name: "Workbook", Data: make([]byte, 100)}), "a part begins with record 0000"},
	} {
		if got := problem(t, c.file, xls.Limits{}); !strings.Contains(got, c.want) || !strings.HasPrefix(got, "not a readable workbook: ") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Some programs name the stream as Excel 95 did, or in capitals.
func TestTheStreamIsFoundUnderItsOtherNames(t *testing.T) {
	stream := sheet([]any{"Code"}).Stream()
	old := sheet([]any{"old"})
	old.Version = 0x0500
	for _, entries := range [][]xlstest.Entry{
		{{Name: "WORKBOOK", Data: stream}},
		{{Name: "BOOK", Data: stream}},
		{{Name: "Book", Data: old.Stream()}, {Name: "Workbook", Data: stream}},
		{{Name: "Workbook", Data: stream}, {Name: "Book", Data: old.Stream()}},
	} {
		book, err := open(xlstest.Container(entries...), xls.Limits{})
		if err != nil {
			t.Errorf("%s: %v", entries[0].Name, err)
			continue
		}
		if got, err := rows(book, 0); err != nil || !cmp.Equal(got, []string{"1 A:t:Code"}) {
			t.Errorf("%s: %q, %v", entries[0].Name, got, err)
		}
	}
}

// all reads every sheet, each up to its error, and returns the first error.
func all(file []byte) (out []string, first error) {
	book, err := open(file, xls.Limits{})
	if err != nil {
		return nil, err
	}
	for i := range book.Sheets() {
		got, err := rows(book, i)
		out = append(out, got...)
		if first == nil {
			first = err
		}
	}
	return out, first
}

func TestAFileThatIsCutOffAnywhereIsRefused(t *testing.T) {
	file := full().Write()
	for n := range len(file) {
		got, err := all(file[:n])
		if e, ok := errors.AsType[*xls.Error](err); !ok || len(got) > 0 {
			t.Fatalf("the first %d of %d bytes: rows %q, %v (%v)", n, len(file), got, err, e)
		}
	}
}

func TestRecordsThatAreCutOffAnywhereEndInAnError(t *testing.T) {
	stream := full().Stream()
	want, err := all(xlstest.Container(xlstest.Entry{Name: "Workbook", Data: stream}))
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	for n := range len(stream) {
		got, err := all(xlstest.Container(xlstest.Entry{Name: "Workbook", Data: stream[:n]}))
		if _, ok := errors.AsType[*xls.Error](err); !ok {
			t.Fatalf("the first %d of %d bytes: %v", n, len(stream), err)
		}
		if len(got) > len(want) || !cmp.Equal(got, want[:len(got)], cmp.Transformer("nil", func(s []string) string { return strings.Join(s, "\n") })) {
			t.Fatalf("the first %d of %d bytes: rows %q", n, len(stream), got)
		}
		some = max(some, len(got))
	}
	if some != len(want) { // only the end of the last sheet, which has no rows, is missing
		t.Errorf("at most %d rows are read, want %d", some, len(want))
	}
}

// A damaged byte may go unnoticed, as in a text; it must not do worse.
func TestNoByteBringsTheReaderDown(t *testing.T) {
	file := full().Write()
	for i := range file {
		for _, b := range []byte{0, 0xFF, file[i] + 1} {
			was := file[i]
			file[i] = b
			_, err := all(file)
			file[i] = was
			if _, ok := errors.AsType[*xls.Error](err); err != nil && !ok {
				t.Fatalf("byte %d is %02X: %v (%T)", i, b, err, err)
			}
		}
	}
}

// put writes a number of 4 bytes into a copy of a file.
func put(file []byte, at int, v uint32) []byte {
	file = slices.Clone(file)
	binary.LittleEndian.PutUint32(file[at:], v)
	return file
}

// large is a workbook whose stream is no short one.
func large() xlstest.Book {
	b := sheet()
	for i := range 600 {
		b.Sheets[0].Rows = append(b.Sheets[0].Rows, []any{i, 0.5})
	}
	return b
}

func TestAContainerThatLiesIsRefused(t *testing.T) {
	const table = 512 // where the table of chains is
	file := large().Write()
	if _, err := all(file); err != nil {
		t.Fatal(err)
	}
	sectors := uint32(len(file)/512 - 1)
	directory := binary.LittleEndian.Uint32(file[48:])
	entry := 512 + 512*int(directory) + 128 // of the stream
	short := full().Write()
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"sectors of 2 GB", put(file, 30, 31|6<<16), "its sectors have 2^31 bytes"},
		{"many directory sectors", put(file, 40, 1<<31), "it claims 2147483648 sectors of directory"},
		{"many tables", put(file, 44, 1<<30), "sectors of allocation"},
		{"many short tables", put(file, 64, 1<<30), "sectors of short allocation"},
		{"many tables of tables", put(file, 72, 1<<30), "sectors of double allocation"},
		{"no directory", put(file, 48, 0xFFFFFFFE), "no directory entries"},
		{"directory behind the end", put(file, 48, sectors+7), "damaged"},
		{"directory goes round", put(file, table+4*int(directory), directory), "cycle"},
		{"stream larger than the file", put(file, entry+120, 1<<31), "its records take 2147483648 bytes"},
		{"stream goes round", put(file, table+4*5, 1), "damaged"},
		{"stream ends early", put(file, table+4*5, 0xFFFFFFFE), "damaged"},
		{"stream goes on into nothing", put(file, table+4*5, 0xFFFFFFFF), "damaged"},
		{"last sector of the stream is missing", put(file, table+4*int(directory-2), 0xFFFFFFFF), "a chain of sectors ends too early"},
		{"stream goes on behind the end", put(file, table+4*5, 1<<20), "damaged"},
		{"stream begins nowhere", put(file, entry+116, 0xFFFFFFFF), "damaged"},
		{"entry has itself on its left", put(file, entry+68, 1), "damaged"},
		{"entry has the root below", put(file, entry+76, 0), "damaged"},
		{"root without short sectors", put(short, 512+512*int(binary.LittleEndian.Uint32(short[48:]))+116, 0xFFFFFFFE), "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := problem(t, c.file, xls.Limits{}); !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// mscfb's memory grows with the square of nested entries.
func TestALongDirectoryIsRefused(t *testing.T) {
	entries := make([]xlstest.Entry, 2047) // and the root
	entries[100] = xlstest.Entry{Name: "Workbook", Data: sheet([]any{"Code"}).Stream()}
	if got, err := all(xlstest.Container(entries...)); err != nil || len(got) != 1 {
		t.Errorf("2,048 entries: %q, %v", got, err)
	}
	entries = append(entries, make([]xlstest.Entry, 600)...)
	const want = "its directory has more than 2048 entries: save it as .xlsx"
	if got := problem(t, xlstest.Container(entries...), xls.Limits{}); !strings.Contains(got, want) {
		t.Errorf("2,648 entries: %q, want %q", got, want)
	}
}

func TestNestedEntriesTakeBoundedMemory(t *testing.T) {
	const n = 10_000 // their paths would take 800 MB
	file := xlstest.Container(make([]xlstest.Entry, n)...)
	at := 512 + 512*int(binary.LittleEndian.Uint32(file[48:]))
	for i := 1; i < n; i++ {
		entry := file[at+128*i:]
		binary.LittleEndian.PutUint32(entry[76:], binary.LittleEndian.Uint32(entry[72:]))
		binary.LittleEndian.PutUint32(entry[72:], 0xFFFFFFFF)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := problem(t, file, xls.Limits{})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 || !strings.Contains(got, "its directory has more than 2048 entries") {
		t.Errorf("%d bytes: %q", took, got)
	}
}

// A spreadsheet within a letter is not what the file is.
func TestAWorkbookInsideAnotherDocumentIsNotTheFile(t *testing.T) {
	file := xlstest.Container(xlstest.Entry{Name: "ObjectPool"}, xlstest.Entry{Name: "Workbook", Data: sheet([]any{"Code"}).Stream()})
	if _, err := all(file); err != nil {
		t.Fatal(err)
	}
	pool := file[512+512*int(binary.LittleEndian.Uint32(file[48:]))+128:]
	pool[66] = 1                                      // a folder
	binary.LittleEndian.PutUint32(pool[72:], 1<<32-1) // nothing beside it,
	binary.LittleEndian.PutUint32(pool[76:], 2)       // the workbook in it
	if got := problem(t, file, xls.Limits{}); !strings.Contains(got, "another document of Microsoft Office") {
		t.Error(got)
	}
}

var errBroken = errors.New("the disk is broken")

// broken fails from some byte on.
type broken struct {
	io.ReaderAt
	from int64
}

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.from {
		return 0, errBroken
	}
	return b.ReaderAt.ReadAt(p, off)
}

// The file may be sound: the next try may read it.
func TestAnErrorOfReadingIsNotOneOfTheFile(t *testing.T) {
	b := large()
	for i := range 12_000 {
		b.Sheets[0].Rows = append(b.Sheets[0].Rows, []any{i, 0.5})
	}
	file := b.Write()
	for _, from := range []int{0, 100, 100_000, 300_000, len(file) - 1} {
		r := broken{strings.NewReader(string(file)), int64(from)}
		book, err := xls.Open(r, int64(len(file)), xls.Limits{})
		if err == nil {
			_, err = rows(book, 0)
		}
		if _, ok := errors.AsType[*xls.Error](err); ok || !errors.Is(err, errBroken) {
			t.Errorf("broken from byte %d on: %v (%T)", from, err, err)
		}
	}
	if _, err := xls.Open(strings.NewReader(string(file[:1000])), int64(len(file)), xls.Limits{}); !errors.Is(err, io.EOF) {
		t.Errorf("a file that is shorter than was said: %v", err)
	}
	// It breaks only when the rows are asked for.
	at := broken{strings.NewReader(string(file)), int64(len(file))}
	book, err := xls.Open(&at, int64(len(file)), xls.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	at.from = 0
	if _, err := rows(book, 0); !errors.Is(err, errBroken) {
		t.Errorf("broken between Open and Rows: %v", err)
	}
}
