package cdr

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/period"
	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-30 23:59:59":           "2026-11-30T23:59:59 local",
		"2026-11-30T23:59:59":           "2026-11-30T23:59:59 local",
		"2026/11/30 23:59:59":           "2026-11-30T23:59:59 local",
		"2026-11-30 23:59:59.5":         "2026-11-30T23:59:59.5 local",
		"2026-11-30 23:59:59.123456789": "2026-11-30T23:59:59.123456789 local",
		"2024-02-29 00:00:00":           "2024-02-29T00:00:00 local",
		"2000-02-29 00:00:00":           "2000-02-29T00:00:00 local",
		"1970-01-01 00:00:00":           "1970-01-01T00:00:00 local",
		"2199-12-31 23:59:59":           "2199-12-31T23:59:59 local",
		"2026-11-30T23:59:59Z":          "2026-11-30T23:59:59 UTC",
		"2026-11-30 23:59:59.25+01:00":  "2026-11-30T22:59:59.25 UTC",
		"2026-11-30T23:59:59+0100":      "2026-11-30T22:59:59 UTC",
		"2026-11-30 23:59:59 +0100":     "2026-11-30T22:59:59 UTC",
		"2026-11-30 23:59:59 -03:30":    "2026-12-01T03:29:59 UTC",
		"1136214245":                    "2006-01-02T15:04:05 UTC",
		"1136214245.000001":             "2006-01-02T15:04:05.000001 UTC",
		"1136214245123":                 "2006-01-02T15:04:05.123 UTC",
		"1136214245123456":              "2006-01-02T15:04:05.123456 UTC",
		"7258118399":                    "2199-12-31T23:59:59 UTC",

		"": "bad", "0": "bad", "now": "bad", "7258118400": "bad", "113621424": "bad", "11362142450": "bad",
		"1136214245.": "bad", "1136214245.1234567890": "bad", "1136214245123.5": "bad", "1136214245Z": "bad", "-136214245": "bad",
		"02/01/2006 15:04:05": "bad", "02-01-2006 15:04:05": "bad", "01/02/06 15:04": "bad", "2026-11-30": "bad",
		"2026-11-30 23:59": "bad", "2026-11/30 23:59:59": "bad", "2026-11-30  3:59:59": "bad", "2026-11-30t23:59:59": "bad",
		"2026-02-30 00:00:00": "bad", "2026-02-29 00:00:00": "bad", "2100-02-29 00:00:00": "bad", "2026-04-31 00:00:00": "bad",
		"2026-00-10 00:00:00": "bad", "2026-13-10 00:00:00": "bad", "2026-01-00 00:00:00": "bad", "2026-01-32 00:00:00": "bad",
		"2026-01-01 24:00:00": "bad", "2026-01-01 00:60:00": "bad", "2026-06-30 23:59:60": "bad",
		"1969-12-31 23:59:59": "bad", "2200-01-01 00:00:00": "bad", "0000-00-00 00:00:00": "bad",
		"2026-11-30 23:59:59.": "bad", "2026-11-30 23:59:59,5": "bad", "2026-11-30 23:59:59.1234567890": "bad",
		"2026-11-30 23:59:59 ": "bad", "2026-11-30 23:59:59+1": "bad", "2026-11-30 23:59:59+01": "bad", "2026-11-30 23:59:59+01x00": "bad",
		"2026-11-30 23:59:59+16:00": "bad", "2026-11-30 23:59:59+01:60": "bad", "2026-11-30 23:59:59 UTC": "bad",
	} {
		s, ok := parseTime([]byte(in))
		got := "bad"
		if ok {
			got = time.Unix(s.seconds, s.nanos).UTC().Format("2006-01-02T15:04:05.999999999") + map[bool]string{true: " local", false: " UTC"}[s.local]
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestParseTimeAgreesWithTheStandardLibrary(t *testing.T) {
	layouts := []string{
		"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006/01/02 15:04:05", "2006-01-02 15:04:05.000", "2006-01-02T15:04:05.000000000",
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.000000Z07:00", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05 -0700",
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "offset"))
		at := time.Unix(rapid.Int64Range(86400, lastUnix-86400).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).In(zone)
		layout := rapid.SampledFrom(layouts).Draw(t, "layout")
		text := at.Format(layout)
		want, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := parseTime([]byte(text))
		if !ok || s.seconds != want.Unix() || s.nanos != int64(want.Nanosecond()) {
			t.Errorf("%q: %+v %v, want %v", text, s, ok, want)
		}
	})
}

func TestEveryDayOfTheCalendar(t *testing.T) {
	for at := time.Unix(0, 0).UTC(); at.Year() <= period.MaxYear; at = at.AddDate(0, 0, 1) {
		s, ok := parseTime(at.AppendFormat(nil, time.DateTime))
		if !ok || s.seconds != at.Unix() {
			t.Fatalf("%s: %d %v, want %d", at, s.seconds, ok, at.Unix())
		}
	}
}

func TestClockIsResolve(t *testing.T) {
	var zones []*clock
	for _, name := range []string{"UTC", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kolkata"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, &clock{zone: zone})
	}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(t, "at"), 0).In(c.zone)
		_, change := at.ZoneBounds()
		if change.IsZero() {
			change = at
		}
		_, offset := change.Zone()
		reach := rapid.SampledFrom([]int64{3 * 3600, 30 * 3600, 20 * secondsPerDay})
		for range 20 {
			far := reach.Draw(t, "reach")
			wall := change.Unix() + int64(offset) + rapid.Int64Range(-far, far).Draw(t, "from the change")
			got, seam := c.unix(stamp{wall, 5, true})
			want, wantSeam := period.Resolve(time.Unix(wall, 5).UTC(), c.zone)
			if got != want.UnixNano() || seam != wantSeam {
				t.Fatalf("%s %s: %d %v, want %d %v", c.zone, time.Unix(wall, 0).UTC(), got, seam, want.UnixNano(), wantSeam)
			}
		}
	})
}

func TestParseSeconds(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0 0", "61": "61000000000 0", "007": "7000000000 0", "61.50": "61500000000 2", "0.000000001": "1 9",
		"10000000": "10000000000000000 0", "10000000.0": "10000000000000000 1",
		"": "bad", "-1": "bad", "+1": "bad", "1.": "bad", ".5": "bad", "1,5": "bad", "1e3": "bad", "0x1": "bad", "00:01:05": "bad", "1 s": "bad",
		"1.0000000000": "bad", "10000000.1": "bad", "10000001": "bad", "18446744073709551617": "bad", "NaN": "bad",
	} {
		if got := show(parseSeconds([]byte(in))); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"0": "0 0", "1": "1000000 3", "67540": "67540000000 2", "67500": "67500000000 1", "60000": "60000000000 0",
		"10000000000": "10000000000000000 0", "10000000001": "bad", "": "bad", "1.5": "bad", "-1": "bad",
	} {
		if got := show(parseMilliseconds([]byte(in))); got != want {
			t.Errorf("%q ms: got %s, want %s", in, got, want)
		}
	}
}

func show(d call.Duration, ok bool) string {
	if !ok {
		return "bad"
	}
	return fmt.Sprint(d.Nanos, " ", d.Decimals)
}

func TestAppendNumber(t *testing.T) {
	for in, want := range map[string]string{
		"34688886392": "34688886392", "0034688886392": "34688886392", "+34688886392": "34688886392", "00034688886392": "034688886392",
		"+0034": "0034", " +44 (0)20-7123.4567/8 ": "4402071234567" + "8", "\u00A044\u00A020": "4420", "(+44) 20": "4420", "0 0 44": "44",
		"100": "100", "0": "0", strings.Repeat("9", 32): strings.Repeat("9", 32), "00" + strings.Repeat("9", 32): strings.Repeat("9", 32),
		"": wantNumber, "  ": wantNumber, "+": wantDigits, "00": wantDigits, "-": wantDigits, "++44": wantDigits, "44+1": wantDigits,
		"anonymous": wantDigits, "44x1": wantDigits, "*21#": wantDigits, "sip:44@h": wantDigits, "٤٤": wantDigits, "44\u00A9": wantDigits,
		strings.Repeat("9", 33): wantFewer,
	} {
		var rules numbering.Rules
		number, kind := rules.Append([]byte("before"), []byte(in))
		wanted := wantOf(kind, []byte(in))
		if got := strings.TrimPrefix(string(number), "before") + wanted; got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	for v, words := range map[verdict][]string{
		answered:    {"ANSWERED", "answer", "Ok", "NORMAL_CLEARING", "Normal Clearing", "COMPLETED", "SUCCESS", "yes", "1", "200"},
		notAnswered: {"NO ANSWER", "NOANSWER", "no-answer", "BUSY", "FAILED", "CANCEL", "CANCELLED", "CONGESTION", "UNANSWERED", "CHANUNAVAIL", "0"},
		unknown:     {"", "WHATEVER", "486", "answered" + strings.Repeat("x", 99)},
	} {
		for _, w := range words {
			if got := judge([]byte(w)); got != v {
				t.Errorf("%q: %d, want %d", w, got, v)
			}
		}
	}
}

func TestIsUniqueID(t *testing.T) {
	for in, want := range map[string]bool{
		"1231977075.0": true, "pbx-1-1231977075.12": true, "": false, "1231977075": false, "1.": false, ".1": false, "note 1.5 paid": false, "1.2.3": false,
	} {
		if got := isUniqueID([]byte(in)); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{"2026-11-30 23:59:59", "2026/11/30T23:59:59.5 +01:00", "1136214245.5", "1136214245123", "2026-02-30 00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := parseTime([]byte(text))
		if !ok {
			return
		}
		if s.nanos < 0 || s.nanos > 999_999_999 || s.seconds < -86400 || s.seconds > lastUnix+86400 {
			t.Errorf("%q: %+v", text, s)
		}
		if s.local {
			back := time.Unix(s.seconds, 0).UTC().Format(time.DateTime)
			if got := strings.NewReplacer("/", "-", "T", " ").Replace(text[:19]); got != back {
				t.Errorf("%q is read as %s", text, back)
			}
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"61", "61.500", "0.000000001", "10000000", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func([]byte) (call.Duration, bool){parseSeconds, parseMilliseconds} {
			d, ok := parse([]byte(text))
			if ok && (d.Nanos < 0 || d.Nanos > call.MaxDuration*1e9 || d.Decimals > 9) || !ok && d != (call.Duration{}) {
				t.Errorf("%q: %+v %v", text, d, ok)
			}
		}
		if d, ok := parseSeconds([]byte(text)); ok {
			back := fmt.Sprintf("%d.%09d", d.Nanos/1e9, d.Nanos%1e9)[:len(fmt.Sprint(d.Nanos/1e9))+1+int(d.Decimals)]
			if strings.TrimSuffix(back, ".") != strings.TrimLeft(text[:len(text)-1], "0")+text[len(text)-1:] && d.Nanos >= 1e9 {
				t.Errorf("%q is shown as %q", text, back)
			}
		}
	})
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0034688886392", "+44 (0)20 7123-4567", "anonymous", "\u00A01", "\xc2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var rules numbering.Rules
		number, kind := rules.Append(nil, []byte(text))
		want := wantOf(kind, []byte(text))
		if (want == "") != (len(number) > 0) || len(number) > call.MaxNumber || len(number) > 0 && !allDigits(number) {
			t.Errorf("%q: %q, %q", text, number, want)
		}
	})
}
