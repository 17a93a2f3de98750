package ratecard

import (
	"fmt"
	"math/big"

	"github.com/tollbook/tollbook/shared/money"
)

// Summary says what the differences of a deck come to.
type Summary struct {
	// Counts has each rate once, by the class of its first difference.
	Counts map[ChangeClass]int64 `json:"counts"`
	Later  int64                 `json:"later"`  // differences of the same rates from later instants
	Mixed  int64                 `json:"mixed"`  // increases that are decreases at some lengths
	Before int64                 `json:"before"` // rates that were offered: in force or to begin, and not blocked
	Lost   int64                 `json:"lost"`   // of them, those that are closed or blocked
	Short  int64                 `json:"short"`  // differences with less notice than they need

	LargestIncrease Move `json:"largest_increase,omitzero"`
	LargestDecrease Move `json:"largest_decrease,omitzero"`

	lost bool // the rate at hand is
}

// Add counts a difference. Those of one rate come one after another, as Diff
// yields them.
func (s *Summary) Add(d *Difference) {
	if s.Counts == nil {
		s.Counts = make(map[ChangeClass]int64, len(Classes))
		for _, c := range Classes {
			s.Counts[c] = 0
		}
	}
	if d.Later {
		s.Later++
	} else {
		s.Counts[d.Class]++
		s.lost = false
		if d.Offered {
			s.Before++
		}
	}
	if !s.lost && (d.Class == Blocked || d.Class == Closed && !d.Old.Blocked) {
		s.lost = true
		s.Lost++
	}
	if d.Mixed {
		s.Mixed++
	}
	if d.Days > 0 {
		s.Short++
	}
	switch {
	case d.Class == Increase && (s.LargestIncrease.Quantity == 0 || d.Move.over(&s.LargestIncrease) > 0):
		s.LargestIncrease = d.Move
	case d.Class == Decrease && (s.LargestDecrease.Quantity == 0 || d.Move.over(&s.LargestDecrease) < 0):
		s.LargestDecrease = d.Move
	}
}

// Rates returns how many rates there are in old and new together.
func (s *Summary) Rates() (n int64) {
	for _, count := range s.Counts {
		n += count
	}
	return n
}

// percent is how far a cost rises, exactly; ok is false from nothing.
func (m *Move) percent() (p *big.Rat, ok bool) {
	was, is := rat(m.Was), rat(m.Is)
	if was.Sign() == 0 {
		return nil, false
	}
	p = new(big.Rat).Sub(is, was)
	return p.Mul(p.Quo(p, was), big.NewRat(100, 1)), true
}

func rat(a money.Amount) *big.Rat {
	_, hi, lo, decimals := a.Bits()
	n := new(big.Int).SetUint64(hi)
	n.Or(n.Lsh(n, 64), new(big.Int).SetUint64(lo))
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	return new(big.Rat).SetFrac(n, ten)
}

// Percent is how far the cost rises, in percent, rounded half away from zero to
// two decimals: "12.50", "-3.33". It is empty where nothing changes, and where
// usage was free, since any price is infinitely more.
func (m *Move) Percent() string {
	p, ok := m.percent()
	if m.Quantity == 0 || !ok {
		return ""
	}
	return p.FloatString(2)
}

// LostPercent is the share of the rates that are lost, in percent, rounded half
// up to two decimals.
func (s *Summary) LostPercent() string { return s.lostPercent().FloatString(2) }

func (s *Summary) lostPercent() *big.Rat {
	if s.Before == 0 {
		return new(big.Rat)
	}
	return new(big.Rat).Mul(big.NewRat(s.Lost, s.Before), big.NewRat(100, 1))
}

// Sanity are the limits of a supplier beyond which a deck waits for a person
// (docs.jerasoft.net, Import: warnings on the size of increases and decreases).
// They are compared exactly. 0: no limit.
type Sanity struct {
	MaxIncreasePercent money.Price `doc:"max_increase_percent,omitempty" json:"max_increase_percent,omitzero"` // of what any sample length costs; from nothing is over every limit
	MaxDecreasePercent money.Price `doc:"max_decrease_percent,omitempty" json:"max_decrease_percent,omitzero"` // 0 to 100
	MaxLostPercent     money.Price `doc:"max_lost_percent,omitempty" json:"max_lost_percent,omitzero"`         // of the rates that were offered, 0 to 100
	NoShortNotice      bool        `doc:"no_short_notice,omitempty" json:"no_short_notice,omitzero"`
}

// Holds returns, in sentences, why a person has to approve the deck: nothing if
// it is within the limits.
func (s *Summary) Holds(limits Sanity) []string {
	var out []string
	over := func(p *big.Rat, limit money.Price) bool { return limit > 0 && p.Cmp(rat(limit.Amount())) > 0 }
	hold := func(m *Move, name string, limit money.Price, sign int64) {
		if limit <= 0 || m.Quantity == 0 {
			return
		}
		p, ok := m.percent()
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("The largest %s is from 0 to %s for a quantity of %d: at most %s%% are applied without approval.",
				name, m.Is.Trim(), m.Quantity, limit))
		case over(p.Mul(p, big.NewRat(sign, 1)), limit):
			out = append(out, fmt.Sprintf("The largest %s is %s%%, from %s to %s for a quantity of %d: at most %s%% are applied without approval.",
				name, p.FloatString(2), m.Was.Trim(), m.Is.Trim(), m.Quantity, limit))
		}
	}
	hold(&s.LargestIncrease, "increase", limits.MaxIncreasePercent, 1)
	hold(&s.LargestDecrease, "decrease", limits.MaxDecreasePercent, -1)
	if over(s.lostPercent(), limits.MaxLostPercent) {
		out = append(out, fmt.Sprintf("%d of %d rates are closed or blocked, %s%%: at most %s%% are applied without approval.",
			s.Lost, s.Before, s.LostPercent(), limits.MaxLostPercent))
	}
	if limits.NoShortNotice && s.Short > 0 {
		rates := "1 rate changes its price"
		if s.Short > 1 {
			rates = fmt.Sprintf("%d rates change their prices", s.Short)
		}
		out = append(out, rates+" with less notice than agreed.")
	}
	return out
}
