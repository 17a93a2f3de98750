package local

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/events"
)

// maxQueue bounds the deliveries that a queue holds. Whoever offers more waits.
const maxQueue = 2000

// delivery is one event on its way to one function.
type delivery struct {
	event    cloudevents.Event
	key      key
	ran      time.Time // the schedule's instant; zero: the event is of an object
	attempts int       // that failed
	due      time.Time // real time of the next attempt
}

// outcome is how the last attempt of a delivery ended.
type outcome struct {
	status int   // of the answer; 0: there was none
	err    error // why there was none
}

func (o outcome) delivered() bool { return o.err == nil && o.status >= 200 && o.status < 300 }

// queue brings events to one function: at most so many at once, at least once
// each, in any order. It is safe for concurrent use.
type queue struct {
	entry functions.Entry
	knobs Knobs
	log   *slog.Logger
	random
	send func(ctx context.Context, e cloudevents.Event) (status int, err error)
	// bury keeps what could not be delivered; ended notes the end of a
	// delivery, delivered or buried.
	bury    func(d *delivery, last outcome) error
	ended   func(d *delivery)
	changed func() // called after every change, without the lock
	room    func() // called when a queue that was full has room again

	mu       sync.Mutex
	ready    []*delivery
	resting  []*delivery // waiting for their next attempt
	inFlight int
	copies   map[key]int // of what has not ended and been noted
	full     bool        // an offer was refused
	total    Totals
	wake     chan struct{}
}

// Totals count the deliveries of a function since the local cloud began.
type Totals struct {
	Delivered int64 `json:"delivered"` // answered 2xx, duplicates too
	Failed    int64 `json:"failed"`    // attempts that were not
	Dead      int64 `json:"dead"`      // given up
}

// random is a source of chance that may be seeded.
type random struct{ *rand.Rand }

func newRandom(seed, stream uint64) random {
	if seed == 0 {
		seed = rand.Uint64()
	}
	return random{rand.New(rand.NewPCG(seed, stream))}
}

// offer takes a delivery, unless it is already on its way or the queue is full.
func (q *queue) offer(d *delivery) (full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ready)+len(q.resting)+q.inFlight >= maxQueue {
		q.full = true
		return true
	}
	q.add(d)
	return false
}

// push takes a delivery however full the queue is, unless it is on its way.
func (q *queue) push(d *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.add(d)
}

func (q *queue) add(d *delivery) {
	if _, onItsWay := q.copies[d.key]; onItsWay {
		return
	}
	q.ready = append(q.ready, d)
	q.copies[d.key] = 1
	if q.IntN(100) < q.knobs.Duplicates {
		again := *d
		q.ready = append(q.ready, &again)
		q.copies[d.key] = 2
	}
	nudge(q.wake)
}

// pending reports whether a delivery is on its way.
func (q *queue) pending(k key) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.copies[k]
	return ok
}

// idle reports that nothing is on its way.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.copies) == 0
}

func (q *queue) totals() Totals {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}

// run delivers until ctx ends, and then waits for what is in flight. Flying is
// the context of the deliveries; what it cuts short is left for another time.
func (q *queue) run(ctx, flying context.Context) {
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if next, ok := q.start(flying, &deliveries); ok {
			timer.Reset(time.Until(next))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		case <-timer.C:
		}
	}
}

// start begins as many deliveries as may be in flight, and returns when the
// first of the resting ones is due.
func (q *queue) start(flying context.Context, deliveries *sync.WaitGroup) (next time.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.resting = slices.DeleteFunc(q.resting, func(d *delivery) bool {
		if d.due.After(now) {
			if !ok || d.due.Before(next) {
				next, ok = d.due, true
			}
			return false
		}
		q.ready = append(q.ready, d)
		return true
	})
	for len(q.ready) > 0 && q.inFlight < q.entry.Concurrency {
		at := 0
		if q.knobs.Shuffle {
			at = q.IntN(len(q.ready))
		}
		d := q.ready[at]
		q.ready = slices.Delete(q.ready, at, at+1)
		q.inFlight++
		deliveries.Go(func() { q.deliver(flying, d) })
	}
	return next, ok
}

// deliver makes one attempt.
func (q *queue) deliver(flying context.Context, d *delivery) {
	ctx, cancel := context.WithTimeout(flying, q.entry.Timeout)
	status, err := q.send(ctx, d.event)
	cancel()
	last := outcome{status, err}
	if !last.delivered() && flying.Err() != nil {
		// The function may or may not have done it; a later process asks again.
		q.settle(func() {})
		return
	}
	if last.delivered() {
		q.end(d, func() { q.total.Delivered++ })
		return
	}
	d.attempts++
	attrs := []any{"function", q.entry.Name, "id", d.event.ID(), "attempt", d.attempts, "status", status}
	if err != nil {
		attrs = append(attrs, "error", events.Redact(err.Error()))
	}
	if q.entry.Retry && d.attempts < q.knobs.MaxAttempts {
		q.log.Warn("delivery failed, to be sent again", attrs...)
		q.settle(func() {
			q.total.Failed++
			d.due = time.Now().Add(q.knobs.backoff(d.attempts))
			q.resting = append(q.resting, d)
		})
		return
	}
	q.log.Error("delivery given up", attrs...)
	if err := q.bury(d, last); err != nil {
		q.log.Error("keeping a dead letter failed", "function", q.entry.Name, "id", d.event.ID(), "error", events.Redact(err.Error()))
	}
	q.end(d, func() { q.total.Failed++; q.total.Dead++ })
}

// end takes a copy of a delivery off the queue; the last one ends the delivery.
func (q *queue) end(d *delivery, count func()) {
	q.mu.Lock()
	q.copies[d.key]--
	last := q.copies[d.key] == 0
	q.mu.Unlock()
	if last {
		// Noted before the queue forgets it, or the watcher would offer it again.
		q.ended(d)
	}
	q.settle(func() {
		count()
		if last {
			delete(q.copies, d.key)
		}
	})
}

// settle changes the queue after an attempt.
func (q *queue) settle(change func()) {
	q.mu.Lock()
	q.inFlight--
	change()
	hasRoom := q.full && len(q.ready)+len(q.resting)+q.inFlight <= maxQueue/2
	if hasRoom {
		q.full = false
	}
	q.mu.Unlock()
	nudge(q.wake)
	if hasRoom {
		q.room()
	}
	q.changed()
}
