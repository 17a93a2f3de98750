package ledger

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
)

// compare holds a stored row's record, status and reason against the file; the
// stored row comes back when only its price is left to judge.
func (k *rowCheck) compare(s storedRow, want *call.Row) *call.Row {
	var got call.Row
	where := k.where(want.Line) + ofRole(want)
	if err := call.ParseRow(string(s.data), &got); err != nil {
		k.add("row", where, "%v", err)
		return nil
	}
	if got.Feed == "" {
		got.Feed = s.feed
	}
	var differs []string
	note := func(name string, equal bool) {
		if !equal {
			differs = append(differs, name)
		}
	}
	g, w := &got, want
	note("feed", g.Feed == w.Feed)
	note("call_id", g.CallID == w.CallID && g.Leg == w.Leg && g.Version == w.Version)
	note("start", g.Instant == w.Instant)
	note("duration", g.Duration == w.Duration)
	note("account", g.Account == w.Account && g.AccountRaw == w.AccountRaw)
	note("direction or trunk", g.Direction == w.Direction && g.Trunk == w.Trunk && g.OutTrunk == w.OutTrunk)
	note("a_number", g.ANumber == w.ANumber && g.ARaw == w.ARaw)
	note("b_number", g.BNumber == w.BNumber && g.BRaw == w.BRaw)
	note("kind or units", g.Kind == w.Kind && g.Units == w.Units)
	note("lrn", g.LRN == w.LRN && g.ALRN == w.ALRN)
	note("service or tag", g.Service == w.Service && g.Tag == w.Tag)
	note("what is wrong with it", g.Column == w.Column && g.Value == w.Value && g.Want == w.Want)
	note("what only a fold sets", g.Batch == 0 && g.Covered == 0 && g.Due.IsZero())
	if !k.unsure {
		note("flags", g.Flags == w.Flags)
	}
	if len(differs) > 0 {
		k.add("row", where, "it differs from the file in %s", strings.Join(differs, ", "))
		return nil
	}
	if s.kind == call.ReportBlock && (g.Status != w.Status || g.Reason != w.Reason || !g.Charge.IsZero() || g.Billed != 0) {
		k.add("row", where, "%s, want %s", statusText(g.Status, g.Reason), statusText(w.Status, w.Reason))
	}
	return &got
}

// count counts a row of the file or, in another role, a charge beside it.
func (k *rowCheck) count(r *call.Row) {
	if r.Role != call.Payer {
		key := r.Role.Name(r.Level) + ":" + r.Status.String()
		if r.Reason != "" {
			key += ":" + string(r.Reason)
		}
		k.charges[key]++
		return
	}
	switch r.Status {
	case call.Rated:
		k.counts.Accepted++
		return
	case call.Unrated:
		k.counts.Unrated++
	case call.Rejected:
		k.counts.Rejected++
	case call.Ignored:
		k.counts.Ignored++
	}
	k.reasons[r.Status.String()+":"+string(r.Reason)]++
}

func (k *rowCheck) countPeriod(key Key, r *call.Row) {
	n := k.periods[key]
	if n == nil {
		n = &PeriodCount{Period: key, First: r.Instant, Last: r.Instant}
		k.periods[key] = n
	}
	if r.Instant < n.First {
		n.First = r.Instant
	}
	if r.Instant > n.Last {
		n.Last = r.Instant
	}
	if r.Status == call.Rated {
		n.Accepted++
	} else {
		n.Unrated++
	}
}

// checkCounts compares the file's rows, counted again, with the marker and the
// batch.
func (k *rowCheck) checkCounts(m *Marker) {
	if k.unsure {
		return
	}
	type tally struct {
		Counts  Counts
		Reasons map[string]int64
		Charges map[string]int64 `json:",omitempty"`
		Periods []PeriodCount
	}
	want := tally{k.counts, k.reasons, k.charges, []PeriodCount{}}
	var keys []string
	for _, key := range slices.SortedFunc(maps.Keys(k.periods), compareKeys) {
		want.Periods = append(want.Periods, *k.periods[key])
		keys = append(keys, key.String())
	}
	if g, w := text(tally{m.Counts, m.Reasons, m.Charges, m.Periods}), text(want); g != w {
		k.add("marker", k.batch.Marker.Name, "it counts %s, want %s", g, w)
	}
	if k.batch.Counts != k.counts {
		k.add("counts", batchPath(k.batch.ID).String(), "%s, want %s", text(k.batch.Counts), text(k.counts))
	}
	if !maps.Equal(k.batch.Charges, k.charges) {
		k.add("counts", batchPath(k.batch.ID).String(), "charges %s, want %s", text(k.batch.Charges), text(k.charges))
	}
	if !slices.Equal(k.batch.Periods, keys) {
		k.add("batch", batchPath(k.batch.ID).String(), "its rows fall in %q, want %q", k.batch.Periods, keys)
	}
}

// text shows counts in a problem; what json cannot write, it says.
func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
