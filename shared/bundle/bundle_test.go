package bundle

import (
	"encoding/json"
	"errors"
	"iter"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

var amounts = cmp.Comparer(func(a, b money.Amount) bool { return a == b })

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func date(t testing.TB, s string) period.Date {
	t.Helper()
	if s == "" {
		return period.Date{}
	}
	d, err := period.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func instant(t testing.TB, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

var february = period.Month{Year: 2026, Month: time.February}

func open(t testing.TB, features []Feature, plans ...Plan) *State {
	t.Helper()
	s, err := Open(february, time.UTC, features, plans)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// grant is a feature of the whole of February.
func grant(id, plan string) Feature {
	return Feature{ID: id, Plan: plan, Start: period.Date{Year: 2025, Month: 1, Day: 1}}
}

func usage(t testing.TB, seconds uint64, charge string) Usage {
	t.Helper()
	return Usage{Instant: instant(t, "2026-02-10T12:00:00Z"), Seconds: seconds, Weight: 100, Charge: money.MustParse(charge)}
}

func draw(t testing.TB, s *State, u Usage) Draw {
	t.Helper()
	d, err := s.Draw(u)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDraw(t *testing.T) {
	weighted := func(u Usage, weight uint32) Usage { u.Weight = weight; return u }
	tests := []struct {
		name       string
		minutes    uint64
		secondsOff uint64 // drawn by an earlier call
		roundBy    uint32
		usage      Usage
		want       Draw
		left       uint64 // hundredths
	}{
		{
			name: "porta-quota-split: 2 of 8 minutes left", minutes: 2,
			usage: usage(t, 480, "0.80"),
			want:  Draw{Covered: 120, Drawn: 12000, Discount: money.MustParse("0.20"), Due: money.MustParse("0.60"), Split: true},
		},
		{
			name: "wholly covered: nothing due", minutes: 10,
			usage: usage(t, 70, "0.3333"),
			want:  Draw{Covered: 70, Drawn: 7000, Discount: money.MustParse("0.3333"), Due: money.MustParse("0.0000")},
			left:  53000,
		},
		{
			name: "the last second exactly", minutes: 1,
			usage: usage(t, 60, "0.10"),
			want:  Draw{Covered: 60, Drawn: 6000, Discount: money.MustParse("0.10"), Due: money.MustParse("0.00")},
		},
		{
			name: "one second over", minutes: 1,
			usage: usage(t, 61, "0.10"), // 0.10 × 60 ÷ 61 = 0.098…
			want:  Draw{Covered: 60, Drawn: 6000, Discount: money.MustParse("0.09"), Due: money.MustParse("0.01"), Split: true},
		},
		{
			name: "weight 200 % draws two minutes a minute", minutes: 10,
			usage: weighted(usage(t, 60, "1"), 200),
			want:  Draw{Covered: 60, Drawn: 12000, Discount: money.MustParse("1"), Due: money.MustParse("0")},
			left:  48000,
		},
		{
			name: "weight 150 %: what cannot pay a whole second stays", minutes: 1, secondsOff: 39, // 21 s left pay 14
			usage: weighted(usage(t, 100, "1.00"), 150),
			want:  Draw{Covered: 14, Drawn: 2100, Discount: money.MustParse("0.14"), Due: money.MustParse("0.86"), Split: true},
		},
		{
			name: "weight 250 %: the rest stays in the pool", minutes: 1, secondsOff: 51, // 9 s left pay 3 of 2.5
			usage: weighted(usage(t, 100, "1.00"), 250),
			want:  Draw{Covered: 3, Drawn: 750, Discount: money.MustParse("0.03"), Due: money.MustParse("0.97"), Split: true},
			left:  150,
		},
		{
			name: "less than one second left: nothing is drawn", minutes: 1, secondsOff: 59,
			usage: weighted(usage(t, 100, "1.00"), 200),
			want:  Draw{Discount: money.MustParse("0.00"), Due: money.MustParse("1.00")},
			left:  100,
		},
		{
			name: "no charge draws nothing", minutes: 10,
			usage: usage(t, 60, "0.0000"),
			want:  Draw{Discount: money.MustParse("0.0000"), Due: money.MustParse("0.0000")},
			left:  60000,
		},
		{
			name: "no billed seconds draw nothing", minutes: 10,
			usage: usage(t, 0, "0.05"),
			want:  Draw{Discount: money.MustParse("0.00"), Due: money.MustParse("0.05")},
			left:  60000,
		},
		{
			name: "mor-flat-rate-old: 61 s are 2 minutes", minutes: 10, roundBy: 60,
			usage: usage(t, 61, "1"),
			want:  Draw{Covered: 61, Drawn: 12000, Discount: money.MustParse("1"), Due: money.MustParse("0")},
			left:  48000,
		},
		{
			name: "B13: 60 s of 120 s", minutes: 1, roundBy: 60,
			usage: usage(t, 120, "1.2"),
			want:  Draw{Covered: 60, Drawn: 6000, Discount: money.MustParse("0.6"), Due: money.MustParse("0.6"), Split: true},
		},
		{
			name:  "unlimited covers all",
			usage: usage(t, math.MaxUint32, "123456.78"),
			want:  Draw{Covered: math.MaxUint32, Drawn: math.MaxUint32 * 100, Discount: money.MustParse("123456.78"), Due: money.MustParse("0.00")},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, []Feature{grant("f", "p")}, Plan{ID: "p", Minutes: tt.minutes, RoundBy: tt.roundBy})
			if tt.secondsOff > 0 {
				draw(t, s, usage(t, tt.secondsOff, "1"))
			}
			got := draw(t, s, tt.usage)
			if diff := cmp.Diff(tt.want, got, amounts); diff != "" {
				t.Errorf("draw (-want +got):\n%s", diff)
			}
			if left := s.Summary()[0].Left; left != tt.left {
				t.Errorf("left %d hundredths, want %d", left, tt.left)
			}
		})
	}
}

// The peer's bundles are in seconds; a pool of so many is a plan of a minute
// used up to there.
func TestPeerBundles(t *testing.T) {
	tests := []struct {
		name          string
		seconds       uint64
		roundBy       uint32
		call          uint64
		covered, used uint64
	}{
		{"B02-minute-blocks", 70, 60, 10, 10, 60},
		{"B04-not-enough", 70, 60, 80, 60, 60},
		{"B05-two-blocks", 150, 60, 80, 80, 120},
		{"B09-bundle-then-money-then-stop", 40, 20, 60, 40, 40},
		{"B13-bundle-60s-then-money-below-zero", 60, 60, 120, 60, 60},
		{"B14-sms-bundle, a unit as a second", 100, 1, 1, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, []Feature{grant("f", "p")}, Plan{ID: "p", Minutes: 60, RoundBy: tt.roundBy})
			s.pools[0].Left = tt.seconds * hundredths
			got := draw(t, s, usage(t, tt.call, "1"))
			if got.Covered != tt.covered || got.Drawn != tt.used*hundredths {
				t.Errorf("covered %d s, drew %d; want %d s, %d", got.Covered, got.Drawn, tt.covered, tt.used*hundredths)
			}
			if left := s.Summary()[0].Left; left != (tt.seconds-tt.used)*hundredths {
				t.Errorf("left %d, want %d", left, (tt.seconds-tt.used)*hundredths)
			}
		})
	}
}

func TestShorterCallsUseWhatASplitLeft(t *testing.T) {
	s := open(t, []Feature{grant("f", "p")}, Plan{ID: "p", Minutes: 1})
	heavy := usage(t, 100, "1.00")
	heavy.Weight = 700 // 60 s pay 8 whole seconds; 4 s are left
	if d := draw(t, s, heavy); d.Covered != 8 || !d.Split {
		t.Errorf("the heavy call: %+v, want 8 s covered, split", d)
	}
	if d := draw(t, s, usage(t, 4, "0.04")); d.Covered != 4 || d.Split || !d.Due.IsZero() {
		t.Errorf("the later, shorter call: %+v, want it wholly covered", d)
	}
}

func TestOnlyPoolsOfTheSameStateAreResumed(t *testing.T) {
	state := func(minutes uint64) *State {
		return open(t, []Feature{grant("a", "p"), grant("b", "all")}, Plan{ID: "p", Minutes: minutes}, Plan{ID: "all"})
	}
	drawn := state(2)
	draw(t, drawn, usage(t, 150, "1.50"))
	tests := []struct {
		name   string
		change func(p []Pool) []Pool
		fails  bool
	}{
		{"as they were", func(p []Pool) []Pool { return p }, false},
		{"one less", func(p []Pool) []Pool { return p[:1] }, true},
		{"in another order", func(p []Pool) []Pool { p[0], p[1] = p[1], p[0]; return p }, true},
		{"another plan's", func(p []Pool) []Pool { p[0].Plan = "q"; return p }, true},
		{"more granted", func(p []Pool) []Pool { p[0].Allowance++; p[0].Left++; return p }, true},
		{"more drawn than granted", func(p []Pool) []Pool { p[0].Drawn, p[0].Left = 12001, 1<<64-1; return p }, true},
		{"some lost", func(p []Pool) []Pool { p[0].Drawn--; return p }, true},
		{"some left of an unlimited one", func(p []Pool) []Pool { p[1].Left = 1; return p }, true},
		{"a limit in place of none", func(p []Pool) []Pool { p[1].Unlimited = false; return p }, true},
		{"a discount below zero", func(p []Pool) []Pool { p[1].Discount = money.MustParse("-1"); return p }, true},
	}
	for _, tt := range tests {
		s := state(2)
		err := s.Resume(tt.change(drawn.Summary()))
		want := drawn.Summary()
		if tt.fails {
			want = state(2).Summary()
		}
		if (err != nil) != tt.fails {
			t.Errorf("%s: error %v, want one: %t", tt.name, err, tt.fails)
		}
		if diff := cmp.Diff(want, s.Summary(), amounts); diff != "" {
			t.Errorf("%s: pools (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestAllowance(t *testing.T) {
	tests := []struct {
		name    string
		minutes uint64
		feature Feature
		want    uint64 // hundredths
	}{
		{"plain", 500, Feature{}, 500 * 6000},
		{"seed-feature-count-trap", 1, Feature{Count: 9000}, 9000 * 6000},
		{"seed-multiplier", 1, Feature{Multiplier: 9000, Count: 1}, 9000 * 6000},
		{"multiplier and count", 10, Feature{Multiplier: 3, Count: 2}, 60 * 6000},
		{"full in a part month", 100, Feature{Start: period.Date{Year: 2026, Month: 2, Day: 15}}, 100 * 6000},
		{"14 of 28 days (as rogers-allowance, 15 of 30)", 100, Feature{Start: period.Date{Year: 2026, Month: 2, Day: 15}, ProrateAllowance: true}, 50 * 6000},
		{"17 of 28 days, rounded down", 1, Feature{Start: period.Date{Year: 2026, Month: 2, Day: 12}, ProrateAllowance: true}, 3642},
		{"a whole month, pro rata", 7, Feature{ProrateAllowance: true}, 7 * 6000},
		{"the largest", math.MaxUint64 / 6000, Feature{ProrateAllowance: true}, math.MaxUint64 / 6000 * 6000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.feature
			f.ID, f.Plan = "f", "p"
			if f.Start == (period.Date{}) {
				f.Start = date(t, "2026-01-01")
			}
			got := open(t, []Feature{f}, Plan{ID: "p", Minutes: tt.minutes}).Summary()
			want := []Pool{{Feature: "f", Plan: "p", Allowance: tt.want, Left: tt.want}}
			if diff := cmp.Diff(want, got, amounts); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
		})
	}
}

// Usage draws from local midnight of the start to local midnight after the end.
func TestWindow(t *testing.T) {
	tests := []struct {
		zone, start, end, at string
		month                period.Month
		inside               bool
	}{
		{"UTC", "2026-02-12", "", "2026-02-11T23:59:59Z", february, false},
		{"UTC", "2026-02-12", "", "2026-02-12T00:00:00Z", february, true},
		{"UTC", "2025-02-12", "2026-02-12", "2026-02-12T23:59:59Z", february, true},
		{"UTC", "2025-02-12", "2026-02-12", "2026-02-13T00:00:00Z", february, false},
		{"UTC", "2025-02-12", "2026-02-28", "2026-02-28T23:59:59Z", february, true},
		{"UTC", "2026-02-12", "2026-02-12", "2026-02-12T12:00:00Z", february, true},
		{"UTC", "2025-02-12", "2026-01-31", "2026-02-01T00:00:00Z", february, false},
		{"UTC", "2026-03-01", "", "2026-02-28T23:59:59Z", february, false},
		{"America/New_York", "2026-02-12", "", "2026-02-12T04:59:59Z", february, false},
		{"America/New_York", "2026-02-12", "", "2026-02-12T05:00:00Z", february, true},
		{"Europe/London", "2026-03-30", "", "2026-03-29T22:59:59Z", period.Month{Year: 2026, Month: 3}, false},
		{"Europe/London", "2026-03-30", "", "2026-03-29T23:00:00Z", period.Month{Year: 2026, Month: 3}, true},
		{"Europe/London", "2026-03-01", "2026-03-29", "2026-03-29T22:59:59Z", period.Month{Year: 2026, Month: 3}, true},
	}
	for _, tt := range tests {
		f := Feature{ID: "f", Plan: "p", Start: date(t, tt.start), End: date(t, tt.end)}
		s, err := Open(tt.month, zone(t, tt.zone), []Feature{f}, []Plan{{ID: "p", Minutes: 100}})
		if err != nil {
			t.Fatal(err)
		}
		u := usage(t, 60, "1")
		u.Instant = instant(t, tt.at)
		if got := draw(t, s, u).Covered > 0; got != tt.inside {
			t.Errorf("%s to %s in %s: usage at %s covered = %t, want %t", tt.start, tt.end, tt.zone, tt.at, got, tt.inside)
		}
	}
}

// What the first pool leaves uncovered goes to the next; the discounts of the
// pools add up to the discount of the call.
func TestSeveralPools(t *testing.T) {
	s := open(t, []Feature{grant("a", "small"), grant("none", ""), grant("b", "blocks"), grant("c", "unlimited")},
		Plan{ID: "small", Minutes: 1}, Plan{ID: "blocks", Minutes: 2, RoundBy: 60}, Plan{ID: "unlimited"})
	got := []Draw{draw(t, s, usage(t, 70, "1.00")), draw(t, s, usage(t, 100, "1.00"))}
	want := []Draw{
		{Covered: 70, Drawn: 6000 + 6000, Discount: money.MustParse("1.00"), Due: money.MustParse("0.00")},
		{Covered: 100, Drawn: 6000 + 4000, Discount: money.MustParse("1.00"), Due: money.MustParse("0.00")},
	}
	if diff := cmp.Diff(want, got, amounts); diff != "" {
		t.Errorf("draws (-want +got):\n%s", diff)
	}
	pools := []Pool{
		{Feature: "a", Plan: "small", Allowance: 6000, Drawn: 6000, Calls: 1, Covered: 60, Discount: money.MustParse("0.85")},
		{Feature: "b", Plan: "blocks", Allowance: 12000, Drawn: 12000, Calls: 2, Covered: 70, Discount: money.MustParse("0.75")},
		{Feature: "c", Plan: "unlimited", Unlimited: true, Drawn: 4000, Calls: 1, Covered: 40, Discount: money.MustParse("0.40")},
	}
	if diff := cmp.Diff(pools, s.Summary(), amounts); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
}

func TestRecurring(t *testing.T) {
	tests := []struct {
		name, price string
		month       period.Month
		start, end  string
		count       uint64
		decimals    int
		want        string
		days, of    int
	}{
		{"seed-prorata-12feb", "50", february, "2026-02-12", "", 0, 2, "30.36", 17, 28},
		{"billingbooth-classic-15oct, October's part", "10", period.Month{Year: 2026, Month: 10}, "2026-10-15", "", 1, 2, "5.48", 17, 31},
		{"codesk-20jan", "300", period.Month{Year: 2026, Month: 1}, "2026-01-20", "", 1, 2, "116.13", 12, 31},
		{"lago-seat-10july", "10", period.Month{Year: 2026, Month: 7}, "2026-07-10", "", 1, 2, "7.10", 22, 31},
		{"m4 27 May, counted inclusively", "10", period.Month{Year: 2026, Month: 5}, "2026-05-27", "", 1, 2, "1.61", 5, 31},
		{"zuora-15jan", "31", period.Month{Year: 2026, Month: 1}, "2026-01-15", "2026-01-31", 1, 2, "17.00", 17, 31},
		{"inomial-upgrade-15mar, credit", "-50", period.Month{Year: 2026, Month: 3}, "2026-03-15", "", 1, 2, "-27.42", 17, 31},
		{"inomial-upgrade-15mar, debit", "100", period.Month{Year: 2026, Month: 3}, "2026-03-15", "", 1, 2, "54.84", 17, 31},
		{"seed-feature-count-trap", "50", february, "2026-01-01", "", 9000, 2, "450000.00", 28, 28},
		{"count is multiplied before the rounding", "0.333", february, "2026-01-01", "", 3, 2, "1.00", 28, 28},
		{"the end is charged", "28", february, "2026-01-01", "2026-02-01", 1, 2, "1.00", 1, 28},
		{"no day in the month", "50", february, "2026-03-01", "", 1, 2, "0.00", 0, 28},
		{"leap year", "29", period.Month{Year: 2028, Month: 2}, "2028-02-29", "", 1, 2, "1.00", 1, 29},
		{"yen", "50", february, "2026-02-12", "", 1, 0, "30", 17, 28},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Feature{ID: "f", Recurring: money.MustParse(tt.price), Start: date(t, tt.start), End: date(t, tt.end), Count: tt.count}
			got, days, of, err := Recurring(f, tt.month, tt.decimals)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want || days != tt.days || of != tt.of {
				t.Errorf("got %s, %d of %d days; want %s, %d of %d", got, days, of, tt.want, tt.days, tt.of)
			}
		})
	}
}

// The multiplier is no trap: it leaves the charge alone.
func TestMultiplierDoesNotCharge(t *testing.T) {
	f := Feature{ID: "f", Recurring: money.MustParse("50"), Start: date(t, "2026-01-01"), Multiplier: 9000, Count: 1}
	if got, _, _, err := Recurring(f, february, 2); err != nil || got.String() != "50.00" {
		t.Errorf("got %s, %v; want 50.00", got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	first := period.Date{Year: 2026, Month: 2, Day: 1}
	plans := []Plan{{ID: "p", Minutes: 10}}
	tests := []struct {
		name     string
		month    period.Month
		zone     *time.Location
		features []Feature
		plans    []Plan
		want     string
	}{
		{"month", period.Month{Year: 2026, Month: 13}, time.UTC, nil, nil, "2026-13"},
		{"zone", february, nil, nil, nil, "no time zone"},
		{"plan twice", february, time.UTC, nil, append(plans, plans...), `"p" is missing or used twice`},
		{"plan without id", february, time.UTC, nil, []Plan{{}}, `"" is missing or used twice`},
		{"unknown plan", february, time.UTC, []Feature{{ID: "f", Plan: "q", Start: first}}, plans, `plan "q", which does not exist`},
		{"feature twice", february, time.UTC, []Feature{{ID: "f", Start: first}, {ID: "f", Start: first}}, plans, `"f" is used twice`},
		{"feature without id", february, time.UTC, []Feature{{Start: first}}, plans, "no id"},
		{"no start", february, time.UTC, []Feature{{ID: "f"}}, plans, "start"},
		{"31 February", february, time.UTC, []Feature{{ID: "f", Start: first, End: period.Date{Year: 2026, Month: 2, Day: 31}}}, plans, "2026-02-31"},
		{"end before start", february, time.UTC, []Feature{{ID: "f", Start: first, End: period.Date{Year: 2026, Month: 1, Day: 31}}}, plans, "before it starts"},
		{"too many minutes", february, time.UTC, []Feature{{ID: "f", Plan: "p", Start: first, Count: math.MaxUint64 / 59999}}, plans, "out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(tt.month, tt.zone, tt.features, tt.plans)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// A usage that is refused leaves the month as it was.
func TestDrawRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Usage)
		want   string
	}{
		{"other month", func(u *Usage) { u.Instant = instant(t, "2026-03-01T00:00:00Z") }, "outside the month in UTC"},
		{"no weight", func(u *Usage) { u.Weight = 0 }, "weight of 1 %"},
		{"negative charge", func(u *Usage) { u.Charge = money.MustParse("-0.01") }, "charge of 0 or more"},
		{"quantity over 64 bits", func(u *Usage) { u.Seconds = math.MaxUint64 / 99 }, "out of range"},
		{"pool b over 64 bits, after a has drawn", func(u *Usage) { u.Seconds = 700 }, "out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, []Feature{grant("a", "some"), grant("b", "all")}, Plan{ID: "some", Minutes: 10}, Plan{ID: "all"})
			draw(t, s, usage(t, 60, "1"))
			s.pools[1].Drawn = math.MaxUint64
			before := s.Summary()
			u := usage(t, 60, "1")
			tt.change(&u)
			if _, err := s.Draw(u); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if diff := cmp.Diff(before, s.Summary(), amounts); diff != "" {
				t.Errorf("the pools changed (-before +after):\n%s", diff)
			}
		})
	}
}

// An account may have millions of calls: none of them leaves anything behind.
func TestDrawKeepsNothing(t *testing.T) {
	s := open(t, []Feature{grant("a", "some"), grant("b", "all")}, Plan{ID: "some", Minutes: 100, RoundBy: 7}, Plan{ID: "all"})
	u := usage(t, 61, "0.1234")
	if n := testing.AllocsPerRun(1000, func() { draw(t, s, u) }); n != 0 {
		t.Errorf("%v allocations a call, want 0", n)
	}
	if n := cap(s.drawing); n > 2 {
		t.Errorf("room for %d pools is kept, want 2", n)
	}
}

func TestQuantitiesOver64Bits(t *testing.T) {
	whole := Plan{ID: "unlimited"}
	minute := func(id string) Plan { return Plan{ID: id, Minutes: 1, RoundBy: 60} }
	tests := []struct {
		name    string
		plans   []Plan // one feature each
		seconds uint64
		weight  uint32
	}{
		{"seconds × weight", []Plan{whole}, math.MaxUint64/100 + 1, 100},
		{"rounded up to blocks", []Plan{{ID: "blocks", RoundBy: 60}}, math.MaxUint64 / 100, 100},
		{"the pools together", []Plan{minute("a"), minute("b"), minute("c"), whole}, (math.MaxUint64 - 6000) / 3001, 3001}, // 29.99 s of each block are rounding
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var features []Feature
			for _, p := range tt.plans {
				features = append(features, grant(p.ID, p.ID))
			}
			u := usage(t, tt.seconds, "1")
			u.Weight = tt.weight
			if d, err := open(t, features, tt.plans...).Draw(u); !errors.Is(err, errQuantity) {
				t.Errorf("got %+v, %v; want %v", d, err, errQuantity)
			}
		})
	}
	f := grant("f", "")
	f.Count = math.MaxUint64
	if got, _, _, err := Recurring(f, february, 2); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("got %s, %v; want %v", got, err, money.ErrOverflow)
	}
}

func TestFoldEndsAtTheFirstError(t *testing.T) {
	broken := errors.New("disk on fire")
	stream := func(good int, last Usage, err error) iter.Seq2[Usage, error] {
		return func(yield func(Usage, error) bool) {
			for range good {
				if !yield(usage(t, 60, "1"), nil) {
					return
				}
			}
			if yield(last, err) {
				t.Error("the fold went on after the error")
			}
		}
	}
	for _, in := range []iter.Seq2[Usage, error]{stream(3, Usage{}, broken), stream(3, Usage{}, nil)} {
		n, last := 0, error(nil)
		for _, err := range Fold(open(t, nil), in) {
			n, last = n+1, err
		}
		if n != 4 || last == nil {
			t.Errorf("%d draws, last error %v; want 4, the last one an error", n, last)
		}
	}
}

func TestFeatureAsJSON(t *testing.T) {
	want := Feature{ID: "f", Account: "a", Plan: "p", Multiplier: 2, Count: 3, Start: date(t, "2026-02-12"), Recurring: money.MustParse("50.00")}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Feature
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if diff := cmp.Diff(want, got, amounts); diff != "" {
		t.Errorf("feature (-want +got):\n%s", diff)
	}
}
