package cases

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// Years for dates that have none.
const (
	someYear = 2026
	leapYear = 2028
)

var dayLayouts = []string{
	"2006-01-02", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006", "January 2 2006",
	"2 January", "2 Jan", "January 2", "Jan 2",
}

var monthLayouts = []string{"2006-01", "January 2006", "Jan 2006", "January", "Jan"}

// parseDay reads a date as people write it, perhaps without its year.
func parseDay(s string) (period.Date, bool) {
	t, ok := parseAny(s, dayLayouts)
	d := period.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()}
	if d.Year == 0 {
		d.Year = someYear
		if d.Month == time.February && d.Day == 29 {
			d.Year = leapYear
		}
	}
	return d, ok
}

func parseAny(s string, layouts []string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

var daysOfMonth = regexp.MustCompile(`^(.*\S)\s*\((\d+) days\)$`)

// parseMonth reads a month, with or without its year and days: May (31 days).
func parseMonth(s string) (period.Month, bool) {
	days := 0
	if m := daysOfMonth.FindStringSubmatch(s); m != nil {
		s = m[1]
		days, _ = strconv.Atoi(m[2]) // digits; too many are no month's days
	}
	t, ok := parseAny(s, monthLayouts)
	m := period.Month{Year: t.Year(), Month: t.Month()}
	if m.Year == 0 {
		m.Year = someYear
		if days == 29 {
			m.Year = leapYear
		}
	}
	return m, ok && (days == 0 || m.Days() == days)
}

func (f *fields) day(names ...string) (period.Date, bool) {
	s, ok := f.text(names...)
	if !ok {
		return period.Date{}, false
	}
	d, ok := parseDay(s)
	if !ok {
		f.q.badf("%s%s: %q, want a day", f.path, names[0], s)
	}
	return d, ok
}

// span reads a period: two days in a list or a text, or a month.
func (f *fields) span(name string) (from, to period.Date, ok bool) {
	list, there := f.list(name)
	if !there {
		return from, to, false
	}
	var texts []string
	for _, v := range list {
		s, _ := plain(v)
		texts = append(texts, s)
	}
	if len(texts) == 1 {
		if m, isMonth := parseMonth(texts[0]); isMonth {
			return m.First(), m.Last(), true
		}
		for _, between := range []string{" to ", "..", "–", " - ", "/", "-"} {
			if parts := strings.Split(texts[0], between); len(parts) == 2 {
				texts = parts
				break
			}
		}
	}
	if len(texts) == 2 {
		if _, err := strconv.Atoi(strings.TrimSpace(texts[0])); err == nil {
			_, month, _ := strings.Cut(strings.TrimSpace(texts[1]), " ") // 15-31 October
			texts[0] += " " + month
		}
		a, okA := parseDay(texts[0])
		b, okB := parseDay(texts[1])
		if okA && okB && b.Compare(a) < 0 && !strings.Contains(texts[1], strconv.Itoa(b.Year)) {
			b.Year++ // 15 Dec-31 Jan
		}
		if okA && okB {
			return a, b, true
		}
	}
	f.q.badf("%s%s: %v, want a month or two days", f.path, name, list)
	return from, to, false
}

// billed reads which days are billed: to the end of the first one's month, or
// what the case says. Without its start day the first one may be after end.
func (q *question) billed() (start, end period.Date, ok bool) {
	f := q.in
	days, hasDays := f.count("days_used", "days")
	length, hasLength := f.count("period_days", "days_in_period")
	full, fullLast := f.flag("full_charge_first_period"), f.flag("full_charge_last_period")
	start, end, ok = q.bounds(full || fullLast)
	if !ok && hasDays && hasLength {
		m, exists := monthOf(length)
		if !exists {
			q.need("period")
			return start, end, false
		}
		start, ok = m.Last(), true
		start.Day -= int(days) - 1
	}
	if !ok {
		q.badf("no days that are billed")
		return start, end, false
	}
	m := start.MonthOf()
	if end == (period.Date{}) || fullLast {
		end = m.Last()
	}
	exclusive, whole := q.convention()
	if full || whole {
		start = m.First()
	} else if exclusive {
		// The start day is left out: the day before the charge begins.
		start = addDay(start)
	}
	if n := period.DaysInclusive(start, end); hasDays && n != int(days) {
		q.badf("days %d: from %s to %s it is %d", days, start, end, n)
	}
	if hasLength && m.Days() != int(length) {
		q.badf("period_days %d: %s has %d", length, m, m.Days())
	}
	return start, end, true
}

// bounds reads the first day billed and the last; a zero end is the month's.
// Where the charge is full a day of any month does.
func (q *question) bounds(full bool) (start, end period.Date, ok bool) {
	f := q.in
	start, started := f.day("start", "start_date", "from")
	end, _ = f.day("end", "end_date", "to")
	from, to, spans := f.span("period")
	startDay, hasStart := f.count("start_day")
	endDay, hasEnd := f.count("end_day")
	switch {
	case started && (hasStart || hasEnd):
		q.badf("a day is given twice, alone and with its month")
	case started:
	case (hasStart || hasEnd) && (spans || full):
		start = someMonth.First()
		if spans {
			start = from
		}
		if hasEnd {
			end = start
			end.Day = int(endDay)
		}
		if hasStart {
			start.Day = int(startDay)
		}
	case spans:
		start = from
	default:
		return start, end, false
	}
	m := start.MonthOf()
	switch {
	case !spans:
	case from == start: // the days billed, perhaps with later months
		if end == (period.Date{}) {
			end = to
		}
	case from != m.First() || to != m.Last():
		q.need("period")
	}
	return start, end, true
}

// monthOf returns a month of so many days.
func monthOf(days uint64) (period.Month, bool) {
	for _, m := range []period.Month{{Year: someYear, Month: time.February}, {Year: leapYear, Month: time.February}, someMonth, someMonth.Next()} {
		if uint64(m.Days()) == days {
			return m, true
		}
	}
	return period.Month{}, false
}

func addDay(d period.Date) period.Date {
	if d == d.MonthOf().Last() {
		return d.MonthOf().Next().First()
	}
	d.Day++
	return d
}

// convention reads how days are counted. A vendor's legacy convention is not
// copied: the case expects inclusive days.
func (q *question) convention() (exclusive, whole bool) {
	s, ok := q.in.text("convention")
	s = strings.ToLower(s)
	switch {
	case !ok, strings.HasPrefix(s, "inclusive"), strings.HasPrefix(s, "legacy"):
	case s == "exclusive", strings.Contains(s, "exclude start"), strings.Contains(s, "start day excluded"):
		exclusive = true
	case s == "full", strings.Contains(s, "no proration"):
		whole = true
	default:
		q.badf("convention %q: want inclusive, exclude start day, full or legacy", s)
	}
	return exclusive, whole
}

// answerProrata charges a feature for the days of a month. Days in later months
// are those months' own lines, each rounded once.
func answerProrata(q *question) {
	start, end, ok := q.billed()
	price, priced := q.in.amount("price", "recurring", "monthly_price", "monthly_charge")
	f := bundle.Feature{ID: "f", Start: start, End: end, Recurring: price, Count: q.in.countOr(1, "feature_count", "count")}
	if !priced {
		q.badf("price: there is none")
	}
	if !ok {
		return
	}
	places := q.decimals(precisionNames, "charge")
	last := end.MonthOf()
	month := start.MonthOf()
	if start.Compare(end) > 0 {
		f.End, month = period.Date{}, last // no day of it
	}
	if last.Compare(month.Add(24)) > 0 {
		q.badf("period: more than two years")
		return
	}
	total := money.New(0, 0)
	for m := month; m.Compare(last) <= 0; m = m.Next() {
		charge, days, of, err := bundle.Recurring(f, m, places)
		if !q.check(err) {
			return
		}
		if m == month {
			q.wantAmount(money.New(int64(days), 0), "days")
			q.wantAmount(money.New(int64(of), 0), "of")
		}
		if total, err = total.Add(charge); !q.check(err) {
			return
		}
	}
	q.wantAmount(total, "charge")
}

func answerProrataAllowance(q *question) {
	start, end, ok := q.billed()
	minutes, there := q.in.count("allowance_min")
	if !ok || !there {
		return
	}
	if start.Compare(end) > 0 {
		q.badf("no day is left")
		return
	}
	f := bundle.Feature{ID: "f", Plan: "p", Start: start, End: end, ProrateAllowance: true}
	q.wantAmount(q.allowance(f, minutes, start.MonthOf()), "allowance_min")
}

// answerChange credits the old price and debits the new one from the day of the
// change to the month's end.
func answerChange(q *question) {
	change, ok := q.in.day("change")
	if !ok {
		q.badf("change: there is no day")
		return
	}
	zero := money.New(0, 0)
	oldPrice, newPrice := q.in.amountOr(zero, "old_price"), q.in.amountOr(zero, "new_price")
	inAdvance := q.in.flag("billed_in_advance")
	places := q.decimals(precisionNames, "credit", "debit", "month_total")
	part := func(price money.Amount, from, to period.Date) money.Amount {
		if to.Compare(from) < 0 {
			return zero
		}
		a, _, _, err := bundle.Recurring(bundle.Feature{ID: "f", Start: from, End: to, Recurring: price}, from.MonthOf(), places)
		q.check(err)
		return a
	}
	m := change.MonthOf()
	before := change
	before.Day--
	credit, debit := part(oldPrice, change, m.Last()), part(newPrice, change, m.Last())
	old := part(oldPrice, m.First(), before)
	if change == m.First() {
		old = zero
	}
	if inAdvance {
		// The whole month is billed already; the credit takes the rest back.
		var err error
		old, err = part(oldPrice, m.First(), m.Last()).Sub(credit)
		q.check(err)
	}
	total, err := old.Add(debit)
	q.check(err)
	q.wantAmount(credit, "credit")
	q.wantAmount(debit, "debit")
	q.wantAmount(total, "month_total")
}
