package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// Lines are written many bytes at a time: what is written must be what a
// plain Sprintf writes, whatever the lengths.
func TestLineIsWhatARecordCosts(t *testing.T) {
	number := "441632960961000"
	for _, billed := range []uint64{0, 1, 9, 10, 60, 99, 100, 101, 999, 1000, 1010, 9999, 10_000, 123_456, math.MaxUint64} {
		for size := range 20 {
			var r call.Columns
			record := call.Record{CallID: strings.Repeat("c", size), Account: strings.Repeat("a", 19-size), BNumber: number}
			if err := r.AppendRecord(&record, 1); err != nil {
				t.Fatal(err)
			}
			charge := rating.Charge{Prefix: size % 10, Billed: billed, Amount: money.New(int64(billed>>1), 4)}
			want := fmt.Sprintf("%s,%s,%s,%d,%s\n", record.CallID, record.Account, number[:charge.Prefix], billed, charge.Amount.Text(4))
			if got := string(appendLines(nil, &r, []rating.Charge{charge})); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
}
