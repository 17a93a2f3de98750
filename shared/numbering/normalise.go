package numbering

import (
	"bytes"
	"strings"
)

// MaxDigits is the most digits of a normalised number, as call.MaxNumber.
const MaxDigits = 32

// Kind is what a text turned out to be.
type Kind uint8

// The kinds. Number, Short and Service have digits, the others none.
const (
	Number    Kind = iota + 1 // E.164 without plus, as far as the rules can tell
	Short                     // fewer than ShortDigits digits: an extension or a short code
	Service                   // the digits of a code that begins with * or #
	Withheld                  // empty, or a word for a number that is not shown
	Malformed                 // no number
	TooLong                   // more than MaxDigits digits
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Number:
		return "number"
	case Short:
		return "short"
	case Service:
		return "service"
	case Withheld:
		return "withheld"
	case Malformed:
		return "malformed"
	case TooLong:
		return "too_long"
	}
	return "none"
}

// HasDigits reports whether Append appended something.
func (k Kind) HasDigits() bool { return k >= Number && k <= Service }

// maxCollected bounds what is read of a text: a number and all prefixes.
const maxCollected = 3*maxRulePrefix + MaxDigits

// Append appends the digits of a number as a switch wrote it, in E.164 without
// plus, and says what it is; where that has no digits, it appends nothing. It
// allocates only to grow dst. The rules must be valid.
//
// Spaces, - . ( ) / are taken off; then, each where the rules have it and in
// this order: the address around the number, a service code, a tech prefix,
// plus or an international prefix; what has neither of these two gets the
// country code if it is national. A number with a plus is taken as it is, so
// the digits of a Number or a Short, with a plus before them, give themselves.
func (r *Rules) Append(dst, raw []byte) ([]byte, Kind) {
	b := bytes.TrimSpace(raw)
	var context []byte
	if r.URIs {
		b, context = address(b)
	}
	if isWithheld(b) {
		return dst, Withheld
	}
	if c := b[0]; c == '*' || c == '#' {
		rest, ok := r.afterCode(b)
		if !ok {
			return r.appendService(dst, b)
		}
		b = rest
	}
	start := len(dst)
	dst, global, kind := r.collect(dst, b)
	if kind != 0 {
		return dst[:start], kind
	}
	if !global {
		dst = r.complete(dst, start, context)
	}
	switch n := len(dst) - start; {
	case n == 0:
		return dst, Malformed
	case n > MaxDigits:
		return dst[:start], TooLong
	case n < ShortDigits:
		return dst, Short
	}
	return dst, Number
}

// collect appends the digits of b without what the rules take off its front.
// global is true if they are in E.164; kind is 0 if there is nothing wrong.
func (r *Rules) collect(dst, b []byte) (_ []byte, global bool, kind Kind) {
	start, plus, hash, tech := len(dst), false, false, false
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '%' && r.URIs {
			if c = unescape(b[i:]); c != '%' {
				i += 2
			}
		}
		if isDigit(c) {
			if len(dst)-start == maxCollected {
				return dst, false, TooLong
			}
			dst = append(dst, c)
			continue
		}
		switch {
		case c == '(' && (plus || len(dst) > start) && r.bracketed(b[i:]):
			i += len(r.NationalPrefix) + 1
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/':
		case bytes.HasPrefix(b[i:], []byte("\u00A0")):
			i++
		case c == '#' && !plus && !hash && r.isTech(dst[start:]):
			dst, hash = dst[:start], true
		case c == '+' && !plus && (len(dst) == start || !hash && r.isTech(dst[start:])):
			dst, plus = dst[:start], true
		default:
			return dst, false, Malformed
		}
	}
	if plus {
		return dst, true, 0
	}
	if !hash {
		dst, tech = cut(dst, start, r.TechPrefixes)
	}
	if hash || tech {
		if len(dst) == start {
			return dst, false, Malformed
		}
	}
	if len(r.International) == 0 {
		dst, global = cut(dst, start, defaultInternational)
	} else {
		dst, global = cut(dst, start, r.International)
	}
	return dst, global, 0
}

var defaultInternational = []string{"00"}

// complete makes E.164 of a number without plus or international prefix.
func (r *Rules) complete(dst []byte, start int, context []byte) []byte {
	number := dst[start:]
	if len(context) > 0 {
		if r.NationalPrefix != "" && bytes.HasPrefix(number, []byte(r.NationalPrefix)) {
			dst = remove(dst, start, len(r.NationalPrefix))
		}
		return insert(dst, start, context)
	}
	switch {
	case r.CountryCode == "":
	case r.NationalPrefix != "" && bytes.HasPrefix(number, []byte(r.NationalPrefix)) && r.isNational(len(number)-len(r.NationalPrefix)):
		dst = insert(remove(dst, start, len(r.NationalPrefix)), start, r.CountryCode)
	case r.BareNational && r.isNational(len(number)):
		dst = insert(dst, start, r.CountryCode)
	}
	return dst
}

func (r *Rules) isNational(digits int) bool {
	return digits > 0 && digits >= r.MinNational && (r.MaxNational == 0 || digits <= r.MaxNational)
}

// bracketed reports whether b begins with the national prefix in brackets, as
// in +44 (0)20: it is not dialled from abroad.
func (r *Rules) bracketed(b []byte) bool {
	n := len(r.NationalPrefix)
	return n > 0 && len(b) >= n+2 && string(b[1:1+n]) == r.NationalPrefix && b[1+n] == ')'
}

// isTech reports whether the digits are all of a tech prefix.
func (r *Rules) isTech(digits []byte) bool {
	for _, p := range r.TechPrefixes {
		if len(digits) > 0 && strings.TrimSuffix(p, "#") == string(digits) {
			return true
		}
	}
	return false
}

// afterCode returns what follows the longest service code that is stripped.
func (r *Rules) afterCode(b []byte) (rest []byte, ok bool) {
	longest := 0
	for _, code := range r.StripCodes {
		if len(code) > longest && bytes.HasPrefix(b, []byte(code)) {
			longest = len(code)
		}
	}
	rest = bytes.TrimSpace(b[longest:])
	return rest, longest > 0 && len(rest) > 0
}

func (r *Rules) appendService(dst, b []byte) ([]byte, Kind) {
	if !r.KeepCodes {
		return dst, Malformed
	}
	start := len(dst)
	for _, c := range b {
		switch {
		case isDigit(c):
			if len(dst)-start == MaxDigits {
				return dst[:start], TooLong
			}
			dst = append(dst, c)
		case c == '*' || c == '#' || c == ' ' || c == '-' || c == '.':
		default:
			return dst[:start], Malformed
		}
	}
	if len(dst) == start {
		return dst, Malformed
	}
	return dst, Service
}

// cut takes the longest of the prefixes off what begins at start.
func cut(dst []byte, start int, prefixes []string) (_ []byte, found bool) {
	longest := 0
	for _, p := range prefixes {
		if len(p) > longest && bytes.HasPrefix(dst[start:], []byte(p)) {
			longest = len(p)
		}
	}
	return remove(dst, start, longest), longest > 0
}

func remove(dst []byte, at, n int) []byte { return append(dst[:at], dst[at+n:]...) }

func insert[T string | []byte](dst []byte, at int, s T) []byte {
	dst = append(dst, s...)
	copy(dst[at+len(s):], dst[at:len(dst)-len(s)])
	copy(dst[at:], s)
	return dst
}

// isWithheld reports whether b is empty or a word for a hidden number, in any
// case.
func isWithheld(b []byte) bool {
	var buf [len("unavailable")]byte
	if len(b) > len(buf) || len(b) > 0 && (isDigit(b[0]) || b[0] == '+') {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(buf[:len(b)]) {
	case "", "anonymous", "unknown", "restricted", "private", "withheld", "unavailable":
		return true
	}
	return false
}
