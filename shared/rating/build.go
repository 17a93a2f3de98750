package rating

import (
	"cmp"
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
func BuildImage(terms Terms, rates iter.Seq2[Rate, error]) ([]byte, error) {
	if err := terms.Validate(); err != nil {
		return nil, fmt.Errorf("building a card: %w", err)
	}
	b := newBuilder(terms)
	for r, err := range rates {
		if err != nil {
			return nil, fmt.Errorf("building a card: reading rate %d: %w", len(b.rows)+1, err)
		}
		if err := b.add(&r); err != nil {
			return nil, fmt.Errorf("building a card: rate %d, prefix %q: %w", len(b.rows)+1, r.Prefix, err)
		}
	}
	image, err := b.image()
	if err != nil {
		return nil, fmt.Errorf("building a card: %w", err)
	}
	return image, nil
}

// row is one rate of a card being built.
type row struct {
	code       uint64 // of its prefix: digits+1 in each 4 bits from the top
	service    uint32 // 1 + its place, 0 = by prefix
	cost       uint32
	cond, name uint32
	kind       call.Kind
}

// costed is what a row costs, in 10^-12.
type costed struct {
	shape          uint32
	price1, priceN uint64
	tiers          string // the prices of tiers, 8 bytes each
}

// shaped is a shape with its tiers, as long as they have no place.
type shaped struct {
	shape
	tiers string
}

type builder struct {
	terms    Terms
	rows     []row
	costs    table[costed]
	shapes   table[shaped]
	conds    table[cond]
	names    table[string]
	areas    table[string]
	tags     table[string]
	services table[string]
	inArea   map[uint64]uint32 // prefixes that belong to an area → its place
	decimals int               // that all prices and fees can be counted in
	den      [call.Kinds]uint64
}

func newBuilder(t Terms) *builder {
	b := &builder{
		terms: t, costs: newTable[costed](), shapes: newTable[shaped](), conds: newTable[cond](), names: newTable[string](),
		areas: newTable[string](), tags: newTable[string](), services: newTable[string](), inArea: map[uint64]uint32{}, den: [call.Kinds]uint64{1, 1, 1, 1},
	}
	b.conds.id(cond{})
	if t.Access > 0 || len(t.Surcharges) > 0 {
		b.den[call.Voice] = 60
	}
	return b
}

func (b *builder) add(r *Rate) error {
	if len(b.rows) == MaxRates {
		return fmt.Errorf("the card has more than %d rates", MaxRates)
	}
	if err := r.Validate(); err != nil {
		return err
	}
	if err := b.terms.checkTogether(r); err != nil {
		return err
	}
	c, err := b.cond(r)
	if err != nil {
		return err
	}
	s, err := b.shape(r)
	if err != nil {
		return err
	}
	b.count(r.Price1)
	b.count(r.PriceN)
	b.count(r.ConnectionFee)
	var tiers []byte
	for i := range r.Tiers {
		b.count(r.Tiers[i].Price)
		tiers = binary.LittleEndian.AppendUint64(tiers, uint64(r.Tiers[i].Price))
	}
	n := row{
		kind: r.Kind, code: codeOf(r.Prefix), cond: b.conds.id(c), name: b.names.id(r.Destination),
		cost: b.costs.id(costed{b.shapes.id(s), uint64(r.Price1), uint64(r.PriceN), string(tiers)}),
	}
	if r.Service != "" {
		n.service = 1 + b.services.id(r.Service)
	}
	b.rows = append(b.rows, n)
	return nil
}

// count makes the card's unit fine enough for a price.
func (b *builder) count(p money.Price) {
	if p != 0 && b.decimals < money.PriceDecimals {
		b.decimals = max(b.decimals, decimalsOf(uint64(p)))
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
func (b *builder) cond(r *Rate) (cond, error) {
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
			code := codeOf(r.Prefix)
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

// shape returns what a rate costs, all but its prices.
func (b *builder) shape(r *Rate) (shaped, error) {
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

// codeOf returns the code of at most 15 digits. Codes sort as their digits do,
// a prefix before all that it is a prefix of.
func codeOf(digits string) (code uint64) {
	for i := range len(digits) {
		code |= uint64(digits[i]-'0'+1) << (60 - 4*i)
	}
	return code
}

// textOf returns the digits of a code.
func textOf(code uint64) string {
	var buf [MaxPrefix]byte
	n := 0
	for ; code != 0; code <<= 4 {
		buf[n] = byte('0' + code>>60 - 1)
		n++
	}
	return string(buf[:n])
}

// image sorts the rows, and stores what they use in the order in which they do,
// so that the order of arrival is forgotten.
func (b *builder) image() ([]byte, error) {
	if err := b.sort(); err != nil {
		return nil, err
	}
	w := b.number()
	indexes, services, err := w.place(b)
	if err != nil {
		return nil, err
	}
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
	for k, entries := range indexes {
		if len(entries) == 0 {
			continue
		}
		if parts[kindSection+k], err = prefix.Build(entries); err != nil {
			return nil, err
		}
	}
	return assemble(&parts)
}

// asksRegions reports whether the terms ask where numbers are from.
func (t *Terms) asksRegions() bool {
	return t.Presentation != SingleRate || slices.ContainsFunc(t.Origins, func(o Origin) bool { return o.Invalid })
}

// sort puts the rows in order: by kind, service and prefix, and of one prefix
// the row first that is to be preferred. Names, tags, areas and services are put
// in their order before.
func (b *builder) sort() error {
	b.renumber()
	slices.SortFunc(b.rows, func(x, y row) int {
		if c := cmp.Compare(uint64(x.kind)<<32|uint64(x.service), uint64(y.kind)<<32|uint64(y.service)); c != 0 {
			return c
		}
		if c := cmp.Compare(x.code, y.code); c != 0 || x.cond == y.cond {
			return c
		}
		return b.conds.values[x.cond].prefer(&b.conds.values[y.cond])
	})
	for i := 1; i < len(b.rows); i++ {
		x, y := &b.rows[i-1], &b.rows[i]
		if x.kind == y.kind && x.service == y.service && x.code == y.code && b.conds.values[x.cond].clashes(&b.conds.values[y.cond]) {
			what := fmt.Sprintf("prefix %q", textOf(x.code))
			if x.service > 0 {
				what = fmt.Sprintf("service %q", b.services.values[x.service-1])
			}
			return fmt.Errorf("%s is there more than once for the same usage from the same instant, want one rate", what)
		}
	}
	return nil
}

// prefer orders rows of one prefix: what is asked for more narrowly comes
// first, then what began last. Origins are compared by the caller's number.
func (c *cond) prefer(d *cond) int {
	return cmp.Or(
		asks(d.tag != 0, c.tag != 0), cmp.Compare(c.tag, d.tag),
		asks(d.class != 0, c.class != 0), cmp.Compare(c.class, d.class),
		asks(d.band != 0, c.band != 0), cmp.Compare(c.band, d.band),
		asks(d.digits(), c.digits()), cmp.Compare(d.from, c.from),
		cmp.Compare(c.minDigits, d.minDigits), cmp.Compare(c.maxDigits, d.maxDigits),
		cmp.Compare(c.origin, d.origin), asks(d.local, c.local), cmp.Compare(c.localTo(), d.localTo()),
		cmp.Compare(d.to, c.to), cmp.Compare(c.area, d.area),
	)
}

// localTo returns the area that the caller must be in; 0: any.
func (c *cond) localTo() uint16 {
	if c.local {
		return c.area
	}
	return 0
}

func (c *cond) digits() bool { return c.minDigits != 0 || c.maxDigits != 0 }

func asks(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	default:
		return -1
	}
}

// clashes reports whether two neighbours hold for the same usage from the same
// instant on, so that nothing says which of them is to be preferred.
func (c *cond) clashes(d *cond) bool {
	x, y := *c, *d
	x.to, y.to, x.area, y.area = 0, 0, c.localTo(), d.localTo()
	return x == y
}

// table numbers distinct values in the order they are first seen.
type table[T comparable] struct {
	ids    map[T]uint32
	values []T
}

func newTable[T comparable]() table[T] { return table[T]{ids: make(map[T]uint32)} }

func (t *table[T]) id(v T) uint32 {
	id, ok := t.ids[v]
	if !ok {
		id = uint32(len(t.values))
		t.ids[v] = id
		t.values = append(t.values, v)
	}
	return id
}

// sorted puts the values in order and returns the new place of each.
func sorted(t *table[string]) []uint32 {
	old := slices.Clone(t.values)
	slices.Sort(t.values)
	places := make([]uint32, len(old))
	for i, v := range t.values {
		t.ids[v] = uint32(i)
	}
	for i, v := range old {
		places[i] = t.ids[v]
	}
	return places
}

// renumber puts areas, tags, services and destinations in the order of their
// names.
func (b *builder) renumber() {
	areas, tags, services, names := sorted(&b.areas), sorted(&b.tags), sorted(&b.services), sorted(&b.names)
	for i := range b.conds.values {
		c := &b.conds.values[i]
		if c.area > 0 {
			c.area = uint16(1 + areas[c.area-1])
		}
		if c.tag > 0 {
			c.tag = uint16(1 + tags[c.tag-1])
		}
	}
	for i := range b.rows {
		b.rows[i].name = names[b.rows[i].name]
		if s := b.rows[i].service; s > 0 {
			b.rows[i].service = 1 + services[s-1]
		}
	}
	for code, area := range b.inArea {
		b.inArea[code] = areas[area]
	}
}
