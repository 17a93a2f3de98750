package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// ordering is what the platform knows of work orders.
type ordering struct {
	placed objects.Bucket
	seen   map[string]bool  // whose events were made
	lost   map[string]round // batches with an order whose event was lost
	todo   []events.Order   // where no scheduler runs: to be followed at once
}

// round is what the orders that are placed together have in common.
type round struct{ Rev, Attempts int64 }

// after reports whether a batch was in round b before: one that read it then may
// still be placing orders.
func (a round) after(b round) bool {
	return a.Rev > b.Rev || a.Rev == b.Rev && a.Attempts > b.Attempts
}

// orders is the bucket of work orders: each new object is an event.
type orders struct {
	bucket
	r *run
}

func (b orders) Create(ctx context.Context, name string, content io.Reader) (objects.Info, error) {
	defer b.r.announce(name) // whatever its creator learns, and if it dies
	return b.bucket.Create(ctx, name, content)
}

// announce delivers the event of an order once, twice or not at all.
func (r *run) announce(name string) {
	info, err := r.placed.Stat(r.ctx, name)
	if errors.Is(err, objects.ErrNotFound) || r.seen[name] {
		return
	}
	order, err := events.ReadOrder(r.ctx, r.placed, events.ObjectFinalized{Name: name, Generation: info.Generation})
	if err != nil {
		panic(err)
	}
	var now round
	if err := json.Unmarshal(order.Payload, &now); err != nil {
		panic(err)
	}
	if was, lost := r.lost[order.ID]; lost && now.after(was) {
		delete(r.lost, order.ID) // what was lost is ordered again
	}
	r.seen[name] = true
	r.met["slice ordered"]++
	switch {
	case !r.yields():
		r.todo = append(r.todo, order)
	case r.rng.IntN(15) == 0:
		r.met["order lost"]++
		r.lost[order.ID] = now
	default:
		for range 1 + r.rng.IntN(2) {
			r.add("slice"+strconv.Itoa(len(r.seen)), r.after(300), func() error {
				return r.persist(func() error { return r.follow(order) })
			})
		}
	}
}

// sweepLost sweeps when every batch with a lost order is left alone long enough.
func (r *run) sweepLost() error {
	wait := time.Duration(0)
	for f, id := range r.batch {
		if _, lost := r.lost[id]; lost {
			wait = max(wait, f.at.Sub(r.clock))
		}
	}
	return r.sweep(wait + 16*time.Minute)
}

// after is ready some steps from now.
func (r *run) after(most int) func() bool {
	at := r.steps + r.rng.IntN(most)
	return func() bool { return r.steps >= at }
}

func (r *run) follow(o events.Order) error {
	_, err := r.ledger.ProcessSlice(r.ctx, o)
	return err
}

// followOrders follows the orders that no task does.
func (r *run) followOrders() error {
	for len(r.todo) > 0 {
		if err := r.follow(r.todo[0]); err != nil {
			return err
		}
		r.todo = r.todo[1:]
	}
	return nil
}

// noteCut notes whether a batch was rated in slices: it is, if it can be.
func (r *run) noteCut(t *testing.T, f *file, b ledger.Batch) {
	t.Helper()
	found, err := r.buckets.Rated.List(r.ctx, b.Marker.Name+"-", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	large := r.w.slice > 0 && r.w.unquoted[f.feed] && int64(len(f.data)) > r.w.slice
	quoted := bytes.IndexByte(f.data, '"') >= 0
	if cut := len(found) > 0; cut != (large && !quoted) {
		t.Errorf("%s of %d bytes has %d slices; its feed is said to have no quotes: %t; it has some: %t", f.object, len(f.data), len(found), r.w.unquoted[f.feed], quoted)
	}
	switch {
	case large && quoted:
		r.met["quoted file was not cut"]++
	case large && b.Rev > 1:
		r.met["batch of slices that was redone"]++
		fallthrough
	case large:
		r.met["batch of slices"]++
	}
}
