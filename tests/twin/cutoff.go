package twin

// CutOff returns after how many whole seconds a call would have been ended for
// its maximum charge: one before the first whose charge, not rounded, would be
// above it, or limit where none up to there is. It is -1 where a call of 0 s is
// above it already. The usage's quantity is not looked at. False: there is no
// maximum, the usage is no call, or one of the lengths has no price.
func CutOff(t Terms, rates []Rate, u Usage, limit int64) (seconds int64, ok bool) {
	p := newPricing(t, rates, u)
	row := p.rowIn(p.bandAfter(0))
	if row.reason != "" || kindOf(u.Kind) != Voice {
		return 0, false
	}
	most := orElseMoney(rates[row.index].MaxCharge, t.MaxCharge)
	if most.Sign() == 0 {
		return 0, false
	}
	for n := range limit + 1 {
		p.usage.Quantity = n * 1_000_000_000
		_, exact, bad := p.charge(rates[row.index])
		if bad.reason != "" {
			return 0, false
		}
		if exact.Cmp(most) > 0 {
			return n - 1, true
		}
	}
	return limit, true
}
