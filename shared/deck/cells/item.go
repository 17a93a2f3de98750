package cells

import (
	"bytes"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/prefix"
)

const (
	maxCode  = prefix.MaxDigits // digits of a code: E.164 has no longer numbers
	maxParts = 16               // groups of digits in an item
	maxItem  = 200              // bytes of an item: more is no code that a person wrote
)

var (
	wantRounded  = Want{"all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again"}
	wantDigits   = Want{"codes of digits only, a list of them such as 4915, 4916, or a range such as 4915-4917"}
	wantNoCode   = Want{"digits: a row without a prefix would price every number"}
	wantBothEnds = Want{"a code on both sides of the dash"}
)

// item is what stands between two commas of a cell: groups of digits, with
// spaces or dashes between them.
type item struct {
	parts  [maxParts][]byte
	n      int
	dashes uint32 // bit i: a dash stands before part i
	to     int    // the part that the word to stands before; 0: there is none

	whole   bool // it begins with what was stripped, so that nothing goes in front
	decimal bool // a spreadsheet wrote .0 behind it

	// What resolve found. A range goes from parts[lead:cut] to parts[cut:n],
	// each behind parts[:lead]; without one cut is 0.
	lead, cut int
}

// left returns the parts of the code, or of the range's first.
func (it *item) left() [][]byte {
	if it.cut > 0 {
		return it.parts[:it.cut]
	}
	return it.parts[:it.n]
}

// scan reads an item; nothing of it is decided yet.
func (it *item) scan(text []byte, strip []string) error {
	*it = item{}
	if len(text) > maxItem {
		return want("codes of at most %d digits", maxCode)
	}
	if scientific(text) {
		return &wantRounded
	}
	rest, front := stripFront(text, strip)
	it.whole = front != ""
	gap, dashed, to := false, false, false
	for len(rest) > 0 {
		if front != "" && (dashed || to) && bytes.HasPrefix(rest, []byte(front)) {
			rest = rest[len(front):] // the other end of a range is written alike
		}
		if n := digits(rest); n > 0 {
			if it.n == maxParts {
				return &wantDigits
			}
			if dashed {
				it.dashes |= 1 << it.n
			}
			if to {
				it.to = it.n
			}
			it.parts[it.n] = rest[:n]
			it.n++
			gap, dashed, to = false, false, false
			rest = rest[n:]
			if zeros := decimalZeros(rest); zeros > 0 {
				it.decimal = true
				rest = rest[zeros:]
			}
			continue
		}
		c, size := utf8.DecodeRune(rest)
		switch {
		case blank(c):
			gap = true
		case dash(c):
			if it.n == 0 || dashed || to {
				return &wantBothEnds
			}
			dashed = true
		case gap && !dashed && it.n > 0 && it.to == 0 && !to && len(rest) >= 2 && bytes.EqualFold(rest[:2], []byte("to")):
			to, size = true, 2
		default:
			return &wantDigits
		}
		rest = rest[size:]
	}
	switch {
	case dashed || to:
		return &wantBothEnds
	case it.n == 0:
		return &wantNoCode
	}
	total := 0
	for _, p := range it.parts[:it.n] {
		total += len(p)
	}
	if total > 2*maxCode {
		return want("codes of at most %d digits", maxCode)
	}
	return nil
}

// decimalZeros returns the length of ".0" or ".00", with which a table of
// floating-point numbers writes whole ones. Three zeros may be thousands.
func decimalZeros(b []byte) int {
	for _, zeros := range [...]string{".00", ".0"} {
		if bytes.HasPrefix(b, []byte(zeros)) && (len(b) == len(zeros) || b[len(zeros)] != '.' && !digit(b[len(zeros)])) {
			return len(zeros)
		}
	}
	return 0
}

// stripFront takes what is listed off the front, the longest first and each
// once ("+0044" has two), with the spaces and dashes behind it. front is what
// was taken off.
func stripFront(text []byte, list []string) (rest []byte, front string) {
	rest = text
	for used := uint64(0); ; {
		best := -1
		for i, s := range list {
			if i < 64 && used&(1<<i) == 0 && s != "" && (best < 0 || len(s) > len(list[best])) && bytes.HasPrefix(rest, []byte(s)) {
				best = i
			}
		}
		if best < 0 {
			return rest, front
		}
		used |= 1 << best
		if front == "" {
			front = list[best]
		} else {
			front += list[best]
		}
		rest = bytes.TrimLeftFunc(rest[len(list[best]):], func(c rune) bool { return blank(c) || dash(c) })
	}
}

// resolve decides whether the item is one code or a range. A dash is a range
// only between two of as many digits, the smaller first: 7401-7409; else it
// stands in a code, 44-7400, and is passed over. What can be read both ways is
// an error:
//   - 7409-7401 begin alike: a range written backwards, or a code;
//   - 4474-75 may be short for 4474-4475;
//   - 4420 70-79 may be 442070 to 442079, or 44207079, while 44 7400-7409 is a
//     range behind its country code;
//   - with several dashes, 1-242-246.
func (it *item) resolve() error {
	if it.to > 0 {
		lead, ok := it.ends(it.to)
		if !ok || !it.ascends(lead, it.to) {
			return &Want{"both ends of a range with as many digits, the smaller first"}
		}
		it.lead, it.cut = lead, it.to
		return nil
	}
	if it.dashes == 0 {
		return nil
	}
	several := it.dashes&(it.dashes-1) != 0
	for k := 1; k < it.n; k++ {
		if it.dashes&(1<<k) == 0 {
			continue
		}
		lead, ok := it.ends(k)
		switch {
		case !ok:
			if !several && it.shortened(k) {
				right := it.parts[k]
				first := it.text(0, k)
				return oneReading(it.text(0, it.n), first+" to "+first[:len(first)-len(right)]+string(right),
					"write both ends of a range in full, and a code without dashes")
			}
		case several && it.ascends(lead, k), it.ascends(lead, k) && lead > 0 && !isCallingCode(it.parts[0]):
			return oneReading(it.text(0, it.n), it.rangeText(lead, k), "write a range as "+it.text(0, k)+" to "+it.text(0, lead)+it.text(k, it.n)+", and a code without dashes")
		case several:
		case it.ascends(lead, k):
			it.lead, it.cut = lead, k
			return nil
		case lead == 0 && it.backwards(k):
			return oneReading(it.text(0, it.n), "the range "+it.text(k, it.n)+" to "+it.text(0, k), "write the smaller end first, or the code without a dash")
		}
	}
	return nil
}

// ends finds the parts before part k that have as many digits as those from it
// on; lead is how many stand before them.
func (it *item) ends(k int) (lead int, ok bool) {
	right := 0
	for _, p := range it.parts[k:it.n] {
		right += len(p)
	}
	left := 0
	for lead = k; lead > 0 && left < right; {
		lead--
		left += len(it.parts[lead])
	}
	return lead, left == right
}

// ascends reports whether parts[lead:k] are at most parts[k:], of as many digits.
func (it *item) ascends(lead, k int) bool { return it.text(lead, k) <= it.text(k, it.n) }

// backwards reports whether the sides look like those of a range: 61-38 does
// not, 7409-7401 does.
func (it *item) backwards(k int) bool {
	left, right := it.text(0, k), it.text(k, it.n)
	return len(left) > 2 && left[0] == right[0]
}

// shortened reports whether the right side may stand for the last digits of
// the range's end. Three digits are rather the exchange of an area code.
func (it *item) shortened(k int) bool {
	right := it.text(k, it.n)
	left := it.text(0, k)
	return k == it.n-1 && len(right) <= 2 && len(left) >= 4 && left[len(left)-len(right):] < right
}

// text joins parts; items with dashes are few.
func (it *item) text(from, to int) string {
	if to-from == 1 {
		return string(it.parts[from])
	}
	return string(bytes.Join(it.parts[from:to], nil))
}

func (it *item) rangeText(lead, k int) string {
	front := it.text(0, lead)
	return front + it.text(lead, k) + " to " + front + it.text(k, it.n)
}

// oneReading is the error of a cell that says two things.
func oneReading(one, other, remedy string) error {
	return want("one reading: this is %s, or %s; %s", clip([]byte(one)), clip([]byte(other)), remedy)
}
