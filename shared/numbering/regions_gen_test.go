package numbering

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
)

// The table of regions is made here, so that the product needs neither the
// library nor its memory.

// byHand are rows that the metadata cannot give.
var byHand = []struct{ prefix, region string }{
	{"379", "VA"},     // assigned to the Vatican, which uses +39 06 698
	{"2125288", "EH"}, // the fixed lines of EH, which the metadata gives to MA, too, and that is first
	{"2125289", "EH"},
}

const tableHead = tableMagic + `
` + tableVersion + `%s
# The region of a number in E.164 without plus, by longest prefix: prefix, tab, country (ISO 3166-1),
# US state or territory (ISO 3166-2), or 001 for the codes that all countries share.
# Made of the metadata of github.com/nyaruka/phonenumbers, which is that of Google's libphonenumber (Apache-2.0):
# of the regions that share a code, the first in the metadata's order with valid numbers under a prefix; for +1, the
# region of an area code, and the state that the geocoding data names for it. Codes of +1 without a state have no row.
# Added by hand: 379, assigned to the Vatican; 2125288 and 2125289, fixed lines of EH that the metadata gives to MA, too.
# A test regenerates this file: UPDATE=1 go test ./shared/numbering -run TestTheTableIsCurrent
`

func TestTheTableIsCurrent(t *testing.T) {
	rows := map[string]string{}
	for _, r := range byHand {
		rows[r.prefix] = r.region
	}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		regions := phonenumbers.GetRegionCodesForCountryCode(code)
		switch cc := strconv.Itoa(code); {
		case code == 1:
			areaCodes(t, rows)
		case len(regions) == 1:
			rows[cc] = regions[0]
		default:
			rows[cc] = regions[0]
			newShared(t, regions).rows(rows, cc, regions[0])
		}
	}
	var want bytes.Buffer
	fmt.Fprintf(&want, tableHead, "phonenumbers "+requiredVersion(t))
	prefixes := make([]string, 0, len(rows))
	for p := range rows {
		prefixes = append(prefixes, p)
	}
	slices.Sort(prefixes)
	for _, p := range prefixes {
		fmt.Fprintf(&want, "%s\t%s\n", p, rows[p])
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("regions.tsv", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want.String(), "\n"), strings.Split(string(Embedded()), "\n")); diff != "" {
		t.Errorf("regions.tsv is not what the library gives (-want +got); UPDATE=1 rewrites it:\n%s", diff)
	}
}

func requiredVersion(t *testing.T) string {
	t.Helper()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`github.com/nyaruka/phonenumbers (v\S+)`).FindSubmatch(mod)
	if m == nil {
		t.Fatal("go.mod does not require phonenumbers")
	}
	return string(m[1])
}

// territories are countries of the metadata that are states here.
var territories = map[string]string{"PR": "US-PR", "VI": "US-VI", "GU": "US-GU", "AS": "US-AS", "MP": "US-MP"}

// areaCodes adds the rows of +1. A number's geocoding is a state ("New
// York") or a place in one ("Buffalo, NY"); an area code has one state, and
// the few places that name another are slips.
func areaCodes(t *testing.T, rows map[string]string) {
	t.Helper()
	for npa := 200; npa <= 999; npa++ {
		states := map[string]int{}
		for exchange := 201; exchange <= 999; exchange += 38 {
			n, err := phonenumbers.Parse(fmt.Sprintf("+1%d%d0123", npa, exchange), "")
			if err != nil {
				t.Fatal(err)
			}
			region := phonenumbers.GetRegionCodeForNumber(n)
			if region == "" {
				continue
			}
			if region == "US" {
				place, err := phonenumbers.GetGeocodingForNumber(n, "en")
				if err != nil {
					t.Fatal(err)
				}
				place = place[strings.LastIndex(place, ", ")+1:]
				region = stateOf(t, strings.TrimSpace(place))
			}
			states[region]++
		}
		region, most := "", 0
		for s, count := range states {
			if count > most {
				region, most = s, count
			}
		}
		if territory := territories[region]; territory != "" {
			region = territory
		}
		if region != "" {
			rows["1"+strconv.Itoa(npa)] = region
		}
	}
}

func stateOf(t *testing.T, place string) string {
	t.Helper()
	if place == "United States" {
		return ""
	}
	for _, s := range states {
		if place == s.name || place == s.code {
			return "US-" + s.code
		}
	}
	t.Fatalf("geocoding names the state %q", place)
	return ""
}

// states are the names of the geocoding data, and the postal codes.
var states = []struct{ code, name string }{
	{"AL", "Alabama"}, {"AK", "Alaska"}, {"AZ", "Arizona"}, {"AR", "Arkansas"}, {"CA", "California"}, {"CO", "Colorado"},
	{"CT", "Connecticut"}, {"DE", "Delaware"}, {"DC", "Washington D.C."}, {"FL", "Florida"}, {"GA", "Georgia"}, {"HI", "Hawaii"},
	{"ID", "Idaho"}, {"IL", "Illinois"}, {"IN", "Indiana"}, {"IA", "Iowa"}, {"KS", "Kansas"}, {"KY", "Kentucky"},
	{"LA", "Louisiana"}, {"ME", "Maine"}, {"MD", "Maryland"}, {"MA", "Massachusetts"}, {"MI", "Michigan"}, {"MN", "Minnesota"},
	{"MS", "Mississippi"}, {"MO", "Missouri"}, {"MT", "Montana"}, {"NE", "Nebraska"}, {"NV", "Nevada"}, {"NH", "New Hampshire"},
	{"NJ", "New Jersey"}, {"NM", "New Mexico"}, {"NY", "New York"}, {"NC", "North Carolina"}, {"ND", "North Dakota"}, {"OH", "Ohio"},
	{"OK", "Oklahoma"}, {"OR", "Oregon"}, {"PA", "Pennsylvania"}, {"RI", "Rhode Island"}, {"SC", "South Carolina"}, {"SD", "South Dakota"},
	{"TN", "Tennessee"}, {"TX", "Texas"}, {"UT", "Utah"}, {"VT", "Vermont"}, {"VA", "Virginia"}, {"WA", "Washington State"},
	{"WV", "West Virginia"}, {"WI", "Wisconsin"}, {"WY", "Wyoming"},
}

// shared walks the digits of the numbers that are valid in the regions of one
// code, in all regions at once: for each, the set of states that the patterns
// of its kinds of number can be in.
type shared struct {
	regions []string
	progs   [][]*syntax.Prog
	seen    map[string]node
}

// position is a set of instructions for each pattern of each region.
type position [][][]uint32

// node is what becomes of a prefix: the one region of all valid numbers under
// it, "" where there are none, or mixed.
type node struct {
	region string
	mixed  bool
}

func newShared(t *testing.T, regions []string) *shared {
	t.Helper()
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	s := &shared{regions: regions, seen: map[string]node{}}
	for _, region := range regions {
		i := slices.IndexFunc(collection.Metadata, func(m *phonenumbers.PhoneMetadata) bool { return m.GetId() == region })
		if i < 0 {
			t.Fatalf("no metadata of %s", region)
		}
		m := collection.Metadata[i]
		var progs []*syntax.Prog
		for _, desc := range []*phonenumbers.PhoneNumberDesc{
			m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(),
			m.GetPersonalNumber(), m.GetVoip(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
		} {
			if desc.GetNationalNumberPattern() == "" {
				continue
			}
			re, err := syntax.Parse(desc.GetNationalNumberPattern(), syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			prog, err := syntax.Compile(re.Simplify())
			if err != nil {
				t.Fatal(err)
			}
			progs = append(progs, prog)
		}
		s.progs = append(s.progs, progs)
	}
	return s
}

func (s *shared) rows(rows map[string]string, cc, main string) {
	start := make(position, len(s.progs))
	for r, progs := range s.progs {
		for _, prog := range progs {
			start[r] = append(start[r], closure(prog, uint32(prog.Start)))
		}
	}
	s.emit(rows, cc, start, main)
}

// emit adds the rows under a prefix whose numbers are inherited's otherwise,
// each as long as the valid numbers of its region let it be.
func (s *shared) emit(rows map[string]string, prefix string, at position, inherited string) {
	n := s.node(at)
	if n.region == inherited || n == (node{}) {
		return
	}
	if !n.mixed && s.whole(at) != "" {
		rows[prefix] = n.region
		return
	}
	live, next := -1, position(nil)
	for digit := range 10 {
		p := s.step(at, rune('0'+digit))
		if s.node(p) == (node{}) {
			continue
		}
		if n.mixed {
			s.emit(rows, prefix+strconv.Itoa(digit), p, inherited)
			continue
		}
		if live >= 0 {
			rows[prefix] = n.region
			return
		}
		live, next = digit, p
	}
	if !n.mixed {
		s.emit(rows, prefix+strconv.Itoa(live), next, inherited)
	}
}

func (s *shared) node(at position) node {
	key := fmt.Sprint(at)
	if n, ok := s.seen[key]; ok {
		return n
	}
	n := node{region: s.whole(at)}
	for digit := '0'; digit <= '9'; digit++ {
		p := s.step(at, digit)
		if !slices.ContainsFunc(p, func(sets [][]uint32) bool {
			return slices.ContainsFunc(sets, func(set []uint32) bool { return len(set) > 0 })
		}) {
			continue
		}
		child := s.node(p)
		switch {
		case child == node{}:
		case child.mixed, n.region != "" && n.region != child.region:
			n = node{mixed: true}
		case !n.mixed:
			n.region = child.region
		}
	}
	s.seen[key] = n
	return n
}

// whole returns the first region in which the digits so far are a number.
func (s *shared) whole(at position) string {
	for r, sets := range at {
		for i, set := range sets {
			for _, pc := range set {
				if s.progs[r][i].Inst[pc].Op == syntax.InstMatch {
					return s.regions[r]
				}
			}
		}
	}
	return ""
}

func (s *shared) step(at position, digit rune) position {
	next := make(position, len(at))
	for r, sets := range at {
		next[r] = make([][]uint32, len(sets))
		for i, set := range sets {
			prog := s.progs[r][i]
			var after []uint32
			for _, pc := range set {
				if inst := &prog.Inst[pc]; inst.Op != syntax.InstMatch && inst.MatchRune(digit) {
					after = append(after, closure(prog, inst.Out)...)
				}
			}
			slices.Sort(after)
			next[r][i] = slices.Compact(after)
		}
	}
	return next
}

// closure returns the instructions that are reached without reading a digit.
func closure(prog *syntax.Prog, pc uint32) []uint32 {
	switch inst := &prog.Inst[pc]; inst.Op {
	case syntax.InstAlt:
		return append(closure(prog, inst.Out), closure(prog, inst.Arg)...)
	case syntax.InstCapture, syntax.InstNop:
		return closure(prog, inst.Out)
	case syntax.InstFail:
		return nil
	default:
		return []uint32{pc}
	}
}
