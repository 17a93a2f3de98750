// Package real runs the whole job on real decks and call records, with all
// their oddities, where they are beside the project.
package real

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
)

const data = "../../../shared/data"

func TestRealFiles(t *testing.T) {
	if _, err := os.Stat(data); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the real decks and records are missing: %v", err)
		}
		t.Skipf("no real decks and records at %s: %v", data, err)
	}
	for _, deck := range []struct {
		file  string
		rates int
		toOne []string // two calls to the number 1: a rate only where the deck has that very prefix
	}{
		{"asterisell_international_call_rates.csv", 11894, []string{"1 unrated short_number", "2 unrated short_number"}},
		{"ivozprovider_pricesSample.csv", 4743, []string{"1 rated ", "2 rated "}},
	} {
		for _, cdrs := range []struct {
			file, feed string
			rows       []string // line status reason
		}{
			{"asterisk_cdr_csv_good.csv", "asterisk", []string{
				// Lines 1 and 2 are one call, told twice: the greater content hash wins.
				"1 unrated short_number", "2 superseded ", "3 ignored not_answered", "4 ignored not_answered", "5 ignored not_answered"}},
			{"asterisk_cdr_csv_buggy.csv", "asterisk", []string{"1 rejected bad_csv"}},
			{"asterisk_testsuite_Master.csv", "asterisk", deck.toOne},
			{"freeswitch_cdr_csv_signalwire_docs.csv", "freeswitch", []string{
				"1 ignored not_answered", "2 ignored not_answered", "3 ignored not_answered", "4 ignored not_answered", "5 ignored not_answered"}},
		} {
			t.Run(deck.file+"/"+cdrs.file, func(t *testing.T) {
				out := t.TempDir()
				var stdout, stderr bytes.Buffer
				code := cloud.Main(context.Background(), []string{"try", "--deck", filepath.Join(data, "decks", deck.file),
					"--cdrs", filepath.Join(data, "cdrs", cdrs.file), "--feed", cdrs.feed, "--out", out}, &stdout, &stderr)
				if code != 0 {
					t.Fatalf("exit %d\n%s%s", code, &stdout, &stderr)
				}
				if diff := cmp.Diff(cdrs.rows, rows(t, out)); diff != "" {
					t.Errorf("rows (-want +got)\n%s", diff)
				}
				var receipt struct {
					Deck   struct{ Rates int }
					Counts map[string]int
				}
				read, err := os.ReadFile(filepath.Join(out, "receipt.json"))
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(read, &receipt); err != nil {
					t.Fatal(err)
				}
				if receipt.Deck.Rates != deck.rates {
					t.Errorf("%d rates, want %d", receipt.Deck.Rates, deck.rates)
				}
				sum := 0
				for class, n := range receipt.Counts {
					if class != "rows" {
						sum += n
					}
				}
				if receipt.Counts["rows"] != len(cdrs.rows) || sum != len(cdrs.rows) {
					t.Errorf("%d rows counted, classes add up to %d, want %d", receipt.Counts["rows"], sum, len(cdrs.rows))
				}
			})
		}
	}
}

// rows returns "line status reason" of every line of rated.csv.
func rows(t *testing.T, out string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(out, "rated.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range read[0] {
		at[name] = i
	}
	var got []string
	for _, row := range read[1:] {
		got = append(got, strings.Join([]string{row[at["line"]], row[at["status"]], row[at["reason"]]}, " "))
	}
	return got
}
