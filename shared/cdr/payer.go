package cdr

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
)

// Means is a way to tell who pays for a record.
type Means string

// The means. Fixed is followed by an account's id.
const (
	AccountField Means = "account_field" // the account that the record names
	Caller       Means = "caller"        // whoever owns the caller's number
	Called       Means = "called"        // whoever owns the called number
	Trunk        Means = "trunk"         // whoever owns the trunk
	Fixed        Means = "fixed:"        // one account, whatever the record says
)

// Account returns the account that a fixed means names.
func (m Means) Account() (id string, ok bool) { return strings.CutPrefix(string(m), string(Fixed)) }

// Directions says which way the usage of a feed went.
type Directions string

// The directions of a feed; none is OutboundOnly.
const (
	OutboundOnly Directions = "outbound" // made by the customer
	InboundOnly  Directions = "inbound"  // received by the customer
	BothWays     Directions = "both"     // as the direction column says
)

// Further says whom the records of a feed charge beside who pays.
type Further string

// The further charges, one for each record that has such an account. Who owns a
// called number is charged for outbound records: of an inbound one the called
// party is who pays.
const (
	Callee    Further = "callee"    // whoever owns the called number
	Resellers Further = "resellers" // the resellers above who pays
	Supplier  Further = "supplier"  // whose the outgoing trunk is: what it costs us
)

// MaxMeans bounds how many means a feed has.
const MaxMeans = 8

// Means returns the ways to tell who pays, in the order they are tried. Of a
// feed of both directions, Caller is for outbound and Called for inbound
// records. Where the feed has no list: the account field, then the owner of the
// customer's number.
func (f Feed) Means() []Means {
	switch {
	case len(f.Identify) > 0:
		return f.Identify
	case f.Direction == InboundOnly:
		return []Means{AccountField, Called}
	case f.Direction == BothWays:
		return []Means{AccountField, Caller, Called}
	}
	return []Means{AccountField, Caller}
}

func (f Feed) validatePayers() error {
	switch f.Direction {
	case "", OutboundOnly, InboundOnly:
	case BothWays:
		if f.Format != Generic {
			return fmt.Errorf("direction %q: a feed of format %s has no column for it", f.Direction, f.Format)
		}
	default:
		return fmt.Errorf("direction %q: want %s, %s or %s", clip([]byte(f.Direction)), OutboundOnly, InboundOnly, BothWays)
	}
	if len(f.Identify) > MaxMeans {
		return fmt.Errorf("identify has %d entries, want at most %d", len(f.Identify), MaxMeans)
	}
	for i, m := range f.Identify {
		switch account, fixed := m.Account(); {
		case fixed && account != "" && len(account) <= call.MaxField:
			if i < len(f.Identify)-1 {
				return fmt.Errorf("identify %q: nothing after it would be asked", clip([]byte(m)))
			}
		case m == AccountField, m == Caller, m == Called, m == Trunk:
		default:
			return fmt.Errorf("identify %q: want %s, %s, %s, %s or %sACCOUNT", clip([]byte(m)), AccountField, Caller, Called, Trunk, Fixed)
		}
		if slices.Contains(f.Identify[:i], m) {
			return fmt.Errorf("identify %q is there twice", clip([]byte(m)))
		}
	}
	for i, c := range f.Charges {
		switch c {
		case Callee, Resellers:
		case Supplier:
			if f.Format != Generic {
				return fmt.Errorf("charges %q: a feed of format %s has no column for the outgoing trunk", c, f.Format)
			}
		default:
			return fmt.Errorf("charges %q: want %s, %s or %s", clip([]byte(c)), Callee, Resellers, Supplier)
		}
		if slices.Contains(f.Charges[:i], c) {
			return fmt.Errorf("charges %q is there twice", c)
		}
	}
	if err := f.Numbers.Validate(); err != nil {
		return fmt.Errorf("numbers: %w", err)
	}
	return nil
}

// reads reports whether the feed has a use for a column: one that no setting
// asks for is passed over, whatever it holds.
func (f Feed) reads(m meaning) bool {
	switch m {
	case account:
		return slices.Contains(f.Means(), AccountField)
	case trunk:
		return slices.Contains(f.Means(), Trunk)
	case outTrunk:
		return slices.Contains(f.Charges, Supplier)
	case direction:
		return f.Direction == BothWays
	}
	return true
}

// limit takes the columns out of a layout that the feed does not read.
func (f Feed) limit(l layout) layout {
	for m := range l.at {
		if !f.reads(meaning(m)) {
			l.at[m] = -1
		}
	}
	return l
}

const wantDirection = "outbound or inbound"

// readPayer reads what tells who pays and who else is charged, beside the account
// field and the numbers.
func (r *Reader) readPayer(row *Row, fields [][]byte) {
	if r.feed.Direction == InboundOnly {
		row.Record.Direction = call.Inbound
	}
	if c, ok := r.cell(fields, direction); ok {
		if row.Record.Direction, ok = parseDirection(c); !ok {
			row.reject(call.BadDirection, r.name(direction), c, wantDirection)
		}
	}
	if c, ok := r.cell(fields, trunk); ok {
		row.Record.Trunk = string(r.trunkOf(r.bounded(row, trunk, c)))
	}
	if c, ok := r.cell(fields, outTrunk); ok {
		row.Record.OutTrunk = string(r.bounded(row, outTrunk, c))
	}
}

// trunkOf returns the trunk in a cell. Asterisk's channel has the number of the
// call behind it: PJSIP/carrier-0000001f.
func (r *Reader) trunkOf(cell []byte) []byte {
	if i := bytes.LastIndexByte(cell, '-'); i > 0 && r.feed.Format == Asterisk {
		return cell[:i]
	}
	return cell
}

// parseDirection reads a direction in any case.
func parseDirection(word []byte) (d call.Direction, ok bool) {
	var buf [len("outbound")]byte
	if len(word) > len(buf) {
		return 0, false
	}
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(buf[:len(word)]) {
	case "outbound", "outgoing", "out", "o", "mo":
		return call.Outbound, true
	case "inbound", "incoming", "in", "i", "mt":
		return call.Inbound, true
	}
	return 0, false
}
