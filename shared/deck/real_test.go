package deck

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

// realDecks is where the decks are that other systems ship as samples.
const realDecks = "../../../shared/data/decks"

func openReal(t *testing.T, name string) *bytes.Reader {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(realDecks, name))
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("the real decks are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}

// npanxx is for a deck without a header, whose codes are in two columns.
var npanxx = &Template{Columns: map[string]string{
	"destination": "#1", "country_code": "#2", "prefix": "#3", "inter": "#4", "intra": "#5", "indeterminate": "#6",
}, CountryCode: "always"}

func TestRealDecks(t *testing.T) {
	want := map[string]struct {
		template    *Template
		rows, rates int64
		refused     string           // part of why
		spots       map[int64]string // line → its first rate
	}{
		"a2billing_import_example_semicolon.csv": {rows: 3, rates: 3, spots: map[int64]string{2: "119370 [afghanistan cellular] 0.3135 0.3135 30/60 0 assumed"}},
		"asterisell_international_call_rates.csv": {rows: 11894, rates: 11894, spots: map[int64]string{
			2:     "88299 [AeroMobile - GSM aircraft] 1.9989 1.9989 60/60 0 assumed",
			8:     "355 [Albania] 0.097 0.097 60/60 0 assumed",
			11895: "26373 [Zimbabwe Mobile - Telecel] 0.2236 0.2236 60/60 0 assumed"}},
		"astpp_originationrates_sample.csv":    {rows: 2, rates: 2, spots: map[int64]string{2: "1 [USA] 0.01 0.01 30/60 0", 3: "44 [UK] 0.05 0.05 30/30 0"}},
		"astpp_terminationrates_sample.csv":    {rows: 2, rates: 2, spots: map[int64]string{2: "1 [USA] 0.05 0.05 30/60 0"}},
		"connexcs_open_rate_card_example.json": {rows: 3, rates: 3, spots: map[int64]string{2: "441 [United Kingdom Landline] 0.012 0.012 60/60 0"}},
		"fsbilling_rates.csv": {rows: 3, rates: 3, spots: map[int64]string{
			1: "1 [usa] 0.12 0.12 60/60 0 assumed", 2: "1305 [usa miami] 0.1 0.1 60/60 0 assumed", 3: "58 [venezuela proper] 0.15 0.15 60/60 0 assumed"}},
		"interconn_it_rates.csv": {refused: "no prefix column"},
		"ivozprovider_pricesSample.csv": {rows: 4743, rates: 4743, spots: map[int64]string{
			2:    "9377 [Afghanistan] 0.273 0.273 1/1 0.273",
			11:   "35589 [Albania] 0.204 0.204 1/1 0.204",
			4744: "263 [Zimbabwe] 0.136 0.136 1/1 0.136"}},
		"ixc_code_country_price_decimalcomma.csv": {rows: 12, rates: 12, spots: map[int64]string{1: "9370 [Afghanistan Mobile AWCC] 0.086 0.086 60/60 0 assumed"}},
		"ov500_did.csv":                        {rows: 1, rates: 1, spots: map[int64]string{2: "35314378374 [Ireland] 0 0 1/1 0"}},
		"ov500_rates_incoming.csv":             {rows: 3, rates: 3, spots: map[int64]string{4: "21 [21 dest] 0.01 0.01 2/3 1"}},
		"ov500_rates_outgoing.csv":             {rows: 2, rates: 2, spots: map[int64]string{2: "93 [Afghanistan] 0.1232 0.1232 1/1 0"}},
		"srini_destinations.csv":               {refused: "no price column"},
		"tcxc_acme_expected.csv":               {rows: 25, rates: 25, spots: map[int64]string{2: "49152 [] 0.0495 0.0495 60/1 0"}},
		"tcxc_acme_rate_notice.csv":            {rows: 9, rates: 25, spots: map[int64]string{8: "49152 [Germany Mobile - Vodafone] 0.0495 0.0495 60/1 0"}},
		"twilio_pricing_voice_country_EE.json": {rows: 4, rates: 729},
		"twilio_public_shape.csv":              {rows: 4, rates: 6, spots: map[int64]string{5: "8190 [Programmable Outbound Minute - Japan - Mobile] 0.185 0.185 60/60 0 assumed"}},
		"voip-accelerator_UStest1YY_head.csv":  {rows: 10, rates: 30, spots: map[int64]string{2: "1201200 [] 0.0096 0.0096 60/60 0 assumed"}},
		"voip-accelerator_npa_nxx.csv":         {template: npanxx, rows: 10, rates: 30, spots: map[int64]string{2: "1907200 [USA - AK] 0.0096561 0.0096561 60/60 0 assumed"}},
		"voip-accelerator_vinculum.csv":        {rows: 34, rates: 34, spots: map[int64]string{1: "9370 [Afghanistan-cellular AWCC] 0.1249 0.1249 60/60 0 assumed"}},
	}
	openReal(t, "tcxc_acme_expected.csv")
	files, err := os.ReadDir(realDecks)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			tc, ok := want[f.Name()]
			if !ok {
				t.Fatal("nobody has said what is in this deck")
			}
			file := openReal(t, f.Name())
			rep, err := ReadFile(file, file.Size(), Options{Template: tc.template}, func(e Entry) error {
				if spot, ok := tc.spots[e.Line]; ok && line(e.Rate) != spot {
					t.Errorf("line %d is %s, want %s", e.Line, line(e.Rate), spot)
				}
				delete(tc.spots, e.Line)
				return e.Rate.Validate()
			}, func(e RowError) { t.Error(e) })
			if tc.refused != "" {
				var file *FileError
				if !errors.As(err, &file) || !strings.Contains(err.Error(), tc.refused) {
					t.Errorf("got %v, want it refused for %q", err, tc.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if rep.Rows != tc.rows || rep.Rates != tc.rates || len(tc.spots) > 0 {
				t.Errorf("%d rows, %d rates, lines never seen %v; want %d and %d", rep.Rows, rep.Rates, tc.spots, tc.rows, tc.rates)
			}
		})
	}
}

// The rate notice of a carrier is what its owner took out of it by hand.
func TestTheRateNoticeGivesWhatIsExpected(t *testing.T) {
	asOf := time.Date(2026, 9, 17, 0, 0, 0, 0, time.UTC).UnixNano()
	file := openReal(t, "tcxc_acme_rate_notice.csv")
	var got [][]string
	if _, err := ReadFile(file, file.Size(), Options{}, func(e Entry) error {
		r := e.AsOf(asOf).Rate
		from, closed := "ASAP", "0"
		if r.From > 0 {
			from = time.Unix(0, r.From).UTC().Format(time.DateTime)
		}
		if e.Closed {
			closed = "1"
		}
		got = append(got, []string{r.Prefix, from, closed, r.Price1.String(), r.PriceN.String(), itoa(r.Interval1), itoa(r.IntervalN)})
		return nil
	}, func(e RowError) { t.Error(e) }); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(openReal(t, "tcxc_acme_expected.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	at := func(name string) int { return slices.Index(rows[0], name) }
	for _, row := range rows[1:] {
		one := []string{}
		for _, name := range []string{"Prefix", "Effective from", "Discontinued", "Price 1", "Price N", "Interval 1", "Interval N"} {
			one = append(one, row[at(name)])
		}
		want = append(want, one)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Inter, intra and indeterminate prices of a deck that names two columns alike.
func TestTheSecondColumnOfANameIsIndeterminate(t *testing.T) {
	file := openReal(t, "voip-accelerator_UStest1YY_head.csv")
	got := map[rating.Class]string{}
	if _, err := ReadFile(file, file.Size(), Options{}, func(e Entry) error {
		if e.Line == 2 {
			got[e.Rate.Class] = e.Rate.PriceN.String()
		}
		return nil
	}, func(e RowError) { t.Error(e) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[rating.Class]string{numbering.Interstate: "0.0096", numbering.Intrastate: "0.0096", numbering.Indeterminate: "0.03136"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
