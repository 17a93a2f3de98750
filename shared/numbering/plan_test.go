package numbering

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"regexp/syntax"
	"slices"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// plan is the numbering plan of one calling code: it walks the digits of all
// valid numbers at once, and says of each prefix what is under it.
type plan struct {
	code     string
	regions  []planRegion        // in the metadata's order
	automata []*automaton        // one for each pattern of the plan
	own      map[string]RegionID // regions that the table of regions gives by prefix, not by pattern
	above    map[string]bool     // the prefixes that those of own begin with
	seen     map[string]extent
}

// planRegion is a region's part of a plan: numbers that begin with the leading
// digits, if it has such, or else those that are valid in it.
type planRegion struct {
	id      RegionID
	leading int // -1 = none
	general planKind
	kinds   []planKind // in the order in which the library asks
	same    bool       // nobody can tell fixed from mobile
}

type planKind struct {
	kind    Type
	pattern int // -1 = none
	lengths []int32
}

// extent is what the valid numbers under a prefix are.
type extent struct {
	types   uint16   // a bit for each; 0 = there is no valid number
	region  RegionID // of all of them; their country, or 0
	several bool     // they are in several regions
	first   int      // the first of the plan's regions that has one
}

const mailbox = 1 << Voicemail

func (e extent) live() bool { return e.types != 0 }

// alike reports whether all numbers have one type and one region.
func (e extent) alike() bool { return e.types&(e.types-1) == 0 && !e.several }

func (e extent) with(o extent) extent {
	if !e.live() {
		return o
	}
	if !o.live() {
		return e
	}
	both := extent{types: e.types | o.types, region: e.region, several: e.several || o.several || e.region != o.region, first: min(e.first, o.first)}
	if both.types != mailbox {
		both.types &^= mailbox // see Voicemail
	}
	if both.region != o.region {
		if both.region = e.region.country(); both.region != o.region.country() {
			both.region = 0
		}
	}
	return both
}

// place returns the place of numbers that are there.
func (p *plan) place(e extent) Place {
	place := Place{Region: e.region, Main: e.region.country(), Type: Mixed}
	if e.types&(e.types-1) == 0 {
		place.Type = Type(bits.TrailingZeros16(e.types))
	}
	if e.region == 0 {
		place.Main = p.regions[e.first].id
	}
	return place
}

func newPlan(t *testing.T, code int, own map[string]RegionID) *plan {
	t.Helper()
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	p := &plan{code: strconv.Itoa(code), own: own, above: map[string]bool{}, seen: map[string]extent{}}
	for prefix := range own {
		for i := range prefix {
			p.above[prefix[:i]] = true
		}
	}
	patterns := map[string]int{}
	pattern := func(s string) int {
		if s == "" {
			return -1
		}
		if _, ok := patterns[s]; !ok {
			patterns[s] = len(p.automata)
			p.automata = append(p.automata, newAutomaton(t, s))
		}
		return patterns[s]
	}
	for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
		i := slices.IndexFunc(collection.Metadata, func(m *phonenumbers.PhoneMetadata) bool {
			return m.GetId() == region && int(m.GetCountryCode()) == code
		})
		if i < 0 {
			t.Fatalf("no metadata of %s in +%d", region, code)
		}
		id, err := ParseRegion(region)
		if err != nil {
			t.Fatal(err)
		}
		m := collection.Metadata[i]
		r := planRegion{id: id, leading: -1, same: m.GetSameMobileAndFixedLinePattern()}
		if m.GetLeadingDigits() != "" {
			r.leading = pattern("(?:" + m.GetLeadingDigits() + ")[0-9]*")
		}
		kind := func(kind Type, d *phonenumbers.PhoneNumberDesc) planKind {
			return planKind{kind, pattern(d.GetNationalNumberPattern()), d.GetPossibleLength()}
		}
		r.general = kind(Unknown, m.GetGeneralDesc())
		r.kinds = []planKind{
			kind(Premium, m.GetPremiumRate()), kind(TollFree, m.GetTollFree()), kind(SharedCost, m.GetSharedCost()),
			kind(VoIP, m.GetVoip()), kind(Personal, m.GetPersonalNumber()), kind(Pager, m.GetPager()), kind(UAN, m.GetUan()),
			kind(Voicemail, m.GetVoicemail()), kind(Fixed, m.GetFixedLine()), kind(Mobile, m.GetMobile()),
		}
		p.regions = append(p.regions, r)
	}
	return p
}

// spot is a prefix in a plan: its digits with the code, the states that the
// patterns are in, and the region that the table of regions gives it.
type spot struct {
	prefix string
	states []int32
	given  bool
	region RegionID
}

func (p *plan) start() spot {
	s := spot{prefix: p.code, states: make([]int32, len(p.automata))}
	for i := range s.states {
		s.states[i] = 1
	}
	return s
}

func (p *plan) step(s spot, digit int) spot {
	next := spot{prefix: s.prefix + strconv.Itoa(digit), states: make([]int32, len(s.states)), given: s.given, region: s.region}
	for i, state := range s.states {
		next.states[i] = p.automata[i].step(state, digit)
	}
	if id, ok := p.own[next.prefix]; ok {
		next.given, next.region = true, id
	}
	return next
}

// maxNational is how many digits a national number has at most
// (libphonenumber, MAX_LENGTH_FOR_NSN).
const maxNational = 17

// extent returns what the valid numbers that begin with a spot's prefix are.
func (p *plan) extent(s spot) extent {
	dead := true
	for _, r := range p.regions {
		for _, k := range r.kinds {
			dead = dead && (k.pattern < 0 || s.states[k.pattern] == 0)
		}
	}
	if dead || len(s.prefix)-len(p.code) > maxNational {
		return extent{}
	}
	key := p.key(s)
	e, ok := p.seen[key]
	if ok {
		return e
	}
	e = p.number(s)
	for digit := range 10 {
		e = e.with(p.extent(p.step(s, digit)))
	}
	p.seen[key] = e
	return e
}

// key tells spots apart that may differ in what is under them.
func (p *plan) key(s spot) string {
	var key []byte
	for _, state := range s.states {
		key = binary.AppendUvarint(key, uint64(state))
	}
	key = fmt.Appendf(key, " %d %v %d", len(s.prefix), s.given, s.region)
	if p.above[s.prefix] {
		key = append(key, s.prefix...)
	}
	return string(key)
}

// number returns what the number is that a spot's digits are, as the library
// does (GetRegionCodeForNumber, GetNumberType).
func (p *plan) number(s spot) extent {
	for i, r := range p.regions {
		kind := p.kind(s, r)
		if r.leading >= 0 && len(p.regions) > 1 {
			if !p.automata[r.leading].accepts[s.states[r.leading]] {
				continue
			}
		} else if kind == Unknown && len(p.regions) > 1 {
			continue
		}
		if kind == Unknown {
			return extent{}
		}
		e := extent{types: 1 << kind, region: r.id, first: i}
		if s.given {
			e.region = s.region
			if at := slices.IndexFunc(p.regions, func(r planRegion) bool { return s.region != 0 && r.id == s.region.country() }); at >= 0 {
				e.first = at
			}
		}
		return e
	}
	return extent{}
}

func (p *plan) kind(s spot, r planRegion) Type {
	if !p.matches(s, r.general) {
		return Unknown
	}
	fixed := false
	for _, k := range r.kinds {
		switch matches := p.matches(s, k); {
		case k.kind == Fixed:
			fixed = matches
		case k.kind == Mobile && fixed && (r.same || matches):
			return FixedOrMobile
		case k.kind == Mobile && fixed:
			return Fixed
		case k.kind == Mobile && r.same:
			return Unknown
		case matches:
			return k.kind
		}
	}
	return Unknown
}

func (p *plan) matches(s spot, k planKind) bool {
	if k.pattern < 0 || len(k.lengths) > 0 && !slices.Contains(k.lengths, int32(len(s.prefix)-len(p.code))) {
		return false
	}
	return p.automata[k.pattern].accepts[s.states[k.pattern]]
}

// automaton is a pattern as states and steps from one to another, made as they
// are needed. State 0 matches nothing more, 1 is the start.
type automaton struct {
	prog    *syntax.Prog
	sets    [][]uint32 // the instructions that a state can be at
	ids     map[string]int32
	next    [][10]int32 // -1 = not made
	accepts []bool
}

func newAutomaton(t *testing.T, pattern string) *automaton {
	t.Helper()
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		t.Fatal(err)
	}
	a := &automaton{prog: prog, ids: map[string]int32{}}
	a.state(nil)
	a.state(closure(prog, uint32(prog.Start)))
	return a
}

func (a *automaton) state(set []uint32) int32 {
	slices.Sort(set)
	set = slices.Compact(set)
	key := fmt.Sprint(set)
	if id, ok := a.ids[key]; ok {
		return id
	}
	id := int32(len(a.sets))
	a.ids[key] = id
	a.sets = append(a.sets, set)
	a.next = append(a.next, [10]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1})
	a.accepts = append(a.accepts, slices.ContainsFunc(set, func(pc uint32) bool { return a.prog.Inst[pc].Op == syntax.InstMatch }))
	return id
}

func (a *automaton) step(state int32, digit int) int32 {
	if next := a.next[state][digit]; next >= 0 {
		return next
	}
	var after []uint32
	for _, pc := range a.sets[state] {
		if inst := &a.prog.Inst[pc]; inst.Op != syntax.InstMatch && inst.MatchRune('0'+rune(digit)) {
			after = append(after, closure(a.prog, inst.Out)...)
		}
	}
	next := a.state(after)
	a.next[state][digit] = next
	return next
}
