package call

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestARecordIsReadBackFromColumnsAsItWasAppended(t *testing.T) {
	var c Columns // reused by every check, so that nothing is left over
	rapid.Check(t, func(t *rapid.T) {
		c.Reset()
		want := rapid.SliceOfN(rows(), 0, 20).Draw(t, "rows")
		for i := range want {
			if err := c.AppendRecord(&want[i].Record, want[i].Line); err != nil {
				t.Fatal(err)
			}
		}
		cleared := rapid.IntRange(0, len(want)).Draw(t, "cleared")
		until := rapid.IntRange(cleared, len(want)).Draw(t, "until")
		c.Clear(cleared, until)
		for i := cleared; i < until; i++ {
			want[i] = Row{}
		}
		keep := rapid.IntRange(0, len(want)).Draw(t, "keep")
		c.Truncate(keep)
		c.Grow(1)
		if c.Len() != keep+1 {
			t.Fatalf("%d rows, want %d", c.Len(), keep+1)
		}
		for i, r := range want[:keep] {
			if diff := cmp.Diff(r.Record, c.Record(i)); diff != "" || c.Line[i] != r.Line {
				t.Fatalf("row %d, line %d: -appended +read\n%s", i, c.Line[i], diff)
			}
		}
		if got := c.Record(keep); got != (Record{}) || c.Line[keep] != 0 {
			t.Fatalf("a new row is not empty: %+v", got)
		}
	})
}

func TestFullColumnsTakeNoRecord(t *testing.T) {
	long := strings.Repeat("x", MaxField)
	r := Record{Feed: long, CallID: long, Leg: long, Account: long, ANumber: long[:MaxNumber], BNumber: long[:MaxNumber], ARaw: long, BRaw: long,
		LRN: long[:MaxNumber], ALRN: long[:MaxNumber], Service: long, Tag: long, Trunk: long, AccountRaw: long}
	var c Columns
	for n := range MaxRows {
		if err := c.AppendRecord(&r, 1); err != nil {
			t.Fatalf("record %d of the longest kind: %v", n, err)
		}
	}
	if err := c.AppendRecord(&Record{}, 1); !errors.Is(err, ErrFull) || c.Len() != MaxRows {
		t.Errorf("a row too many: %v, %d rows", err, c.Len())
	}
	c.Reset()
	if err := c.AppendRecord(&Record{CallID: strings.Repeat("x", MaxText+1)}, 1); !errors.Is(err, ErrFull) || c.Len() != 0 || len(c.Text) != 0 {
		t.Errorf("a text too long: %v, %d rows", err, c.Len())
	}
}

func TestColumnsThatAreReusedDoNotAllocate(t *testing.T) {
	r := Record{Feed: "f", CallID: "c", Account: "a", BNumber: "44", Instant: 5}
	var c Columns
	fill := func() {
		c.Reset()
		for range 100 {
			if err := c.AppendRecord(&r, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
