package call

import (
	"encoding/binary"
	"slices"
)

// RowWriter stores rows of columns. It is of no use when the columns have
// changed.
type RowWriter struct {
	c    *Columns
	rare bool // some row has what few have
}

// RowWriter returns what stores the rows that c has. It looks for what few rows
// have in all of them at once, so that no row needs to.
func (c *Columns) RowWriter() RowWriter {
	n := c.Len()
	spans := uint32(0)
	for _, column := range [...][]Span{c.Leg, c.ARaw, c.BRaw, c.LRN, c.ALRN, c.Service, c.Tag, c.Trunk, c.AccountRaw, c.OutTrunk} {
		for _, s := range column[:n] {
			spans |= s.Len
		}
	}
	numbers, odd := uint64(0), uint8(0)
	for _, v := range c.Version {
		numbers |= v
	}
	for _, v := range c.Units {
		numbers |= v
	}
	for _, v := range c.Decimals {
		odd |= v
	}
	for _, v := range c.Kind {
		odd |= uint8(v)
	}
	for _, v := range c.Direction {
		odd |= uint8(v)
	}
	return RowWriter{c, spans != 0 || numbers != 0 || odd != 0}
}

// AppendFramed appends a row and what pricing made of it to a block's payload:
// what AppendFramed appends of the row that AppendRow stores, without its feed.
func (w *RowWriter) AppendFramed(dst []byte, i int, p *Priced) []byte {
	c := w.c
	var n numbers // field by field: a copy of all of it would wait for each
	n.instant, n.nanos, n.line = c.Instant[i], c.Nanos[i], c.Line[i]
	n.status, n.flags, n.image, n.prefix = p.Status, c.Flags[i]|p.Flags, p.Image, uint8(p.Prefix)
	n.billed, n.charge = p.Billed, p.Charge
	account, called, caller, id := c.Account[i], c.BNumber[i], c.ANumber[i], c.CallID[i]
	size := int(account.Len+called.Len+caller.Len+id.Len) + len(p.Reason)
	var m marks
	if w.rare || p.Role != Payer {
		n.decimals, n.version, n.kind, n.units, n.direction, n.role, n.level = c.Decimals[i], c.Version[i], c.Kind[i], c.Units[i], c.Direction[i], p.Role, p.Level
		var more int
		m, more = c.rare(i)
		m |= n.marks()
		size += more
	}
	if p.Reason != "" {
		m |= markReason
	}
	from := len(dst)
	if cap(dst)-from < size+most {
		dst = slices.Grow(dst, size+most)
	}
	b := dst[:cap(dst)]
	at := n.put(b, from+1, m) // behind the length, of one byte as a rule
	if m&markCharges != 0 {
		at = n.putRole(b, at, m)
	}
	at = c.putSpan(b, c.putSpan(b, c.putSpan(b, c.putSpan(b, at, account), called), caller), id)
	if m != 0 {
		at = c.putRare(b, at, i, m, p.Reason)
	}
	length := at - from - 1
	if length < 0x80 {
		b[from] = byte(length)
		return b[:at]
	}
	var frame [binary.MaxVarintLen64]byte
	k := putUvarint(frame[:], 0, uint64(length))
	copy(b[from+k:], b[from+1:at])
	copy(b[from:], frame[:k])
	return b[:at+k-1]
}

// rare returns the marks of a row's texts that few rows have, and how long they
// are.
func (c *Columns) rare(i int) (m marks, size int) {
	leg, raw, routing := c.Leg[i].Len, c.ARaw[i].Len+c.BRaw[i].Len, c.LRN[i].Len+c.ALRN[i].Len+c.Service[i].Len+c.Tag[i].Len
	described, out := c.Trunk[i].Len+c.AccountRaw[i].Len, c.OutTrunk[i].Len
	m = mark(leg != 0, markLeg) | mark(raw != 0, markRaw) | mark(routing != 0, markRouting) | mark(described != 0, markDescribed) | mark(out != 0, markCharges)
	return m, int(leg + raw + routing + described + out)
}

// putRare writes the texts that are marked.
func (c *Columns) putRare(b []byte, at, i int, m marks, why Reason) int {
	if m&markLeg != 0 {
		at = c.putSpan(b, at, c.Leg[i])
	}
	if m&markRaw != 0 {
		at = c.putSpan(b, c.putSpan(b, at, c.ARaw[i]), c.BRaw[i])
	}
	if m&markRouting != 0 {
		at = c.putSpan(b, c.putSpan(b, c.putSpan(b, c.putSpan(b, at, c.LRN[i]), c.ALRN[i]), c.Service[i]), c.Tag[i])
	}
	if m&markDescribed != 0 {
		at = c.putSpan(b, c.putSpan(b, at, c.Trunk[i]), c.AccountRaw[i])
	}
	if m&markReason != 0 {
		at = putText(b, at, string(why))
	}
	if m&markCharges != 0 {
		at = c.putSpan(b, at, c.OutTrunk[i])
	}
	return at
}

// putSpan writes a text behind its length. Most texts are short: it costs less
// to write 16 bytes and to go on behind those that count.
func (c *Columns) putSpan(b []byte, at int, s Span) int {
	const short = 16
	if from := c.Text[s.At:]; s.Len <= short && len(from) >= short {
		b[at] = byte(s.Len)
		*(*[short]byte)(b[at+1:]) = [short]byte(from)
		return at + 1 + int(s.Len)
	} else {
		at = putUvarint(b, at, uint64(s.Len))
		return at + copy(b[at:], from[:s.Len])
	}
}
