package events

import (
	"strings"
	"unicode"
)

// minNumber is the fewest digits that may be a subscriber's number.
const minNumber = 7

// Redact replaces what could be a telephone number by "[number]": seven digits
// or more, also if blanks, hyphens, dots, slashes or brackets stand between
// them. Errors name the value that was wrong; logs must not. It masks dates and
// long amounts too: better a log that says less.
func Redact(text string) string {
	var out strings.Builder
	rest := text
	for {
		start := strings.IndexFunc(rest, unicode.IsDigit)
		if start < 0 {
			out.WriteString(rest)
			return out.String()
		}
		digits, end := span(rest[start:])
		out.WriteString(rest[:start])
		if digits >= minNumber {
			out.WriteString("[number]")
		} else {
			out.WriteString(rest[start : start+end])
		}
		rest = rest[start+end:]
	}
}

// span counts the digits that text starts with and says where the last one ends.
func span(text string) (digits, end int) {
	gap := 0
	for i, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
			gap = 0
			end = i + len(string(r))
		case strings.ContainsRune(" -./()\u00a0", r) && gap < 2:
			gap++
		default:
			return digits, end
		}
	}
	return digits, end
}
