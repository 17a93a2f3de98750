package band

import (
	"errors"
	"math"
	"time"
)

// heldDays is how many days a Clock keeps: the records of a month come in any
// order, and some of the months beside it.
const heldDays = 64

// endOfTime is the first second after 2199, UTC: Unix seconds.
const endOfTime = 7_258_118_400

// Clock tells the bands of one Set in one zone. It keeps the days that it was
// asked for and allocates nothing once it has seen as many as it keeps. It is
// not safe for concurrent use: each worker has its own.
type Clock struct {
	week *week
	zone *time.Location

	from int64 // first second of last
	last span  // the span of the last answer: records mostly come in order
	days [heldDays]day
}

// span is a stretch of time in one band; it begins where the one before ends.
type span struct {
	until int64 // Unix seconds
	band  uint8
}

// day is a UTC day cut where the band changes.
type day struct {
	number int64 // days after 1 January 1970
	spans  []span
}

// Clock makes s ready for the instants of a customer in a zone; where s has a
// zone of its own, that one counts. A set that is not valid is an error.
func (s Set) Clock(zone *time.Location) (*Clock, error) {
	if s.Zone != "" {
		own, err := location(s.Zone)
		if err != nil {
			return nil, err
		}
		zone = own
	}
	if zone == nil {
		return nil, errors.New("bands without a zone, for a customer without one")
	}
	w, err := s.compile()
	if err != nil {
		return nil, err
	}
	if err := w.gap(); err != nil {
		return nil, err
	}
	return &Clock{week: w, zone: zone}, nil
}

// At returns the band at an instant (Unix nanoseconds, UTC, from 1970 to 2199),
// as its position in the set's names, and the first instant at which to ask
// again: until then, not included, the band is this one. Instants before 1970
// are in its first band, those after 2199 in its last.
func (c *Clock) At(instant int64) (band uint8, until int64) {
	second := floor(instant, int64(time.Second))
	s := c.at(second)
	if second >= endOfTime {
		return s.band, math.MaxInt64
	}
	return s.band, s.until * int64(time.Second)
}

// Cut yields the whole seconds of a call that began at start (as for At), cut
// where the band changes: second k, counted from 0, is in the band at start + k
// seconds. Neighbours are of different bands; no seconds yield nothing. It cuts
// whatever the set's Split says, and stops when yield returns false.
func (c *Clock) Cut(start int64, seconds uint64, yield func(band uint8, seconds uint64) bool) {
	// Bands change at whole seconds, so a fraction of one at the start moves no
	// second of the call over a change.
	second := floor(start, int64(time.Second))
	var band uint8
	var run uint64
	for seconds > 0 {
		s, n := c.at(second), seconds
		if second < endOfTime {
			n = min(n, uint64(s.until-second))
		}
		if s.band != band && run > 0 {
			if !yield(band, run) {
				return
			}
			run = 0
		}
		band, run = s.band, run+n
		second, seconds = second+int64(n), seconds-n
	}
	if run > 0 {
		yield(band, run)
	}
}

func (c *Clock) at(second int64) span {
	if c.from <= second && second < c.last.until {
		return c.last
	}
	return c.look(min(max(second, 0), endOfTime-1))
}

// look finds the span of a second from 1970 to 2199.
func (c *Clock) look(second int64) span {
	number := second / secondsPerDay
	d := &c.days[number%heldDays]
	if d.number != number || len(d.spans) == 0 {
		c.fill(d, number)
	}
	i, n := 0, len(d.spans)
	for i < n {
		if half := (i + n) / 2; d.spans[half].until <= second {
			i = half + 1
		} else {
			n = half
		}
	}
	c.from, c.last = number*secondsPerDay, d.spans[i]
	if i > 0 {
		c.from = d.spans[i-1].until
	}
	return c.last
}

// fill cuts a day: first where the zone's offset changes, then at local
// midnights, then where windows begin and end.
func (c *Clock) fill(d *day, number int64) {
	d.number, d.spans = number, d.spans[:0]
	end := (number + 1) * secondsPerDay
	for t := number * secondsPerDay; t < end; {
		offset, until := c.offset(t, end)
		for t < until {
			local := floor(t+offset, secondsPerDay)
			midnight := local*secondsPerDay - offset
			stop := min(until, midnight+secondsPerDay)
			for holding := c.week.on(local); t < stop; {
				band, to := c.week.at(holding, TimeOfDay(t-midnight))
				t = min(stop, midnight+int64(to))
				if last := len(d.spans) - 1; last >= 0 && d.spans[last].band == band {
					d.spans[last].until = t
				} else {
					d.spans = append(d.spans, span{t, band})
				}
			}
		}
	}
}

// offset returns the zone's offset at t, in seconds east of UTC, and until when
// it surely stays, at most to the end of the UTC day.
func (c *Clock) offset(t, end int64) (offset, until int64) {
	at := time.Unix(t, 0).In(c.zone)
	_, east := at.Zone()
	_, change := at.ZoneBounds()
	// By a zone's rules for the years to come, ZoneBounds counts 365 days to
	// every year: on the last day of a leap year its end lies behind t, and
	// nothing changes before the day's end.
	if next := change.Unix(); !change.IsZero() && next > t {
		end = min(end, next)
	}
	return int64(east), end
}

// floor divides, rounding down.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
