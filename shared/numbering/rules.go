package numbering

import (
	"errors"
	"fmt"
	"strings"
)

// Rules say how the switch behind a feed writes telephone numbers, so that
// Append can make E.164 of them. The zero Rules take digits as they are,
// without separators and one + or 00 in front.
type Rules struct {
	// CountryCode is put before national numbers. Without it there are none.
	CountryCode string `doc:"country_code,omitempty" json:"country_code,omitempty"`
	// NationalPrefix is what a national number begins with: 0 in most of
	// Europe, 1 in North America.
	NationalPrefix string `doc:"national_prefix,omitempty" json:"national_prefix,omitempty"`
	// MinNational and MaxNational bound the digits of a national number after
	// its prefix; one that is outside is taken as it is. 0 = not bounded.
	MinNational int `doc:"min_national,omitempty" json:"min_national,omitempty"`
	MaxNational int `doc:"max_national,omitempty" json:"max_national,omitempty"`
	// BareNational says that as many digits are a national number without the
	// prefix, too. It needs the country code and both bounds.
	BareNational bool `doc:"bare_national,omitempty" json:"bare_national,omitempty"`
	// International are the prefixes of international numbers, such as 00 and
	// 011. None = 00.
	International []string `doc:"international,omitempty" json:"international,omitempty"`
	// TechPrefixes are digits that the switch puts in front of a number, with
	// or without a # after them; 1234# = only with it.
	TechPrefixes []string `doc:"tech_prefixes,omitempty" json:"tech_prefixes,omitempty"`
	// StripCodes are the codes of services in front of a number that say
	// nothing of it: *67, #31#.
	StripCodes []string `doc:"strip_codes,omitempty" json:"strip_codes,omitempty"`
	// KeepCodes says that a number that begins with * or # is a Service;
	// without it, it is Malformed.
	KeepCodes bool `doc:"keep_codes,omitempty" json:"keep_codes,omitempty"`
	// URIs says that sip:, sips: and tel: addresses, and what is before an @
	// or a ;, are read for their number.
	URIs bool `doc:"uris,omitempty" json:"uris,omitempty"`
}

// IsZero reports whether r is as good as the zero Rules.
func (r Rules) IsZero() bool {
	return r.CountryCode == "" && r.NationalPrefix == "" && r.MinNational == 0 && r.MaxNational == 0 && !r.BareNational &&
		len(r.International)+len(r.TechPrefixes)+len(r.StripCodes) == 0 && !r.KeepCodes && !r.URIs
}

// Limits of Rules.
const (
	maxRuleList   = 64
	maxRulePrefix = 15
)

// Validate returns what is wrong with the rules, naming setting and value.
func (r *Rules) Validate() error {
	if len(r.CountryCode) > 3 || !digitsOnly(r.CountryCode) || strings.HasPrefix(r.CountryCode, "0") {
		return fmt.Errorf("country code %.32q: want 1 to 3 digits, not beginning with 0", r.CountryCode)
	}
	if len(r.NationalPrefix) > 3 || !digitsOnly(r.NationalPrefix) {
		return fmt.Errorf("national prefix %.32q: want at most 3 digits", r.NationalPrefix)
	}
	if r.NationalPrefix != "" && r.CountryCode == "" {
		return errors.New("a national prefix needs a country code")
	}
	if err := r.validateBounds(); err != nil {
		return err
	}
	for _, list := range []struct {
		name   string
		values []string
		valid  func(string) bool
		want   string
	}{
		{"international prefix", r.International, func(s string) bool { return s != "" && digitsOnly(s) }, "digits"},
		{"tech prefix", r.TechPrefixes, func(s string) bool {
			digits := strings.TrimSuffix(s, "#")
			return digits != "" && digitsOnly(digits)
		}, "digits, and # after them where it is always there"},
		{"service code", r.StripCodes, isServiceCode, "* or #, digits, and * or # after them where it is always there"},
	} {
		if len(list.values) > maxRuleList {
			return fmt.Errorf("%d times %s: want at most %d", len(list.values), list.name, maxRuleList)
		}
		for i, v := range list.values {
			if len(v) > maxRulePrefix || !list.valid(v) {
				return fmt.Errorf("%s %.32q: want at most %d characters: %s", list.name, v, maxRulePrefix, list.want)
			}
			for _, w := range list.values[:i] {
				if v == w {
					return fmt.Errorf("%s %q is there twice", list.name, v)
				}
			}
		}
	}
	return nil
}

func (r *Rules) validateBounds() error {
	for _, bound := range []int{r.MinNational, r.MaxNational} {
		if bound < 0 || bound > maxRulePrefix {
			return fmt.Errorf("%d digits of a national number: want 0 to %d", bound, maxRulePrefix)
		}
	}
	if r.MaxNational != 0 && r.MaxNational < r.MinNational {
		return fmt.Errorf("at most %d digits of a national number: want at least the fewest, %d", r.MaxNational, r.MinNational)
	}
	if r.CountryCode == "" && (r.MinNational != 0 || r.MaxNational != 0) {
		return errors.New("bounds of national numbers need a country code")
	}
	if !r.BareNational {
		return nil
	}
	if r.CountryCode == "" || r.MinNational == 0 || r.MaxNational == 0 {
		return errors.New("national numbers without a prefix need a country code and both bounds of their digits")
	}
	// Else what Append returns could be taken for a national number again.
	if r.MaxNational >= r.MinNational+len(r.CountryCode) {
		return fmt.Errorf("national numbers of %d to %d digits without a prefix cannot be told from those with country code %s",
			r.MinNational, r.MaxNational, r.CountryCode)
	}
	return nil
}

func isServiceCode(s string) bool {
	digits := strings.Trim(s, "*#")
	lead := strings.Index(s, digits)
	return digits != "" && digitsOnly(digits) && lead == 1 && len(s)-lead-len(digits) <= 1
}

func digitsOnly[T string | []byte](s T) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c-'0' <= 9 }
