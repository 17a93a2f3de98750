package twin

import "math/big"

// splitCharge prices the billed seconds one by one, each by the row that holds
// in the band that the second lies in: at its price 1 in the first interval,
// at its price N after it.
func (p pricing) splitCharge(b bill) (sum *big.Rat, bad choice) {
	first, bad := p.secondsByRow(b.first, 0)
	if bad.reason != "" {
		return nil, bad
	}
	rest, bad := p.secondsByRow(b.rest, b.restAt)
	if bad.reason != "" {
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

// secondsByRow returns how many of the seconds each row prices. The first of
// them is second at after the instant; the last may be a part of one. The
// first that no row prices is bad.
func (p pricing) secondsByRow(seconds *big.Rat, at int64) (byRow map[int]*big.Rat, bad choice) {
	rows := map[string]choice{} // by band: a call has many seconds and few bands
	rowAt := func(k int64) choice {
		band := p.bandAfter(k)
		if _, known := rows[band]; !known {
			rows[band] = p.splitRow(band)
		}
		return rows[band]
	}
	full := Round(seconds, 0, "down").Num().Int64()
	count := map[int]int64{}
	for k := range full {
		row := rowAt(at + k)
		if row.reason != "" {
			return nil, row
		}
		count[row.index]++
	}
	byRow = map[int]*big.Rat{}
	for i, n := range count {
		byRow[i] = whole(n)
	}
	if part := minus(seconds, whole(full)); part.Sign() > 0 {
		row := rowAt(at + full)
		if row.reason != "" {
			return nil, row
		}
		byRow[row.index] = plus(whole(count[row.index]), part)
	}
	return byRow, choice{}
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
