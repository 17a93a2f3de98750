package main

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

// appendLine appends what a record costs: call, client, prefix, billed seconds
// and charge.
func appendLine(out []byte, r *call.Columns, i int, charge *rating.Charge) []byte {
	id, account, matched := r.CallID[i], r.Account[i], r.BNumber[i]
	matched.Len = uint32(charge.Prefix)
	const numbers = 128 // more than delimiters and both numbers take
	n := len(out)
	if need := int(id.Len+account.Len+matched.Len) + numbers; cap(out)-n < need {
		out = slices.Grow(out, need)
	}
	line := out[:cap(out)]
	n = put(line, n, r.Text, id)
	n = put(line, n, r.Text, account)
	n = put(line, n, r.Text, matched)
	n = putUint(line, n, charge.Billed)
	return append(charge.Amount.AppendText(line[:n], 4), '\n')
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

// putUint is put for a number. One of up to four digits is written with zeros
// before it, which are shifted out: nobody can foretell how many there are.
func putUint(line []byte, at int, v uint64) int {
	if v >= 10_000 {
		return len(append(strconv.AppendUint(line[:at], v, 10), ','))
	}
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
