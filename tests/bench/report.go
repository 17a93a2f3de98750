package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// row is one result: a pair of contestants, or one value.
type row struct {
	ID        string  `json:"id"`
	A         string  `json:"a,omitempty"`
	B         string  `json:"b,omitempty"`
	ACPU      float64 `json:"a_cpu,omitempty"` // seconds, user and system, the median
	BCPU      float64 `json:"b_cpu,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"` // a to b: the median of the pairs
	AWall     float64 `json:"a_wall,omitempty"`
	BWall     float64 `json:"b_wall,omitempty"`
	WallRatio float64 `json:"wall_ratio,omitempty"`
	Value     float64 `json:"value,omitempty"`
	Unit      string  `json:"unit,omitempty"`
	Rows      int     `json:"rows"`
	Prefixes  int     `json:"prefixes"`
	N         int     `json:"n,omitempty"` // measured runs of each
}

// report is what a bench found.
type report struct {
	Go      string   `json:"go"`
	System  string   `json:"system"`
	CPUs    int      `json:"cpus"`
	Workers int      `json:"workers"`
	Rows    []row    `json:"rows"`
	Skipped []string `json:"skipped,omitempty"`
}

// writeTable writes the results for people: pairs, then values.
func (r *report) writeTable(w io.Writer) error {
	pairs, values := new(strings.Builder), new(strings.Builder)
	for _, one := range r.Rows {
		if one.Unit != "" {
			fmt.Fprintf(values, "%s\t%s\t%s\t\n", one.ID, trim(one.Value), one.Unit)
			continue
		}
		fmt.Fprintf(pairs, "%s\t%s\t%s\t%.2f\t%.2f\t%.3f\t%.3f\t%d\t\n", one.ID, one.A, one.B, one.ACPU, one.BCPU, one.Ratio, one.WallRatio, one.N)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if pairs.Len() > 0 {
		fmt.Fprint(t, "pair\tA\tB\tA CPU s\tB CPU s\tA/B CPU\tA/B wall\tn\t\n", pairs)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if values.Len() > 0 {
		fmt.Fprint(t, "\nvalue\t\t\t\n", values)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(t, "\nskipped: %s\n", s)
	}
	return t.Flush()
}

// trim shows a value with at most two decimals.
func trim(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

// writeJSON writes the results for programs.
func (r *report) writeJSON(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the results: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}
