package ratecard

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

func held(t interface{ Fatal(...any) }, card []rating.Rate) *Rates {
	r, err := Collect(Rows(card))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// changeBy returns the rates of a card after a change.
func changeBy(t interface{ Fatal(...any) }, card []rating.Rate, m Moment, change func(*rating.Rate) (bool, error)) ([]rating.Rate, Result) {
	is := held(t, card)
	var commands []Command
	for c, err := range is.Change(m, change) {
		if err != nil {
			t.Fatal(err)
		}
		commands = append(commands, c)
	}
	return apply(t, card, commands, Options{At: m.At})
}

// A change from a later instant splits the rate that holds then, and changes what
// begins after it; one without an instant changes rates as a whole. What is under
// another rate by then is not brought back.
func TestAChangeHoldsFromItsInstant(t *testing.T) {
	card := []rating.Rate{is("1", "1", 0, 5), is("1", "2", 5, 0), is("1", "3", 14, 20), is("2", "1", 0, 0), is("2", "5", 16, 0)}
	raise := func(r *rating.Rate) (bool, error) {
		m, err := ParseMarkup("+1")
		if err != nil {
			return false, err
		}
		return r.Prefix != "3", Markups{Prices: m}.Rate(r)
	}
	for from, want := range map[int][]string{
		0: {"1 1 [,5)", "1 3 [20,)", "1 3 [5,14)", "1 4 [14,20)", "2 2 [,16)", "2 6 [16,)"},
		// From 18 on rate 1 of 2 does not hold: the one from 16 on does.
		18: {"1 1 [,5)", "1 2 [5,14)", "1 3 [14,18)", "1 3 [20,)", "1 4 [18,20)", "2 1 [,16)", "2 5 [16,18)", "2 6 [18,)"},
	} {
		next, result := changeBy(t, card, Moment{At: hour(now), From: hour(from)}, raise)
		if d := cmp.Diff(want, show(next)); d != "" || result.Bad > 0 {
			t.Errorf("from %d (-want +got)\n%s%v", from, d, result)
		}
	}
	held := held(t, card)
	if _, _, err := Apply(held.All(), held.Change(Moment{At: hour(now), From: hour(now - 1)}, raise), Options{}); err == nil || !strings.Contains(err.Error(), "past") {
		t.Errorf("a change of the past: %v", err)
	}
	fails := held.Change(Moment{}, func(*rating.Rate) (bool, error) { return true, errSource })
	if _, _, err := Apply(held.All(), fails, Options{}); !errors.Is(err, errSource) || !strings.Contains(err.Error(), `prefix "1"`) {
		t.Errorf("a change that fails: %v", err)
	}
	if _, err := Collect(rows(card, errSource)); !errors.Is(err, errSource) {
		t.Errorf("rates that fail: %v", err)
	}
	blocked := changed(is("3", "1", 0, 0), func(r *rating.Rate) { r.Blocked = true })
	if _, err := raise(&blocked); err != nil || blocked.Price1 != price("1") {
		t.Errorf("the price of a blocked rate becomes %s: %v", blocked.Price1, err)
	}
}

// Whatever rates a card has, one over another too: in each hour it has what it
// had, changed from the instant on where the change is about it.
func TestAChangeIsOfWhatHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		from := 0
		if rapid.Bool().Draw(t, "later") {
			from = rapid.IntRange(now+1, cells-2).Draw(t, "from")
		}
		change := func(r *rating.Rate) (bool, error) {
			r.Price1 += price("7")
			return strings.HasPrefix(r.Prefix, "44"), nil
		}
		next, result := changeBy(t, card, Moment{At: hour(now), From: hour(from)}, change)
		if result.Bad+result.Ignored > 0 || result.Added > 0 {
			t.Fatalf("%+v", result)
		}
		want := slow(card)
		for _, row := range want {
			for begin := 0; begin < cells; {
				end := begin + 1
				for end < cells && row[end] == row[begin] {
					end++
				}
				if r := row[begin]; r != nil && end > now && strings.HasPrefix(r.Prefix, "44") {
					more := *r
					more.Price1 += price("7")
					for c := max(begin, from); c < end; c++ {
						row[c] = &more
					}
				}
				begin = end
			}
		}
		if d := cmp.Diff(want.costs(), slow(next).costs()); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		active := held(t, next).Active(hour(now))
		holding := int64(0)
		for _, row := range slow(next) {
			if row[now] != nil {
				holding++
			}
		}
		if active != holding {
			t.Errorf("%d rates of %d are in force, want %d", active, len(next), holding)
		}
	})
}

// What Rules yields of a rate makes it again, whatever it has; and nothing is
// left of a rule that is taken away.
func TestRulesAreSetAndTakenAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRate(t)
		got := rating.Rate{Prefix: r.Prefix, Destination: r.Destination, Price1: r.Price1, PriceN: r.PriceN, Interval1: r.Interval1, IntervalN: r.IntervalN, ConnectionFee: r.ConnectionFee}
		bare := got
		for name, value := range Rules(&r) {
			if err := SetRule(&got, name, value); err != nil {
				t.Fatal(name, value, err)
			}
		}
		if d := cmp.Diff(r, got); d != "" {
			t.Fatalf("(-want +got)\n%s", d)
		}
		for name := range Rules(&r) {
			if err := SetRule(&got, name, ""); err != nil {
				t.Fatal(name, err)
			}
		}
		if d := cmp.Diff(bare, got); d != "" {
			t.Fatalf("without its rules (-want +got)\n%s", d)
		}
	})
	for name, value := range map[string]string{"speed": "1", "no_grace": "yes", "grace": "-1", "class": "near", "per": "1.5", "from": "2026-13-01", "to": "9999-01-01T00:00:00Z", "tiers": "x", "max_digits": "300", "local": "true"} {
		r := rating.Rate{Kind: call.Voice}
		if err := SetRule(&r, name, value); err == nil {
			t.Errorf("%s=%s is a rule", name, value)
		}
	}
	if err := SetRule(&rating.Rate{}, "blocked", "0"); err != nil {
		t.Error(err)
	}
}

func TestSpansAreWhatTheLogSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var log Log
		for i := range rapid.IntRange(0, 8).Draw(t, "entries") {
			a := Activation{Revision: rapid.IntRange(1, 4).Draw(t, "revision"), RecordedAt: at("2026-01-01T00:00:00Z")}
			if i > 0 {
				a.From = at(fmt.Sprintf("2026-01-%02dT00:00:00Z", rapid.IntRange(1, 9).Draw(t, "from")))
			}
			log = append(log, a)
		}
		spans := log.Spans()
		for i, s := range spans {
			if i > 0 && (s.Revision == spans[i-1].Revision || !s.From.Equal(spans[i-1].To)) {
				t.Fatalf("%v: want spans that touch, each of another revision than the one before", spans)
			}
		}
		for day := 1; day <= 10; day++ {
			instant := at(fmt.Sprintf("2026-01-%02dT00:00:00Z", day))
			want, ok := log.At(instant)
			got := 0
			for _, s := range spans {
				if s.Has(instant) {
					got += s.Revision
				}
			}
			if got != want || ok != (len(spans) > 0) {
				t.Fatalf("on day %d revision %d is live, spans say %v", day, want, spans)
			}
		}
	})
}
