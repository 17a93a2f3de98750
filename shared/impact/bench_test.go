package impact_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/impact"
)

// A month of records that nobody took, and of records that a supplier took, whose
// charges are brought together: by charge.
func BenchmarkCompare(b *testing.B) {
	const records = 400_000
	for _, feed := range []string{"edge", "switch"} {
		b.Run(feed, func(b *testing.B) {
			w := newWorld(b, b.TempDir())
			var deck strings.Builder
			deck.WriteString("prefix,destination,price\n")
			for i := range 2_000 {
				fmt.Fprintf(&deck, "%d,Place %d,0.%03d\n", 1000+4*i, i/10, i%1000)
			}
			w.live("carrier", w.deck("carrier", deck.String()), time.Time{})
			second := w.deck("carrier", strings.ReplaceAll(deck.String(), ",0.1", ",0.2"))
			rows := make([]string, records)
			for i := range rows {
				rows[i] = fmt.Sprintf("%d,%s,%d,2026-11-%02d 10:%02d:%02d,%d,n", i, []string{"acme", "acme", "bolt"}[i%3], 100_000_000_00+uint64(i)*4_000_003%800_000_000_00, 1+i%30, i%60, i/60%60, i%300)
			}
			w.records(feed, rows...)
			q := impact.Query{Card: "carrier", Revision: second, Months: november, Rebuilt: true}
			charges := w.report(q).Rows.Charges
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				w.report(q)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(charges), "ns/charge")
		})
	}
}
