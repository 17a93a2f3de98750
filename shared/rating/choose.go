package rating

import (
	"encoding/binary"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
)

// context is what the rows of a card ask of one record. It is worked out for a
// record only when a row of its prefix asks for something.
type context struct {
	instant int64
	class   Class
	dearer  bool // the dearer of inter and intra
	nowhere bool // the class is one for callers of no country
	band    uint8
	tag     uint16
	ranks   []byte // groups of the caller, see context.rank
	invalid bool   // the caller's number is
}

// begin works out the context of a record.
func (p *Pricer) begin(u *Usage) {
	c, x := p.card, &p.ctx
	*x = context{instant: u.Instant}
	caller := p.caller(u)
	key, ok := prefix.KeyOf(caller)
	if ok && caller != "" && c.origins != nil {
		x.ranks = c.ranksOf(c.origins.Lookup(key))
	}
	if c.asks.class || c.asks.invalid {
		from, to := numbering.RegionID(0), numbering.RegionID(0)
		if ok && numbering.ValidCaller(key) {
			from = c.regions.Of(key)
		}
		number, _ := p.rated(u)
		if key, ok := prefix.KeyOf(number); ok {
			to = c.regions.Of(key)
		}
		x.invalid = from == 0
		c.classify(x, from, to)
	}
	if c.terms.Bands != nil {
		x.band = p.bandAt(u.Instant, u.Zone)
	}
	if u.Tag != "" {
		for i, tag := range c.meta.Tags {
			if tag == u.Tag {
				x.tag = uint16(i + 1)
			}
		}
	}
}

// classify says which column prices a call between two regions.
func (c *Card) classify(x *context, caller, called numbering.RegionID) {
	switch t := c.terms; t.Presentation {
	case InterIntra:
		x.class = numbering.Jurisdiction(caller, called)
		if x.class != numbering.Intrastate && x.class != numbering.Interstate {
			x.class, x.dearer = numbering.Interstate, t.DearerIndeterminate
		}
	case InterIntraIndeterminate:
		if x.class = numbering.Jurisdiction(caller, called); x.class == numbering.International {
			x.class = numbering.Indeterminate
		}
	case LocalEEAInternational:
		x.class, x.nowhere = numbering.Distance(caller, called, &c.eeaFrom, &c.eeaTo)
	}
}

// noted returns what is odd about the row that holds: it is for calls of a
// class, which nobody's country decided.
func (p *Pricer) noted(r *chosen) call.Flags {
	if p.ctx.nowhere && r.named && p.card.cond(r.cond).class != AnyClass {
		return call.NoCallerCountry
	}
	return 0
}

// rated returns the number that a card goes by.
func (p *Pricer) rated(u *Usage) (number string, flags call.Flags) {
	if !p.card.terms.ByLRN {
		return u.Number, 0
	}
	if u.LRN == "" {
		return u.Number, call.NoLRN
	}
	return u.LRN, 0
}

func (p *Pricer) caller(u *Usage) string {
	if p.card.terms.ByLRN && u.CallerLRN != "" {
		return u.CallerLRN
	}
	return u.Caller
}

// service returns the rows of a record's service, if the card has some.
func (c *Card) service(u *Usage) (value, note uint32, ok bool) {
	if u.Service == "" {
		return 0, 0, false
	}
	for i := range c.meta.Services {
		if s := &c.meta.Services[i]; s.Kind == u.Kind && s.Name == u.Service {
			return s.Value, s.Note, true
		}
	}
	return 0, 0, false
}

// ranksOf returns the groups of a caller: words of group<<8 | digits.
func (c *Card) ranksOf(m prefix.Match) []byte {
	at := m.Value()
	if !m.OK() || uint64(at) >= uint64(len(c.ranks)/4) {
		return nil
	}
	rest := c.ranks[4*at:]
	n := binary.LittleEndian.Uint32(rest)
	if uint64(n) > uint64(len(rest)/4-1) {
		return nil
	}
	return rest[4 : 4+4*n]
}

// rank returns 2 + the digits by which the caller is in a group; 1: as a caller
// without a valid number; 0: it is not in the group.
func (x *context) rank(t *Terms, group uint32) int {
	for b := x.ranks; len(b) >= 4; b = b[4:] {
		if w := binary.LittleEndian.Uint32(b); w>>8 == group {
			return 2 + int(w&255)
		}
	}
	if i := int(group) - 1; x.invalid && i < len(t.Origins) && t.Origins[i].Invalid {
		return 1
	}
	return 0
}

// chosen is the row that holds for a record.
type chosen struct {
	at         uint32 // of its cost, in rates
	digits     int    // of its prefix
	name, cond uint32
	named      bool // name is known
	service    bool // it is of the record's service
}

// choose returns the row that holds for the record in p.ctx, of a value of a
// prefix index: by the longest prefix that has one.
func (p *Pricer) choose(value uint32, digits int, numberDigits uint8) (r chosen, ok bool) {
	for value >= choiceValue {
		at := value - choiceValue
		best, end, ok := p.bestOf(at, numberDigits)
		if !ok {
			return chosen{}, false
		}
		if best.rate != none {
			return chosen{at: best.rate, digits: digits, name: best.name, cond: best.head, named: true}, true
		}
		// Lists of shorter prefixes come before, so the walk ends.
		shorter := int(end.head &^ endChoice)
		if end.rate == none || shorter >= digits || end.rate >= choiceValue && end.rate-choiceValue >= at {
			return chosen{}, false
		}
		value, digits = end.rate, shorter
	}
	return chosen{at: value, digits: digits}, true
}

func (c *Card) choice(i uint32) (ch choice, ok bool) {
	at := choiceSize * int(i)
	if at+choiceSize > len(c.choices) {
		return choice{}, false
	}
	b := c.choices[at : at+choiceSize]
	le := binary.LittleEndian
	return choice{le.Uint32(b), le.Uint32(b[4:]), le.Uint32(b[8:])}, true
}

// bestOf returns the row of a list that is to be preferred of those that hold;
// none.rate if there is none. Rows are in the order of preference, but for the
// origin, which goes before it.
func (p *Pricer) bestOf(at uint32, digits uint8) (best, end choice, ok bool) {
	x := &p.ctx
	if x.dearer {
		inter, end, ok := p.bestOfClass(at, digits, numbering.Interstate)
		intra, _, _ := p.bestOfClass(at, digits, numbering.Intrastate)
		if inter.rate == none || intra.rate != none && p.card.dearer(intra.rate, inter.rate) {
			inter = intra
		}
		return inter, end, ok
	}
	return p.bestOfClass(at, digits, x.class)
}

func (p *Pricer) bestOfClass(at uint32, digits uint8, class Class) (best, end choice, ok bool) {
	c, x := p.card, &p.ctx
	best.rate = none
	bestRank := -1
	for ; ; at++ {
		ch, ok := c.choice(at)
		if !ok {
			return best, ch, false
		}
		if ch.head&endChoice != 0 {
			return best, ch, true
		}
		rank, holds := x.holds(c, ch.head, digits, class)
		if holds && rank > bestRank {
			if best, bestRank = ch, rank; !c.asks.origin && !c.asks.invalid {
				// Nobody can be preferred to it; the end is not needed.
				return best, choice{}, true
			}
		}
	}
}

// holds reports whether what a row asks for is so, and how well the caller is
// in its group.
func (x *context) holds(c *Card, i uint32, digits uint8, class Class) (rank int, ok bool) {
	if i == 0 {
		return 0, true
	}
	if uint64(i) >= uint64(len(c.conds)/condSize) {
		return 0, false
	}
	d := c.cond(i)
	switch {
	case d.from > x.instant && d.from != 0, d.to != 0 && d.to <= x.instant,
		d.class != AnyClass && d.class != class, d.band != 0 && d.band != x.band,
		d.tag != 0 && d.tag != x.tag,
		d.minDigits != 0 && digits < d.minDigits, d.maxDigits != 0 && digits > d.maxDigits:
		return 0, false
	case d.local:
		rank = x.rank(c.terms, uint32(len(c.terms.Origins))+uint32(d.area))
		return rank, rank > 0
	case d.origin != 0:
		rank = x.rank(c.terms, uint32(d.origin))
		return rank, rank > 0
	}
	return 0, true
}

// dearer reports whether the row at a has higher prices than the one at b.
func (c *Card) dearer(a, b uint32) bool {
	x, okX := c.costAt(a)
	y, okY := c.costAt(b)
	switch {
	case !okX || !okY:
		return false
	case x.priceN != y.priceN:
		return x.priceN > y.priceN
	case x.price1 != y.price1:
		return x.price1 > y.price1
	default:
		return c.shape(x.shape).fee > c.shape(y.shape).fee
	}
}

func (s *OriginSurcharge) goesTo(number string) bool {
	if _, ok := prefix.KeyOf(number); !ok {
		return len(s.To) == 0
	}
	for _, to := range s.To {
		if strings.HasPrefix(number, to) {
			return true
		}
	}
	return len(s.To) == 0
}
