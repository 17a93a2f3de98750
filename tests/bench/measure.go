package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// contestant is a program that does the job, in a process of its own.
type contestant struct {
	name    string
	args    []string      // the program and its arguments
	prepare func() error  // before each run, not measured; may be nil
	silent  bool          // it says nothing about its answer
	limit   time.Duration // of a run, on the clock; 0 = none
}

// answer is what a contestant says when it is done.
type answer struct {
	Rows     int64   `json:"rows"`
	Rated    int64   `json:"rated"`
	Rejected int64   `json:"rejected"`
	Charge   string  `json:"charge"`
	OpenMS   float64 `json:"open_ms"`
}

// use is what one run took.
type use struct {
	cpu, wall time.Duration // cpu is user and system time
	// peak is bytes of memory. Linux lets a process begin with the peak of the
	// one that started it, so this one must stay smaller than what it measures.
	peak   int64
	answer answer
}

// run runs a contestant once.
func run(ctx context.Context, c contestant) (use, error) {
	u, out, err := execute(ctx, c)
	if err != nil || c.silent {
		return u, err
	}
	if err := json.Unmarshal(out, &u.answer); err != nil {
		return u, fmt.Errorf("reading the answer of %s: %w", c.name, err)
	}
	return u, nil
}

// errTooLong says that a contestant passed its limit.
var errTooLong = errors.New("it takes too long")

// execute runs a contestant once, and returns what it writes.
func execute(ctx context.Context, c contestant) (u use, out []byte, err error) {
	if c.prepare != nil {
		if err := c.prepare(); err != nil {
			return u, nil, fmt.Errorf("preparing %s: %w", c.name, err)
		}
	}
	if c.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.limit, errTooLong)
		defer cancel()
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begun := time.Now()
	err = cmd.Run()
	u.wall = time.Since(begun)
	if err != nil && errors.Is(context.Cause(ctx), errTooLong) {
		return u, nil, fmt.Errorf("running %s: %w: not done in %v", c.name, errTooLong, c.limit)
	}
	if err != nil {
		return u, nil, fmt.Errorf("running %s: %w: %s", c.name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return u, nil, errors.New("this system does not say what a process used")
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.peak = usage.Maxrss
	if runtime.GOOS != "darwin" { // bytes there, KiB elsewhere
		u.peak <<= 10
	}
	return u, stdout.Bytes(), nil
}

// duel is two contestants that ran in turns.
type duel struct{ a, b []use }

// fight runs a, b, a, b, n times each after one warm-up: what else goes on in
// the machine meets both.
func fight(ctx context.Context, a, b contestant, n int) (duel, error) {
	var d duel
	for i := range n + 1 {
		for _, side := range []struct {
			contestant
			uses *[]use
		}{{a, &d.a}, {b, &d.b}} {
			u, err := run(ctx, side.contestant)
			if err != nil {
				return d, err
			}
			if i > 0 {
				*side.uses = append(*side.uses, u)
			}
		}
	}
	return d, nil
}

func cpuOf(u use) time.Duration  { return u.cpu }
func wallOf(u use) time.Duration { return u.wall }

// row sums a duel up. A ratio is the median of the ratios of the pairs, not the
// ratio of the medians: the two of a pair had the same neighbours.
func (d duel) row(id, a, b string) row {
	ratio := func(of func(use) time.Duration) float64 {
		var all []float64
		for i := range d.a {
			all = append(all, of(d.a[i]).Seconds()/of(d.b[i]).Seconds())
		}
		return median(all)
	}
	seconds := func(uses []use, of func(use) time.Duration) float64 {
		var all []time.Duration
		for _, u := range uses {
			all = append(all, of(u))
		}
		return median(all).Seconds()
	}
	return row{
		ID: id, A: a, B: b,
		ACPU: seconds(d.a, cpuOf), BCPU: seconds(d.b, cpuOf), Ratio: ratio(cpuOf),
		AWall: seconds(d.a, wallOf), BWall: seconds(d.b, wallOf), WallRatio: ratio(wallOf),
		N: len(d.a),
	}
}

// median returns the middle value, the lower one of two.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// peakMiB returns the highest peak, in MiB rounded up.
func peakMiB(uses ...use) float64 {
	var peak int64
	for _, u := range uses {
		peak = max(peak, u.peak)
	}
	return float64((peak + 1<<20 - 1) >> 20)
}

// size returns the bytes of a file.
func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
