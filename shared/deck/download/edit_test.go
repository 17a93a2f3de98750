package download_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/table"
)

// edit has a person write an action into each row of a download, or remove the
// column ("-").
func edit(t failer, format download.Format, file []byte, action string) []byte {
	t.Helper()
	if format == download.XLSX {
		return editSheet(t, file, action)
	}
	rows := rowsOf(t, file)
	for i := range rows {
		switch {
		case action == "-":
			rows[i] = rows[i][1:]
		case i > 0:
			rows[i][0] = action
		}
	}
	var out bytes.Buffer
	if format == download.CSV {
		if err := csv.NewWriter(&out).WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	var card map[string]any
	if err := json.Unmarshal(file, &card); err != nil {
		t.Fatal(err)
	}
	of := card["cards"].(map[string]any)["default"].(map[string]any)
	var fields []any
	for _, name := range rows[0] {
		fields = append(fields, map[string]any{"name": name})
	}
	of["fields"], of["rates"] = fields, rows[1:]
	text, err := json.Marshal(card)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rowsOf returns the cells of a file as people see them.
func rowsOf(t failer, file []byte) (out [][]string) {
	t.Helper()
	f, err := table.Open(bytes.NewReader(file), int64(len(file)), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.Rows(0)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, c := range row.Cells {
			cells = append(cells, string(c))
		}
		out = append(out, cells)
	}
}

var (
	rowTag     = regexp.MustCompile(`<row r="([0-9]+)">`)
	actionCell = regexp.MustCompile(`<c r="A1"[^>]*>.*?</c>`)
)

// editSheet changes the first column of a workbook's sheet.
func editSheet(t failer, file []byte, action string) []byte {
	t.Helper()
	return rewrite(t, file, func(sheet string) string {
		if action == "-" {
			return actionCell.ReplaceAllString(sheet, "")
		}
		cell := `${0}<c r="A${1}" t="inlineStr"><is><t>` + action + `</t></is></c>`
		head, rows, _ := strings.Cut(sheet, "</row>")
		return head + "</row>" + rowTag.ReplaceAllString(rows, cell)
	})
}

// rewrite changes the text of a workbook's sheet.
func rewrite(t failer, file []byte, change func(string) string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	to := zip.NewWriter(&out)
	for _, part := range in.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if part.Name == "xl/worksheets/sheet1.xml" {
			text = []byte(change(string(text)))
		}
		w, err := to.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
