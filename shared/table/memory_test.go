package table

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// pattern is a file of any size that repeats a text behind a head.
type pattern struct{ head, body string }

func newPattern(head, body string) pattern {
	return pattern{head, strings.Repeat(body, 1+(1<<16)/len(body))}
}

func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		at := off + int64(n)
		if at < int64(len(p.head)) {
			n += copy(b[n:], p.head[at:])
		} else {
			n += copy(b[n:], p.body[(at-int64(len(p.head)))%int64(len(p.body)):])
		}
	}
	return n, nil
}

// memory returns how much more memory than before the heap holds at most while
// f runs, at the calls of the function it is given.
func memory(f func(check func())) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, uint64(0)
	f(func() {
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc-min(m.HeapAlloc, before))
	})
	return most
}

// counting calls check for every 64 MiB, or every so many reads, of a file.
type counting struct {
	io.ReaderAt
	every int64
	check func()
}

func (c counting) ReadAt(b []byte, off int64) (int, error) {
	if off/c.every != (off+int64(len(b)))/c.every {
		c.check()
	}
	return c.ReaderAt.ReadAt(b, off)
}

const gigabyte = 1 << 30

func TestCellOfAGigabyte(t *testing.T) {
	if testing.Short() {
		t.Skip("reads gigabytes")
	}
	for _, tc := range []struct {
		name string
		file pattern
		bad  bool // the file is refused
	}{
		{"CSV", newPattern("prefix,rate\n44,", "1234567"), false},
		{"CSV in quotes", newPattern("prefix,rate\n44,\"", "1234567"), false},
		{"JSON", newPattern(`[{"prefix":"`, "1234567"), true},
		{"JSON between two values", newPattern(`[{"prefix":"44"}`, "                "), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			most := memory(func(check func()) {
				f, err := Open(counting{tc.file, 1 << 26, check}, gigabyte, Options{Limits: Limits{Bytes: gigabyte}})
				if tc.bad {
					refused(t, err, "longer than 262144 bytes")
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				all, err := tryRows(f, 0)
				if err != nil || len(all) != 2 || all[1].Bad == "" {
					t.Errorf("%v, %v", all, err)
				}
			})
			if most > 32<<20 {
				t.Errorf("%d MiB were held", most>>20)
			}
		})
	}
	_, err := Open(newPattern("", "a"), gigabyte, Options{})
	refused(t, err, "1073741824 bytes, more than 536870912")
}

// A workbook of a few megabytes may have a cell of a gigabyte.
func TestCellOfAGigabyteUnpacked(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks gigabytes")
	}
	for _, tc := range []struct{ name, part, head, tail string }{
		{"inline", "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="str"><v>`, `</v></c></row></sheetData></worksheet>`},
		{"shared", "xl/sharedStrings.xml", `<sst><si><t>`, `</t></si></sst>`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := handmade(t, cells(`<row><c t="s"><v>0</v></c></row>`), map[string]string{tc.part: ""})
			file = withLargePart(t, file, tc.part, tc.head, tc.tail)
			most := memory(func(check func()) {
				f := open(t, file, Options{Limits: Limits{Unpacked: 2 * gigabyte}})
				f.in.r = counting{f.in.r, 1 << 20, check}
				all, err := tryRows(f, 0)
				if err != nil || len(all) != 1 || !strings.Contains(all[0].Bad, "a cell of at most 262144 bytes") {
					t.Errorf("%v, %v", all, err)
				}
			})
			if most > 32<<20 {
				t.Errorf("%d MiB were held", most>>20)
			}
		})
	}
}

// withLargePart adds to a workbook a part of a gigabyte between head and tail.
// Each mebibyte is packed for itself, so that packing one is enough.
func withLargePart(t *testing.T, file []byte, name, head, tail string) []byte {
	t.Helper()
	old, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	some := make([]byte, 16<<10)
	for i := range some {
		some[i] = "0123456789abcdef"[random.IntN(16)]
	}
	middle := bytes.Repeat(some, 64)
	sum := crc32.NewIEEE()
	var packed bytes.Buffer
	pack := func(text []byte, times int, end bool) {
		from := packed.Len()
		w, err := flate.NewWriter(&packed, flate.DefaultCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		finish := w.Flush
		if end {
			finish = w.Close
		}
		if err := finish(); err != nil {
			t.Fatal(err)
		}
		one := bytes.Clone(packed.Bytes()[from:])
		for i := range times {
			sum.Write(text)
			if i > 0 {
				packed.Write(one)
			}
		}
	}
	pack([]byte(head), 1, false)
	pack(middle, gigabyte/len(middle), false)
	pack([]byte(tail), 1, true)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range old.File {
		if err := z.Copy(p); err != nil {
			t.Fatal(err)
		}
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(head) + gigabyte + len(tail))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
