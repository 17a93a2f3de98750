package table

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzAnnotate writes whatever can be read again with a column: every row is
// there, on its line, with its cells.
func FuzzAnnotate(f *testing.F) {
	for _, s := range []string{
		"code,rate\n44,\"0,1\"\n", "\ufeffa;b\r\n\r\n1;0,1\r\n", "a\tb\n\"\t\"\t\n", "x\n\"y\nz\"\n\"q\"r\n", "44,1,no\n45,1\n",
		`[{"prefix":"44","message":"no"},{"prefix":[1,2],"a":{"b":1}}]`, `{"fields":["prefix","rate"],"rates":[["44",1],[],["45",1,2,3]]}`, `[["a"],["b","c"]]`,
		string(handmade(f, cells(`<row r="2"><c t="str"><v>_x0041_</v></c></row>`, `<row><c><f>1</f></c></row>`), nil)),
	} {
		f.Add([]byte(s), uint8(0), "no; \"really\"")
	}
	f.Fuzz(func(t *testing.T, file []byte, at uint8, text string) {
		o := Options{Charset: "utf-8", Limits: small}
		old, err := Open(bytes.NewReader(file), int64(len(file)), o)
		if err != nil {
			return
		}
		was, err := tryRows(old, 0)
		if err != nil || len(was) == 0 {
			return
		}
		if bytes.Contains(bytes.ToLower(file), []byte("error")) {
			return // it may have such a column
		}
		text = "no " + plainLine(text)
		marked := map[int64]bool{}
		for _, r := range was {
			marked[r.Line] = r.Line%2 == 0 || r.Bad != ""
		}
		begin := was[int(at)%len(was)]
		if len(begin.Cells) >= 60 || begin.Bad != "" {
			return
		}
		c := Column{Begin: begin.Line, Width: len(begin.Cells), Place: len(begin.Cells), Name: "Error Message", Text: func(line int64) string {
			if marked[line] {
				return text
			}
			return ""
		}}
		var out bytes.Buffer
		if err := old.Annotate(&out, c); err != nil {
			t.Fatal(err)
		}
		if out.Len() > int(small.Bytes) || old.Format() == CSV && isJSON(bytes.TrimPrefix(out.Bytes(), []byte("\uFEFF"))) {
			return // the quotes of a cell made it look like a list
		}
		o.Delimiter = old.delimiter
		again, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()), o)
		if err != nil {
			t.Fatalf("%v\n%q", err, out.Bytes())
		}
		is, err := tryRows(again, 0)
		if err != nil || len(is) != len(was) {
			t.Fatalf("%d rows became %d: %v\n%q", len(was), len(is), err, out.Bytes())
		}
		for i, r := range was {
			if is[i].Line != r.Line {
				t.Fatalf("line %d became %d\n%q", r.Line, is[i].Line, out.Bytes())
			}
			if r.Bad != "" || is[i].Bad != "" || old.Format() == JSON {
				continue // columns of objects are in the order in which they appear
			}
			want := r.Cells
			switch {
			case r.Line == c.Begin:
				want = append(want, c.Name)
			case r.Line > c.Begin && marked[r.Line]:
				for len(want) < c.Width {
					want = append(want, "")
				}
				if len(want) > c.Width {
					want = append(want, c.mark()+text)
				} else {
					want = append(want, text)
				}
			}
			got := is[i].Cells
			for len(got) < len(want) {
				got = append(got, "")
			}
			if !slices.Equal(want, got[:len(want)]) || len(strings.Join(got[len(want):], "")) > 0 {
				t.Fatalf("line %d is %q, want %q\n%q", r.Line, got, want, out.Bytes())
			}
		}
	})
}

// plainLine is a text as a message is: in one line, without NUL.
func plainLine(s string) string {
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r == 0xFFFD {
			return '_'
		}
		return r
	}, bytes.ToValidUTF8([]byte(s[:min(len(s), 100)]), nil)))
}
