package rating

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
)

// Card is a rate card opened over its image. It is immutable: any number of
// goroutines may use one, each through a Pricer of its own.
type Card struct {
	meta    meta
	terms   *Terms
	kinds   [call.Kinds]*prefix.Index // nil: no rows of that kind
	origins *prefix.Index             // nil: nobody asks
	regions *numbering.Regions        // nil: nobody asks
	// Sections of the image.
	rates, shapes, tiers, patterns, conds, ranks []byte

	mask    uint32      // of the shape in the first word of a cost
	beside  int         // the bit from which it may have a price
	top     uint64      // the highest price that there may be
	quicks  []quick     // by shape
	plains  []plain     // by shape
	steps   []quickTier // by tier
	names   nameTable
	eeaFrom numbering.Countries
	eeaTo   numbering.Countries
	asks    asked
	// The groups of callers, if there are few: see packGroups.
	packed   []uint64
	invalids uint64
	// surcharged is the group of each of the terms' surcharges.
	surcharged []uint32
}

// asked says what a card wants to know of usage beyond number and quantity.
type asked struct {
	instant, class, origin, invalid bool
	groups                          bool // of callers, or their areas
	more                            bool // a row asks for an instant or a number of digits
}

// Open returns the card of an image that BuildImage made. It keeps the image,
// which must not change while the card is in use, and builds nothing for each
// row: a pass over the bytes verifies the checksum and that all parts lie where look-ups
// go; what a look-up finds there it checks itself. An image that fails is refused
// with an error that says where.
func Open(image []byte) (*Card, error) {
	c, err := open(image)
	if err != nil {
		return nil, fmt.Errorf("opening a card image: %w", err)
	}
	return c, nil
}

func open(image []byte) (*Card, error) {
	parts, err := disassemble(image)
	if err != nil {
		return nil, err
	}
	c := &Card{
		rates: parts[rateSection], shapes: parts[shapeSection], tiers: parts[tierSection],
		patterns: parts[patternSection], conds: parts[condSection],
		ranks: parts[rankSection],
	}
	if c.meta, err = decodeMeta(parts[metaSection]); err != nil {
		return nil, err
	}
	c.terms, c.mask, c.beside, c.top = &c.meta.Terms, 1<<c.meta.ShapeBits-1, formBits+c.meta.ShapeBits, math.MaxInt64/c.up()
	for name, section := range map[string]struct{ have, of int }{
		"rates": {len(c.rates), 4}, "shapes": {len(c.shapes), shapeSize}, "tiers": {len(c.tiers), tierSize},
		"patterns": {len(c.patterns), 4}, "conds": {len(c.conds), condSize}, "names": {len(parts[nameSection]), 4}, "ranks": {len(c.ranks), 4},
	} {
		if section.have%section.of != 0 {
			return nil, fmt.Errorf("its %s have %d bytes, want a multiple of %d", name, section.have, section.of)
		}
	}
	for k := range c.kinds {
		if p := parts[kindSection+k]; len(p) > 0 {
			if c.kinds[k], err = prefix.Open(p); err != nil {
				return nil, fmt.Errorf("its %s rows: %w", call.Kind(k), err)
			}
		}
	}
	if p := parts[originSection]; len(p) > 0 {
		if c.origins, err = prefix.Open(p); err != nil {
			return nil, fmt.Errorf("its origins: %w", err)
		}
	}
	if p := parts[regionSection]; len(p) > 0 {
		if c.regions, err = numbering.OpenRegions(p); err != nil {
			return nil, fmt.Errorf("its regions: %w", err)
		}
	}
	if err := c.verify(); err != nil {
		return nil, err
	}
	if c.names, err = openNames(parts[nameSection], parts[textSection]); err != nil {
		return nil, err
	}
	return c, c.prepare()
}

// verify proves that shapes, tiers and conds hold what a charge relies on. Places in rates and patterns are checked where they are used.
func (c *Card) verify() error {
	for i := range len(c.tiers) / tierSize {
		if t, b := c.tier(uint32(i)), c.tiers[i*tierSize:][:tierSize]; b[20] > 1 || !t.Event && t.Per == 0 {
			return fmt.Errorf("tier %d is damaged", i)
		}
	}
	for i := range len(c.shapes) / shapeSize {
		s := c.shape(uint32(i))
		if s.tiers > MaxTiers || uint64(s.tierAt)+uint64(s.tiers) > uint64(len(c.tiers)/tierSize) || s.flags >= shapeFlags || !s.kind.Valid() || s.per == 0 || c.meta.Den[s.kind]%uint64(s.per) != 0 {
			return fmt.Errorf("shape %d is damaged", i)
		}
		for j := range s.tiers {
			if t := c.tier(s.tierAt + j); !t.Event && c.meta.Den[s.kind]%uint64(t.Per) != 0 {
				return fmt.Errorf("tier %d of shape %d is damaged", j, i)
			}
		}
		r := c.rateOfShape(&s)
		if err := r.Validate(); err != nil {
			return fmt.Errorf("shape %d: %w", i, err)
		}
	}
	if len(c.conds) < condSize {
		return errors.New("it has no conds")
	}
	for i := range len(c.conds) / condSize {
		b := c.cond(uint32(i))
		switch {
		case int(b.origin) > len(c.terms.Origins), int(b.tag) > len(c.meta.Tags), int(b.area) > len(c.meta.Areas),
			b.band > 0 && (c.terms.Bands == nil || int(b.band) > len(c.terms.Bands.Names)),
			b.class != AnyClass && !has(c.terms.Presentation.columns(), b.class), b.local && b.area == 0, !b.same(c.conds[condSize*i:]):
			return fmt.Errorf("cond %d asks for what the card does not have", i)
		}
	}
	return nil
}

// prepare computes what look-ups use over and over.
func (c *Card) prepare() (err error) {
	t := c.terms
	c.asks.class = t.Presentation != SingleRate
	c.asks.origin = c.origins != nil
	for _, o := range t.Origins {
		c.asks.invalid = c.asks.invalid || o.Invalid
	}
	if (t.Access > 0 || len(t.Surcharges) > 0) && c.meta.Den[call.Voice]%60 != 0 {
		return errors.New("a price per minute is no part of its prices")
	}
	if (c.asks.class || c.asks.invalid) && c.regions == nil {
		return errors.New("it has no table of regions")
	}
	c.asks.instant = t.Bands != nil
	for i := range len(c.conds) / condSize {
		d := c.cond(uint32(i))
		c.asks.instant = c.asks.instant || d.from != 0 || d.to != 0
		c.asks.more = c.asks.more || d.from != 0 || d.to != 0 || d.minDigits != 0 || d.maxDigits != 0
		c.asks.groups = c.asks.groups || d.origin != 0 || d.local
	}
	if c.eeaFrom, err = countries(t.EEAFrom); err != nil {
		return err
	}
	if c.eeaTo, err = countries(t.EEATo); err != nil {
		return err
	}
	for _, s := range t.Surcharges {
		c.surcharged = append(c.surcharged, uint32(1+slices.IndexFunc(t.Origins, func(o Origin) bool { return o.Name == s.Origin })))
	}
	c.packGroups()
	c.steps = make([]quickTier, len(c.tiers)/tierSize)
	for i := range c.steps {
		c.steps[i] = c.stepOf(uint32(i))
	}
	c.quicks, c.plains = make([]quick, len(c.shapes)/shapeSize), make([]plain, len(c.shapes)/shapeSize)
	for i := range c.quicks {
		c.quicks[i] = c.quickOf(uint32(i))
		c.plains[i] = c.quicks[i].plain()
	}
	return nil
}

func countries(names []string) (numbering.Countries, error) {
	if len(names) == 0 {
		return numbering.EEA(), nil
	}
	return numbering.CountriesOf(names...)
}

func at32(b []byte, i uint32) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }

func (c *Card) cond(i uint32) cond { return decodeCond(c.conds[condSize*int(i):]) }
func (c *Card) tier(i uint32) Tier { return decodeTier(c.tiers[tierSize*int(i):]) }

// shape returns a shape with its fee in 10^-12.
func (c *Card) shape(i uint32) shape {
	s := decodeShape(c.shapes[shapeSize*int(i):])
	s.fee *= pow10[money.PriceDecimals-c.meta.Scale]
	return s
}

// Terms returns the rules that hold for all rates of the card. The lists in
// them are the card's own.
func (c *Card) Terms() Terms { return *c.terms }
