package xls_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/tollbook/tollbook/shared/xls"
)

func TestDateText(t *testing.T) {
	for _, c := range []struct {
		serial float64
		d1904  bool
		want   string // empty: no date
	}{
		{1, false, "1900-01-01"},
		{59, false, "1900-02-28"},
		{60, false, ""}, // 29 February 1900
		{60.5, false, ""},
		{61, false, "1900-03-01"},
		{36_526, false, "2000-01-01"},
		{46_288, false, "2026-09-23"},
		{46_288.520833333336, false, "2026-09-23 12:30:00"},
		{46_288 + 1.0/86_400, false, "2026-09-23 00:00:01"},
		{46_288.9999999, false, "2026-09-24"},
		{0, false, "00:00:00"},
		{0.25, false, "06:00:00"},
		{0.25, true, "06:00:00"},
		{1, true, "1904-01-02"},
		{60, true, "1904-03-01"},
		{44_826, true, "2026-09-23"},
		{44_826.5, true, "2026-09-23 12:00:00"},
		{2_958_465, false, "9999-12-31"},
		{2_958_466, false, ""},
		{2_957_003, true, "9999-12-31"},
		{2_957_004, true, ""},
		{2_958_465.9999999, false, ""},
		{20_260_923, false, ""}, // a date without its dashes
		{-1, false, ""},
		{1e300, false, ""},
		{math.NaN(), false, ""},
		{math.Inf(1), false, ""},
	} {
		got, ok := xls.DateText(c.serial, c.d1904)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("DateText(%v, %v) = %q, %v, want %q", c.serial, c.d1904, got, ok, c.want)
		}
	}
}

// The calendar is walked through day by day, by the rule of leap years.
func TestEveryDayHasItsSerial(t *testing.T) {
	serial := 61.0
	for year := 1900; year < 2200; year++ {
		days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			days[1] = 29
		}
		for month := range days {
			if year == 1900 && month < 2 {
				continue
			}
			for day := range days[month] {
				want := fmt.Sprintf("%d-%02d-%02d", year, month+1, day+1)
				if got, _ := xls.DateText(serial, false); got != want {
					t.Fatalf("day %v is %s, want %s", serial, got, want)
				}
				if got, _ := xls.DateText(serial-1462, true); serial > 1462 && got != want {
					t.Fatalf("day %v of 1904 is %s, want %s", serial-1462, got, want)
				}
				serial++
			}
		}
	}
}

func TestIsDateFormat(t *testing.T) {
	for _, c := range []struct {
		id   int
		code string
		want bool
	}{
		{0, "", false}, {13, "", false}, {14, "", true}, {22, "", true}, {23, "", false}, {26, "", false}, {27, "", true}, {36, "", true},
		{37, "", false}, {44, "", false}, {45, "", true}, {47, "", true}, {48, "", false}, {49, "", false}, {50, "", true}, {58, "", true}, {59, "", false},
		{-1, "", false}, {164, "", false},
		{14, "0.00", false}, // the code decides where there is one
		{164, "yyyy-mm-dd", true},
		{164, "dd/mm/yyyy hh:mm", true},
		{164, "d.m.yy", true},
		{164, "[$-409]d-mmm-yyyy;@", true},
		{164, "h:mm AM/PM", true},
		{164, "mm:ss.0", true},
		{164, "[h]:mm:ss", true},
		{164, "[mm]", true},
		{164, "ss.000", true},
		{164, `yyyy"年"m"月"`, true},
		{164, `yyyy\-mm\-dd`, true},
		{164, "YYYY-MM-DD", true},
		{164, "General", false},
		{164, "GENERAL", false},
		{164, "Standard", false},
		{164, "@", false},
		{164, "0.00", false},
		{164, "#,##0.00", false},
		{164, "0.00E+00", false},
		{164, "0%", false},
		{164, "# ?/?", false},
		{164, `0.0000" USD"`, false},
		{164, "#,##0.00 USD", false},
		{164, "USD #,##0.00", false},
		{164, "[$USD] 0.00", false},
		{164, "[Red]0.00", false},
		{164, "[Red]-0.00;d", false}, // the first section decides
		{164, `"closed";d`, false},
		{164, `_d@`, false},
		{164, `\d@`, false},
		{164, `"day "0`, false},
		{164, `*d@`, false},
		{164, `;;;`, false},
		{164, `"open`, false},
		{164, `[open`, false},
		{164, `\`, false},
		{164, `[]0`, false},
		{164, `\世d`, true},
	} {
		if got := xls.IsDateFormat(c.id, c.code); got != c.want {
			t.Errorf("IsDateFormat(%d, %q) = %v, want %v", c.id, c.code, got, c.want)
		}
	}
}
