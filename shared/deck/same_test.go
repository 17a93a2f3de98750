package deck

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

// What was put is found for the same prefix and the same calls, and for no
// others, however many there are.
func TestFirstsAreFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var f firsts
	want := map[string]first{}
	for i := range 60_000 {
		r := rating.Rate{Prefix: strconv.Itoa(rng.IntN(20_000)), From: int64(rng.IntN(3))}
		if rng.IntN(4) == 0 {
			r.Prefix = "0" + r.Prefix
		}
		switch rng.IntN(8) {
		case 0:
			r.Class = numbering.Intrastate
		case 1:
			r.Tag = "gold"
		case 2:
			r.Service, r.Prefix = r.Prefix, ""
		}
		key := fmt.Sprintf("%+v", r)
		have, ok := want[key]
		got := f.find(&r)
		if (got != nil) != ok || ok && (got.line != have.line || got.digest != have.digest) {
			t.Fatalf("rate %d, %s: found %+v, want %+v, %v", i, key, got, have, ok)
		}
		if !ok || rng.IntN(10) == 0 {
			f.put(&r, uint32(i), uint64(i)*7)
			want[key] = first{line: uint32(i), digest: uint64(i) * 7}
		}
	}
	if f.len != len(want) {
		t.Errorf("%d firsts for %d keys", f.len, len(want))
	}
}
