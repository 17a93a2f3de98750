package impact

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
	"github.com/tollbook/tollbook/shared/money"
)

// joinMemory is what bringing the charges of a record together holds, in bytes.
const joinMemory = 64 << 20

// joiner brings the charges of each record together: months have them by account,
// customers' and suppliers' apart. A record is a line of a revision of a batch.
type joiner struct {
	sorter *extsort.Sorter
	key    [8]byte
	value  []byte
}

// A key is one word, and no two charges have one, so that most comparisons are of
// two words: the number of a batch's revision, the line, role and level.
const (
	lineBits = 36
	roleBits = 6
	maxLine  = 1<<lineBits - 1
	maxBatch = 1<<(64-lineBits-roleBits) - 1
)

func newJoiner(sorter *extsort.Sorter) *joiner { return &joiner{sorter: sorter} }

func (j *joiner) close(ctx context.Context) error { return j.sorter.Close(ctx) }

// Bits of a stored charge.
const (
	isCompared = 1 << iota
	isForeign
	wasRated
	isRated
)

// add takes a charge of a line.
func (j *joiner) add(ctx context.Context, batch uint32, line int64, c *charge) error {
	if batch > maxBatch || line < 0 || line > maxLine {
		return fmt.Errorf("line %d of batch %d: want at most line %d of %d batches: %w", line, batch, int64(maxLine), maxBatch+1, ledger.ErrState)
	}
	record := uint64(batch)<<lineBits | uint64(line)
	binary.BigEndian.PutUint64(j.key[:], record<<roleBits|uint64(c.role)<<4|uint64(c.level))
	bits := byte(0)
	for i, is := range [...]bool{c.compared, c.foreign, c.old.rated, c.new.rated} {
		if is {
			bits |= 1 << i
		}
	}
	v := append(j.value[:0], bits)
	v = binary.AppendUvarint(v, uint64(c.account))
	if c.old.rated {
		v = appendOutcome(v, &c.old)
	}
	if c.compared {
		v = binary.AppendUvarint(v, uint64(c.destination))
		if c.new.rated {
			v = appendOutcome(v, &c.new)
		}
	}
	j.value = v
	return j.sorter.Add(ctx, j.key[:], v)
}

func appendOutcome(v []byte, o *outcome) []byte {
	neg, hi, lo, decimals := o.amount.Bits()
	sign := byte(0)
	if neg {
		sign = 1
	}
	v = append(v, sign, decimals)
	return binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(v, hi), lo), o.seconds)
}

// each calls f with the charges of each record, valid during the call.
func (j *joiner) each(ctx context.Context, f func([]charge) error) error {
	at := uint64(0)
	var record []charge
	err := j.sorter.Each(ctx, func(key, value []byte) error {
		word := binary.BigEndian.Uint64(key)
		if next := word >> roleBits; next != at || len(record) == 0 {
			if len(record) > 0 {
				if err := f(record); err != nil {
					return err
				}
			}
			at, record = next, record[:0]
		}
		record = append(record, charge{role: call.Role(word >> 4 & 3), level: uint8(word & 15)})
		return record[len(record)-1].read(value)
	})
	if err == nil && len(record) > 0 {
		err = f(record)
	}
	if err != nil {
		return fmt.Errorf("adding up records: %w", err)
	}
	return nil
}

var errSorted = errors.New("a sorted charge is damaged")

// stored reads what a joiner stored.
type stored struct {
	b      []byte
	failed bool
}

func (s *stored) byte() byte {
	if len(s.b) == 0 {
		s.failed = true
		return 0
	}
	b := s.b[0]
	s.b = s.b[1:]
	return b
}

func (s *stored) number() uint64 {
	v, n := binary.Uvarint(s.b)
	if n <= 0 {
		s.failed = true
		return 0
	}
	s.b = s.b[n:]
	return v
}

func (s *stored) outcome() outcome {
	sign, decimals := s.byte(), s.byte()
	hi, lo := s.number(), s.number()
	a, err := money.FromBits(sign == 1, hi, lo, decimals)
	s.failed = s.failed || err != nil
	return outcome{rated: true, amount: a, seconds: s.number()}
}

// read reads what add stored.
func (c *charge) read(value []byte) error {
	s := stored{b: value}
	bits := s.byte()
	c.compared, c.foreign = bits&isCompared != 0, bits&isForeign != 0
	c.account = uint32(s.number())
	if bits&wasRated != 0 {
		c.old = s.outcome()
	}
	if c.new = c.old; c.compared {
		c.destination, c.new = uint32(s.number()), outcome{}
		if bits&isRated != 0 {
			c.new = s.outcome()
		}
	}
	if s.failed || len(s.b) > 0 {
		return fmt.Errorf("%w: %w", errSorted, ledger.ErrDamaged)
	}
	return nil
}
