package call

import (
	"syscall"
	"testing"
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
	begun := cpu(b)
	for b.Loop() {
		if block, err = e.Append(block[:0], UsageBlock, 1, rows); err != nil {
			b.Fatal(err)
		}
	}
	report(b, begun, len(block))
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
	begun := cpu(b)
	for b.Loop() {
		if _, err := d.Read(block, &got); err != nil {
			b.Fatal(err)
		}
	}
	report(b, begun, len(block))
}

// BenchmarkGather copies rows one by one, as when they are gathered by shard.
func BenchmarkGather(b *testing.B) {
	rows := benchRowsOf(b)
	var to Rows
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		to.Reset()
		for i := range rows.Len() {
			if err := to.AppendFrom(rows, i); err != nil {
				b.Fatal(err)
			}
		}
	}
	report(b, begun, 0)
}

// BenchmarkRowEncode and BenchmarkRowDecode are the same rows as framed rows.
func BenchmarkRowEncode(b *testing.B) {
	rows := listOf(benchRowsOf(b))
	var payload, row []byte
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		payload = payload[:0]
		for i := range rows {
			row = AppendRow(row[:0], &rows[i])
			payload = AppendFramed(payload, row)
		}
	}
	report(b, begun, len(payload))
}

func BenchmarkRowDecode(b *testing.B) {
	var all []byte
	for _, r := range listOf(benchRowsOf(b)) {
		all = AppendFramed(all, AppendRow(nil, &r))
	}
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
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
	}
	report(b, begun, len(all))
}

// report says what a row costs: nanoseconds of the processor, which do not
// count those who share it, and bytes.
func report(b *testing.B, begun int64, size int) {
	b.ReportMetric(float64(cpu(b)-begun)/float64(b.N*MaxRows), "cpu-ns/row")
	if size > 0 {
		b.ReportMetric(float64(size)/MaxRows, "B/row")
	}
}

func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
