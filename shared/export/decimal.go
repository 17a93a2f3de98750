package export

import (
	"encoding/binary"
	"fmt"

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
