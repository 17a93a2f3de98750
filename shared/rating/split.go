package rating

import (
	"time"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
)

// clockOf returns the clock of the card's bands for a customer's zone.
func (p *Pricer) clockOf(zone *time.Location) *band.Clock {
	if zone == nil {
		zone = time.UTC
	}
	if p.clock != nil && (p.zone == zone || p.card.terms.Bands.Zone != "") {
		return p.clock
	}
	c := p.clocks[zone]
	if c == nil {
		var err error
		if c, err = p.card.terms.Bands.Clock(zone); err != nil {
			panic(err) // Open has verified the bands, and there is a zone
		}
		p.clocks[zone] = c
	}
	p.zone, p.clock = zone, c
	return c
}

// bandAt returns 1 + the band at a record's instant.
func (p *Pricer) bandAt(instant int64, zone *time.Location) uint8 {
	b, _ := p.clockOf(zone).At(instant)
	return b + 1
}

// addSplit charges each second by the row that holds in the band that it lies
// in. The row of the starting band has given fee, first block and pulse.
func (p *Pricer) addSplit(a *account, r *cost, m *measure, u *Usage) (reason call.Reason) {
	clock, start := p.clockOf(u.Zone), p.ctx.band
	defer func() { p.ctx.band = start }()
	var rows [band.MaxNames]cost
	rows[start-1] = *r
	m.stretches(func(name StepName, from, used, billed uint64) {
		if reason != "" {
			return
		}
		seconds := (billed + a.ticks - 1) / a.ticks
		clock.Cut(u.Instant+int64(from/a.ticks)*nanosPerSecond, seconds, func(b uint8, n uint64) bool {
			row := &rows[b]
			if row.shape.per == 0 {
				if *row, reason = p.inBand(b); reason != "" {
					return false
				}
			}
			price := row.price1
			if name == StepPulses {
				price = row.priceN
			}
			part := min(n*a.ticks, billed)
			billed -= part
			took := min(used, part)
			used -= took
			a.add(name, p.card.terms.Bands.Names[b], price, uint64(row.shape.per), took, part)
			return true
		})
	})
	return reason
}

// inBand returns what the row that holds for the record in another band costs.
// One that has no price is kept in p.bad.
func (p *Pricer) inBand(b uint8) (k cost, reason call.Reason) {
	p.ctx.band = b + 1
	r, reason := p.row()
	if p.bad = r; reason != "" {
		return k, reason
	}
	k, ok := p.card.costOf(r.at)
	switch {
	case ok && k.shape.flags&shapeBlocked != 0:
		return k, call.Blocked
	case !ok, k.shape.tiers > 0, k.shape.flags&shapePerCall != 0:
		return k, call.NoRate
	}
	return k, ""
}
