package cdr

import (
	"bytes"
	"encoding/binary"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// plainDurations reads the answered times, and flags those above the total.
func (k *Chunk) plainDurations(dst *call.Columns, i int, l *lines) {
	p, t := &k.plan, k.text8()
	c := p.at[duration]
	if p.at[billmsec] >= 0 || c >= 0 && p.at[billsec] >= 0 {
		for r := range l.n {
			billed, flags, ok := k.plainDuration(t, l.of(r))
			if !ok {
				l.n = r
				return
			}
			dst.Nanos[i+r], dst.Decimals[i+r], dst.Flags[i+r] = billed.Nanos, billed.Decimals, flags
		}
		return
	}
	if c < 0 {
		c = p.at[billsec]
	}
	if c < 0 {
		l.n = 0
		return
	}
	nanos := dst.Nanos[i : i+l.n]
	at, stride := l.at, l.stride
	for r, j := 0, c; r < len(nanos); r, j = r+1, j+stride {
		from := at[j] + 1
		n := at[j+1] - from
		if n-1 < 5 { // seconds of so few digits are always within the limit
			if w := lastDigits(t, int(from), int(n)); isDigits(w) {
				nanos[r] = int64(value(w)) * 1e9
				continue
			}
		}
		billed, ok := secondsAt(t, from, from+n)
		if !ok {
			l.n = r
			return
		}
		if nanos[r] = billed.Nanos; billed.Decimals > 0 {
			dst.Decimals[i+r] = billed.Decimals
		}
	}
}

// plainDuration reads the answered time, and flags one above the total.
func (k *Chunk) plainDuration(t []byte, d []uint32) (billed call.Duration, flags call.Flags, ok bool) {
	p := &k.plan
	total, seconds := p.at[duration], p.at[billsec]
	switch c := p.at[billmsec]; {
	case c >= 0:
		billed, ok = parseMilliseconds(t[d[c]+1 : d[c+1]])
	case seconds >= 0:
		billed, ok = secondsAt(t, d[seconds]+1, d[seconds+1])
	case total >= 0:
		billed, ok = secondsAt(t, d[total]+1, d[total+1])
	}
	if ok && seconds >= 0 && total >= 0 {
		// Either may be anything at all: then there is nothing to compare.
		b, okBilled := secondsAt(t, d[seconds]+1, d[seconds+1])
		all, okTotal := secondsAt(t, d[total]+1, d[total+1])
		if !okBilled || !okTotal {
			return billed, 0, false
		}
		if b.Nanos > all.Nanos {
			flags = call.BillsecOverTotal
		}
	}
	return billed, flags, ok
}

// secondsAt is parseSeconds for the bytes of t from one to before another.
func secondsAt(t []byte, from, to uint32) (call.Duration, bool) {
	if n := to - from; n-1 < 8 {
		if w := lastDigits(t, int(from), int(n)); isDigits(w) {
			seconds := value(w)
			return call.Duration{Nanos: int64(seconds) * 1e9}, seconds <= call.MaxDuration
		}
	}
	return parseSeconds(t[from:to])
}

// plainInstants reads the answer times of rows that give it, else the starts.
func (k *Chunk) plainInstants(dst *call.Columns, i int, l *lines) {
	t, c, clock := k.text8(), k.plan.at[startTime], &k.rows.clock
	at, answers, instants := l.at, k.plan.at[answerTime] >= 0, dst.Instant[i:i+l.n]
	for r, j := 0, 0; r < len(instants); r, j = r+1, j+l.stride {
		if answers {
			c = k.timeOf(t, l.of(r), dst.Nanos[i+r] == 0)
		}
		if c < 0 {
			l.n = r
			return
		}
		s, ok := k.month.read(t, int(at[j+c]+1), int(at[j+c+1]))
		if !ok {
			l.n = r
			return
		}
		if !s.local {
			instants[r] = s.seconds*1e9 + s.nanos
			continue
		}
		instant, seam := clock.unix(s)
		switch instants[r] = instant; seam {
		case period.Ambiguous:
			dst.Flags[i+r] |= call.TimeAmbiguous
		case period.Skipped:
			dst.Flags[i+r] |= call.TimeSkipped
		}
	}
}

// timeOf returns the column of a row's time, of files with answer times; -1 =
// not answered, or a bad answer time. zero = nothing was billed.
func (k *Chunk) timeOf(t []byte, d []uint32, zero bool) int {
	c := k.plan.at[answerTime]
	answer := t[d[c]+1 : d[c+1]]
	switch {
	case len(answer) > 0 && answer[0]-'1' < 9 || !noTime(answer):
		return c
	case k.rows.feed.Format == FreeSWITCH, k.rows.feed.Format == Generic && zero:
		return -1
	}
	return k.plan.at[startTime]
}

// plainDispositions keeps the rows whose dispositions let them be charged.
func (k *Chunk) plainDispositions(dst *call.Columns, i int, l *lines) {
	c, format := k.plan.at[disposition], k.rows.feed.Format
	if format == FreeSWITCH || c < 0 && format == Generic {
		return // the answer time decides
	}
	if c < 0 {
		l.n = 0
		return
	}
	t := k.text8()
	for r := range l.n {
		d := l.of(r)
		if !k.plainDisposition(t, int(d[c]+1), int(d[c+1]), dst.Nanos[i+r] == 0) {
			l.n = r
			return
		}
	}
}

// plainDisposition reports whether a disposition lets its row be charged. zero =
// nothing was billed.
func (k *Chunk) plainDisposition(t []byte, from, to int, zero bool) bool {
	if said := t[from:to]; len(k.said) == 0 || !bytes.Equal(said, k.said) {
		if len(said) > 0 && !isTrimmed(t, from, to) {
			return false
		}
		k.said, k.says = append(k.said[:0], said...), judge(said)
		if k.rows.feed.Format == Asterisk && !bytes.EqualFold(said, []byte("ANSWERED")) {
			k.says = notAnswered
		}
	}
	return k.says == answered || k.says == unknown && !zero
}

// month remembers what YYYY-MM- comes to, and the day of that: most rows have
// those of the row before.
type month struct {
	text  uint64 // the eight bytes
	day   uint64 // eight bytes from the fourth on, the day and what follows it with them
	start int64  // Unix seconds of its first day
	begin int64  // and of that day
	days  uint64
}

// read is parseTime for a time from a byte of t to another.
func (m *month) read(t []byte, from, to int) (stamp, bool) {
	if n := to - from; n == 19 || n == 20 && t[from+19] == 'Z' || n == 25 {
		b := t[from : from+25 : from+25]
		clock := binary.LittleEndian.Uint64(b[11:]) ^ colons
		// Three pairs of digits become three numbers, each in its pair's first byte.
		pairs := clock*10 + clock>>8
		if binary.LittleEndian.Uint64(b) == m.text && (binary.LittleEndian.Uint64(b[3:]) == m.day || m.turn(b)) &&
			(clock|(clock+6*each))&nibble|clock&0x0000FF0000FF0000|(pairs&numbers+beyond)&high == 0 {
			s := stamp{seconds: m.begin + int64(pairs&0xFF*3600+pairs>>24&0xFF*60+pairs>>48&0xFF), local: n == 19}
			if n < 25 {
				return s, true
			}
			if offset, ok := parseOffset(b[19:25]); ok {
				s.seconds -= offset
				return s, true
			}
		}
	}
	return m.readOther(t[from:to])
}

// turn goes on with another day of the month; false: it is none.
func (m *month) turn(b []byte) bool {
	day := uint64(b[8]-'0')*10 + uint64(b[9]-'0')
	if b[8]-'0' > 9 || b[9]-'0' > 9 || day-1 >= m.days || b[10] != 'T' && b[10] != ' ' {
		return false
	}
	m.day, m.begin = binary.LittleEndian.Uint64(b[3:]), m.start+int64(day-1)*secondsPerDay
	return true
}

// readOther reads a time that may be of another month, or written in another way.
func (m *month) readOther(b []byte) (stamp, bool) {
	s, ok := parseTime(b)
	if ok && len(b) >= 19 && b[4] == '-' {
		year, mon := digits(b[:4]), digits(b[5:7])
		m.text, m.start, m.days = binary.LittleEndian.Uint64(b), unixDay(year, mon, 1)*secondsPerDay, uint64(daysIn(year, mon))
		m.turn(b)
	}
	return s, ok
}

// colons is "00:00:00".
const colons = 0x30303A30303A3030

// Of hour, minute and second in the bytes that numbers has, what beyond adds sets
// the high bit where they are above 23, 59 and 59; they have two digits.
const (
	numbers = 0x00FF0000FF0000FF
	beyond  = (0x80-60)<<48 | (0x80-60)<<24 | (0x80 - 24)
)

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

// isLongNumber reports whether the n bytes of t from an offset on are a number
// as it stands, of 8 to 16 digits as nearly all have: two zeros at the beginning
// would be no part of it.
func isLongNumber(t []byte, from, n uint32) bool {
	if n-8 > 8 {
		return false
	}
	a, b := binary.LittleEndian.Uint64(t[from:]), binary.LittleEndian.Uint64(t[from+n-8:])
	return ((a^zeros)|((a+6*each)^zeros)|(b^zeros)|((b+6*each)^zeros))&nibble == 0 && uint16(a) != '0'|'0'<<8
}

// isNumber is isLongNumber for a number of any length.
func isNumber(t []byte, from, n int) bool {
	return n > 0 && n <= call.MaxNumber && allDigitsAt(t, from, n) && (t[from] != '0' || t[from+1] != '0' || n < 2)
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
