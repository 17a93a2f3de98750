package ratecard

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/tollbook/tollbook/shared/rating"
)

// Difference is what becomes of a rate from an instant on.
type Difference struct {
	Class ChangeClass
	Mixed bool // an increase at some of the sample lengths, a decrease at others
	// Old and New hold from then on in the old and the new rates; nil: none. They
	// are valid until the next difference, and not to be changed: they may be one.
	Old, New *rating.Rate
	From     int64 // Unix nanoseconds; 0: the card's beginning
	Later    bool  // another difference of the same rate came before, from an earlier instant
	Move     Move  // of an increase the sample that rises most, of a decrease the one that falls most
	Offered  bool  // the old rates have it, not blocked, at some time from DiffOptions.At on
	Days     int   // of the notice that the change needs; 0: enough was given
	Earliest int64 // when it could take effect with that notice; 0: enough was given
}

// DiffOptions say how rates are compared.
type DiffOptions struct {
	// At is the instant from which on rates are compared, Unix nanoseconds; what
	// held before is no difference. 0: from the card's beginning.
	At int64
	Notice
}

// Diff is Rates.Diff for rates that are not packed. An error of old and new ends
// it, too.
func Diff(old, new iter.Seq2[rating.Rate, error], o DiffOptions) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		was, err := Collect(old)
		if err != nil {
			yield(Difference{}, fmt.Errorf("comparing rates: the old ones: %w", err))
			return
		}
		is, err := was.pool.collect(new)
		if err != nil {
			yield(Difference{}, fmt.Errorf("comparing rates: the new ones: %w", err))
			return
		}
		was.Diff(is, o)(yield)
	}
}

// Diff compares the rates of a revision of a card with those of another, and
// yields what becomes of each rate, by prefix: one difference for each instant
// from which on it is another than it was, and one Unchanged for a rate that is
// none. A rate is what one prefix costs (and class, band and so on: see ID); so it
// has one difference that is not Later, and their number is that of the rates in
// old and new together. Where nothing holds on either side from At on, it is
// unchanged; Old and New are what held last.
//
// The order of old and new does not count. An error of the terms and of a price
// that the terms cannot charge ends it. Memory: nothing for rates in the order of
// their prefixes that came from each other, else some 8 bytes for each, and 32 for
// each of new that did not come from old by Apply.
func (r *Rates) Diff(new *Rates, o DiffOptions) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		d := &differ{o: o, at: o.At, yield: yield, old: r, new: new}
		if o.At == 0 {
			d.at = math.MinInt64
		}
		if err := d.run(); err != nil {
			yield(Difference{}, fmt.Errorf("comparing rates: %w", err))
		}
	}
}

type differ struct {
	o          DiffOptions
	at         int64
	yield      func(Difference, error) bool
	pool       *pool
	old, new   *Rates
	classifier *classifier
	was, is    slot
	instants   []int64
	oldRate    unpacked
	newRate    unpacked
	offered    bool // the key at hand was
	stopped    bool
}

func (d *differ) run() (err error) {
	if err := d.o.validate(); err != nil {
		return err
	}
	if d.classifier, err = newClassifier(d.o.Terms); err != nil {
		return err
	}
	if d.pool = d.old.pooled(); d.new.pooled() != d.pool {
		if d.new, err = d.pool.collect(d.new.All()); err != nil {
			return fmt.Errorf("the new ones: %w", err)
		}
	}
	ranks, _ := d.pool.ranks()
	x := d.old.cursor(ranks, nil)
	like := x
	if !d.sameOrder() {
		like = nil
	}
	y := d.new.cursor(ranks, like)
	for code, ok := nextCode(x, y); ok; code, ok = nextCode(x, y) {
		was, is := x.take(code), y.take(code)
		for len(was)+len(is) > 0 {
			first := firstOf(was, is)
			n, m := sameKeys(was, first), sameKeys(is, first)
			if err := d.key(code, was[:n], is[:m]); err != nil || d.stopped {
				return err
			}
			was, is = was[n:], is[m:]
		}
	}
	return nil
}

// sameOrder reports whether old and new have the same prefixes in the same places.
func (d *differ) sameOrder() bool {
	if d.old.rows.len != d.new.rows.len {
		return false
	}
	for i := range d.old.rows.len {
		if d.old.rows.at(i).code != d.new.rows.at(i).code {
			return false
		}
	}
	return true
}

// key yields the differences of one key.
func (d *differ) key(code uint64, x, y []entry) error {
	if len(x) == 1 && len(y) == 1 { // as nearly all are
		if row := d.old.rows.at(int(x[0].at)); *row == *d.new.rows.at(int(y[0].at)) {
			was := d.pool.expand(row)
			d.offered = d.offers(&was)
			return d.tell(code, max(was.from, d.at), &was, &was, change{class: Unchanged}, false)
		}
	}
	d.was.load(d.old, x)
	d.is.load(d.new, y)
	d.offered = false
	for i := range d.was.spans {
		d.offered = d.offered || d.offers(&d.was.spans[i].packed)
	}
	d.instants = append(d.instants[:0], d.at)
	for _, list := range [...][]span{d.was.spans, d.is.spans} {
		for i := range list {
			for _, at := range [...]int64{list[i].from, list[i].to} {
				if at > d.at && at != math.MaxInt64 {
					d.instants = append(d.instants, at)
				}
			}
		}
	}
	slices.Sort(d.instants)
	d.instants = slices.Compact(d.instants)
	var was, is *packed // of the instant before
	var firstWas, firstIs *packed
	told := false
	for i, at := range d.instants {
		before, after := d.was.at(at), d.is.at(at)
		if i > 0 && sameContent(was, before) && sameContent(is, after) {
			continue
		}
		was, is = before, after
		c, err := d.classifier.classify(d.pool, was, is)
		if err != nil {
			return err
		}
		if c.class == Unchanged {
			if firstWas == nil && firstIs == nil {
				firstWas, firstIs = was, is
			}
			continue
		}
		if err := d.tell(code, at, was, is, c, told); err != nil || d.stopped {
			return err
		}
		told = true
	}
	if told {
		return nil
	}
	if firstWas == nil && firstIs == nil { // all has ended: what held last
		firstWas, firstIs = d.old.last(x), d.new.last(y)
	}
	from := d.at
	if firstWas != nil {
		from = max(from, firstWas.from)
	}
	return d.tell(code, from, firstWas, firstIs, change{class: Unchanged}, false)
}

// offers reports whether an old rate is not blocked, and does not end before
// the comparison begins.
func (d *differ) offers(r *packed) bool { return r.to > d.at && !d.pool.rests[r.rest].Blocked }

// last returns the last of some rows; nil: there is none.
func (r *Rates) last(list []entry) *packed {
	if len(list) == 0 {
		return nil
	}
	one := r.pool.expand(r.rows.at(int(list[len(list)-1].at)))
	return &one
}

// at returns what holds at an instant; nil: nothing.
func (k *slot) at(instant int64) *packed {
	if i := k.find(instant); i >= 0 {
		return &k.spans[i].packed
	}
	return nil
}

func sameContent(a, b *packed) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.content == b.content
}

func (d *differ) tell(code uint64, from int64, was, is *packed, c change, later bool) error {
	out := Difference{Class: c.class, Mixed: c.mixed, Move: c.move, Later: later, Offered: d.offered}
	if from != math.MinInt64 {
		out.From = from
	}
	prefix := prefixOf(code)
	if was != nil {
		d.oldRate.set(d.pool, was, prefix)
		out.Old = &d.oldRate.Rate
	}
	switch {
	case is == nil:
	case was == is:
		out.New = out.Old
	default:
		d.newRate.set(d.pool, is, prefix)
		out.New = &d.newRate.Rate
	}
	if earliest, short := d.o.short(c.class, from); short {
		out.Days, out.Earliest = d.o.days(c.class), earliest
	}
	d.stopped = !d.yield(out, nil)
	return nil
}
