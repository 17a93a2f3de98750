package cdr

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/tollbook/tollbook/shared/call"
)

func packed(t testing.TB, p Packing, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if p == Zstd {
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const packedText = "\uFEFFb;start;duration\n441;1136214245;5\nbad\n\"442\";2026-01-01 00:00:00;6\n"

func TestAPackedFileIsReadAsItsText(t *testing.T) {
	whole := knobs{chunkSize, call.MaxRows}
	want := readRows(strings.NewReader(packedText), generic)
	for _, p := range []Packing{Gzip, Zstd} {
		one := packed(t, p, packedText)
		if diff := cmp.Diff(want, readChunks(t, strings.NewReader(one), generic, whole)); diff != "" {
			t.Errorf("%s: -plain +packed\n%s", p, diff)
		}
		two := packed(t, p, packedText[:20]) + packed(t, p, packedText[20:])
		if diff := cmp.Diff(want, readChunks(t, iotest.OneByteReader(strings.NewReader(two)), generic, whole)); diff != "" {
			t.Errorf("%s in two members: -plain +packed\n%s", p, diff)
		}
		if l, err := ReadLayout(strings.NewReader(one), generic, Limits{}); err != nil || l.Packing != p {
			t.Errorf("%s: layout %+v, %v", p, l, err)
		}
	}
}

// A file that lacks its end may look whole: its rows end with a line break.
func TestAPackedFileThatIsCutOffOrDamagedIsAnError(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var text strings.Builder
	text.WriteString("b,start,duration\n")
	for range 500 {
		text.WriteString(strings.Repeat(string(rune('0'+rng.IntN(10))), 9) + ",1136214245,5\n")
	}
	for _, p := range []Packing{Gzip, Zstd} {
		file := packed(t, p, text.String())
		for n := 4; n < len(file); n += 5 {
			if o := readChunks(t, strings.NewReader(file[:n]), generic, knobs{chunkSize, call.MaxRows}); !strings.Contains(o.Err, string(p)+" file is cut off") {
				t.Fatalf("%s of %d bytes cut to %d: %q", p, len(file), n, o.Err)
			}
		}
		for i := 10; i < len(file); i += 5 {
			bad := []byte(file)
			bad[i] ^= 0x10
			if o := readChunks(t, bytes.NewReader(bad), generic, knobs{chunkSize, call.MaxRows}); o.Err == "" && len(o.Rows) != 500 {
				t.Fatalf("%s with byte %d changed: %d rows and no error", p, i, len(o.Rows))
			}
		}
		var file2 *FileError
		if o := readChunks(t, strings.NewReader(file+"rubbish"), generic, knobs{chunkSize, call.MaxRows}); o.Err == "" {
			t.Errorf("%s with rubbish behind it: no error", p)
		}
		_, err := OpenChunks(strings.NewReader(file[:5]), generic, Limits{})
		if !errors.As(err, &file2) {
			t.Errorf("%s cut to 5 bytes: %v, want a FileError", p, err)
		}
		broken := errors.New("broken")
		chunks, err := OpenChunks(io.MultiReader(strings.NewReader(file[:len(file)/2]), iotest.ErrReader(broken)), generic, Limits{})
		if err == nil {
			_, err = parseAll(t, chunks, knobs{chunkSize, call.MaxRows})
		}
		if !errors.Is(err, broken) || errors.As(err, &file2) {
			t.Errorf("%s whose input fails: %v, want the input's error", p, err)
		}
	}
}

func TestAPackedFileIsKeptWithinItsLimits(t *testing.T) {
	text := "b,start,duration\n" + strings.Repeat("441,1136214245,5\n", 200_000)
	large := strings.Repeat("x", 1<<20)
	for _, tc := range []struct {
		name   string
		file   string
		limits Limits
		want   string
	}{
		{"gzip within limits", packed(t, Gzip, text), Limits{}, ""},
		{"zstd within its ratio", packed(t, Zstd, text), Limits{Ratio: 1 << 20}, ""},
		{"gzip above its ratio", packed(t, Gzip, text), Limits{Ratio: 10}, "unpacks to far more"},
		{"zstd above its ratio", packed(t, Zstd, text), Limits{Ratio: 10}, "unpacks to far more"},
		{"gzip above its text", packed(t, Gzip, text), Limits{Text: 1 << 20}, "the unpacked file is too large"},
		{"zstd above its text", packed(t, Zstd, text), Limits{Text: 1 << 20, Ratio: 1 << 20}, "the unpacked file is too large"},
		{"zstd above its window", packed(t, Zstd, text+large), Limits{Window: 1024, Ratio: 1 << 20}, "needs too much memory"},
	} {
		chunks, err := OpenChunks(strings.NewReader(tc.file), generic, tc.limits)
		rows := 0
		for err == nil {
			var k *Chunk
			if k, err = chunks.Next(); err == nil {
				var dst call.Columns
				for more := true; more; rows += dst.Len() {
					dst.Reset()
					more = k.Parse(&dst, func(Row) {})
				}
				chunks.Free(k)
			}
		}
		var file *FileError
		switch {
		case tc.want == "" && (err != io.EOF || rows != 200_000):
			t.Errorf("%s: %d rows, %v", tc.name, rows, err)
		case tc.want != "" && (!errors.As(err, &file) || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want a FileError: %s", tc.name, err, tc.want)
		}
	}
}
