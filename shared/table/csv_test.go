package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/htmlindex"
	"pgregory.net/rapid"
)

// in returns text in another encoding.
func in(t failer, charset, text string) []byte {
	t.Helper()
	code, err := htmlindex.Get(charset)
	if err != nil {
		t.Fatal(err)
	}
	b, err := code.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDelimiterIsFoundByRegularColumns(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"comma", "prefix,rate\n44,0.1\n", ","},
		{"semicolon", "prefix;rate\n44;0.1\n", ";"},
		{"tab", "prefix\trate\n44\t0.1\n", "\t"},
		{"bar", "prefix|rate\n44|0.1\n", "|"},
		{"decimal commas with header", "prefix;name;rate\n44;UK;0,1\n45;DK;0,2\n", ";"},
		{"decimal commas in every row, no header", "44;0,1\n45;0,2\n46;0,3\n", ";"},
		{"decimal commas in all columns", "0,1;0,2;0,3\n0,4;0,5;0,6\n", ";"},
		{"decimal commas and tabs", "44\t0,1\n45\t0,2\n", "\t"},
		{"a notice above with commas", "Acme, Inc, London, UK\nAll prices in USD, per minute, without tax\n\nprefix;name;rate\n44;UK;0.1\n45;DK;0.2\n46;SE;0.3\n", ";"},
		{"a notice above with semicolons", "Acme; rates; of; May\n\nprefix,rate\n44,1\n45,1\n46,2\n", ","},
		{"quoted cells do not count", "\"a;b;c;d\",44\n\"e;f\",45\n", ","},
		{"decimal commas in quotes", "name,prefix,rate\nUK,44,\"0,1\"\nDK,45,\"0,2\"\n", ","},
		{"code lists in cells", "Glo,234803; 234806,0.1\nMTN,234805; 234806,0.1\nX,23; 24,1\n", ","},
		{"numbers only", "1201200,5,7\n1201201,5,8\n", ","},
		{"one column", "44\n45\n", ","},
		{"said in the first line", "sep=;\r\na,b\r\nc,d\r\n", ";"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, []byte(tc.text), Options{})
			if got := f.Delimiter(); got != tc.want {
				t.Errorf("%q, want %q: %s", got, tc.want, f.Guesses())
			}
			if many := tc.name != "one column"; (len(f.Guesses()) == 1) != many {
				t.Errorf("guesses: %q", f.Guesses())
			}
		})
	}
}

// The sample ends somewhere in a row: that row says nothing.
func TestDelimiterIsFoundByWholeRows(t *testing.T) {
	f := open(t, []byte(strings.Repeat(strings.Repeat("x", 2000)+",1\n", 200)), Options{})
	if want := "delimiter comma: it parts 130 of the first 130 rows into 2 columns"; len(f.Guesses()) != 1 || f.Guesses()[0] != want {
		t.Errorf("%q, want %q", f.Guesses(), want)
	}
}

// However a decoder gives its text, what it could not decode is marked.
func TestMarksDoNotDependOnWhereReadingIsCut(t *testing.T) {
	text := "a\uFFFDé\u0080€\u009f😀\u00a0\uFFFE\uFFFD"
	want := "a\xffé\xff€\xff😀\u00a0\uFFFE\xff"
	for _, src := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
		got, err := io.ReadAll(&marker{src: src, buf: make([]byte, 8)})
		if err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

func TestDelimiterCanBeGiven(t *testing.T) {
	f := open(t, []byte("44;0,1\n"), Options{Delimiter: ','})
	if diff := cmp.Diff([]got{row(1, "44;0", "1")}, readRows(t, f, 0)); diff != "" || len(f.Guesses()) > 0 {
		t.Errorf("%q -want +got\n%s", f.Guesses(), diff)
	}
}

func TestCharsetIsFoundAndSaid(t *testing.T) {
	russian := strings.Repeat("Россия, Москва мобильные;7495;0.1\nУкраина, Киев;38044;0.2\nСанкт-Петербург фиксированные;7812;0.3\n", 5)
	japanese := strings.Repeat("日本の携帯電話;8190;0.1\n東京の固定電話;813;0.2\nアメリカ合衆国;1;0.3\n", 5)
	for _, tc := range []struct {
		name, charset, text string
		want                string
		guess               string // "" = nothing about the charset
	}{
		{"ASCII", "utf-8", "UK;44\n", "UTF-8", ""},
		{"UTF-8", "utf-8", "UK;44\nRéunion;262\n", "UTF-8", "the bytes C3A9 in line 2 are \"é\""},
		{"UTF-8 with mark", "utf-8", "\uFEFFRéunion;262\n", "UTF-8", ""},
		{"windows-1252", "windows-1252", "UK;44\nRéunion;262\n", "windows-1252", "byte 0xE9 in line 2 is \"é\" there, and the text is not UTF-8"},
		{"windows-1252 with euros", "windows-1252", "Côte d’Ivoire;225;1 €\nEspaña;34;1 €\n", "windows-1252", "byte 0xF4 in line 1"},
		{"not of Macintosh", "windows-1252", "Équatoriale;1\nRéunion;2\nÉÈ;3\n", "windows-1252", "byte 0xC9 in line 1"},
		{"not Hebrew, of which bytes are left over", "windows-1252", "öäü;1\n–;2\nÄÖÜ ü;3\n", "windows-1252", "byte 0xF6 in line 1"},
		{"windows-1251", "windows-1251", russian, "windows-1251", "byte 0xD0 in line 1 is \"Р\""},
		{"koi8-r", "koi8-r", russian, "koi8-r", "byte 0xF2 in line 1 is \"Р\""},
		{"shift_jis", "shift_jis", japanese, "shift_jis", "0x93 in line 1 is the first of \"日\""},
		{"gbk", "gbk", strings.Repeat("中国移动电话;8613;0.1\n北京固定电话;8610;0.2\n", 9), "gbk", "byte 0xD6 in line 1 is the first of \"中\""},
		{"UTF-16LE", "utf-16le", "\uFEFFRéunion;262\n中国;86\n", "UTF-16LE", ""},
		{"UTF-16BE", "utf-16be", "\uFEFFRéunion;262\n", "UTF-16BE", ""},
		{"UTF-16LE without mark", "utf-16le", "Réunion;262\nUK;44\n", "UTF-16LE", "every second byte is mostly zero"},
		{"UTF-16BE without mark", "utf-16be", "Réunion;262\nUK;44\n", "UTF-16BE", "every second byte is mostly zero"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, in(t, tc.charset, tc.text), Options{})
			if f.Charset() != tc.want {
				t.Errorf("%s, want %s: %s", f.Charset(), tc.want, f.Guesses())
			}
			guesses := strings.Join(f.Guesses(), "\n")
			if !strings.Contains(guesses, tc.guess) || tc.guess == "" && len(f.Guesses()) != 1 {
				t.Errorf("guesses %q, want %q", guesses, tc.guess)
			}
			var want []got
			for i, line := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(tc.text, "\uFEFF"), "\n"), "\n") {
				want = append(want, row(int64(i+1), strings.Split(line, ";")...))
			}
			if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			again := open(t, in(t, tc.charset, tc.text), Options{Charset: tc.charset})
			if diff := cmp.Diff(want, readRows(t, again, 0)); diff != "" {
				t.Errorf("given: -want +got\n%s", diff)
			}
		})
	}
}

// The first letter beyond ASCII may be in the last row of a large file.
func TestCharsetIsFoundByAllOfTheText(t *testing.T) {
	text := strings.Repeat("United Kingdom;44;0.1\n", 40_000) + "Réunion;262;0.1\n"
	f := open(t, in(t, "windows-1252", text), Options{})
	all := readRows(t, f, 0)
	if f.Charset() != "windows-1252" || all[len(all)-1].Cells[0] != "Réunion" || !strings.Contains(f.Guesses()[0], "in line 40001 ") {
		t.Errorf("%s, %v, %v", f.Charset(), all[len(all)-1], f.Guesses())
	}
}

func TestWhatDoesNotDecodeIsOneBadRow(t *testing.T) {
	utf8 := "Réunion;262\nCôte;225\nCuraçao;599\n"
	for _, tc := range []struct{ name, charset, text, bad string }{
		{"UTF-8 with a byte of windows-1252", "", utf8 + "Per\xfa;51\nUK;44\n", `line 4: "Per�;51": want UTF-8 text without NUL bytes`},
		{"NUL", "", utf8 + "Pe\x00ru;51\nUK;44\n", `line 4: "Pe\x00ru;51": want UTF-8 text without NUL bytes`},
		{"a byte without meaning", "windows-1252", "a;1\nb;2\nc;3\nPer\x81;51\nUK;44\n", `line 4: "Per�;51": want windows-1252 text without NUL bytes`},
		{"a byte without letter", "iso-8859-2", "a;1\nb;2\nc;3\nPer\x81;51\nUK;44\n", `line 4: "Per�;51": want iso-8859-2 text without NUL bytes`},
		{"half a character", "shift_jis", "a;1\nb;2\nc;3\nPer\x93;51\nUK;44\n", `line 4: "Per�;51": want shift_jis text without NUL bytes`},
		{"half a pair", "utf-16le", "a\x00;\x001\x00\n\x00b\x00;\x001\x00\n\x00c\x00\n\x00\x3d\xd8;\x005\x00\n\x00U\x00\n\x00", `line 4: "�;5": want utf-16le text without NUL bytes`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, []byte(tc.text), Options{Charset: tc.charset})
			all := readRows(t, f, 0)
			if len(all) != 5 || all[3].Bad != tc.bad {
				t.Errorf("%+v\nwant line 4: %s", all, tc.bad)
			}
			for i, g := range all {
				if g.Line != int64(i+1) || (g.Bad != "") != (i == 3) {
					t.Errorf("%+v", g)
				}
			}
		})
	}
	f := open(t, []byte(utf8+"Per\xfa;51\n"), Options{})
	if want := "3 characters are valid, but 1 bytes are not, the first 0xFA in line 4"; !strings.Contains(f.Guesses()[0], want) {
		t.Errorf("%q does not say %q", f.Guesses(), want)
	}
}

func TestUnknownCharset(t *testing.T) {
	_, err := Open(strings.NewReader("a"), 1, Options{Charset: "latin-9½"})
	refused(t, err, "latin-9½", "windows-1252")
}

// Whatever is written comes back, in every dialect and encoding.
func TestWhatIsWrittenAsCSVComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		charset := rapid.SampledFrom([]string{"utf-8", "windows-1252", "utf-16le", "utf-16be", "windows-1251", "shift_jis", "koi8-r"}).Draw(t, "charset")
		letters := "\"\n,;\t| ab01"
		switch charset {
		case "utf-8", "utf-16le", "utf-16be":
			letters += "é€日😀"
		case "windows-1252":
			letters += "é€ß"
		case "shift_jis":
			letters += "日アｱ"
		default:
			letters += "Жщя"
		}
		cell := rapid.StringOf(rapid.RuneFrom([]rune(letters)))
		records := rapid.SliceOfN(rapid.SliceOfN(cell, 2, 6), 1, 30).Draw(t, "records")
		comma := rapid.SampledFrom([]byte(delimiters)).Draw(t, "delimiter")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = rune(comma), rapid.Bool().Draw(t, "CR")
		if err := w.WriteAll(records); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if strings.Trim(text, " \t\r\n") == "" {
			return
		}
		f := open(t, in(t, charset, text), Options{Delimiter: comma, Charset: charset})
		if f.Format() != CSV {
			return // one that happens to begin as JSON does
		}
		var back [][]string
		for _, g := range readRows(t, f, 0) {
			if g.Bad != "" {
				t.Fatal(g.Bad)
			}
			back = append(back, g.Cells)
		}
		if w.UseCRLF {
			for _, r := range back {
				for i := range r {
					r[i] = strings.ReplaceAll(r[i], "\r\n", "\n")
				}
			}
		}
		var want [][]string
		for _, r := range records {
			if comma != '\t' || strings.Join(r, "") != "" { // only tabs are a blank line
				want = append(want, r)
			}
		}
		if diff := cmp.Diff(want, back); diff != "" {
			t.Fatalf("%q: -written +read\n%s", text, diff)
		}
	})
}

func TestErrorsOfReadingAreNoVerdictOnTheFile(t *testing.T) {
	broken := errors.New("broken")
	long := strings.Repeat("44,1\n", headBytes/4)
	for _, head := range []string{"prefix,rate\n44,1\n", "[{\"prefix\": 4}", "PK\x03\x04", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
		long, "[{\"prefix\": \"" + long, "PK\x03\x04" + long, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + long} {
		_, err := Open(failing{head, broken}, 1<<20, Options{})
		var verdict *FileError
		if !errors.Is(err, broken) || errors.As(err, &verdict) {
			t.Errorf("%.20q: %v", head, err)
		}
		_, err = Open(strings.NewReader(head), 1<<20, Options{})
		if !errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &verdict) {
			t.Errorf("%.20q, shorter than said: %v", head, err)
		}
	}
}

type failing struct {
	head string
	err  error
}

func (f failing) ReadAt(b []byte, off int64) (int, error) {
	if off >= int64(len(f.head)) {
		return 0, f.err
	}
	n := copy(b, f.head[off:])
	if n < len(b) {
		return n, f.err
	}
	return n, nil
}
