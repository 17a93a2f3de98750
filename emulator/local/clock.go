package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// clock is the time of the local cloud: real time and an offset. It can be
// moved on, never back, also over the end of the process. It is safe for
// concurrent use.
type clock struct {
	path string

	mu    sync.Mutex
	saved clockFile
	held  time.Time // it stands there while it is being moved; zero: it runs
}

// clockFile is how a clock is kept.
type clockFile struct {
	Offset string    `json:"offset"` // a time.Duration: local time minus real time
	Floor  time.Time `json:"floor"`  // the clock was there
	Began  time.Time `json:"began"`  // when it ran first, by its own time

	offset time.Duration
}

// openClock reads the clock at path, or makes one that shows begin now; zero:
// real time. The clock does not show less than floor.
func openClock(path string, begin, floor time.Time) (*clock, error) {
	c := &clock{path: path}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		now := wall()
		if begin.IsZero() {
			begin = now
		}
		c.saved.Began, c.saved.offset = begin, begin.Sub(now)
	case err != nil:
		return nil, fmt.Errorf("reading the clock: %w", err)
	default:
		if err := json.Unmarshal(data, &c.saved); err != nil {
			return nil, fmt.Errorf("reading the clock %s: %w", path, err)
		}
		if c.saved.offset, err = time.ParseDuration(c.saved.Offset); err != nil {
			return nil, fmt.Errorf("reading the clock %s: %w", path, err)
		}
	}
	if floor.After(c.saved.Floor) {
		c.saved.Floor = floor
	}
	return c, c.save()
}

// wall is real time, without the reading that survives no process.
func wall() time.Time { return time.Now().Round(0).UTC() }

// now returns local time, UTC.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *clock) read() time.Time {
	if !c.held.IsZero() {
		return c.held
	}
	// Real time may be set back; local time stands until it is caught up with.
	if t := wall().Add(c.saved.offset); t.After(c.saved.Floor) {
		c.saved.Floor = t
	}
	return c.saved.Floor
}

// began returns when the clock ran first.
func (c *clock) began() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.saved.Began
}

// hold lets the clock stand at an instant, or where it is if that is later.
func (c *clock) hold(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.read(); at.Before(now) {
		at = now
	}
	c.held = at.UTC()
	return c.keep()
}

// release lets the clock run on from where it stands.
func (c *clock) release() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held.IsZero() {
		return nil
	}
	err := c.keep()
	c.held = time.Time{}
	return err
}

// keep writes the clock as it is now.
func (c *clock) keep() error {
	now := c.read()
	c.saved.Floor = now
	if !c.held.IsZero() {
		c.saved.offset = c.held.Sub(wall())
	}
	return c.save()
}

// close keeps the clock for the next process.
func (c *clock) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keep()
}

func (c *clock) save() error {
	c.saved.Offset = c.saved.offset.String()
	text, err := json.Marshal(c.saved)
	if err == nil {
		err = replaceFile(c.path, func(w io.Writer) error {
			_, err := w.Write(append(text, '\n'))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("keeping the clock: %w", err)
	}
	return nil
}
