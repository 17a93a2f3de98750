package export

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tollbook/tollbook/shared/money"
)

// precision is how many digits an amount of a Parquet file may have: what
// DuckDB, BigQuery and Spark can all hold.
const precision = 38

// decimalSize is how many bytes an amount takes: precision digits need 127 bits.
const decimalSize = 16

// 10^38, which no amount may reach.
const limitHi, limitLo = 0x4b3b4ca85a86c47a, 0x098a224000000000

// appendDecimal appends an amount, counted in 10^-scale, as a big-endian number
// in two's complement.
func appendDecimal(dst []byte, a money.Amount, scale int) ([]byte, error) {
	if a.Decimals() != scale {
		same, err := a.Round(scale, money.Down)
		if err != nil {
			return dst, fmt.Errorf("amount %s with %d decimals: %w", a, scale, err)
		}
		if !same.Equal(a) {
			return dst, fmt.Errorf("amount %s with %d decimals: %w", a, scale, money.ErrInexact)
		}
		a = same
	}
	neg, hi, lo, _ := a.Bits()
	if hi > limitHi || hi == limitHi && lo >= limitLo {
		return dst, fmt.Errorf("amount %s has more than %d digits: %w", a, precision, money.ErrOverflow)
	}
	if neg {
		hi, lo = ^hi, -lo
		if lo == 0 {
			hi++
		}
	}
	dst = binary.BigEndian.AppendUint64(dst, hi)
	return binary.BigEndian.AppendUint64(dst, lo), nil
}

// amountType is a decimal whose files tell readers no bounds that would be wrong.
// The library compares bytes, to which amounts below zero are the largest, and
// its index of pages leaves out those without an amount.
type amountType struct{ parquet.Type }

// NewColumnIndexer returns an indexer of pages that may hold any amount.
func (amountType) NewColumnIndexer(int) parquet.ColumnIndexer { return &amountIndexer{} }

type amountIndexer struct{ nulls, values []int64 }

// Reset forgets the pages.
func (x *amountIndexer) Reset() { x.nulls, x.values = x.nulls[:0], x.values[:0] }

// IndexPage takes a page; its bounds are not used.
func (x *amountIndexer) IndexPage(numValues, numNulls int64, _, _ parquet.Value) {
	x.nulls, x.values = append(x.nulls, numNulls), append(x.values, numValues)
}

// ColumnIndex returns the widest bounds of every page that has an amount.
func (x *amountIndexer) ColumnIndex() format.ColumnIndex {
	most := binary.BigEndian.AppendUint64(nil, limitHi)
	most = binary.BigEndian.AppendUint64(most, limitLo-1)
	least := binary.BigEndian.AppendUint64(nil, ^uint64(limitHi))
	least = binary.BigEndian.AppendUint64(least, ^uint64(limitLo)+2) // -(10^38 - 1)
	out := format.ColumnIndex{BoundaryOrder: format.Unordered}
	for i, nulls := range x.nulls {
		out.NullPages = append(out.NullPages, nulls == x.values[i])
		out.NullCounts = append(out.NullCounts, nulls)
		if nulls == x.values[i] {
			out.MinValues, out.MaxValues = append(out.MinValues, []byte{}), append(out.MaxValues, []byte{})
			continue
		}
		out.MinValues, out.MaxValues = append(out.MinValues, least), append(out.MaxValues, most)
	}
	return out
}
