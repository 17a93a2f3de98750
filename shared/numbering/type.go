package numbering

import "fmt"

// Type is what kind of number a number is, and of a prefix, what kind all
// numbers that begin with it are. The types are those of libphonenumber's
// PhoneNumberType, and Mixed.
type Type uint8

// The types. FixedOrMobile is a plan in which nobody can tell which of both a
// number is, such as +1; Mixed is a prefix under which there are numbers of
// several types, such as 44.
const (
	Unknown Type = iota // no valid number, or a prefix of none
	Fixed
	Mobile
	FixedOrMobile
	TollFree
	Premium
	SharedCost // caller and called share what the call costs
	VoIP
	Personal // follows a person, to a fixed or a mobile line
	Pager
	UAN // universal access number: one number of a company with many lines
	Voicemail
	Mixed
)

var typeNames = [...]string{
	Unknown:       "unknown",
	Fixed:         "fixed",
	Mobile:        "mobile",
	FixedOrMobile: "fixed_or_mobile",
	TollFree:      "toll_free",
	Premium:       "premium",
	SharedCost:    "shared_cost",
	VoIP:          "voip",
	Personal:      "personal",
	Pager:         "pager",
	UAN:           "uan",
	Voicemail:     "voicemail",
	Mixed:         "mixed",
}

// String returns the type's name, such as "toll_free"; "unknown" for a value
// that is no type.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[Unknown]
}

// ParseType reads a type's name as String writes it.
func ParseType(name string) (Type, error) {
	for t, n := range typeNames {
		if n == name {
			return Type(t), nil
		}
	}
	return Unknown, fmt.Errorf("type of number %.20q: want one such as fixed, mobile or toll_free", name)
}
