package ratecard

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// However things lie, a cursor goes through them by code, and through those of one
// code as they lie.
func TestCursorsProperty(t *testing.T) {
	merged := 0
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) entry { return entry{code: rapid.Uint64Range(0, 9).Draw(t, "code")} })
		byCode := func(a, b entry) int { return cmp.Compare(a.code, b.code) }
		var list []entry
		for range rapid.IntRange(0, 3).Draw(t, "runs") {
			run := rapid.SliceOfN(draw, 0, 9).Draw(t, "run")
			slices.SortFunc(run, byCode)
			list = append(list, run...)
		}
		lost := rapid.IntRange(-9, len(list)).Draw(t, "lost")
		entryOf := func(i int) (entry, bool) { return entry{list[i].code, 0, uint32(i)}, i != lost }
		if mergeRuns(len(list), entryOf) != nil {
			merged++
		}
		var want, got []entry
		for i := range list {
			if e, ok := entryOf(i); ok {
				want = append(want, e)
			}
		}
		slices.SortStableFunc(want, byCode)
		c := newCursor(len(list), entryOf, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
		for code, ok := c.code(); ok; code, ok = c.code() {
			got = append(got, c.take(code)...)
		}
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(entry{})); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
	if merged == 0 {
		t.Error("no two runs were merged")
	}
}
