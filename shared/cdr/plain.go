package cdr

import (
	"bytes"
	"encoding/binary"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/period"
)

// plan says where a row of so many fields has what, -1 = nowhere.
type plan struct {
	fields int
	ok     bool // rows of so many fields are read
	at     [meanings]int
}

func (p *plan) make(l *layout, format Format, fields int) {
	*p = plan{fields: fields}
	// The 17th column of Asterisk is one thing or another.
	p.ok = fields >= l.min && fields <= l.max && fields != l.never && (format != Asterisk || fields != 17)
	for m, i := range l.at {
		if p.at[m] = i; i >= fields {
			p.at[m] = -1
		}
	}
	for _, m := range p.at[kind:] {
		p.ok = p.ok && m < 0 // what few files have, Reader reads
	}
	p.ok = p.ok && p.at[bNumber] >= 0
}

// plain reads a row of plain cells into dst; false = Reader has to read it, and
// dst is as before but for the row's own cells. What it accepts, Reader accepts
// and reads the same: every rule here is one of Reader's for the cells that
// most rows have, or the very same code.
func (k *Chunk) plain(dst *call.Columns, i int, d []uint32) bool {
	p := &k.plan
	if len(d)-1 != p.fields {
		p.make(&k.rows.layout, k.rows.feed.Format, len(d)-1)
	}
	if !p.ok {
		return false
	}
	t := k.buf[:len(k.buf)+chunkPad]
	billed, flags, ok := k.plainDuration(t, d)
	if !ok {
		return false
	}
	at, seam, ok := k.plainInstant(t, d, billed.Nanos == 0)
	if !ok || !k.plainDisposition(t, d, billed.Nanos == 0) {
		return false
	}
	revision := uint64(0)
	if c := p.at[version]; c >= 0 {
		if v := t[d[c]+1 : d[c+1]]; len(v) > 0 {
			if revision, ok = wholeNumber(v); !ok {
				return false
			}
		}
	}
	remarks, ok := k.plainTexts(dst, i, t, d)
	if !ok || !k.plainPayer(dst, i, t, d) {
		return false
	}
	flags |= remarks
	if dst.CallID[i].Len == 0 {
		flags |= call.NoCallID
	}
	switch seam {
	case period.Ambiguous:
		flags |= call.TimeAmbiguous
	case period.Skipped:
		flags |= call.TimeSkipped
	}
	dst.Instant[i], dst.Nanos[i], dst.Decimals[i] = at, billed.Nanos, billed.Decimals
	dst.Version[i], dst.Flags[i], dst.Line[i] = revision, flags, k.line
	return true
}

// plainTexts says where in the copy of the window each text is, and remarks on
// numbers that are read by rules.
func (k *Chunk) plainTexts(dst *call.Columns, i int, t []byte, d []uint32) (flags call.Flags, ok bool) {
	p := &k.plan
	if c := p.at[callID]; c >= 0 {
		s, ok := k.plainText(t, d, c)
		if !ok {
			return 0, false
		}
		dst.CallID[i] = s
	}
	if c := p.at[account]; c >= 0 {
		s, ok := k.plainText(t, d, c)
		if !ok {
			return 0, false
		}
		dst.Account[i] = s
	}
	if c := p.at[leg]; c >= 0 {
		s, ok := k.plainText(t, d, c)
		if !ok {
			return 0, false
		}
		dst.Leg[i] = s
	}
	if c := p.at[aNumber]; c >= 0 {
		s, ok := k.plainNumber(t, d, c)
		dst.ANumber[i], dst.ARaw[i] = s, call.Span{}
		if !ok && s.Len > 0 {
			kind, ok := k.otherNumber(dst, &dst.ANumber[i], &dst.ARaw[i], t, d, c)
			if !ok {
				return 0, false
			}
			flags |= callerFlags(kind, t[d[c]+1:d[c+1]])
		}
	}
	c := p.at[bNumber]
	s, ok := k.plainNumber(t, d, c)
	dst.BNumber[i], dst.BRaw[i] = s, call.Span{}
	if !ok && s.Len > 0 {
		var kind numbering.Kind
		kind, ok = k.otherNumber(dst, &dst.BNumber[i], &dst.BRaw[i], t, d, c)
		flags |= calledFlags(kind)
		ok = ok && dst.BNumber[i].Len > 0
	}
	if !k.rows.ruled {
		flags = 0
	}
	return flags, ok
}

// plainPayer reads what else tells who pays.
func (k *Chunk) plainPayer(dst *call.Columns, i int, t []byte, d []uint32) (ok bool) {
	p, feed := &k.plan, &k.rows.feed
	dst.Direction[i], dst.Trunk[i] = call.Outbound, call.Span{}
	if feed.Direction == InboundOnly {
		dst.Direction[i] = call.Inbound
	}
	if c := p.at[direction]; c >= 0 {
		if dst.Direction[i], ok = parseDirection(t[d[c]+1 : d[c+1]]); !ok {
			return false
		}
	}
	if c := p.at[trunk]; c >= 0 {
		s, ok := k.plainText(t, d, c)
		if !ok {
			return false
		}
		s.Len = uint32(len(k.rows.trunkOf(t[d[c]+1 : d[c+1]])))
		dst.Trunk[i] = s
	}
	return true
}

// plainText returns field c; false = it has a space at an end or is longer
// than one that is read. Bytes beyond ASCII may be a space's.
func (k *Chunk) plainText(t []byte, d []uint32, c int) (call.Span, bool) {
	from, to := d[c]+1, d[c+1]
	if to == from {
		return call.Span{}, true
	}
	return call.Span{At: from + k.shift, Len: to - from}, isTrimmed(t, int(from), int(to))
}

// isTrimmed reports whether a text has no space at its ends, and the length of
// one that is read. Bytes beyond ASCII may be a space's.
func isTrimmed(t []byte, from, to int) bool {
	return to-from <= call.MaxField && t[from]-'!' <= '~'-'!' && t[to-1]-'!' <= '~'-'!'
}

// plainNumber returns field c, and whether it is a number as it stands.
func (k *Chunk) plainNumber(t []byte, d []uint32, c int) (call.Span, bool) {
	from, n := d[c]+1, d[c+1]-d[c]-1
	return call.Span{At: from + k.shift, Len: n}, !k.rows.ruled && n-1 < call.MaxNumber && allDigitsAt(t, int(from), int(n)) &&
		(t[from] != '0' || t[from+1] != '0' || n < 2)
}

// otherNumber has number be the digits of field c, none if it is no number, and
// raw how it was written if it differs; false = it is longer than what is read.
func (k *Chunk) otherNumber(dst *call.Columns, number, raw *call.Span, t []byte, d []uint32, c int) (kind numbering.Kind, ok bool) {
	at, text := len(dst.Text), t[d[c]+1:d[c+1]]
	if len(text) > call.MaxField {
		return 0, false
	}
	dst.Text, kind = k.rows.feed.Numbers.Append(dst.Text, text)
	if bytes.Equal(dst.Text[at:], text) {
		dst.Text = dst.Text[:at]
		return kind, true
	}
	*raw, *number = *number, call.Span{At: uint32(at), Len: uint32(len(dst.Text) - at)}
	return kind, true
}

// plainDuration reads the answered time, and flags one above the total.
func (k *Chunk) plainDuration(t []byte, d []uint32) (billed call.Duration, flags call.Flags, ok bool) {
	p := &k.plan
	total, seconds := p.at[duration], p.at[billsec]
	switch c := p.at[billmsec]; {
	case c >= 0:
		billed, ok = parseMilliseconds(t[d[c]+1 : d[c+1]])
	case seconds >= 0:
		billed, ok = secondsAt(t, d, seconds)
	case total >= 0:
		billed, ok = secondsAt(t, d, total)
	}
	if ok && seconds >= 0 && total >= 0 {
		// Either may be anything at all: then there is nothing to compare.
		b, okBilled := secondsAt(t, d, seconds)
		all, okTotal := secondsAt(t, d, total)
		if !okBilled || !okTotal {
			return billed, 0, false
		}
		if b.Nanos > all.Nanos {
			flags = call.BillsecOverTotal
		}
	}
	return billed, flags, ok
}

// secondsAt is parseSeconds for field c.
func secondsAt(t []byte, d []uint32, c int) (call.Duration, bool) {
	from, to := d[c]+1, d[c+1]
	if n := to - from; n-1 < 8 {
		if w := lastDigits(t, int(from), int(n)); isDigits(w) {
			seconds := value(w)
			return call.Duration{Nanos: int64(seconds) * 1e9}, seconds <= call.MaxDuration
		}
	}
	return parseSeconds(t[from:to])
}

// plainInstant reads the answer time if the row gives it, else the start.
// zero = nothing was billed.
func (k *Chunk) plainInstant(t []byte, d []uint32, zero bool) (at int64, seam period.Seam, ok bool) {
	p := &k.plan
	c := p.at[startTime]
	if a := p.at[answerTime]; a >= 0 {
		answer := t[d[a]+1 : d[a+1]]
		switch {
		case len(answer) > 0 && answer[0]-'1' < 9 || !noTime(answer):
			c = a
		case k.rows.feed.Format == FreeSWITCH, k.rows.feed.Format == Generic && zero:
			return 0, 0, false // not answered, or a bad answer time
		}
	}
	if c < 0 {
		return 0, 0, false
	}
	s, ok := k.month.read(t, int(d[c]+1), int(d[c+1]))
	if !ok {
		return 0, 0, false
	}
	at, seam = k.rows.clock.unix(s)
	return at, seam, true
}

// plainDisposition reports whether a row's disposition, if there is one, lets
// it be charged. zero = nothing was billed.
func (k *Chunk) plainDisposition(t []byte, d []uint32, zero bool) bool {
	c := k.plan.at[disposition]
	if k.rows.feed.Format == FreeSWITCH {
		return true // the answer time decides
	}
	if c < 0 {
		return k.rows.feed.Format == Generic
	}
	from, to := d[c]+1, d[c+1]
	if said := t[from:to]; len(k.said) == 0 || !bytes.Equal(said, k.said) {
		if len(said) > 0 && !isTrimmed(t, int(from), int(to)) {
			return false
		}
		k.said, k.says = append(k.said[:0], said...), judge(said)
		if k.rows.feed.Format == Asterisk && !bytes.EqualFold(said, []byte("ANSWERED")) {
			k.says = notAnswered
		}
	}
	return k.says == answered || k.says == unknown && !zero
}

// month remembers what YYYY-MM- comes to: most rows have that of the row before.
type month struct {
	text  uint64 // the eight bytes
	start int64  // Unix seconds of its first day
	days  uint64
}

// read is parseTime for a time from a byte of t to another.
func (m *month) read(t []byte, from, to int) (stamp, bool) {
	if n := to - from; n == 19 || n == 20 && t[from+19] == 'Z' || n == 25 {
		b := t[from : from+25 : from+25]
		clock := binary.LittleEndian.Uint64(b[11:]) ^ colons
		// Three pairs of digits become three numbers, each in its pair's first byte.
		pairs := clock*10 + clock>>8
		hour, minute, second := pairs&0xFF, pairs>>24&0xFF, pairs>>48&0xFF
		day := uint64(b[8]-'0')*10 + uint64(b[9]-'0')
		if binary.LittleEndian.Uint64(b) == m.text && clock&nibble == 0 && (clock+6*each)&nibble == 0 && clock&0x0000FF0000FF0000 == 0 &&
			hour <= 23 && minute <= 59 && second <= 59 && b[8]-'0' <= 9 && b[9]-'0' <= 9 && day-1 < m.days && (b[10] == 'T' || b[10] == ' ') {
			s := stamp{seconds: m.start + int64((day-1)*secondsPerDay+hour*3600+minute*60+second), local: n == 19}
			if n < 25 {
				return s, true
			}
			if offset, ok := parseOffset(b[19:25]); ok {
				s.seconds -= offset
				return s, true
			}
		}
	}
	s, ok := parseTime(t[from:to])
	if ok && to-from >= 19 && t[from+4] == '-' {
		b := t[from : from+8]
		year, mon := digits(b[:4]), digits(b[5:7])
		m.text, m.start, m.days = binary.LittleEndian.Uint64(b), unixDay(year, mon, 1)*secondsPerDay, uint64(daysIn(year, mon))
	}
	return s, ok
}

// colons is "00:00:00".
const colons = 0x30303A30303A3030

// lastDigits returns the n bytes of t from an offset on, 1 to 8 of them, behind zeros.
func lastDigits(t []byte, from, n int) uint64 {
	w := binary.LittleEndian.Uint64(t[from : from+8])
	return w<<(64-8*n) | uint64(zeros)>>(8*n)
}

// isDigits reports whether eight bytes are digits: 0x30 to 0x39, so that six
// more does not reach 0x40.
func isDigits(w uint64) bool { return w&nibble == zeros && (w+6*each)&nibble == zeros }

// value returns the number that eight digits write.
func value(w uint64) uint64 {
	w = (w & (0x0F * each)) * 2561 >> 8
	w = (w & 0x00FF00FF00FF00FF) * 6553601 >> 16
	return (w & 0x0000FFFF0000FFFF) * 42949672960001 >> 32
}

// allDigitsAt reports whether the n bytes of t from an offset on are digits;
// n is not zero.
func allDigitsAt(t []byte, from, n int) bool {
	for ; n > 8; from, n = from+8, n-8 {
		if !isDigits(binary.LittleEndian.Uint64(t[from : from+8])) {
			return false
		}
	}
	return isDigits(lastDigits(t, from, n))
}
