package cells

import "bytes"

// DefaultMaxCodes is how many codes a cell may hold where the rules do not say.
const DefaultMaxCodes = 10_000

// CodeRules say how the code cells of a deck are read.
type CodeRules struct {
	// Strip is taken off the front of codes, the longest first and each once.
	// nil is "+", "00" and "011": the plus of E.123, and the exit codes of most
	// countries and of North America.
	Strip []string
	// CountryCode is the row's cell of a country-code column, empty without one.
	CountryCode []byte
	// CountryRule says when CountryCode goes in front of a code.
	CountryRule CountryRule
	// MaxCodes limits the codes of a cell; 0 is DefaultMaxCodes.
	MaxCodes int
}

// CountryRule says when the country code of a row goes in front of its codes.
type CountryRule uint8

// Ask, the zero value, goes by the cell where it says enough: a code that does
// not begin with the country code gets it; one that does is whole when it is
// written as +44…, or as 44 with a space or dash behind it, or would have more
// than 15 digits with another 44; any other is an error with both readings.
// Always and Never do not look at the code. WhenMissing keeps every code that
// begins with the country code.
const (
	Ask CountryRule = iota
	Always
	Never
	WhenMissing
)

// CodeNote says what was done to a cell of codes that a person may want to know.
type CodeNote uint16

// The notes.
const (
	List         CodeNote = 1 << iota // the cell is a list
	Range                             // a range in it was written out
	Dash                              // a dash in a code was passed over
	Stripped                          // something was taken off the front (CodeRules.Strip)
	CountryAdded                      // the row's country code, or that of the list, went in front
	CountryKept                       // a code began with the row's country code already
	Unwrapped                         // ="…", an apostrophe, or .0 behind a number was taken off
	Countries                         // the codes of the cell have several country calling codes
	TrunkZero                         // a 0 leads a code, or follows a country code: dialled from abroad in Italy, elsewhere rarely
)

// AppendCodes appends the codes of a cell to dst, in the cell's order, each
// once: 1 to 15 digits. After an error dst is as it was.
//
// A cell is [country code, then a space or dash] item {, ; / or line break,
// item}, and an item is a code or a range of codes with as many digits.
// Spaces and dashes in a code are passed over.
//
// Freeside's rate import writes 61 38,39 for 6138 and 6139; other carriers
// write 336 07, 336 08 for 33607 and 33608. So a space in the first item
// sets off a country code for the whole list only where no other item has one,
// and the digits before it are a country calling code, which no other item
// begins with (61 38, 6139 reads both ways: an error), or where every other
// item begins with 0, as no whole code does. Where every item has a space, each
// is whole. Anything between is an error that gives both readings. So is a
// range between countries other than neighbours (33-68), a list by slashes that
// may be short for longer codes (49151/52), and a number with thousands
// separators (49,152).
func AppendCodes(dst []string, cell []byte, r CodeRules) ([]string, CodeNote, error) {
	text, wrapped := unwrap(cell)
	if r.Strip == nil {
		r.Strip = defaultStrip
	}
	if len(r.CountryCode) == 0 {
		if rest, front := stripFront(text, r.Strip); len(rest) > 0 && len(rest) <= maxCode && digits(rest) == len(rest) {
			return append(dst, string(rest)), noteSingle(rest, wrapped, front != ""), nil
		}
	}
	l := codeList{rules: r, dst: dst, start: len(dst)}
	if r.MaxCodes == 0 {
		l.rules.MaxCodes = DefaultMaxCodes
	}
	if wrapped {
		l.note = Unwrapped
	}
	if err := l.read(text); err != nil {
		return dst, 0, err
	}
	return l.dst, l.note, nil
}

// noteSingle is the note of a cell that is one code, as nearly all are.
func noteSingle(code []byte, wrapped, stripped bool) CodeNote {
	var note CodeNote
	if wrapped {
		note |= Unwrapped
	}
	if stripped {
		note |= Stripped
	}
	if code[0] == '0' {
		note |= TrunkZero
	}
	return note
}

var defaultStrip = []string{"+", "00", "011"}

// codeList is the codes of one cell as they are found.
type codeList struct {
	rules   CodeRules
	country []byte // digits of the row's country code; empty where the rules leave it out
	dst     []string
	start   int // of the cell's codes in dst
	note    CodeNote

	count     int    // of items
	head      []byte // what stands before the first item's space or dash; empty without one
	headParts int    // groups of the first item
	once      bool   // head goes in front of the other items, too
	first     [maxCode]byte
	firstLen  int // digits of the first code; the first one without the row's country code
}

func (l *codeList) read(text []byte) error {
	if err := l.readCountry(); err != nil {
		return err
	}
	if len(text) == 0 {
		return l.countryAlone()
	}
	var it item
	if err := l.survey(text, &it); err != nil {
		return err
	}
	if l.count == 1 {
		return l.add(&it, 0, false)
	}
	l.note |= List
	items := items{rest: text}
	for i := 0; i < l.count; i++ {
		if err := it.scan(items.next(), l.rules.Strip); err != nil {
			return err
		}
		if err := it.resolve(); err != nil {
			return err
		}
		if err := l.add(&it, i, items.slash); err != nil {
			return err
		}
	}
	l.distinct()
	return nil
}

// readCountry reads the row's country code.
func (l *codeList) readCountry() error {
	text := Unwrap(l.rules.CountryCode)
	if len(text) == 0 || l.rules.CountryRule == Never {
		return nil
	}
	if rest, _ := stripFront(text, l.rules.Strip); len(rest) > 0 && len(rest) <= maxCode && digits(rest) == len(rest) {
		l.country = rest
		return nil
	}
	var it item
	if err := it.scan(text, l.rules.Strip); err != nil || it.to > 0 || len(it.text(0, it.n)) > maxCode {
		return &Want{"one country code of digits, such as 44, in its own column"}
	}
	l.country = []byte(it.text(0, it.n))
	return nil
}

// countryAlone is for an empty cell: a country code alone may be the whole
// country, or a row that has lost its code.
func (l *codeList) countryAlone() error {
	switch {
	case len(l.country) == 0:
		return &wantNoCode
	case l.rules.CountryRule == Ask:
		return want("the code: nothing stands behind country code %s; if that is the whole country, write %[1]s, or say that the country code goes in front of every code", string(l.country))
	}
	l.note |= CountryAdded
	l.dst = append(l.dst, string(l.country))
	return nil
}

// add appends the codes of one item.
func (l *codeList) add(it *item, index int, slash bool) error {
	var fromBuf, toBuf [4 * maxCode]byte
	headed := l.once && index > 0 && !it.whole
	from := fromBuf[:0]
	if headed {
		from = append(from, l.head...)
		l.note |= CountryAdded
	}
	front := len(from)
	for _, p := range it.parts[:it.lead] {
		from = append(from, p...)
	}
	to := append(toBuf[:0], from...)
	for _, p := range it.left()[it.lead:] {
		from = append(from, p...)
	}
	if it.cut > 0 {
		for _, p := range it.parts[it.cut:it.n] {
			to = append(to, p...)
		}
	} else {
		to = append(to[:0], from...)
	}
	switch {
	case len(from) > maxCode:
		return want("codes of at most %d digits", maxCode)
	case index > 0 && slash && !headed && it.n == 1 && !it.whole && len(l.country) == 0 && len(from) < l.firstLen && !sameCountry(from, l.first[:l.firstLen]):
		return oneReading("the code "+string(from), "short for "+string(l.first[:l.firstLen-len(from)])+string(from), "write every code of the list whole")
	case it.cut > 0 && it.to == 0 && it.lead == 0 && front == 0 && len(l.country) == 0 && isCallingCode(from) && !bytes.Equal(from[:len(from)-1], to[:len(to)-1]):
		return oneReading("the code "+string(from)+string(to), "a range of countries from "+string(from)+" to "+string(to), "write a code without dashes, or the countries one by one")
	}
	if index == 0 {
		l.firstLen = copy(l.first[:], from)
	} else if !sameCountry(l.first[:l.firstLen], from) && len(l.country) == 0 {
		l.note |= Countries
	}
	l.noteItem(it, from, front)
	added, err := l.place(it, headed, from, to)
	if err != nil {
		return err
	}
	if added {
		var whole [2 * maxCode]byte
		n := copy(whole[:], l.country)
		n += copy(whole[n:], from)
		from = append(from[:0], whole[:n]...)
		copy(whole[len(l.country):], to)
		to = append(to[:0], whole[:n]...)
	}
	return l.expand(from, to)
}

func (l *codeList) noteItem(it *item, code []byte, front int) {
	if it.whole {
		l.note |= Stripped
	}
	if it.decimal {
		l.note |= Unwrapped
	}
	if it.cut > 0 {
		l.note |= Range
	}
	if it.dashes&^(1<<it.cut) != 0 {
		l.note |= Dash
	}
	left := it.left()
	if code[0] == '0' || front > 0 && code[front] == '0' || len(left) > 1 && left[1][0] == '0' && isCallingCode(left[0]) {
		l.note |= TrunkZero
	}
}

// place decides whether the row's country code goes in front of both ends of a
// range, or of a code, which is a range of one.
func (l *codeList) place(it *item, headed bool, from, to []byte) (added bool, err error) {
	if len(l.country) == 0 {
		return false, nil
	}
	left := it.left()
	has := bytes.HasPrefix(from, l.country)
	explicit := headed || it.whole || len(left) > 1 && bytes.Equal(left[0], l.country)
	longer := len(l.country)+len(from) > maxCode
	kept := has
	switch rule := l.rules.CountryRule; {
	case rule == Always:
		kept = false
	case has != bytes.HasPrefix(to, l.country):
		return false, want("a range whose ends both begin with country code %s, or neither", string(l.country))
	case rule == Ask && has && !explicit && !longer:
		return false, oneReading("the code "+string(from), string(l.country)+string(from)+" with the country code in front", "say whether the codes of the deck have their country code already")
	case rule == Ask && !has && it.whole:
		return false, want("a code of country code %s, or another country code: %s is written as a whole number", string(l.country), clip(from))
	}
	if kept {
		l.note |= CountryKept
		return false, nil
	}
	if longer {
		return false, want("codes of at most %d digits, with country code %s in front", maxCode, string(l.country))
	}
	l.note |= CountryAdded
	if from[0] == '0' {
		l.note |= TrunkZero
	}
	return true, nil
}
