package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/events"
)

// The errors of moving the clock.
var (
	// ErrRefused: the clock cannot be moved there; nothing was done.
	ErrRefused = errors.New("refused")
	// ErrMoving: the clock is being moved by someone else.
	ErrMoving = errors.New("the clock is being moved")
)

// Moved says what a move of the clock did.
type Moved struct {
	From      time.Time      `json:"from"` // local time before
	Now       time.Time      `json:"now"`  // local time after
	Fired     map[string]int `json:"fired"`
	Delivered int64          `json:"delivered"` // events answered 2xx, of files and schedules
	Dead      int64          `json:"dead"`      // events given up: see the dead letters
	// Unsettled are files that were still being written: they count as after.
	Unsettled []string `json:"unsettled,omitempty"`
	Took      string   `json:"took"` // real time, such as 1.5s
}

// Move moves the clock on. What was dropped before counts as before: all
// buckets are looked at and everything is delivered first. Then the clock goes
// from one due instant to the next; at each it waits until what that brings has
// been delivered, or given up. An end of ctx leaves the clock where it came to.
func (c *Cloud) Move(ctx context.Context, to time.Time) (Moved, error) {
	if !c.beginMove() {
		return Moved{}, ErrMoving
	}
	defer c.endMove()
	began, from := time.Now(), c.clock.now()
	switch {
	case to.Before(from):
		return Moved{}, fmt.Errorf("to %s: %w: the clock stands at %s and never moves back", stamp(to), ErrRefused, stamp(from))
	case to.Sub(from) > MaxJump:
		return Moved{}, fmt.Errorf("to %s: %w: the clock stands at %s and moves at most %d days at once", stamp(to), ErrRefused, stamp(from), MaxJump/(24*time.Hour))
	}
	// It stands while it is moved, so that what is done at an instant is of that instant.
	if err := c.clock.hold(from); err != nil {
		return Moved{}, err
	}
	before := c.totals()
	m := Moved{From: from, Fired: map[string]int{}}
	err := c.moveTo(ctx, to, &m)
	err = errors.Join(err, c.clock.release())
	after := c.totals()
	m.Now, m.Delivered, m.Dead = c.clock.now(), after.Delivered-before.Delivered, after.Dead-before.Dead
	m.Took = time.Since(began).Round(time.Millisecond).String()
	if err != nil {
		return m, fmt.Errorf("moving the clock to %s, at %s: %w", stamp(to), stamp(m.Now), err)
	}
	c.Log.Info("the clock was moved", "from", m.From, "now", m.Now, "dead", m.Dead)
	return m, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (c *Cloud) moveTo(ctx context.Context, to time.Time, m *Moved) (err error) {
	// One patience for all of the move: a file that is never complete would else
	// hold it up at each instant.
	patience := time.Now().Add(c.Patience)
	if m.Unsettled, err = c.drain(ctx, patience); err != nil {
		return err
	}
	// From here on nothing fires but what is fired here.
	c.mu.Lock()
	due := firings(c.schedules, to)
	c.mu.Unlock()
	for _, f := range due {
		if err := c.clock.hold(f.at); err != nil {
			return err
		}
		for _, s := range f.schedules {
			c.mu.Lock()
			err := c.fire(s, f.at)
			c.mu.Unlock()
			if err != nil {
				return err
			}
			m.Fired[s.function]++
		}
		if _, err := c.drain(ctx, patience); err != nil {
			return err
		}
	}
	return c.clock.hold(to)
}

func (c *Cloud) beginMove() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moving {
		return false
	}
	c.moving = true
	return true
}

func (c *Cloud) endMove() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moving = false
	nudge(c.tick)
}

func (c *Cloud) totals() (sum Totals) {
	for _, q := range c.queues {
		t := q.totals()
		sum.Delivered += t.Delivered
		sum.Failed += t.Failed
		sum.Dead += t.Dead
	}
	return sum
}

// Drain looks at all buckets until nothing new is found, and waits until all
// that is on its way has been delivered or given up. It returns files that are
// still being written after Config.Patience.
func (c *Cloud) Drain(ctx context.Context) (unsettled []string, err error) {
	return c.drain(ctx, time.Now().Add(c.Patience))
}

func (c *Cloud) drain(ctx context.Context, patience time.Time) (unsettled []string, err error) {
	for {
		// Offers are counted before the wait: what is offered and done between the
		// wait and the look may leave an object in a bucket already looked at.
		before := c.offers.Load()
		if err := c.waitIdle(ctx); err != nil {
			return nil, err
		}
		s, err := c.watcher.lookAll(ctx)
		if err != nil {
			return nil, err
		}
		c.saw(s, nil)
		if s.full || c.offers.Load() != before || !c.idle() {
			continue
		}
		if len(s.unsettled) == 0 || time.Now().After(patience) {
			return s.unsettled, nil
		}
		if !sleep(ctx, nil, c.Settle) {
			return nil, ctx.Err()
		}
	}
}

func (c *Cloud) idle() bool {
	for _, q := range c.queues {
		if !q.idle() {
			return false
		}
	}
	return true
}

// waitIdle waits until nothing is on its way.
func (c *Cloud) waitIdle(ctx context.Context) error {
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if c.idle() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// fire puts an instant of a schedule on its way. The caller holds the lock, so
// that no move of the clock comes between the decision and the queue.
func (c *Cloud) fire(s *schedule, at time.Time) error {
	d, err := newFiring(s.function, at)
	if err != nil {
		return err
	}
	s.running = true
	c.offers.Add(1)
	for _, q := range c.queues {
		if q.entry.Name == s.function {
			q.push(d)
		}
	}
	return nil
}

// runSchedules fires instants as they come due, until ctx ends. Each schedule
// goes its own way: its next instant waits for the one before, and what is then
// overdue is made up for, a day's last instant for all of the day.
func (c *Cloud) runSchedules(ctx context.Context) {
	for {
		wait, err := c.fireDue()
		if err != nil {
			c.Log.Error("a schedule could not be fired", "error", events.Redact(err.Error()))
		}
		if !sleep(ctx, c.tick, wait) {
			return
		}
	}
}

// fireDue fires what is due, and returns how long nothing more will be. It is
// never long: real time may be set.
func (c *Cloud) fireDue() (wait time.Duration, err error) {
	const longest, shortest = time.Minute, time.Millisecond
	wait = longest
	now := c.clock.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.schedules {
		if c.moving || s.running {
			continue
		}
		if due := s.due(now); len(due) > 0 {
			err = errors.Join(err, c.fire(s, due[0]))
		} else if next, ok := s.next(); ok {
			wait = min(wait, next.Sub(now))
		}
	}
	return max(wait, shortest), err
}
