package table

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

const digits = 15 // significant digits of a number in a spreadsheet

// Number is the text of a number that a workbook stores as a double: rounded
// to 15 significant digits, as spreadsheet programs compute and show, without
// exponent and without zeros at the end. 0.0495, stored as
// 4.9500000000000002E-2, is "0.0495". The digits of a whole number beyond the
// fifteenth are zeros: they were lost when it was typed. Beyond 1e21 and below
// 1e-20 the text is scientific. This is the one place where a stored double
// becomes decimal text; everything after it is exact.
func Number(v float64) string {
	return string(appendNumber(nil, v))
}

func appendNumber(to []byte, v float64) []byte {
	if v == 0 {
		return append(to, '0') // -0, too
	}
	var room [32]byte
	e := strconv.AppendFloat(room[:0], v, 'e', digits-1, 64)
	at := bytes.IndexByte(e, 'e')
	exp, err := strconv.Atoi(string(e[at+1:]))
	if at < 0 || err != nil {
		return append(to, e...) // NaN, Inf
	}
	if e[0] == '-' {
		to, e, at = append(to, '-'), e[1:], at-1
	}
	mantissa := bytes.TrimRight(append(e[:1:1], e[2:at]...), "0")
	switch {
	case exp >= 21 || exp < -20:
		to = append(to, mantissa[0])
		if len(mantissa) > 1 {
			to = append(append(to, '.'), mantissa[1:]...)
		}
		return strconv.AppendInt(append(to, 'e'), int64(exp), 10)
	case exp < 0:
		to = append(to, "0."...)
		for range -exp - 1 {
			to = append(to, '0')
		}
		return append(to, mantissa...)
	case len(mantissa) <= exp+1:
		to = append(to, mantissa...)
		for range exp + 1 - len(mantissa) {
			to = append(to, '0')
		}
		return to
	}
	to = append(to, mantissa[:exp+1]...)
	return append(append(to, '.'), mantissa[exp+1:]...)
}

// appendStored appends the text of a number as .xlsx stores it, in decimals.
// Few digits are what they are; false = it is no number.
func appendStored(to, stored []byte) ([]byte, bool) {
	if short(stored) {
		return append(to, stored...), true
	}
	v, err := strconv.ParseFloat(string(stored), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return to, false
	}
	return appendNumber(to, v), true
}

// short reports whether stored is as Number would write it: at most 15 digits,
// no exponent, no zeros that say nothing.
func short(stored []byte) bool {
	b := bytes.TrimPrefix(stored, []byte("-"))
	whole, fraction, point := bytes.Cut(b, []byte("."))
	n := len(whole) + len(fraction)
	if n == 0 || n > digits || len(whole) == 0 || whole[0] == '0' && (len(whole) > 1 || !point && len(b) < len(stored)) {
		return false
	}
	if point && (len(fraction) == 0 || fraction[len(fraction)-1] == '0') {
		return false
	}
	for _, c := range whole {
		if !digit(c) {
			return false
		}
	}
	for _, c := range fraction {
		if !digit(c) {
			return false
		}
	}
	return true
}

// DateText is the text of a serial date: days since the end of 1899, or of 1903
// in a workbook of the 1904 system; "2026-09-23", with a time of day
// "2026-09-23 12:30:00", to the second, and "12:30:00" for a time without a
// day. Day 60 of 1900 is 29 February, which never was, as in Excel; it and what
// is no date up to the year 9999 is false.
func DateText(serial float64, date1904 bool) (string, bool) {
	const day = 86400
	if !(serial >= 0 && serial < 2_958_466) {
		return "", false
	}
	seconds := int64(math.Round(serial * day))
	days := seconds / day
	if days == 0 && !date1904 {
		return time.Unix(seconds, 0).UTC().Format(time.TimeOnly), true
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date1904:
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days == 60:
		return "", false
	case days < 60:
		epoch = epoch.AddDate(0, 0, 1)
	}
	t := epoch.AddDate(0, 0, int(days)).Add(time.Duration(seconds%day) * time.Second)
	switch {
	case t.Year() > 9999:
		return "", false
	case seconds%day == 0:
		return t.Format(time.DateOnly), true
	}
	return t.Format(time.DateTime), true
}

// IsDateFormat reports whether a number format, its code or the id of one that
// is built in, shows a date or a time (ECMA-376 part 1, 18.8.30 and 18.8.31).
func IsDateFormat(id int, code string) bool {
	if code == "" {
		return 14 <= id && id <= 22 || 27 <= id && id <= 36 || 45 <= id && id <= 47 || 50 <= id && id <= 58
	}
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '\\', '_', '*': // what follows is shown, or is as wide
			i++
		case '"':
			for i++; i < len(code) && code[i] != '"'; i++ {
			}
		case '[':
			from := i + 1
			for i++; i < len(code) && code[i] != ']'; i++ {
			}
			if elapsed(code[from:i]) {
				return true
			}
		case 'y', 'Y', 'm', 'M', 'd', 'D', 'h', 'H', 's', 'S':
			return true
		}
	}
	return false
}

// elapsed reports whether a bracket is [h], [mm] or [ss], not a colour, a
// condition or a currency.
func elapsed(s string) bool {
	for _, c := range s {
		switch c {
		case 'h', 'H', 'm', 'M', 's', 'S':
		default:
			return false
		}
	}
	return s != ""
}
