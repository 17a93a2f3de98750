package billing

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

var amounts = cmp.Comparer(func(a, b money.Amount) bool { return a == b })

var (
	june = period.Month{Year: 2026, Month: time.June}
	may  = period.Month{Year: 2026, Month: time.May}
)

func head(currency string) Head {
	return Head{
		Number: "2026-06-0001", Account: "Northwind & Søn <Ltd>", Currency: currency, Period: june, Zone: "Europe/London",
		IssuedAt: time.Date(2026, 6, 30, 23, 0, 0, 0, time.UTC),
	}
}

func line(key, exact string) Line {
	return Line{Kind: KindUsage, Key: key, Description: "Calls", Period: june, Exact: money.MustParse(exact)}
}

// sample is a small invoice with one line of each kind.
func sample(t testing.TB) Invoice {
	t.Helper()
	inv, err := New(head("GBP"), []Line{
		{Kind: KindRecurring, Key: "feature:500-minutes", Description: "500 minutes a month", Period: june, Count: 2, Days: 12, Of: 30, Exact: money.MustParse("20.00")},
		{Kind: KindBundled, Key: "bundled", Description: "Calls in your bundle", Period: june, Calls: 312, Seconds: 30000, Exact: money.MustParse("0.0000")},
		{Kind: KindUsage, Key: "usage:44", Description: "Calls to \"44\" <script>alert('mobile')</script>", Period: june, Calls: 41, Seconds: 3671, Exact: money.MustParse("4.2149")},
		{Kind: KindUsage, Key: "usage:353", Description: "Calls to Ireland", Period: june, Calls: 1, Seconds: 9, Exact: money.MustParse("0.0050")},
		{Kind: KindAdjustment, Key: "usage:44", Description: "Calls that arrived late", Period: may, Calls: 1, Seconds: 60, Exact: money.MustParse("-0.1250")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestRounding(t *testing.T) {
	tests := []struct {
		name, currency string
		exact          []string
		rounded        []string
		residue        []string
		exactTotal     string
		total          string
		rounding       string
	}{
		{"half up", "GBP", []string{"0.005", "0.0049"}, []string{"0.01", "0.00"}, []string{"-0.005", "0.0049"}, "0.0099", "0.01", "-0.0001"},
		{"pennies that the exact total has", "GBP", []string{"0.004", "0.004", "0.004"}, []string{"0.00", "0.00", "0.00"}, []string{"0.004", "0.004", "0.004"}, "0.012", "0.00", "0.012"},
		{"a credit mirrors its charge", "EUR", []string{"1.005", "-1.005"}, []string{"1.01", "-1.01"}, []string{"-0.005", "0.005"}, "0.000", "0.00", "0.000"},
		{"nothing to round", "GBP", []string{"30.36", "5"}, []string{"30.36", "5.00"}, []string{"0.00", "0.00"}, "35.36", "35.36", "0.00"},
		{"yen have no decimals", "JPY", []string{"10.5", "0.4999"}, []string{"11", "0"}, []string{"-0.5", "0.4999"}, "10.9999", "11", "-0.0001"},
		{"dinars have three", "KWD", []string{"1.2345", "2"}, []string{"1.235", "2.000"}, []string{"-0.0005", "0.000"}, "3.2345", "3.235", "-0.0005"},
		{"twenty decimals", "GBP", []string{"0.00499999999999999999"}, []string{"0.00"}, []string{"0.00499999999999999999"}, "0.00499999999999999999", "0.00", "0.00499999999999999999"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []Line
			for i, exact := range tt.exact {
				lines = append(lines, line(fmt.Sprint(i), exact))
			}
			inv, err := New(head(tt.currency), lines)
			if err != nil {
				t.Fatal(err)
			}
			var rounded, residue []string
			for _, l := range inv.Lines {
				rounded, residue = append(rounded, l.Rounded.String()), append(residue, l.Residue.String())
			}
			got := [][]string{rounded, residue, {inv.ExactTotal.String(), inv.Subtotal.String(), inv.Total.String(), inv.Rounding.String()}}
			want := [][]string{tt.rounded, tt.residue, {tt.exactTotal, tt.total, tt.total, tt.rounding}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rounded, residues, totals (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	one := []Line{line("k", "1")}
	change := func(f func(*Line)) []Line { l := line("k", "1"); f(&l); return []Line{l} }
	edit := func(f func(*Head)) Head { h := head("GBP"); f(&h); return h }
	tests := []struct {
		name  string
		head  Head
		lines []Line
		want  string
	}{
		{"no lines", head("GBP"), nil, "0 lines"},
		{"unknown currency", head("XYZ"), one, `currency "XYZ"`},
		{"no currency", head(""), one, `currency ""`},
		{"number as a path", edit(func(h *Head) { h.Number = "../2026-06-0001" }), one, "want YYYY-MM-NNNN"},
		{"number 0", edit(func(h *Head) { h.Number = "2026-06-0000" }), one, "want YYYY-MM-NNNN"},
		{"short number", edit(func(h *Head) { h.Number = "2026-06-1" }), one, "want YYYY-MM-NNNN"},
		{"no number", edit(func(h *Head) { h.Number = "" }), one, "want YYYY-MM-NNNN"},
		{"account not UTF-8", edit(func(h *Head) { h.Account = "\xff" }), one, "not UTF-8"},
		{"no account", edit(func(h *Head) { h.Account = "" }), one, "no account"},
		{"month 13", edit(func(h *Head) { h.Period.Month = 13 }), one, "2026-13"},
		{"the machine's zone", edit(func(h *Head) { h.Zone = "Local" }), one, `zone "Local"`},
		{"no zone", edit(func(h *Head) { h.Zone = "" }), one, `zone ""`},
		{"unknown zone", edit(func(h *Head) { h.Zone = "Europe/Atlantis" }), one, "Europe/Atlantis"},
		{"no issue instant", edit(func(h *Head) { h.IssuedAt = time.Time{} }), one, "issued at"},
		{"issued between two seconds", edit(func(h *Head) { h.IssuedAt = h.IssuedAt.Add(1) }), one, "whole seconds"},
		{"kind", head("GBP"), change(func(l *Line) { l.Kind = "gift" }), `kind "gift"`},
		{"no key", head("GBP"), change(func(l *Line) { l.Key = "" }), "no key"},
		{"long description", head("GBP"), change(func(l *Line) { l.Description = strings.Repeat("x", MaxText+1) }), "1025 bytes"},
		{"line of no month", head("GBP"), change(func(l *Line) { l.Period = period.Month{} }), "month"},
		{"more days than there are", head("GBP"), change(func(l *Line) { l.Days, l.Of = 31, 30 }), "31 of 30 days"},
		{"a key twice", head("GBP"), []Line{line("k", "1"), line("k", "2")}, "line 2, k: the key is used twice in 2026-06"},
		{"too large", head("GBP"), []Line{line("a", strings.Repeat("9", 36)), line("b", strings.Repeat("9", 36)), line("c", strings.Repeat("9", 38))}, "line 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.head, tt.lines)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{1: "2026-06-0001", 9999: "2026-06-9999", 10000: "2026-06-10000"} {
		if got := Number(june, n); got != want || checkNumber(got) != nil {
			t.Errorf("Number(%d) = %s (%v), want %s", n, got, checkNumber(got), want)
		}
	}
	statement := StatementNumber(june, 1)
	if statement != "S2026-06-0001" || checkNumber(statement) != nil || !IsStatement(statement) || IsStatement(Number(june, 1)) {
		t.Errorf("a statement is numbered %s (%v)", statement, checkNumber(statement))
	}
	want := Files{JSON: "2026-06-0001.json", Usage: "2026-06-0001-usage.csv", HTML: "2026-06-0001.html"}
	if got := FileNames("2026-06-0001"); got != want {
		t.Errorf("files %+v, want %+v", got, want)
	}
}

var anyInvoice = rapid.Custom(func(t *rapid.T) Invoice {
	amount := rapid.Custom(func(t *rapid.T) money.Amount {
		return money.New(rapid.Int64Range(-1e17, 1e17).Draw(t, "units"), rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"))
	})
	text := rapid.StringN(1, 20, 100)
	lines := make([]Line, rapid.IntRange(1, 8).Draw(t, "lines"))
	for i := range lines {
		lines[i] = Line{
			Kind:        rapid.SampledFrom([]Kind{KindUsage, KindBundled, KindRecurring, KindAdjustment}).Draw(t, "kind"),
			Key:         fmt.Sprintf("%d %s", i, text.Draw(t, "key")),
			Description: text.Draw(t, "description"),
			Period:      june.Add(rapid.IntRange(-3, 0).Draw(t, "months")),
			Calls:       rapid.Uint64().Draw(t, "calls"), Seconds: rapid.Uint64().Draw(t, "seconds"),
			Of:    rapid.IntRange(0, 31).Draw(t, "of"),
			Exact: amount.Draw(t, "exact"),
		}
	}
	h := head(rapid.SampledFrom([]string{"GBP", "JPY", "KWD"}).Draw(t, "currency"))
	h.Account = text.Draw(t, "account")
	inv, err := New(h, lines)
	if err != nil {
		t.Fatal(err)
	}
	return inv
})

func TestExactIsRoundedAndResidue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := anyInvoice.Draw(t, "invoice")
		var exact, rounded, residue money.Amount
		for _, l := range inv.Lines {
			exact, rounded, residue = add(t, exact, l.Exact), add(t, rounded, l.Rounded), add(t, residue, l.Residue)
		}
		if !exact.Equal(add(t, rounded, residue)) {
			t.Fatalf("exact %s, rounded %s, residue %s", exact, rounded, residue)
		}
		if !inv.ExactTotal.Equal(exact) || !inv.Subtotal.Equal(rounded) || !inv.Total.Equal(rounded) || !inv.Rounding.Equal(residue) {
			t.Fatalf("totals %s, %s, %s, %s of exact %s, rounded %s, residue %s", inv.ExactTotal, inv.Subtotal, inv.Total, inv.Rounding, exact, rounded, residue)
		}
	})
}

func add(t *rapid.T, a, b money.Amount) money.Amount {
	c, err := a.Add(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyInvoice.Draw(t, "invoice")
		b, err := want.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(b)
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		if diff := cmp.Diff(want, got, amounts); diff != "" {
			t.Fatalf("invoice (-want +got):\n%s", diff)
		}
	})
}

// An amount that is changed by any unit, or written with other decimals, is found.
func TestCheckFindsTampering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := anyInvoice.Draw(t, "invoice")
		places := []*money.Amount{&inv.ExactTotal, &inv.Subtotal, &inv.Rounding, &inv.Total}
		for i := range inv.Lines {
			l := &inv.Lines[i]
			places = append(places, &l.Exact, &l.Rounded, &l.Residue)
		}
		at := rapid.IntRange(0, len(places)-1).Draw(t, "place")
		by := money.New(rapid.SampledFrom([]int64{-100, -1, 1, 5, 1000000}).Draw(t, "by"), rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"))
		*places[at] = add(t, *places[at], by)
		if inv.Check() == nil {
			t.Fatalf("amount %d became %s unnoticed", at, *places[at])
		}
	})
}

// A changed amount is found in the file, and so is anything not canonical.
func TestParseRefuses(t *testing.T) {
	good, err := sample(t).JSON()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) []byte {
		out := bytes.Replace(good, []byte(old), []byte(new), 1)
		if bytes.Equal(out, good) {
			t.Fatalf("the sample has no %q", old)
		}
		return out
	}
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"a line's exact sum", replace(`"4.2149"`, `"4.2148"`), "line 3, usage:44: 4.2148 rounded to 4.21 leaves 0.0049, want 0.0048"},
		{"a rounded line", replace(`"rounded": "4.21"`, `"rounded": "4.22"`), "rounded to 4.22, want 4.21"},
		{"the total", replace(`"total": "24.09"`, `"total": "24.08"`), "total is 24.08, want 24.09"},
		{"the rounding", replace(`"rounding": "0.0049"`, `"rounding": "0.005"`), "rounding is 0.005"},
		{"the last day", replace(`"2026-06-30"`, `"2026-06-29"`), "want 2026-06-01 to 2026-06-30"},
		{"unknown field", replace(`"account"`, `"balance"`), `unknown field "balance"`},
		{"field in another case", replace(`"account"`, `"Account"`), "line 3 of the file: not the canonical"},
		{"a number for an amount", replace(`"total": "24.09"`, `"total": 24.09`), "reading an invoice"},
		{"a number as 4.20e1", replace(`"total": "24.09"`, `"total": "2.409e1"`), "2.409e1"},
		{"other white space", replace("\n  \"lines\"", "\n\t\"lines\""), "line 10 of the file"},
		{"another offset", replace("2026-06-30T23:00:00Z", "2026-07-01T00:00:00+01:00"), "line 7 of the file"},
		{"more after it", append(bytes.Clone(good), good...), "not the canonical"},
		{"cut short", good[:len(good)/2], "unexpected EOF"},
		{"nothing", nil, "EOF"},
		{"too large", make([]byte, MaxJSON+1), "67108865 bytes, want at most 67108864"},
		{"null", []byte("null\n"), "number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	good, err := sample(f).JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		inv, err := Parse(b)
		if err != nil {
			return
		}
		if again, err := inv.JSON(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("accepted %q, which renders as %q (%v)", b, again, err)
		}
		if err := WriteHTML(&bytes.Buffer{}, inv); err != nil {
			t.Errorf("accepted %q, which has no page: %v", b, err)
		}
	})
}

// golden compares with a file of testdata; UPDATE=1 writes it instead.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	inv := sample(t)
	b, err := inv.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "2026-06-0001.json", b)
	var page bytes.Buffer
	if err := WriteHTML(&page, inv); err != nil {
		t.Fatal(err)
	}
	golden(t, "2026-06-0001.html", page.Bytes())
	for _, banned := range []string{"<script", "http:", "https:", "url(", "@import", "<link", "<img"} {
		if bytes.Contains(page.Bytes(), []byte(banned)) {
			t.Errorf("the page has %s: want one self-contained page", banned)
		}
	}
}

func TestWrongInvoicesAreNotShown(t *testing.T) {
	inv := sample(t)
	inv.Total = money.MustParse("0.00")
	var page bytes.Buffer
	if err := WriteHTML(&page, inv); err == nil || page.Len() > 0 {
		t.Errorf("a page of %d bytes, error %v; want nothing and an error", page.Len(), err)
	}
	if b, err := inv.JSON(); err == nil {
		t.Errorf("rendered %s", b)
	}
}
