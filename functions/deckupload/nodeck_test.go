package deckupload_test

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck/decktest"
	"github.com/tollbook/tollbook/shared/objects"
)

func archive(names ...string) string {
	var b strings.Builder
	z := zip.NewWriter(&b)
	for _, name := range names {
		if _, err := z.Create(name); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// Whatever is dropped, a report lies beside it: why it is refused and what would be
// right, and where its errors are, or that they are nowhere else.
func TestWhateverIsDroppedHasAReportBesideIt(t *testing.T) {
	in := functionstest.Install(t)
	check := func(name, why string, rows bool) {
		t.Helper()
		var beside report.Deck
		in.Beside("decks", name, &beside)
		if beside.Deck.State != catalog.DeckRefused || !strings.Contains(beside.Deck.Failure, why) {
			t.Errorf("%s is %s, %q; want it refused with %q", name, beside.Deck.State, beside.Deck.Failure, why)
		}
		switch comes := beside.ErrorFile != nil; {
		case comes != rows || comes && text(in, beside.ErrorFile.Name) == "":
			t.Errorf("%s comes back as %+v, and single rows are wrong: %v", name, beside.ErrorFile, rows)
		case comes == (beside.NoErrorFile != ""):
			t.Errorf("%s comes back as %+v, and %q says why not", name, beside.ErrorFile, beside.NoErrorFile)
		}
	}
	at := functionstest.Noon
	for i, f := range decktest.Files() {
		if f.Large {
			continue
		}
		data, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size))
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("carrier/%d %s", i, f.Name)
		at = at.Add(time.Minute)
		in.Drop("decks", name, string(data), at)
		if why := f.Refused; why != "" {
			check(name, why, false)
		} else if len(f.Errors) > 0 {
			check(name, f.Errors[0], true)
		}
	}
	for name, c := range map[string]struct{ text, why string }{
		"a.pdf":         {"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "the file is a PDF: ask the carrier for the workbook or the CSV it was made from"},
		"a.jpg":         {"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "the file is a picture: ask the carrier for the workbook or the CSV it was made from"},
		"a.png":         {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "the file is a picture"},
		"a.gif":         {"GIF89a\x01\x00", "the file is a picture"},
		"a.csv.gz":      {"\x1f\x8b\x08\x00", "the file is packed (gzip): unpack it and send the file that is in it"},
		"rates.zip":     {archive("rates.csv"), "a zip archive of 1 files, not a workbook: unpack it and send the file that is in it"},
		"a.xlsb":        {archive("_rels/.rels", "xl/workbook.bin"), "the workbook is binary (.xlsb): open it in a spreadsheet program and save it as .xlsx or CSV"},
		"a.ods":         {archive("mimetype", "content.xml"), "an OpenDocument file (.ods): save it as .xlsx or CSV"},
		"a.docx":        {archive("_rels/.rels", "word/document.xml"), "a text document (.docx): copy its table to a spreadsheet"},
		"blank.csv":     {"\n \n", "nothing but blank lines: send the file again, whole"},
		"letter.txt":    {"Dear Sir or Madam,\nour rates have changed.\n", "not a readable rate deck"},
		"header.csv":    {"prefix,price\n", "there is no row of rates below the header"},
		"closed.csv":    {"prefix,price,change\n44,0.1,closed\n", "the card would have no rates after the deck"},
		"names.csv":     {"name,price\nUK,0.1\n", "want a column of codes, a sheet with the codes of the names, or a list of destinations"},
		"noprice.csv":   {"prefix,name\n44,UK\n", "price"},
		"prices.csv":    {"prefix,price,new price\n44,0.1,0.2\n", "price"},
		"dollars.csv":   {"prefix,price,currency\n44,0.1,USD\n", "the deck's prices are in USD and the card's in GBP"},
		"list.json":     {`{"cards": 1}`, "the JSON has no list of rows"},
		"twice.json":    {`[{"prefix":"44","price":1}] []`, "the JSON goes on behind its first value"},
		"page.xls":      {"<html><table><tr><td>prefix</td></tr></table>", "the file is a web page, whatever its name: open it in a spreadsheet program"},
		"statement.xml": {"<?xml version='1.0'?><rates/>", "the file is XML: send a workbook (.xlsx, .xls), CSV or JSON"},
	} {
		in.Drop("decks", "carrier/"+name, c.text, at)
		check("carrier/"+name, c.why, false)
	}
	// Larger than any, by its event; and gone before it could be read.
	for name, c := range map[string]struct {
		size int64
		why  string
	}{
		"carrier/huge.csv": {catalog.MaxDeck + 1, "the deck has 134217729 bytes, want at most 134217728"},
		"carrier/gone.csv": {20, "the deck is gone"},
	} {
		in.Object("decks", objects.Info{Name: name, Generation: strings.Repeat("0", 64), Size: c.size}, at)
		check(name, c.why, false)
	}
}
