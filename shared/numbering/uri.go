package numbering

import "bytes"

// address returns the number in a SIP or tel URI (RFC 3261, RFC 3966), with or
// without its scheme, host and parameters, in <> with a name before it or not.
// context is the digits of the number's phone-context, where that is global:
// the code that the number is local to.
func address(b []byte) (number, context []byte) {
	b = inAngles(b)
	local := b
	for _, scheme := range [...]string{"sips:", "sip:", "tel:"} {
		if len(b) >= len(scheme) && equalFold(b[:len(scheme)], scheme) {
			local = b[len(scheme):]
			break
		}
	}
	local, _, _ = bytes.Cut(local, []byte{'@'})
	number, parameters, _ := bytes.Cut(local, []byte{';'})
	number, _, _ = bytes.Cut(number, []byte{'?'})
	number, _, _ = bytes.Cut(number, []byte{':'}) // a password, or a port
	return bytes.TrimSpace(number), phoneContext(parameters)
}

// inAngles returns what is between < and >, after a quoted name that may hold
// both; b where there is none.
func inAngles(b []byte) []byte {
	rest := b
	if len(rest) > 0 && rest[0] == '"' {
		for i := 1; i < len(rest); i++ {
			if rest[i] == '\\' {
				i++
			} else if rest[i] == '"' {
				rest = rest[i+1:]
				break
			}
		}
	}
	_, inner, ok := bytes.Cut(rest, []byte{'<'})
	if !ok {
		return b
	}
	inner, _, _ = bytes.Cut(inner, []byte{'>'})
	return bytes.TrimSpace(inner)
}

// maxContext is above any country code with an area code.
const maxContext = 7

// phoneContext returns the digits of a global phone-context among parameters.
// One that is a domain, or has other characters or more digits than a code, is
// no help.
func phoneContext(parameters []byte) []byte {
	const name = "phone-context="
	for len(parameters) > 0 {
		var p []byte
		p, parameters, _ = bytes.Cut(parameters, []byte{';'})
		if len(p) < len(name) || !equalFold(p[:len(name)], name) {
			continue
		}
		digits, ok := bytes.CutPrefix(p[len(name):], []byte{'+'})
		if !ok || len(digits) > maxContext || !digitsOnly(digits) {
			return nil
		}
		return digits
	}
	return nil
}

// unescape returns the character that %XX at the start of b stands for, % if
// it stands for none that numbers have.
func unescape(b []byte) byte {
	if len(b) < 3 {
		return '%'
	}
	high, low := hex(b[1]), hex(b[2])
	if c := high<<4 | low; high < 8 && low < 16 && c != '%' {
		return c
	}
	return '%'
}

func hex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xFF
}

// equalFold compares with a text in small letters.
func equalFold(b []byte, lower string) bool {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
