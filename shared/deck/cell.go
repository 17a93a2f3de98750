package deck

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

const (
	maxPriceChars = 64 // of a price: more is no number a person wrote
	blockedPrice  = money.Price(-1_000_000_000_000)
)

// unwrap takes off what spreadsheets put around a number to keep its digits:
// spaces, ="…" and a leading apostrophe.
func unwrap(cell []byte) []byte {
	cell = bytes.TrimSpace(cell)
	if inner, ok := bytes.CutPrefix(cell, []byte(`="`)); ok {
		if inner, ok = bytes.CutSuffix(inner, []byte(`"`)); ok {
			cell = inner
		}
	}
	return bytes.TrimSpace(bytes.TrimPrefix(cell, []byte("'")))
}

// parsePrefix reads a dialling code; want is empty when it is one. Spaces, a
// leading plus and a leading 00 are not part of it.
func parsePrefix(cell []byte) (digits, want string) {
	s := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, string(unwrap(cell)))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "+"), "00")
	switch {
	case s == "":
		return "", "digits: a row without a prefix would price every number"
	case scientific(s):
		return "", "all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again"
	case strings.Trim(s, "0123456789") != "":
		return "", "one prefix of digits only"
	case len(s) > rating.MaxPrefix:
		return "", fmt.Sprintf("at most %d digits", rating.MaxPrefix)
	}
	return s, ""
}

// scientific reports whether s is a number such as 1.4E+10.
func scientific(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(s), "e")
	return ok && mantissa != "" && exponent != "" &&
		strings.Trim(mantissa, "0123456789.,") == "" && strings.Trim(exponent, "0123456789+-") == ""
}

// parseName reads a destination: white space and control characters are one
// space each.
func parseName(cell []byte) (name, want string) {
	name = strings.Join(strings.FieldsFunc(string(cell), func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c)
	}), " ")
	if len(name) > rating.MaxDestination {
		return "", fmt.Sprintf("a name of at most %d bytes", rating.MaxDestination)
	}
	return name, ""
}

// decimals is what the prices of a file say about its decimal sign.
type decimals struct {
	points, commas         int64 // cells that can only have a decimal point; comma
	firstPoint, firstComma int64 // their first lines
}

// see takes a price cell as evidence. Of two kinds of signs the last is the
// decimal sign, and a sign that is there twice is not.
func (d *decimals) see(line int64, cell []byte) {
	cell = unwrap(cell)
	if len(cell) > maxPriceChars || len(bytes.Trim(cell, "+-0123456789.,")) > 0 {
		return
	}
	points, commas := bytes.Count(cell, []byte(".")), bytes.Count(cell, []byte(","))
	last := bytes.LastIndexAny(cell, ".,")
	switch {
	case last < 0 || points > 1 && commas > 1:
	case points == 0 && commas > 1 || points > 0 && cell[last] == '.' && points == 1:
		if d.points++; d.firstPoint == 0 {
			d.firstPoint = line
		}
	default:
		if d.commas++; d.firstComma == 0 {
			d.firstComma = line
		}
	}
}

// comma reports whether the file has decimal commas. Where the cells disagree
// the few are the errors; of equally many, the commas.
func (d *decimals) comma() bool { return d.commas > d.points }

// parsePrice reads a price per minute or a fee; want is empty when it is one.
func (d *decimals) parsePrice(cell []byte) (p money.Price, want string) {
	s := string(unwrap(cell))
	signs := strings.Count(s, ".") + strings.Count(s, ",")
	switch {
	case s == "":
		return 0, "a price"
	case scientific(s):
		return 0, "all digits of the price, not powers of ten; format the column as a number and export again"
	case len(s) > maxPriceChars || strings.Trim(s, "+-0123456789.,") != "":
		return 0, "a plain number such as 0.0123, without currency sign, unit or spaces"
	case signs > 1:
		return 0, "one decimal sign and no thousands separators"
	case d.comma() && strings.Contains(s, "."):
		return 0, fmt.Sprintf("a decimal comma as in line %d: one decimal sign in the whole file", d.firstComma)
	case !d.comma() && strings.Contains(s, ","):
		return 0, fmt.Sprintf("a decimal point as in line %d: one decimal sign in the whole file", d.firstPoint)
	}
	p, err := money.ParsePrice(strings.Replace(s, ",", ".", 1))
	switch {
	case errors.Is(err, money.ErrInexact):
		return 0, fmt.Sprintf("at most %d decimals", money.PriceDecimals)
	case errors.Is(err, money.ErrOverflow):
		return 0, fmt.Sprintf("at most %s", money.Price(1<<63-1))
	case err != nil:
		return 0, fmt.Sprintf("a number such as 0.0123 of at most %d decimals", money.PriceDecimals)
	}
	return p, ""
}

// blockedWord reports whether a price cell says Blocked instead of a price.
func blockedWord(cell []byte) bool {
	return strings.EqualFold(string(unwrap(cell)), "blocked")
}

// parseUnits reads an interval in seconds, or in what else is counted; want is
// empty when it is one.
func parseUnits(cell []byte, limit uint64) (units uint32, want string) {
	n, err := strconv.ParseUint(string(unwrap(cell)), 10, 32)
	if err != nil || n > limit {
		return 0, fmt.Sprintf("whole seconds, 0 to %d", limit)
	}
	return uint32(n), ""
}

// ParseIncrements reads interval 1 and interval N as decks write them together:
// "60/1" or "60+1", seconds of 0 to rating.MaxInterval.
func ParseIncrements(s string) (interval1, intervalN uint32, err error) {
	return parseIncrements(s, rating.MaxInterval)
}

func parseIncrements(s string, limit uint64) (interval1, intervalN uint32, err error) {
	first, next, ok := strings.Cut(s, "/")
	if !ok {
		first, next, ok = strings.Cut(s, "+")
	}
	if ok {
		var want1, wantN string
		interval1, want1 = parseUnits([]byte(first), limit)
		intervalN, wantN = parseUnits([]byte(next), limit)
		ok = want1 == "" && wantN == ""
	}
	if !ok {
		return 0, 0, fmt.Errorf("increments %q: want %s", clip(s), wantIncrements)
	}
	return interval1, intervalN, nil
}

const wantIncrements = "first interval and pulse in seconds, such as 60/1 or 60+1"

// parseBlocked reads a blocked or forbidden flag; want is empty when it is one.
func parseBlocked(cell []byte) (on bool, want string) {
	switch strings.ToLower(string(unwrap(cell))) {
	case "1", "true", "yes", "y", "blocked", "forbidden":
		return true, ""
	case "", "0", "false", "no", "n":
		return false, ""
	}
	return false, "1 or 0, yes or no, true or false, or blocked"
}

// blockedStatus reports whether a status is the word for a blocked rate.
// Numbers are not taken for it: OV500 writes 1 for an active rate.
func blockedStatus(cell []byte) bool {
	s := string(unwrap(cell))
	return strings.EqualFold(s, "blocked") || strings.EqualFold(s, "forbidden")
}
