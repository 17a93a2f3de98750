package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/shopspring/decimal"
)

// writeTotals writes a line for each client, sorted by number.
func (r *rater) writeTotals(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "client_id,calls,billed_seconds,charge")
	clients := slices.SortedFunc(maps.Keys(r.clients), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	for _, id := range clients {
		t := r.clients[id]
		fmt.Fprintf(w, "%s,%d,%d,%s\n", id, t.calls, t.billed, t.charge.StringFixed(4))
	}
	return w.Flush()
}

// summary is what a contestant says when it is done.
type summary struct {
	Rows     int64  `json:"rows"`
	Rated    int64  `json:"rated"`
	Rejected int64  `json:"rejected"`
	Charge   string `json:"charge"`
}

func (r *rater) summary() summary {
	sum := decimal.Decimal{}
	for _, t := range r.clients {
		sum = sum.Add(t.charge)
	}
	return summary{r.rows, r.rated, r.reject, sum.StringFixed(4)}
}
