package cdr

import (
	"bytes"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
)

// plan says where a row of so many fields has what, -1 = nowhere.
type plan struct {
	fields int
	ok     bool // rows of so many fields are read
	at     [meanings]int
}

func (p *plan) make(l *layout, format Format, fields int) {
	*p = plan{fields: fields}
	// The 17th column of Asterisk is one thing or another.
	p.ok = fields >= l.min && fields <= l.max && fields != l.never && (format != Asterisk || fields != 17)
	for m, i := range l.at {
		if p.at[m] = i; i >= fields {
			p.at[m] = -1
		}
	}
	for _, m := range p.at[kind:] {
		p.ok = p.ok && m < 0 // what few files have, Reader reads
	}
	p.ok = p.ok && p.at[bNumber] >= 0
}

// plain reads lines of plain cells into dst from row i on, a column at a time,
// and returns how many of them it could: Reader has to read the next. What it
// accepts, Reader accepts and reads the same: every rule here is one of
// Reader's for the cells that most rows have, or the very same code.
//
// Each step below shortens l to the lines that it could read.
func (k *Chunk) plain(dst *call.Columns, i int, l lines) int {
	p := &k.plan
	if l.fields != p.fields {
		p.make(&k.rows.layout, k.rows.feed.Format, l.fields)
	}
	if !p.ok {
		return 0
	}
	k.plainDurations(dst, i, &l)
	k.plainInstants(dst, i, &l)
	k.plainDispositions(dst, i, &l)
	k.plainVersions(dst, i, &l)
	k.plainTexts(dst.CallID[i:], &l, p.at[callID])
	k.plainTexts(dst.Account[i:], &l, p.at[account])
	k.plainTexts(dst.Leg[i:], &l, p.at[leg])
	k.plainNumbers(dst, i, &l, aNumber)
	k.plainNumbers(dst, i, &l, bNumber)
	k.plainPayers(dst, i, &l)
	k.finish(dst, i, l.n)
	return l.n
}

// finish fills in what does not come from a cell.
func (k *Chunk) finish(dst *call.Columns, i, n int) {
	ids, accounts, feeds, lines, flags := dst.CallID[i:i+n], dst.Account[i:i+n], dst.Feed[i:i+n], dst.Line[i:i+n], dst.Flags[i:i+n]
	for r := range n {
		feeds[r], lines[r] = k.feed, k.line+int64(r)
		if ids[r].Len == 0 {
			flags[r] |= call.NoCallID
		}
		if accounts[r].Len == 0 {
			if k.nobody.Len == 0 {
				k.nobody = dst.AddText(Unassigned)
			}
			accounts[r] = k.nobody
		}
	}
}

func (k *Chunk) plainVersions(dst *call.Columns, i int, l *lines) {
	c := k.plan.at[version]
	if c < 0 {
		return
	}
	t := k.text8()
	for r := range l.n {
		d, ok := l.of(r), true
		if v := t[d[c]+1 : d[c+1]]; len(v) > 0 {
			if dst.Version[i+r], ok = wholeNumber(v); !ok {
				l.n = r
				return
			}
		}
	}
}

// plainTexts says where in the copy of the window the texts of column c are. One
// that has a space at an end or is longer than those that are read is not
// plain; bytes beyond ASCII may be a space's.
func (k *Chunk) plainTexts(out []call.Span, l *lines, c int) {
	if c < 0 {
		return
	}
	t, at, shift, stride := k.text8(), l.at, k.shift, l.stride
	out = out[:l.n]
	for r, j := 0, c; r < len(out); r, j = r+1, j+stride {
		from, to := at[j]+1, at[j+1]
		switch {
		case to == from:
		case isTrimmed(t, int(from), int(to)):
			out[r] = call.Span{At: from + shift, Len: to - from}
		default:
			l.n = r
			return
		}
	}
}

// isTrimmed reports whether a text has no space at its ends, and the length of
// one that is read.
func isTrimmed(t []byte, from, to int) bool {
	return to-from <= call.MaxField && t[from]-'!' <= '~'-'!' && t[to-1]-'!' <= '~'-'!'
}

// plainNumbers says where the numbers of a column are, and remarks on those
// that are read by rules.
func (k *Chunk) plainNumbers(dst *call.Columns, i int, l *lines, m meaning) {
	c := k.plan.at[m]
	if c < 0 {
		return
	}
	numbers, raw := dst.ANumber[i:], dst.ARaw[i:]
	if m == bNumber {
		numbers, raw = dst.BNumber[i:], dst.BRaw[i:]
	}
	t, at, shift, ruled := k.text8(), l.at, k.shift, k.rows.ruled
	for r := 0; r < l.n; r++ {
		if !ruled {
			if r += longNumbers(numbers[r:l.n], t, at[r*l.stride+c:], l.stride, shift); r == l.n {
				return
			}
		}
		j := r*l.stride + c
		from, n := at[j]+1, at[j+1]-at[j]-1
		if !ruled && isNumber(t, int(from), int(n)) {
			numbers[r] = call.Span{At: from + shift, Len: n}
			continue
		}
		if n == 0 && m == aNumber {
			continue
		}
		kind, ok := numbering.Kind(0), n > 0
		if ok {
			numbers[r] = call.Span{At: from + k.shift, Len: n}
			kind, ok = k.otherNumber(dst, &numbers[r], &raw[r], t[from:from+n])
		}
		if !ok || m == bNumber && numbers[r].Len == 0 {
			l.n = r
			return
		}
		if ruled && m == aNumber {
			dst.Flags[i+r] |= callerFlags(kind, t[from:from+n])
		} else if ruled {
			dst.Flags[i+r] |= calledFlags(kind)
		}
	}
}

// longNumbers says where numbers are, at[0] being the delimiter before the first and
// at[stride] that of the next, as long as they are as isLongNumber says. It returns
// how many are.
func longNumbers(out []call.Span, t []byte, at []uint32, stride int, shift uint32) int {
	for r, j := 0, 0; r < len(out); r, j = r+1, j+stride {
		from := at[j] + 1
		n := at[j+1] - from
		if !isLongNumber(t, from, n) {
			return r
		}
		out[r] = call.Span{At: from + shift, Len: n}
	}
	return len(out)
}

// otherNumber has number, where the text is, be its digits, none if it is no
// number, and raw the text if it differs; false = it is longer than what is read.
func (k *Chunk) otherNumber(dst *call.Columns, number, raw *call.Span, text []byte) (kind numbering.Kind, ok bool) {
	if len(text) > call.MaxField {
		return 0, false
	}
	at := len(dst.Text)
	dst.Text, kind = k.rows.feed.Numbers.Append(dst.Text, text)
	if bytes.Equal(dst.Text[at:], text) {
		dst.Text = dst.Text[:at]
		return kind, true
	}
	*raw, *number = *number, call.Span{At: uint32(at), Len: uint32(len(dst.Text) - at)}
	return kind, true
}

// plainPayers reads what else tells who is charged.
func (k *Chunk) plainPayers(dst *call.Columns, i int, l *lines) {
	p, t := &k.plan, k.text8()
	directed, trunked := p.at[direction], p.at[trunk]
	if k.rows.feed.Direction == InboundOnly {
		for r := range l.n {
			dst.Direction[i+r] = call.Inbound
		}
	}
	if directed >= 0 {
		for r := range l.n {
			d, ok := l.of(r), false
			if dst.Direction[i+r], ok = parseDirection(t[d[directed]+1 : d[directed+1]]); !ok {
				l.n = r
				break
			}
		}
	}
	if trunked >= 0 {
		k.plainTexts(dst.Trunk[i:], l, trunked)
		for r := range l.n {
			d := l.of(r)
			dst.Trunk[i+r].Len = uint32(len(k.rows.trunkOf(t[d[trunked]+1 : d[trunked+1]])))
		}
	}
	k.plainTexts(dst.OutTrunk[i:], l, p.at[outTrunk])
}
