package table

import (
	"bytes"
	"math"
	"strconv"

	"github.com/tollbook/tollbook/shared/xls"
)

// appendStored appends the text of a number as .xlsx stores it, as xls.Number
// has it; false = it is no number. Few digits are what they are.
func appendStored(to, stored []byte) ([]byte, bool) {
	if short(stored) {
		return append(to, stored...), true
	}
	v, err := strconv.ParseFloat(string(stored), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return to, false
	}
	return append(to, xls.Number(v)...), true
}

// short reports whether stored is as xls.Number writes it: at most 15 digits,
// no exponent, no zeros that say nothing.
func short(stored []byte) bool {
	b := bytes.TrimPrefix(stored, []byte("-"))
	whole, fraction, point := bytes.Cut(b, []byte("."))
	switch {
	case len(whole) == 0 || len(whole)+len(fraction) > 15:
		return false
	case whole[0] == '0' && (len(whole) > 1 || !point && len(b) < len(stored)): // 007, -0
		return false
	case point && (len(fraction) == 0 || fraction[len(fraction)-1] == '0'):
		return false
	}
	return allDigits(whole) && allDigits(fraction)
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !digit(c) {
			return false
		}
	}
	return true
}
