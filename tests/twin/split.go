package twin

import "math/big"

// splitCharge prices the billed seconds one by one, each by the row that holds
// in the band that the second lies in: at its price 1 in the first interval,
// at its price N after it.
func (p pricing) splitCharge(b bill) (sum *big.Rat, bad choice) {
	rows := map[string]choice{} // by band: a call has many seconds and few bands
	first, rest := map[int]*big.Rat{}, map[int]*big.Rat{}
	count := func(k int64, part *big.Rat, seconds map[int]*big.Rat) choice {
		band := p.bandAfter(k)
		row, known := rows[band]
		if !known {
			row = p.splitRow(band)
			rows[band] = row
		}
		if row.reason != "" {
			return row
		}
		if seconds[row.index] == nil {
			seconds[row.index] = new(big.Rat)
		}
		seconds[row.index].Add(seconds[row.index], part)
		return choice{}
	}
	if bad := eachSecond(b.first, 0, func(k int64, part *big.Rat) choice { return count(k, part, first) }); bad.reason != "" {
		return nil, bad
	}
	if bad := eachSecond(b.rest, b.restAt, func(k int64, part *big.Rat) choice { return count(k, part, rest) }); bad.reason != "" {
		return nil, bad
	}
	sum = new(big.Rat)
	for i, seconds := range first {
		sum = plus(sum, p.priced(p.rates[i], p.rates[i].Price1, seconds))
	}
	for i, seconds := range rest {
		sum = plus(sum, p.priced(p.rates[i], p.rates[i].PriceN, seconds))
	}
	return sum, choice{}
}

// splitRow is the row whose prices hold in a band. A row of tiers or with a
// price per call has none for a second.
func (p pricing) splitRow(band string) choice {
	row := p.rowIn(band)
	if row.reason == "" && (len(p.rates[row.index].Tiers) > 0 || p.rates[row.index].Per == PerCall) {
		return choice{NoRate, -1}
	}
	return row
}

// eachSecond calls see for each of so many seconds, the first being second at,
// and the last perhaps a part of one, until it is told of something bad.
func eachSecond(seconds *big.Rat, at int64, see func(k int64, part *big.Rat) choice) choice {
	one := whole(1)
	full := Round(seconds, 0, "down").Num().Int64()
	for k := range full {
		if bad := see(at+k, one); bad.reason != "" {
			return bad
		}
	}
	if part := minus(seconds, whole(full)); part.Sign() > 0 {
		return see(at+full, part)
	}
	return choice{}
}
