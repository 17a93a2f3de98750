// Command price measures what it costs to price records by two cards: one that
// uses a rule of prices, and the plain one it is held against. Reading the
// records is not part of it: they are in memory, and what is measured is what a
// batch does with them from there, from the digits of numbers to charges. The
// cards take turns.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
	_ "time/tzdata" // bands are of London

	"github.com/tollbook/tollbook/shared/rating"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "price:", err)
		os.Exit(1)
	}
}

// answer is what was found. Nanoseconds are of all records, once.
type answer struct {
	Rows      int     `json:"rows"`
	Rated     int     `json:"rated"`     // by the card with the rule
	Other     int     `json:"other"`     // of them for another charge than by the plain card
	RuleCPU   []int64 `json:"rule_cpu"`  // of each run
	PlainCPU  []int64 `json:"plain_cpu"` // of the run beside it
	RuleWall  []int64 `json:"rule_wall"`
	PlainWall []int64 `json:"plain_wall"`
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("price", flag.ContinueOnError)
	rule := flags.String("rule", "", "the card `image` with the rule")
	plain := flags.String("plain", "", "the plain card `image`")
	cdrs := flags.String("cdrs", "", "the `file` of records, CSV")
	n := flags.Int("n", 3, "measured runs of each card, after one that is not")
	passes := flags.Int("passes", 1, "how often a run prices all records")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *n < 1 || *passes < 1 {
		return fmt.Errorf("-n %d -passes %d: want at least 1", *n, *passes)
	}
	var cards [2]*rating.Card // with the rule, plain
	for i, path := range []string{*rule, *plain} {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a card: %w", err)
		}
		if cards[i], err = rating.Open(data); err != nil {
			return fmt.Errorf("opening %s: %w", path, err)
		}
	}
	r, err := readRecords(*cdrs)
	if err != nil {
		return err
	}
	out := answer{Rows: r.len()}
	if out.Rated, out.Other, err = r.compare(cards[0], cards[1]); err != nil {
		return err
	}
	raters := [2]*rater{newRater(cards[0]), newRater(cards[1])}
	for i := range *n + 1 {
		for side, uses := range [][2]*[]int64{{&out.RuleCPU, &out.RuleWall}, {&out.PlainCPU, &out.PlainWall}} {
			cpu, wall, err := measure(func() error { return r.price(raters[side], *passes) })
			if err != nil {
				return err
			}
			if i > 0 {
				*uses[0] = append(*uses[0], cpu.Nanoseconds()/int64(*passes))
				*uses[1] = append(*uses[1], wall.Nanoseconds()/int64(*passes))
			}
		}
	}
	return json.NewEncoder(stdout).Encode(out)
}

// measure returns the time that f takes: of the CPU, user and system, and on
// the clock.
func measure(f func() error) (used, wall time.Duration, err error) {
	before, err := cpu()
	if err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	err = f()
	wall = time.Since(begun)
	after, cpuErr := cpu()
	return after - before, wall, errors.Join(err, cpuErr)
}

// cpu returns the CPU time of the process so far.
func cpu() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}
