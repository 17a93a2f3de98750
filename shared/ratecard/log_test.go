package ratecard

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhatIsLiveLastsUntilTheNextActivation(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	log := Log{{Revision: 1}, {Revision: 2, From: day(10)}, {Revision: 3, From: day(5)}, {Revision: 4, From: day(10)}}
	for _, c := range []struct {
		at       time.Time
		revision int
		from, to time.Time
	}{
		{day(1), 1, time.Time{}, day(5)}, {day(5).Add(-1), 1, time.Time{}, day(5)}, {day(5), 3, day(5), day(10)},
		{day(10).Add(-1), 3, day(5), day(10)}, {day(10), 4, day(10), time.Time{}}, {day(20), 4, day(10), time.Time{}},
	} {
		revision, from, to, ok := log.During(c.at)
		if revision != c.revision || !from.Equal(c.from) || !to.Equal(c.to) || !ok {
			t.Errorf("%s: revision %d from %s to %s, %t; want %d from %s to %s", c.at, revision, from, to, ok, c.revision, c.from, c.to)
		}
	}
	if _, _, _, ok := (Log{}).During(day(1)); ok {
		t.Error("a revision of an empty log is live")
	}
}

// Whatever was activated, in whatever order: what During says of an instant, At
// says of every instant from when until when it is so.
func TestWhatIsLiveDuringIsLiveAtEveryInstantOfIt(t *testing.T) {
	instant := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(0, rapid.Int64Range(-3, 20).Draw(t, "ns")).UTC() })
	rapid.Check(t, func(t *rapid.T) {
		log := Log{{Revision: 1}}
		for i := range rapid.IntRange(0, 6).Draw(t, "activations") {
			log = append(log, Activation{Revision: i + 2, From: instant.Draw(t, "from")})
		}
		at := instant.Draw(t, "at")
		revision, from, to, ok := log.During(at)
		if !ok || !from.IsZero() && from.After(at) || !to.IsZero() && !to.After(at) {
			t.Fatalf("revision %d is live from %s to %s, %t, which is not at %s", revision, from, to, ok, at)
		}
		begins, ends := from.IsZero(), to.IsZero()
		for _, a := range log {
			begins, ends = begins || a.From.Equal(from), ends || a.From.Equal(to)
		}
		if !begins || !ends {
			t.Fatalf("from %s to %s: nothing was activated then: %v", from, to, log)
		}
		for ns := int64(-5); ns < 25; ns++ {
			other := time.Unix(0, ns).UTC()
			if !from.IsZero() && other.Before(from) || !to.IsZero() && !other.Before(to) {
				continue
			}
			if r, _ := log.At(other); r != revision {
				t.Fatalf("revision %d is live at %s, want %d from %s to %s: %v", r, other, revision, from, to, log)
			}
		}
	})
}
