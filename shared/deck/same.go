package deck

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// key is what at most one rate of a deck is for.
type key struct {
	digits uint64 // behind a 1, so that 07 and 7 differ: at most 16
	asks   uint64 // hash of what the rate holds for; 0: for all calls
}

func keyOf(r *rating.Rate) key {
	k := key{digits: 1}
	for i := range len(r.Prefix) {
		k.digits = k.digits*10 + uint64(r.Prefix[i]-'0')
	}
	asks := rating.Rate{Kind: r.Kind, Service: r.Service, Class: r.Class, Band: r.Band, Origin: r.Origin, Local: r.Local, Tag: r.Tag, From: r.From}
	if r.Kind != 0 || r.Service != "" || r.Class != 0 || r.Band != "" || r.Origin != "" || r.Local || r.Tag != "" || r.From != 0 {
		sum := sha256.Sum256(appendRate(nil, &asks))
		k.asks = binary.LittleEndian.Uint64(sum[:])
	}
	return k
}

// isNew remembers the entries of a row. The same row again is merged; another
// rate for the same calls is an error, since nothing says which one holds.
func (d *deck) isNew() bool {
	var text []byte
	for i := range d.rates {
		text = appendRate(text, &d.rates[i])
	}
	if d.closed {
		text = append(text, 'c')
	}
	text = append(text, byte(d.action))
	sum := sha256.Sum256(text)
	now := first{line: d.at64(), digest: [16]byte(sum[:])}
	kept, merged := d.entries[:0], int64(0)
	for _, e := range d.entries {
		before, ok := d.seen[keyOf(&e.Rate)]
		switch {
		case e.Rate.Prefix == "" && e.ID != "": // which rate it means, its id says
		case ok && before.digest != now.digest:
			of := e.Rate.Prefix
			if e.Rate.Service != "" {
				of = "service " + e.Rate.Service
			}
			if d.byName() {
				d.want(destination, fmt.Sprintf("one rate for a prefix: %s has another for %s", d.place(before.line), of))
			} else {
				d.expect(prefix, fmt.Sprintf("one rate for a prefix: %s has another for %s", d.place(before.line), of))
			}
			return false
		case !ok && e.Rate.Origin != "" && d.groups.rivals[e.Rate.Origin] != nil:
			if other, line := d.ambiguous(&e.Rate); other != "" {
				d.fail(RowError{Value: d.text(), Want: fmt.Sprintf("one rate for a caller: %s has another for %s, and groups %q and %q have callers in common", d.place(line), e.Rate.Prefix, clip(e.Rate.Origin), clip(other))})
				return false
			}
		case ok && before.line != d.at64():
			merged = before.line
			continue
		}
		kept = append(kept, e)
	}
	if d.entries = kept; merged > 0 {
		d.notes.merged(d.line, merged)
	}
	if len(kept) == 0 {
		d.report.Merged++
		return false
	}
	for i := range kept {
		d.seen[keyOf(&kept[i].Rate)] = now
	}
	return true
}

// appendRate writes all that a deck says of a rate: different rates differ.
func appendRate(b []byte, r *rating.Rate) []byte {
	for _, s := range [...]string{r.Prefix, r.Service, r.Destination, r.Band, r.Origin, r.Area, r.Tag} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	for _, p := range [...]money.Price{r.Price1, r.PriceN, r.ConnectionFee, r.MinCharge, r.MaxCharge} {
		b = binary.AppendUvarint(b, uint64(p))
	}
	for _, n := range [...]uint32{r.Per, r.Interval1, r.IntervalN, r.Minimum, r.Grace, r.Free, uint32(r.Kind), uint32(r.Class)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.AppendVarint(binary.AppendVarint(b, r.From), r.To)
	for _, on := range [...]bool{r.NoGrace, r.Access, r.Blocked, r.AssumedPulse, r.Local} {
		bit := byte(0)
		if on {
			bit = 1
		}
		b = append(b, bit)
	}
	return b
}
