package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tollbook/tollbook/shared/cdr"
)

const (
	// unitChunks is how many chunks of a file make a unit: 4 MiB of text, so
	// about one part. Units are cut by the file alone: however many rate it, the
	// parts are the same.
	unitChunks = 2
	// maxRaters bounds how many rate a file at once, and so the memory.
	maxRaters = 4
)

// unit is some chunks of a file that follow one another, and what rating them
// came to.
type unit struct {
	chunks chan *cdr.Chunk
	tally  tally
	err    error
}

// tally counts the rows of a unit.
type tally struct {
	parts   []Ref
	counts  Counts
	reasons map[string]int64
	charges map[string]int64
	periods []periodTally
}

// periodTally is of one period, with the line of its first row.
type periodTally struct {
	PeriodCount
	line int64
}

// rate prices the rows of a file, all processors at work. What it fails with is
// the first failure in the order of the file.
func (s *slice) rate(ctx context.Context, chunks *cdr.Chunks) (Marker, error) {
	first := newUnit()
	err := first.cut(chunks)
	n := 1
	if err == nil {
		n = min(runtime.GOMAXPROCS(0), maxRaters)
	}
	raters := make([]*rater, n)
	for i := range raters {
		var failed error
		if raters[i], failed = s.newRater(ctx); failed != nil {
			return Marker{}, failed
		}
	}
	units := []*unit{first}
	if err == nil {
		units, err = rateAll(ctx, raters, chunks, first)
	} else {
		raters[0].rate(ctx, first, chunks) // most files are one unit: here, at once
	}
	m, failed := merged(units)
	switch {
	case failed != nil:
		return Marker{}, failed
	case !errors.Is(err, io.EOF):
		return Marker{}, unreadable(err)
	}
	return m, nil
}

// rateAll rates the units of a file, the first of which is cut, until one fails
// or the chunks end.
func rateAll(ctx context.Context, raters []*rater, chunks *cdr.Chunks, first *unit) (units []*unit, err error) {
	var wait sync.WaitGroup
	var failed atomic.Bool
	todo := make(chan *unit, 1) // one is cut while all are at work
	for _, r := range raters {
		wait.Go(func() {
			for u := range todo {
				if r.rate(ctx, u, chunks); u.err != nil {
					failed.Store(true)
				}
			}
		})
	}
	units = []*unit{first}
	todo <- first
	for err == nil && !failed.Load() {
		u := newUnit()
		units = append(units, u)
		todo <- u
		err = u.cut(chunks)
	}
	close(todo)
	wait.Wait()
	return units, err
}

func newUnit() *unit { return &unit{chunks: make(chan *cdr.Chunk, unitChunks)} }

// cut gives a unit its chunks, and returns what ended them before it has all.
func (u *unit) cut(chunks *cdr.Chunks) error {
	defer close(u.chunks)
	for range unitChunks {
		k, err := chunks.Next()
		if err != nil {
			return err
		}
		u.chunks <- k
	}
	return nil
}

// merged adds units up, in the order of the file.
func merged(units []*unit) (Marker, error) {
	m := Marker{Parts: []Ref{}, Reasons: map[string]int64{}, Periods: []PeriodCount{}}
	periods := map[Key]PeriodCount{}
	for _, u := range units {
		if u.err != nil {
			return Marker{}, u.err
		}
		t := &u.tally
		m.Parts = append(m.Parts, t.parts...)
		m.Counts = m.Counts.plus(t.counts)
		for reason, n := range t.reasons {
			m.Reasons[reason] += n
		}
		for charge, n := range t.charges {
			if m.Charges == nil {
				m.Charges = map[string]int64{}
			}
			m.Charges[charge] += n
		}
		for _, p := range t.periods {
			before, ok := periods[p.Period]
			if !ok && len(periods) == MaxPeriods {
				return Marker{}, tooManyPeriods(p.Period, p.line)
			}
			periods[p.Period] = before.plus(p.PeriodCount)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(periods), compareKeys) {
		m.Periods = append(m.Periods, periods[key])
	}
	return m, nil
}

func tooManyPeriods(key Key, line int64) error {
	return &unreadableError{fmt.Errorf("the rows fall in more than %d months: is the date right? line %d is in %s", MaxPeriods, line, key.Month)}
}

func (c Counts) plus(o Counts) Counts {
	return Counts{c.Rows + o.Rows, c.Accepted + o.Accepted, c.Unrated + o.Unrated, c.Rejected + o.Rejected, c.Ignored + o.Ignored}
}

// plus adds counts of one period; those of none are zero.
func (n PeriodCount) plus(o PeriodCount) PeriodCount {
	if n.Accepted+n.Unrated == 0 {
		return o
	}
	n.Accepted, n.Unrated = n.Accepted+o.Accepted, n.Unrated+o.Unrated
	n.First, n.Last = min(n.First, o.First), max(n.Last, o.Last)
	return n
}
