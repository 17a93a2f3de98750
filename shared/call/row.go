package call

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/money"
)

// Row is a record with everything that became of it: what a batch priced and,
// after the fold, what is due. Report rows (rejected, ignored) are Rows too, as
// far as they could be read.
type Row struct {
	Record
	Line   int64        // in its file, 1-based, where the record begins
	Status Status       // Rated and Unrated rows are accepted; the fold may make them Duplicate or Superseded
	Reason Reason       // empty when rated
	Image  uint32       // index of the card image it was priced under, in its part's table
	Prefix int          // matched digits of BNumber, or with ByLRN of LRN
	Billed uint64       // seconds, or the kind's units
	Charge money.Amount // before the bundle; only of rated rows
	Batch  uint32       // index of its batch in the manifest; set by the fold

	Covered uint64       // seconds the bundle paid; set by the fold
	Due     money.Amount // after the bundle; set by the fold

	Column, Value, Want string // of a rejected row: what was wrong and what would be right
}

// PrefixDigits returns the digits that the longest match took, of the number
// that was priced.
func (r *Row) PrefixDigits() string {
	number := r.BNumber
	if r.Flags.Has(ByLRN) {
		number = r.LRN
	}
	if r.Prefix <= 0 || r.Prefix > len(number) {
		return ""
	}
	return number[:r.Prefix]
}

// AppendRow appends the stored form of r to dst.
func AppendRow(dst []byte, r *Row) []byte {
	for _, s := range [...]string{r.Feed, r.CallID, r.Leg, r.Account, r.ANumber, r.BNumber, r.LRN, r.ALRN, r.Service, r.Tag, r.Trunk, r.AccountRaw, r.ARaw, r.BRaw, string(r.Reason), r.Column, r.Value, r.Want} {
		dst = appendString(dst, s)
	}
	dst = binary.AppendVarint(dst, r.Instant)
	for _, n := range [...]uint64{
		r.Version, uint64(r.Duration.Nanos), uint64(r.Duration.Decimals), uint64(r.Flags), uint64(r.Line),
		uint64(r.Kind), r.Units, uint64(r.Direction), uint64(r.Status), uint64(r.Image), uint64(r.Prefix), r.Billed, uint64(r.Batch), r.Covered,
	} {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = appendAmount(dst, r.Charge)
	return appendAmount(dst, r.Due)
}

func appendAmount(dst []byte, a money.Amount) []byte {
	neg, hi, lo, decimals := a.Bits()
	head := decimals << 1
	if neg {
		head |= 1
	}
	dst = append(dst, head)
	dst = binary.AppendUvarint(dst, hi)
	return binary.AppendUvarint(dst, lo)
}

var errRow = errors.New("stored row is damaged")

// ParseRow reads what AppendRow wrote, into r. All of b must be the row.
func ParseRow(b []byte, r *Row) error {
	d := decoder{b: b}
	for _, s := range [...]*string{&r.Feed, &r.CallID, &r.Leg, &r.Account, &r.ANumber, &r.BNumber, &r.LRN, &r.ALRN, &r.Service, &r.Tag, &r.Trunk, &r.AccountRaw, &r.ARaw, &r.BRaw, (*string)(&r.Reason), &r.Column, &r.Value, &r.Want} {
		*s = d.string()
	}
	r.Instant = d.varint()
	r.Version = d.uvarint()
	r.Duration.Nanos = int64(d.uvarint())
	r.Duration.Decimals = uint8(d.uvarint())
	r.Flags = Flags(d.uvarint())
	r.Line = int64(d.uvarint())
	r.Kind = Kind(min(d.uvarint(), Kinds))
	r.Units = d.uvarint()
	r.Direction = Direction(d.uvarint())
	r.Status = Status(d.uvarint())
	r.Image = uint32(d.uvarint())
	r.Prefix = int(d.uvarint())
	r.Billed = d.uvarint()
	r.Batch = uint32(d.uvarint())
	r.Covered = d.uvarint()
	r.Charge = d.amount()
	r.Due = d.amount()
	if d.err == nil && !r.Kind.Valid() {
		d.fail()
	}
	if d.err != nil {
		return d.err
	}
	if len(d.b) != 0 {
		return fmt.Errorf("%w: %d bytes too many", errRow, len(d.b))
	}
	return nil
}

// decoder reads fields one after the other and keeps the first error.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errRow
	}
	d.b = nil
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) amount() money.Amount {
	if len(d.b) == 0 {
		d.fail()
		return money.Amount{}
	}
	head := d.b[0]
	d.b = d.b[1:]
	hi, lo := d.uvarint(), d.uvarint()
	if d.err != nil {
		return money.Amount{}
	}
	a, err := money.FromBits(head&1 != 0, hi, lo, head>>1)
	if err != nil {
		d.err = fmt.Errorf("%w: %w", errRow, err)
	}
	return a
}
