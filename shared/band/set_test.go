package band_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/band"
)

func TestASetIsReadAndWritten(t *testing.T) {
	const text = `{"zone":"Europe/London","split":true,"names":["Peak","Base"],"windows":[` +
		`{"band":"Peak","days":["mon","holiday"],"from":"07:00","to":"19:00:30","months":[1,12],"month_days":[1,-1],"years":[2026]},` +
		`{"band":"Base","from":"00:00","to":"24:00"}],` +
		`"dates":[{"on":"12-25","as":"holiday"},{"on":"02-29","as":"sat"},{"on":"2026-12-28","as":"sun"}]}`
	set := read(t, text)
	if err := set.Validate(); err != nil {
		t.Fatal(err)
	}
	want := band.Set{
		Zone: "Europe/London", Split: true, Names: []string{"Peak", "Base"},
		Windows: []band.Window{
			{Band: "Peak", Days: []band.Day{band.Monday, band.Holiday}, From: 7 * 3600, To: 19*3600 + 30, Months: []int{1, 12}, MonthDays: []int{1, -1}, Years: []int{2026}},
			{Band: "Base", To: band.EndOfDay},
		},
		Dates: []band.Date{
			{On: band.On{Month: 12, Day: 25}, As: band.Holiday},
			{On: band.On{Month: 2, Day: 29}, As: band.Saturday},
			{On: band.On{Year: 2026, Month: 12, Day: 28}, As: band.Sunday},
		},
	}
	if diff := cmp.Diff(want, set); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	got, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(got)); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestATimeHasOneText(t *testing.T) {
	for in, want := range map[string]string{
		"00:00": "00:00", "00:00:00": "00:00", "07:05": "07:05", "07:05:00": "07:05", "23:59:59": "23:59:59", "00:00:01": "00:00:01",
		"24:00": "24:00", "24:00:00": "24:00",
	} {
		if v, err := band.ParseTimeOfDay(in); err != nil || v.String() != want {
			t.Errorf("%s: got %s, %v, want %s", in, v, err, want)
		}
	}
	for _, in := range []string{
		"", "7:00", "07:0", "0700", "07", "7:00:00", "07:00:0", "07:00:00.5", "07:00:0.5", "07:00,", "24:01", "24:00:01", "25:00", "07:60", "07:00:60",
		"-1:00", "+7:00", "07:00 ", " 07:00", "07.00", "０7:00", strings.Repeat("07:00", 1000),
	} {
		if v, err := band.ParseTimeOfDay(in); err == nil || v != 0 || len(err.Error()) > 200 {
			t.Errorf("%.30q: got %s, %v, want a short error", in, v, err)
		}
	}
}

func TestWhatIsNoSetIsNotRead(t *testing.T) {
	for _, in := range []string{
		`{"windows": [{"days": ["Mon"]}]}`, `{"windows": [{"days": ["monday"]}]}`, `{"windows": [{"days": [""]}]}`, `{"windows": [{"days": [1]}]}`,
		`{"windows": [{"from": "7:00"}]}`, `{"windows": [{"to": 19}]}`, `{"windows": [{"months": ["jan"]}]}`, `{"windows": [{"months": [1.5]}]}`,
		`{"dates": [{"on": "25-12"}]}`, `{"dates": [{"on": "12-32"}]}`, `{"dates": [{"on": "02-30"}]}`, `{"dates": [{"on": "2026-02-29"}]}`,
		`{"dates": [{"on": "1969-12-31"}]}`, `{"dates": [{"on": "2200-01-01"}]}`, `{"dates": [{"on": "0000-01-01"}]}`, `{"dates": [{"on": "1-1"}]}`,
		`{"dates": [{"on": ""}]}`, `{"dates": [{"as": "christmas"}]}`,
	} {
		var s band.Set
		if err := json.Unmarshal([]byte(in), &s); err == nil {
			t.Errorf("%s: got %+v, want an error", in, s)
		}
	}
}

func TestWhatIsNoSetIsNotWritten(t *testing.T) {
	for name, s := range map[string]band.Set{
		"no day":        {Windows: []band.Window{{Days: []band.Day{0}}}},
		"no such day":   {Windows: []band.Window{{Days: []band.Day{band.Holiday + 1}}}},
		"before a day":  {Windows: []band.Window{{From: -1}}},
		"after a day":   {Windows: []band.Window{{To: band.EndOfDay + 1}}},
		"no date":       {Dates: []band.Date{{As: band.Sunday}}},
		"no such date":  {Dates: []band.Date{{On: band.On{Year: 2026, Month: 2, Day: 29}, As: band.Sunday}}},
		"as no day":     {Dates: []band.Date{{On: band.On{Month: 12, Day: 25}}}},
		"no such month": {Dates: []band.Date{{On: band.On{Month: 13, Day: 1}, As: band.Sunday}}},
	} {
		if data, err := json.Marshal(s); err == nil {
			t.Errorf("%s: got %s, want an error", name, data)
		}
	}
}

// window returns a set of one band whose windows are given as JSON.
func window(windows ...string) string {
	return `{"names": ["a"], "windows": [` + strings.Join(windows, ",") + `]}`
}

func TestEveryLocalTimeNeedsAWindow(t *testing.T) {
	const rest = `{"band": "a", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"}`
	for _, c := range []struct{ name, set, want string }{
		{"one window for all", window(`{"band": "a", "from": "00:00", "to": "24:00"}`), ""},
		{"no holiday is a date", window(rest), ""},
		{"a weekday has no evening", strings.Replace(uk, `"tue", "wed", "thu", "fri"], "from": "00:00"`, `"wed", "thu", "fri"], "from": "00:00"`, 1),
			"no window holds on tue from 00:00 to 07:00"},
		{"nor a whole day", strings.Replace(uk, `["sat", "sun"]`, `["sat"]`, 1), "no window holds on sun from 00:00 to 24:00"},
		{"a second is missing", window(`{"band": "a", "from": "00:00", "to": "12:00"}`, `{"band": "a", "from": "12:00:01", "to": "24:00"}`),
			"no window holds on mon from 12:00 to 12:00:01"},
		{"the last second is missing", window(`{"band": "a", "from": "00:00", "to": "23:59:59"}`), "no window holds on mon from 23:59:59 to 24:00"},
		{"a window inside another ends nothing", window(`{"band": "a", "from": "00:00", "to": "24:00"}`, `{"band": "a", "from": "01:00", "to": "02:00"}`), ""},
		{"holidays", strings.TrimSuffix(window(rest), "}") + `, "dates": [{"on": "12-25", "as": "holiday"}]}`,
			"no window holds on holiday from 00:00 to 24:00"},
		{"a month", window(`{"band": "a", "from": "00:00", "to": "24:00", "months": [1,2,3,4,6,7,8,9,10,11,12]}`),
			"no window holds on mon, 05-01 from 00:00 to 24:00"},
		{"a month's afternoons", window(`{"band": "a", "from": "00:00", "to": "24:00", "months": [1,2,3,4,5,6,7,8,9,10,11]}`, `{"band": "a", "from": "00:00", "to": "12:00"}`),
			"no window holds on mon, 12-01 from 12:00 to 24:00"},
		{"the 31st", window(`{"band": "a", "from": "00:00", "to": "24:00", "month_days": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30]}`),
			"no window holds on mon, 01-31 from 00:00 to 24:00"},
		{"the 31st by the end", window(`{"band": "a", "from": "00:00", "to": "24:00", "month_days": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,-1]}`), ""},
		{"29 February only", window(`{"band": "a", "from": "00:00", "to": "24:00", "months": [1,3,4,5,6,7,8,9,10,11,12]}`,
			`{"band": "a", "from": "00:00", "to": "24:00", "months": [2], "month_days": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28]}`),
			"no window holds on mon, 02-29 from 00:00 to 24:00"},
		{"28 February of other years", window(`{"band": "a", "from": "00:00", "to": "24:00", "months": [1,3,4,5,6,7,8,9,10,11,12]}`,
			`{"band": "a", "from": "00:00", "to": "24:00", "months": [2], "month_days": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,29,-2]}`),
			"no window holds on mon, 02-28 from 00:00 to 24:00"},
		{"a year that is not named", window(`{"band": "a", "from": "00:00", "to": "24:00", "years": [2026]}`),
			"no window holds on mon, in a year that no window names, from 00:00 to 24:00"},
		{"a year that is named and left out", `{"names": ["a", "b"], "windows": [
			{"band": "a", "from": "00:00", "to": "12:00"}, {"band": "a", "from": "12:00", "to": "24:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat"]},
			{"band": "b", "from": "12:00", "to": "24:00", "days": ["sun"], "years": [2026, 2027]}]}`,
			"no window holds on sun, in a year that no window names, from 12:00 to 24:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := read(t, c.set)
			got := ""
			if err := s.Validate(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if _, err := s.Clock(location(t, "UTC")); (err == nil) != (c.want == "") {
				t.Errorf("clock: %v", err)
			}
		})
	}
}

func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	all := band.Window{Band: "a", To: band.EndOfDay}
	with := func(edit func(w *band.Window)) band.Set {
		w := all
		edit(&w)
		return band.Set{Names: []string{"a"}, Windows: []band.Window{w, all}}
	}
	named := func(names ...string) band.Set {
		return band.Set{Names: names, Windows: []band.Window{{Band: "a", To: band.EndOfDay}}}
	}
	dated := func(dates ...band.Date) band.Set {
		return band.Set{Names: []string{"a"}, Windows: []band.Window{all}, Dates: dates}
	}
	zoned := func(zone string) band.Set {
		return band.Set{Zone: zone, Names: []string{"a"}, Windows: []band.Window{all}}
	}
	eight := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	many := named("a")
	for len(many.Windows) < 200 {
		many.Windows = append(many.Windows, all)
	}
	dates := make([]band.Date, 2000)
	for i := range dates {
		dates[i] = band.Date{On: band.On{Year: 1970 + i/300, Month: 1, Day: 1}, As: band.Sunday}
		dates[i].On.Month += time.Month(i % 300 / 25)
		dates[i].On.Day += i % 25
	}
	for name, s := range map[string]band.Set{
		"eight bands": named(eight...), "a name of 64 bytes": named("a", strings.Repeat("é", 32)), "200 windows": many, "2000 dates": dated(dates...), "UTC": zoned("UTC"),
	} {
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	more := many
	more.Windows = append(more.Windows[:200:200], all)
	for _, c := range []struct {
		set  band.Set
		want string
	}{
		{band.Set{}, "0 names of bands: want 1 to 8"},
		{named(append(eight, "i")...), "9 names of bands"},
		{named("a", ""), `name 2: ""`},
		{named("a", strings.Repeat("b", 65)), "name 2: "},
		{named("a", " b"), `name 2: " b"`},
		{named("a", "b\n"), "name 2: "},
		{named("a", "b\x00b"), "name 2: "},
		{named("a", "\xff"), "name 2: "},
		{named("a", "b", "a"), `name 3: "a" is there twice`},
		{named("b", "c"), `window 1: band "a": want one of ["b" "c"]`},
		{band.Set{Names: []string{"a"}}, "0 windows: want 1 to 200"},
		{more, "201 windows"},
		{dated(append(dates, band.Date{On: band.On{Month: 12, Day: 25}, As: band.Sunday})...), "2001 dates: want at most 2000"},
		{dated(dates[0], dates[0]), "date 2: 1970-01-01 is there twice"},
		{dated(band.Date{On: band.On{Month: 2, Day: 30}, As: band.Sunday}), "date 1: 0-2-30"},
		{dated(band.Date{On: band.On{Year: 1969, Month: 2, Day: 1}, As: band.Sunday}), "date 1: 1969-2-1"},
		{dated(band.Date{On: band.On{Month: 12, Day: 25}}), "date 1 (12-25): day 0: want mon"},
		{zoned("Local"), `zone "Local"`},
		{zoned("Europe/Londinium"), `zone "Europe/Londinium"`},
		{zoned(strings.Repeat("Europe/", 500)), "zone "},
		{with(func(w *band.Window) { w.Band = strings.Repeat("x", 1_000_000) }), "window 1: band "},
		{with(func(w *band.Window) { w.From = -1 }), "window 1 (a): -1 to 86400 seconds"},
		{with(func(w *band.Window) { w.To++ }), "window 1 (a): 0 to 86401 seconds"},
		{with(func(w *band.Window) { w.From, w.To = 7200, 3600 }), "window 1 (a): from 02:00 to 01:00: want a later end"},
		{with(func(w *band.Window) { w.From, w.To = 3600, 3600 }), "window 1 (a): from 01:00 to 01:00"},
		{with(func(w *band.Window) { w.To = 0 }), "the end of a day is 24:00"},
		{with(func(w *band.Window) { w.Days = []band.Day{band.Monday, 0} }), "window 1 (a): day 0: want mon"},
		{with(func(w *band.Window) { w.Days = []band.Day{band.Monday, band.Monday} }), "is there twice"},
		{with(func(w *band.Window) { w.Months = []int{0} }), "months: 0: want 1 to 12"},
		{with(func(w *band.Window) { w.Months = []int{13} }), "months: 13"},
		{with(func(w *band.Window) { w.Months = []int{-1} }), "months: -1"},
		{with(func(w *band.Window) { w.Months = []int{1, 2, 1} }), "months: 1 is there twice"},
		{with(func(w *band.Window) { w.MonthDays = []int{0} }), "month_days: 0: want 1 to 31, or -31 to -1 from the end"},
		{with(func(w *band.Window) { w.MonthDays = []int{32} }), "month_days: 32"},
		{with(func(w *band.Window) { w.MonthDays = []int{-32} }), "month_days: -32"},
		{with(func(w *band.Window) { w.MonthDays = []int{-9223372036854775808} }), "month_days: -9223372036854775808"},
		{with(func(w *band.Window) { w.Years = []int{1969} }), "years: 1969: want 1970 to 2199"},
		{with(func(w *band.Window) { w.Years = []int{2200} }), "years: 2200"},
		{with(func(w *band.Window) { w.Years = []int{2026, 2026} }), "years: 2026 is there twice"},
	} {
		err := c.set.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 500 {
			t.Errorf("got %.600v, want a short error with %q", err, c.want)
			continue
		}
		if _, clockErr := c.set.Clock(location(t, "UTC")); fmt.Sprint(clockErr) != err.Error() {
			t.Errorf("clock: %v, want %v", clockErr, err)
		}
	}
}
