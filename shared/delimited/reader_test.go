package delimited

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// got is one outcome of Read, with the number of physical lines it took.
type got struct {
	Line, Lines int64
	Fields      []string
	Problem     Problem
}

func readAll(t failer, r *Reader) []got {
	t.Helper()
	var all []got
	for {
		g, ok := readOne(t, r)
		if !ok {
			return all
		}
		all = append(all, g)
	}
}

// readOne returns the next outcome; false = the end.
func readOne(t failer, r *Reader) (got, bool) {
	t.Helper()
	row, err := r.Read()
	g := got{Line: row.Line}
	var bad *RowError
	switch {
	case err == io.EOF:
		return got{}, false
	case errors.As(err, &bad):
		g.Line, g.Problem = bad.Line, bad.Problem
		if !utf8.ValidString(bad.Raw) || len(bad.Raw) > 80 {
			t.Fatalf("raw text %q is not clipped", bad.Raw)
		}
	case err != nil:
		t.Fatal(err)
	}
	for _, f := range row.Fields {
		g.Fields = append(g.Fields, string(f))
	}
	g.Lines = r.line - g.Line
	return g, true
}

func row(line, lines int64, fields ...string) got { return got{line, lines, fields, 0} }

func bad(line, lines int64, p Problem) got { return got{Line: line, Lines: lines, Problem: p} }

func TestRead(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		o        Options
		want     []got
	}{
		{"empty", "", Options{}, nil},
		{"only blank lines", " \n\t\r\n\n", Options{}, nil},
		{"last line without a break", "a,b\nc,d", Options{}, []got{row(1, 1, "a", "b"), row(2, 1, "c", "d")}},
		{"LF, CR LF and CR", "a\r\nb\rc\n\rd", Options{}, []got{row(1, 1, "a"), row(2, 1, "b"), row(3, 1, "c"), row(5, 1, "d")}},
		{"blank lines count as lines", "\n \t\na\n\nb\n", Options{}, []got{row(3, 1, "a"), row(5, 1, "b")}},
		{"empty fields", ",,\n", Options{}, []got{row(1, 1, "", "", "")}},
		{"byte order mark", "\uFEFFa\n", Options{}, []got{row(1, 1, "a")}},
		{"byte order mark before a quote", "\uFEFF\"a\"\n", Options{}, []got{row(1, 1, "a")}},
		{"quoted fields", `"a,b","","c""d","""",e`, Options{}, []got{row(1, 1, "a,b", "", `c"d`, `"`, "e")}},
		{"line breaks in quotes", "\"a\r\nb\nc\rd\",e\nf\n", Options{}, []got{row(1, 4, "a\r\nb\nc\rd", "e"), row(5, 1, "f")}},
		{"a quote inside an unquoted field", `a"b,5",c ""` + "\n", Options{}, []got{row(1, 1, `a"b`, `5"`, `c ""`)}},
		{"spaces after a closing quote", "\"a\" \t,\"b\"  \nc\n", Options{}, []got{row(1, 1, "a", "b"), row(2, 1, "c")}},
		{"spaces elsewhere are kept", " a , \"b\"\n", Options{}, []got{row(1, 1, " a ", ` "b"`)}},
		{"semicolon", "a;\"b;c\";1,5\n", Options{Comma: ';'}, []got{row(1, 1, "a", "b;c", "1,5")}},
		{"tab", "\"a\"\tb\t\n", Options{Comma: '\t'}, []got{row(1, 1, "a", "b", "")}},
		{"unclosed quote at the end", "a\nb,\"c\n", Options{}, []got{row(1, 1, "a"), bad(2, 1, UnclosedQuote)}},
		{"unclosed quote: reading goes on at the next line", "a,\"b\nc,d\n\ne\n", Options{},
			[]got{bad(1, 1, UnclosedQuote), row(2, 1, "c", "d"), row(4, 1, "e")}},
		{"unclosed quote that meets another", "a,\"b\nc,\"d\"\n", Options{}, []got{bad(1, 1, TextAfterQuote), row(2, 1, "c", "d")}},
		{"text after a closing quote", "\"a\"b\nc\n", Options{}, []got{bad(1, 1, TextAfterQuote), row(2, 1, "c")}},
		{"quote after spaces after a closing quote", "\"a\" \"\nc\n", Options{}, []got{bad(1, 1, TextAfterQuote), row(2, 1, "c")}},
		{"text after a quote closed two lines on", "\"a\nb\nc\"d\ne\n", Options{},
			[]got{bad(1, 1, TextAfterQuote), row(2, 1, "b"), row(3, 1, `c"d`), row(4, 1, "e")}},
		{"line as long as allowed", "12345678\n", Options{MaxRecord: 8}, []got{row(1, 1, "12345678")}},
		{"line too long", "123456789\r\na\n", Options{MaxRecord: 8}, []got{bad(1, 1, TooLong), row(2, 1, "a")}},
		{"last line too long", "123456789", Options{MaxRecord: 8}, []got{bad(1, 1, TooLong)}},
		{"blank line too long", "         \na", Options{MaxRecord: 8}, []got{bad(1, 1, TooLong), row(2, 1, "a")}},
		{"record as long as allowed", "\"2345\n7\"\na\n", Options{MaxRecord: 8}, []got{row(1, 2, "2345\n7"), row(3, 1, "a")}},
		{"quote not closed within the limit", "\"2345\n789\"\na\n", Options{MaxRecord: 8}, []got{bad(1, 1, UnclosedQuote), row(2, 1, `789"`), row(3, 1, "a")}},
		{"record too long behind its quotes", "\"23\n5\",789\na\n", Options{MaxRecord: 8}, []got{bad(1, 1, TooLong), row(2, 1, `5"`, "789"), row(3, 1, "a")}},
		{"bad encoding", "a\xff\nb\n", Options{}, []got{bad(1, 1, BadEncoding), row(2, 1, "b")}},
		{"bad encoding takes its whole record", "\"a\n\xff\"\nb\n", Options{}, []got{bad(1, 2, BadEncoding), row(3, 1, "b")}},
		{"NUL", "a\x00\nb\n", Options{}, []got{bad(1, 1, BadEncoding), row(2, 1, "b")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, readAll(t, NewReader(strings.NewReader(tc.in), tc.o))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			slow := NewReader(iotest.OneByteReader(strings.NewReader(tc.in)), tc.o)
			slow.buf = make([]byte, 4)
			if diff := cmp.Diff(tc.want, readAll(t, slow)); diff != "" {
				t.Errorf("byte by byte: -want +got\n%s", diff)
			}
		})
	}
}

func TestUTF16IsRefused(t *testing.T) {
	for _, in := range []string{"\xff\xfea\x00", "\xfe\xff\x00a"} {
		r := NewReader(strings.NewReader(in), Options{})
		for range 2 {
			if _, err := r.Read(); err != ErrUTF16 {
				t.Errorf("%q: %v", in, err)
			}
		}
	}
}

func TestInputErrorEndsReading(t *testing.T) {
	broken := errors.New("broken")
	for in, rows := range map[string]int{"": 0, "a\nb\nc": 2, "a\n\"b\n": 1, "a\n123456789": 1, "abc\r": 1} {
		r := NewReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), Options{MaxRecord: 8})
		for range rows {
			if _, err := r.Read(); err != nil {
				t.Errorf("%q: %v", in, err)
			}
		}
		for range 2 {
			if _, err := r.Read(); err != broken {
				t.Errorf("%q: want the error of the input, got %v", in, err)
			}
		}
	}
	if _, err := NewReader(stuck{}, Options{}).Read(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("reader that returns nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestRowErrorNamesLineAndText(t *testing.T) {
	_, err := NewReader(strings.NewReader("\""+strings.Repeat("é", 60)), Options{}).Read()
	want := `line 1: a quote is not closed: "\"` + strings.Repeat("é", 39) + `"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// expect is the rules again, slow and by the letter: every record is scanned
// from its own beginning, on the whole text.
func expect(text string, comma byte, limit int) []got {
	type span struct{ from, to, next int } // next: behind the line break
	lineAt := func(from int) span {
		for i := from; i < len(text); i++ {
			switch {
			case strings.HasPrefix(text[i:], "\r\n"):
				return span{from, i, i + 2}
			case text[i] == '\n' || text[i] == '\r':
				return span{from, i, i + 1}
			}
		}
		return span{from, len(text), len(text)}
	}
	record := func(from int) (fields []string, next int, p Problem) {
		i := from
		over := func() bool { return i-from > limit }
		for {
			if over() {
				return nil, 0, TooLong
			}
			var field []byte
			if i < len(text) && text[i] == '"' {
				for i++; ; i++ {
					if over() || i == len(text) {
						return nil, 0, UnclosedQuote
					}
					if text[i] != '"' {
						field = append(field, text[i])
					} else if i++; i < len(text) && text[i] == '"' && !over() {
						field = append(field, '"')
					} else {
						break
					}
				}
				for i < len(text) && text[i] != comma && (text[i] == ' ' || text[i] == '\t') {
					i++
				}
				if i < len(text) && !over() && text[i] != comma && text[i] != '\n' && text[i] != '\r' {
					return nil, 0, TextAfterQuote
				}
			} else {
				for i < len(text) && text[i] != comma && text[i] != '\n' && text[i] != '\r' {
					field = append(field, text[i])
					i++
				}
			}
			if over() {
				return nil, 0, TooLong
			}
			fields = append(fields, string(field))
			if i == len(text) || text[i] != comma {
				return fields, lineAt(i).next, 0
			}
			i++
		}
	}
	var all []got
	for from, line := 0, int64(1); from < len(text); {
		l := lineAt(from)
		if l.to-from <= limit && strings.Trim(text[from:l.to], " \t") == "" {
			from, line = l.next, line+1
			continue
		}
		fields, next, p := record(from)
		if l.to-from > limit {
			p = TooLong
		}
		if p != 0 {
			all = append(all, bad(line, 1, p))
			from, line = l.next, line+1
			continue
		}
		g := got{Line: line, Fields: fields}
		whole := text[from:next]
		for ; from < next; from = lineAt(from).next {
			g.Lines++
		}
		if !utf8.ValidString(whole) || strings.Contains(whole, "\x00") {
			g.Fields, g.Problem = nil, BadEncoding
		}
		all, line = append(all, g), line+g.Lines
	}
	return all
}

func TestReadIsTheRulesByTheLetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := []string{`"`, `"`, `""`, ",", ",", "\n", "\n", "\r\n", "\r", " ", "\t", "a", "x\",\"\n", "é", "\xff", "\x00"}
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "text"), "")
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		r := NewReader(iotest.OneByteReader(strings.NewReader(text)), Options{MaxRecord: limit})
		r.buf = make([]byte, rapid.IntRange(1, 64).Draw(t, "buffer"))
		all := readAll(t, r)
		if diff := cmp.Diff(expect(text, ',', limit), all); diff != "" {
			t.Fatalf("%q, limit %d: -want +got\n%s", text, limit, diff)
		}
	})
}

// failer is what testing.T and rapid.T have in common.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func TestEveryLineIsPartOfOneRowOrBlank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("\"\"\n\n\r, ab")), 0, 200, -1).Draw(t, "text")
		next := int64(1)
		lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
		if lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		for _, g := range append(readAll(t, NewReader(strings.NewReader(text), Options{MaxRecord: 50})), row(int64(len(lines)+1), 0)) {
			for ; next < g.Line; next++ {
				if strings.Trim(lines[next-1], " ") != "" {
					t.Fatalf("%q: line %d is lost", text, next)
				}
			}
			if g.Line != next {
				t.Fatalf("%q: line %d is read twice", text, g.Line)
			}
			next += g.Lines
		}
	})
}

func TestReadsWhatEncodingCSVWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringOf(rapid.RuneFrom([]rune("\"\n\r,; \tab\u00e9\u20ac")))
		records := rapid.SliceOf(rapid.SliceOfN(field, 2, 6)).Draw(t, "records")
		comma := rapid.SampledFrom([]byte(",;|")).Draw(t, "comma")
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		w.Comma = rune(comma)
		if err := w.WriteAll(records); err != nil {
			t.Fatal(err)
		}
		var back [][]string
		for _, g := range readAll(t, NewReader(&file, Options{Comma: comma})) {
			back = append(back, g.Fields)
		}
		if len(records) == 0 {
			records = nil
		}
		if diff := cmp.Diff(records, back); diff != "" {
			t.Fatalf("-written +read\n%s", diff)
		}
	})
}

// Scanned one by one from their beginnings, these would be some 30 GB of work.
func TestBadQuotesDoNotCostASearchEach(t *testing.T) {
	const lines = 60_000
	for _, line := range []string{"x\",\"\n", "a,\"\"b,\"\n", "x\", \"\"\"\"\r\n"} {
		text := "\"" + strings.Repeat(line, lines)
		all := readAll(t, NewReader(strings.NewReader(text), Options{}))
		took := int64(0)
		for _, g := range all {
			took += g.Lines
		}
		if took != lines {
			t.Errorf("%q: %d lines read", line, took)
		}
	}
}

func TestMemoryIsBoundedByMaxRecord(t *testing.T) {
	const limit = 1 << 16
	for _, text := range []string{strings.Repeat("x", 1<<21), strings.Repeat("x\",\"\n", 1<<17), "\"" + strings.Repeat("x", 1<<21)} {
		r := NewReader(strings.NewReader(text), Options{MaxRecord: limit})
		readAll(t, r)
		if len(r.buf) > 4*limit+16 {
			t.Errorf("%.9q…: buffer of %d bytes", text, len(r.buf))
		}
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	text := strings.Repeat("a,\"b\"\"c\nd\",e\nf,g,h\n", 20_000)
	r := NewReader(strings.NewReader(text), Options{})
	allocs := testing.AllocsPerRun(30_000, func() {
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a row", allocs)
	}
}

func TestSniff(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want byte
	}{
		{"", ','}, {"prefix", ','}, {"a,b", ','}, {"a;b", ';'}, {"a\tb", '\t'}, {"a|b", '|'},
		{"\uFEFF\"a,b,c\";d;\"e\"", ';'},
		{"\n  \r\n\ta\tb\n,,,,,\n", '\t'},
		{"a,b;c\n;;;;", ','},
		{"size 5\";b;c\n,,,,,,", ';'},
		{"\"x;\ny;\",b\n;;;", ','},
		{"prefix;name, country;price", ';'},
	} {
		if got := Sniff([]byte(tc.in)); got != tc.want {
			t.Errorf("Sniff(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "a,b\n\"c\"\"d\ne\",f\r\n", "\"a\"b\n", "x\",\"\nx\",\"\n", "\uFEFFa\rb", "\xff\xfea"} {
		f.Add([]byte(s), uint8(7))
	}
	f.Fuzz(func(t *testing.T, text []byte, limit uint8) {
		if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
			return
		}
		r := NewReader(bytes.NewReader(text), Options{Comma: Sniff(text), MaxRecord: int(limit) + 1})
		r.buf = make([]byte, 1+int(limit)/8)
		plain := strings.TrimPrefix(string(text), "\uFEFF")
		if diff := cmp.Diff(expect(plain, r.comma, r.max), readAll(t, r)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	line := "4711,acme,442071234567,34688886392,2026-11-03 10:11:12,2026-11-03 10:11:15,61,58,ANSWERED\n"
	text := strings.Repeat(line, 10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(strings.NewReader(text), Options{})
		for {
			if _, err := r.Read(); err == io.EOF {
				break
			}
		}
	}
}

func ExampleReader() {
	r := NewReader(strings.NewReader("a,\"b\n\"c\"\n"), Options{})
	for {
		row, err := r.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("line %d: %s\n", row.Line, row.Fields)
	}
	// Output:
	// line 1: text after a closing quote: "a,\"b"
	// line 2: [c]
}

// The text of a record that is given up can be had, so that nobody has to look
// for it in the file.
func TestTextOfARecordThatIsGivenUp(t *testing.T) {
	long := strings.Repeat("x", firstBuffer-1-len("1,\"2\"3,")) // the buffer ends in the line break
	r := NewReader(iotest.OneByteReader(strings.NewReader("1,\"2\"3,"+long+"\r\n4,\"5\n6,\xff\r7,8\n"+long+long+"\n")), Options{MaxRecord: 100 << 10})
	for _, want := range []struct {
		bad  bool
		text string
	}{{true, "1,\"2\"3," + long}, {true, "4,\"5"}, {true, "6,\xff"}, {false, ""}, {true, ""}} {
		_, err := r.Read()
		if _, bad := errors.AsType[*RowError](err); bad != want.bad || string(r.GivenUp()) != want.text {
			t.Errorf("%v: %q, want %q", err, clip(r.GivenUp()), clip([]byte(want.text)))
		}
	}
}
