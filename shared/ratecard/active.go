package ratecard

import "math"

// Active counts the rates that are in force at an instant (Unix nanoseconds), of
// which a prefix has one for each class, band and so on
// (wiki.kolmisoft.com/index.php/Rate_Effective_From: active/total).
func (r *Rates) Active(at int64) (active int64) {
	if at == 0 {
		at = math.MinInt64
	}
	ranks, _ := r.pool.ranks()
	var k slot
	for rows := r.sorted(ranks); len(rows) > 0; {
		n := sameKeys(rows, &rows[0])
		k.load(r.rows, rows[:n])
		if k.find(at) >= 0 {
			active++
		}
		rows = rows[n:]
	}
	return active
}
