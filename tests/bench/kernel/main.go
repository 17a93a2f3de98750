// Command kernel rates a file of call records with the packages of the product
// and nothing around them: no batches, no stores. It is what the benchmark
// holds against its rivals, and what a whole batch is held against.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kernel:", err)
		os.Exit(1)
	}
}

// summary is what a contestant says when it is done.
type summary struct {
	Rows     int64   `json:"rows"`
	Rated    int64   `json:"rated"`
	Rejected int64   `json:"rejected"`
	Charge   string  `json:"charge"`
	OpenMS   float64 `json:"open_ms"` // CPU, from the card's file to a card that rates
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("kernel", flag.ContinueOnError)
	image := flags.String("card", "", "the card `image`, or with -map a folder of them")
	owners := flags.String("map", "", "the `file` that says which card each client has")
	cdrs := flags.String("cdrs", "", "the `file` of records, CSV")
	out := flags.String("out", "", "the `file` of charges to write")
	totals := flags.String("totals", "", "the `file` of totals to write")
	workers := flags.Int("workers", 1, "how many rate at once")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *workers < 1 || *workers > 64 {
		return fmt.Errorf("-workers %d: want 1 to 64", *workers)
	}
	before, err := cpu()
	if err != nil {
		return err
	}
	cards, err := openCards(*image, *owners)
	if err != nil {
		return fmt.Errorf("opening the card: %w", err)
	}
	after, err := cpu()
	if err != nil {
		return err
	}
	sum, err := rateFile(cards, *cdrs, *out, *totals, *workers)
	if err != nil {
		return fmt.Errorf("rating: %w", err)
	}
	sum.OpenMS = float64((after - before).Microseconds()) / 1000
	return json.NewEncoder(stdout).Encode(sum)
}

// cpu returns the CPU time of the process so far.
func cpu() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// create writes a file through a buffer, which is small: what is larger, as the
// charges of a chunk are, is written from where it lies.
func create(path string, write func(*bufio.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush())
}
