package export_test

import (
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/money"
)

func TestMemoryDoesNotGrowWithTheRecords(t *testing.T) {
	const most = 64 << 20
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, f := range []export.Format{export.Parquet, export.CSV} {
		for name, filler := range map[string]string{"short": "", "long": strings.Repeat("0123456789", 20)} {
			t.Run(string(f)+" of "+name+" texts", func(t *testing.T) {
				before, peak := held(), uint64(0)
				w, err := export.New(f, io.Discard, 4)
				if err != nil {
					t.Fatal(err)
				}
				rows := 300_000
				if filler != "" {
					rows = 40_000 // 100 MB
				}
				for i := range rows {
					s := strconv.Itoa(i) + filler // no text comes twice
					err := w.Write(&export.Record{
						Row: &call.Row{
							Record: call.Record{Feed: s, CallID: s, Leg: s, Account: s, ANumber: s, BNumber: "447700900123"},
							Status: call.Rated, Reason: call.Reason(s), Prefix: 12, Charge: money.New(int64(i), 4),
						},
						Batch: s, Period: s, Image: s, Destination: s, Currency: s,
					})
					if err != nil {
						t.Fatal(err)
					}
					if i%(rows/50) == 0 {
						peak = max(peak, held())
					}
				}
				t.Logf("%d MiB held at most", (max(peak, before)-before)>>20)
				if peak > before+most {
					t.Errorf("%d bytes are held, want at most %d", peak-before, most)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
