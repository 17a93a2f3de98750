package cells

import (
	"bytes"
	"fmt"
)

// DateOrder is the order in which a deck writes its dates in numbers.
type DateOrder uint8

// The orders. Dates that begin with a year of four digits, or name their month,
// are read alike under each.
const (
	Unknown DateOrder = iota
	YearFirst
	DayFirst
	MonthFirst
)

var orderNames = [...]string{"an order that is not known", "year/month/day", "day/month/year", "month/day/year"}

// String returns the order as people write it: day/month/year.
func (o DateOrder) String() string {
	if int(o) < len(orderNames) {
		return orderNames[o]
	}
	return "?"
}

// DateEvidence gathers what the dates of a file say about their order. The zero
// value has seen none. One column's dates may be seen apart from another's.
type DateEvidence struct {
	seen  [4]dateSeen // by what they are
	short shortYears
	last  []byte // the date seen last, if it counts for seen[was] alone: the next row often has the same
	was   dateKind
}

// dateKind says how a date can be read.
type dateKind uint8

const (
	byYear  dateKind = iota // it begins with the year
	byDay                   // only with the day in front
	byMonth                 // only with the month in front
	byBoth
)

// shortYears is what the dates with three numbers of two digits have in front
// and at the end. The years of a deck lie close together, its days do not.
type shortYears struct {
	seen                                     dateSeen
	leastFront, mostFront, leastEnd, mostEnd int
}

// nearYears is how far apart the years of a deck may lie, to tell them from days.
const nearYears = 5

func (s *shortYears) see(line int64, text []byte, front, end int) {
	if s.seen.see(line, text); s.seen.cells == 1 {
		s.leastFront, s.mostFront, s.leastEnd, s.mostEnd = front, front, end, end
	}
	s.leastFront, s.mostFront = min(s.leastFront, front), max(s.mostFront, front)
	s.leastEnd, s.mostEnd = min(s.leastEnd, end), max(s.mostEnd, end)
}

// inFront reports whether the years seem to stand in front: 26/09/23, 26/10/01.
func (s *shortYears) inFront() bool {
	return s.mostEnd-s.leastEnd > nearYears && s.mostFront-s.leastFront <= nearYears
}

// dateSeen counts the cells of one kind, and keeps the first.
type dateSeen struct {
	cells, line int64
	text        string
}

func (s *dateSeen) see(line int64, text []byte) {
	if s.cells++; s.cells == 1 {
		s.line, s.text = line, clip(text)
	}
}

func (s *dateSeen) example() string { return fmt.Sprintf("%q in line %d", s.text, s.line) }

// See takes a date cell as evidence; line is where it stands.
func (e *DateEvidence) See(line int64, cell []byte) {
	if len(e.last) > 0 && bytes.Equal(e.last, cell) {
		e.seen[e.was].cells++
		return
	}
	text := Unwrap(cell)
	if len(text) == 0 || len(text) > maxDate || !digit(text[0]) {
		return
	}
	var d dateText
	if d.scan(text) != nil || d.month != 0 {
		return
	}
	short := d.width == [3]int{2, 2, 2} && d.num[0] <= 31
	if short {
		e.short.see(line, text, d.num[0], d.num[2])
	}
	kind := byBoth
	switch first, second := d.num[0], d.num[1]; {
	case d.yearFirst(Unknown):
		kind = byYear
	case first > 12 && second > 12, first < 1, second < 1, first == second:
		return
	case first > 12:
		kind = byDay
	case second > 12:
		kind = byMonth
	}
	if e.seen[kind].see(line, text); !short {
		e.last, e.was = append(e.last[:0], cell...), kind
	}
}

// Order returns the order of the dates seen, and why. One date that can be read
// one way only decides for all; of both kinds the more decide, and the others
// are errors of their lines. ambiguous reports that dates can be read both ways and
// nothing decides: the file must not be read until a person says the order.
func (e *DateEvidence) Order() (order DateOrder, why string, ambiguous bool) {
	switch {
	case e.short.inFront():
		return Unknown, fmt.Sprintf("dates such as %s begin with %d to %d and end with %d to %d, as if the year came first: say which order it is",
			e.short.seen.example(), e.short.leastFront, e.short.mostFront, e.short.leastEnd, e.short.mostEnd), true
	case e.seen[byDay].cells > 0 && e.seen[byMonth].cells == e.seen[byDay].cells:
		return Unknown, fmt.Sprintf("%s has the day first, %s the month, and as many others each: say which of them is right", e.seen[byDay].example(), e.seen[byMonth].example()), true
	case e.seen[byDay].cells > e.seen[byMonth].cells:
		return DayFirst, e.seen[byDay].over(&e.seen[byMonth]), false
	case e.seen[byMonth].cells > 0:
		return MonthFirst, e.seen[byMonth].over(&e.seen[byDay]), false
	case e.seen[byBoth].cells > 0:
		return Unknown, fmt.Sprintf("%s, and %s, can be day/month or month/day, and no date of the file has a number above 12 there: say which of them it is", e.seen[byBoth].example(), others(e.seen[byBoth].cells)), true
	case e.seen[byYear].cells > 0:
		return YearFirst, fmt.Sprintf("%s begins with the year, as all do", e.seen[byYear].example()), false
	}
	return Unknown, "there is no date in numbers", false
}

// over says why the kind s holds, and not the other.
func (s *dateSeen) over(less *dateSeen) string {
	why := s.example() + " can only be read so: no month is above 12"
	if less.cells > 0 {
		why += fmt.Sprintf("; %d dates say so, %d the other way, the first %s", s.cells, less.cells, less.example())
	}
	return why
}

func others(cells int64) string {
	switch cells {
	case 1:
		return "no other"
	case 2:
		return "1 other"
	}
	return fmt.Sprintf("%d others", cells-1)
}
