// Package oracle is the slow, obviously right version of whole bills: maps,
// rational numbers, everything in memory, plain values in and out. It is test
// code and imports nothing of the product, so that a mistake there has to be
// made here a second time to go unseen. It works from the final records and
// settings: how the records came, in what order and how often, it never sees.
package oracle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"sort"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/tests/twin"
)

// Record is one normalised usage record.
type Record struct {
	Feed, CallID, Leg string
	Version           uint64
	Instant           int64 // Unix nanoseconds
	Nanos             int64 // duration, of a call
	Account, A, B     string

	Kind           string // sms, data or event; empty = a call
	Units          int64  // of it
	LRN, CallerLRN string
	Service, Tag   string

	Inbound         bool // the switch's customer received it
	Trunk, OutTrunk string
}

// File is a delivered file that counts: committed and not withdrawn. Its
// records are those that were read and answered.
type File struct{ Records []Record }

// Period is a billing cycle's month, YYYY-MM.
type Period struct{ Cycle, Month string }

// Settings are all that prices and discounts follow from.
type Settings struct {
	Zones    map[string]string // cycle → IANA zone
	Feeds    map[string]Feed
	Cards    map[string][]Revision
	Accounts map[string]Account

	Suppliers map[string]bool // cycles of those who bill us
	Numbers   []Number
	CallTypes []CallType
	Fallbacks []Fallback
}

// Revision is a card's rates from an instant on, until a later one.
type Revision struct {
	From  int64 // Unix nanoseconds; the least int64 = the card's beginning
	Terms twin.Terms
	Rates []twin.Rate
}

// Account is who is billed.
type Account struct {
	Cycle    string
	Parent   string       // the reseller above it; none: empty
	Cards    []Assignment // in any order
	Features []Feature    // sorted by ID: the order in which pools are drawn
	Currency string
	Digits   int // decimals of its currency's minor unit: of a recurring charge
}

// Feature is a monthly charge and a grant of minutes.
type Feature struct {
	ID         string
	Grants     bool  // minutes at all
	Minutes    int64 // of one grant a month; 0 = unlimited
	RoundBy    int64 // seconds of a drawing block; 0 = 1
	Count      int64 // of charge and minutes; 0 = 1
	Multiplier int64 // of minutes; 0 = 1
	Prorate    bool  // the minutes, too
	Recurring  string
	Start, End string // days YYYY-MM-DD, both included; no End = open
}

// Line names one line of one account's true period: usage, usage:KIND,
// bundled, or recurring:FEATURE.
type Line struct {
	Account string
	Period  Period
	Key     string
}

// Counts accounts for every accepted and unrated record of a period.
type Counts struct{ Rows, Charged, Unrated, Duplicate, Superseded int64 }

// Bills is everything that is owed, issued or not.
type Bills struct {
	Lines  map[Line]*big.Rat // no line that is exactly 0
	Counts map[Period]Counts
	// Decided counts what decided who is charged and by which card: a test that
	// wants something of all of it looks here.
	Decided map[string]int
}

// Bill works out the bills of the periods given and of every other one that a
// record falls in.
func Bill(s Settings, files []File, periods []Period) Bills {
	o := oracle{settings: s, bills: Bills{Lines: map[Line]*big.Rat{}, Counts: map[Period]Counts{}, Decided: map[string]int{}}, months: map[place][]charge{}}
	for _, p := range periods {
		o.bills.Counts[p] = Counts{}
	}
	o.withID(files)
	o.withoutID(files)
	for at, charges := range o.months {
		o.usage(at, charges)
	}
	for p := range o.bills.Counts {
		for id, a := range s.Accounts {
			if a.Cycle == p.Cycle {
				o.recurring(id, a, p)
			}
		}
	}
	for line, sum := range o.bills.Lines {
		if sum.Sign() == 0 {
			delete(o.bills.Lines, line)
		}
	}
	return o.bills
}

type place struct {
	account string
	period  Period
}

type oracle struct {
	settings Settings
	bills    Bills
	months   map[place][]charge // what is left when copies and losers are gone
}

// content is the SHA-256 of a record's canonical encoding: strings behind
// their length as a uvarint, numbers as 8 big-endian bytes. What only some
// records have follows where one of it is there.
func content(r Record) [32]byte {
	var b []byte
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	text(r.Feed)
	text(r.CallID)
	text(r.Leg)
	b = binary.BigEndian.AppendUint64(b, r.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Instant))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Nanos))
	text(r.Account)
	text(r.A)
	text(r.B)
	kinds := map[string]byte{"": 0, twin.SMS: 1, twin.Data: 2, twin.Event: 3}
	switched := r.Inbound || r.Trunk != "" || r.OutTrunk != ""
	if switched || r.Kind+r.LRN+r.CallerLRN+r.Service+r.Tag != "" {
		b = append(b, kinds[r.Kind])
		b = binary.BigEndian.AppendUint64(b, uint64(r.Units))
		for _, s := range []string{r.LRN, r.CallerLRN, r.Service, r.Tag} {
			text(s)
		}
	}
	if switched {
		way := byte(0)
		if r.Inbound {
			way = 1
		}
		b = append(b, way)
		text(r.Trunk)
	}
	if r.OutTrunk != "" {
		text(r.OutTrunk)
	}
	return sha256.Sum256(b)
}

// withID lets one record stand for each identity: the highest
// version, then the greatest content hash. Every other content is superseded
// once; all further copies are duplicates.
func (o *oracle) withID(files []File) {
	type identity struct {
		feed, id, leg string
		instant       int64
	}
	found := map[identity]map[[32]byte][]Record{}
	for _, f := range files {
		for _, r := range f.Records {
			if r.CallID == "" {
				continue
			}
			id := identity{r.Feed, r.CallID, r.Leg, r.Instant}
			if found[id] == nil {
				found[id] = map[[32]byte][]Record{}
			}
			found[id][content(r)] = append(found[id][content(r)], r)
		}
	}
	for _, contents := range found {
		var best [32]byte
		var winner *Record
		for hash, copies := range contents {
			r := copies[0]
			if winner == nil || r.Version > winner.Version || r.Version == winner.Version && bytes.Compare(hash[:], best[:]) > 0 {
				best, winner = hash, &r
			}
		}
		for hash, copies := range contents {
			if hash == best {
				o.keep(copies[0])
			} else {
				o.count(copies[0], func(c *Counts) { c.Superseded++ })
				if o.payer(copies[0]) != o.payer(*winner) {
					o.decided("a version with another payer")
				}
			}
			for _, r := range copies[1:] {
				o.count(r, func(c *Counts) { c.Duplicate++ })
				if len(o.charges(r)) > 1 {
					o.decided("a copy of a record with several charges")
				}
			}
		}
	}
}

// withoutID charges as many records of one content as any one file has.
func (o *oracle) withoutID(files []File) {
	total, most := map[Record]int{}, map[Record]int{}
	for _, f := range files {
		here := map[Record]int{}
		for _, r := range f.Records {
			if r.CallID == "" {
				here[r]++
				total[r]++
			}
		}
		for r, n := range here {
			most[r] = max(most[r], n)
		}
	}
	for r, n := range total {
		for i := range n {
			if i < most[r] {
				o.keep(r)
			} else {
				o.count(r, func(c *Counts) { c.Duplicate++ })
			}
		}
	}
}

func (o *oracle) keep(r Record) {
	for _, c := range o.charges(r) {
		at := place{c.account, o.periodOf(c)}
		o.months[at] = append(o.months[at], c)
	}
}

func (o *oracle) count(r Record, add func(*Counts)) {
	for _, c := range o.charges(r) {
		o.countIn(o.periodOf(c), add)
	}
}

func (o *oracle) countIn(p Period, add func(*Counts)) {
	c := o.bills.Counts[p]
	c.Rows++
	add(&c)
	o.bills.Counts[p] = c
}

// periodOf returns where a charge is counted: in the cycle of the account, or
// of the feed where nobody known has it.
func (o *oracle) periodOf(c charge) Period {
	cycle := o.settings.Feeds[c.Feed].Cycle
	if a, ok := o.charged(c); ok {
		cycle = a.Cycle
	}
	return Period{cycle, time.Unix(0, c.Instant).In(o.zone(cycle)).Format("2006-01")}
}

func (o *oracle) zone(cycle string) *time.Location {
	zone, err := time.LoadLocation(o.settings.Zones[cycle])
	if err != nil {
		panic(err)
	}
	return zone
}

// usage charges one account's month in the order of (instant, feed, call id);
// charges of one record in that in which they were found.
func (o *oracle) usage(at place, charges []charge) {
	sort.SliceStable(charges, func(i, j int) bool { return before(charges[i].Record, charges[j].Record) })
	pools := o.pools(at)
	for _, r := range charges {
		price, ok := o.price(r, at.period)
		if !ok || price.Reason != "" {
			o.countIn(at.period, func(c *Counts) { c.Unrated++ })
			continue
		}
		o.countIn(at.period, func(c *Counts) { c.Charged++ })
		key, due := "usage:"+r.Kind, price.amount // minutes pay for no other usage
		if r.Kind == "" {
			key, due = draw(pools, r.Instant, price)
		}
		o.add(Line{at.account, at.period, key}, due)
	}
}

// before is the order of the fold. Records that agree in instant, feed and
// call id are told apart by leg and content, as some order must be.
func before(a, b Record) bool {
	switch {
	case a.Instant != b.Instant:
		return a.Instant < b.Instant
	case a.Feed != b.Feed:
		return a.Feed < b.Feed
	case a.CallID != b.CallID:
		return a.CallID < b.CallID
	case a.Leg != b.Leg:
		return a.Leg < b.Leg
	}
	x, y := content(a), content(b)
	return bytes.Compare(x[:], y[:]) < 0
}

func (o *oracle) add(l Line, amount *big.Rat) {
	if o.bills.Lines[l] == nil {
		o.bills.Lines[l] = new(big.Rat)
	}
	o.bills.Lines[l].Add(o.bills.Lines[l], amount)
}

type price struct {
	twin.Result
	amount   *big.Rat
	decimals int
}

// price prices a charge by the card of its month in the revision of its
// instant; where that has no price, by the fallback. False = nothing says by
// which card.
func (o *oracle) price(c charge, p Period) (price, bool) {
	card, fallback, rateAs := o.cards(c, p.Month)
	first, ok := o.priceBy(c, p, card, rateAs)
	if ok && first.Reason != twin.NoRate && first.Reason != twin.ShortNumber {
		return first, true
	}
	if second, priced := o.priceBy(c, p, fallback, rateAs); priced && second.Reason == "" {
		o.decided("a fallback's card")
		return second, true
	}
	return first, ok
}

func (o *oracle) priceBy(c charge, p Period, card, rateAs string) (price, bool) {
	var live *Revision
	for i, rev := range o.settings.Cards[card] {
		if rev.From <= c.Instant && (live == nil || rev.From >= live.From) {
			live = &o.settings.Cards[card][i]
		}
	}
	if live == nil {
		return price{}, false
	}
	used := twin.Usage{
		Kind: c.Kind, Number: c.B, Caller: c.A, LRN: c.LRN, CallerLRN: c.CallerLRN, Service: c.Service, Tag: c.Tag,
		Instant: c.Instant, Quantity: c.Nanos + c.Units, Zone: o.settings.Zones[p.Cycle],
	}
	if rateAs != "" {
		used.Number, used.LRN, used.Service = rateAs, rateAs, rateAs
		o.decided("a call type's rate-as")
	}
	out := price{Result: twin.Price(live.Terms, live.Rates, used), decimals: live.Terms.Decimals}
	if out.Reason == "" {
		out.amount, _ = new(big.Rat).SetString(out.Amount)
	}
	return out, true
}

// pool is the minutes of one feature in one month.
type pool struct {
	from, to  int64 // Unix nanoseconds, half-open
	unlimited bool
	left      int64 // hundredths of a second
	block     int64 // hundredths of a second
}

func (o *oracle) pools(at place) []*pool {
	var out []*pool
	zone := o.zone(at.period.Cycle)
	for _, f := range o.settings.Accounts[at.account].Features {
		days, of, from, to := window(f, at.period.Month, zone)
		if !f.Grants || days == 0 {
			continue
		}
		left := f.Minutes * 6000 * atLeastOne(f.Multiplier) * atLeastOne(f.Count)
		if f.Prorate {
			left = left * days / of
		}
		block := int64(1)
		if f.RoundBy > 1 {
			block = f.RoundBy * 100
		}
		out = append(out, &pool{from: from, to: to, unlimited: f.Minutes == 0, left: left, block: block})
	}
	return out
}

func atLeastOne(n int64) int64 { return max(n, 1) }

// window returns the days that a feature has of a month's, and from local
// midnight to local midnight when its usage counts.
func window(f Feature, month string, zone *time.Location) (days, of, from, to int64) {
	first, err := time.ParseInLocation("2006-01", month, zone)
	if err != nil {
		panic(err)
	}
	for day := first; day.Month() == first.Month(); day = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone) {
		of++
		text := day.Format(time.DateOnly)
		if text < f.Start || f.End != "" && text > f.End {
			continue
		}
		if days == 0 {
			from = day.UnixNano()
		}
		days++
		to = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone).UnixNano()
	}
	return days, of, from, to
}

// draw pays a call from the pools and returns its line and
// what is due.
func draw(pools []*pool, instant int64, p price) (key string, due *big.Rat) {
	if p.amount.Sign() == 0 || p.Billed == 0 {
		return "usage", p.amount
	}
	covered := int64(0)
	for _, pool := range pools {
		if instant < pool.from || instant >= pool.to {
			continue
		}
		covered += pool.cover(p.Billed - covered)
	}
	discount := new(big.Rat).Mul(p.amount, big.NewRat(covered, p.Billed))
	discount = twin.Round(discount, p.decimals, "down")
	if covered == p.Billed {
		key = "bundled"
	} else {
		key = "usage"
	}
	return key, new(big.Rat).Sub(p.amount, discount)
}

func (p *pool) cover(seconds int64) int64 {
	need := up(seconds*100, p.block)
	switch {
	case p.unlimited:
		return seconds
	case need <= p.left:
		p.left -= need
		return seconds
	}
	covered := p.left / p.block * p.block / 100
	p.left -= up(covered*100, p.block)
	return covered
}

func up(n, block int64) int64 { return (n + block - 1) / block * block }

func (o *oracle) recurring(id string, a Account, p Period) {
	for _, f := range a.Features {
		days, of, _, _ := window(f, p.Month, o.zone(p.Cycle))
		amount, ok := new(big.Rat).SetString(f.Recurring)
		if !ok {
			panic("oracle: recurring " + strconv.Quote(f.Recurring))
		}
		amount.Mul(amount, big.NewRat(atLeastOne(f.Count)*days, of))
		o.add(Line{id, p, "recurring:" + f.ID}, twin.Round(amount, a.Digits, "half-up"))
	}
}
