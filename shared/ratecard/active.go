package ratecard

import (
	"fmt"
	"iter"
	"math"

	"github.com/tollbook/tollbook/shared/rating"
)

// Active counts rates: those in force at an instant (Unix nanoseconds), of which
// a prefix has one for each class, band and so on, and all of them
// (wiki.kolmisoft.com/index.php/Rate_Effective_From: active/total). Memory: some
// 80 bytes for each rate.
func Active(rates iter.Seq2[rating.Rate, error], at int64) (active, total int64, err error) {
	p := newPool()
	card, err := p.collect(rates, 0)
	if err != nil {
		return 0, 0, fmt.Errorf("counting rates: %w", err)
	}
	if at == 0 {
		at = math.MinInt64
	}
	ranks, _ := p.ranks()
	var k slot
	for rows := card.sorted(ranks); len(rows) > 0; {
		n := sameKeys(rows, &rows[0])
		k.load(card.rows, rows[:n])
		if k.find(at) >= 0 {
			active++
		}
		rows = rows[n:]
	}
	return active, int64(card.Len()), nil
}
