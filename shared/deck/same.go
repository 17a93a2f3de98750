package deck

import (
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	prefixes "github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
)

// asks is what a rate holds for, beside its prefix: at most one rate of a deck
// holds for the same.
type asks struct {
	kind                       call.Kind
	class                      rating.Class
	local                      bool
	minDigits, maxDigits       uint8
	service, band, origin, tag string
	area                       string // of a service; a prefix is in one area
	from                       int64
}

func asksOf(r *rating.Rate) asks {
	a := asks{
		kind: r.Kind, class: r.Class, local: r.Local, minDigits: r.MinDigits, maxDigits: r.MaxDigits,
		service: r.Service, band: r.Band, origin: r.Origin, tag: r.Tag, from: r.From,
	}
	if r.Local && r.Service != "" {
		a.area = r.Area
	}
	return a
}

// said is all that a row says of a rate, but its prefix: different rates differ.
type said struct {
	asks
	destination, in, tiers                          string
	price1, priceN, fee, minCharge, maxCharge       money.Price
	per, interval1, intervalN, minimum, grace, free uint32
	to                                              int64
	noGrace, access, blocked, assumed, closed       bool
	action                                          cells.Action
}

func saidOf(r *rating.Rate) said {
	return said{
		asks: asksOf(r), destination: r.Destination, in: r.Area, tiers: string(rating.AppendTiers(nil, r.Tiers)),
		price1: r.Price1, priceN: r.PriceN, fee: r.ConnectionFee, minCharge: r.MinCharge, maxCharge: r.MaxCharge,
		per: r.Per, interval1: r.Interval1, intervalN: r.IntervalN, minimum: r.Minimum, grace: r.Grace, free: r.Free, to: r.To,
		noGrace: r.NoGrace, access: r.Access, blocked: r.Blocked, assumed: r.AssumedPulse,
	}
}

// isNew remembers the entries of a row. The same row again is merged; another
// rate for the same calls is an error, since nothing says which one holds.
func (d *deck) isNew() bool {
	digest := uint64(0)
	for i := range d.rates {
		digest = digest*odd + d.digestOf(&d.rates[i])
	}
	kept, merged := d.entries[:0], int64(0)
	d.keys = d.keys[:0]
	for i := range d.entries {
		e := &d.entries[i]
		key := d.keyOf(&e.Rate)
		before, _ := d.seen.slot(key)
		switch {
		case e.Rate.Prefix == "" && e.ID != "": // which rate it means, its id says
		case before != nil && before.digest != digest:
			of := e.Rate.Prefix
			if e.Rate.Service != "" {
				of = "service " + e.Rate.Service
			}
			if at := d.place(int64(before.line)); d.byName() {
				d.want(destination, fmt.Sprintf("one rate for a prefix: %s has another for %s", at, of))
			} else {
				d.expect(prefix, fmt.Sprintf("one rate for a prefix: %s has another for %s", at, of))
			}
			return false
		case before == nil && e.Rate.Origin != "" && d.groups.rivals[e.Rate.Origin] != nil:
			if other, line := d.ambiguous(&e.Rate); other != "" {
				d.fail(RowError{Value: d.text(), Want: fmt.Sprintf("one rate for a caller: %s has another for %s, and groups %q and %q have callers in common", d.place(line), e.Rate.Prefix, clip(e.Rate.Origin), clip(other))})
				return false
			}
		case before != nil && int64(before.line) != d.at64():
			merged = int64(before.line)
			continue
		}
		if kept = kept[:len(kept)+1]; len(kept) <= i {
			kept[len(kept)-1] = *e
		}
		d.keys = append(d.keys, key)
	}
	if d.entries = kept; merged > 0 {
		d.notes.merged(d.line, merged)
	}
	if len(kept) == 0 {
		d.report.Merged++
		return false
	}
	for _, key := range d.keys {
		d.seen.put(first{key.code, digest, key.asks, int32(d.at64())})
	}
	return true
}

// keyOf returns what an entry of the row at hand holds for.
func (d *deck) keyOf(r *rating.Rate) firstKey {
	code, _ := prefixes.CodeOf(r.Prefix)
	if d.common != nil {
		return firstKey{code, d.common.asks}
	}
	return firstKey{code, d.seen.place(r)}
}

// firstKey is what at most one rate of a deck holds for.
type firstKey struct {
	code prefixes.Code
	asks uint32 // place of what the rate holds for beside its prefix
}

// first is where a rate was first, and what its row said. One of these per rate
// is all that a deck costs in memory, and the garbage collector passes over them.
type first struct {
	code   prefixes.Code
	digest uint64 // of what the row said: two rows in 2^64 have the same by chance
	asks   uint32
	line   int32 // as at64 has it: a file has not so many bytes
}

func (f *first) key() firstKey { return firstKey{f.code, f.asks} }

// firsts finds where rates were first. Its zero value has none.
type firsts struct {
	blocks [][]first // of firstsInBlock each, which none outgrows
	len    int
	slots  []uint32 // 1 + the place of a first, and above it a part of its key's hash; 0: empty
	asks   map[asks]uint32
	last   asks // and its place: most rows hold for what the row before does
	lastAt uint32
}

const (
	firstsInBlock = 1 << 12
	placeBits     = 23 // of a slot: rating.MaxRates are fewer
	odd           = 0x9E3779B97F4A7C15
)

// place returns the place of what a rate holds for.
func (f *firsts) place(r *rating.Rate) uint32 {
	a := asksOf(r)
	if len(f.asks) > 0 && a == f.last {
		return f.lastAt
	}
	at, ok := f.asks[a]
	if !ok {
		if f.asks == nil {
			f.asks = map[asks]uint32{}
		}
		at = uint32(len(f.asks))
		f.asks[a] = at
	}
	f.last, f.lastAt = a, at
	return at
}

// find returns the first rate for what r is for; nil: there is none.
func (f *firsts) find(r *rating.Rate) *first {
	code, _ := prefixes.CodeOf(r.Prefix)
	one, _ := f.slot(firstKey{code, f.place(r)})
	return one
}

// put remembers a rate.
func (f *firsts) put(n first) {
	one, slot := f.slot(n.key())
	if one != nil {
		*one = n
		return
	}
	if 4*(f.len+1) > 3*len(f.slots) {
		f.grow()
		_, slot = f.slot(n.key())
	}
	if f.len%firstsInBlock == 0 {
		f.blocks = append(f.blocks, make([]first, 0, firstsInBlock))
	}
	last := &f.blocks[len(f.blocks)-1]
	*last = append(*last, n)
	f.len++
	f.slots[slot] = tagOf(hashOf(n.key())) | uint32(f.len)
}

func (f *firsts) at(i int) *first { return &f.blocks[i/firstsInBlock][i%firstsInBlock] }

// hashOf returns a hash whose upper bits are the best ones.
func hashOf(key firstKey) uint64 {
	hash := (uint64(key.code) + uint64(key.asks)) * odd
	return (hash ^ hash>>32) * odd
}

// tagOf returns the part of a hash that a slot has.
func tagOf(hash uint64) uint32 { return uint32(hash) &^ (1<<placeBits - 1) }

// slot returns the first of a key, or nil and the slot where it would be.
func (f *firsts) slot(key firstKey) (*first, int) {
	if len(f.slots) == 0 {
		return nil, 0
	}
	hash := hashOf(key)
	tag := tagOf(hash)
	i := int(hash >> 32 * uint64(len(f.slots)) >> 32)
	for ; f.slots[i] != 0; i = (i + 1) & (len(f.slots) - 1) {
		if slot := f.slots[i]; slot&^(1<<placeBits-1) == tag {
			if one := f.at(int(slot&(1<<placeBits-1)) - 1); one.key() == key {
				return one, i
			}
		}
	}
	return nil, i
}

// grow doubles the slots.
func (f *firsts) grow() {
	f.slots = make([]uint32, max(64, 2*len(f.slots)))
	for i := range f.len {
		one := f.at(i)
		_, slot := f.slot(one.key())
		f.slots[slot] = tagOf(hashOf(one.key())) | uint32(i+1)
	}
}
