package cells

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/period"
	"pgregory.net/rapid"
)

func dateOf(cell string, order DateOrder, zone *time.Location) string {
	at, asap, err := ParseDate([]byte(cell), order, zone)
	switch {
	case err != nil:
		return err.Error()
	case asap:
		return "ASAP"
	}
	return strings.TrimSuffix(at.Format(time.RFC3339Nano), "T00:00:00Z")
}

func TestDates(t *testing.T) {
	const openDate = "want the order of day and month to be known: this is day 5 of month 4, or month 5 and day 4; write 30-Nov-2026 or 2026-11-30, or say the order of the deck's dates"
	for _, c := range []struct {
		cell  string
		order DateOrder
		want  string
	}{
		{"2026-09-23", Unknown, "2026-09-23"},
		{"2026-09-23 00:00:00", Unknown, "2026-09-23"}, // the stored value of a workbook
		{"2026/09/23", Unknown, "2026-09-23"},
		{"2026.9.3", MonthFirst, "2026-09-03"},
		{"20260923", Unknown, "2026-09-23"},
		{"20260923 12:30", Unknown, "2026-09-23T12:30:00Z"},
		{"23/09/2026", DayFirst, "2026-09-23"}, // the notice of a wholesale carrier
		{"10/09/2026", DayFirst, "2026-09-10"},
		{"23.09.2026", DayFirst, "2026-09-23"},
		{"23. 9. 2026", DayFirst, "2026-09-23"},
		{"09-23-2026", MonthFirst, "2026-09-23"},
		{"3/31/25", MonthFirst, "2025-03-31"}, // a deck of the United States
		{"3/31/79", MonthFirst, "2079-03-31"},
		{"3/31/80", MonthFirst, "1980-03-31"},
		{"26-09-23", YearFirst, "2026-09-23"},
		{"99/03/31", Unknown, "1999-03-31"},
		{"4/4/2026", Unknown, "2026-04-04"},
		{"31/3/2026", Unknown, "2026-03-31"},
		{"3/31/2026", YearFirst, "2026-03-31"},
		{"5/4/2026", Unknown, openDate},
		{"5/4/2026", YearFirst, openDate},
		{"23-Sep-2026", Unknown, "2026-09-23"},
		{"23-Sep-26", MonthFirst, "2026-09-23"},
		{"26-Sep-23", YearFirst, "2026-09-23"},
		{"2026-Sep-23", Unknown, "2026-09-23"},
		{"23 September 2026", Unknown, "2026-09-23"},
		{"23rd of September 2026", Unknown, "2026-09-23"},
		{"1st Oct 2026", Unknown, "2026-10-01"},
		{"Sep 23 2026", Unknown, "2026-09-23"},
		{"Sep. 23, 2026", Unknown, "2026-09-23"},
		{"Sept-23-2026", Unknown, "2026-09-23"},
		{"Wed, 23 Sep 2026 12:30:00 GMT", Unknown, "2026-09-23T12:30:00Z"}, // RFC 1123
		{"23. März 2026", Unknown, "2026-03-23"},
		{"1er août 2026", Unknown, "2026-08-01"},
		{"23 de septiembre de 2026", Unknown, "2026-09-23"},
		{"23 giugno 2026", Unknown, "2026-06-23"},
		{"23-Dez-2026", Unknown, "2026-12-23"},
		{"23 fev 2026", Unknown, "2026-02-23"},
		{"29 Feb 2028", Unknown, "2028-02-29"},
		{" '2026-09-23", Unknown, "2026-09-23"},

		{"2026-09-23 12:30", Unknown, "2026-09-23T12:30:00Z"},
		{"2026-09-23 12:30:05", Unknown, "2026-09-23T12:30:05Z"},
		{"2026-09-23T12:30:05Z", Unknown, "2026-09-23T12:30:05Z"},
		{"2026-09-23T12:30:05.25+02:00", Unknown, "2026-09-23T10:30:05.25Z"},
		{"2026-09-23 12:30:05 +0200", Unknown, "2026-09-23T10:30:05Z"},
		{"2026-09-23 12:30 -05", Unknown, "2026-09-23T17:30:00Z"},
		{"2026-09-23 12:30 UTC", Unknown, "2026-09-23T12:30:00Z"},
		{"23/09/2026, 6:05 PM", DayFirst, "2026-09-23T18:05:00Z"},
		{"23/09/2026 12:00 am", DayFirst, "2026-09-23"},
		{"23/09/2026 12:00pm", DayFirst, "2026-09-23T12:00:00Z"},

		{"ASAP", Unknown, "ASAP"},
		{" asap ", Unknown, "ASAP"},
		{"Immediately", Unknown, "ASAP"},
		{"Sofort", Unknown, "ASAP"},
		{"immédiatement", Unknown, "ASAP"},
		{"De inmediato", Unknown, "ASAP"},
		{"now", Unknown, "ASAP"},

		{"", Unknown, wantDate.Error()},
		{"soon", Unknown, wantDate.Error()},
		{"46288", Unknown, wantSerial.Error()},
		{"46288.52083", Unknown, wantSerial.Error()},
		{"20226-09-23", Unknown, wantYear.Error()},
		{"23/09/20226", DayFirst, wantYear.Error()},
		{"23-Sep-20226", DayFirst, wantYear.Error()},
		{"2200-01-01", Unknown, wantYear.Error()},
		{"1969-12-31", Unknown, wantYear.Error()},
		{"0000-00-00", Unknown, wantYear.Error()},
		{"1970-01-01T00:00:00+01:00", Unknown, wantYear.Error()},
		{"31/02/2026", DayFirst, "want a day that February 2026 has: there is no 31"},
		{"29 Feb 2026", Unknown, "want a day that February 2026 has: there is no 29"},
		{"0/4/2026", DayFirst, "want a day that April 2026 has: there is no 0"},
		{"2026-13-01", Unknown, "want a month from 1 to 12, not 13"},
		{"09/23/2026", DayFirst, "want day/month/year, as elsewhere in the file: there is no month 23"},
		{"23/09/2026", MonthFirst, "want month/day/year, as elsewhere in the file: there is no month 23"},
		{"23/09-2026", DayFirst, wantDate.Error()},
		{"23/09/226", DayFirst, wantDate.Error()},
		{"23 09 Sep", Unknown, wantDate.Error()},
		{"Sep 2026", Unknown, wantDate.Error()},
		{"23 jui 2026", Unknown, wantDate.Error()}, // juin or juillet
		{"2026-09-23 24:00", Unknown, wantTime.Error()},
		{"2026-09-23 12:60", Unknown, wantTime.Error()},
		{"2026-09-23 13:00 PM", Unknown, wantTime.Error()},
		{"2026-09-23 12:30 CET", Unknown, wantTime.Error()},
		{"2026-09-23 noon", Unknown, wantTime.Error()},
		{"2026-09-23-01", Unknown, wantDate.Error()},
		{"5/4/2026/1", DayFirst, wantDate.Error()},
	} {
		if got := dateOf(c.cell, c.order, nil); got != c.want {
			t.Errorf("%q, %s: got %s\nwant %s", c.cell, c.order, got, c.want)
		}
	}
}

// A local time is that of the deck's zone; the hours that the clocks double or
// leave out are as everywhere else.
func TestDatesInAZone(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{"2026-07-01", "2026-06-30T23:00:00Z"},
		{"2026-12-01", "2026-12-01"},
		{"2026-07-01 12:00", "2026-07-01T11:00:00Z"},
		{"2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"},
		{"2026-10-25 01:30", "2026-10-25T00:30:00Z"}, // twice: the first
		{"2026-03-29 01:30", "2026-03-29T01:30:00Z"}, // never: 02:30
	} {
		if got := dateOf(c[0], Unknown, london); got != c[1] {
			t.Errorf("%s: got %s, want %s", c[0], got, c[1])
		}
	}
}

func TestDateOrder(t *testing.T) {
	for _, c := range []struct {
		cells, order, why string
		ambiguous         bool
	}{
		{"", Unknown.String(), "there is no date in numbers", false},
		{"ASAP|23-Sep-2026|Closed|46288", Unknown.String(), "there is no date in numbers", false},
		{"2026-09-23|2026-01-02", "year/month/day", `"2026-09-23" in line 1 begins with the year, as all do`, false},
		{"01/02/2026|23/09/2026|05/06/2026", "day/month/year", `"23/09/2026" in line 2 can only be read so: no month is above 12`, false},
		{"01/02/2026|3/31/25", "month/day/year", `"3/31/25" in line 2 can only be read so: no month is above 12`, false},
		{"23/09/2026|24/09/2026|09/25/2026|2026-01-02", "day/month/year",
			`"23/09/2026" in line 1 can only be read so: no month is above 12; 2 dates say so, 1 the other way, the first "09/25/2026" in line 3`, false},
		{"23/09/2026|09/25/2026", Unknown.String(),
			`"23/09/2026" in line 1 has the day first, "09/25/2026" in line 2 the month, and as many others each: say which of them is right`, true},
		{"04/04/2026|01/10/2026|02/10/2026", Unknown.String(),
			`"01/10/2026" in line 2, and 1 other, can be day/month or month/day, and no date of the file has a number above 12 there: say which of them it is`, true},
		{"23/09/26|01/10/26", "day/month/year", `"23/09/26" in line 1 can only be read so: no month is above 12`, false},
		{"26/09/23|26/10/01", Unknown.String(), `dates such as "26/09/23" in line 1 begin with 26 to 26 and end with 1 to 23, as if the year came first: say which order it is`, true},
		{"23/13/2026|0/4/2026", Unknown.String(), "there is no date in numbers", false}, // no date at all
		{"04/04/2026", Unknown.String(), "there is no date in numbers", false},          // reads alike either way
	} {
		var e DateEvidence
		for i, cell := range strings.Split(c.cells, "|") {
			e.See(int64(i+1), []byte(cell))
		}
		order, why, ambiguous := e.Order()
		if order.String() != c.order || why != c.why || ambiguous != c.ambiguous {
			t.Errorf("%s: got %s, %v, %s\nwant %s, %v, %s", c.cells, order, ambiguous, why, c.order, c.ambiguous, c.why)
		}
	}
}

var dateLayouts = map[DateOrder][]string{
	YearFirst:  {"2006-01-02", "2006/1/2", "20060102", "2006-01-02 15:04:05", time.RFC3339, "2006-01-02T15:04:05", "2006-Jan-02"},
	DayFirst:   {"02/01/2006", "2.1.2006", "02-01-2006 15:04", "2/1/2006 3:04:05 PM", "02-Jan-2006", "2 January 2006"},
	MonthFirst: {"01/02/2006", "1-2-2006", "1/2/2006 15:04:05", "Jan 2 2006", "January 2, 2006", "Mon Jan 2 2006"},
}

// What is written in an order is read in it, to the second that was written.
func TestDatesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([]DateOrder{YearFirst, DayFirst, MonthFirst}).Draw(t, "order")
		layout := rapid.SampledFrom(dateLayouts[order]).Draw(t, "layout")
		first := time.Date(period.MinYear, 1, 1, 0, 0, 0, 0, time.UTC)
		last := time.Date(period.MaxYear, 12, 31, 23, 59, 59, 0, time.UTC)
		text := time.Unix(rapid.Int64Range(first.Unix(), last.Unix()).Draw(t, "instant"), 0).UTC().Format(layout)
		want, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		got, asap, err := ParseDate([]byte(text), order, time.UTC)
		if err != nil || asap || !got.Equal(want) {
			t.Fatalf("%q: got %s, %v, want %s", text, got, err, want)
		}
	})
}

// The order that a file's dates show is that in which they were written, and
// each date is read as written.
func TestDateEvidenceProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layout := rapid.SampledFrom([]string{"02/01/2006", "01/02/2006", "2.1.06", "1/2/06"}).Draw(t, "layout")
		var e DateEvidence
		var written []string
		for i, day := range rapid.SliceOfN(rapid.IntRange(0, 364), 1, 10).Draw(t, "days") {
			written = append(written, time.Date(2026, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(layout))
			e.See(int64(i+1), []byte(written[i]))
		}
		order, why, ambiguous := e.Order()
		for _, text := range written {
			want, _ := time.Parse(layout, text)
			got, _, err := ParseDate([]byte(text), order, nil)
			if !ambiguous && err != nil || err == nil && !got.Equal(want) {
				t.Fatalf("%q of %q: got %s, %v; %s (%s)", text, written, got, err, order, why)
			}
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2026-09-23", "23/09/2026 6:05 PM", "3/31/25", "23rd of September 2026", "2026-09-23T12:30:05.25+02:00", "ASAP", "46288", "20226-09-23", "1er août 2026", "20260923"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, cell string, order uint8) {
		var e DateEvidence
		e.See(1, []byte(cell))
		e.Order()
		o := DateOrder(order % 4)
		at, asap, err := ParseDate([]byte(cell), o, time.UTC)
		var w *Want
		switch {
		case err != nil && !errors.As(err, &w):
			t.Errorf("%q: %v", cell, err)
		case err != nil || asap:
			if !at.IsZero() || asap && err != nil {
				t.Errorf("%q: %s with %v", cell, at, err)
			}
		default:
			again, _, err := ParseDate([]byte(at.Format(time.RFC3339Nano)), o, nil)
			if err != nil || !again.Equal(at) || at.Year() < period.MinYear || at.Year() > period.MaxYear {
				t.Errorf("%q: %s, again %s, %v", cell, at, again, err)
			}
		}
	})
}
