package table

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

func TestTextThatEndsInTheMiddleOfALine(t *testing.T) {
	utf16 := func(s string) string {
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for file, cut := range map[string]bool{
		"a,b\n1,2\n": false, "a,b\r\n1,2\r\n": false, "a,b\r1,2\r": false, "a,b\n1,2": true, "a,b\n1": true,
		utf16("a,b\n1,2\n"): false, utf16("a,b\n1,2"): true, utf16("a,b\n1"): true,
	} {
		f := open(t, []byte(file), Options{})
		if got := strings.Contains(fmt.Sprint(f.Warnings()), "its last row may be cut"); got != cut {
			t.Errorf("%q: warned %v, want %v", file, got, cut)
		}
	}
}

// A bad row comes with what could be read of it.
func TestBadRowsComeWithTheirCells(t *testing.T) {
	long := strings.Repeat("x", 20)
	limits := Limits{Cell: 20}
	for _, tc := range []struct {
		name, file string
		want       string
	}{
		{"CSV of bad quotes", "44,\"1\n", `44,"1`},
		{"CSV that is no text", "44,\x001\n", "44,\uFFFD1"},
		{"CSV of many cells", "44," + long + "x,1\n", "44|" + long + "x|1"},
		{"CSV that is too long", strings.Repeat(long, 5) + "\n", strings.Repeat(long, 4) + "…"},
		{"a formula", string(handmade(t, cells(`<row><c><v>44</v></c><c><f>1</f></c><c><v>x</v></c></row>`), nil)), "44||x"},
		{"a workbook's row that is too long", string(handmade(t, cells(`<row>`+strings.Repeat(`<c t="str"><v>`+long+`</v></c>`, 5)+`<c t="str"><v>yy</v></c></row>`), nil)), "|||||yy"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, []byte(tc.file), Options{Delimiter: ',', Charset: charsetOfText(tc.file), Limits: limits})
			rows, err := f.Rows(0)
			if err != nil {
				t.Fatal(err)
			}
			row, err := rows.Next()
			if _, bad := err.(*RowError); !bad {
				t.Fatal(err)
			}
			var got []string
			for _, c := range row.Cells {
				got = append(got, string(c))
			}
			if s := strings.Join(got, "|"); s != tc.want || row.Line != 1 {
				t.Errorf("line %d: %q, want %q", row.Line, s, tc.want)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func charsetOfText(file string) string {
	if strings.HasPrefix(file, "PK") {
		return ""
	}
	return "utf-8"
}
