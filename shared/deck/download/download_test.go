package download_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

func price(s string) money.Price {
	p, err := money.ParsePrice(s)
	if err != nil {
		panic(err)
	}
	return p
}

// few are rates with something of everything that people should recognise.
func few() []rating.Rate {
	return []rating.Rate{
		{Prefix: "44", Destination: "UK, fixed", Price1: price("0.01"), PriceN: price("0.01"), Interval1: 60, IntervalN: 60, ConnectionFee: price("0.05")},
		{Prefix: "0044", Destination: "=UK", Price1: price("0.012345678901"), PriceN: price("0.02"), Interval1: 30, IntervalN: 6, NoGrace: true,
			From: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC).UnixNano()},
		{Prefix: "447700900", Price1: price("1234.567890123456"), Interval1: 1, Blocked: true},
		{Destination: "anywhere", Per: rating.PerCall, Price1: price("2"), Grace: 3, Class: numbering.Local},
		{Kind: call.SMS, Prefix: "33", Price1: price("0.1"), PriceN: price("0.1"), Interval1: 1, IntervalN: 1},
		{Prefix: "49", Tiers: []rating.Tier{{From: 1, RoundUp: 6, Price: price("0.5")}}},
	}
}

func TestCSVAsPeopleSeeIt(t *testing.T) {
	want := "\ufeff" + strings.ReplaceAll(`Action,Id,Prefix,Destination,Kind,Interval 1,Interval N,Price 1,Price N,Price Unit,Connection Fee,Forbidden,Grace Period Seconds,Effective From,Effective To,Call Class,Price Tiers,Currency
,ID,44,"UK, fixed",voice,60,60,0.01,0.01,minute,0.05,0,,,,,,GBP
,ID,"=""0044""",'=UK,voice,30,6,0.012345678901,0.02,minute,0,0,0,2026-12-01T00:00:00Z,,,,GBP
,ID,"=""447700900""",,voice,1,0,1234.567890123456,0,minute,0,1,,,,,,GBP
,ID,*,anywhere,voice,0,0,2,0,call,0,0,3,,,local,,GBP
,ID,33,,sms,1,1,0.1,0.1,,0,0,,,,,,GBP
,ID,49,,voice,0,0,,,minute,0,0,,,,,"m1,0,6,0.5,0",GBP
`, "\n", "\r\n")
	for _, r := range few() {
		want = strings.Replace(want, ",ID,", ","+ratecard.ID(&r)+",", 1)
	}
	if diff := cmp.Diff(want, string(write(t, download.CSV, "GBP", few()))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A spreadsheet program shows what was written, and prefixes stay text there; so
// does a program that edits it and saves it anew.
func TestAWorkbookInAnotherProgram(t *testing.T) {
	file := write(t, download.XLSX, "GBP", few())
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]struct {
		text string
		kind excelize.CellType
	}{
		"C1": {"Prefix", excelize.CellTypeInlineString}, "C2": {"44", excelize.CellTypeInlineString}, "C3": {"0044", excelize.CellTypeInlineString},
		"D3": {"'=UK", excelize.CellTypeInlineString}, "H2": {"0.01", excelize.CellTypeUnset}, "F2": {"60", excelize.CellTypeUnset},
		"H3": {"0.012345678901", excelize.CellTypeUnset}, "H4": {"1234.567890123456", excelize.CellTypeInlineString}, "A2": {"", excelize.CellTypeUnset},
		"N3": {"2026-12-01T00:00:00Z", excelize.CellTypeInlineString}, "R7": {"GBP", excelize.CellTypeInlineString},
	} {
		text, err := book.GetCellValue("Rates", at, excelize.Options{RawCellValue: true})
		kind, errKind := book.GetCellType("Rates", at)
		if text != want.text || kind != want.kind || err != nil || errKind != nil {
			t.Errorf("%s: %q of type %d, %v %v; want %q of type %d", at, text, kind, err, errKind, want.text, want.kind)
		}
	}
	style, err := book.GetCellStyle("Rates", "C2000")
	if err == nil {
		style, err = book.GetColStyle("Rates", "C")
	}
	if format, _ := book.GetStyle(style); err != nil || format.NumFmt != 49 {
		t.Errorf("what is typed into the column of prefixes is not kept as text: %+v, %v", format, err)
	}
	for _, edit := range []struct {
		at    string
		value any
	}{{"A2", "SA"}, {"H2", 0.03}, {"I2", 0.03}, {"A3", "SA"}, {"A4", "SA"}} {
		if err := book.SetCellValue("Rates", edit.at, edit.value); err != nil {
			t.Fatal(err)
		}
	}
	var saved bytes.Buffer
	if err := book.Write(&saved); err != nil {
		t.Fatal(err)
	}
	entries, report := read(t, saved.Bytes(), deck.Options{})
	want := few()[:3]
	want[0].Price1, want[0].PriceN = price("0.03"), price("0.03")
	if diff := cmp.Diff(want, ratesOf(entries)); diff != "" || report.Idle != 3 || len(report.Warnings) > 0 {
		t.Errorf("%+v (-want +got)\n%s", report, diff)
	}
}

func TestAnOpenRateCard(t *testing.T) {
	rates := []rating.Rate{
		{Prefix: "44", Destination: "=UK", Price1: price("0.0123"), PriceN: price("0.0123"), Interval1: 30, IntervalN: 6, From: time.Date(2026, 12, 1, 0, 0, 0, 5e6, time.UTC).UnixNano()},
		{Prefix: "45", Price1: price("0.1"), PriceN: price("0.1"), Interval1: 30, IntervalN: 6, From: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), To: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC).UnixNano()},
	}
	ids := []any{ratecard.ID(&rates[0]), ratecard.ID(&rates[1])}
	field := func(names ...string) (out []any) {
		for _, n := range names {
			out = append(out, map[string]any{"name": n})
		}
		return out
	}
	want := map[string]any{
		"name": "uk.retail", "schema_version": "1.0.0", "version": "3.0", "date": "2026-11-30", "effective_date": "2026-12-01T00:00:00.005Z", "timezone": "UTC",
		"endpoints": map[string]any{"default": map[string]any{}},
		"cards": map[string]any{"default": map[string]any{
			"name": "uk.retail", "type": "termination", "currency": "GBP", "endpoint": "default",
			"rate": map[string]any{"precision": 4.0, "default_initial": 30.0, "default_pulse": 6.0},
			"fields": field("action", "id", "prefix", "name", "initial_interval", "billing_interval", "rate", "price_unit", "connection_fee", "forbidden", "grace_period_seconds",
				"effective_date", "expiry_date"),
			"rates": []any{
				[]any{nil, ids[0], "44", "=UK", 30.0, 6.0, 0.0123, "minute", 0.0, 0.0, nil, "2026-12-01T00:00:00.005Z", nil},
				[]any{nil, ids[1], "45", nil, 30.0, 6.0, 0.1, "minute", 0.0, 0.0, nil, "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"},
			},
		}},
	}
	var got map[string]any
	file := write(t, download.JSON, "GBP", rates)
	if err := json.Unmarshal(file, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	_, report := read(t, file, deck.Options{})
	if report.Currency != "GBP" || report.Idle != 2 {
		t.Errorf("it is read as %+v", report)
	}
	// Where the rates differ, the head says what the format says by itself, and no
	// precision that somebody could round to.
	for _, said := range []string{`"default_pulse":60,"default_initial":60`, `"rate":{"default`, `{"name":"price_1"},{"name":"price_n"}`} {
		if text := string(write(t, download.JSON, "", few())); !strings.Contains(text, said) || strings.Contains(text, `"currency"`) || strings.Contains(text, `"effective_date":`) {
			t.Errorf("%s: want %s, and no currency or date of all", text, said)
		}
	}
}

func TestWhatCannotBeDownloaded(t *testing.T) {
	good := rating.Rate{Prefix: "44", Interval1: 1, IntervalN: 1}
	list := func(of ...rating.Rate) iter.Seq2[rating.Rate, error] { return ratecard.Rows(of) }
	lost := errors.New("lost")
	for name, tc := range map[string]struct {
		format download.Format
		rates  iter.Seq2[rating.Rate, error]
		want   string
	}{
		"another format":   {"xls", list(good), `as "xls": want csv, xlsx or json`},
		"an invalid rate":  {download.CSV, list(rating.Rate{Prefix: "4x"}), `prefix "4x": prefix "4x": want digits only`},
		"a control letter": {download.JSON, list(rating.Rate{Prefix: "44", Tag: "a\tb"}), `prefix "44": tag "a\tb": want no control characters`},
		"rates that ended": {download.CSV, func(yield func(rating.Rate, error) bool) { _ = yield(good, nil) && yield(good, lost) }, "after 1: lost"},
		"too many for a sheet": {download.XLSX, func(yield func(rating.Rate, error) bool) {
			for range 1 << 20 {
				if !yield(good, nil) {
					return
				}
			}
		}, "download CSV or JSON"},
	} {
		if _, err := download.New(tc.format, about(""), tc.rates); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	other := good
	other.Free = 7
	for name, rates := range map[string][]rating.Rate{"fewer": {good}, "more": {good, good, good}, "of more columns": {good, other}} {
		for _, format := range formats {
			file, err := download.New(format, about(""), list(good, good))
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Write(io.Discard, list(rates...)); err == nil || !strings.Contains(err.Error(), "uk.retail-3."+string(format)+": the rates are others than before") {
				t.Errorf("%s %s: %v", format, name, err)
			}
		}
	}
	for _, format := range formats {
		file, err := download.New(format, about(""), list(good))
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Write(full{}, list(good)); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s to a full disk: %v", format, err)
		}
	}
}

// full is where nothing can be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
