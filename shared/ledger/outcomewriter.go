package ledger

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// outcomeLimit is how many bytes of rows an outcome part gathers. All days of a
// month are open at once.
const outcomeLimit = 1 << 20

// DayParts is how many parts the outcomes of a day in UTC have.
type DayParts struct {
	Day   period.Date `json:"day"`
	Parts int         `json:"parts"`
}

const dayNanos = int64(24 * time.Hour)

// dayOf returns the day in UTC of an instant, counted from 1970-01-01.
func dayOf(instant int64) int64 {
	day := instant / dayNanos
	if instant%dayNanos < 0 {
		day--
	}
	return day
}

// dateOf returns the date of a day.
func dateOf(day int64) period.Date {
	y, m, d := time.Unix(0, day*dayNanos).UTC().Date()
	return period.Date{Year: y, Month: m, Day: d}
}

// outcomeWriter stores the outcome rows of a fold. Each day has parts of its own,
// which follow from the rows of the day alone: where they are the same in another
// fold, the parts are, too, and a fold that continues from the midnight after
// does not write them again.
type outcomeWriter struct {
	bucket  objects.Bucket
	period  Key
	entries []Entry // of the manifest
	days    map[int64]*outcomeDay
	last    int64 // the day of the row before
	at      *outcomeDay
	buf     []byte
}

func newOutcomeWriter(f *fold) *outcomeWriter {
	m, parts := f.in.Manifest, f.from.parts
	w := &outcomeWriter{bucket: f.ledger.buckets.Rated, period: m.Period, entries: m.Entries, days: map[int64]*outcomeDay{}}
	for _, d := range f.from.days {
		w.days[dayOf(period.StartOfDay(d.Day, time.UTC).UnixNano())] = &outcomeDay{parts: parts[:d.Parts:d.Parts]}
		parts = parts[d.Parts:]
	}
	return w
}

// outcomeDay is the parts of a day, stored ones and the one that is open.
type outcomeDay struct {
	open    *partWriter // nil: none
	batches map[uint32]uint32
	parts   []Ref
}

// name names the revision that an entry adds, in the table of an outcome part:
// the place of an entry in a manifest moves when another batch comes.
func (e Entry) name() string { return e.Batch + "/" + strconv.FormatInt(e.Rev, 10) }

// day returns that of an instant.
func (w *outcomeWriter) day(instant int64) *outcomeDay {
	if w.at != nil && dayOf(instant) == w.last {
		return w.at
	}
	w.last = dayOf(instant)
	if w.at = w.days[w.last]; w.at == nil {
		w.at = &outcomeDay{}
		w.days[w.last] = w.at
	}
	return w.at
}

// write takes a row of a shard, which was priced under a card image.
func (w *outcomeWriter) write(ctx context.Context, shard uint8, r *call.Row, image string) error {
	d := w.day(r.Instant)
	if d.open != nil && d.open.held >= outcomeLimit {
		if err := d.seal(ctx); err != nil {
			return err
		}
	}
	if d.open == nil {
		d.open, d.batches = newPartWriter(w.bucket, "outcomes"), map[uint32]uint32{}
	}
	at := d.open.period(w.period)
	batch, ok := d.batches[r.Batch]
	if !ok {
		batch = uint32(len(d.batches))
		d.batches[r.Batch] = batch
		d.open.dir.Batches = append(d.open.dir.Batches, w.entries[r.Batch].name())
	}
	r.Batch, r.Image = batch, d.open.image(image)
	w.buf = call.AppendRow(w.buf[:0], r)
	d.open.add(call.OutcomeBlock, at, shard, w.buf)
	return nil
}

// seal stores the open part. Its memory is given back, as another has blocks of
// other accounts.
func (d *outcomeDay) seal(ctx context.Context) error {
	if d.open == nil {
		return nil
	}
	if err := d.open.seal(ctx); err != nil {
		return err
	}
	d.parts = append(d.parts, d.open.parts...)
	d.open = nil
	return nil
}

// finish stores what is open, and returns all parts, day by day.
func (w *outcomeWriter) finish(ctx context.Context) ([]Ref, []DayParts, error) {
	parts, days := []Ref{}, []DayParts(nil)
	for _, day := range slices.Sorted(maps.Keys(w.days)) {
		d := w.days[day]
		if err := d.seal(ctx); err != nil {
			return nil, nil, err
		}
		parts = append(parts, d.parts...)
		days = append(days, DayParts{dateOf(day), len(d.parts)})
	}
	return parts, days, nil
}
