package ratecard

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// Rates are rates of a card in little memory: 32 bytes each, and what many of
// them have in common once; the first and the last instant that nanoseconds reach
// count as no begin and no end. The zero value has none. They do not change; but Apply
// and Diff add to what they share, so one goroutine at a time may use rates that
// came from each other.
type Rates struct {
	pool *pool
	rows blocks[row]
}

// Collect packs rates, in their order.
func Collect(rates iter.Seq2[rating.Rate, error]) (*Rates, error) {
	return newPool().collect(rates)
}

// Len returns how many there are.
func (r *Rates) Len() int { return r.rows.len }

// All yields the rates in their order. The error is always nil: rates that are
// at hand go where stored ones do.
func (r *Rates) All() iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		var rate unpacked
		var prefixes prefixTexts
		for i := range r.rows.len {
			one := r.pool.expand(r.rows.at(i))
			if rate.set(r.pool, &one, prefixes.of(one.code)); !yield(rate.Rate, nil) {
				return
			}
		}
	}
}

// prefixTexts makes the texts of prefixes many at a time.
type prefixTexts struct{ strings.Builder }

func (p *prefixTexts) of(code uint64) string {
	const together = 1 << 12 // bytes
	if p.Cap()-p.Len() < rating.MaxPrefix {
		p.Reset()
		p.Grow(together)
	}
	from := p.Len()
	for ; code != 0; code <<= 4 {
		p.WriteByte(byte('0' + code>>60 - 1))
	}
	return p.String()[from:]
}

// packed is a rate as it is worked on. Rates of one pool are the same when they are equal.
type packed struct {
	content
	code     uint64 // of the prefix, see codeOf
	from, to int64  // Unix nanoseconds, half-open; math.MinInt64 and math.MaxInt64 are open
}

// content is what a rate says, without for which prefix and when.
type content struct {
	price1, priceN money.Price
	rest           uint32 // place in pool.rests
	name           uint32 // place in pool.names.list
}

// rest is a rate without prefix, destination, prices and times.
type rest struct {
	rating.Rate
	asks uint32 // place in pool.asks.list: what it holds for
}

// pool keeps what rates have in common.
type pool struct {
	rests  []rest
	byText map[string]uint32   // a rest's stored line → its place
	recent [recentRests]uint32 // 1 + places in rests, by a hash: decks have few
	asks   texts
	of     []asked // by place in asks
	names  texts
	prices numbers[money.Price] // price N of rates that have another price 1
	times  numbers[times]
	buf    []byte
}

const recentRests = 1 << 8

// asked is what asks are of.
type asked struct {
	kind    call.Kind
	service string
}

// texts numbers texts in the order in which they are first seen.
type texts struct {
	places map[string]uint32
	list   []string
	last   uint32
}

func (t *texts) place(s string) uint32 {
	if len(t.list) > 0 && t.list[t.last] == s {
		return t.last
	}
	at, ok := t.places[s]
	if !ok {
		at = uint32(len(t.list))
		t.places[s] = at
		t.list = append(t.list, s)
	}
	t.last = at
	return at
}

// find returns the place of a text; false: it is not there.
func (t *texts) find(s []byte) (uint32, bool) {
	if len(t.list) > 0 && t.list[t.last] == string(s) {
		return t.last, true
	}
	at, ok := t.places[string(s)]
	if ok {
		t.last = at
	}
	return at, ok
}

func newPool() *pool {
	return &pool{
		byText: map[string]uint32{}, asks: texts{places: map[string]uint32{}}, names: texts{places: map[string]uint32{}},
		prices: newNumbers[money.Price](), times: newNumbers[times](),
	}
}

// pack packs a rate; the error says what is no rate of a card about it.
func (p *pool) pack(r *rating.Rate) (packed, error) {
	code, ok := codeOf(r.Prefix)
	if !ok {
		return packed{}, fmt.Errorf("prefix %q: want at most %d digits", clip(r.Prefix), rating.MaxPrefix)
	}
	at, err := p.rest(r)
	if err != nil {
		return packed{}, fmt.Errorf("prefix %q: %w", r.Prefix, err)
	}
	out := packed{content{r.Price1, r.PriceN, at, p.names.place(r.Destination)}, code, r.From, r.To}
	if r.From == 0 {
		out.from = math.MinInt64
	}
	if r.To == 0 {
		out.to = math.MaxInt64
	}
	return out, nil
}

func (p *pool) rest(r *rating.Rate) (uint32, error) {
	recent := &p.recent[hashOfRest(r)]
	if at := *recent; at > 0 && sameRest(&p.rests[at-1].Rate, r) {
		return at - 1, nil
	}
	one := *r
	one.Prefix, one.Destination, one.Price1, one.PriceN, one.From, one.To = "", "", 0, 0, 0, 0
	var err error
	if p.buf, err = appendRate(p.buf[:0], &one); err != nil {
		return 0, err
	}
	at, ok := p.byText[string(p.buf)]
	if !ok {
		at = uint32(len(p.rests))
		p.byText[string(p.buf)] = at
		asks := p.asks.place(string(appendAsks(nil, r)))
		if int(asks) == len(p.of) {
			p.of = append(p.of, asked{r.Kind, r.Service})
		}
		p.rests = append(p.rests, rest{one, asks})
	}
	*recent = at + 1
	return at, nil
}

// hashOfRest returns a place in pool.recent by what rests of one deck differ in.
func hashOfRest(r *rating.Rate) uint64 {
	const odd = 0x9E3779B97F4A7C15
	hash := (uint64(r.ConnectionFee)*odd+uint64(r.Interval1))*odd + uint64(r.IntervalN)
	hash = hash*odd + uint64(r.Per)<<16 + uint64(r.Class)<<8 + uint64(r.Kind)
	if r.Blocked {
		hash++
	}
	return hash * odd >> 56
}

// sameRest reports whether two rates have one rest.
func sameRest(a, b *rating.Rate) bool {
	return a.Interval1 == b.Interval1 && a.IntervalN == b.IntervalN && a.ConnectionFee == b.ConnectionFee && a.Per == b.Per &&
		a.Class == b.Class && a.Kind == b.Kind && a.Blocked == b.Blocked && a.AssumedPulse == b.AssumedPulse &&
		a.Minimum == b.Minimum && a.MinCharge == b.MinCharge && a.MaxCharge == b.MaxCharge &&
		a.Grace == b.Grace && a.NoGrace == b.NoGrace && a.Free == b.Free && a.Access == b.Access && a.Local == b.Local &&
		a.MinDigits == b.MinDigits && a.MaxDigits == b.MaxDigits &&
		a.Service == b.Service && a.Band == b.Band && a.Origin == b.Origin && a.Area == b.Area && a.Tag == b.Tag &&
		slices.Equal(a.Tiers, b.Tiers)
}

// rate is what was packed. Its tiers belong to the pool.
func (p *pool) rate(r *packed) rating.Rate {
	var out rating.Rate
	p.unpack(r, &out, prefixOf(r.code))
	return out
}

func (p *pool) unpack(r *packed, out *rating.Rate, prefix string) {
	*out = p.rests[r.rest].Rate
	out.Prefix, out.Destination, out.Price1, out.PriceN = prefix, p.names.list[r.name], r.price1, r.priceN
	if r.from != math.MinInt64 {
		out.From = r.from
	}
	if r.to != math.MaxInt64 {
		out.To = r.to
	}
}

// key is what at most one rate of a card holds for at an instant.
type key struct {
	code uint64
	asks uint32 // place in pool.asks.list
}

func (p *pool) keyOf(r *packed) key { return key{r.code, p.rests[r.rest].asks} }

// codeOf returns the code of a prefix, digits+1 in each 4 bits from the top, so
// that codes sort as prefixes do.
func codeOf[T string | []byte](prefix T) (code uint64, ok bool) {
	if len(prefix) > rating.MaxPrefix {
		return 0, false
	}
	for i := range len(prefix) {
		c := prefix[i] - '0'
		if c > 9 {
			return 0, false
		}
		code |= uint64(c+1) << (60 - 4*i)
	}
	return code, true
}

func prefixOf(code uint64) string {
	var buf [rating.MaxPrefix]byte
	n := 0
	for ; code != 0; code <<= 4 {
		buf[n] = byte('0' + code>>60 - 1)
		n++
	}
	return string(buf[:n])
}

// appendAsks writes what a rate holds for beside its prefix and its time: rates
// that differ in it stand beside each other. The area is part of it only for a
// service, since a prefix is in one area.
func appendAsks(b []byte, r *rating.Rate) []byte {
	area := ""
	if r.Local && r.Service != "" {
		area = r.Area
	}
	b = append(b, byte(r.Kind), byte(r.Class), r.MinDigits, r.MaxDigits)
	if r.Local {
		b = append(b, 'L')
	}
	for _, s := range [...]string{r.Service, r.Band, r.Origin, area, r.Tag} {
		b = strconv.AppendQuote(b, s)
	}
	return b
}

// ID is the short name of a rate within its card, as a download shows it: the
// same for all rates of a prefix (or service), kind, class, band, origin, local
// area, tag and number of digits that begin at one instant, whatever they cost.
// So a card has each once, and a rate keeps its own as long as it begins when it
// did. It is r and 12 letters or digits: no spreadsheet takes it for a number.
func ID(r *rating.Rate) string {
	from := r.From
	if from == 0 {
		from = math.MinInt64
	}
	return idText(idOf(nil, r.Prefix, string(appendAsks(nil, r)), from))
}

const idBits = 60

var idLetters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// idOf is the number of an ID; buf is room to work in.
func idOf(buf []byte, prefix, asks string, from int64) uint64 {
	buf = append(append(buf[:0], prefix...), '\t')
	buf = append(binary.BigEndian.AppendUint64(buf, uint64(from)), asks...)
	sum := sha256.Sum256(buf)
	return binary.BigEndian.Uint64(sum[:]) >> (64 - idBits)
}

func idText(n uint64) string {
	b := binary.BigEndian.AppendUint64(nil, n<<(64-idBits))
	return "r" + idLetters.EncodeToString(b)[:idBits/5]
}

// parseID reads what ID returns.
func parseID(s string) (n uint64, ok bool) {
	if len(s) != 1+idBits/5 || s[0] != 'r' {
		return 0, false
	}
	b, err := idLetters.DecodeString(s[1:] + "0")
	if err != nil {
		return 0, false
	}
	return binary.BigEndian.Uint64(b) >> (64 - idBits), true
}

// collect packs rates into a pool.
func (p *pool) collect(rates iter.Seq2[rating.Rate, error]) (*Rates, error) {
	out := &Rates{pool: p}
	for r, err := range rates {
		if err != nil {
			return nil, fmt.Errorf("after %d rates: %w", out.rows.len, err)
		}
		if out.rows.len == rating.MaxRates {
			return nil, fmt.Errorf("more than %d rates", rating.MaxRates)
		}
		one, err := p.pack(&r)
		if err != nil {
			return nil, fmt.Errorf("rate %d, %w", out.rows.len+1, err)
		}
		out.rows.add(p.row(&one))
	}
	return out, nil
}

// pooled returns the pool of rates.
func (r *Rates) pooled() *pool {
	if r.pool == nil {
		r.pool = newPool()
	}
	return r.pool
}

// unpacked is a rate that one packed rate after another is unpacked into: what
// they have in common stays.
type unpacked struct {
	rating.Rate
	rest uint32
	ok   bool
}

// set unpacks r.
func (u *unpacked) set(p *pool, r *packed, prefix string) {
	if !u.ok || u.rest != r.rest {
		u.Rate, u.rest, u.ok = p.rests[r.rest].Rate, r.rest, true
	}
	u.Prefix, u.Destination, u.Price1, u.PriceN, u.From, u.To = prefix, p.names.list[r.name], r.price1, r.priceN, 0, 0
	if r.from != math.MinInt64 {
		u.From = r.from
	}
	if r.to != math.MaxInt64 {
		u.To = r.to
	}
}
