package xls_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/tollbook/tollbook/shared/xls"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// kinds writes a kind in one character.
const kinds = "?tndbe"

// rows reads a sheet: "1 A:t:text B:n:12.5" is a row, and an error is the last.
func rows(b *xls.Book, sheet int) (out []string, err error) {
	for row, err := range b.Rows(sheet) {
		if err != nil {
			return out, err
		}
		line := fmt.Sprint(row.Number)
		for _, c := range row.Cells {
			line += fmt.Sprintf(" %c:%c:%s", 'A'+c.Column, kinds[c.Kind], c.Text)
		}
		out = append(out, line)
	}
	return out, nil
}

// open opens the bytes of a workbook.
func open(file []byte, l xls.Limits) (*xls.Book, error) {
	return xls.Open(bytes.NewReader(file), int64(len(file)), l)
}

// first returns the rows of the first sheet of a workbook.
func first(t testing.TB, b xlstest.Book) []string {
	t.Helper()
	book, err := open(b.Write(), xls.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows(book, 0)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// problem returns what is wrong with a workbook: with opening it, otherwise
// with its first sheet.
func problem(t testing.TB, file []byte, l xls.Limits) string {
	t.Helper()
	book, err := open(file, l)
	if err == nil {
		_, err = rows(book, 0)
	}
	if err == nil {
		t.Fatal("it is read")
	}
	if _, ok := errors.AsType[*xls.Error](err); !ok {
		t.Fatalf("%v (%T) is no *xls.Error", err, err)
	}
	return err.Error()
}

// sheet is a workbook of one sheet.
func sheet(rows ...[]any) xlstest.Book {
	return xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Rates", Rows: rows}}}
}
