package table

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// got is one row, or what is wrong with one.
type got struct {
	Line  int64
	Cells []string
	Bad   string `json:",omitempty"`
}

func row(line int64, cells ...string) got { return got{Line: line, Cells: cells} }

// failer is what testing.T and rapid.T have in common.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func open(t failer, file []byte, o Options) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(file), int64(len(file)), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readRows(t failer, f *File, sheet int) []got {
	t.Helper()
	all, err := tryRows(f, sheet)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// tryRows reads to the end, or to the error that ends the reading.
func tryRows(f *File, sheet int) ([]got, error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []got
	for {
		row, err := rows.Next()
		var bad *RowError
		switch {
		case err == io.EOF:
			return all, nil
		case errors.As(err, &bad):
			all = append(all, got{Line: bad.Line, Bad: bad.Error()})
			continue
		case err != nil:
			return all, err
		}
		g := got{Line: row.Line}
		for _, c := range row.Cells {
			g.Cells = append(g.Cells, string(c))
		}
		all = append(all, g)
	}
}

// refused checks that a file can never be read, for a reason that has the
// words, and that the error says what to do.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	var bad *FileError
	if !errors.As(err, &bad) {
		t.Fatalf("want a FileError, got %v", err)
	}
	if bad.Remedy == "" {
		t.Errorf("%q does not say what to do", bad.Problem)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}
