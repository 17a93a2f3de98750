package numbering

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
)

var (
	zeroRules   = Rules{}
	british     = Rules{CountryCode: "44", NationalPrefix: "0", MinNational: 7, URIs: true}
	american    = Rules{CountryCode: "1", NationalPrefix: "1", MinNational: 10, MaxNational: 10, BareNational: true, International: []string{"011"}}
	spanish     = Rules{CountryCode: "34", MinNational: 9, MaxNational: 9, BareNational: true, International: []string{"00", "07"}}
	russian     = Rules{CountryCode: "7", NationalPrefix: "8", MinNational: 10, MaxNational: 10, International: []string{"810"}}
	wholesale   = Rules{TechPrefixes: []string{"9901", "99", "1234#", "00077"}, URIs: true}
	coded       = Rules{CountryCode: "44", NationalPrefix: "0", StripCodes: []string{"*67", "#31#", "*6", "*67*"}, KeepCodes: true}
	stripped    = Rules{StripCodes: []string{"*67"}}
	everyRules  = []*Rules{&zeroRules, &british, &american, &spanish, &russian, &wholesale, &coded, &stripped}
	longNumber  = strings.Repeat("9", MaxDigits)
	nbsp        = "\u00A0"
	uriWithName = `"Jo \"x\" <1>" <sip:+442079460000@10.0.0.1:5060;user=phone>;tag=1`
)

func TestANumberIsReadByTheRulesOfItsFeed(t *testing.T) {
	for _, c := range []struct {
		rules *Rules
		text  string
		want  string
		kind  Kind
	}{
		// Without settings.
		{&zeroRules, "34688886392", "34688886392", Number},
		{&zeroRules, "0034688886392", "34688886392", Number},
		{&zeroRules, "+34688886392", "34688886392", Number},
		{&zeroRules, "00034688886392", "034688886392", Number},
		{&zeroRules, "+0034688886392", "0034688886392", Number},
		{&zeroRules, " +44 (0)20-7123.4567/8 ", "44020712345678", Number},
		{&zeroRules, nbsp + "44" + nbsp + "2079460000", "442079460000", Number},
		{&zeroRules, "(+44) 2079460000", "442079460000", Number},
		{&zeroRules, "0 0 442079460000", "442079460000", Number},
		{&zeroRules, "02079460000", "02079460000", Number},
		{&zeroRules, "100", "100", Short}, {&zeroRules, "0", "0", Short}, {&zeroRules, "999999", "999999", Short},
		{&zeroRules, longNumber, longNumber, Number}, {&zeroRules, "00" + longNumber, longNumber, Number},
		{&zeroRules, longNumber + "9", "", TooLong}, {&zeroRules, strings.Repeat("9", 1000), "", TooLong},
		{&zeroRules, "", "", Withheld}, {&zeroRules, "  ", "", Withheld}, {&zeroRules, nbsp, "", Withheld},
		{&zeroRules, "anonymous", "", Withheld}, {&zeroRules, " Anonymous ", "", Withheld}, {&zeroRules, "RESTRICTED", "", Withheld},
		{&zeroRules, "unknown", "", Withheld}, {&zeroRules, "Private", "", Withheld}, {&zeroRules, "withheld", "", Withheld}, {&zeroRules, "Unavailable", "", Withheld},
		{&zeroRules, "anonymously", "", Malformed}, {&zeroRules, "anonym", "", Malformed},
		{&zeroRules, "+", "", Malformed}, {&zeroRules, "00", "", Malformed}, {&zeroRules, "-", "", Malformed}, {&zeroRules, "++44", "", Malformed},
		{&zeroRules, "44+1", "", Malformed}, {&zeroRules, "44x1", "", Malformed}, {&zeroRules, "*21#", "", Malformed}, {&zeroRules, "44#1", "", Malformed},
		{&zeroRules, "sip:44@h", "", Malformed}, {&zeroRules, "44;a=b", "", Malformed}, {&zeroRules, "%2B44", "", Malformed},
		{&zeroRules, "٤٤", "", Malformed}, {&zeroRules, "44\u00A9", "", Malformed}, {&zeroRules, "44\xC2", "", Malformed},

		// A national prefix.
		{&british, "02079460000", "442079460000", Number}, {&british, "0 20 7946-0000", "442079460000", Number}, {&british, "(0)20 7946 0000", "442079460000", Number},
		{&british, "442079460000", "442079460000", Number}, {&british, "+442079460000", "442079460000", Number}, {&british, "0044 20 7946 0000", "442079460000", Number},
		{&british, "+44 (0)20 7946 0000", "442079460000", Number}, {&british, "0044(0)2079460000", "442079460000", Number}, {&british, "44 (0) 2079460000", "442079460000", Number},
		{&british, "+49 (0)30 123456", "4930123456", Number}, {&british, "+44 (020) 79460000", "4402079460000", Number},
		{&british, "0800111", "0800111", Number}, {&british, "08001111", "448001111", Number}, {&british, "0123", "0123", Short}, {&british, "999", "999", Short}, {&british, "0", "0", Short},
		{&british, "0033123456789", "33123456789", Number}, {&british, "+0207946000", "0207946000", Number},
		{&american, "2125550123", "12125550123", Number}, {&american, "12125550123", "12125550123", Number}, {&american, "+1 (212) 555-0123", "12125550123", Number},
		{&american, "011442079460000", "442079460000", Number}, {&american, "442079460000", "442079460000", Number}, {&american, "911", "911", Short},
		{&american, "5550123", "5550123", Number}, {&american, "00442079460000", "00442079460000", Number},
		{&spanish, "912345678", "34912345678", Number}, {&spanish, "34912345678", "34912345678", Number}, {&spanish, "07442079460000", "442079460000", Number},
		{&russian, "84951234567", "74951234567", Number}, {&russian, "810442079460000", "442079460000", Number}, {&russian, "+84912345678", "84912345678", Number},

		// Tech prefixes: the longest, once, with or without #.
		{&wholesale, "9901442079460000", "442079460000", Number}, {&wholesale, "99442079460000", "442079460000", Number}, {&wholesale, "9901#442079460000", "442079460000", Number},
		{&wholesale, "9901+442079460000", "442079460000", Number}, {&wholesale, "1234#00442079460000", "442079460000", Number}, {&wholesale, "99#+442079460000", "442079460000", Number},
		{&wholesale, "1234442079460000", "1234442079460000", Number}, {&wholesale, "+9901442079460000", "9901442079460000", Number},
		{&wholesale, "0007744207946", "44207946", Number}, {&wholesale, "9999442079460000", "99442079460000", Number}, {&wholesale, "sip:1234%23442079460000@h", "442079460000", Number},
		{&wholesale, "9901", "", Malformed}, {&wholesale, "99#", "", Malformed}, {&wholesale, "98#44", "", Malformed}, {&wholesale, "99##44", "", Malformed}, {&wholesale, "98+44", "", Malformed},
		{&wholesale, "+99#44", "", Malformed}, {&wholesale, "99#9901+44", "", Malformed},

		// Service codes.
		{&coded, "*6702079460000", "442079460000", Number}, {&coded, "*67 02079460000", "442079460000", Number}, {&coded, "#31#02079460000", "442079460000", Number},
		{&coded, "*67*+442079460000", "442079460000", Number}, {&coded, "*602079460000", "442079460000", Number},
		{&coded, "*67", "67", Service}, {&coded, "*98", "98", Service}, {&coded, "*21*02079460000#", "2102079460000", Service}, {&coded, "##", "", Malformed}, {&coded, "*9x", "", Malformed},
		{&coded, "*" + longNumber + "1", "", TooLong}, {&stripped, "*67442079460000", "442079460000", Number}, {&stripped, "*98", "", Malformed}, {&stripped, "*67", "", Malformed},

		// Addresses.
		{&british, "sip:+442079460000@10.0.0.1;user=phone", "442079460000", Number}, {&british, "SIPS:02079460000@example.com:5061", "442079460000", Number},
		{&british, "02079460000@example.com", "442079460000", Number}, {&british, "+442079460000;npdi;rn=1", "442079460000", Number}, {&british, "sip:%2B44-20-79460000@h", "442079460000", Number},
		{&british, "tel:+44-20-7946-0000", "442079460000", Number}, {&british, "tel:02079460000;phone-context=+44", "442079460000", Number}, {&british, "tel:30123456;phone-context=+49", "4930123456", Number},
		{&british, "tel:02079460000;ext=1;Phone-Context=example.com", "442079460000", Number}, {&british, "tel:7042;phone-context=example.com", "7042", Short},
		{&british, "tel:8631234;phone-context=+1-914-555", "8631234", Number}, {&british, "tel:+442079460000;phone-context=+49", "442079460000", Number},
		{&british, "sip:02079460000;phone-context=+44@h", "442079460000", Number}, {&british, "sip:02079460000:secret@h", "442079460000", Number}, {&british, "sip:+442079460000?subject=1", "442079460000", Number},
		{&british, uriWithName, "442079460000", Number}, {&british, "Jo <tel:100>", "100", Short}, {&british, "<sip:100@h", "100", Short},
		{&british, "sip:anonymous@anonymous.invalid", "", Withheld}, {&british, `"Anonymous" <sip:Anonymous@anonymous.invalid>;tag=1`, "", Withheld}, {&british, "sip:@h", "", Withheld}, {&british, "<>", "", Withheld},
		{&british, "sip:alice@example.com", "", Malformed}, {&british, "sip:%zz44@h", "", Malformed}, {&british, "sip:44%2", "", Malformed}, {&british, `"open <sip:44@h>`, "44", Short},
	} {
		if err := c.rules.Validate(); err != nil {
			t.Fatal(err)
		}
		got, kind := c.rules.Append([]byte("before"), []byte(c.text))
		if string(got) != "before"+c.want || kind != c.kind || kind.HasDigits() != (c.want != "") {
			t.Errorf("%q by %+v: %q %s, want %q %s", c.text, *c.rules, got[len("before"):], kind, c.want, c.kind)
		}
	}
	if MaxDigits != call.MaxNumber {
		t.Errorf("MaxDigits is %d, a record takes %d", MaxDigits, call.MaxNumber)
	}
}

// withoutSettings is what records were read by before there were rules.
func withoutSettings(b []byte) (number []byte) {
	plus := false
	b = bytes.TrimSpace(b)
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case isDigit(c):
			number = append(number, c)
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/':
		case bytes.HasPrefix(b[i:], []byte("\u00A0")):
			i++
		case c == '+' && !plus && len(number) == 0:
			plus = true
		default:
			return nil
		}
	}
	if !plus {
		number = bytes.TrimPrefix(number, []byte("00"))
	}
	if len(number) > MaxDigits {
		return nil
	}
	return number
}

// checkAppend fails if what Append makes of a text breaks a promise.
func checkAppend(t failer, rules *Rules, text []byte) {
	t.Helper()
	before := bytes.Clone(text)
	got, kind := rules.Append(nil, text)
	if !digitsOnly(got) || kind.HasDigits() != (len(got) > 0) || len(got) > MaxDigits || (kind == Short) != (len(got) > 0 && len(got) < ShortDigits && kind != Service) {
		t.Fatalf("%q by %+v: %q %s", text, *rules, got, kind)
	}
	if !bytes.Equal(before, text) {
		t.Fatalf("%q was changed to %q", before, text)
	}
	if rules == &zeroRules && !bytes.Equal(got, withoutSettings(text)) {
		t.Fatalf("%q: %q, want %q", text, got, withoutSettings(text))
	}
	if kind == Number || kind == Short {
		again, kindAgain := rules.Append(nil, append([]byte{'+'}, got...))
		if !bytes.Equal(again, got) || kindAgain != kind {
			t.Fatalf("%q by %+v gave +%s, and that %q %s, not %s", text, *rules, got, again, kindAgain, kind)
		}
	}
}

func TestANormalisedNumberGivesItself(t *testing.T) {
	alphabet := rapid.SampledFrom([]string{"0", "1", "2", "44", "7", "8", "9", "99", "00", "011", "+", "(0)", " ", "-", "#", "*", "@", ";", ":", "<", ">", "%2B", "sip:",
		"tel:", ";phone-context=+44", "anonymous", "x", nbsp, "1234567", "\""})
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SampledFrom(everyRules).Draw(t, "rules")
		checkAppend(t, rules, []byte(strings.Join(rapid.SliceOfN(alphabet, 0, 12).Draw(t, "parts"), "")))
	})
}

// A feed that mixes its own form with E.164 gets the same either way.
func TestAnE164NumberOfTheCountryStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SampledFrom([]*Rules{&british, &american, &spanish}).Draw(t, "rules")
		national := rapid.StringMatching(`[2-9][0-9]{9}`).Draw(t, "number")
		if rules == &spanish {
			national = national[:9]
		}
		once, kind := rules.Append(nil, []byte(rules.NationalPrefix+national))
		twice, kindAgain := rules.Append(nil, once)
		if string(once) != rules.CountryCode+national || kind != Number || !bytes.Equal(once, twice) || kindAgain != kind {
			t.Fatalf("%s: %s, then %s", national, once, twice)
		}
	})
}

func TestReadingANumberAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 128)
	for _, rules := range everyRules {
		for _, text := range []string{"+442079460000", "02079460000", "9901#442079460000", "*67 02079460000", "tel:02079460000;phone-context=+44", uriWithName, "anonymous", "x"} {
			raw := []byte(text)
			if n := testing.AllocsPerRun(10, func() { rules.Append(buf, raw) }); n != 0 {
				t.Errorf("%s: %v allocations", text, n)
			}
		}
	}
}

func TestRulesThatCannotBeMeantAreRefused(t *testing.T) {
	many := make([]string, maxRuleList+1)
	for want, rules := range map[string]Rules{
		`country code "044": want 1 to 3 digits, not beginning with 0`:                                                    {CountryCode: "044"},
		`country code "4444": want 1 to 3 digits, not beginning with 0`:                                                   {CountryCode: "4444"},
		`country code "+44": want 1 to 3 digits, not beginning with 0`:                                                    {CountryCode: "+44"},
		`national prefix "x": want at most 3 digits`:                                                                      {CountryCode: "44", NationalPrefix: "x"},
		`a national prefix needs a country code`:                                                                          {NationalPrefix: "0"},
		`-1 digits of a national number: want 0 to 15`:                                                                    {CountryCode: "44", MinNational: -1},
		`16 digits of a national number: want 0 to 15`:                                                                    {CountryCode: "44", MaxNational: 16},
		`at most 8 digits of a national number: want at least the fewest, 9`:                                              {CountryCode: "44", MinNational: 9, MaxNational: 8},
		`bounds of national numbers need a country code`:                                                                  {MinNational: 9},
		`national numbers without a prefix need a country code and both bounds of their digits`:                           {CountryCode: "1", MaxNational: 10, BareNational: true},
		`national numbers of 9 to 10 digits without a prefix cannot be told from those with country code 1`:               {CountryCode: "1", MinNational: 9, MaxNational: 10, BareNational: true},
		`65 times international prefix: want at most 64`:                                                                  {International: many},
		`international prefix "": want at most 15 characters: digits`:                                                     {International: []string{""}},
		`international prefix "+": want at most 15 characters: digits`:                                                    {International: []string{"00", "+"}},
		`international prefix "00" is there twice`:                                                                        {International: []string{"00", "011", "00"}},
		`tech prefix "#": want at most 15 characters: digits, and # after them where it is always there`:                  {TechPrefixes: []string{"#"}},
		`tech prefix "1234567890123456": want at most 15 characters: digits, and # after them where it is always there`:   {TechPrefixes: []string{"1234567890123456"}},
		`service code "67": want at most 15 characters: * or #, digits, and * or # after them where it is always there`:   {StripCodes: []string{"67"}},
		`service code "*": want at most 15 characters: * or #, digits, and * or # after them where it is always there`:    {StripCodes: []string{"*"}},
		`service code "*6*7": want at most 15 characters: * or #, digits, and * or # after them where it is always there`: {StripCodes: []string{"*6*7"}},
	} {
		if err := rules.Validate(); err == nil || err.Error() != want {
			t.Errorf("%+v: %v, want %s", rules, err, want)
		}
	}
}

func TestRulesAreStoredAsTheyWere(t *testing.T) {
	for _, rules := range everyRules {
		text, err := json.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		var got Rules
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*rules, got); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzAppend(f *testing.F) {
	for _, text := range []string{"0034688886392", "+44 (0)20 7123-4567", "anonymous", "\u00A01", "\xc2", uriWithName, "9901#44", "*67*", "%2", "tel:1;phone-context=+"} {
		for i := range everyRules {
			f.Add(text, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		rules := everyRules[int(which)%len(everyRules)]
		checkAppend(t, rules, slices.Clip([]byte(text)))
	})
}
