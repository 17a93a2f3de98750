package rating

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"

	"github.com/tollbook/tollbook/shared/money"
)

// A card image is one immutable object, little-endian, whose sections follow
// each other without gaps in this order. Their offsets follow from the four
// counts, so no two statements of one offset can disagree; keys and records
// fall on multiples of 8.
//
//	offset  bytes  what
//	0       8      magic "tollcard"
//	8       4      version, 1
//	12      3      currency
//	15      1      decimals of a charge
//	16      1      rounding of a charge (money.Rounding)
//	17      1      rounding of a duration (money.Rounding)
//	18      1      increment model
//	19      1      short numbers have fewer digits than this
//	20      1      1: answered calls of 0 s are charged
//	21      3      zero
//	24      4      n, entries (one per prefix)
//	28      4      r, rate records
//	32      4      m, destination names
//	36      4      t, bytes of all names
//	40      8·n    keys, ascending: digit+1 in each 4 bits from the top, 0 after the last
//	        40·r   rate records: price 1, price N, connection fee (8 each, 10^-12),
//	               interval 1, interval N (4 each, seconds), flags (4), zero (4)
//	        4·n    parents: 1 + the entry of the longest proper prefix, 0 = none
//	        4·n    the record of each entry
//	        4·n    the name of each entry
//	        4·m    the end of each name in the text; it starts where the one before ends
//	        t      text of the names, UTF-8
//	        4      CRC-32C of everything before
//
// Records and names are stored once each, in the order of their first use by
// ascending key, so a card has one image whatever order its rates came in.
const (
	imageMagic   = "tollcard"
	imageVersion = 1
	headerSize   = 40
	recordSize   = 40
	crcSize      = 4
)

// The flags of a rate record.
const (
	flagBlocked = 1 << iota
	flagAssumedPulse
)

// counts are the sizes that an image's layout follows from.
type counts struct{ entries, records, names, text uint32 }

// layout holds the offset of each section.
type layout struct{ keys, records, parents, rates, names, ends, text, crc, size uint64 }

// layout cannot overflow: the factors are below 2^7 and the counts below 2^32.
func (c counts) layout() layout {
	n := uint64(c.entries)
	l := layout{keys: headerSize}
	l.records = l.keys + 8*n
	l.parents = l.records + recordSize*uint64(c.records)
	l.rates = l.parents + 4*n
	l.names = l.rates + 4*n
	l.ends = l.names + 4*n
	l.text = l.ends + 4*uint64(c.names)
	l.crc = l.text + uint64(c.text)
	l.size = l.crc + crcSize
	return l
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// keyOf returns the key of the first MaxPrefix digits of s, and false when one
// of them is not a digit. Keys sort as their digits do, a prefix before all
// that it is a prefix of.
func keyOf(s string) (key uint64, ok bool) {
	n := min(len(s), MaxPrefix)
	for i := range n {
		digit := uint64(s[i]) - '0'
		if digit > 9 {
			return 0, false
		}
		key = key<<4 | (digit + 1)
	}
	return key << (64 - 4*n), true
}

// keyDigits returns how many digits a key has.
func keyDigits(key uint64) int { return MaxPrefix - bits.TrailingZeros64(key)/4 }

// isPrefix reports whether the digits of prefix begin those of key.
func isPrefix(prefix, key uint64) bool {
	return (prefix^key)>>(64-4*keyDigits(prefix)) == 0
}

// isKey reports whether key is one that keyOf makes: digits, then nothing.
func isKey(key uint64) bool {
	for i := range keyDigits(key) {
		if nibble := key >> (60 - 4*i) & 15; nibble < 1 || nibble > 10 {
			return false
		}
	}
	return true
}

// keyText returns the digits of a key.
func keyText(key uint64) string {
	var buf [MaxPrefix]byte
	n := keyDigits(key)
	for i := range n {
		buf[i] = byte('0' + key>>(60-4*i)&15 - 1)
	}
	return string(buf[:n])
}

// encodeRecord writes what a rate costs: all of it but prefix and name.
func encodeRecord(r Rate) (b [recordSize]byte) {
	binary.LittleEndian.PutUint64(b[0:], uint64(r.Price1))
	binary.LittleEndian.PutUint64(b[8:], uint64(r.PriceN))
	binary.LittleEndian.PutUint64(b[16:], uint64(r.ConnectionFee))
	binary.LittleEndian.PutUint32(b[24:], r.Interval1)
	binary.LittleEndian.PutUint32(b[28:], r.IntervalN)
	var flags uint32
	if r.Blocked {
		flags |= flagBlocked
	}
	if r.AssumedPulse {
		flags |= flagAssumedPulse
	}
	binary.LittleEndian.PutUint32(b[32:], flags)
	return b
}

// decodeRecord reads what encodeRecord wrote; b has recordSize bytes.
func decodeRecord(b []byte) Rate {
	_ = b[recordSize-1]
	flags := binary.LittleEndian.Uint32(b[32:])
	return Rate{
		Price1:        money.Price(binary.LittleEndian.Uint64(b[0:])),
		PriceN:        money.Price(binary.LittleEndian.Uint64(b[8:])),
		ConnectionFee: money.Price(binary.LittleEndian.Uint64(b[16:])),
		Interval1:     binary.LittleEndian.Uint32(b[24:]),
		IntervalN:     binary.LittleEndian.Uint32(b[28:]),
		Blocked:       flags&flagBlocked != 0,
		AssumedPulse:  flags&flagAssumedPulse != 0,
	}
}

// encodeHeader writes the first headerSize bytes of b; t is valid.
func encodeHeader(b []byte, t Terms, c counts) {
	copy(b, imageMagic)
	binary.LittleEndian.PutUint32(b[8:], imageVersion)
	copy(b[12:15], t.Currency)
	b[15], b[16], b[17] = byte(t.Decimals), byte(t.Rounding), byte(t.DurationRounding)
	b[18], b[19] = byte(t.Model), byte(t.ShortDigits)
	if t.ChargeZeroSeconds {
		b[20] = 1
	}
	binary.LittleEndian.PutUint32(b[24:], c.entries)
	binary.LittleEndian.PutUint32(b[28:], c.records)
	binary.LittleEndian.PutUint32(b[32:], c.names)
	binary.LittleEndian.PutUint32(b[36:], c.text)
}

// decodeHeader reads and verifies what encodeHeader wrote.
func decodeHeader(b []byte) (Terms, counts, error) {
	t := Terms{
		Currency: string(b[12:15]), Decimals: int(b[15]),
		Rounding: money.Rounding(b[16]), DurationRounding: money.Rounding(b[17]),
		Model: IncrementModel(b[18]), ShortDigits: int(b[19]), ChargeZeroSeconds: b[20] == 1,
	}
	if err := t.Validate(); err != nil {
		return Terms{}, counts{}, err
	}
	if b[20] > 1 || b[21]|b[22]|b[23] != 0 {
		return Terms{}, counts{}, fmt.Errorf("header bytes 20 to 23 are % x, want 00 or 01, then zeros", b[20:24])
	}
	c := counts{
		entries: binary.LittleEndian.Uint32(b[24:]), records: binary.LittleEndian.Uint32(b[28:]),
		names: binary.LittleEndian.Uint32(b[32:]), text: binary.LittleEndian.Uint32(b[36:]),
	}
	if c.entries > MaxRates || c.records > c.entries || c.names > c.entries {
		return Terms{}, counts{}, fmt.Errorf("%d rates, %d records and %d names, want at most %d rates and no more of the others than rates",
			c.entries, c.records, c.names, MaxRates)
	}
	return t, c, nil
}
