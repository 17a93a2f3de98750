package cells

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

func codesOf(cell string, r CodeRules) string {
	codes, _, err := AppendCodes(nil, []byte(cell), r)
	if err != nil {
		return err.Error()
	}
	return strings.Join(codes, " ")
}

func TestCodes(t *testing.T) {
	for _, c := range []struct{ cell, want, from string }{
		{"49", "49", ""},
		{"49152", "49152", ""},
		{"1201200", "1201200", ""},
		{"+521", "521", "the notice of a wholesale carrier: +521"},
		{"+9377", "9377", "IvozProvider: prices sample"},
		{"001305", "1305", "FreeSWITCH billing: 00 in front"},
		{"0058", "58", "FreeSWITCH billing: 00 in front"},
		{"01144", "44", "an American carrier's exit code"},
		{"+0044", "44", ""},
		{"+ 44", "44", ""},
		{"00-44-7400", "447400", ""},
		{" 44\u00a07400 ", "447400", "NBSP from a web page"},
		{"\ufeff44\u200b", "44", "a byte order mark in a cell"},
		{`="0044"`, "44", "a spreadsheet's formula that keeps the zeros"},
		{"'44", "44", "a spreadsheet's apostrophe"},
		{"447400.0", "447400", "a table of floating-point numbers"},
		{"447400.00, 447401.00", "447400 447401", ""},

		{"49152, 49162, 49172-49174", "49152 49162 49172 49173 49174", "the notice of a wholesale carrier"},
		{"336 07, 336 08", "33607 33608", "the notice of a wholesale carrier: spaces inside the codes"},
		{"234803; 234806; 234703", "234803 234806 234703", "the notice of a wholesale carrier"},
		{"187638, 187639", "187638 187639", "the notice of a wholesale carrier"},
		{"447400-447409", "447400 447401 447402 447403 447404 447405 447406 447407 447408 447409", "the notice of a wholesale carrier"},
		{"43, 431", "43 431", "Twilio: destination prefixes"},
		{"1242, 1246, 1264", "1242 1246 1264", "Twilio: origination prefixes"},
		{"359, 43, 385", "359 43 385", "Twilio: origination prefixes of several countries"},
		{"4400-4403", "4400 4401 4402 4403", "JeraSoft: ranges"},
		{"930-936", "930 931 932 933 934 935 936", "a list of destinations by first and last code"},
		{"870-874", "870 871 872 873 874", "Inmarsat's codes before 2008: neighbours"},
		{"44,44,44", "44", "a code is named once"},
		{"4401-4403,4402-4404", "4401 4402 4403 4404", ""},
		{"49152,49162,", "49152 49162", "a list may end with its separator"},
		{"49152,\n49162\r\n49172", "49152 49162 49172", "line breaks in a cell"},
		{"49151/49152", "49151 49152", ""},
		{"336,337", "336 337", "no thousands: both are in France"},
		{"351,352,353", "351 352 353", "no thousands: three country codes"},
		{"49172 to 49174", "49172 49173 49174", ""},
		{"49172–49174", "49172 49173 49174", "an en dash"},
		{"49172 — 49174", "49172 49173 49174", "an em dash"},
		{"+49172-+49174", "49172 49173 49174", ""},
		{"0049172-0049174", "49172 49173 49174", ""},
		{"+49172-49174", "49172 49173 49174", ""},
		{"09-11", "09 10 11", "digits keep their zeros"},

		{"61 38,39", "6138 6139", "Freeside's rate import: the country code once"},
		{"+61 38,39", "6138 6139", ""},
		{"61 38/39", "6138 6139", ""},
		{"61-38,39", "6138 6139", "Freeside passes dashes over"},
		{"61 38-40,42", "6138 6139 6140 6142", ""},
		{"44 7400-7402", "447400 447401 447402", "a range behind its country code"},
		{"44 20 70-71", "442070 442071", ""},
		{"44 70 to 72", "4470 4471 4472", ""},
		{"4420 70 to 71", "442070 442071", "the word says that it is a range"},
		{"336 07, 08", "33607 33608", "no code begins with 0: both stand behind 336"},
		{"336 07-336 09", "33607 33608 33609", ""},
		{"61 38, +6139", "6138 6139", "what has a plus is whole"},
		{"61 38", "6138", ""},
		{"1 242, 1 246", "1242 1246", ""},
		{"6138, 61 39", "6138 6139", ""},

		{"44-7400", "447400", "the dash trap: one code"},
		{"61-38", "6138", "a range does not go down"},
		{"1-242", "1242", ""},
		{"1201-555", "1201555", ""},
		{"7401-7403", "7401 7402 7403", "the dash trap: a range"},
		{"1-800-55", "180055", ""},

		{"", "want digits: a row without a prefix would price every number", ""},
		{"+", "want digits: a row without a prefix would price every number", ""},
		{" , ", "want digits: a row without a prefix would price every number", ""},
		{"1.4E+10", wantRounded.Error(), "a spreadsheet's display"},
		{"1,4E+10", wantRounded.Error(), ""},
		{"49152, 4.47E11", wantRounded.Error(), ""},
		{"1234567890123456", "want codes of at most 15 digits", ""},
		{"44 7400x", wantDigits.Error(), ""},
		{"44.7", wantDigits.Error(), ""},
		{"44.000", wantDigits.Error(), "may be thousands"},
		{"++44", wantDigits.Error(), ""},
		{"44 (mobile)", wantDigits.Error(), ""},
		{"44-", wantBothEnds.Error(), ""},
		{"-44", wantBothEnds.Error(), ""},
		{"44--45", wantBothEnds.Error(), ""},
		{"44 to", wantBothEnds.Error(), ""},
		{"4420 to 443", "want both ends of a range with as many digits, the smaller first", ""},
		{"443 to 442", "want both ends of a range with as many digits, the smaller first", ""},
		{"10000-99999", "want at most 10000 codes in a cell: this makes 90000", ""},

		{"61 38, 6139", "want one reading: this is 6139, or 616139; write every code of the list whole, without spaces", ""},
		{"336 07, 338", "want one reading: this is 338, or 336338; write every code of the list whole, without spaces", ""},
		{"61 38, 61 39, 40", "want one reading: this is 40, or 6140; write every code of the list whole, without spaces", ""},
		{"61 3 8, 3 9", "want one reading: this is a list of whole codes, or codes that all begin with 61; write every code of the list whole, without spaces", ""},
		{"7409-7401", "want one reading: this is 74097401, or the range 7401 to 7409; write the smaller end first, or the code without a dash", ""},
		{"447400-09", "want one reading: this is 44740009, or 447400 to 447409; write both ends of a range in full, and a code without dashes", ""},
		{"4420 70-79", "want one reading: this is 44207079, or 442070 to 442079; write a range as 442070 to 442079, and a code without dashes", ""},
		{"1-242-246", "want one reading: this is 1242246, or 1242 to 1246; write a range as 1242 to 1246, and a code without dashes", ""},
		{"33-68", "want one reading: this is the code 3368, or a range of countries from 33 to 68; write a code without dashes, or the countries one by one", ""},
		{"49151/52", "want one reading: this is the code 52, or short for 49152; write every code of the list whole", ""},
		{"49,152", "want one reading: this is the codes 49,152, or the code 49152 with thousands separators; put a space behind the commas of a list, and no comma into a code", ""},
		{"447,400", "want one reading: this is the codes 447,400, or the code 447400 with thousands separators; put a space behind the commas of a list, and no comma into a code", ""},
	} {
		if got := codesOf(c.cell, CodeRules{}); got != c.want {
			t.Errorf("%q (%s): got %s\nwant %s", c.cell, c.from, got, c.want)
		}
	}
}

func TestCountryCodes(t *testing.T) {
	for _, c := range []struct {
		country, cell string
		rule          CountryRule
		want          string
	}{
		{"1907", "200", Ask, "1907200"}, // area code and exchange in two columns
		{"44", "7400, 7401-7402", Ask, "447400 447401 447402"},
		{"+44", "20", Ask, "4420"},
		{"0044", "20", Ask, "4420"},
		{"44.0", "20.0", Ask, "4420"},
		{"1-242", "3", Ask, "12423"},
		{"44", "+4420", Ask, "4420"},
		{"44", "44 20", Ask, "4420"},
		{"44", "44-20, 21", Ask, "4420 4421"},
		{"44", "44123456789012", Ask, "44123456789012"}, // with another 44 it would be too long
		{"49", "152,162", Ask, "49152 49162"},
		{"44", "4420", Ask, "want one reading: this is the code 4420, or 444420 with the country code in front; say whether the codes of the deck have their country code already"},
		{"44", "+3320", Ask, "want a code of country code 44, or another country code: 3320 is written as a whole number"},
		{"44", "20 7, 8", Ask, "want one reading: this is 8, or 208; write every code of the list whole, without spaces"},
		{"44", "43-44", Ask, "want a range whose ends both begin with country code 44, or neither"},
		{"44", "", Ask, "want the code: nothing stands behind country code 44; if that is the whole country, write 44, or say that the country code goes in front of every code"},
		{"44", "", Always, "44"},
		{"44", "", WhenMissing, "44"},
		{"44", "", Never, "want digits: a row without a prefix would price every number"},
		{"44", "4420", Always, "444420"},
		{"44", "4420, 21", WhenMissing, "4420 4421"},
		{"44", "44123456789012", Always, "want codes of at most 15 digits, with country code 44 in front"},
		{"44", "3320", Never, "3320"},
		{"", "3320", Always, "3320"},
		{"UK", "20", Ask, "want one country code of digits, such as 44, in its own column"},
		{"44, 1", "20", Ask, "want one country code of digits, such as 44, in its own column"},
		{"1 to 2", "20", Ask, "want one country code of digits, such as 44, in its own column"},
	} {
		if got := codesOf(c.cell, CodeRules{CountryCode: []byte(c.country), CountryRule: c.rule}); got != c.want {
			t.Errorf("country code %q, %q, rule %d: got %s\nwant %s", c.country, c.cell, c.rule, got, c.want)
		}
	}
}

func TestCodeRules(t *testing.T) {
	for _, c := range []struct {
		cell  string
		rules CodeRules
		want  string
	}{
		{"0044", CodeRules{Strip: []string{}}, "0044"},
		{"+44", CodeRules{Strip: []string{}}, wantDigits.Error()},
		{"9#44", CodeRules{Strip: []string{"9", "9#"}}, "44"},
		{"00900", CodeRules{Strip: []string{"00", "009"}}, ""}, // the longest is tried first
		{"1-3", CodeRules{MaxCodes: 2}, "want at most 2 codes in a cell: this makes 3"},
		{"1,2,3", CodeRules{MaxCodes: 2}, "want at most 2 codes in a cell"},
		{"1,2-3", CodeRules{MaxCodes: 2}, "want at most 2 codes in a cell: this makes 3"},
		{"1-2", CodeRules{MaxCodes: 2}, "1 2"},
	} {
		if c.want == "" {
			c.want = wantNoCode.Error()
		}
		if got := codesOf(c.cell, c.rules); got != c.want {
			t.Errorf("%q: got %s, want %s", c.cell, got, c.want)
		}
	}
}

func TestCodeNotes(t *testing.T) {
	for _, c := range []struct {
		cell, country string
		want          CodeNote
	}{
		{"49", "", 0},
		{" 49 ", "", 0},
		{"49,49152", "", List},
		{"7401-7402", "", Range},
		{"44-7400", "", Dash},
		{"44 7400-7402", "", Range},
		{"44-74-00 to 44-74-01", "", Range | Dash},
		{"+44", "", Stripped},
		{"20", "44", CountryAdded},
		{"44 20", "44", CountryKept},
		{"61 38,39", "", List | CountryAdded},
		{`="49"`, "", Unwrapped},
		{"49.0", "", Unwrapped},
		{"49, 52", "", List | Countries},
		{"020", "44", CountryAdded | TrunkZero},
		{"44 020", "", TrunkZero},
		{"336 07", "", 0},
		{"07", "", TrunkZero},
	} {
		_, got, err := AppendCodes(nil, []byte(c.cell), CodeRules{CountryCode: []byte(c.country)})
		if err != nil || got != c.want {
			t.Errorf("%q behind %q: got %b, %v, want %b", c.cell, c.country, got, err, c.want)
		}
	}
}

// What is in dst stays, whatever the cell is.
func TestCodesAreAppended(t *testing.T) {
	before := []string{"1", "49152"}
	got, _, err := AppendCodes(before, []byte("49152-49153, 49152"), CodeRules{})
	if diff := cmp.Diff([]string{"1", "49152", "49152", "49153"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if got, _, err = AppendCodes(before, []byte("49152,x"), CodeRules{}); err == nil || len(got) != 2 {
		t.Errorf("after an error: %q, %v", got, err)
	}
}

// The table of calling codes is that of the numbering library.
func TestCallingCodes(t *testing.T) {
	for code := range phonenumbers.GetSupportedCallingCodes() {
		if s := fmt.Sprint(code); !isCallingCode([]byte(s)) || callingCode([]byte(s+"00")) != len(s) {
			t.Errorf("%s is no calling code", s)
		}
	}
	for n := range 100 {
		if s := fmt.Sprint(n); isCallingCode([]byte(s)) && !phonenumbers.GetSupportedCallingCodes()[n] {
			t.Errorf("%s is a calling code", s)
		}
	}
}

// A range is as many codes as lie in it, in order, each of the same length.
func TestRangesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(3, maxCode).Draw(t, "width")
		front := rapid.StringMatching(fmt.Sprintf(`[1-9][0-9]{%d}`, width-2)).Draw(t, "front")
		low := rapid.IntRange(0, 9).Draw(t, "low")
		high := rapid.IntRange(low, 9).Draw(t, "high")
		sign := rapid.SampledFrom([]string{"-", "–", " - ", " to ", " TO "}).Draw(t, "sign")
		style := rapid.SampledFrom([]string{"%s", "+%s", "00%s"}).Draw(t, "style")
		cell := fmt.Sprintf(style+sign+style, front+fmt.Sprint(low), front+fmt.Sprint(high))
		got, _, err := AppendCodes(nil, []byte(cell), CodeRules{})
		var want []string
		for n := low; n <= high; n++ {
			want = append(want, front+fmt.Sprint(n))
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%q: %v %s", cell, err, diff)
		}
	})
}

// Whole codes in any notation of a list come out as they went in.
func TestListsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfNDistinct(rapid.StringMatching(`[1-9][0-9]{0,14}`), 1, 50, rapid.ID).Draw(t, "codes")
		sep := rapid.SampledFrom([]string{", ", ";", "; ", "\n", ",\r\n", " / "}).Draw(t, "sep")
		style := rapid.SampledFrom([]string{"+%s", "00%s", "+%s ", "+%s.0"}).Draw(t, "style")
		var cell []string
		for _, c := range codes {
			cell = append(cell, fmt.Sprintf(style, c))
		}
		got, note, err := AppendCodes(nil, []byte(strings.Join(cell, sep)), CodeRules{})
		if diff := cmp.Diff(codes, got); err != nil || diff != "" || note&Stripped == 0 || (note&List != 0) != (len(codes) > 1) {
			t.Fatalf("%q: %v %b %s", cell, err, note, diff)
		}
	})
}

func FuzzCodes(f *testing.F) {
	for _, s := range []string{"49152, 49162, 49172-49174", "336 07, 336 08", "61 38,39", "44-7400", "1.4E+10", "=\"0044\"", "44 7400-7409/44 75 to 44 76", "1-242-246", "49,152", "+49172-+49174;00 1"} {
		f.Add(s, "", uint8(0), 100)
		f.Add(s, "44", uint8(3), 3)
	}
	f.Fuzz(func(t *testing.T, cell, country string, rule uint8, most int) {
		r := CodeRules{CountryCode: []byte(country), CountryRule: CountryRule(rule % 4), MaxCodes: 1 + int(uint(most)%1000)}
		got, note, err := AppendCodes(nil, []byte(cell), r)
		if err != nil {
			var w *Want
			if !errors.As(err, &w) || len(got) > 0 || note != 0 || len(err.Error()) > 600 {
				t.Errorf("%q: %q, %v", cell, got, err)
			}
			return
		}
		if len(got) == 0 || len(got) > r.MaxCodes {
			t.Errorf("%q: %d codes", cell, len(got))
		}
		seen := map[string]bool{}
		for _, c := range got {
			if len(c) == 0 || len(c) > maxCode || strings.Trim(c, "0123456789") != "" || seen[c] {
				t.Errorf("%q: code %q", cell, c)
			}
			seen[c] = true
		}
	})
}
