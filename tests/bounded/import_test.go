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
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/tests/bench/gen"
)

const (
	asImport     = "TOLLBOOK_TEST_AS_IMPORT"
	importSeed   = 1
	twiceLimit   = 320     // MiB, where each rate is followed by another: the revision has two for each row
	importRows   = 100_000 // ROWS=1000000 is what CI runs
	importSheet  = 200_000 // rows of a workbook, at most
	changedOneIn = 20      // rows of the second deck
)

// A deck of a million rows, the same file again, the next one of the same carrier
// with five of a hundred prices changed, and one in which all are: each becomes a
// revision with that of the card that is sold and its image, is looked up in the
// numbering plan and compared with what there was, in bounded memory. The time is
// what the log says: it is measured, not tested.
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
	file := func(name string, oneIn int) string {
		path := filepath.Join(dir, name)
		write(t, path, func(w *bufio.Writer) { copyDeck(t, deck, w, oneIn) })
		return path
	}
	changed := (rows + changedOneIn - 1) / changedOneIn
	i := &imports{t: t, state: filepath.Join(dir, "state")}
	first := file("first.csv", 0)
	i.run(first, imported{State: "applied", Revision: 1, Rows: rows, Rates: rows, Added: rows, New: rows, Built: rows})
	again := filepath.Join(dir, "again.csv")
	if err := os.Rename(first, again); err != nil {
		t.Fatal(err)
	}
	i.run(again, imported{State: "unchanged", Revision: 1, Rates: rows})
	i.run(file("second.csv", changedOneIn), imported{
		State: "applied", Revision: 2, Rows: rows, Rates: rows + changed, Updated: changed, Unchanged: rows - changed, Same: rows - changed, Built: rows + changed,
	})
	i.run(file("third.csv", 1), imported{State: "applied", Revision: 3, Rows: rows, Rates: 2 * rows, Updated: rows - changed, Unchanged: changed, Same: changed, Built: 2 * rows})

	few := min(rows, importSheet)
	if deck, err = gen.NewDeck(importSeed, few); err != nil {
		t.Fatal(err)
	}
	book := filepath.Join(dir, "first.xlsx")
	write(t, book, func(w *bufio.Writer) { copyBook(t, deck, w) })
	i = &imports{t: t, state: filepath.Join(dir, "other")}
	i.run(book, imported{State: "applied", Revision: 1, Rows: few, Rates: few, Added: few, New: few, Built: few})
}

// imports are decks that come into one installation.
type imports struct {
	t     *testing.T
	state string
	n     int
}

// imported is what an import came to.
type imported struct {
	State                     string
	Revision                  int
	Rows                      int // of the deck
	Rates                     int // of the revision
	Added, Updated, Unchanged int
	New, Same                 int // by the comparison
	Built                     int // rates of the revision that is sold
	Stages                    []stage
}

// stage is what a part of an import took.
type stage struct {
	Name string
	CPU  int64 // milliseconds, user and system, of all threads
	Peak int64 // MiB, of the process until then
}

// run imports a deck in a process of its own, an hour after the one before.
func (i *imports) run(deck string, want imported) {
	i.t.Helper()
	name := filepath.Base(deck)
	at := time.Date(2026, 11, 20, i.n, 0, 0, 0, time.UTC)
	i.n++
	cmd := exec.Command(os.Args[0], deck, i.state, at.Format(time.RFC3339))
	cmd.Env = append(os.Environ(), asImport+"=1")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.Output()
	if err != nil {
		i.t.Fatalf("%s: %v", name, err)
	}
	var got imported
	if err := json.Unmarshal(stdout, &got); err != nil {
		i.t.Fatalf("%s: %v", name, err)
	}
	total := int64(0)
	for _, s := range got.Stages {
		total += s.CPU
		i.t.Logf("%s: %-6s %5d ms CPU, peak %3d MiB", name, s.Name, s.CPU, s.Peak)
	}
	peak := got.Stages[len(got.Stages)-1].Peak // the system counts that of this process, too
	state := cmd.ProcessState
	i.t.Logf("%s: %d ms CPU of stages, %d ms of the process, peak %d MiB", name, total, (state.UserTime() + state.SystemTime()).Milliseconds(), peak)
	limit := int64(peakLimit)
	if want.Built > 3*want.Rows/2 {
		limit = twiceLimit
	}
	if peak > limit {
		i.t.Errorf("%s: peak of %d MiB, want at most %d", name, peak, limit)
	}
	want.Stages = got.Stages
	if diff := cmp.Diff(want, got); diff != "" {
		i.t.Errorf("%s (-want +got)\n%s", name, diff)
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
