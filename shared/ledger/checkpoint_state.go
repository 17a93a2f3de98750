package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// keptMonth is an account's month as a checkpoint has it. Its texts are parts of
// what it was read from.
type keptMonth struct {
	account string
	counts  MonthCounts
	gross   money.Amount
	lines   [call.Kinds + 1]keptLine // of usage by kind, then what bundles paid wholly
	pools   []bundle.Pool
}

type keptLine struct {
	calls, seconds uint64
	exact          money.Amount
}

// kept returns the lines that usage makes, as keptMonth has them.
func (m *accountMonth) kept() (lines [call.Kinds + 1]*FoldLine) {
	for k := range m.usage {
		lines[k] = &m.usage[k]
	}
	lines[call.Kinds] = &m.bundled
	return lines
}

// appendState appends the month as it stands, numbers as uvarints and texts
// behind their length: account, rows by status, gross, lines, pools.
func (m *accountMonth) appendState(dst []byte) []byte {
	c := m.res.Counts
	dst = appendText(dst, m.res.Account)
	for _, n := range [...]int64{c.Charged, c.Unrated, c.Duplicate, c.Superseded} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	dst = appendAmount(dst, m.res.Gross)
	for _, line := range m.kept() {
		dst = binary.AppendUvarint(dst, line.Calls)
		if line.Calls > 0 {
			dst = appendAmount(binary.AppendUvarint(dst, line.Seconds), line.Exact)
		}
	}
	pools := m.state.Summary()
	dst = binary.AppendUvarint(dst, uint64(len(pools)))
	for _, p := range pools {
		unlimited := uint64(0)
		if p.Unlimited {
			unlimited = 1
		}
		dst = appendText(appendText(dst, p.Feature), p.Plan)
		for _, n := range [...]uint64{unlimited, p.Allowance, p.Drawn, p.Left, p.Calls, p.Covered} {
			dst = binary.AppendUvarint(dst, n)
		}
		dst = appendAmount(dst, p.Discount)
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendAmount appends an amount: a byte of its decimals and sign, then its
// upper and lower 64 bits.
func appendAmount(dst []byte, a money.Amount) []byte {
	neg, hi, lo, decimals := a.Bits()
	head := decimals << 1
	if neg {
		head |= 1
	}
	return binary.AppendUvarint(binary.AppendUvarint(append(dst, head), hi), lo)
}

// parse reads what appendState wrote; false: it is something else.
func (k *keptMonth) parse(s string) bool {
	d := stateDecoder{rest: s}
	*k = keptMonth{account: d.text(), pools: k.pools[:0]}
	for _, n := range [...]*int64{&k.counts.Charged, &k.counts.Unrated, &k.counts.Duplicate, &k.counts.Superseded} {
		*n = d.count()
		k.counts.Rows += *n
	}
	k.gross = d.amount()
	for i := range k.lines {
		line := &k.lines[i]
		if line.calls = d.uvarint(); line.calls > 0 {
			line.seconds, line.exact = d.uvarint(), d.amount()
		}
	}
	for n := d.uvarint(); n > 0 && !d.failed; n-- {
		p := bundle.Pool{Feature: d.text(), Plan: d.text()}
		unlimited := d.uvarint()
		p.Unlimited = unlimited == 1
		for _, n := range [...]*uint64{&p.Allowance, &p.Drawn, &p.Left, &p.Calls, &p.Covered} {
			*n = d.uvarint()
		}
		p.Discount = d.amount()
		d.failed = d.failed || unlimited > 1
		k.pools = append(k.pools, p)
	}
	return !d.failed && d.rest == "" && k.counts.Rows > 0
}

// resume sets the month of an account that was begun to what a checkpoint has of
// it.
func (m *accountMonth) resume(k *keptMonth) error {
	m.res.Counts, m.res.Gross = k.counts, k.gross
	for i, line := range m.kept() {
		line.Calls, line.Seconds, line.Exact = k.lines[i].calls, k.lines[i].seconds, k.lines[i].exact
	}
	if err := m.state.Resume(k.pools); err != nil {
		return unusable(fmt.Errorf("account %q: %w: %w", m.res.Account, ErrDamaged, err))
	}
	return nil
}

// stateDecoder reads fields one after the other. After a failure all of them are
// empty.
type stateDecoder struct {
	rest   string
	failed bool
}

func (d *stateDecoder) fail() { d.rest, d.failed = "", true }

func (d *stateDecoder) uvarint() (v uint64) {
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		b := d.rest[i]
		if i == binary.MaxVarintLen64-1 && b > 1 {
			break
		}
		if v |= uint64(b&0x7F) << (7 * i); b < 0x80 {
			d.rest = d.rest[i+1:]
			return v
		}
	}
	d.fail()
	return 0
}

// count reads a number of rows: many times fewer than what would not fit.
func (d *stateDecoder) count() int64 {
	n := d.uvarint()
	if n > 1<<56 {
		d.fail()
		return 0
	}
	return int64(n)
}

func (d *stateDecoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *stateDecoder) amount() money.Amount {
	if d.rest == "" {
		d.fail()
		return money.Amount{}
	}
	head := d.rest[0]
	d.rest = d.rest[1:]
	hi, lo := d.uvarint(), d.uvarint()
	a, err := money.FromBits(head&1 != 0, hi, lo, head>>1)
	if err != nil {
		d.fail()
	}
	return a
}
