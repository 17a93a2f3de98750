package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// fewRows is how many records are compared charge by charge where a
// contestant gives them in an order of its own.
const fewRows = 20_000

// verifyKernel rates all records with the kernel and the naive program: every
// byte must be the same. It returns the answer.
func (j *job) verifyKernel(ctx context.Context) (answer, error) {
	return j.verify(ctx, j.naive("cdrs.csv"), j.kernel("cdrs.csv", j.workers))
}

func (j *job) verify(ctx context.Context, naive, kernel contestant) (answer, error) {
	want, err := run(ctx, naive)
	if err != nil {
		return answer{}, err
	}
	got, err := run(ctx, kernel)
	if err != nil {
		return answer{}, err
	}
	got.answer.OpenMS = 0
	if got.answer != want.answer || want.answer.Rows != int64(j.rows) || want.answer.Rejected != 0 {
		return answer{}, fmt.Errorf("of %d records the kernel says %+v, naive %+v", j.rows, got.answer, want.answer)
	}
	for _, name := range []string{".csv", "-totals.csv"} {
		if err := sameBytes(j.file("naive"+name), j.file("kernel"+name)); err != nil {
			return answer{}, err
		}
	}
	return want.answer, nil
}

// verifyDuckDB compares totals and counts of all records, and every charge of
// a few. The naive program's results of all records must be there; they are
// overwritten.
func (j *job) verifyDuckDB(ctx context.Context, want answer) error {
	for _, v := range duckVariants {
		got, err := run(ctx, j.duckdb(v, "cdrs.csv"))
		if err != nil {
			return err
		}
		if got.answer.Rated != want.Rated || got.answer.Charge != want.Charge {
			return fmt.Errorf("duckdb %s rated %d for %s, naive %d for %s", v, got.answer.Rated, got.answer.Charge, want.Rated, want.Charge)
		}
		if err := sameBytes(j.file("naive-totals.csv"), j.file("duckdb-totals.csv")); err != nil {
			return err
		}
	}
	if _, err := run(ctx, j.naive("few.csv")); err != nil {
		return err
	}
	for _, v := range duckVariants {
		if _, err := run(ctx, j.duckdb(v, "few.csv")); err != nil {
			return err
		}
		if err := sameLines(j.file("naive.csv"), j.file("duckdb.csv")); err != nil {
			return fmt.Errorf("duckdb %s: %w", v, err)
		}
	}
	return nil
}

// sameBytes reports where two files first differ. It holds a line of each: see
// use.peak.
func sameBytes(a, b string) error {
	x, err := os.Open(a)
	if err != nil {
		return err
	}
	defer x.Close() // only read
	y, err := os.Open(b)
	if err != nil {
		return err
	}
	defer y.Close()
	left, right := bufio.NewReaderSize(x, 1<<20), bufio.NewReaderSize(y, 1<<20)
	for line := 1; ; line++ {
		want, errX := left.ReadSlice('\n')
		got, errY := right.ReadSlice('\n')
		if !bytes.Equal(want, got) {
			return differ(line, want, a, got, b)
		}
		switch {
		case errX == io.EOF && errY == io.EOF:
			return nil
		case errX != nil && errX != io.EOF || errY != nil && errY != io.EOF:
			return fmt.Errorf("comparing %s and %s: %w", a, b, errors.Join(errX, errY))
		}
	}
}

// sameLines reports how two files differ, whatever the order of their lines.
func sameLines(a, b string) error {
	var sorted [2][][]byte
	for i, path := range []string{a, b} {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sorted[i] = slices.SortedFunc(bytes.Lines(data), bytes.Compare)
	}
	for i := range max(len(sorted[0]), len(sorted[1])) {
		var want, got []byte
		if i < len(sorted[0]) {
			want = sorted[0][i]
		}
		if i < len(sorted[1]) {
			got = sorted[1][i]
		}
		if !bytes.Equal(want, got) {
			return differ(i+1, want, a, got, b)
		}
	}
	return nil
}

func differ(line int, x []byte, a string, y []byte, b string) error {
	return fmt.Errorf("line %d is %q in %s and %q in %s", line, x, a, y, b)
}
