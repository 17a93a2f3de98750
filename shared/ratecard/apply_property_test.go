package ratecard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// cells is how many hours the slow version looks at; now is one of them.
const cells = 24

// slowCard is the slow, obviously right version of a card: for each key what
// holds in each hour. Cell 0 is all time before hour 1, the last all time after.
type slowCard map[string]*[cells]*rating.Rate

func slowKey(r *rating.Rate) string {
	return fmt.Sprintf("%s %s %d %d %s", r.Prefix, r.Service, r.Kind, r.Class, r.Tag)
}

// cell returns the cell of an instant.
func cell(at int64, open int) int {
	if at == 0 {
		return open
	}
	return int((at-hour(1))/hours) + 1
}

// slow puts rates on the clock: the one that began last holds.
func slow(rates []rating.Rate) slowCard {
	s := slowCard{}
	for i := range rates {
		r := &rates[i]
		k := slowKey(r)
		if s[k] == nil {
			s[k] = &[cells]*rating.Rate{}
		}
		for c := cell(r.From, 0); c < cell(r.To, cells); c++ {
			if was := s[k][c]; was == nil || was.From < r.From {
				s[k][c] = r
			}
		}
	}
	return s
}

// hold lets a rate hold from a cell to another, or to the next that begins.
func (s slowCard) hold(r rating.Rate, from, to int) {
	k := slowKey(&r)
	if s[k] == nil {
		s[k] = &[cells]*rating.Rate{}
	}
	row := s[k]
	was, now := row[from], &r
	if was != nil && sameCost(was, &r) { // it goes on
		now = was
	}
	for c := from + 1; c < to; c++ {
		if row[c] != nil && row[c] != row[c-1] {
			to = c
		}
	}
	for c := from; was != nil && c < cells && row[c] == was; c++ {
		row[c] = nil
	}
	for c := from; c < to; c++ {
		row[c] = now
	}
}

func sameCost(a, b *rating.Rate) bool {
	return a.Price1 == b.Price1 && a.Destination == b.Destination && a.Blocked == b.Blocked
}

// do does a command; false: it is an error.
func (s slowCard) do(c Command, used func(rating.Rate) bool) bool {
	from := max(cell(c.Rate.From, now), now)
	to := cell(c.Rate.To, cells)
	k := slowKey(&c.Rate)
	if s[k] == nil {
		s[k] = &[cells]*rating.Rate{}
	}
	row := s[k]
	was := row[from]
	if to <= now && c.Action != Delete && c.Action != Close {
		return true
	}
	next := cells
	for i := from + 1; i < cells; i++ {
		if row[i] != nil && row[i] != row[i-1] {
			next = i
			break
		}
	}
	switch c.Action {
	case SetOrAdd, Set:
		if was == nil && c.Action == Set {
			return false
		}
		if was != nil && from == now && (row[from-1] != was || !used(*was)) && !sameCost(was, &c.Rate) {
			first := from
			for first > 0 && row[first-1] == was {
				first--
			}
			for i := first; i < cells && row[i] == was; i++ {
				row[i] = nil
			}
			for i := first; i < min(to, next); i++ {
				row[i] = &c.Rate
			}
			return true
		}
		s.hold(c.Rate, from, to)
	case Add:
		ends := from
		for was != nil && ends < cells && row[ends] == was {
			ends++
		}
		same := was != nil && sameCost(was, &c.Rate) && ends == min(to, next)
		begins := was != nil && (from == 0 || row[from-1] != was)
		if was != nil && !same && (c.Rate.From == 0 || begins) {
			return false
		}
		s.hold(c.Rate, from, to)
	case Put:
		s.hold(c.Rate, from, to)
	case Close:
		for i := from; i < cells; i++ {
			row[i] = nil
		}
	}
	return true
}

// costs writes what holds when, of keys that ever hold.
func (s slowCard) costs() map[string]string {
	out := map[string]string{}
	for k, row := range s {
		text := ""
		for _, r := range row {
			if r == nil {
				text += " -"
				continue
			}
			text += fmt.Sprintf(" %s%s", r.Price1, r.Destination)
			if r.Blocked {
				text += "!"
			}
		}
		if strings.Trim(text, " -") != "" {
			out[k] = text
		}
	}
	return out
}

func drawDated(t *rapid.T) rating.Rate {
	r := is(rapid.SampledFrom([]string{"44", "441", "45"}).Draw(t, "prefix"), fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "price")), 0, 0)
	r.Destination = rapid.SampledFrom([]string{"", "x"}).Draw(t, "name")
	r.Blocked = rapid.IntRange(0, 9).Draw(t, "blocked") == 0
	switch rapid.IntRange(0, 5).Draw(t, "asks") {
	case 0:
		r.Tag = "vip"
	case 1:
		r.Class = numbering.Interstate
	case 2:
		r.Kind = call.SMS
	}
	if rapid.Bool().Draw(t, "dated") {
		r.From = hour(rapid.IntRange(1, cells-2).Draw(t, "from"))
	}
	if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
		from := max(cell(r.From, 0), 0)
		r.To = hour(rapid.IntRange(from+1, cells-1).Draw(t, "to"))
	}
	return r
}

// drawCard returns rates that may overlap, but do not begin at one instant.
func drawCard(t *rapid.T) []rating.Rate {
	var out []rating.Rate
	seen := map[string]bool{}
	for _, r := range rapid.SliceOfN(rapid.Custom(drawDated), 0, 8).Draw(t, "card") {
		if id := ID(&r); !seen[id] {
			seen[id] = true
			out = append(out, r)
		}
	}
	return out
}

func drawDeck(t *rapid.T, actions ...Action) []Command {
	var out []Command
	for i, r := range rapid.SliceOfN(rapid.Custom(drawDated), 0, 6).Draw(t, "deck") {
		out = append(out, Command{Line: int64(i + 2), Action: rapid.SampledFrom(actions).Draw(t, "action"), Rate: r})
	}
	return out
}

var byKey = cmpopts.SortSlices(func(a, b rating.Rate) bool { return ID(&a) < ID(&b) })

// Commands are done one after another; what holds in each hour is what the slow
// version says.
func TestApplyAsSlowly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		isUsed := rapid.Bool().Draw(t, "used")
		used := func(rating.Rate) bool { return isUsed }
		want := slow(card)
		deck := drawDeck(t, Add, Set, SetOrAdd, Close, Skip)
		if rapid.Bool().Draw(t, "without actions") {
			deck = drawDeck(t, Put)
			seen := map[string]bool{}
			deck = slices.DeleteFunc(deck, func(c Command) bool { // one for each instant at which rows take effect
				id := fmt.Sprint(slowKey(&c.Rate), max(c.Rate.From, hour(now)))
				was := seen[id]
				seen[id] = was || c.Rate.To == 0 || c.Rate.To > hour(now)
				return was
			})
		}
		for i := range deck {
			if c := &deck[i]; c.Action == Close && c.Rate.Class == 0 && c.Rate.Tag == "" {
				c.Action = Skip // it would be for all rates of the prefix
			}
		}
		next, result := apply(t, card, deck, Options{At: hour(now), Used: used})
		done := slices.Clone(deck)
		if len(deck) > 0 && deck[0].Action == Put {
			slices.SortStableFunc(done, func(a, b Command) int { return cell(a.Rate.From, now) - cell(b.Rate.From, now) })
		}
		bad := 0
		for _, c := range done {
			if c.Action == Skip {
				continue
			}
			if !want.do(c, used) {
				bad++
			}
		}
		if d := cmp.Diff(want.costs(), slow(next).costs()); d != "" {
			t.Fatalf("what holds when (-want +got)\n%s\n%v\n%v", d, show(card), show(next))
		}
		if int(result.Bad) != bad {
			t.Fatalf("%d bad rows, want %d: %v", result.Bad, bad, result.Problems)
		}
		untouched(t, card, next, deck)
		once(t, next)
	})
}

// untouched checks that rates of keys that no command is about are as they were.
func untouched(t *rapid.T, card, next []rating.Rate, deck []Command) {
	touched := map[string]bool{}
	for _, c := range deck {
		touched[slowKey(&c.Rate)] = true
	}
	of := func(rates []rating.Rate) (out []rating.Rate) {
		for _, r := range rates {
			if !touched[slowKey(&r)] {
				out = append(out, r)
			}
		}
		return out
	}
	if d := cmp.Diff(of(card), of(next)); d != "" {
		t.Fatalf("rates that no row is about (-want +got)\n%s", d)
	}
}

// once checks that a card can be built: no two rates of a key begin at one
// instant, and all are valid.
func once(t *rapid.T, next []rating.Rate) {
	terms := plain
	terms.Presentation = rating.InterIntra
	if _, err := rating.BuildImage(terms, Rows(next)); err != nil {
		t.Fatalf("%v: %v", err, show(next))
	}
}

// A deck made of the rates that hold, and one made of all rates, change nothing.
func TestDeckOfTheCardItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		var deck []Command
		for _, row := range slow(card) {
			if r := row[now]; r != nil {
				c := Command{Rate: *r}
				c.Rate.To = 0
				for i := now; i < cells && c.Rate.To == 0; i++ {
					if row[i] != r {
						c.Rate.To = hour(i)
					}
				}
				deck = append(deck, c)
			}
		}
		next, result := apply(t, card, deck, Options{At: hour(now)})
		if d := cmp.Diff(card, next); d != "" || !result.Same() || result.Unchanged != int64(len(deck)) {
			t.Fatalf("%+v (-want +got)\n%s", result, d)
		}
		// Without overlaps, every row of the card may be in the deck, in any order
		// and as any action that states rates, whatever else the card closes.
		card, _ = apply(t, nil, drawDeck(t, Add), Options{At: hour(1)})
		deck = nil
		for i, r := range card {
			deck = append(deck, Command{Line: int64(i), Rate: r, ID: ID(&r), Action: rapid.SampledFrom([]Action{Put, Update, Skip}).Draw(t, "action")})
		}
		if len(deck) == 0 {
			return
		}
		next, result = apply(t, card, deck, Options{At: hour(now), Kind: FullAZ, Used: func(rating.Rate) bool { return true }})
		if d := cmp.Diff(card, next); d != "" || !result.Same() || result.Bad > 0 {
			t.Fatalf("%+v (-want +got)\n%s", result, d)
		}
	})
}

// Rows that are about different rates may be in any order.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		seen := map[string]bool{}
		deck := slices.DeleteFunc(drawDeck(t, Put, Add, Set, SetOrAdd, Skip), func(c Command) bool {
			k := slowKey(&c.Rate)
			was := seen[k]
			seen[k] = true
			return was
		})
		o := Options{At: hour(now), Kind: Kind(2 * rapid.IntRange(0, 1).Draw(t, "kind"))}
		if len(deck) == 0 {
			return
		}
		a, first := apply(t, card, deck, o)
		mixed := slices.Clone(deck)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		shuffled := slices.Clone(card)
		slices.Reverse(shuffled)
		b, second := apply(t, shuffled, mixed, o)
		if d := cmp.Diff(a, b, byKey); d != "" {
			t.Fatalf("another order (-want +got)\n%s", d)
		}
		if counts(first) != counts(second) {
			t.Fatalf("another order: %s, want %s", counts(second), counts(first))
		}
	})
}

// What is added from a later instant and then deleted was never there.
func TestAddThenDelete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card, _ := apply(t, nil, drawDeck(t, Add), Options{At: hour(1)})
		r := drawDated(t)
		r.From, r.To = hour(rapid.IntRange(now, cells-2).Draw(t, "from")), 0
		o := Options{At: hour(now)}
		grown, result := apply(t, card, []Command{{Action: Add, Rate: r}}, o)
		if result.Added+result.Updated == 0 {
			t.Skip("there is such a rate")
		}
		for _, c := range card {
			if slowKey(&c) == slowKey(&r) && c.To != 0 && c.From < r.From && r.From <= c.To {
				t.Skip("it follows a rate with an end of its own: that end is forgotten")
			}
		}
		back, result := apply(t, grown, []Command{{Action: Delete, ID: ID(&r)}}, o)
		if d := cmp.Diff(card, back); d != "" || result.Deleted != 1 {
			t.Fatalf("%+v (-want +got)\n%s", result, d)
		}
	})
}

// What Since leaves is what holds from its instant on.
func TestSince(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		all, _, err := Apply(Rows(card), Commands(nil), Options{})
		if err != nil {
			t.Fatal(err)
		}
		rest, _ := collect(all.Since(hour(now)).All())
		want, got := slow(card), slow(rest)
		for k, row := range want {
			for i := range row {
				if i < now {
					row[i] = row[now]
				}
			}
			want[k] = row
		}
		if d := cmp.Diff(want.costs(), got.costs()); d != "" {
			t.Fatalf("(-want +got)\n%s", d)
		}
		for _, r := range rest {
			if r.From != 0 && r.From <= hour(now) || r.To != 0 && r.To <= hour(now) {
				t.Fatalf("it has what is past: %v", show([]rating.Rate{r}))
			}
		}
	})
}
