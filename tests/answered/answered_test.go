// Package answered holds 200 rows in each format with their answers worked
// out by hand and by an independent calculator (see README.md), and checks
// that try gives the same.
package answered

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
)

func TestAnsweredRows(t *testing.T) {
	for _, tc := range []struct {
		format  string
		options []string
	}{
		{"generic", nil},
		{"asterisk", []string{"--feed", "asterisk", "--timezone", "Europe/London", "--bundle", "30"}},
		{"freeswitch", []string{"--feed", "freeswitch", "--markup", "12.5%"}},
	} {
		t.Run(tc.format, func(t *testing.T) {
			out := t.TempDir()
			args := append([]string{"try", "--deck", "deck-" + tc.format + ".csv", "--cdrs", tc.format + ".csv", "--currency", "GBP", "--out", out}, tc.options...)
			var stdout, stderr bytes.Buffer
			if code := cloud.Main(context.Background(), args, &stdout, &stderr); code != 0 {
				t.Fatalf("exit %d\n%s%s", code, &stdout, &stderr)
			}
			want := read(t, tc.format+".answers.csv")
			got := read(t, filepath.Join(out, "rated.csv"))
			if len(want) != 200 || len(got) != len(want) {
				t.Fatalf("%d rows rated, %d answered, want 200", len(got), len(want))
			}
			for i, w := range want {
				if diff := cmp.Diff(w, likeAnswer(got[i], w)); diff != "" {
					t.Errorf("line %s (-want +got)\n%s", w["line"], diff)
				}
			}
		})
	}
}

// likeAnswer keeps what an answer says: the answers leave out what a row that
// is not charged says about account, month and price.
func likeAnswer(got, want map[string]string) map[string]string {
	out := map[string]string{}
	for key := range want {
		out[key] = got[key]
	}
	if got["status"] != "rated" {
		for _, key := range []string{"account", "prefix", "period"} {
			if want[key] == "" {
				out[key] = ""
			}
		}
	}
	return out
}

func read(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}
