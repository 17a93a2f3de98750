package gen

import (
	"bufio"
	"fmt"
	"io"
	"math/big"
	"math/bits"
	"sort"
	"strconv"
	"time"
)

// Clients is how many accounts the records are of: 1 to Clients.
const Clients = 2000

// Month is the month of the records, in UTC.
var Month = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// monthSeconds is its length.
const monthSeconds = 30 * 24 * 3600

// maxSeconds bounds a call, well inside the first hours of the month.
const maxSeconds = 2 * 3600

// Header is the first line of a file of records.
const Header = "call_id,client_id,a_number,b_number,start_time,duration_seconds"

// Traffic draws calls to the numbers of a deck: 7 of 10 by a Zipf law of
// exponent 0.8 over the prefixes in random order, 3 uniformly over them, and
// one in a thousand to a country that is not there. It holds 4 bytes a prefix.
type Traffic struct {
	source
	deck  *Deck
	order []int32 // by popularity
	zipf  zipf
	free  []uint64
}

// NewTraffic returns the traffic of a seed.
func (d *Deck) NewTraffic(seed uint64) *Traffic {
	t := &Traffic{newSource(seed, forRecords), d, make([]int32, d.Len()), newZipf(d.Len()), unassigned()}
	s := newSource(seed, forOrder)
	for i := range t.order {
		j := s.below(uint64(i) + 1)
		t.order[i] = t.order[j]
		t.order[j] = int32(i)
	}
	return t
}

// numbers draws the two ends of a call.
func (t *Traffic) numbers() (caller, called uint64) {
	if t.deck.us {
		return t.numbersInUS()
	}
	caller = 1e10 + t.below(9e10)
	return caller, t.number()
}

// number draws a called number of 11 to 13 digits, in the US of 11.
func (t *Traffic) number() uint64 {
	digits := 11
	if !t.deck.us {
		digits += int(t.below(3))
	}
	if t.below(1000) == 0 {
		return t.free[t.below(uint64(len(t.free)))]*pow10[digits-3] + t.below(pow10[digits-3])
	}
	p := t.order[t.zipf.rank(t.Uint64())]
	if t.below(10) >= 7 {
		p = int32(t.below(uint64(t.deck.Len())))
	}
	e := &t.deck.entries[p]
	return e.value*pow10[digits-e.digits] + t.below(pow10[digits-e.digits])
}

// WriteRecords writes the header and n records, in the order in which the
// calls ended, spread over the month.
func (t *Traffic) WriteRecords(w io.Writer, n int) error {
	out := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprintln(out, Header)
	var line []byte
	for i := range n {
		seconds := callSeconds(t.Uint64())
		ended := maxSeconds + (monthSeconds-maxSeconds)*int64(i)/int64(n)
		line = appendHex(line[:0], t.Uint64())
		line = append(line, ',')
		line = strconv.AppendUint(line, 1+t.below(Clients), 10)
		line = append(line, ',')
		caller, called := t.numbers()
		line = strconv.AppendUint(line, caller, 10)
		line = append(line, ',')
		line = strconv.AppendUint(line, called, 10)
		line = append(line, ',')
		line = Month.Add(time.Duration(ended-seconds)*time.Second).AppendFormat(line, time.RFC3339)
		line = append(line, ',')
		line = strconv.AppendInt(line, seconds, 10)
		line = append(line, '\n')
		out.Write(line) // a failure stays with out until Flush
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	return nil
}

func appendHex(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[v>>shift&15])
	}
	return dst
}

// survivors[k] is the share, in 2^-64, of calls that last longer than k
// seconds: e^(-k/120).
var survivors = func() []uint64 {
	const perSecond = 18293659942876286854 // e^(-1/120)
	all := []uint64{1<<64 - 1}
	for len(all) < maxSeconds && all[len(all)-1] > 0 {
		next, _ := bits.Mul64(all[len(all)-1], perSecond)
		all = append(all, next)
	}
	return all
}()

// callSeconds returns the length of a call of u, uniform in 64 bits: whole
// seconds begun, at least 1, exponential with a mean of 120.
func callSeconds(u uint64) int64 {
	return int64(max(1, sort.Search(len(survivors), func(k int) bool { return survivors[k] <= u })))
}

// zipf draws ranks 0 to n-1 with a share of about 1/(rank+1)^0.8. A density of
// x^-0.8 from 1/2 to n+1/2 has x^(1/5) uniform: between its ends, a number
// drawn is taken to the fifth power and rounded to a rank.
type zipf struct {
	from, width uint64 // fifth roots, in 2^-40
	n           uint64
}

func newZipf(n int) zipf {
	from := fifthRoot(1)
	return zipf{from, fifthRoot(2*uint64(n)+1) - from, uint64(n)}
}

// fifthRoot returns the fifth root of halves/2, in 2^-40.
func fifthRoot(halves uint64) uint64 {
	x := new(big.Int).Lsh(new(big.Int).SetUint64(halves), 5*40-1)
	five := big.NewInt(5)
	return uint64(sort.Search(1<<46, func(r int) bool {
		return new(big.Int).Exp(big.NewInt(int64(r)), five, nil).Cmp(x) > 0
	}) - 1)
}

// rank returns the rank of u, uniform in 64 bits.
func (z zipf) rank(u uint64) uint64 {
	step, _ := bits.Mul64(u, z.width)
	root := z.from + step
	square := mulShift(root, root)
	x := mulShift(mulShift(square, square), root)
	return min(max((x+1<<39)>>40, 1)-1, z.n-1) // the roots were cut: the ends are a hair off
}

// mulShift multiplies two numbers in 2^-40, whose product is below 2^24.
func mulShift(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high<<24 | low>>40
}
