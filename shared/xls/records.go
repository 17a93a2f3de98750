package xls

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// The records that are read, by their numbers in [MS-XLS] 2.3.1.
const (
	idFormula    = 0x0006
	idEOF        = 0x000A
	id1904       = 0x0022
	idFilePass   = 0x002F
	idTable2     = 0x0037
	idContinue   = 0x003C
	idBoundSheet = 0x0085
	idMulRK      = 0x00BD
	idRString    = 0x00D6
	idXF         = 0x00E0
	idSST        = 0x00FC
	idLabelSST   = 0x00FD
	idNumber     = 0x0203
	idLabel      = 0x0204
	idBoolErr    = 0x0205
	idString     = 0x0207
	idArray      = 0x0221
	idTable      = 0x0236
	idRK         = 0x027E
	idFormula3   = 0x0206 // some programs write a formula under its older numbers
	idFormula4   = 0x0406
	idFormat     = 0x041E
	idSharedFmla = 0x04BC
	idBOF        = 0x0809
)

const (
	biff8         = 0x0600
	worksheetType = 0x0010
)

// records reads the records of a stream one after the other.
type records struct {
	*stream
	id     uint16
	left   int // bytes of the record's data that are neither loaded nor skipped
	data   []byte
	buffer []byte
}

// next goes to the next record and reads its header only. A stream that ends
// here lacks its end.
func (r *records) next() error {
	if err := r.skip(r.left); err != nil {
		return cutOff(err)
	}
	var head [4]byte
	if err := r.read(head[:]); err != nil {
		return cutOff(err)
	}
	r.id, r.left, r.data = binary.LittleEndian.Uint16(head[:]), int(binary.LittleEndian.Uint16(head[2:])), nil
	return nil
}

// load reads the record's data, which must have least bytes.
func (r *records) load(least int) error {
	if r.left < least {
		return damage("record %04X has %d bytes, want at least %d", r.id, r.left, least)
	}
	if cap(r.buffer) < r.left {
		r.buffer = make([]byte, max(r.left, 1<<13))
	}
	r.data = r.buffer[:r.left]
	r.left = 0
	return cutOff(r.read(r.data))
}

// more loads the record that goes on with the one at hand.
func (r *records) more() error {
	was := r.id
	if err := r.next(); err != nil {
		return err
	}
	if r.id != idContinue {
		return damage("the text of a record %04X is cut off", was)
	}
	if err := r.load(1); err != nil {
		return err
	}
	r.id = was
	return nil
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damage("its records end too early")
	}
	return err
}

// take returns the next n bytes of the record, at most 8, also where they go
// on in another one.
func (r *records) take(n int) (uint64, error) {
	var b [8]byte
	for i := range b[:n] {
		if len(r.data) == 0 {
			if err := r.more(); err != nil {
				return 0, err
			}
		}
		b[i], r.data = r.data[0], r.data[1:]
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// drop passes over n bytes of the record and of those that go on with it.
func (r *records) drop(n uint64) error {
	for n > 0 {
		if len(r.data) == 0 {
			if err := r.more(); err != nil {
				return err
			}
		}
		k := min(n, uint64(len(r.data)))
		n -= k
		r.data = r.data[k:]
	}
	return nil
}

// The bits of a text's option byte.
const (
	wide     = 0x01 // UTF-16; otherwise its lower halves
	phonetic = 0x04
	rich     = 0x08
)

// appendText appends the text at hand: its length in lengthBytes bytes, its
// options, then its characters and what belongs to them. Of a text longer than
// limit, it appends no more than limit+utf8.UTFMax bytes, and more than limit.
func (r *records) appendText(dst []byte, lengthBytes, limit int) ([]byte, error) {
	n, err := r.take(lengthBytes)
	if err != nil {
		return dst, err
	}
	options, err := r.take(1)
	if err != nil {
		return dst, err
	}
	behind := uint64(0)
	if options&rich != 0 {
		runs, err := r.take(2)
		if err != nil {
			return dst, err
		}
		behind += 4 * runs
	}
	if options&phonetic != 0 {
		size, err := r.take(4)
		if err != nil {
			return dst, err
		}
		behind += size
	}
	if dst, err = r.appendChars(dst, int(n), options&wide != 0, limit); err != nil {
		return dst, err
	}
	return dst, r.drop(behind)
}

// appendChars appends n characters. Where they go on in another record, that
// one begins with options of its own, and may change the width.
func (r *records) appendChars(dst []byte, n int, isWide bool, limit int) ([]byte, error) {
	begin := len(dst)
	var high rune // the first half of a pair
	for n > 0 {
		if len(r.data) == 0 {
			if err := r.more(); err != nil {
				return dst, err
			}
			isWide = r.data[0]&wide != 0
			r.data = r.data[1:]
			continue
		}
		c := rune(r.data[0])
		if isWide {
			if len(r.data) < 2 {
				return dst, damage("a character of a record %04X is cut in half", r.id)
			}
			c |= rune(r.data[1]) << 8
			r.data = r.data[2:]
		} else {
			r.data = r.data[1:]
		}
		n--
		if len(dst)-begin > limit {
			continue
		}
		if high != 0 {
			pair := utf16.DecodeRune(high, c)
			dst, high = utf8.AppendRune(dst, pair), 0
			if pair != utf8.RuneError {
				continue
			}
		}
		if utf16.IsSurrogate(c) && c < 0xDC00 {
			high = c
			continue
		}
		dst = utf8.AppendRune(dst, c) // half a pair becomes U+FFFD
	}
	if high != 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst, nil
}
