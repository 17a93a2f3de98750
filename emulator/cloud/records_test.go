package cloud_test

import (
	"bytes"
	"context"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/tollbook/tollbook/emulator/cloud"
)

func TestTheRecordsOfATryAreAlsoAParquetFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "records.parquet")
	for range 2 { // the second time over the first
		var stdout, stderr bytes.Buffer
		code := cloud.Main(context.Background(), []string{
			"try", "--deck", "../sample/deck.csv", "--cdrs", "../sample/cdrs.csv", "--markup", "25%", "--bundle", "10",
			"--out", filepath.Join(dir, "out"), "--parquet", path,
		}, &stdout, &stderr)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, &stderr)
		}
	}
	type row struct {
		Status string    `parquet:"status"`
		Charge *[16]byte `parquet:"charge,optional"`
		Due    *[16]byte `parquet:"due,optional"`
	}
	rows, err := parquet.ReadFile[row](path)
	if err != nil {
		t.Fatal(err)
	}
	counts, charge, due := map[string]int{}, new(big.Int), new(big.Int)
	for _, r := range rows {
		counts[r.Status]++
		if r.Status == "rated" {
			charge.Add(charge, new(big.Int).SetBytes(r.Charge[:]))
			due.Add(due, new(big.Int).SetBytes(r.Due[:]))
		}
	}
	// As the sample's README works them out.
	if diff := cmp.Diff(map[string]int{"rated": 36, "unrated": 3, "duplicate": 1, "superseded": 1}, counts); diff != "" {
		t.Errorf("records (-want +got)\n%s", diff)
	}
	if charge.String() != "63619" || due.String() != "55165" {
		t.Errorf("charges %s, due %s in units of 0.0001; want 6.3619 and 5.5165", charge, due)
	}
}

func TestNoParquetFileTakesThePlaceOfOneThatIsRead(t *testing.T) {
	dir := t.TempDir()
	deck, cdrs := filepath.Join(dir, "deck.csv"), filepath.Join(dir, "cdrs.csv")
	for _, file := range []string{deck, cdrs} {
		data, err := os.ReadFile(filepath.Join("..", "sample", filepath.Base(file)))
		if err == nil {
			err = os.WriteFile(file, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, why := range map[string]string{
		deck: "a file that is read", cdrs: "a file that is read", dir: "it is no file", filepath.Join(dir, "none", "x.parquet"): "there is no folder",
	} {
		var stdout, stderr bytes.Buffer
		out := filepath.Join(dir, "out")
		code := cloud.Main(context.Background(), []string{"try", "--deck", deck, "--cdrs", cdrs, "--out", out, "--parquet", path}, &stdout, &stderr)
		if code != 2 || !strings.Contains(stderr.String(), why) {
			t.Errorf("--parquet %s: exit code %d, %s; want it refused: %s", path, code, &stderr, why)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("--parquet %s was refused, but something was done", path)
		}
	}
}
