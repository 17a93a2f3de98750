package export_test

import (
	"context"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/money"
)

// duckDB fetches DuckDB with npm and returns the folder of its program: where
// there is no npm, the test is skipped.
func duckDB(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not on this machine: DuckDB reads no file", name)
		}
	}
	dir := t.TempDir()
	for _, path := range []string{
		filepath.Join("testdata", "read.mjs"),
		// The version that the benchmark is measured beside.
		filepath.Join("..", "..", "tests", "bench", "duckdb", "package.json"),
		filepath.Join("..", "..", "tests", "bench", "duckdb", "package-lock.json"),
	} {
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it is 70 MB
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("npm install: %v: %s", err, out)
		}
		t.Skipf("npm cannot fetch DuckDB, so it reads no file: %v: %s", err, out)
	}
	return dir
}

// many returns n records of whole days; some charges are below zero, as no
// card makes them, and one is as large as can be.
func many(n int) []*export.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	out := make([]*export.Record, n)
	for i := range out {
		number := strconv.Itoa(441_000_000_000 + rng.IntN(999_999_999))
		row := &call.Row{
			Record: call.Record{
				Feed: "switch", CallID: "call " + strconv.Itoa(i), Account: "account-" + strconv.Itoa(rng.IntN(500)), ANumber: "33123456789", BNumber: number,
				Instant: begin + rng.Int64N(30*24*int64(time.Hour)), Duration: call.Duration{Nanos: rng.Int64N(3600e9), Decimals: 9},
				Kind: call.Kind(rng.IntN(call.Kinds)), Units: rng.Uint64N(call.MaxUnits), Flags: call.Flags(rng.Uint32N(1 << 11)),
			},
			Line: int64(i + 2), Status: call.Status(1 + rng.IntN(2)), Prefix: 1 + rng.IntN(9), Billed: rng.Uint64N(1 << 40), Covered: rng.Uint64N(100),
			Charge: money.New(rng.Int64N(1e12), 6), Due: money.New(rng.Int64N(1e12), 4),
		}
		if row.Status == call.Unrated {
			row.Reason = call.NoRate
		} else if i%100 == 0 {
			row.Charge = row.Charge.Neg()
		}
		out[i] = &export.Record{Row: row, Batch: "b", Period: "monthly:2026-11", Image: "images/0", Destination: "UK, mobile", Currency: "GBP", Folded: true}
	}
	return out
}

func TestDuckDBReadsEveryAmountAndInstantExactly(t *testing.T) {
	dir := duckDB(t)
	const n = 140_000 // more than one row group
	in := many(n)
	charge, due, less := new(big.Rat), new(big.Rat), 0
	for _, r := range in {
		if r.Row.Status != call.Rated {
			continue
		}
		for _, s := range []struct {
			sum *big.Rat
			add money.Amount
		}{{charge, r.Row.Charge}, {due, r.Row.Due}} {
			x, ok := new(big.Rat).SetString(s.add.String())
			if !ok {
				t.Fatalf("no number: %s", s.add)
			}
			s.sum.Add(s.sum, x)
		}
		if r.Row.Charge.Sign() < 0 {
			less++
		}
	}
	parquet, csv := filepath.Join(dir, "records.parquet"), filepath.Join(dir, "records.csv")
	for path, f := range map[string]export.Format{parquet: export.Parquet, csv: export.RawCSV} {
		if err := os.WriteFile(path, write(t, f, 8, in...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", "read.mjs", parquet, csv)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("DuckDB: %v: %s", err, out)
	}
	type answer struct {
		Types       map[string]string `json:"types"`
		Count       int               `json:"count"`
		Charge, Due string
		Less        int `json:"less"`
		Missing     int `json:"missing"`
		CSVCount    int `json:"csvCount"`
	}
	var got answer
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	want := answer{Types: map[string]string{}, Count: n, Charge: charge.FloatString(8), Due: due.FloatString(8), Less: less, CSVCount: n}
	for _, name := range export.Columns() {
		want.Types[name] = "VARCHAR"
	}
	for name, typ := range map[string]string{
		"start": "TIMESTAMP WITH TIME ZONE", "start_nanos": "INTEGER", "duration": "DECIMAL(18,9)", "units": "BIGINT", "billed": "BIGINT",
		"charge": "DECIMAL(38,8)", "covered": "BIGINT", "due": "DECIMAL(38,8)", "line": "BIGINT",
	} {
		want.Types[name] = typ
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DuckDB (-want +got)\n%s", diff)
	}
}
