package cells

import "fmt"

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
	year, day, month, open dateSeen
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
	text := Unwrap(cell)
	if len(text) == 0 || len(text) > maxDate || !digit(text[0]) {
		return
	}
	var d dateText
	if d.scan(text) != nil || d.month != 0 {
		return
	}
	switch first, second := d.num[0], d.num[1]; {
	case d.yearFirst(Unknown):
		e.year.see(line, text)
	case first > 12 && second > 12, first < 1, second < 1, first == second:
	case first > 12:
		e.day.see(line, text)
	case second > 12:
		e.month.see(line, text)
	default:
		e.open.see(line, text)
	}
}

// Order returns the order of the dates seen, and why. One date that can be read
// one way only decides for all; of both kinds the more decide, and the others
// are errors of their lines. ambiguous reports that dates can be read both ways and
// nothing decides: the file must not be read until a person says the order.
func (e *DateEvidence) Order() (order DateOrder, why string, ambiguous bool) {
	switch {
	case e.day.cells > 0 && e.month.cells == e.day.cells:
		return Unknown, fmt.Sprintf("%s has the day first, %s the month, and as many others each: say which of them is right", e.day.example(), e.month.example()), true
	case e.day.cells > e.month.cells:
		return DayFirst, e.day.over(&e.month), false
	case e.month.cells > 0:
		return MonthFirst, e.month.over(&e.day), false
	case e.open.cells > 0:
		return Unknown, fmt.Sprintf("%s, and %s, can be day/month or month/day, and no date of the file has a number above 12 there: say which of them it is", e.open.example(), others(e.open.cells)), true
	case e.year.cells > 0:
		return YearFirst, fmt.Sprintf("%s begins with the year, as all do", e.year.example()), false
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
