package cdr

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// layoutThroughJSON returns a file's layout as a slice of the work gets it.
func layoutThroughJSON(t failer, file string, feed Feed) (l Layout, err error) {
	t.Helper()
	read, err := ReadLayout(strings.NewReader(file), feed, Limits{})
	if err != nil {
		return l, err
	}
	text, err := json.Marshal(read)
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if diff := cmp.Diff(read, l); diff != "" || err != nil {
		t.Fatal("layout through JSON:", err, diff)
	}
	return l, nil
}

// readRanges reads a file cut at offsets, the first 0 and the last its size.
func readRanges(t failer, file string, feed Feed, cuts []int, k knobs) (rows []Row, err error) {
	t.Helper()
	layout, err := layoutThroughJSON(t, file, feed)
	if err != nil {
		return nil, err
	}
	lines := layout.Lines
	for i, first := range cuts[:len(cuts)-1] {
		src := strings.NewReader(file[min(int(layout.Start(int64(first))), len(file)):])
		chunks, err := openRange(src, feed, layout, int64(first), int64(cuts[i+1]), k.chunk)
		if err != nil {
			return nil, err
		}
		more, err := parseAll(t, chunks, k)
		if err != nil {
			return nil, err
		}
		for _, r := range more {
			r.Line += lines
			rows = append(rows, r)
		}
		lines += chunks.Lines()
	}
	if ends := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(file, "\uFEFF")); int64(len(strings.SplitAfter(strings.TrimSuffix(ends, "\n"), "\n"))) != lines && ends != "" {
		t.Fatal("the ranges have ", lines, " lines")
	}
	return rows, nil
}

func TestRangesOfAFileAreItsRows(t *testing.T) {
	for _, feed := range []Feed{generic, asterisk, freeSWITCH, set(generic), trunks(generic)} {
		t.Run(string(feed.Format), rapid.MakeCheck(func(t *rapid.T) {
			file := strings.ReplaceAll(oddFiles(feed).Draw(t, "file"), `"`, "q")
			want := readRows(strings.NewReader(file), feed)
			if want.Err != "" {
				return
			}
			cuts := append(rapid.SliceOfN(rapid.IntRange(0, len(file)), 0, 12).Draw(t, "cuts"), 0, len(file))
			slices.Sort(cuts)
			k := drawKnobs(t)
			got, err := readRanges(t, file, feed, cuts, k)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Rows, got); diff != "" {
				t.Fatalf("%+v %.2000q cut at %d: -whole +ranges\n%.4000s", k, file, cuts, diff)
			}
		}))
	}
}

func TestEveryCutOfAFileGivesItsRows(t *testing.T) {
	const file = "\uFEFF\r\n\"b\nb\";b;start;duration\r\n\r\n1;441;1136214245;5\r\r\n2;442;1136214245;6\n \n\n;443;1136214245;7\r\n;x"
	want := readRows(strings.NewReader(file), generic)
	if len(want.Rows) != 4 || want.Rows[3].Line != 11 {
		t.Fatal(want)
	}
	for a := range len(file) + 1 {
		for b := a; b <= len(file); b++ {
			got, err := readRanges(t, file, generic, []int{0, a, b, len(file)}, knobs{1, 1})
			if diff := cmp.Diff(want.Rows, got); diff != "" || err != nil {
				t.Fatalf("cut at %d and %d: %v -whole +ranges\n%s", a, b, err, diff)
			}
		}
	}
}

func TestAQuoteInARangeIsAnError(t *testing.T) {
	const head, row = "\"b\",start,duration\n", "441,1136214245,5\n"
	file := head + row + row + "\"442\",1136214245,5\n" + row
	layout, err := layoutThroughJSON(t, file, generic)
	if err != nil || layout.First != int64(len(head)) || layout.Lines != 1 {
		t.Fatalf("layout %+v, %v", layout, err)
	}
	at := int64(strings.Index(file, "\"442"))
	for _, tc := range []struct {
		first, last int64
		want        error
	}{
		{0, int64(len(file)), ErrQuoted}, {0, at, nil}, {at - 1, at, nil}, {0, at + 1, ErrQuoted}, {at, at + 1, ErrQuoted}, {at + 1, int64(len(file)), nil},
	} {
		chunks, err := OpenRange(strings.NewReader(file[layout.Start(tc.first):]), generic, layout, tc.first, tc.last)
		if err == nil {
			_, err = parseAll(t, chunks, knobs{1, 1})
		}
		if !errors.Is(err, tc.want) {
			t.Errorf("from %d to %d: %v, want %v", tc.first, tc.last, err, tc.want)
		}
	}
}

func TestRangesAreRefused(t *testing.T) {
	layout := Layout{Comma: ",", Names: []string{"b", "start", "duration"}, Columns: map[string]int{"b_number": 0, "start_time": 1, "duration": 2}}
	for name, change := range map[string]func(*Layout){
		"packed":             func(l *Layout) { l.Packing = Zstd },
		"no delimiter":       func(l *Layout) { l.Comma = "" },
		"column not there":   func(l *Layout) { l.Columns = map[string]int{"b_number": 3} },
		"column before zero": func(l *Layout) { l.Columns = map[string]int{"b_number": -1} },
	} {
		changed := layout
		change(&changed)
		if _, err := OpenRange(strings.NewReader(""), generic, changed, 0, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := OpenRange(strings.NewReader(""), generic, layout, 5, 4); err == nil {
		t.Error("a range that ends before it begins: no error")
	}
	broken := errors.New("broken")
	if _, err := OpenRange(iotest.ErrReader(broken), generic, layout, 5, 9); !errors.Is(err, broken) {
		t.Errorf("an input that fails: %v", err)
	}
}
