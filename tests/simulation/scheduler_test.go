package simulation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"math/rand/v2"
)

// fault is what becomes of one call of a store.
type fault int

const (
	none    fault = iota
	before        // an error, and no effect
	crash         // the effect, and then the task dies
	unknown       // the effect, and an error that does not tell
	lost          // no effect, and an error that does not tell
	again         // RunTx: its function runs once for nothing
	cut           // OpenRange: the content fails half-way
)

var faultNames = [...]string{"", "before", "crash", "unknown", "lost", "again", "cut"}

// crashed unwinds a task as if its process had died.
type crashed struct{}

// stopped unwinds a task when the simulation is given up.
type stopped struct{}

// maxSteps ends a simulation that does not come to its end.
const maxSteps = 400_000

// scheduler runs tasks as coroutines: only one goes on at any time, so that
// the seed alone decides what happens.
type scheduler struct {
	rng    *rand.Rand
	tasks  []*task
	cur    *task
	steps  int
	writes int                                  // calls that may have changed documents
	choose func(op string, can []fault) fault   // nil = no faults
	refuse func(object, generation string) bool // nil = no file is refused
	stall  int                                  // one call in so many makes its task wait for long; 0 = none
	sum    hash.Hash
	log    io.Writer      // nil = none
	met    map[string]int // what has happened, by name
	failed error
}

type task struct {
	name  string
	ready func() bool // nil = at once
	after int         // step before which it does not go on
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool // nil: it has the scheduler to itself
	inTx  bool                // it goes on alone
}

func newScheduler(seed uint64, log io.Writer) *scheduler {
	return &scheduler{rng: rand.New(rand.NewPCG(seed, 0x70_6c_6c_62)), sum: sha256.New(), log: log, met: map[string]int{}}
}

func (s *scheduler) trace() string { return hex.EncodeToString(s.sum.Sum(nil)) }

func (s *scheduler) note(format string, args ...any) {
	name := "-"
	if s.cur != nil {
		name = s.cur.name
	}
	line := fmt.Sprintf("%6d %-14s ", s.steps, name) + fmt.Sprintf(format, args...) + "\n"
	s.sum.Write([]byte(line))
	if s.log != nil {
		fmt.Fprint(s.log, line)
	}
}

// add makes a task of f. An error of it ends the simulation.
func (s *scheduler) add(name string, ready func() bool, f func() error) {
	t := &task{name: name, ready: ready}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil && r != (stopped{}) {
				panic(r)
			}
		}()
		t.yield = yield
		if err := f(); err != nil && s.failed == nil {
			s.failed = fmt.Errorf("task %s: %w", name, err)
		}
	})
	s.tasks = append(s.tasks, t)
}

// run goes on until every task has ended.
func (s *scheduler) run() error {
	defer func() {
		for _, t := range s.tasks {
			s.cur = t
			t.stop()
		}
		s.cur, s.tasks = nil, nil
	}()
	for len(s.tasks) > 0 {
		at := s.pick()
		if at < 0 {
			// All of them wait: time passes.
			s.steps++
		} else {
			s.cur = s.tasks[at]
			if _, more := s.cur.next(); !more {
				s.tasks = append(s.tasks[:at], s.tasks[at+1:]...)
			}
			s.cur = nil
		}
		if s.failed != nil {
			return s.failed
		}
		if s.steps > maxSteps {
			return fmt.Errorf("%d steps, and %d tasks are not done: the first is %s", s.steps, len(s.tasks), s.tasks[0].name)
		}
	}
	return nil
}

// pick returns a task that may go on, or -1.
func (s *scheduler) pick() int {
	found, n := -1, 0
	for i, t := range s.tasks {
		if t.after > s.steps || t.ready != nil && !t.ready() {
			continue
		}
		t.ready = nil
		if n++; s.rng.IntN(n) == 0 {
			found = i
		}
	}
	return found
}

// point is called by the stores at each call, before its effect: others may go
// on first, and the call may be made to fail.
func (s *scheduler) point(op, key string, can ...fault) fault {
	t := s.cur
	if t == nil {
		return none
	}
	if s.stall > 0 && s.rng.IntN(s.stall) == 0 {
		t.after = s.steps + s.rng.IntN(1000)
	}
	if t.yield != nil && !t.inTx && !t.yield(struct{}{}) {
		panic(stopped{})
	}
	s.steps++
	f := none
	if s.choose != nil {
		f = s.choose(op, can)
	}
	if f != none {
		s.met["fault "+faultNames[f]]++
	}
	s.note("%s %s %s", op, key, faultNames[f])
	return f
}

// sleep lets others go on for some steps.
func (s *scheduler) sleep(steps int) {
	t := s.cur
	if t.yield == nil {
		return
	}
	t.after = s.steps + steps
	if !t.yield(struct{}{}) {
		panic(stopped{})
	}
}

// attempt runs f and reports whether it died.
func attempt(f func() error) (err error, died bool) {
	defer func() {
		r := recover()
		if _, died = r.(crashed); r != nil && !died {
			panic(r)
		}
	}()
	return f(), false
}
