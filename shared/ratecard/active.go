package ratecard

import "math"

// Active counts the rates that are in force at an instant (Unix nanoseconds), of
// which a prefix has one for each class, band and so on
// (wiki.kolmisoft.com/index.php/Rate_Effective_From: active/total).
func (r *Rates) Active(at int64) (active int64) {
	if at == 0 {
		at = math.MinInt64
	}
	for k := range r.keys() {
		if k.find(at) >= 0 {
			active++
		}
	}
	return active
}
