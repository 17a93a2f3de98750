package cdr

import (
	"bytes"
	"math"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
)

// parseSeconds reads a duration in seconds: digits, and up to 9 decimals,
// which are kept as written.
func parseSeconds(b []byte) (call.Duration, bool) {
	whole, decimals, pointed := bytes.Cut(b, []byte{'.'})
	seconds, ok := wholeNumber(whole)
	if !ok || seconds > call.MaxDuration {
		return call.Duration{}, false
	}
	d := call.Duration{Nanos: int64(seconds) * 1e9}
	if pointed {
		nanos, rest, ok := fraction(b[len(whole):])
		if !ok || len(rest) > 0 {
			return call.Duration{}, false
		}
		d.Nanos += nanos
		d.Decimals = uint8(len(decimals))
	}
	if d.Nanos > call.MaxDuration*1e9 {
		return call.Duration{}, false
	}
	return d, true
}

// parseMilliseconds reads a duration in whole milliseconds, with as many
// decimals of a second as it needs.
func parseMilliseconds(b []byte) (call.Duration, bool) {
	ms, ok := wholeNumber(b)
	if !ok || ms > call.MaxDuration*1e3 {
		return call.Duration{}, false
	}
	d := call.Duration{Nanos: int64(ms) * 1e6, Decimals: 3}
	for unit := int64(1e7); d.Decimals > 0 && d.Nanos%unit == 0; unit *= 10 {
		d.Decimals--
	}
	return d, true
}

// wholeNumber reads one or more digits.
func wholeNumber(b []byte) (uint64, bool) {
	v := uint64(0)
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		digit := uint64(c - '0')
		if v > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		v = v*10 + digit
	}
	return v, len(b) > 0
}

// What a number should have been; empty = it is right.
const (
	wantNumber = "a number"
	wantDigits = "digits; spaces, - . ( ) / and one + or 00 in front are fine"
	wantFewer  = "at most 32 digits"
)

// wantOf returns what text should have been that turned out to be of a kind;
// empty = it is a number.
func wantOf(k numbering.Kind, text []byte) string {
	switch {
	case k.HasDigits():
		return ""
	case k == numbering.TooLong:
		return wantFewer
	case k == numbering.Withheld && len(bytes.TrimSpace(text)) == 0:
		return wantNumber
	}
	return wantDigits
}

// callerFlags remarks on a caller's number, of feeds that have rules. An empty
// cell says nothing.
func callerFlags(k numbering.Kind, text []byte) call.Flags {
	if k == numbering.Withheld && len(bytes.TrimSpace(text)) > 0 {
		return call.CallerWithheld
	}
	return 0
}

// calledFlags remarks on a called number.
func calledFlags(k numbering.Kind) call.Flags {
	if k == numbering.Short || k == numbering.Service {
		return call.ShortCode
	}
	return 0
}

// isUniqueID reports whether b is an Asterisk unique id: digits, a point and
// digits, after the system's name and a hyphen where it has one.
func isUniqueID(b []byte) bool {
	b = b[bytes.LastIndexByte(b, '-')+1:]
	seconds, serial, ok := bytes.Cut(b, []byte{'.'})
	return ok && allDigits(seconds) && allDigits(serial)
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// verdict is what a disposition says about a call.
type verdict uint8

const (
	unknown verdict = iota
	answered
	notAnswered
)

// judge reads a disposition in any case, with or without spaces, underscores
// and hyphens.
func judge(word []byte) verdict {
	var buf [32]byte
	key := buf[:0]
	for _, c := range word {
		if c == ' ' || c == '_' || c == '-' || len(key) == len(buf) {
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		key = append(key, c)
	}
	switch string(key) {
	case "answered", "answer", "ok", "normalclearing", "completed", "success", "yes", "1", "200":
		return answered
	case "noanswer", "unanswered", "notanswered", "busy", "userbusy", "failed", "fail", "failure", "cancel", "canceled",
		"cancelled", "originatorcancel", "congestion", "chanunavail", "unavailable", "rejected", "callrejected", "declined",
		"missed", "nouserresponse", "unallocatednumber", "dontcall", "torture", "invalidargs", "no", "0":
		return notAnswered
	}
	return unknown
}
