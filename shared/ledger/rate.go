package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
)

const (
	// unitChunks is how many chunks of a file make a unit: 4 MiB of text, so
	// about one part. Units are cut by the file alone: however many rate it, the
	// parts are the same.
	unitChunks = 2
	// chunkBytes and blockRows are how much is read and priced at once: what a
	// block needs stays in the cache of a core. Where there are more cards than
	// fewCards, a block is as long as may be: each card has some rows of it then.
	chunkBytes = 2 << 20
	blockRows  = 1024
	fewCards   = 16
	// maxRaters bounds how many rate a file at once, and so the memory.
	maxRaters = 4
)

// unit is some chunks of a file that follow one another, and what rating them
// came to.
type unit struct {
	chunks chan *cdr.Chunk
	short  bool // the file could not be read to its end; set before chunks is closed
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

// rate prices the rows of a slice, all processors at work. What it fails with is
// the first failure in the order of the file.
func (s *slice) rate(ctx context.Context, chunks *cdr.Chunks) (tally, error) {
	rows := blockRows
	if s.book.Cards() > fewCards {
		rows = call.MaxRows
	}
	chunks.Fit(chunkBytes, rows)
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
			return tally{}, failed
		}
	}
	units := []*unit{first}
	if err == nil {
		units, err = rateAll(ctx, raters, chunks, first)
	} else {
		raters[0].rate(ctx, first, chunks) // most files are one unit: here, at once
	}
	var tallies []tally
	for _, u := range units {
		if u.err != nil {
			break
		}
		tallies = append(tallies, u.tally)
	}
	all, failed := merged(tallies)
	if failed == nil && len(tallies) < len(units) {
		failed = units[len(tallies)].err
	}
	switch {
	case failed != nil:
		return tally{}, failed
	case !errors.Is(err, io.EOF):
		return tally{}, unreadable(err)
	}
	return all, nil
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
			u.short = !errors.Is(err, io.EOF)
			return err
		}
		u.chunks <- k
	}
	return nil
}

// merged adds tallies up, in the order of the file.
func merged(tallies []tally) (tally, error) {
	sum := tally{parts: []Ref{}, reasons: map[string]int64{}}
	periods := map[Key]int{}
	for _, t := range tallies {
		sum.parts = append(sum.parts, t.parts...)
		sum.counts = sum.counts.plus(t.counts)
		for reason, n := range t.reasons {
			sum.reasons[reason] += n
		}
		for charge, n := range t.charges {
			if sum.charges == nil {
				sum.charges = map[string]int64{}
			}
			sum.charges[charge] += n
		}
		for _, p := range t.periods {
			at, ok := periods[p.Period]
			switch {
			case ok:
				sum.periods[at].PeriodCount = sum.periods[at].plus(p.PeriodCount)
			case len(periods) == MaxPeriods:
				return tally{}, tooManyPeriods(p.Period, p.line)
			default:
				periods[p.Period] = len(sum.periods)
				sum.periods = append(sum.periods, p)
			}
		}
	}
	return sum, nil
}

// marker returns what a tally says in a marker.
func (t *tally) marker() Marker {
	m := Marker{Parts: t.parts, Counts: t.counts, Reasons: t.reasons, Charges: t.charges, Periods: []PeriodCount{}}
	for _, p := range t.periods {
		m.Periods = append(m.Periods, p.PeriodCount)
	}
	slices.SortFunc(m.Periods, func(a, b PeriodCount) int { return compareKeys(a.Period, b.Period) })
	return m
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
