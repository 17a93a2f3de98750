package twin

import "strings"

// none is the match of a row that asks for no caller: below one of 0 digits.
const none = -1

// callerMatch returns how many digits of the caller a row matches, none where
// it asks for no caller, and whether it holds for the caller at all.
func (p pricing) callerMatch(r Rate) (digits int, holds bool) {
	switch {
	case r.Local:
		return p.inArea(r.Area)
	case r.Origin != "":
		return p.inGroup(r.Origin)
	}
	return none, true
}

// inArea reports whether the caller begins with the prefix of any row of the
// area, and how many digits the longest of these has.
func (p pricing) inArea(area string) (digits int, in bool) {
	var prefixes []string
	for _, r := range p.rates {
		if r.Area == area && r.Service == "" {
			prefixes = append(prefixes, r.Prefix)
		}
	}
	return longest(prefixes, p.caller)
}

// inGroup reports whether the caller is in a group of callers.
func (p pricing) inGroup(name string) (digits int, in bool) {
	for _, group := range p.Origins {
		if group.Name != name {
			continue
		}
		digits, in = longest(group.Prefixes, p.caller)
		return digits, in || group.Invalid && p.callerInvalid()
	}
	panic("twin: no origin group " + name)
}

// callerInvalid reports whether the caller is missing, has under 5 or over 15
// digits, or is of no known country.
func (p pricing) callerInvalid() bool {
	return len(p.caller) < 5 || len(p.caller) > 15 || p.usage.CallerRegion == ""
}

// longest returns the digits of the longest of the prefixes that number begins
// with, and whether there is one.
func longest(prefixes []string, number string) (digits int, found bool) {
	if !isNumber(number) {
		return 0, false
	}
	for _, prefix := range prefixes {
		if strings.HasPrefix(number, prefix) {
			digits, found = max(digits, len(prefix)), true
		}
	}
	return digits, found
}
