package cells

import (
	"bytes"
	"strings"
)

// survey counts the items, and decides whether the first one's head is that of
// the whole list. it is the last of them.
func (l *codeList) survey(text []byte, it *item) error {
	items := items{rest: text}
	var bareBuf [maxCode]byte
	var bare []byte // the first other item without a space
	spaced, begins, zeros, short := false, false, true, false
	for t := items.next(); t != nil; t = items.next() {
		if l.count++; l.count > l.rules.MaxCodes {
			return want("at most %d codes in a cell", l.rules.MaxCodes)
		}
		if err := it.scan(t, l.rules.Strip); err != nil {
			return err
		}
		if err := it.resolve(); err != nil {
			return err
		}
		left := it.left()
		switch {
		case l.count == 1:
			if l.headParts = len(left); l.headParts > 1 {
				l.head = left[0]
			}
		case it.whole || l.headParts < 2:
		case len(left) > 1:
			spaced = true
			short = short || len(left) < l.headParts && !bytes.Equal(left[0], l.head)
		default:
			if bare == nil {
				bare = append(bareBuf[:0], left[0][:min(len(left[0]), maxCode)]...)
			}
			begins = begins || bytes.HasPrefix(left[0], l.head)
			zeros = zeros && left[0][0] == '0'
		}
	}
	switch {
	case l.count == 0:
		return &wantNoCode
	case l.count > 1 && len(l.country) == 0 && thousands(text):
		return oneReading("the codes "+string(text), "the code "+strings.ReplaceAll(string(text), ",", "")+" with thousands separators",
			"put a space behind the commas of a list, and no comma into a code")
	case bare != nil:
		alone := isCallingCode(l.head) && !begins || !isCallingCode(l.head) && zeros
		if spaced || !alone || len(l.country) > 0 && !bytes.Equal(l.head, l.country) {
			return oneReading(string(bare), string(l.head)+string(bare), "write every code of the list whole, without spaces")
		}
		l.once = true
	case short:
		return oneReading("a list of whole codes", "codes that all begin with "+clip(l.head), "write every code of the list whole, without spaces")
	}
	return nil
}

// thousands reports whether the digits may be one number with thousands
// separators. Groups of one country are a list: 336,337; so are country codes.
func thousands(text []byte) bool {
	first, _, _ := bytes.Cut(text, []byte(","))
	if len(first) > 3 || digits(first) != len(first) || len(text) > maxCode+maxCode/3 {
		return false
	}
	alike, callingCodes := len(first) == 3, isCallingCode(first) && len(first) == 3
	for rest := text; len(rest) > 0; {
		var group []byte
		group, rest, _ = bytes.Cut(rest, []byte(","))
		if digits(group) != len(group) || len(group) != 3 && len(rest) != len(text)-len(first)-1 {
			return false
		}
		alike, callingCodes = alike && sameCountry(first, group), callingCodes && isCallingCode(group)
	}
	return !alike && !callingCodes
}

// items walks over the items of a cell, between commas, semicolons, slashes and
// line breaks. Empty ones say nothing: a list may end with its separator, or
// break its line behind one.
type items struct {
	rest         []byte
	slash, after bool // a slash stands before the item; behind it
}

// next returns the next item, nil at the end.
func (l *items) next() []byte {
	l.slash, l.after = l.after, false
	for len(l.rest) > 0 {
		text, separator := l.rest, byte(0)
		if end := bytes.IndexAny(l.rest, ",;/\r\n"); end >= 0 {
			text, separator = l.rest[:end], l.rest[end]
			l.rest = l.rest[end+1:]
		} else {
			l.rest = nil
		}
		if text = trim(text); len(text) > 0 {
			l.after = separator == '/'
			return text
		}
		l.slash = l.slash || separator == '/'
	}
	return nil
}
