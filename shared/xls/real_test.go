package xls_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/xls"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

const data = "../../../shared/data/xls"

// real are the workbooks of two national regulators, with the number of cells
// that are not empty.
var real = []struct {
	file  string
	cells int
}{{"xls-llv-ak-E164-EN.xls", 857}, {"stuttnummarplanur-per-oktobur-2012.xls", 119}}

func realFile(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(data, name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the real workbooks are missing: %v", err)
		}
		t.Skipf("no real workbooks: %v", err)
	}
	return file
}

// place is a cell; its row is from 1, its column from 0.
type place struct {
	Sheet, Row, Column int
	Kind, Text         string
}

// every returns all cells of a workbook as its sheets have them.
func every(t *testing.T, file []byte) (out []place) {
	t.Helper()
	book, err := open(file, xls.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range book.Sheets() {
		for row, err := range book.Rows(i) {
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range row.Cells {
				out = append(out, place{i, row.Number, c.Column, c.Kind.String(), c.Text})
			}
		}
	}
	return out
}

func TestRealWorkbooksHaveAllTheirCells(t *testing.T) {
	for _, w := range real {
		t.Run(w.file, func(t *testing.T) {
			if got := len(every(t, realFile(t, w.file))); got != w.cells {
				t.Errorf("%d cells, want %d", got, w.cells)
			}
		})
	}
}

// python returns a Python that has xlrd, a reader of the same format that was
// written by others.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import xlrd").Run() == nil {
			return name
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Python with xlrd: install python3-xlrd")
	}
	t.Skip("no Python with xlrd (Debian's python3-xlrd): nothing to compare with")
	return ""
}

// theirs returns the cells of a workbook that xlrd finds. Its numbers come as
// doubles: what text they have is not its business.
func theirs(t *testing.T, python string, file []byte) (out []place) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "book.xls")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, filepath.Join("testdata", "cells.py"), path)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("xlrd: %v", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var c struct {
			place
			Number float64
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind == "number" {
			c.Text = xls.Number(c.Number)
		}
		out = append(out, c.place)
	}
	return out
}

func TestEveryCellIsTheOneThatXlrdReads(t *testing.T) {
	python := python(t)
	for _, w := range real {
		t.Run(w.file, func(t *testing.T) {
			file := realFile(t, w.file)
			if diff := cmp.Diff(theirs(t, python, file), every(t, file)); diff != "" {
				t.Errorf("cells (-xlrd +ours)\n%s", diff)
			}
		})
	}
	t.Run("of every kind", func(t *testing.T) {
		file := full().Write()
		if diff := cmp.Diff(theirs(t, python, file), every(t, file)); diff != "" {
			t.Errorf("cells (-xlrd +ours)\n%s", diff)
		}
	})
	t.Run("of 1904", func(t *testing.T) {
		file := xlstest.Book{Epoch1904: true, Sheets: sheet([]any{xlstest.Date{Serial: 40_000.75}}).Sheets}.Write()
		if diff := cmp.Diff(theirs(t, python, file), every(t, file)); diff != "" {
			t.Errorf("cells (-xlrd +ours)\n%s", diff)
		}
	})
}
