package call

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/money"
)

// A stored row is a set of marks as a uvarint, which say what follows; its
// status; and then, without a gap, what is marked and what every row has:
//
//	instant (varint), nanos, line, decimals, flags, version, kind and units,
//	direction, image, prefix, billed, batch, covered: uvarints
//	charge, due: decimals with the sign below them, the high word where it is
//	marked, the low word
//	role, level: bytes
//	feed, account, called number, caller, call id, leg, raw caller, raw called,
//	lrn, caller's lrn, service, tag, trunk, account as read, reason, column,
//	value, want, outgoing trunk: texts behind their lengths
//
// Most rows have few of them: about 75 bytes.
type marks uint32

// Those that most rows have come first: then the set is two bytes.
const (
	markWhole    marks = 1 << iota // instant and nanos are whole seconds, and stored as such
	markDuration                   // it is not zero
	markImage
	markPriced // prefix and billed
	markCharge
	markCallID
	markCaller
	markFlags
	markReason
	markRaw // caller or called as read
	markVersion
	markKind
	markDecimals
	markLeg
	markDescribed // direction, trunk or account as read
	markRouting   // lrn, caller's lrn, service or tag
	markFolded    // batch, covered and due
	markReport    // column, value or want
	markWide      // the charge has a high word
	markWideDue
	markCharges // role, level and outgoing trunk
	allMarks    = 1<<iota - 1
)

const second = 1_000_000_000

// numbers are those of a row that was not folded.
type numbers struct {
	instant, nanos, line   int64
	version, units, billed uint64
	charge                 money.Amount
	flags                  Flags
	image                  uint32
	status                 Status
	decimals, prefix       uint8
	kind                   Kind
	direction              Direction
	role                   Role
	level                  uint8
}

// marks returns those of the numbers.
func (n *numbers) marks() marks {
	m := mark(n.nanos != 0, markDuration) | mark(n.decimals != 0, markDecimals) | mark(n.flags != 0, markFlags) |
		mark(n.version != 0, markVersion) | mark(n.kind != 0 || n.units != 0, markKind) | mark(n.direction != 0, markDescribed) |
		mark(n.image != 0, markImage) | mark(n.role != 0, markCharges) | mark(n.prefix != 0 || n.billed != 0, markPriced)
	if n.instant%second == 0 && n.nanos%second == 0 {
		m |= markWhole
	}
	if n.charge != (money.Amount{}) {
		_, hi, _, _ := n.charge.Bits()
		m |= markCharge | mark(hi != 0, markWide)
	}
	return m
}

// foldedMarks returns those of what the fold set.
func (r *Row) foldedMarks() marks {
	if r.Batch == 0 && r.Covered == 0 && r.Due == (money.Amount{}) {
		return 0
	}
	_, hi, _, _ := r.Due.Bits()
	return markFolded | mark(hi != 0, markWideDue)
}

func mark(has bool, m marks) marks {
	if has {
		return m
	}
	return 0
}

// most is how many bytes the marks, numbers and lengths of a row take at most,
// and how far a short text may be written beyond its end.
const most = 320

// put writes the numbers at b[at:], and returns what is behind them.
func (n *numbers) put(b []byte, at int, m marks) int {
	at = putUvarint(b, at, uint64(m))
	b[at] = byte(n.status)
	instant, nanos := n.instant, n.nanos
	if m&markWhole != 0 {
		instant, nanos = instant/second, nanos/second
	}
	at = putUvarint(b, at+1, uint64(instant)<<1^uint64(instant>>63))
	if m&markDuration != 0 {
		at = putUvarint(b, at, uint64(nanos))
	}
	at = putUvarint(b, at, uint64(n.line))
	if m&markDecimals != 0 {
		b[at] = n.decimals
		at++
	}
	if m&markFlags != 0 {
		at = putUvarint(b, at, uint64(n.flags))
	}
	if m&markVersion != 0 {
		at = putUvarint(b, at, n.version)
	}
	if m&markKind != 0 {
		b[at] = byte(n.kind)
		at = putUvarint(b, at+1, n.units)
	}
	if m&markDescribed != 0 {
		b[at] = byte(n.direction)
		at++
	}
	if m&markImage != 0 {
		at = putUvarint(b, at, uint64(n.image))
	}
	if m&markPriced != 0 {
		b[at] = n.prefix
		at = putUvarint(b, at+1, n.billed)
	}
	if m&markCharge != 0 {
		at = putAmount(b, at, n.charge, m&markWide != 0)
	}
	return at
}

// putRole writes for what the account is charged, behind all other numbers.
func (n *numbers) putRole(b []byte, at int, m marks) int {
	if m&markCharges != 0 {
		b[at], b[at+1] = byte(n.role), n.level
		at += 2
	}
	return at
}

func putAmount(b []byte, at int, a money.Amount, wide bool) int {
	neg, hi, lo, decimals := a.Bits()
	head := decimals << 1
	if neg {
		head |= 1
	}
	b[at] = head
	at++
	if wide {
		at = putUvarint(b, at, hi)
	}
	return putUvarint(b, at, lo)
}

func putUvarint(b []byte, at int, v uint64) int {
	for v >= 0x80 {
		b[at] = byte(v) | 0x80
		v >>= 7
		at++
	}
	b[at] = byte(v)
	return at + 1
}

// putText writes a text behind its length.
func putText(b []byte, at int, s string) int {
	at = putUvarint(b, at, uint64(len(s)))
	return at + copy(b[at:], s)
}

// AppendRow appends the stored form of r to dst. A prefix is 0 to 255.
func AppendRow(dst []byte, r *Row) []byte {
	n := numbers{
		status: r.Status, instant: r.Instant, nanos: r.Duration.Nanos, line: r.Line, decimals: r.Duration.Decimals, flags: r.Flags, version: r.Version,
		kind: r.Kind, units: r.Units, direction: r.Direction, image: r.Image, prefix: uint8(r.Prefix), billed: r.Billed, charge: r.Charge,
		role: r.Role, level: r.Level,
	}
	m := n.marks() | r.foldedMarks() | mark(r.CallID != "", markCallID) | mark(r.ANumber != "", markCaller) | mark(r.Reason != "", markReason) |
		mark(r.ARaw != "" || r.BRaw != "", markRaw) | mark(r.Leg != "", markLeg) | mark(r.Trunk != "" || r.AccountRaw != "", markDescribed) |
		mark(r.LRN != "" || r.ALRN != "" || r.Service != "" || r.Tag != "", markRouting) |
		mark(r.Column != "" || r.Value != "" || r.Want != "", markReport) | mark(r.OutTrunk != "", markCharges)
	size := len(r.Feed) + len(r.Account) + len(r.BNumber) + len(r.ANumber) + len(r.CallID) + len(r.Leg) + len(r.ARaw) + len(r.BRaw) + len(r.LRN) +
		len(r.ALRN) + len(r.Service) + len(r.Tag) + len(r.Trunk) + len(r.AccountRaw) + len(r.Reason) + len(r.Column) + len(r.Value) + len(r.Want) +
		len(r.OutTrunk)
	from := len(dst)
	dst = slices.Grow(dst, size+most)
	b := dst[:cap(dst)]
	at := n.put(b, from, m)
	if m&markFolded != 0 {
		at = putUvarint(b, putUvarint(b, at, uint64(r.Batch)), r.Covered)
		at = putAmount(b, at, r.Due, m&markWideDue != 0)
	}
	at = n.putRole(b, at, m)
	at = putText(b, putText(b, putText(b, at, r.Feed), r.Account), r.BNumber)
	if m&markCaller != 0 {
		at = putText(b, at, r.ANumber)
	}
	if m&markCallID != 0 {
		at = putText(b, at, r.CallID)
	}
	if m&markLeg != 0 {
		at = putText(b, at, r.Leg)
	}
	if m&markRaw != 0 {
		at = putText(b, putText(b, at, r.ARaw), r.BRaw)
	}
	if m&markRouting != 0 {
		at = putText(b, putText(b, putText(b, putText(b, at, r.LRN), r.ALRN), r.Service), r.Tag)
	}
	if m&markDescribed != 0 {
		at = putText(b, putText(b, at, r.Trunk), r.AccountRaw)
	}
	if m&markReason != 0 {
		at = putText(b, at, string(r.Reason))
	}
	if m&markReport != 0 {
		at = putText(b, putText(b, putText(b, at, r.Column), r.Value), r.Want)
	}
	if m&markCharges != 0 {
		at = putText(b, at, r.OutTrunk)
	}
	return b[:at]
}

// AppendFramedRow appends a row and what pricing made of it to a block's
// payload: what AppendFramed appends of the row that AppendRow stores.
func (c *Columns) AppendFramedRow(dst []byte, i int, p *Priced) []byte {
	n := numbers{
		status: p.Status, instant: c.Instant[i], nanos: c.Nanos[i], line: c.Line[i], decimals: c.Decimals[i], flags: c.Flags[i] | p.Flags,
		version: c.Version[i], kind: c.Kind[i], units: c.Units[i], direction: c.Direction[i], image: p.Image, prefix: uint8(p.Prefix), billed: p.Billed, charge: p.Charge,
		role: p.Role, level: p.Level,
	}
	feed, account, called, caller, id, leg := c.Feed[i], c.Account[i], c.BNumber[i], c.ANumber[i], c.CallID[i], c.Leg[i]
	raw := c.ARaw[i].Len | c.BRaw[i].Len
	routing := c.LRN[i].Len | c.ALRN[i].Len | c.Service[i].Len | c.Tag[i].Len
	described, out := c.Trunk[i].Len|c.AccountRaw[i].Len, c.OutTrunk[i]
	m := n.marks() | mark(id.Len != 0, markCallID) | mark(caller.Len != 0, markCaller) | mark(p.Reason != "", markReason) |
		mark(raw != 0, markRaw) | mark(leg.Len != 0, markLeg) | mark(described != 0, markDescribed) | mark(routing != 0, markRouting) |
		mark(out.Len != 0, markCharges)
	size := int(feed.Len+account.Len+called.Len+caller.Len+id.Len+leg.Len+out.Len) + len(p.Reason)
	if m&(markRaw|markRouting|markDescribed) != 0 {
		size += int(c.ARaw[i].Len + c.BRaw[i].Len + c.LRN[i].Len + c.ALRN[i].Len + c.Service[i].Len + c.Tag[i].Len + c.Trunk[i].Len + c.AccountRaw[i].Len)
	}
	from := len(dst)
	dst = slices.Grow(dst, size+most)
	b := dst[:cap(dst)]
	at := n.putRole(b, n.put(b, from+1, m), m) // behind the length, of one byte as a rule
	at = c.putSpan(b, c.putSpan(b, c.putSpan(b, at, feed), account), called)
	if m&markCaller != 0 {
		at = c.putSpan(b, at, caller)
	}
	if m&markCallID != 0 {
		at = c.putSpan(b, at, id)
	}
	if m&markLeg != 0 {
		at = c.putSpan(b, at, leg)
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
		at = putText(b, at, string(p.Reason))
	}
	if m&markCharges != 0 {
		at = c.putSpan(b, at, out)
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

// putSpan writes a text behind its length. Most texts are short: it costs less
// to write 16 bytes and to go on behind those that count.
func (c *Columns) putSpan(b []byte, at int, s Span) int {
	const short = 16
	at = putUvarint(b, at, uint64(s.Len))
	if from := c.Text[s.At:]; s.Len <= short && len(from) >= short {
		*(*[short]byte)(b[at:]) = [short]byte(from)
	} else {
		copy(b[at:], from[:s.Len])
	}
	return at + int(s.Len)
}

var errRow = errors.New("stored row is damaged")

// ParseRow reads what AppendRow wrote, into r, whose texts are parts of s. All
// of s must be the row.
func ParseRow(s string, r *Row) error {
	d := decoder{s: s}
	m := d.marks()
	*r = Row{Status: Status(d.byte())}
	r.Instant = d.varint()
	if m&markDuration != 0 {
		r.Duration.Nanos = int64(d.uvarint())
	}
	if m&markWhole != 0 {
		r.Instant, r.Duration.Nanos = d.seconds(r.Instant), d.seconds(r.Duration.Nanos)
	}
	r.Line = int64(d.uvarint())
	if m&markDecimals != 0 {
		r.Duration.Decimals = d.byte()
	}
	if m&markFlags != 0 {
		r.Flags = Flags(d.uint32())
	}
	if m&markVersion != 0 {
		r.Version = d.uvarint()
	}
	if m&markKind != 0 {
		if r.Kind, r.Units = Kind(d.byte()), d.uvarint(); !r.Kind.Valid() {
			d.fail()
		}
	}
	if m&markDescribed != 0 {
		r.Direction = Direction(d.byte())
	}
	if m&markImage != 0 {
		r.Image = d.uint32()
	}
	if m&markPriced != 0 {
		r.Prefix, r.Billed = int(d.byte()), d.uvarint()
	}
	if m&markCharge != 0 {
		r.Charge = d.amount(m&markWide != 0)
	}
	if m&markFolded != 0 {
		r.Batch, r.Covered = d.uint32(), d.uvarint()
		r.Due = d.amount(m&markWideDue != 0)
	}
	if m&markCharges != 0 {
		if r.Role, r.Level = Role(d.byte()), d.byte(); !validRole(r.Role, r.Level) {
			d.fail()
		}
	}
	d.texts(r, m)
	switch {
	case d.failed:
		return errRow
	case d.s != "":
		return fmt.Errorf("%w: %d bytes too many", errRow, len(d.s))
	}
	return nil
}

func (d *decoder) texts(r *Row, m marks) {
	r.Feed, r.Account, r.BNumber = d.text(), d.text(), d.text()
	if m&markCaller != 0 {
		r.ANumber = d.text()
	}
	if m&markCallID != 0 {
		r.CallID = d.text()
	}
	if m&markLeg != 0 {
		r.Leg = d.text()
	}
	if m&markRaw != 0 {
		r.ARaw, r.BRaw = d.text(), d.text()
	}
	if m&markRouting != 0 {
		r.LRN, r.ALRN, r.Service, r.Tag = d.text(), d.text(), d.text(), d.text()
	}
	if m&markDescribed != 0 {
		r.Trunk, r.AccountRaw = d.text(), d.text()
	}
	if m&markReason != 0 {
		r.Reason = Reason(d.text())
	}
	if m&markReport != 0 {
		r.Column, r.Value, r.Want = d.text(), d.text(), d.text()
	}
	if m&markCharges != 0 {
		r.OutTrunk = d.text()
	}
}

// decoder reads fields one after the other. After a failure all of them are
// empty.
type decoder struct {
	s      string
	failed bool
}

func (d *decoder) fail() { d.s, d.failed = "", true }

func (d *decoder) byte() uint8 {
	if d.s == "" {
		d.fail()
		return 0
	}
	b := d.s[0]
	d.s = d.s[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v := uint64(0)
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		b := d.s[i]
		if v |= uint64(b&0x7F) << (7 * i); b < 0x80 {
			if i == binary.MaxVarintLen64-1 && b > 1 {
				break
			}
			d.s = d.s[i+1:]
			return v
		}
	}
	d.fail()
	return 0
}

func (d *decoder) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *decoder) uint32() uint32 {
	v := d.uvarint()
	if v > 1<<32-1 {
		d.fail()
	}
	return uint32(v)
}

func (d *decoder) marks() marks {
	m := d.uint32()
	if m > allMarks {
		d.fail()
	}
	return marks(m)
}

// seconds returns n of them in nanoseconds.
func (d *decoder) seconds(n int64) int64 {
	if n*second/second != n {
		d.fail()
		return 0
	}
	return n * second
}

func (d *decoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.s)) {
		d.fail()
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (d *decoder) amount(wide bool) money.Amount {
	head, hi := d.byte(), uint64(0)
	if wide {
		hi = d.uvarint()
	}
	lo := d.uvarint()
	if d.failed {
		return money.Amount{}
	}
	a, err := money.FromBits(head&1 != 0, hi, lo, head>>1)
	if err != nil {
		d.fail()
	}
	return a
}
