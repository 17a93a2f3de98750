// Package call holds usage records: one normalised record as a feed yields it,
// the same record priced, and the row blocks they are stored in.
package call

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"
)

// Limits on what one record may carry; a longer field rejects the row.
const (
	MaxField    = 256        // bytes of any text field
	MaxNumber   = 32         // digits of a normalised number
	MaxDuration = 10_000_000 // seconds: 115 days
	MaxUnits    = 10_000_000_000_000_000
)

// Duration is the length of a call as it was read: nanoseconds, and how many
// decimals of a second the source wrote (so that it can be shown unchanged).
type Duration struct {
	Nanos    int64 // 0 to MaxDuration seconds
	Decimals uint8 // 0 to 9
}

// Append appends d in seconds as it was read; a digit that Decimals leaves out
// is shown all the same.
func (d Duration) Append(dst []byte) []byte {
	dst = strconv.AppendInt(dst, d.Nanos/int64(time.Second), 10)
	fraction := d.Nanos % int64(time.Second)
	if fraction == 0 && d.Decimals == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit, shown := int64(time.Second)/10, 0; unit > 0 && (fraction > 0 || shown < int(d.Decimals)); unit, shown = unit/10, shown+1 {
		dst = append(dst, byte('0'+fraction/unit))
		fraction %= unit
	}
	return dst
}

// Record is one normalised usage record.
type Record struct {
	Feed     string   // the feed that delivered it
	CallID   string   // the switch's id; empty when it gives none
	Leg      string   // tells the legs of one call apart; may be empty
	Version  uint64   // record version, when the feed has one: higher wins
	Instant  int64    // the answer time if given, else the start: Unix nanoseconds, UTC
	Duration Duration // answered time, of voice
	Kind     Kind     // what was used
	Units    uint64   // of any other kind: messages, bytes, pieces; 0 to MaxUnits
	Account  string   // who pays: the account field, trimmed, case kept, or whoever was found in its place
	ANumber  string   // caller: digits; empty when withheld
	BNumber  string   // called: digits
	LRN      string   // location routing number of the called number, where the feed gives it: digits
	ALRN     string   // of the caller
	Service  string   // pseudo-prefix that the switch gives: on-net, voicemail
	Tag      string   // that may choose a rate
	ARaw     string   // as read, when ANumber differs from it
	BRaw     string   // as read, when BNumber differs from it
	Flags    Flags    // what was odd about it

	Direction  Direction // whether the switch's customer made it or received it
	Trunk      string    // where it came in from, of feeds that tell by it who pays
	AccountRaw string    // the account field, when Account was found otherwise; empty: it named none
	OutTrunk   string    // where it went out, of feeds whose records cost us something at suppliers
}

// At returns the record's instant in UTC.
func (r *Record) At() time.Time { return time.Unix(0, r.Instant).UTC() }

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// Unassigned is the account of a record that names none.
const Unassigned = "unassigned"

// AppendContent appends the record's canonical encoding: what was charged for,
// whom and when, as normalised. How a source wrote a number, a time or an
// oddity is not content, nor is an account that was found by a number or a trunk:
// the record is the same one when that has moved before it comes again, and all
// its charges are of one content.
func (r *Record) AppendContent(dst []byte) []byte {
	account := r.Account
	if r.Flags.Has(PayerByNumber) {
		if account = r.AccountRaw; account == "" {
			account = Unassigned
		}
	}
	dst = appendString(dst, r.Feed)
	dst = appendString(dst, r.CallID)
	dst = appendString(dst, r.Leg)
	dst = binary.BigEndian.AppendUint64(dst, r.Version)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Instant))
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Duration.Nanos))
	dst = appendString(dst, account)
	dst = appendString(dst, r.ANumber)
	dst = appendString(dst, r.BNumber)
	described := r.Direction != Outbound || r.Trunk != "" || r.OutTrunk != ""
	if r.Kind == Voice && r.LRN == "" && r.ALRN == "" && r.Service == "" && r.Tag == "" && !described {
		return dst // as most feeds have it
	}
	dst = append(dst, byte(r.Kind))
	dst = binary.BigEndian.AppendUint64(dst, r.Units)
	for _, s := range [...]string{r.LRN, r.ALRN, r.Service, r.Tag} {
		dst = appendString(dst, s)
	}
	if described {
		dst = appendString(append(dst, byte(r.Direction)), r.Trunk)
	}
	if r.OutTrunk != "" {
		dst = appendString(dst, r.OutTrunk)
	}
	return dst
}

// ContentHash returns the SHA-256 of the canonical encoding. Two records of
// one identity with equal hashes are one record delivered twice; with
// different ones, the higher version and then the greater hash wins.
func (r *Record) ContentHash() Hash {
	var buf [512]byte
	return sha256.Sum256(r.AppendContent(buf[:0]))
}

// HasID reports whether the feed gave the record an identity of its own. A
// record without one is known by its content and its occurrence in the file.
func (r *Record) HasID() bool { return r.CallID != "" }

// Identity returns the hash of (feed, call id, leg, instant). It is only
// meaningful when HasID.
func (r *Record) Identity() Hash {
	var buf [512]byte
	return sha256.Sum256(r.appendIdentity(buf[:0]))
}

func (r *Record) appendIdentity(dst []byte) []byte {
	dst = appendString(append(dst, "id"...), r.Feed)
	dst = appendString(dst, r.CallID)
	dst = appendString(dst, r.Leg)
	return binary.BigEndian.AppendUint64(dst, uint64(r.Instant))
}

// appendString appends a length-prefixed string, so that no two records share
// an encoding.
func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Flags is a set of remarks on a record.
type Flags uint32

// The flags, and the names they have in every output.
const (
	TimeAmbiguous    Flags = 1 << iota // local time happened twice; the earlier instant was taken
	TimeSkipped                        // local time did not exist; moved forward by the gap
	BillsecOverTotal                   // the billed seconds exceed the total duration
	NoCallID                           // the feed gave no id: known by content and occurrence
	DefaultIncrement                   // priced with the assumed increments: the deck has none
	Bundled                            // wholly paid by a bundle
	PartlyBundled                      // the call that crossed the end of a bundle
	Late                               // arrived when its month took no more usage
	PayerByNumber                      // who is charged was found by a number, a trunk, the feed or whoever pays, not by the account field
	NoLRN                              // the card goes by the location routing number, and the record has none: the dialled one was taken
	NoCallerCountry                    // priced as international since nobody knows where the caller is
	ByLRN                              // priced by the location routing number: the prefix is of that
	CallerWithheld                     // a word stands for the caller's number, which is not shown
	ShortCode                          // the called number is an extension, a short code or a service code
	FallbackCard                       // priced by a fallback card: those assigned have no rate for it
	RatedAs                            // its call type has it rated as another number or a service: no prefix of the called one counts
)

var flagNames = []string{
	"time_ambiguous", "time_skipped", "billsec_over_duration", "no_call_id", "default_increment", "bundled", "partly_bundled", "late", "payer_by_number",
	"no_lrn", "no_caller_country", "by_lrn", "caller_withheld", "short_code",
	"fallback_card", "rated_as",
}

// Has reports whether all of x is in f.
func (f Flags) Has(x Flags) bool { return f&x == x }

// Append appends the names of f's flags to dst, joined by "|".
func (f Flags) Append(dst []byte) []byte {
	start := len(dst)
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			if len(dst) > start {
				dst = append(dst, '|')
			}
			dst = append(dst, name...)
		}
	}
	return dst
}

// String returns the names of f's flags, joined by "|".
func (f Flags) String() string { return string(f.Append(nil)) }
