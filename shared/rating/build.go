package rating

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
)

// BuildImage returns the image of a card with these terms and rates, for Open.
// The same rates in any order give the same bytes. It fails on the first error
// that rates yields, on terms or a rate that are not valid, on a rate that
// names a band or an origin that the terms do not have, on two rates of one
// prefix that hold for the same usage from the same instant (naming the lowest
// such prefix), and over MaxRates.
//
// Memory: some 80 bytes for each rate, and twice the image.
func BuildImage(terms Terms, rates iter.Seq2[Rate, error]) ([]byte, error) {
	if err := terms.Validate(); err != nil {
		return nil, fmt.Errorf("building a card: %w", err)
	}
	b := newBuilder(terms)
	for r, err := range rates {
		if err != nil {
			return nil, fmt.Errorf("building a card: reading rate %d: %w", b.rows.len+1, err)
		}
		if err := b.add(&r); err != nil {
			return nil, fmt.Errorf("building a card: rate %d, prefix %q: %w", b.rows.len+1, r.Prefix, err)
		}
	}
	image, err := b.image()
	if err != nil {
		return nil, fmt.Errorf("building a card: %w", err)
	}
	return image, nil
}

// row is one rate of a card being built. It holds no pointers: a card has
// millions, and the garbage collector passes over them.
type row struct {
	code           prefix.Code
	price1, priceN uint64 // in 10^-12
	rest           uint32 // place in builder.rests
	cond, name     uint32
	group          uint32 // place in builder.groups
}

// group is what rows are of: the prefixes of a kind of usage, or a service.
type group struct {
	kind    call.Kind
	service uint32 // 1 + its place, 0 = by prefix
}

// rest is what a row costs, all but its prices: those of tiers, 8 bytes each,
// are here.
type rest struct {
	shape uint32
	tiers string
}

// shaped is a shape with its tiers, as long as they have no place.
type shaped struct {
	shape
	tiers string
}

type builder struct {
	terms    Terms
	rows     rows
	rests    table[rest]
	shapes   table[shaped]
	conds    table[cond]
	names    table[string]
	areas    table[string]
	tags     table[string]
	services table[string]
	groups   table[group]
	plain    [plainRests]plainRest
	inArea   map[prefix.Code]uint32 // prefixes that belong to an area → its place
	decimals int                    // that all prices and fees can be counted in
	den      [call.Kinds]uint64
}

// plainRest is a shape without tiers that was seen, and the rest that it is.
type plainRest struct {
	shape shape
	rest  uint32
	ok    bool
}

const plainRests = 1 << 8

func newBuilder(t Terms) *builder {
	b := &builder{
		terms: t, rests: newTable[rest](), shapes: newTable[shaped](), conds: newTable[cond](), names: newTable[string](), areas: newTable[string](),
		tags: newTable[string](), services: newTable[string](), groups: newTable[group](), inArea: map[prefix.Code]uint32{}, den: [call.Kinds]uint64{1, 1, 1, 1},
	}
	b.conds.id(cond{})
	if t.Access > 0 || len(t.Surcharges) > 0 {
		b.den[call.Voice] = 60
	}
	return b
}

func (b *builder) add(r *Rate) error {
	if b.rows.len == MaxRates {
		return fmt.Errorf("the card has more than %d rates", MaxRates)
	}
	if err := r.Validate(); err != nil {
		return err
	}
	if err := b.terms.checkTogether(r); err != nil {
		return err
	}
	code, _ := prefix.CodeOf(r.Prefix)
	c, err := b.cond(r, code)
	if err != nil {
		return err
	}
	n := row{code: code, price1: uint64(r.Price1), priceN: uint64(r.PriceN), cond: b.conds.id(c), name: b.names.id(r.Destination)}
	if n.rest, err = b.rest(r); err != nil {
		return err
	}
	b.count(r.Price1)
	b.count(r.PriceN)
	b.count(r.ConnectionFee)
	g := group{kind: r.Kind}
	if r.Service != "" {
		g.service = 1 + b.services.id(r.Service)
	}
	n.group = b.groups.id(g)
	b.rows.add(n)
	return nil
}

// count makes the card's unit fine enough for a price.
func (b *builder) count(p money.Price) {
	for uint64(p)%pow10[money.PriceDecimals-b.decimals] != 0 {
		b.decimals++
	}
}

// decimalsOf returns how many of its 12 decimals a price needs.
func decimalsOf(p uint64) int {
	n := money.PriceDecimals
	for n > 0 && p%10 == 0 {
		p, n = p/10, n-1
	}
	return n
}

// cond returns what a rate asks of usage.
func (b *builder) cond(r *Rate, code prefix.Code) (cond, error) {
	c := cond{from: r.From, to: r.To, class: r.Class, minDigits: r.MinDigits, maxDigits: r.MaxDigits, local: r.Local}
	if r.Band != "" {
		i := -1
		if b.terms.Bands != nil {
			i = slices.Index(b.terms.Bands.Names, r.Band)
		}
		if i < 0 {
			return c, fmt.Errorf("band %q: the card has none of that name", r.Band)
		}
		c.band = uint8(i + 1)
	}
	if r.Origin != "" {
		i := slices.IndexFunc(b.terms.Origins, func(o Origin) bool { return o.Name == r.Origin })
		if i < 0 {
			return c, fmt.Errorf("origin %q: the card has no group of that name", r.Origin)
		}
		c.origin = uint16(i + 1)
	}
	if r.Tag != "" {
		c.tag = uint16(1 + b.tags.id(r.Tag))
	}
	if r.Area != "" {
		area := b.areas.id(r.Area)
		c.area = uint16(1 + area)
		if r.Service == "" {
			if was, ok := b.inArea[code]; ok && was != area {
				return c, fmt.Errorf("areas %q and %q: want one", b.areas.values[was], r.Area)
			}
			b.inArea[code] = area
		}
	}
	if len(b.areas.values) > maxNames || len(b.tags.values) > maxNames || len(b.services.values) > maxNames {
		return c, fmt.Errorf("more than %d areas, tags or services", maxNames)
	}
	return c, nil
}

// rest returns the place of what a rate costs, all but its prices.
func (b *builder) rest(r *Rate) (uint32, error) {
	s := shapeOf(r)
	if len(r.Tiers) > 0 {
		return b.newRest(r, s)
	}
	hash := ((s.fee*odd+uint64(s.interval1))*odd+uint64(s.intervalN))*odd + uint64(s.per)<<16 + uint64(s.flags)
	seen := &b.plain[hash*odd>>56]
	if seen.ok && seen.shape == s {
		return seen.rest, nil
	}
	at, err := b.newRest(r, s)
	if err == nil {
		*seen = plainRest{s, at, true}
	}
	return at, err
}

// newRest is rest for a shape that may not have been there before.
func (b *builder) newRest(r *Rate, s shape) (uint32, error) {
	full, err := b.shape(r, s)
	if err != nil {
		return 0, err
	}
	var tiers []byte
	for i := range r.Tiers {
		b.count(r.Tiers[i].Price)
		tiers = binary.LittleEndian.AppendUint64(tiers, uint64(r.Tiers[i].Price))
	}
	return b.rests.id(rest{b.shapes.id(full), string(tiers)}), nil
}

// shapeOf returns the shape of a rate, as long as its tiers have no place.
func shapeOf(r *Rate) shape {
	s := shape{
		kind: r.Kind, fee: uint64(r.ConnectionFee), minCharge: uint64(r.MinCharge), maxCharge: uint64(r.MaxCharge),
		interval1: r.Interval1, intervalN: r.IntervalN, per: r.Per, minimum: r.Minimum, grace: r.Grace, free: r.Free,
		tiers: uint32(len(r.Tiers)),
	}
	for _, f := range [...]struct {
		on   bool
		flag uint16
	}{{r.Blocked, shapeBlocked}, {r.AssumedPulse, shapeAssumed}, {r.NoGrace, shapeNoGrace}, {r.Access, shapeAccess},
		{r.Per == PerCall, shapePerCall}, {r.PriceN != r.Price1, shapeTwo}} {
		if f.on {
			s.flags |= f.flag
		}
	}
	if s.per == 0 || s.per == PerCall {
		s.per = DefaultPer(r.Kind)
	}
	return s
}

// shape returns the shape of a rate with its tiers, and has prices counted for
// parts that are small enough for it.
func (b *builder) shape(r *Rate, s shape) (shaped, error) {
	pers := []uint32{s.per}
	tiers := make([]byte, tierSize*len(r.Tiers))
	for i := range r.Tiers {
		t := r.Tiers[i]
		if !t.Event && t.Per == 0 {
			t.Per = s.per
		}
		if t.Per != 0 {
			pers = append(pers, t.Per)
		}
		t.encode(tiers[tierSize*i:])
	}
	for _, per := range pers {
		den := lcm(b.den[r.Kind], uint64(per))
		if most := maxDen(r.Kind); den > most {
			return shaped{}, fmt.Errorf("a price for %d: with those of the other prices it has a multiple above %d", per, most)
		}
		b.den[r.Kind] = den
	}
	return shaped{s, string(tiers)}, nil
}

func lcm(a, b uint64) uint64 {
	g, r := a, b
	for r != 0 {
		g, r = r, g%r
	}
	return a / g * b
}

// image sorts the rows, and stores what they use in the order in which they do,
// so that the order of arrival is forgotten.
func (b *builder) image() ([]byte, error) {
	order, err := b.sort()
	if err != nil {
		return nil, err
	}
	w := b.number(order)
	indexes, services, err := w.place(b, order)
	if err != nil {
		return nil, err
	}
	b.rows = rows{}
	var parts [sections][]byte
	m := meta{Terms: b.terms, Scale: w.scale, ShapeBits: w.bits, Den: b.den, Areas: b.areas.values, Tags: b.tags.values, Services: services}
	if parts[metaSection], err = json.Marshal(m); err != nil {
		return nil, fmt.Errorf("encoding its terms: %w", err)
	}
	parts[rateSection], parts[shapeSection], parts[tierSection] = w.rates, w.shapes, w.tiers
	parts[patternSection], parts[condSection] = w.patterns, w.conds
	parts[nameSection], parts[textSection] = appendNames(b.names.values)
	if parts[originSection], parts[rankSection], err = b.origins(); err != nil {
		return nil, err
	}
	if b.terms.asksRegions() {
		parts[regionSection] = numbering.Embedded()
	}
	for k, items := range indexes {
		if len(items) == 0 {
			continue
		}
		if parts[kindSection+k], err = prefix.BuildItems(items); err != nil {
			return nil, err
		}
	}
	return assemble(&parts)
}

// asksRegions reports whether the terms ask where numbers are from.
func (t *Terms) asksRegions() bool {
	return t.Presentation != SingleRate || slices.ContainsFunc(t.Origins, func(o Origin) bool { return o.Invalid })
}

// table numbers distinct values in the order they are first seen.
type table[T comparable] struct {
	ids    map[T]uint32
	values []T
	last   uint32 // that was asked for: the next one often is the same
}

func newTable[T comparable]() table[T] { return table[T]{ids: make(map[T]uint32)} }

func (t *table[T]) id(v T) uint32 {
	if len(t.values) > 0 && t.values[t.last] == v {
		return t.last
	}
	id, ok := t.ids[v]
	if !ok {
		id = uint32(len(t.values))
		t.ids[v] = id
		t.values = append(t.values, v)
	}
	t.last = id
	return id
}
