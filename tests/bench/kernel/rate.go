package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// chunkSize is how much of a file is rated at a time.
const chunkSize = 2 << 20

// chunk is whole lines of a file, and what they cost. It is reused.
type chunk struct {
	lines []byte
	out   []byte
	done  chan error
}

// rateFile rates the records, and writes charges in the records' order.
func rateFile(card *rating.Card, cdrs, out, totals string, workers int) (sum summary, err error) {
	in, err := os.Open(cdrs)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	r := bufio.NewReaderSize(in, 64<<10)
	header, err := r.ReadBytes('\n')
	if err != nil {
		return sum, fmt.Errorf("the header: %w", err)
	}
	rater := make([]*worker, workers)
	for i := range rater {
		rater[i] = &worker{card: card, header: header, clients: map[string]*total{}}
	}
	err = create(out, func(w *bufio.Writer) error {
		if _, err := w.WriteString("call_id,client_id,prefix,billed_seconds,charge\n"); err != nil {
			return err
		}
		return inOrder(r, w, rater)
	})
	if err != nil {
		return sum, err
	}
	clients := map[string]*total{}
	for _, w := range rater {
		sum.Rows += w.rows
		sum.Rejected += w.rejected
		for id, t := range w.clients {
			if err := totalOf(clients, id).add(t.calls, t.billed, t.charge); err != nil {
				return sum, err
			}
		}
	}
	all := total{}
	for _, t := range clients {
		if err := all.add(t.calls, t.billed, t.charge); err != nil {
			return sum, err
		}
	}
	sum.Rated, sum.Charge = all.calls, all.charge.Text(4)
	return sum, writeTotals(totals, clients)
}

// inOrder has the workers rate the chunks of r, and writes what they make of
// them in the order of r. It holds two chunks for each worker.
func inOrder(r io.Reader, w io.Writer, rater []*worker) error {
	free := make(chan *chunk, 2*len(rater))
	for range cap(free) {
		free <- &chunk{lines: make([]byte, 0, chunkSize), done: make(chan error, 1)}
	}
	todo, written := make(chan *chunk), make(chan *chunk, cap(free))
	var wait sync.WaitGroup
	for _, worker := range rater {
		wait.Go(func() {
			for c := range todo {
				c.done <- worker.rate(c)
			}
		})
	}
	var failed error // of the writing; read after wait
	wait.Go(func() {
		for c := range written {
			err := <-c.done
			if err == nil && failed == nil {
				_, err = w.Write(c.out)
			}
			failed = errors.Join(failed, err)
			free <- c
		}
	})
	err := cut(r, free, func(c *chunk) {
		written <- c
		todo <- c
	})
	close(todo)
	close(written)
	wait.Wait()
	return errors.Join(err, failed)
}

// cut fills free chunks with the lines of r.
func cut(r io.Reader, free <-chan *chunk, each func(*chunk)) error {
	var rest []byte // a line that was begun
	for {
		c := <-free
		c.lines = append(c.lines[:0], rest...)
		if len(rest) == chunkSize {
			return fmt.Errorf("a line of more than %d bytes", chunkSize)
		}
		n, err := io.ReadFull(r, c.lines[len(rest):chunkSize])
		c.lines = c.lines[:len(rest)+n]
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		end := len(c.lines)
		if !last {
			end = bytes.LastIndexByte(c.lines, '\n') + 1
		}
		rest = append(rest[:0], c.lines[end:]...)
		c.lines = c.lines[:end]
		each(c)
		if last {
			return nil
		}
	}
}

// total is what one client's calls come to.
type total struct {
	calls  int64
	billed uint64
	charge money.Amount
}

func (t *total) add(calls int64, billed uint64, charge money.Amount) (err error) {
	t.calls += calls
	t.billed += billed
	t.charge, err = t.charge.Add(charge)
	return err
}

func totalOf(clients map[string]*total, id string) *total {
	t := clients[id]
	if t == nil {
		t = &total{}
		clients[id] = t
	}
	return t
}

// worker rates chunks, one at a time.
type worker struct {
	card           *rating.Card
	header         []byte
	clients        map[string]*total
	rows, rejected int64
}

func (w *worker) rate(c *chunk) error {
	c.out = c.out[:0]
	if bytes.IndexByte(c.lines, '"') >= 0 {
		return errors.New("quoted fields may hold line breaks, at which chunks are cut")
	}
	rows, err := cdr.Open(io.MultiReader(bytes.NewReader(w.header), bytes.NewReader(c.lines)), cdr.Feed{ID: "bench", Format: cdr.Generic, Zone: "UTC"})
	if err != nil {
		return err
	}
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		w.rows++
		if row.Status != 0 {
			w.rejected++
			continue
		}
		if err := w.price(c, &row.Record); err != nil {
			return err
		}
	}
}

func (w *worker) price(c *chunk, r *call.Record) error {
	charge := w.card.Price(r.BNumber, r.Duration)
	if charge.Reason != "" {
		return nil
	}
	c.out = append(append(c.out, r.CallID...), ',')
	c.out = append(append(c.out, r.Account...), ',')
	c.out = append(append(c.out, r.BNumber[:charge.Prefix]...), ',')
	c.out = append(strconv.AppendUint(c.out, charge.Billed, 10), ',')
	c.out = append(charge.Amount.AppendText(c.out, 4), '\n')
	return totalOf(w.clients, r.Account).add(1, charge.Billed, charge.Amount)
}

// writeTotals writes a line for each client, sorted by number.
func writeTotals(path string, clients map[string]*total) error {
	return create(path, func(w *bufio.Writer) error {
		fmt.Fprintln(w, "client_id,calls,billed_seconds,charge") // a failure stays with w
		for _, id := range slices.SortedFunc(maps.Keys(clients), func(a, b string) int {
			return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
		}) {
			t := clients[id]
			fmt.Fprintf(w, "%s,%d,%d,%s\n", id, t.calls, t.billed, t.charge.Text(4))
		}
		return nil
	})
}
