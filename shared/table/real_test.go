package table

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const data = "../../../shared/data"

// What is in every real deck that lies beside the project.
func TestRealDecks(t *testing.T) {
	files, err := filepath.Glob(data + "/*/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no real decks at %s", data)
		}
		t.Skipf("no real decks at %s", data)
	}
	type shape struct {
		Format      Format
		Delimiter   string
		Rows, Width int
	}
	want := map[string]shape{
		"a2billing_import_example_semicolon.csv":  {CSV, ";", 4, 5},
		"asterisell_international_call_rates.csv": {CSV, ",", 11895, 3},
		"astpp_originationrates_sample.csv":       {CSV, ",", 3, 7},
		"astpp_terminationrates_sample.csv":       {CSV, ",", 3, 9},
		"connexcs_open_rate_card_example.json":    {JSON, "", 4, 13},
		"fsbilling_rates.csv":                     {CSV, ";", 3, 3},
		"interconn_it_rates.csv":                  {CSV, ",", 1163, 3},
		"ivozprovider_pricesSample.csv":           {CSV, ",", 4744, 5},
		"ixc_code_country_price_decimalcomma.csv": {CSV, ";", 12, 3},
		"ov500_did.csv":                           {CSV, ",", 2, 9},
		"ov500_rates_incoming.csv":                {CSV, ",", 4, 14},
		"ov500_rates_outgoing.csv":                {CSV, ",", 3, 10},
		"srini_destinations.csv":                  {CSV, ",", 1001, 4},
		"tcxc_acme_expected.csv":                  {CSV, ",", 26, 11},
		"tcxc_acme_rate_notice.csv":               {CSV, ",", 15, 7},
		"twilio_pricing_voice_country_EE.json":    {JSON, "", 5, 6},
		"twilio_public_shape.csv":                 {CSV, ",", 5, 6},
		"voip-accelerator_UStest1YY_head.csv":     {CSV, ",", 11, 5},
		"voip-accelerator_npa_nxx.csv":            {CSV, ",", 10, 6},
		"stuttnummarplanur-per-oktobur-2012.xls":  {XLS, "", 28, 6},
		"xls-llv-ak-E164-EN.xls":                  {XLS, "", 167, 6},
		"voip-accelerator_vinculum.csv":           {CSV, ",", 34, 3},
	}
	for _, file := range files {
		name := filepath.Base(file)
		if dir := filepath.Base(filepath.Dir(file)); dir != "decks" && dir != "xls" || strings.HasSuffix(name, ".md") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			info, err := r.Stat()
			if err != nil {
				t.Fatal(err)
			}
			f, err := Open(r, info.Size(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := shape{Format: f.Format(), Delimiter: f.Delimiter()}
			rows, err := f.Rows(0)
			if err != nil {
				t.Fatal(err)
			}
			for {
				row, err := rows.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got.Rows++
				got.Width = max(got.Width, len(row.Cells))
			}
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			t.Log(f.Charset(), f.Guesses(), f.Warnings())
		})
	}
}
