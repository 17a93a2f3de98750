package cdr

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/call"
)

// benchFile is records as a switch writes them: 71 bytes a row.
func benchFile(rows int, end string) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("call_id,client_id,a_number,b_number,start_time,duration_seconds" + end)
	for range rows {
		second := rng.IntN(30 * 86400)
		fmt.Fprintf(&b, "%016x,%d,%d,%d,2026-11-%02dT%02d:%02d:%02dZ,%d%s", rng.Uint64(), 1+rng.IntN(2000), 44_000_000_00+rng.IntN(1e9),
			1_000_000_000+rng.Int64N(98_000_000_000), 1+second/86400, second/3600%24, second/60%60, second%60, int(rng.ExpFloat64()*120), end)
	}
	return b.String()
}

const benchRows = 200_000

// BenchmarkScan is a whole file, cut and parsed by one goroutine; fields is the
// same without columns: cutting and splitting only.
func BenchmarkScan(b *testing.B) {
	feed := Feed{ID: "f", Format: Generic, Zone: "Europe/London"}
	lf := benchFile(benchRows, "\n")
	plus := regexp.MustCompile(`(?m)^([^,]*,[^,]*,)(44\d*)`).ReplaceAllString(lf, "$1+$2")
	for _, c := range []struct{ name, file string }{
		{"zulu", lf},
		{"local", strings.ReplaceAll(strings.ReplaceAll(lf, "Z,", ","), "T", " ")},
		{"crlf", benchFile(benchRows, "\r\n")},
		{"plus", plus},
	} {
		b.Run(c.name, func(b *testing.B) { benchScan(b, c.file, feed, false) })
	}
	b.Run("fields", func(b *testing.B) { benchScan(b, lf, feed, true) })
}

// BenchmarkLines is a floor to hold the others against: the lines of as many
// bytes as a chunk has, found and counted.
func BenchmarkLines(b *testing.B) {
	file := []byte(benchFile(30_000, "\n"))
	best := time.Duration(1 << 62)
	for b.Loop() {
		begun := time.Now()
		for rest := file; len(rest) > 0; {
			rest = rest[bytes.IndexByte(rest, '\n')+1:]
		}
		best = min(best, time.Since(begun))
	}
	b.ReportMetric(float64(best.Nanoseconds())/30_000, "best-ns/row")
}

// benchScan reports the least that a row of a chunk cost to cut and to parse,
// which is what it costs where nobody shares the processor.
func benchScan(b *testing.B, file string, feed Feed, fieldsOnly bool) {
	var dst call.Columns
	rows := 0
	cut, parsed := time.Duration(1<<62), time.Duration(1<<62)
	perChunk := float64(benchRows) * chunkSize / float64(len(file))
	var last *Chunks
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		chunks, err := OpenChunks(strings.NewReader(file), feed, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if last != nil {
			chunks.free = last.free
		}
		for last = chunks; ; {
			begun := time.Now()
			k, err := chunks.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			whole := k.end > chunkSize*99/100 && k.pos == 0
			if whole {
				cut = min(cut, time.Since(begun))
			}
			begun = time.Now()
			for fieldsOnly && k.pos < k.end {
				dst.Reset()
				for n := 0; k.pos < k.end && n < call.MaxRows; {
					l := k.lines(&dst, maxLines)
					k.pass(&l, l.n)
					n += l.n
				}
			}
			for more := k.pos < k.end; more; rows += dst.Len() {
				dst.Reset()
				more = k.Parse(&dst, func(r Row) { b.Fatal(r) })
			}
			if whole {
				parsed = min(parsed, time.Since(begun))
			}
			chunks.Free(k)
		}
	}
	if rows != b.N*benchRows && !fieldsOnly {
		b.Fatalf("%d rows, want %d", rows, b.N*benchRows)
	}
	b.ReportMetric(float64(cut.Nanoseconds())/perChunk, "best-cut-ns/row")
	b.ReportMetric(float64(parsed.Nanoseconds())/perChunk, "best-ns/row")
}

// BenchmarkRows is as many bytes as a chunk has, row by row.
func BenchmarkRows(b *testing.B) {
	file := benchFile(30_000, "\n")
	best := time.Duration(1 << 62)
	b.ReportAllocs()
	for b.Loop() {
		begun := time.Now()
		r, err := Open(strings.NewReader(file), Feed{ID: "f", Format: Generic, Zone: "Europe/London"})
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Next(); err == io.EOF {
				break
			}
		}
		best = min(best, time.Since(begun))
	}
	b.ReportMetric(float64(best.Nanoseconds())/30_000, "best-ns/row")
}

// BenchmarkCut is what it costs to say where a file is cut, beside reading it.
func BenchmarkCut(b *testing.B) {
	file := benchFile(benchRows, "\n")
	layout, err := ReadLayout(strings.NewReader(file), Feed{ID: "f", Format: Generic, Zone: "UTC"}, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if ranges, err := layout.Cut(strings.NewReader(file), int64(len(file)), 64); err != nil || len(ranges) != 64 {
			b.Fatal(len(ranges), err)
		}
	}
}
