package rating

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// A card image is one immutable object, little-endian: a head of headSize
// bytes (magic, version, the length of each section), the sections, each begun
// at a multiple of 8, and a CRC-32C of everything before it. It holds no
// addresses and is used where it lies.
//
//	meta      JSON: terms, and the names that rows use
//	rates     words: what rows cost, each kind of row once (see wordsOf), and
//	          lists of rows of a prefix that ask for something (see addList)
//	shapes    what a row costs, all but its prices: shapeSize bytes each
//	tiers     of shapes, all but their prices: tierSize bytes each
//	patterns  words: what the rows of such a list ask for, one after the other
//	conds     what a row asks for: condSize bytes each
//	names     words: where blocks of destinations begin, behind these (see nameTable)
//	origins   prefix index of callers' numbers; its values are places in ranks
//	ranks     which groups of origins a number is in, and by how many digits
//	regions   numbering table, where the card asks where a number is from
//	voice …   for each kind of usage the prefix index of its rows
//
// A word has 4 bytes. A value of a prefix index is a place in rates, or
// choiceValue + that of a list there. Rates are stored in the order in which ascending prefixes use them,
// and so is all that they use: a card has one image whatever order its rows
// came in.
const (
	imageMagic   = "tollcard"
	imageVersion = 3
	headSize     = 16 + 4*sections
	crcSize      = 4

	shapeSize = 64
	tierSize  = 24
	condSize  = 32

	choiceValue = 1 << 25
)

// The sections, in their order.
const (
	metaSection = iota
	rateSection
	shapeSection
	tierSection
	patternSection
	condSection
	nameSection
	textSection
	originSection
	rankSection
	regionSection
	kindSection
	sections = kindSection + call.Kinds
)

// The flags of a shape.
const (
	shapeBlocked = 1 << iota
	shapeAssumed
	shapeNoGrace
	shapeAccess
	shapePerCall
	shapeTwo // price N differs
	shapeFlags
)

// meta is what an image says in JSON.
type meta struct {
	Terms     Terms `json:"terms"`
	Scale     int   `json:"scale"`      // decimals that prices of rates and fees of shapes are counted in
	ShapeBits int   `json:"shape_bits"` // of the first word of a row's cost
	// Den: every price of a kind is for a divisor of it, in units.
	Den      [call.Kinds]uint64 `json:"den"`
	Areas    []string           `json:"areas,omitempty"`
	Tags     []string           `json:"tags,omitempty"`
	Services []service          `json:"services,omitempty"`
}

// service is a pseudo-prefix with the rows that it has.
type service struct {
	Kind  call.Kind `json:"kind"`
	Name  string    `json:"name"`
	Value uint32    `json:"value"`
	Note  uint32    `json:"note"`
}

// shape is what a row costs, all but its prices.
type shape struct {
	fee, minCharge, maxCharge uint64 // the fee in the card's unit when stored, else in 10^-12
	interval1, intervalN, per uint32
	minimum, grace, free      uint32
	tierAt                    uint32
	tiers                     uint32
	flags                     uint16
	kind                      call.Kind
}

func (s *shape) encode(b []byte) {
	le := binary.LittleEndian
	le.PutUint64(b[0:], s.fee)
	le.PutUint64(b[8:], s.minCharge)
	le.PutUint64(b[16:], s.maxCharge)
	for i, v := range [...]uint32{s.interval1, s.intervalN, s.per, s.minimum, s.grace, s.free, s.tierAt, s.tiers} {
		le.PutUint32(b[24+4*i:], v)
	}
	le.PutUint16(b[56:], s.flags)
	b[58] = byte(s.kind)
}

// decodeShape reads what encode wrote; b has shapeSize bytes.
func decodeShape(b []byte) shape {
	le := binary.LittleEndian
	_ = b[shapeSize-1]
	return shape{
		fee: le.Uint64(b[0:]), minCharge: le.Uint64(b[8:]), maxCharge: le.Uint64(b[16:]),
		interval1: le.Uint32(b[24:]), intervalN: le.Uint32(b[28:]), per: le.Uint32(b[32:]),
		minimum: le.Uint32(b[36:]), grace: le.Uint32(b[40:]), free: le.Uint32(b[44:]),
		tierAt: le.Uint32(b[48:]), tiers: le.Uint32(b[52:]), flags: le.Uint16(b[56:]), kind: call.Kind(b[58]),
	}
}

func (t *Tier) encode(b []byte) {
	le := binary.LittleEndian
	for i, v := range [...]uint32{t.From, t.Length, t.Every, t.RoundUp, t.Per} {
		le.PutUint32(b[4*i:], v)
	}
	if t.Event {
		b[20] = 1
	}
}

// decodeTier reads what encode wrote, all but the price; b has tierSize bytes.
func decodeTier(b []byte) Tier {
	le := binary.LittleEndian
	_ = b[tierSize-1]
	return Tier{
		From: le.Uint32(b[0:]), Length: le.Uint32(b[4:]), Every: le.Uint32(b[8:]), RoundUp: le.Uint32(b[12:]), Per: le.Uint32(b[16:]),
		Event: b[20] == 1,
	}
}

// cond is what a row asks of usage. Places are counted from one; 0 asks for
// nothing.
type cond struct {
	from, to             int64
	class                Class
	minDigits, maxDigits uint8
	band                 uint8
	origin               uint16 // group of Terms.Origins
	tag                  uint16
	area                 uint16 // that the prefix belongs to
	local                bool   // the caller is in it, too
}

// A cond is stored as it is tested: an instant as a number without a sign that
// is in the same order, and the last one that it holds for; class, band and tag
// as one word, and beside it a mask of those that are asked for.
const (
	epoch     = 1 << 63 // 1970 as such a number
	endless   = math.MaxUint64
	anyLength = math.MaxUint16
)

// The flags of a cond.
const (
	condLocal = 1 << iota
	condFrom
	condTo
)

// stamp returns an instant as conds have it.
func stamp(instant int64) uint64 { return uint64(instant) ^ epoch }

func (c *cond) encode(b []byte) {
	le := binary.LittleEndian
	from, last, most, mask, flags := uint64(0), uint64(endless), uint16(anyLength), uint32(0), byte(0)
	if c.from != 0 {
		from, flags = stamp(c.from), flags|condFrom
	}
	switch {
	case c.to == math.MinInt64: // no instant is before it
		from, last, flags = endless, 0, flags|condTo
	case c.to != 0:
		last, flags = stamp(c.to)-1, flags|condTo
	}
	if c.local {
		flags |= condLocal
	}
	if c.maxDigits != 0 {
		most = uint16(c.maxDigits)
	}
	want := wordOf(c.class, c.band, c.tag)
	for _, part := range [...]uint32{0xFF, 0xFF00, 0xFFFF0000} {
		if want&part != 0 {
			mask |= part
		}
	}
	le.PutUint64(b[0:], from)
	le.PutUint64(b[8:], last)
	le.PutUint32(b[16:], want)
	le.PutUint32(b[20:], mask)
	le.PutUint16(b[24:], c.origin)
	le.PutUint16(b[26:], c.area)
	b[28], b[29] = c.minDigits, flags
	le.PutUint16(b[30:], most)
}

// wordOf returns what a row asks for, or a record has, as one word.
func wordOf(class Class, band uint8, tag uint16) uint32 {
	return uint32(class) | uint32(band)<<8 | uint32(tag)<<16
}

// decodeCond reads what encode wrote; b has condSize bytes.
func decodeCond(b []byte) (c cond) {
	le := binary.LittleEndian
	_ = b[condSize-1]
	from, last, flags := le.Uint64(b[0:]), le.Uint64(b[8:]), b[29]
	if flags&condFrom != 0 {
		c.from = int64(from ^ epoch)
	}
	switch {
	case flags&condTo != 0 && from == endless && last == 0:
		c.to = math.MinInt64
	case flags&condTo != 0:
		c.to = int64((last + 1) ^ epoch)
	}
	if most := le.Uint16(b[30:]); most != anyLength {
		c.maxDigits = uint8(most)
	}
	c.class, c.band, c.tag = Class(b[16]), b[17], le.Uint16(b[18:])
	c.origin, c.area, c.minDigits, c.local = le.Uint16(b[24:]), le.Uint16(b[26:]), b[28], flags&condLocal != 0
	return c
}

// same reports whether c is encoded as b.
func (c *cond) same(b []byte) bool {
	var own [condSize]byte
	c.encode(own[:])
	return bytes.Equal(own[:], b[:condSize])
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// assemble writes an image of its sections.
func assemble(parts *[sections][]byte) ([]byte, error) {
	size := headSize
	for _, p := range parts {
		if len(p) > maxSection {
			return nil, fmt.Errorf("a part of the card has %d bytes, want at most %d", len(p), maxSection)
		}
		size = align(size) + len(p)
	}
	out := make([]byte, align(size), align(size)+crcSize)
	copy(out, imageMagic)
	binary.LittleEndian.PutUint32(out[8:], imageVersion)
	at := headSize
	for i, p := range parts {
		binary.LittleEndian.PutUint32(out[16+4*i:], uint32(len(p)))
		at = align(at)
		at += copy(out[at:], p)
	}
	return binary.LittleEndian.AppendUint32(out, checksum(out)), nil
}

const maxSection = 1 << 31

func align(n int) int { return (n + 7) &^ 7 }

// disassemble returns the sections of an image, after magic, version, length
// and checksum.
func disassemble(image []byte) (parts [sections][]byte, err error) {
	if len(image) < headSize+crcSize {
		return parts, fmt.Errorf("%d bytes, want at least %d: it is cut short or not a card", len(image), headSize+crcSize)
	}
	if string(image[:len(imageMagic)]) != imageMagic {
		return parts, fmt.Errorf("it begins with %q, want %q: not a card", image[:len(imageMagic)], imageMagic)
	}
	if v := binary.LittleEndian.Uint32(image[8:]); v != imageVersion {
		return parts, fmt.Errorf("version %d, want %d", v, imageVersion)
	}
	body := image[:len(image)-crcSize]
	if want, got := binary.LittleEndian.Uint32(image[len(body):]), checksum(body); got != want {
		return parts, fmt.Errorf("checksum %08x, want %08x: it is cut short or damaged", got, want)
	}
	at := headSize
	for i := range parts {
		size := int(binary.LittleEndian.Uint32(image[16+4*i:]))
		at = align(at)
		if size > len(body) || at > len(body)-size {
			return parts, errors.New("its parts are longer than it is")
		}
		parts[i] = body[at : at+size : at+size]
		at += size
	}
	if align(at) != len(body) {
		return parts, fmt.Errorf("%d bytes behind its parts", len(body)-at)
	}
	return parts, nil
}

func decodeMeta(b []byte) (m meta, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("its terms: %w", err)
	}
	if err := m.Terms.Validate(); err != nil {
		return m, fmt.Errorf("its terms: %w", err)
	}
	if m.Scale < 0 || m.Scale > money.PriceDecimals || m.ShapeBits < 1 || m.ShapeBits > maxShapeBits {
		return m, fmt.Errorf("scale %d, %d bits of shapes: out of range", m.Scale, m.ShapeBits)
	}
	for k, den := range m.Den {
		if den == 0 || den > maxDen(call.Kind(k)) {
			return m, fmt.Errorf("prices for parts of %d: out of range", den)
		}
	}
	if len(m.Areas) > maxNames || len(m.Tags) > maxNames || len(m.Services) > maxNames {
		return m, fmt.Errorf("more than %d areas, tags or services", maxNames)
	}
	return m, nil
}

// maxNames bounds the areas, tags and services of a card.
const maxNames = 60_000

// maxDen keeps a charge's sum within 256 bits: of voice, units may be cut into
// nanoseconds.
func maxDen(k call.Kind) uint64 {
	if k == call.Voice {
		return 1 << 32
	}
	return 1 << 60
}
