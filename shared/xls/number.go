package xls

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
)

// Number returns the text of a stored number: the 15 significant digits that
// Excel computes with and shows, halves away from zero, as a plain decimal
// without zeros at its end. So 4.9500000000000002E-2, which is how 0.0495 is
// stored, is "0.0495". An integer of more digits ends in zeros: its true ones
// are lost. From 1e21 on, and below 1e-20, the text is scientific ("1e+300"),
// and NaN and infinities are "NaN", "+Inf" and "-Inf", for none of these is a
// price or a code.
//
// Amounts are exact elsewhere; this is the one place where a double becomes a
// decimal text. It is rounded once.
func Number(v float64) string {
	const digits = 15
	size := math.Abs(v)
	switch {
	case v == 0:
		return "0" // and so is -0
	case !(size < 1e21 && size >= 1e-20):
		return strconv.FormatFloat(v, 'e', -1, 64)
	case size < 1e15 && v == math.Trunc(v):
		return strconv.FormatInt(int64(v), 10)
	}
	if isTie(v, digits) {
		v = math.Nextafter(v, math.Copysign(math.Inf(1), v))
	}
	var store [32]byte
	text := strconv.AppendFloat(store[:0], v, 'e', digits-1, 64) // such as -4.95000000000000e-02
	out := make([]byte, 0, 48)
	if text[0] == '-' {
		out, text = append(out, '-'), text[1:]
	}
	text[1] = text[0] // the digits without their point
	mantissa := bytes.TrimRight(text[1:digits+1], "0")
	exponent, err := strconv.Atoi(string(text[digits+2:]))
	if err != nil {
		panic("xls: " + err.Error()) // strconv wrote it
	}
	switch whole := exponent + 1; { // digits in front of the point
	case whole <= 0:
		out = append(out, "0."...)
		out = append(out, zeros[:-whole]...)
		out = append(out, mantissa...)
	case whole < len(mantissa):
		out = append(out, mantissa[:whole]...)
		out = append(out, '.')
		out = append(out, mantissa[whole:]...)
	default:
		out = append(out, mantissa...)
		out = append(out, zeros[:whole-len(mantissa)]...)
	}
	return string(out)
}

const zeros = "0000000000000000000000"

// isTie reports whether v lies exactly between two decimals of so many
// significant digits: strconv rounds such a one to even.
func isTie(v float64, digits int) bool {
	var store [32]byte
	text := strconv.AppendFloat(store[:0], v, 'e', digits, 64)
	if i := bytes.IndexByte(text, 'e'); text[i-1] != '5' {
		return false
	}
	decimal, ok := new(big.Rat).SetString(string(text))
	return ok && decimal.Cmp(new(big.Rat).SetFloat64(v)) == 0
}

// rk returns the number of [MS-XLS] 2.5.217: an integer of 30 bits or the
// upper half of a double, maybe in hundredths.
func rk(bits uint32) float64 {
	var v float64
	if bits&2 != 0 {
		v = float64(int32(bits) >> 2)
	} else {
		v = math.Float64frombits(uint64(bits&^3) << 32)
	}
	if bits&1 != 0 {
		v /= 100
	}
	return v
}
