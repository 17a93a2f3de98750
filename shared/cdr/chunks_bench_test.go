package cdr

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"syscall"
	"testing"

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
	feed := Feed{"f", Generic, "Europe/London"}
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

// BenchmarkLines is a floor to hold the others against: the lines of the same
// bytes, found and counted.
func BenchmarkLines(b *testing.B) {
	file := []byte(benchFile(benchRows, "\n"))
	begun, lines := cpu(b), 0
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		for rest := file; len(rest) > 0; lines++ {
			rest = rest[bytes.IndexByte(rest, '\n')+1:]
		}
	}
	b.ReportMetric(float64(cpu(b)-begun)/float64(lines), "cpu-ns/row")
}

func benchScan(b *testing.B, file string, feed Feed, fieldsOnly bool) {
	var dst call.Columns
	rows, begun := 0, cpu(b)
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
		last = chunks
		for {
			k, err := chunks.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if fieldsOnly {
				dst.Reset()
				k.split.reset()
				for k.pos < k.end {
					_, k.pos = k.fields(&dst)
					rows++
				}
			}
			for more := k.pos < k.end; more; {
				dst.Reset()
				more = k.Parse(&dst, func(r Row) { b.Fatal(r) })
				rows += dst.Len()
			}
			chunks.Free(k)
		}
	}
	if rows != b.N*benchRows {
		b.Fatalf("%d rows, want %d", rows, b.N*benchRows)
	}
	b.ReportMetric(float64(cpu(b)-begun)/float64(rows), "cpu-ns/row")
}

// BenchmarkRows is the same file row by row.
func BenchmarkRows(b *testing.B) {
	file := benchFile(benchRows, "\n")
	begun := cpu(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(strings.NewReader(file), Feed{"f", Generic, "Europe/London"})
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Next(); err == io.EOF {
				break
			}
		}
	}
	b.ReportMetric(float64(cpu(b)-begun)/float64(b.N*benchRows), "cpu-ns/row")
}

// cpu returns the nanoseconds this process has computed: what a benchmark costs
// on a machine that others use, too.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
