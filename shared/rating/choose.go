package rating

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
)

// context is what the rows of a card ask of one record. It is worked out for a
// record only when a row of its prefix asks for something.
type context struct {
	stamp   uint64 // its instant
	class   Class
	dearer  bool // the dearer of inter and intra
	nowhere bool // the class is one for callers of no country
	band    uint8
	tag     uint16
	ranks   []byte // groups of the caller, see context.rank
	invalid bool   // the caller's number is
	groups  uint64 // both of these in one word, if the card packs them: see Card.groupsOf
}

// begin works out the context of a record.
func (p *Pricer) begin(u *Usage) {
	c, x := p.card, &p.ctx
	*x = context{stamp: stamp(u.Instant)}
	caller := p.caller(u)
	key, ok := prefix.KeyOf(caller)
	origin := prefix.Match(0)
	if ok && caller != "" && c.origins != nil {
		origin = c.origins.Lookup(key)
		x.ranks = c.ranksOf(origin)
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
	x.groups = c.groupsOf(origin, x.invalid)
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
		x.class, x.dearer = numbering.Jurisdiction(caller, called), false
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

// noted returns what is odd about a row with a cond: it is for calls of a class,
// which nobody's country decided.
func (p *Pricer) noted(cond uint32) call.Flags {
	if p.ctx.nowhere && p.card.cond(cond).class != AnyClass {
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
	if !m.OK() {
		return nil
	}
	return c.ranksAt(m.Value())
}

func (c *Card) ranksAt(at uint32) []byte {
	if uint64(at) >= uint64(len(c.ranks)/4) {
		return nil
	}
	rest := c.ranks[4*at:]
	n := binary.LittleEndian.Uint32(rest)
	if uint64(n) > uint64(len(rest)/4-1) {
		return nil
	}
	return rest[4 : 4+4*n]
}

// A card with as few groups and areas as a word has bytes, less one, packs those
// of a caller: which rows hold cannot be foretold, and one word tells without a jump.
const maxPacked = 7

// packGroups packs the groups of callers, if there are few: of each place in
// ranks those of callers of it. Before them is what callers are in who are in none.
func (c *Card) packGroups() {
	if len(c.terms.Origins)+len(c.meta.Areas) > maxPacked {
		return
	}
	c.packed = make([]uint64, 1+len(c.ranks)/4)
	c.packed[0] = 1
	for at := 0; at < len(c.ranks)/4; {
		list, groups := c.ranksAt(uint32(at)), uint64(1)
		for b := list; len(b) >= 4; b = b[4:] {
			w := binary.LittleEndian.Uint32(b)
			if shift := 8 * (w >> 8); shift <= 8*maxPacked && groups>>shift&0xFF == 0 {
				groups |= uint64(min(3+w&0xFF, 0xFF)) << shift
			}
		}
		c.packed[1+at] = groups
		at += 1 + len(list)/4
	}
	for i, o := range c.terms.Origins {
		if o.Invalid {
			c.invalids |= 2 << (8 * (i + 1))
		}
	}
}

// groupsOf returns the groups that a caller is in, of a card that packs them: a
// byte for each, from the lowest on that of no group, which has 1; of the others 1
// + what context.rank returns, and 0 of those that the caller is not in.
func (c *Card) groupsOf(m prefix.Match, invalid bool) uint64 {
	if c.packed == nil {
		return 0
	}
	at := 0
	if m.OK() {
		at = int(m.Value()) + 1
	}
	if at >= len(c.packed) {
		at = 0
	}
	groups, invalids := c.packed[at], uint64(0)
	if invalid {
		invalids = c.invalids
	}
	const low, each = 0x7F7F7F7F7F7F7F7F, 0x0101010101010101
	in := (groups&low + low | groups) >> 7 & each // of the groups in which the number is
	return groups | invalids&^(in*0xFF)
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
	name, cond uint32 // cond 0: it asks for nothing
	named      bool   // by name, not as its prefix
	service    bool   // it is of the record's service
}

// choose returns the row that holds for the record in p.ctx, of a value of a
// prefix index: by the longest prefix that has one.
func (p *Pricer) choose(value uint32, digits int, numberDigits uint8) (r chosen, ok bool) {
	for value >= choiceValue {
		at := value - choiceValue
		l, ok := p.card.list(at)
		if !ok {
			return chosen{}, false
		}
		if i := p.best(&l, numberDigits); i < l.rows {
			r = chosen{at: l.rate(i), digits: digits, cond: l.cond(i)}
			r.name, r.named = l.name(i)
			return r, true
		}
		// Lists of shorter prefixes come before, so the walk ends.
		shorter := l.shorter()
		if int(shorter.digits) >= digits || shorter.value == none || shorter.value >= choiceValue && shorter.value-choiceValue >= at {
			return chosen{}, false
		}
		value, digits = shorter.value, int(shorter.digits)
	}
	return chosen{at: value, digits: digits}, true
}

// list is a list of rows, as addList wrote it.
type list struct {
	rows  int
	head  uint32
	conds []byte // of the rows, a word each
	words []byte // rates
	at    uint32 // of the costs, or of their places
}

// list returns the list at a place in rates; false: the image is damaged.
func (c *Card) list(at uint32) (l list, ok bool) {
	if uint64(at) >= uint64(len(c.rates)/4) {
		return l, false
	}
	return l, l.set(c, c.word(at), at)
}

// set makes l the list at a place, whose first word has been read.
func (l *list) set(c *Card, pattern, at uint32) (ok bool) {
	if uint64(pattern) >= uint64(len(c.patterns)/4) {
		return false
	}
	l.head, l.words = at32(c.patterns, pattern), c.rates
	l.rows, l.at = int(l.head&patternRows), at+1+l.head/patternLinked&1
	conds := c.patterns[4*int(pattern)+4:]
	if 4*l.rows > len(conds) || 4*l.end() > len(c.rates) {
		return false
	}
	l.conds = conds[:4*l.rows]
	return true
}

func (l *list) cond(i int) uint32 { return at32(l.conds, uint32(i)) }

// rate returns where the cost of a row is, in rates.
func (l *list) rate(i int) uint32 {
	if at, ok := l.inside(i); ok {
		return at
	}
	return at32(l.words, l.at+uint32(i))
}

// inside returns where the cost of a row is if it is in the list.
func (l *list) inside(i int) (at uint32, ok bool) {
	width := l.head >> patternWidth
	return l.at + width*uint32(i), width > 0
}

// name returns the name of a row; false: it has that of the prefix.
func (l *list) name(i int) (name uint32, ok bool) {
	if l.head&patternNames == 0 {
		return 0, false
	}
	return at32(l.words, uint32(l.end()-l.rows+i)), true
}

// end returns where the list ends, in rates.
func (l *list) end() int {
	return int(l.at) + l.rows*int(max(1, l.head>>patternWidth)+l.head/patternNames&1)
}

// shorter returns the link to the next shorter prefix.
func (l *list) shorter() link {
	if l.head&patternLinked == 0 {
		return link{value: none}
	}
	return link{l.head >> patternDigits & 15, at32(l.words, l.at-1)}
}

// best returns the row of a list that is to be preferred of those that hold for
// the record in p.ctx; the number of rows if none does.
func (p *Pricer) best(l *list, digits uint8) int {
	x := &p.ctx
	if !x.dearer {
		return p.bestOfClass(l, digits, x.class)
	}
	inter, intra := p.bestOfClass(l, digits, numbering.Interstate), p.bestOfClass(l, digits, numbering.Intrastate)
	if inter == l.rows || intra < l.rows && p.card.dearer(l.rate(intra), l.rate(inter)) {
		return intra
	}
	return inter
}

// bestOfClass is best for a class. Rows are in the order of preference, but for
// the origin, which goes before it.
func (p *Pricer) bestOfClass(l *list, digits uint8, class Class) int {
	c, x := p.card, &p.ctx
	switch word := wordOf(class, x.band, x.tag); {
	case c.asks.groups:
		return p.bestOfGroups(l, digits, word)
	case c.asks.more:
		return firstOfMore(c.conds, l.conds, word, x.stamp, uint64(digits))
	default:
		return firstOfWord(c.conds, l.conds, word)
	}
}

// bestOfGroups is bestOfClass on a card that asks for groups of callers.
func (p *Pricer) bestOfGroups(l *list, digits uint8, word uint32) int {
	c, x := p.card, &p.ctx
	conds, best, bestRank, packed := c.conds, uint64(l.rows), -1, uint64(0)
	for i, ids := uint64(0), l.conds; len(ids) >= 4; i, ids = i+1, ids[4:] {
		at := condSize * int(binary.LittleEndian.Uint32(ids))
		if at > len(conds)-condSize {
			continue // of a damaged image
		}
		d := conds[at : at+condSize : at+condSize]
		misses := missesWord(d[16:], word)
		if c.asks.more {
			misses |= missesMore(d, x.stamp, uint64(digits))
		}
		if c.packed != nil {
			// The higher rank goes before, then the row that comes before.
			rank := x.groups >> (8 * x.groupOf(c.terms, d) & 63) & 0xFF &^ unless(misses, 0)
			packed = max(packed, rank<<32|(1<<32-1-i))
			continue
		}
		if misses != 0 {
			continue
		}
		if rank, holds := x.rankOf(c.terms, d); holds && rank > bestRank {
			best, bestRank = i, rank
		}
	}
	if packed>>32 > 0 {
		best = 1<<32 - 1 - packed&(1<<32-1)
	}
	return int(best)
}

// firstOfMore is bestOfClass on a card that asks for no groups; ids are the conds
// of the rows. It stays a call: there its few variables have registers.
//
//go:noinline
func firstOfMore(conds, ids []byte, word uint32, stamp, length uint64) int {
	best := uint64(len(ids) / 4)
	for i := uint64(0); len(ids) >= 4; i, ids = i+1, ids[4:] {
		at := condSize * int(binary.LittleEndian.Uint32(ids))
		if at > len(conds)-condSize {
			continue // of a damaged image
		}
		d := conds[at : at+condSize : at+condSize]
		best = min(best, unless(missesWord(d[16:], word)|missesMore(d, stamp, length), i))
	}
	return int(best)
}

// firstOfWord is firstOfMore on a card none of whose rows asks for more than a
// word tells.
//
//go:noinline
func firstOfWord(conds, ids []byte, word uint32) int {
	best := uint64(len(ids) / 4)
	for i := uint64(0); len(ids) >= 4; i, ids = i+1, ids[4:] {
		at := condSize*int(binary.LittleEndian.Uint32(ids)) + 16
		if at > len(conds)-8 {
			continue // of a damaged image
		}
		best = min(best, unless(missesWord(conds[at:at+8:at+8], word), i))
	}
	return int(best)
}

// missesWord is not 0 where a record's word is not as the bytes of a cond from the
// sixteenth on ask. Which rows hold cannot be foretold: a jump for each thing that
// is asked would cost more than asking all.
func missesWord(d []byte, word uint32) uint64 {
	asked := binary.LittleEndian.Uint64(d)
	return uint64((uint32(asked) ^ word) & uint32(asked>>32))
}

// missesMore is not 0 where a record's instant or its number of digits are not
// between those that a cond asks for.
func missesMore(d []byte, stamp, length uint64) uint64 {
	le := binary.LittleEndian
	lengths := le.Uint64(d[24:])
	_, early := bits.Sub64(stamp, le.Uint64(d), 0)
	_, late := bits.Sub64(le.Uint64(d[8:]), stamp, 0)
	_, few := bits.Sub64(length, lengths>>32&0xFF, 0)
	_, many := bits.Sub64(lengths>>48, length, 0)
	return early | late | few | many
}

// unless returns i, or where something misses the highest number.
func unless(misses, i uint64) uint64 {
	_, miss := bits.Sub64(0, misses, 0)
	return i | -miss
}

// groupOf returns the group or the area that a cond asks for; 0: none.
func (x *context) groupOf(t *Terms, d []byte) uint32 {
	if d[29]&condLocal != 0 {
		return uint32(len(t.Origins)) + uint32(binary.LittleEndian.Uint16(d[26:]))
	}
	return uint32(binary.LittleEndian.Uint16(d[24:]))
}

// rankOf returns how well the caller is in the group or the area that a cond
// asks for; false: not at all.
func (x *context) rankOf(t *Terms, d []byte) (rank int, holds bool) {
	group := x.groupOf(t, d)
	if group == 0 {
		return 0, true
	}
	rank = x.rank(t, group)
	return rank, rank > 0
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
