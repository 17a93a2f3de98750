package ratecard

import (
	"bytes"
	"math"

	"github.com/tollbook/tollbook/shared/money"
)

// lineWriter writes packed rates as lines. What many have in common it writes
// once, and keeps.
type lineWriter struct {
	pool  *pool
	rate  unpacked
	terms [][]byte // by rest: what stands between prices and instants
	ends  [][]byte // by rest: what stands behind the instants
	times [][]byte // by times, the first keptTimes
	good  []bool   // by name: it has no control characters
}

// keptTimes bounds the instants whose text is kept: most decks have few.
const keptTimes = 1 << 12

// append appends the line of a rate.
func (l *lineWriter) append(line []byte, r *row) ([]byte, error) {
	one := l.pool.expand(r)
	l.rate.set(l.pool, &one, "")
	if !kept(&l.good, r.name) || kept(&l.terms, r.rest) == nil || l.rate.Service != "" && r.code != 0 {
		// The first of its kind, or wrong: it is looked at whole.
		whole := l.pool.rate(&one)
		out, err := appendRate(line, &whole)
		if err == nil {
			*room(&l.good, r.name) = true
			*room(&l.terms, r.rest) = appendTerms([]byte{}, &whole)
			*room(&l.ends, r.rest) = appendExtras(nil, &whole, extras[instants+2:])
		}
		return out, err
	}
	if err := l.rate.Validate(); err != nil {
		return line, err
	}
	for code := r.code; code != 0; code <<= 4 {
		line = append(line, byte('0'+code>>60-1))
	}
	line = append(append(line, '\t'), l.rate.Destination...)
	line = append(line, '\t')
	from := len(line)
	line = appendPrice(line, one.price1)
	if price := line[from:]; one.priceN == one.price1 {
		line = append(append(line, '\t'), price...)
	} else {
		line = appendPrice(append(line, '\t'), one.priceN)
	}
	line = append(line, l.terms[r.rest]...)
	line = l.appendTimes(line, r.times)
	return append(append(line, l.ends[r.rest]...), '\n'), nil
}

// appendTimes appends when the rate at hand holds.
func (l *lineWriter) appendTimes(line []byte, times uint32) []byte {
	if text := kept(&l.times, times); text != nil {
		return append(line, text...)
	}
	from := len(line)
	line = appendExtras(line, &l.rate.Rate, extras[instants:instants+2])
	if times < keptTimes {
		*room(&l.times, times) = append([]byte{}, line[from:]...)
	}
	return line
}

// kept returns what a list has at a place, nothing behind its end.
func kept[T any](list *[]T, i uint32) (v T) {
	if int(i) < len(*list) {
		v = (*list)[i]
	}
	return v
}

// room returns a place of a list, which it makes as long.
func room[T any](list *[]T, i uint32) *T {
	if n := int(i) + 1 - len(*list); n > 0 {
		*list = append(*list, make([]T, n)...)
	}
	return &(*list)[i]
}

// packer packs lines. What stands behind the prices it reads once.
type packer struct {
	in    *ratesReader
	pool  *pool
	tails map[string]tail // by text
	rate  unpacked
}

// tail is what stands behind the prices of a line.
type tail struct{ rest, times uint32 }

// keptTails bounds the tails that are kept.
const keptTails = 1 << 12

// pack packs the rate of a line. A line whose name and tail were there before, and
// that is a rate, is as appendRate writes it if its prices are; any other is read
// whole.
func (p *packer) pack(line []byte) (row, error) {
	if one, ok := p.quick(line); ok {
		return one, nil
	}
	rate, err := p.in.parse(line)
	if err != nil {
		return row{}, err
	}
	one, err := p.pool.pack(&rate)
	if err != nil {
		return row{}, err
	}
	out := p.pool.row(&one)
	if len(p.tails) < keptTails {
		if _, _, rest, ok := cut3(line); ok {
			p.tails[string(rest)] = tail{out.rest, out.times}
		}
	}
	return out, nil
}

// cut3 takes the first two cells, and what stands behind the fourth, out of a line.
func cut3(line []byte) (head, prices, rest []byte, ok bool) {
	var ends [4]int
	from := 0
	for i := range ends {
		n := bytes.IndexByte(line[from:], '\t')
		if n < 0 {
			return nil, nil, nil, false
		}
		ends[i] = from + n
		from += n + 1
	}
	return line[:ends[1]], line[ends[1]+1 : ends[3]], line[ends[3]:], true
}

// quick packs a line of which most was there before.
func (p *packer) quick(line []byte) (out row, ok bool) {
	head, prices, rest, ok := cut3(line)
	if !ok {
		return out, false
	}
	t, ok := p.tails[string(rest)]
	if !ok {
		return out, false
	}
	digits, name, _ := bytes.Cut(head, []byte{'\t'})
	if out.code, ok = codeOf(digits); !ok {
		return out, false
	}
	if out.name, ok = p.pool.names.find(name); !ok {
		return out, false
	}
	text1, textN, _ := bytes.Cut(prices, []byte{'\t'})
	if out.price1, ok = priceOf(text1); !ok {
		return out, false
	}
	if !bytes.Equal(text1, textN) {
		priceN, ok := priceOf(textN)
		if !ok {
			return out, false
		}
		out.priceN = 1 + p.pool.prices.place(priceN)
	}
	out.rest, out.times = t.rest, t.times
	one := p.pool.expand(&out)
	p.rate.set(p.pool, &one, "")
	return out, (p.rate.Service == "" || out.code == 0) && p.rate.Validate() == nil
}

// priceOf reads a price that is written as appendPrice writes it; false: it is
// not, or no price.
func priceOf(text []byte) (money.Price, bool) {
	whole, decimals, point := bytes.Cut(text, []byte{'.'})
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' || len(whole) > 7 || len(decimals) > money.PriceDecimals {
		return 0, false
	}
	if point && (len(decimals) == 0 || decimals[len(decimals)-1] == '0') {
		return 0, false
	}
	var n uint64 // at most 19 digits
	for _, part := range [...][]byte{whole, decimals} {
		for _, c := range part {
			if c < '0' || c > '9' {
				return 0, false
			}
			n = 10*n + uint64(c-'0')
		}
	}
	for range money.PriceDecimals - len(decimals) {
		n *= 10
	}
	return money.Price(n), n <= math.MaxInt64
}
