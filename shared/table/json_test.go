package table

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const openCard = `{"name": "ABC", "date": "2026-06-01", "endpoints": {"default": {"host": "sip.example.com", "password": "pass", "username": "user"}},
 "cards": {"default": {
  "rates": [["441", "United Kingdom", 0.0120, null], ["447", "UK Mobile", 1.40e-2, true, "more"], ["448", {"a": 1}, 0.1]],
  "fields": [{"name": "prefix"}, "name", {"name": "rate"}],
  "currency": "USD", "rate": {"precision": 4}, "codecs": ["PCMU", "PCMA"], "mixed": ["a", {"b": 1}], "criteria": [{"acd": 60}]}}}`

func TestRateCardOfFieldsAndRates(t *testing.T) {
	f := open(t, []byte(openCard), Options{})
	want := []got{
		row(1, "prefix", "name", "rate"),
		row(2, "441", "United Kingdom", "0.0120", ""),
		row(3, "447", "UK Mobile", "1.40e-2", "true", "more"),
		{Line: 4, Bad: `line 4, column 2: "{": want a value, not a list or an object`},
	}
	for range 2 {
		if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	facts := map[string]string{
		"name": "ABC", "date": "2026-06-01", "endpoints.default.host": "sip.example.com", "cards.default.currency": "USD",
		"cards.default.rate.precision": "4", "cards.default.codecs": "PCMU, PCMA",
	}
	if diff := cmp.Diff(facts, f.Facts()); diff != "" {
		t.Errorf("facts: -want +got\n%s", diff)
	}
	warnings := []string{
		`"cards.default.criteria", a list of 1, is passed over: it has no prefixes`,
		"1 values beside the rows are not kept: lists of unlike values, texts of more than 1024 bytes, or more than 1000",
	}
	if diff := cmp.Diff(warnings, f.Warnings()); diff != "" {
		t.Errorf("warnings: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{""}, f.Sheets()); diff != "" || f.Format() != JSON || f.Charset() != "UTF-8" || f.Delimiter() != "" {
		t.Errorf("%v, %s, %s, %q", f.Sheets(), f.Format(), f.Charset(), f.Delimiter())
	}
}

func TestSeveralCardsAreSeveralSheets(t *testing.T) {
	f := open(t, []byte(`{"cards": {"gold": {"fields": ["prefix"], "rates": [["44"]]}, "tin": {"fields": ["code"], "rates": [["45"]]}}}`), Options{})
	if diff := cmp.Diff([]string{"cards.gold.rates", "cards.tin.rates"}, f.Sheets()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]got{row(1, "code"), row(2, "45")}, readRows(t, f, 1)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPriceListOfPrefixes(t *testing.T) {
	f := open(t, []byte(`{"country": "Estonia", "inbound_call_prices": [{"base_price": "0.010"}],
 "outbound_prefix_prices": [
  {"base_price": "0.465", "current_price": "0.460", "destination_prefixes": ["3723302", "37240"], "friendly_name": "Other", "origination_prefixes": ["ALL"]},
  {"current_price": 0.10, "destination_prefixes": [], "friendly_name": "Mobile", "extra": {"a": 1, "b": [true, null]}},
  {"current_price": "1", "current_price": "2"}, {"friendly_name": [["a"]]}],
 "price_unit": "USD"}`), Options{})
	want := []got{
		row(1, "base_price", "price", "prefixes", "destination", "origination_prefixes", "extra.a", "extra.b", "currency"),
		row(2, "0.465", "0.460", "3723302, 37240", "Other", "ALL", "", "", "USD"),
		row(3, "", "0.10", "", "Mobile", "", "1", "true, ", "USD"),
		{Line: 4, Bad: `line 4: "current_price": want each member once`},
		{Line: 5, Bad: `line 5: "friendly_name": want values, or lists of values, not lists of lists or objects`},
	}
	if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	guesses := []string{`column "destination" is "friendly_name" in the file`, `column "prefixes" is "destination_prefixes" in the file`,
		`column "price" is "current_price" in the file`, `column "currency" is "USD" in all rows: the file says it as "price_unit"`}
	if diff := cmp.Diff(guesses, f.Guesses()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{`"inbound_call_prices", a list of 1, is passed over: it has no prefixes`}, f.Warnings()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"country": "Estonia", "price_unit": "USD"}, f.Facts()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestOtherShapesOfJSON(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []got
	}{
		{"objects", `[{"name": "UK", "price": 12345678901234567890.10}, {"price": -1e-7, "name": "Réunion"}]`,
			[]got{row(1, "name", "price"), row(2, "UK", "12345678901234567890.10"), row(3, "Réunion", "-1e-7")}},
		{"objects that lack members", `[{"a": 1}, {"b": null}]`, []got{row(1, "a", "b"), row(2, "1", ""), row(3, "", "")}},
		{"objects in an object", `{"list": {"rates": [{"a": 1}]}}`, []got{row(1, "a"), row(2, "1")}},
		{"lists", ` [["prefix", "rate"], ["44", 0.1]]`, []got{row(1, "prefix", "rate"), row(2, "44", "0.1")}},
		{"by prefix", `{"a": [{"x": 1}], "b": [{"code": "44"}]}`, []got{row(1, "code"), row(2, "44")}},
		{"currency beside", `{"currency": "EUR", "rates": [{"prefix": "44"}]}`, []got{row(1, "prefix", "currency"), row(2, "44", "EUR")}},
		{"with a mark", "\uFEFF[{\"a\": \"\\u00e9\"}]", []got{row(1, "a"), row(2, "é")}},
		{"NUL", `[{"a": "b\u0000"}]`, []got{row(1, "a"), {Line: 2, Bad: `line 2, column 1: "b\x00": want text without NUL`}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, []byte(tc.text), Options{})
			if diff := cmp.Diff(tc.want, readRows(t, f, 0)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			f = open(t, in(t, "utf-16le", tc.text), Options{})
			if diff := cmp.Diff(tc.want, readRows(t, f, 0)); diff != "" {
				t.Errorf("in UTF-16: -want +got\n%s", diff)
			}
		})
	}
}

func TestCSVThatBeginsWithBrackets(t *testing.T) {
	for _, text := range []string{"[Rates],x\n1,2\n", "{a},b\n", "[1],2\n"} {
		if f := open(t, []byte(text), Options{}); f.Format() != CSV {
			t.Errorf("%q is %s", text, f.Format())
		}
	}
}

func TestFactsAreBounded(t *testing.T) {
	facts := map[string]any{"rates": []any{map[string]any{"prefix": "44"}}, "long": strings.Repeat("x", 2000)}
	for i, name := range manyNames(1500) {
		facts[name] = i
	}
	text, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, text, Options{})
	if len(f.Facts()) != 1000 || len(f.Warnings()) != 1 || !strings.HasPrefix(f.Warnings()[0], "501 values beside the rows are not kept") {
		t.Errorf("%d facts, %q", len(f.Facts()), f.Warnings())
	}
}

func TestWhatIsWrittenAsJSONComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab01 \n\"\\é€日😀;,[]{}")))
		records := rapid.SliceOfN(rapid.MapOfN(rapid.SampledFrom([]string{"prefix", "a", "b", "c"}), text, 1, 4), 1, 20).Draw(t, "records")
		file, err := json.Marshal(records)
		if err != nil {
			t.Fatal(err)
		}
		all := readRows(t, open(t, file, Options{}), 0)
		if len(all) != len(records)+1 {
			t.Fatalf("%d rows of %d objects", len(all), len(records))
		}
		for i, g := range all[1:] {
			back := map[string]string{}
			for k, name := range all[0].Cells {
				if _, ok := records[i][name]; ok || g.Cells[k] != "" {
					back[name] = g.Cells[k]
				}
			}
			if diff := cmp.Diff(records[i], back); diff != "" {
				t.Fatalf("-written +read\n%s", diff)
			}
		}
	})
}
