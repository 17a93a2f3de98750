package rating

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/money"
)

// AppendTiers appends tiers as text: m(inute) or e(vent), from, length, the step
// (in which a minute tier is rounded up and an event happens again), price, per.
// "m1,15,0,0,0;m16,0,6,0.01,60" is 15 units for nothing, then 0.01 for 60 units in
// steps of 6.
func AppendTiers(b []byte, tiers []Tier) []byte {
	for i, t := range tiers {
		if i > 0 {
			b = append(b, ';')
		}
		kind, step := byte('m'), t.RoundUp
		if t.Event {
			kind, step = 'e', t.Every
		}
		b = append(b, kind)
		for _, n := range [...]uint32{t.From, t.Length, step} {
			b = append(strconv.AppendUint(b, uint64(n), 10), ',')
		}
		b = append(t.Price.Amount().Trim().AppendText(b, 0), ',')
		b = strconv.AppendUint(b, uint64(t.Per), 10)
	}
	return b
}

var errTier = errors.New("want tiers such as m1,15,0,0,0;m16,0,6,0.01,60: m or e, from, length, step, price, per")

// ParseTiers reads what AppendTiers writes. Whether they are tiers of a rate,
// Rate.Validate says.
func ParseTiers(s string) ([]Tier, error) {
	if n := strings.Count(s, ";") + 1; n > MaxTiers {
		return nil, fmt.Errorf("%d tiers, want at most %d", n, MaxTiers)
	}
	var tiers []Tier
	for text := range strings.SplitSeq(s, ";") {
		parts := strings.Split(text, ",")
		if len(parts) != 5 || len(parts[0]) < 2 || parts[0][0] != 'm' && parts[0][0] != 'e' {
			return nil, errTier
		}
		t := Tier{Event: parts[0][0] == 'e'}
		step := &t.RoundUp
		if t.Event {
			step = &t.Every
		}
		parts[0] = parts[0][1:]
		for i, to := range [...]*uint32{&t.From, &t.Length, step, nil, &t.Per} {
			var err error
			if to == nil {
				t.Price, err = money.ParsePrice(parts[i])
			} else {
				var n uint64
				n, err = strconv.ParseUint(parts[i], 10, 32)
				*to = uint32(n)
			}
			if err != nil {
				return nil, fmt.Errorf("%w; %.20q is none of them", errTier, parts[i])
			}
		}
		tiers = append(tiers, t)
	}
	return tiers, nil
}
