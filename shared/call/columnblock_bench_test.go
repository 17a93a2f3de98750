package call

import (
	"testing"
	"time"
)

// benchRowsOf are as many priced rows as a block holds: 16 hex digits of id,
// some accounts of a shard, numbers of 10 and 11 digits, times in a month.
func benchRowsOf(b *testing.B) *Rows {
	var rows Rows
	for i := range MaxRows {
		if err := rows.AppendRow(sampleRow(i)); err != nil {
			b.Fatal(err)
		}
	}
	return &rows
}

func BenchmarkColumnEncode(b *testing.B) {
	rows := benchRowsOf(b)
	var e ColumnEncoder
	block, err := e.Append(nil, UsageBlock, 1, rows)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	best := time.Duration(1 << 62)
	for b.Loop() {
		begun := time.Now()
		if block, err = e.Append(block[:0], UsageBlock, 1, rows); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(begun))
	}
	report(b, best, len(block))
}

func BenchmarkColumnDecode(b *testing.B) {
	var e ColumnEncoder
	var d ColumnDecoder
	var got Rows
	block, err := e.Append(nil, UsageBlock, 1, benchRowsOf(b))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.Read(block, &got); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	best := time.Duration(1 << 62)
	for b.Loop() {
		begun := time.Now()
		if _, err := d.Read(block, &got); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(begun))
	}
	report(b, best, len(block))
}

// BenchmarkGather copies rows a few at a time, as when they are gathered by shard.
func BenchmarkGather(b *testing.B) {
	rows := benchRowsOf(b)
	var to Rows
	b.ReportAllocs()
	best := time.Duration(1 << 62)
	for b.Loop() {
		begun := time.Now()
		to.Reset()
		for i := 0; i < MaxRows; i += 16 {
			if err := to.Gather(rows, places[i:i+16]); err != nil {
				b.Fatal(err)
			}
		}
		best = min(best, time.Since(begun))
	}
	report(b, best, 0)
}

// BenchmarkRowEncode and BenchmarkRowDecode are the same rows as framed rows.
func BenchmarkRowEncode(b *testing.B) {
	rows := listOf(benchRowsOf(b))
	var payload, row []byte
	b.ReportAllocs()
	best := time.Duration(1 << 62)
	for b.Loop() {
		begun := time.Now()
		payload = payload[:0]
		for i := range rows {
			row = AppendRow(row[:0], &rows[i])
			payload = AppendFramed(payload, row)
		}
		best = min(best, time.Since(begun))
	}
	report(b, best, len(payload))
}

func BenchmarkRowDecode(b *testing.B) {
	var all []byte
	for _, r := range listOf(benchRowsOf(b)) {
		all = AppendFramed(all, AppendRow(nil, &r))
	}
	b.ReportAllocs()
	best := time.Duration(1 << 62)
	for b.Loop() {
		begun := time.Now()
		for payload := all; len(payload) > 0; {
			var r Row
			row, rest, err := NextFramed(payload)
			if err == nil {
				err = ParseRow(row, &r)
			}
			if err != nil {
				b.Fatal(err)
			}
			payload = rest
		}
		best = min(best, time.Since(begun))
	}
	report(b, best, len(all))
}

// report says what a row costs: the least of all rounds, which is what it costs
// where nobody shares the processor, and its bytes.
func report(b *testing.B, best time.Duration, size int) {
	b.ReportMetric(float64(best.Nanoseconds())/MaxRows, "best-ns/row")
	if size > 0 {
		b.ReportMetric(float64(size)/MaxRows, "B/row")
	}
}
