package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/bits"
	"os"
	"slices"
	"sync"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
)

// What a worker has at hand at once fits into the cache of its core, with the
// totals of the accounts and much of the card.
const (
	chunkBytes = 256 << 10
	blockRows  = 512
)

// rateFile rates the records, and writes charges in the records' order.
func rateFile(c *cards, cdrs, out, totals string, workers int) (sum summary, err error) {
	in, err := os.Open(cdrs)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	chunks, err := cdr.OpenChunks(in, cdr.Feed{ID: "bench", Format: cdr.Generic, Zone: "UTC"}, cdr.Limits{})
	if err != nil {
		return sum, err
	}
	chunks.Fit(c.blocks())
	rater := make([]*worker, workers)
	for i := range rater {
		rater[i] = newWorker(c)
	}
	err = create(out, func(w *bufio.Writer) error {
		if _, err := w.WriteString("call_id,client_id,prefix,billed_seconds,charge\n"); err != nil {
			return err
		}
		return inOrder(chunks, w, rater)
	})
	if err != nil {
		return sum, err
	}
	clients := map[string]*total{}
	for _, w := range rater {
		sum.Rows += w.rows
		sum.Rejected += w.rejected
		for id := range w.totals {
			if err := merge(totalOf(clients, w.accounts.Text(uint32(id))), &w.totals[id]); err != nil {
				return sum, err
			}
		}
	}
	all := total{}
	for _, t := range clients {
		if err := merge(&all, t); err != nil {
			return sum, err
		}
	}
	charge, err := all.sum()
	if err != nil {
		return sum, err
	}
	sum.Rated, sum.Charge = all.calls, charge.Text(4)
	return sum, writeTotals(totals, clients)
}

// queue has workers take the chunks of a file, and write what they come to in
// the order of the file. A worker reads, rates and writes a chunk itself: it
// stays in the cache of one core.
type queue struct {
	chunks  *cdr.Chunks
	reading sync.Mutex

	out     io.Writer
	writing sync.Mutex
	turn    sync.Cond // written or err has changed
	written int       // chunks
	err     error     // what ended it, io.EOF included
}

func inOrder(chunks *cdr.Chunks, out io.Writer, rater []*worker) error {
	q := &queue{chunks: chunks, out: out}
	q.turn.L = &q.writing
	var wait sync.WaitGroup
	for _, w := range rater {
		wait.Go(func() {
			for q.rate(w) {
			}
		})
	}
	wait.Wait()
	return q.err
}

// rate has a worker rate the next chunk. It reports whether there may be more.
func (q *queue) rate(w *worker) (more bool) {
	q.reading.Lock()
	c, err := q.chunks.Next()
	q.reading.Unlock()
	if err == io.EOF {
		return false
	}
	index := -1
	if err == nil {
		index, err = c.Index, w.rate(c)
		q.chunks.Free(c)
	}
	q.writing.Lock()
	defer q.writing.Unlock()
	for err == nil && q.err == nil && q.written != index {
		q.turn.Wait()
	}
	if err == nil && q.err == nil {
		_, err = q.out.Write(w.out)
	}
	q.written++
	if q.err == nil {
		q.err = err
	}
	q.turn.Broadcast()
	return q.err == nil
}

// total is what one client's calls come to. Charges are counted in units of
// the card's decimals, and put into an amount before the count is full.
type total struct {
	calls  int64
	billed uint64
	units  uint64
	charge money.Amount
}

// count adds a charge that fits into the units; false: it does not.
func (t *total) count(c *rating.Charge) bool {
	_, hi, lo, decimals := c.Amount.Bits()
	units, carry := bits.Add64(t.units, lo, 0)
	if hi|carry != 0 || decimals != 4 {
		return false
	}
	t.calls, t.billed, t.units = t.calls+1, t.billed+c.Billed, units
	return true
}

func (t *total) add(calls int64, billed uint64, charge money.Amount) (err error) {
	t.calls += calls
	t.billed += billed
	t.charge, err = t.charge.Add(charge)
	return err
}

// sum returns all charges.
func (t *total) sum() (money.Amount, error) {
	units, err := money.FromBits(false, 0, t.units, 4)
	if err != nil {
		return money.Amount{}, err
	}
	return t.charge.Add(units)
}

func merge(into, t *total) error {
	charge, err := t.sum()
	if err != nil {
		return err
	}
	return into.add(t.calls, t.billed, charge)
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
	out            []byte // of the chunk
	pricer         *pricer
	rows, rejected int64
	records        call.Columns
	keys           []prefix.Key
	charges        []rating.Charge
	accounts       call.Interner
	ids            []uint32 // of the accounts of records
	totals         []total  // by account
}

func newWorker(c *cards) *worker {
	_, rows := c.blocks()
	return &worker{
		pricer: c.newPricer(),
		keys:   make([]prefix.Key, rows), charges: make([]rating.Charge, rows), ids: make([]uint32, rows),
	}
}

func (w *worker) rate(c *cdr.Chunk) error {
	w.out = w.out[:0]
	for more := true; more; {
		w.records.Reset()
		more = c.Parse(&w.records, func(cdr.Row) { w.rejected++ })
		if err := w.price(); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) price() error {
	r := &w.records
	n := r.Len()
	keys, charges := w.keys[:n], w.charges[:n]
	for i, span := range r.BNumber {
		var ok bool
		if keys[i], ok = prefix.KeyOf(r.Bytes(span)); !ok {
			return errors.New("a called number that is not digits")
		}
	}
	if err := w.pricer.price(r, keys, charges); err != nil {
		return err
	}
	w.rows += int64(n)
	w.out = appendLines(w.out, r, charges)
	return w.count(charges)
}

// count adds charges to the totals of their accounts. It goes through them a
// second time since the misses of the cache that it meets then do not wait for
// each other, as they would between lines that are written.
func (w *worker) count(charges []rating.Charge) error {
	r, ids := &w.records, w.ids[:len(charges)]
	for i, span := range r.Account {
		if charges[i].Reason == "" {
			ids[i] = w.accounts.ID(r.Text[span.At:][:span.Len])
		}
	}
	if more := w.accounts.Len() - len(w.totals); more > 0 {
		w.totals = append(w.totals, make([]total, more)...)
	}
	for i := range charges {
		charge := &charges[i]
		if charge.Reason != "" {
			continue
		}
		t := &w.totals[ids[i]]
		if t.count(charge) {
			continue
		}
		if err := t.add(1, charge.Billed, charge.Amount); err != nil {
			return err
		}
	}
	return nil
}

// writeTotals writes a line for each client, sorted by number.
func writeTotals(path string, clients map[string]*total) error {
	return create(path, func(w *bufio.Writer) error {
		fmt.Fprintln(w, "client_id,calls,billed_seconds,charge") // a failure stays with w
		for _, id := range slices.SortedFunc(maps.Keys(clients), func(a, b string) int {
			return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
		}) {
			t := clients[id]
			charge, err := t.sum()
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s,%d,%d,%s\n", id, t.calls, t.billed, charge.Text(4))
		}
		return nil
	})
}
