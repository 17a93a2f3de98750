package cdr

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// readCut cuts a file and reads its ranges, as slices of the work do: each
// alone, from no more of the file than it has.
func readCut(t failer, file string, feed Feed, n, buffer int, k knobs) (rows []Row, ranges []Range) {
	t.Helper()
	layout, err := layoutThroughJSON(t, file, feed)
	if err != nil {
		t.Fatal(err)
	}
	if ranges, err = layout.cut(strings.NewReader(file), int64(len(file)), n, buffer); err != nil {
		t.Fatal(err)
	}
	at, line := layout.First, layout.Lines+1
	for _, r := range ranges {
		if r.First != at || r.Line != line || r.Last <= r.First || r.Lines < 1 {
			t.Fatal("range", r, "want one from offset", at, "line", line)
		}
		at, line = r.Last, r.Line+r.Lines
		chunks, err := openRange(strings.NewReader(file[layout.Start(r.First):r.Last]), feed, layout, r.First, r.Last, k.chunk)
		if err != nil {
			t.Fatal(err)
		}
		chunks.Number(r.Line)
		more, err := parseAll(t, chunks, k)
		if err != nil || chunks.Lines() != r.Lines {
			t.Fatal("range", r, "has lines", chunks.Lines(), err)
		}
		rows = append(rows, more...)
	}
	if at != int64(len(file)) || len(ranges) > n {
		t.Fatal(len(ranges), "ranges end at", at, "want at most", n, "to", len(file))
	}
	return rows, ranges
}

func TestACutFileHasItsRowsOnTheirLines(t *testing.T) {
	for _, feed := range []Feed{generic, asterisk, set(generic)} {
		t.Run(string(feed.Format), rapid.MakeCheck(func(t *rapid.T) {
			file := strings.ReplaceAll(oddFiles(feed).Draw(t, "file"), `"`, "q")
			want := readRows(strings.NewReader(file), feed)
			if want.Err != "" {
				return
			}
			n, buffer := rapid.IntRange(1, 12).Draw(t, "ranges"), rapid.SampledFrom([]int{1, 2, 3, 7, 50, cutBuffer}).Draw(t, "buffer")
			got, _ := readCut(t, file, feed, n, buffer, drawKnobs(t))
			if diff := cmp.Diff(want.Rows, got); diff != "" {
				t.Fatalf("%.2000q in %d, %d bytes at a time: -whole +cut\n%.4000s", file, n, buffer, diff)
			}
		}))
	}
}

func TestRangesOfACut(t *testing.T) {
	const head, row = "b,start,duration\n", "441,1136214245,5\n" // of 17 bytes each
	for name, c := range map[string]struct {
		file string
		n    int
		want []Range
	}{
		"even":                    {head + row + row + row + row, 2, []Range{{17, 51, 2, 2}, {51, 85, 4, 2}}},
		"one":                     {head + row + row, 1, []Range{{17, 51, 2, 2}}},
		"more than there are":     {head + row + row, 9, []Range{{17, 34, 2, 1}, {34, 51, 3, 1}}},
		"header only":             {head, 4, nil},
		"header without its end":  {strings.TrimSpace(head), 4, nil},
		"last line without end":   {head + row + strings.TrimSpace(row), 2, []Range{{17, 34, 2, 1}, {34, 50, 3, 1}}},
		"mark, blank lines":       {"\uFEFF\r\n" + head + "\r\n\r\n" + row, 2, []Range{{22, 43, 3, 3}}},
		"carriage returns":        {head + strings.ReplaceAll(row+row, "\n", "\r"), 2, []Range{{17, 34, 2, 1}, {34, 51, 3, 1}}},
		"both":                    {head + strings.ReplaceAll(row+row, "\n", "\r\n"), 2, []Range{{17, 35, 2, 1}, {35, 53, 3, 1}}},
		"a line of several parts": {head + "x" + strings.Repeat("x", 99) + "\n" + row + row, 5, []Range{{17, 118, 2, 1}, {118, 135, 3, 1}, {135, 152, 4, 1}}},
	} {
		for _, buffer := range []int{1, 2, 16, 17, 18, cutBuffer} {
			if _, got := readCut(t, c.file, generic, c.n, buffer, knobs{chunkSize, 8}); cmp.Diff(c.want, got) != "" {
				t.Errorf("%s, %d bytes at a time: %s", name, buffer, cmp.Diff(c.want, got))
			}
		}
	}
}

func TestWhatCannotBeCut(t *testing.T) {
	const head, row = "\"b\",start,duration\n", "441,1136214245,5\n"
	layout, err := layoutThroughJSON(t, head+row, generic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := layout.Cut(strings.NewReader(head+row+`"`), 100, 2); !errors.Is(err, ErrQuoted) {
		t.Errorf("a quote behind the header: %v, want ErrQuoted", err)
	}
	if _, err := layout.Cut(strings.NewReader(head+row), 100, 2); err != nil {
		t.Errorf("a quote in the header: %v", err)
	}
	broken := errors.New("broken")
	if _, err := layout.Cut(io.MultiReader(strings.NewReader(head+row), iotest.ErrReader(broken)), 100, 2); !errors.Is(err, broken) {
		t.Errorf("an input that fails: %v", err)
	}
	if _, err := layout.Cut(strings.NewReader(head[:5]), 100, 2); err == nil {
		t.Error("a file that is shorter than its header: no error")
	}
	layout.Packing = Gzip
	if _, err := layout.Cut(strings.NewReader(head+row), 100, 2); err == nil {
		t.Error("a packed file: no error")
	}
}
