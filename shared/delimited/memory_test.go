package delimited

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// However a text is cut behind whole records, its pieces are read as the whole.
func TestWholeRecordsAreReadAsTheWholeText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := []string{`"`, `"`, `""`, ",", ",", "\n", "\n", "\r\n", "\r", " ", "\t", "a", "x\",\"\n", "é", "\xff", "\x00", "\uFEFF"}
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "text"), "")
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		r := NewMemory(Options{MaxRecord: limit})
		var all []got
		line := int64(1)
		for rest := []byte(text); len(rest) > 0; {
			at := rapid.IntRange(1, len(rest)).Draw(t, "at")
			piece := rest[:at:at]
			n, lines := at, int64(0)
			if at < len(rest) {
				n, lines = r.Whole(piece)
				if !strings.Contains(string(piece), `"`) {
					m, more := WholeLines(piece)
					// Blank lines before a line that is not whole belong to either.
					if m < n || strings.Trim(string(piece[n:m]), " \t\r\n") != "" || more-lines != CountLines(piece[n:m]) {
						t.Fatalf("%q: whole are %d bytes, %d lines; by lines %d, %d", piece, n, lines, m, more)
					}
					n, lines, piece = m, more, piece[:m]
				}
				if n == 0 {
					continue // what follows decides
				}
			}
			piece = append([]byte(nil), piece...)
			r.Reset(piece, line)
			for {
				g, ok := readOne(t, r)
				if !ok {
					break
				}
				all = append(all, g)
				if offset, _ := r.Next(); offset >= n {
					break
				}
			}
			offset, end := r.Next()
			if at < len(rest) && (offset != n || end != line+lines) {
				t.Fatalf("%q: read to %d, line %d; whole are %d bytes, %d lines from line %d", piece, offset, end, n, lines, line)
			}
			rest, line = rest[n:], line+lines
		}
		if diff := cmp.Diff(expect(text, ',', limit), all); diff != "" {
			t.Fatalf("%q, limit %d: -want +got\n%s", text, limit, diff)
		}
	})
}

func TestReadingGoesOnWhereItIsSent(t *testing.T) {
	r := NewMemory(Options{})
	text := "a,b\nc,d\n\"e\",f\ng"
	r.Reset([]byte(text), 10)
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	if offset, line := r.Next(); offset != 4 || line != 11 {
		t.Errorf("at %d, line %d after the first record", offset, line)
	}
	r.Seek(8, 12)
	if diff := cmp.Diff([]got{row(12, 1, "e", "f"), row(13, 1, "g")}, readAll(t, r)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
