package main

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

// appendLines appends what records cost, a line each: call, client, prefix,
// billed seconds and charge.
func appendLines(out []byte, r *call.Columns, charges []rating.Charge) []byte {
	ids, accounts, numbers, text := r.CallID[:len(charges)], r.Account[:len(charges)], r.BNumber[:len(charges)], r.Text
	for i := range charges {
		charge := &charges[i]
		if charge.Reason != "" {
			continue
		}
		id, account, matched := ids[i], accounts[i], numbers[i]
		matched.Len = uint32(charge.Prefix)
		const more = 128 // than delimiters and both amounts take
		n := len(out)
		if need := int(id.Len+account.Len+matched.Len) + more; cap(out)-n < need {
			out = slices.Grow(out, need)
		}
		line := out[:cap(out)]
		n = put(line, n, text, id)
		n = put(line, n, text, account)
		n = put(line, n, text, matched)
		if charge.Billed < 10_000 {
			n = putShort(line, n, uint32(charge.Billed))
		} else {
			n = len(append(strconv.AppendUint(line[:n], charge.Billed, 10), ','))
		}
		out = append(charge.Amount.AppendText(line[:n], 4), '\n')
	}
	return out
}

// put writes a text and a comma at an offset, and returns the offset behind.
// Most texts are short: it costs less to write 16 bytes and to go on behind
// those that count than to copy only these.
func put(line []byte, at int, text []byte, s call.Span) int {
	const most = 16
	if from := int(s.At); s.Len <= most && from+most <= len(text) {
		*(*[most]byte)(line[at:]) = [most]byte(text[from : from+most : from+most])
	} else {
		copy(line[at:], text[from:][:s.Len])
	}
	at += int(s.Len)
	line[at] = ','
	return at + 1
}

// putShort is put for a number of up to four digits. It is written with zeros
// before it, which are shifted out: nobody can foretell how many there are.
func putShort(line []byte, at int, v uint32) int {
	digits := uint32(pairs[v/100]) | uint32(pairs[v%100])<<16
	zeros := min(bits.TrailingZeros32(digits^0x30303030)/8, 3)
	binary.LittleEndian.PutUint32(line[at:], digits>>(8*zeros))
	at += 4 - zeros
	line[at] = ','
	return at + 1
}

// pairs is 00 to 99, the first digit in the lower byte.
var pairs = func() (p [100]uint16) {
	for i := range p {
		p[i] = '0' + uint16(i/10) | ('0'+uint16(i%10))<<8
	}
	return p
}()
