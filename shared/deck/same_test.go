package deck

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/numbering"
	prefixes "github.com/tollbook/tollbook/shared/prefix"
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
			code, _ := prefixes.CodeOf(r.Prefix)
			f.put(first{code: code, digest: uint64(i) * 7, asks: f.place(&r), line: int32(i)})
			want[key] = first{line: int32(i), digest: uint64(i) * 7}
		}
	}
	if f.len != len(want) {
		t.Errorf("%d firsts for %d keys", f.len, len(want))
	}
}

// What a cell said in the row before is not what another cell says, nor what it
// says where less is allowed.
func TestCellsOfRowsOneAfterAnother(t *testing.T) {
	text := "kind,prefix,destination,rate,interval 1,interval n,connection fee,effective from\n" +
		"data,1,A,1,2000000,2000000,0.5,2026-12-01\n" +
		"data,2,A,1,2000000,2000000,0.5,2026-12-01\n" +
		"voice,3,A,1,2000000,1,0.5,2026-12-01\n" + // too long for voice
		"voice,4,B,1,60,1,0.25,2026-12-02\n" +
		"voice,5,A,1,60,6,0.5,\n" +
		"voice,6,,1,6,60,,2026-12-01\n"
	rates, bad, _, err := read(text, Options{})
	if err != nil || len(bad) != 1 || !strings.HasPrefix(bad[0], "line 4, ") {
		t.Fatalf("%v, %v", bad, err)
	}
	var got []string
	for _, r := range rates {
		got = append(got, fmt.Sprintf("%s%s %d %d %s %d", r.Prefix, r.Destination, r.Interval1, r.IntervalN, r.ConnectionFee, r.From/86_400_000_000_000))
	}
	want := []string{"1A 2000000 2000000 0.5 20788", "2A 2000000 2000000 0.5 20788", "4B 60 1 0.25 20789", "5A 60 6 0.5 0", "6 6 60 0 20788"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
