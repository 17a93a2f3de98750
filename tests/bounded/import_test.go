package bounded

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/tests/bench/gen"
)

const (
	asImport     = "TOLLBOOK_TEST_AS_IMPORT"
	importSeed   = 1
	importRows   = 100_000 // ROWS=1000000 is what CI runs
	importSheet  = 200_000 // rows of a workbook, at most
	changedOneIn = 20      // rows of the second deck
)

// A deck of a million rows, and the next one of the same carrier with five of a
// hundred prices changed: each becomes a revision with its card image, is looked
// up in the numbering plan and compared with what there was, in bounded memory.
// The time is what the log says: it is measured, not tested.
func TestImportsAreBounded(t *testing.T) {
	rows := importRows
	if s := os.Getenv("ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			t.Fatalf("ROWS=%s: want a number", s)
		}
	}
	dir := t.TempDir()
	deck, err := gen.NewDeck(importSeed, rows)
	if err != nil {
		t.Fatal(err)
	}
	first, second := filepath.Join(dir, "first.csv"), filepath.Join(dir, "second.csv")
	write(t, first, func(w *bufio.Writer) { copyDeck(t, deck, w, 0) })
	write(t, second, func(w *bufio.Writer) { copyDeck(t, deck, w, changedOneIn) })
	stored := filepath.Join(dir, "first.rates")
	changed := (rows + changedOneIn - 1) / changedOneIn

	runImport(t, imported{Rows: rows, Added: rows, New: rows}, first, stored, "")
	runImport(t, imported{Rows: rows, Unchanged: rows, Same: rows}, first, filepath.Join(dir, "again.rates"), stored)
	runImport(t, imported{Rows: rows + changed, Updated: changed, Unchanged: rows - changed, Same: rows - changed}, second, filepath.Join(dir, "second.rates"), stored)

	few := min(rows, importSheet)
	if deck, err = gen.NewDeck(importSeed, few); err != nil {
		t.Fatal(err)
	}
	book := filepath.Join(dir, "first.xlsx")
	write(t, book, func(w *bufio.Writer) { copyBook(t, deck, w) })
	runImport(t, imported{Rows: few, Added: few, New: few}, book, filepath.Join(dir, "book.rates"), "")
}

// imported is what an import came to.
type imported struct {
	Rows                      int // rates of the revision
	Added, Updated, Unchanged int
	New, Same                 int // by the comparison
	Image                     string
	Stages                    []stage
}

// stage is what a part of an import took.
type stage struct {
	Name string
	CPU  int64 // milliseconds, user and system, of all threads
	Peak int64 // MiB, of the process until then
}

// runImport imports a deck in a process of its own.
func runImport(t *testing.T, want imported, deck, out, base string) {
	t.Helper()
	name := filepath.Base(deck) + " into " + filepath.Base(out)
	cmd := exec.Command(os.Args[0], deck, out, base)
	cmd.Env = append(os.Environ(), asImport+"=1")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var got imported
	if err := json.Unmarshal(stdout, &got); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	total := int64(0)
	for _, s := range got.Stages {
		total += s.CPU
		t.Logf("%s: %-10s %5d ms CPU, peak %3d MiB", name, s.Name, s.CPU, s.Peak)
	}
	peak := got.Stages[len(got.Stages)-1].Peak // the system counts that of this process, too
	state := cmd.ProcessState
	t.Logf("%s: %d ms CPU of stages, %d ms of the process, peak %d MiB", name, total, (state.UserTime() + state.SystemTime()).Milliseconds(), peak)
	if peak > peakLimit {
		t.Errorf("%s: peak of %d MiB, want at most %d", name, peak, peakLimit)
	}
	want.Image, want.Stages = got.Image, got.Stages
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %+v\nwant %+v", name, got, want)
	}
}

// copyDeck writes a deck with the dates from which its rates hold. Of one in so
// many rows, 0 for none, the price is another, from a month later on.
func copyDeck(t *testing.T, deck *gen.Deck, w io.Writer, oneIn int) {
	t.Helper()
	eachLine(t, deck, func(i int, line []byte) error {
		date := "effective_from"
		if i > 0 {
			date = "2026-11-01"
		}
		if oneIn > 0 && i > 0 && (i-1)%oneIn == 0 {
			date = "2026-12-01"
			cells := bytes.Split(line, []byte(","))
			price := cells[2]
			last := &price[len(price)-1]
			*last = '0' + (*last-'0'+1)%10
		}
		_, err := fmt.Fprintf(w, "%s,%s\n", line, date)
		return err
	})
}

// eachLine calls do for each line of a deck, the header being 0.
func eachLine(t *testing.T, deck *gen.Deck, do func(i int, line []byte) error) {
	t.Helper()
	r, w := io.Pipe()
	go func() { w.CloseWithError(deck.WriteCSV(w, gen.Rules[0])) }()
	lines := bufio.NewScanner(r)
	i := 0
	for ; lines.Scan(); i++ {
		if err := do(i, lines.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// copyBook writes a deck as a workbook with its texts in the cells.
func copyBook(t *testing.T, deck *gen.Deck, w io.Writer) {
	t.Helper()
	const types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	z := zip.NewWriter(w)
	part := func(name string) io.Writer {
		out, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, p := range [][2]string{
		{"_rels/.rels", `<Relationships><Relationship Id="rId1" Type="` + types + `officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="` + types + `worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook><sheets><sheet name="Rates" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	} {
		if _, err := io.WriteString(part(p[0]), p[1]); err != nil {
			t.Fatal(err)
		}
	}
	sheet := bufio.NewWriter(part("xl/worksheets/sheet1.xml"))
	sheet.WriteString("<worksheet><sheetData>")
	eachLine(t, deck, func(i int, line []byte) error {
		fmt.Fprintf(sheet, `<row r="%d">`, i+1)
		for column, cell := range strings.Split(string(line), ",") {
			fmt.Fprintf(sheet, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+column, i+1, cell)
		}
		_, err := sheet.WriteString("</row>\n")
		return err
	})
	sheet.WriteString("</sheetData></worksheet>")
	if err := sheet.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
