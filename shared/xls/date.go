package xls

import (
	"math"
	"strings"
	"time"
)

// DateText returns the text of a serial date: days, and parts of one, since
// the end of 1899, or since the first of January 1904 in a workbook that says
// so. It is "2026-09-23" at midnight, otherwise "2026-09-23 12:30:00", rounded
// to the second. Below 1 there is a time of day only: "12:30:00".
//
// It is false for what is no date: below zero, behind the year 9999, not a
// number, and Excel's 29 February 1900, a day that never was.
func DateText(serial float64, date1904 bool) (string, bool) {
	const daySeconds = 86_400
	if !(serial >= 0 && serial < 1e7) {
		return "", false
	}
	whole, part := math.Modf(serial)
	day, second := int(whole), int(math.Round(part*daySeconds))
	if second == daySeconds {
		day, second = day+1, 0
	}
	var zero time.Time // the day 0
	switch {
	case day == 0:
	case date1904:
		zero = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case day == 60:
		return "", false
	case day < 60:
		zero = time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC)
	default:
		zero = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	}
	at := zero.AddDate(0, 0, day).Add(time.Duration(second) * time.Second)
	switch {
	case at.Year() > 9999:
		return "", false
	case day == 0:
		return at.Format(time.TimeOnly), true
	case second == 0:
		return at.Format(time.DateOnly), true
	default:
		return at.Format(time.DateTime), true
	}
}

// IsDateFormat reports whether a number format shows a date or a time of day:
// by its code, or by the number id of a built-in format where code is "".
// Of a code with several sections, the first decides.
func IsDateFormat(id int, code string) bool {
	if code == "" {
		// ECMA-376 part 1, 18.8.30; 27 to 36 and 50 to 58 are dates of East Asia.
		return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
	}
	date := false
	for i := 0; i < len(code); {
		c := code[i]
		switch {
		case c == '"':
			i += skipTo(code[i+1:], '"') + 1
		case c == '\\' || c == '_' || c == '*':
			i += 1 + runeLen(code[i+1:])
		case c == '[':
			n := skipTo(code[i+1:], ']')
			// Hours, minutes or seconds that go on beyond a day, an hour, a minute.
			if inside := strings.TrimSuffix(code[i+1:i+1+n], "]"); inside != "" && strings.Trim(inside, "hmsHMS") == "" {
				date = true
			}
			i += n + 1
		case c == ';':
			return date
		case c == '.' && date:
			// Parts of a second: not the digits of a number.
			i++
			i += len(code[i:]) - len(strings.TrimLeft(code[i:], "0"))
		case c == '0' || c == '#' || c == '?':
			return false
		case letter(c):
			n := 1
			for i+n < len(code) && letter(code[i+n]) {
				n++
			}
			// "General" and "USD" are letters, too.
			word := strings.ToLower(code[i : i+n])
			if strings.Trim(word, "ymdhsabegp") == "" && strings.ContainsAny(word, "ymdhs") {
				date = true
			}
			i += n
		default:
			i++
		}
	}
	return date
}

// IsPercentFormat reports whether a number format shows a percentage, a hundred times
// what is stored: by its code, or by the number id of a built-in format where code
// is "". Of a code with several sections, the first decides.
func IsPercentFormat(id int, code string) bool {
	if code == "" {
		return id == 9 || id == 10 // ECMA-376 part 1, 18.8.30
	}
	for i := 0; i < len(code); {
		switch c := code[i]; c {
		case '"':
			i += skipTo(code[i+1:], '"') + 1
		case '\\', '_', '*':
			i += 1 + runeLen(code[i+1:])
		case '[':
			i += skipTo(code[i+1:], ']') + 1
		case '%':
			return true
		case ';':
			return false
		default:
			i++
		}
	}
	return false
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// skipTo returns the length of the text up to and with an end.
func skipTo(s string, end byte) int {
	if i := strings.IndexByte(s, end); i >= 0 {
		return i + 1
	}
	return len(s)
}

// runeLen returns the length of the first character.
func runeLen(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}
