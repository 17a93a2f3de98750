package call

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/tollbook/tollbook/shared/money"
)

// A stored row is a head of 7 bytes, little-endian: its marks (15 bits), status
// (4), the bytes that instant (4), nanos (4), line (4), image (3), billed (4) and
// charge (4) take, prefix (8), and the decimals (5) and sign (1) of the charge.
// Then come, without a gap, those numbers, little-endian, what is marked, and the
// texts that every row has:
//
//	instant (the sign below it), nanos, line, image, billed, charge (low word)
//	charge (high word), flags, version: uvarints
//	decimals: a byte
//	kind: a byte, units: a uvarint
//	direction: a byte
//	batch, covered: uvarints; due: its decimals with the sign below them and
//	whether there is a high word above, then its words: uvarints
//	role, level: bytes
//	account, called number, caller, call id, feed, leg, raw caller, raw called,
//	lrn, caller's lrn, service, tag, trunk, account as read, reason, column,
//	value, want, outgoing trunk: texts behind their lengths
//
// A row without a feed is of that of its part. Most rows take about 65 bytes.
type marks uint32

const (
	markWhole marks = 1 << iota // instant and nanos are whole seconds, and stored as such
	markWide                    // the charge has a high word
	markFlags
	markVersion
	markDecimals
	markKind
	markDescribed // direction, trunk or account as read
	markFolded    // batch, covered and due
	markCharges   // role, level and outgoing trunk
	markFeed
	markLeg
	markRaw     // caller or called as read
	markRouting // lrn, caller's lrn, service or tag
	markReason
	markReport // column, value or want
)

const second = 1_000_000_000

// Where the parts of a head are.
const (
	rowHead      = 7
	markBits     = 15
	statusAt     = markBits
	instantAt    = statusAt + 4
	nanosAt      = instantAt + 4
	lineAt       = nanosAt + 4
	imageAt      = lineAt + 4
	billedAt     = imageAt + 3
	chargeAt     = billedAt + 4
	prefixAt     = chargeAt + 4
	decimalsAt   = prefixAt + 8
	negativeAt   = decimalsAt + 5
	wideDue      = 1 << 7
	maxImageSize = 4
)

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

// marks returns those of the numbers that few rows have.
func (n *numbers) marks() marks {
	return mark(n.decimals != 0, markDecimals) | mark(n.version != 0, markVersion) | mark(n.kind != 0 || n.units != 0, markKind) |
		mark(n.direction != 0, markDescribed) | mark(n.role != 0, markCharges)
}

func (r *Row) folded() bool { return r.Batch != 0 || r.Covered != 0 || r.Due != (money.Amount{}) }

func mark(has bool, m marks) marks {
	if has {
		return m
	}
	return 0
}

// most is how many bytes the numbers and lengths of a row take at most, and how
// far a number or a short text may be written beyond its end.
const most = 320

// put writes the head and the numbers at b[at:], and returns what is behind
// them. What many rows have is written without asking whether: a processor
// cannot foretell how long numbers are.
func (n *numbers) put(b []byte, at int, m marks) int {
	neg, hi, charge, decimals := n.charge.Bits()
	instant, nanos := n.instant, n.nanos
	if whole := instant / second; whole*second == instant && nanos%second == 0 {
		instant, nanos = whole, nanos/second
		m |= markWhole
	}
	if hi != 0 {
		m |= markWide
	}
	if n.flags != 0 {
		m |= markFlags
	}
	head := uint64(m) | uint64(n.status)<<statusAt | uint64(n.prefix)<<prefixAt | uint64(decimals)<<decimalsAt
	if neg {
		head |= 1 << negativeAt
	}
	zigzag := uint64(instant)<<1 ^ uint64(instant>>63)
	ofInstant, ofNanos, ofLine := sizeOf(zigzag), sizeOf(uint64(nanos)), sizeOf(uint64(n.line))
	ofImage, ofBilled, ofCharge := sizeOf(uint64(n.image)), sizeOf(n.billed), sizeOf(charge)
	head |= uint64(ofInstant)<<instantAt | uint64(ofNanos)<<nanosAt | uint64(ofLine)<<lineAt |
		uint64(ofImage)<<imageAt | uint64(ofBilled)<<billedAt | uint64(ofCharge)<<chargeAt
	put64(b, at, head)
	at += rowHead
	put64(b, at, zigzag)
	at += ofInstant
	put64(b, at, uint64(nanos))
	at += ofNanos
	put64(b, at, uint64(n.line))
	at += ofLine
	put64(b, at, uint64(n.image))
	at += ofImage
	put64(b, at, n.billed)
	at += ofBilled
	put64(b, at, charge)
	at += ofCharge
	if m&^markWhole == 0 {
		return at
	}
	return n.putRare(b, at, m, hi)
}

// putRare writes the numbers that are marked.
func (n *numbers) putRare(b []byte, at int, m marks, hi uint64) int {
	if m&markWide != 0 {
		at = putUvarint(b, at, hi)
	}
	if m&markFlags != 0 {
		at = putUvarint(b, at, uint64(n.flags))
	}
	if m&markVersion != 0 {
		at = putUvarint(b, at, n.version)
	}
	if m&markDecimals != 0 {
		b[at] = n.decimals
		at++
	}
	if m&markKind != 0 {
		b[at] = byte(n.kind)
		at = putUvarint(b, at+1, n.units)
	}
	if m&markDescribed != 0 {
		b[at] = byte(n.direction)
		at++
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

// sizeOf returns how many bytes a number takes: none if it is zero.
func sizeOf(v uint64) int { return (bits.Len64(v) + 7) / 8 }

// put64 writes all 8 bytes of a number; who needs fewer goes on behind those.
func put64(b []byte, at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }

func putDue(b []byte, at int, a money.Amount) int {
	neg, hi, lo, decimals := a.Bits()
	head := decimals << 1
	if neg {
		head |= 1
	}
	if hi == 0 {
		b[at] = head
		return putUvarint(b, at+1, lo)
	}
	b[at] = head | wideDue
	return putUvarint(b, putUvarint(b, at+1, hi), lo)
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
	m := n.marks() | mark(r.folded(), markFolded) | mark(r.Reason != "", markReason) | mark(r.Feed != "", markFeed) |
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
		at = putDue(b, at, r.Due)
	}
	at = n.putRole(b, at, m)
	at = putText(b, putText(b, putText(b, putText(b, at, r.Account), r.BNumber), r.ANumber), r.CallID)
	if m&markFeed != 0 {
		at = putText(b, at, r.Feed)
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

var errRow = errors.New("stored row is damaged")

// ParseRow reads what AppendRow wrote, into r, whose texts are parts of s. All
// of s must be the row.
func ParseRow(s string, r *Row) error {
	if len(s) < rowHead {
		return errRow
	}
	head := wordAt(s, 0) & (1<<(8*rowHead) - 1)
	m := marks(head & (1<<markBits - 1))
	d := decoder{s: s[rowHead:]}
	*r = Row{Status: Status(head >> statusAt & 0xF), Prefix: int(head >> prefixAt & 0xFF)}
	instant := d.number(head >> instantAt & 0xF)
	r.Instant = int64(instant>>1) ^ -int64(instant&1)
	r.Duration.Nanos = int64(d.number(head >> nanosAt & 0xF))
	if m&markWhole != 0 {
		r.Instant, r.Duration.Nanos = d.seconds(r.Instant), d.seconds(r.Duration.Nanos)
	}
	r.Line = int64(d.number(head >> lineAt & 0xF))
	ofImage := head >> imageAt & 0x7
	if ofImage > maxImageSize {
		d.fail()
	}
	r.Image = uint32(d.number(ofImage))
	r.Billed = d.number(head >> billedAt & 0xF)
	charge, hi := d.number(head>>chargeAt&0xF), uint64(0)
	if m&markWide != 0 {
		hi = d.uvarint()
	}
	r.Charge = d.amount(head>>negativeAt&1 != 0, hi, charge, uint8(head>>decimalsAt&0x1F))
	if m&markFlags != 0 {
		r.Flags = Flags(d.uint32())
	}
	if m&markVersion != 0 {
		r.Version = d.uvarint()
	}
	if m&markDecimals != 0 {
		r.Duration.Decimals = d.byte()
	}
	if m&markKind != 0 {
		if r.Kind, r.Units = Kind(d.byte()), d.uvarint(); !r.Kind.Valid() {
			d.fail()
		}
	}
	if m&markDescribed != 0 {
		r.Direction = Direction(d.byte())
	}
	if m&markFolded != 0 {
		r.Batch, r.Covered = d.uint32(), d.uvarint()
		r.Due = d.due()
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

// wordAt returns the 8 bytes at s[at:], zeros behind its end.
func wordAt[T string | []byte](s T, at int) uint64 {
	if s = s[at:]; len(s) >= 8 {
		return word(s)
	}
	return lastWord(s)
}

func (d *decoder) texts(r *Row, m marks) {
	r.Account, r.BNumber, r.ANumber, r.CallID = d.text(), d.text(), d.text(), d.text()
	if m&markFeed != 0 {
		r.Feed = d.text()
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

func (d *decoder) uint32() uint32 {
	v := d.uvarint()
	if v > 1<<32-1 {
		d.fail()
	}
	return uint32(v)
}

// number returns one that takes so many bytes.
func (d *decoder) number(size uint64) uint64 {
	if size > 8 || size > uint64(len(d.s)) {
		d.fail()
		return 0
	}
	v := wordAt(d.s, 0) & (1<<(8*size) - 1)
	d.s = d.s[size:]
	return v
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

func (d *decoder) due() money.Amount {
	head, hi := d.byte(), uint64(0)
	if head&wideDue != 0 {
		hi = d.uvarint()
	}
	return d.amount(head&1 != 0, hi, d.uvarint(), head&^wideDue>>1)
}

func (d *decoder) amount(neg bool, hi, lo uint64, decimals uint8) money.Amount {
	if d.failed {
		return money.Amount{}
	}
	a, err := money.FromBits(neg, hi, lo, decimals)
	if err != nil {
		d.fail()
	}
	return a
}
