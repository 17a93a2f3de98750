package ratecard

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/rating"
)

// Find returns the rates that hold for a number at an instant (Unix nanoseconds):
// those of the longest prefix that it begins with, one for each class, band, tag
// and so on. With exact, those of the very prefix that number is. It keeps no
// more than it returns.
func Find(rates iter.Seq2[rating.Rate, error], number string, exact bool, at int64) ([]rating.Rate, error) {
	var out []rating.Rate
	asks := map[string]int{} // of those in out, their places
	var buf []byte
	for r, err := range rates {
		if err != nil {
			return nil, fmt.Errorf("looking for a rate: %w", err)
		}
		holds := r.Service == "" && r.From <= at && (r.To == 0 || at < r.To)
		if !holds || exact && r.Prefix != number || !strings.HasPrefix(number, r.Prefix) {
			continue
		}
		if len(out) > 0 && len(r.Prefix) != len(out[0].Prefix) {
			if len(r.Prefix) < len(out[0].Prefix) {
				continue
			}
			out = out[:0]
			clear(asks)
		}
		buf = appendAsks(buf[:0], &r)
		switch place, ok := asks[string(buf)]; {
		case !ok:
			asks[string(buf)] = len(out)
			out = append(out, r)
		case out[place].From < r.From: // of several the one that began last holds
			out[place] = r
		}
	}
	slices.SortStableFunc(out, func(a, b rating.Rate) int {
		return strings.Compare(string(appendAsks(nil, &a)), string(appendAsks(nil, &b)))
	})
	return out, nil
}
