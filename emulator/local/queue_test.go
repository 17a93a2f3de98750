package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
)

// bench is a queue whose function is the test's.
type bench struct {
	*queue
	mu       sync.Mutex
	sent     []string // ids of events, in the order in which they came
	at       []time.Duration
	inFlight int
	most     int // in flight at once
	buried   map[string]outcome
	noted    []string
	rooms    int
}

func newBench(entry functions.Entry, knobs Knobs, answer func(ctx context.Context, id string, attempt int) (int, error)) *bench {
	b := &bench{buried: map[string]outcome{}}
	began := time.Now()
	attempts := map[string]int{}
	b.queue = &queue{
		entry: entry, knobs: knobs.withDefaults(), log: slog.New(slog.DiscardHandler), random: newRandom(1, 0),
		copies: map[key]int{}, wake: make(chan struct{}, 1), changed: func() {},
		send: func(ctx context.Context, e cloudevents.Event) (int, error) {
			b.mu.Lock()
			b.sent, b.at = append(b.sent, e.ID()), append(b.at, time.Since(began))
			attempts[e.ID()]++
			attempt := attempts[e.ID()]
			b.inFlight++
			b.most = max(b.most, b.inFlight)
			b.mu.Unlock()
			defer func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.inFlight--
			}()
			return answer(ctx, e.ID(), attempt)
		},
		bury:  func(d *delivery, last outcome) error { return b.note(func() { b.buried[d.event.ID()] = last }) },
		ended: func(d *delivery) { _ = b.note(func() { b.noted = append(b.noted, d.event.ID()) }) },
		room:  func() { _ = b.note(func() { b.rooms++ }) },
	}
	return b
}

func (b *bench) note(what func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	what()
	return nil
}

func someDelivery(id string) *delivery {
	e := cloudevents.NewEvent()
	e.SetID(id)
	return &delivery{event: e, key: keyOf("f", "cdrs", id, "1")}
}

// deliver runs the queue on so many events until nothing is on its way.
func (b *bench) deliver(n int) {
	ctx, stop := context.WithCancel(context.Background())
	for i := range n {
		b.offer(someDelivery(fmt.Sprint(i)))
	}
	var done sync.WaitGroup
	done.Go(func() { b.run(ctx, context.Background()) })
	for !b.idle() {
		time.Sleep(time.Second)
	}
	stop()
	done.Wait()
}

func one(retry bool) functions.Entry {
	return functions.Entry{Name: "f", Retry: retry, Timeout: time.Minute, Concurrency: 1}
}

func TestAFailedDeliveryIsSentAgainAfterLongerAndLongerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(one(true), Knobs{}, func(_ context.Context, _ string, attempt int) (int, error) {
			if attempt%2 == 0 {
				return 0, errors.New("connection refused")
			}
			if attempt < 9 {
				return 503, nil
			}
			return 204, nil
		})
		b.deliver(1)
		var waits []time.Duration
		for i := 1; i < len(b.at); i++ {
			waits = append(waits, b.at[i]-b.at[i-1])
		}
		s := time.Second
		if diff := cmp.Diff([]time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}, waits); diff != "" {
			t.Error(diff)
		}
		if len(b.buried) != 0 || !slices.Equal(b.noted, []string{"0"}) {
			t.Errorf("buried %v, noted %v", b.buried, b.noted)
		}
		if diff := cmp.Diff(Totals{Delivered: 1, Failed: 8}, b.totals()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADeliveryThatKeepsFailingBecomesADeadLetter(t *testing.T) {
	for name, test := range map[string]struct {
		retry bool
		knobs Knobs
		want  int
	}{
		"with retry":              {true, Knobs{}, 10},
		"with retry, three times": {true, Knobs{MaxAttempts: 3}, 3},
		"without retry":           {false, Knobs{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(one(test.retry), test.knobs, func(context.Context, string, int) (int, error) { return 404, nil })
				b.deliver(1)
				if len(b.sent) != test.want || b.buried["0"].status != 404 || !slices.Equal(b.noted, []string{"0"}) {
					t.Errorf("sent %d times, buried %v, noted %v", len(b.sent), b.buried, b.noted)
				}
				if diff := cmp.Diff(Totals{Failed: int64(test.want), Dead: 1}, b.totals()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestOthersAreDeliveredWhileOneWaitsForItsNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(one(true), Knobs{}, func(_ context.Context, id string, attempt int) (int, error) {
			if id == "0" && attempt < 3 {
				return 500, nil
			}
			return 200, nil
		})
		b.deliver(3)
		if diff := cmp.Diff([]string{"0", "1", "2", "0", "0"}, b.sent); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAFunctionIsCalledAtMostAsOftenAtOnceAsItsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entry := one(true)
		entry.Concurrency = 7
		b := newBench(entry, Knobs{Duplicates: 50, Shuffle: true}, func(ctx context.Context, _ string, attempt int) (int, error) {
			time.Sleep(time.Duration(attempt) * time.Second)
			return 200 + 300*(attempt%2), nil
		})
		b.deliver(200)
		if b.most != 7 {
			t.Errorf("%d calls at once, want 7", b.most)
		}
	})
}

func TestADuplicateIsDeliveredByItselfAndNotedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entry := one(true)
		entry.Concurrency = 2
		b := newBench(entry, Knobs{Duplicates: 100, MaxAttempts: 2}, func(_ context.Context, _ string, attempt int) (int, error) {
			time.Sleep(time.Second)
			return map[int]int{1: 500, 2: 200}[attempt], nil
		})
		b.deliver(1)
		// One copy fails and is sent again, and fails; the other is delivered.
		if len(b.sent) != 3 || len(b.buried) != 1 || len(b.noted) != 1 {
			t.Errorf("sent %v, buried %v, noted %v", b.sent, b.buried, b.noted)
		}
		b = newBench(entry, Knobs{Duplicates: 100}, func(context.Context, string, int) (int, error) { return 200, nil })
		b.deliver(10)
		if len(b.sent) != 20 || len(b.noted) != 10 {
			t.Errorf("sent %d, noted %d", len(b.sent), len(b.noted))
		}
		slices.Sort(b.noted)
		if n := len(slices.Compact(b.noted)); n != 10 {
			t.Errorf("%d different ones noted", n)
		}
	})
}

func TestShufflingChangesTheOrderAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deliver := func(k Knobs) []string {
			b := newBench(one(true), k, func(context.Context, string, int) (int, error) { return 200, nil })
			b.deliver(50)
			return b.sent
		}
		inOrder, shuffled := deliver(Knobs{}), deliver(Knobs{Shuffle: true})
		if slices.Equal(inOrder, shuffled) {
			t.Error("the order is the same")
		}
		slices.Sort(inOrder)
		slices.Sort(shuffled)
		if diff := cmp.Diff(inOrder, shuffled); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatIsOnItsWayIsNotTakenAgain(t *testing.T) {
	b := newBench(one(true), Knobs{}, nil)
	b.offer(someDelivery("a"))
	b.offer(someDelivery("a"))
	b.push(someDelivery("a"))
	if len(b.ready) != 1 {
		t.Errorf("%d deliveries wait, want 1", len(b.ready))
	}
}

func TestAFullQueueRefusesUntilThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(one(true), Knobs{}, func(context.Context, string, int) (int, error) { return 200, nil })
		for i := range maxQueue {
			if b.offer(someDelivery(fmt.Sprint("x", i))) {
				t.Fatalf("full after %d", i)
			}
		}
		if !b.offer(someDelivery("one more")) {
			t.Error("takes more than its limit")
		}
		// A schedule has at most one on its way, and must not be lost.
		b.push(someDelivery("a schedule"))
		b.deliver(0)
		if b.rooms != 1 || len(b.sent) != maxQueue+1 {
			t.Errorf("%d times room, %d sent", b.rooms, len(b.sent))
		}
	})
}

func TestAnEndingQueueFinishesWhatIsInFlightAndStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(one(true), Knobs{}, func(context.Context, string, int) (int, error) {
			time.Sleep(10 * time.Second)
			return 200, nil
		})
		b.offer(someDelivery("in flight"))
		b.offer(someDelivery("waiting"))
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { b.run(ctx, context.Background()) })
		synctest.Wait()
		stop()
		done.Wait()
		if !slices.Equal(b.sent, []string{"in flight"}) || !slices.Equal(b.noted, []string{"in flight"}) {
			t.Errorf("sent %v, noted %v", b.sent, b.noted)
		}
	})
}

func TestADeliveryThatIsCutShortIsNeitherNotedNorDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(one(false), Knobs{}, func(ctx context.Context, _ string, _ int) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		b.offer(someDelivery("a"))
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { b.run(ctx, ctx) })
		synctest.Wait()
		stop()
		done.Wait()
		if len(b.noted) != 0 || len(b.buried) != 0 || b.totals() != (Totals{}) {
			t.Errorf("noted %v, buried %v, totals %+v", b.noted, b.buried, b.totals())
		}
	})
}

func TestACallEndsAtTheFunctionsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		b := newBench(one(false), Knobs{}, func(ctx context.Context, _ string, _ int) (int, error) {
			began := time.Now()
			<-ctx.Done()
			took = time.Since(began)
			return 0, ctx.Err()
		})
		b.deliver(1)
		if took != time.Minute || !errors.Is(b.buried["0"].err, context.DeadlineExceeded) {
			t.Errorf("took %s, buried %v", took, b.buried)
		}
	})
}
