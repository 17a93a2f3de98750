// Command data writes the data of a benchmark: deck.csv, cdrs.csv, and few.csv,
// the first records of the same traffic. It is a program of its own since the
// memory of a process counts, on Linux, as that of those it starts.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tollbook/tollbook/tests/bench/gen"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "data:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("data", flag.ContinueOnError)
	dir := flags.String("dir", "", "the `folder` to write to")
	seed := flags.Uint64("seed", 1, "the same seed gives the same bytes")
	prefixes := flags.Int("prefixes", 100_000, "of the deck")
	rows := flags.Int("rows", 5_000_000, "records of cdrs.csv")
	few := flags.Int("few", 20_000, "records of few.csv")
	if err := flags.Parse(args); err != nil {
		return err
	}
	deck, err := gen.NewDeck(*seed, *prefixes)
	if err != nil {
		return err
	}
	write := func(name string, content func(io.Writer) error) (err error) {
		f, err := os.Create(filepath.Join(*dir, name))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		return content(f)
	}
	err = errors.Join(
		write("deck.csv", func(w io.Writer) error { return deck.WriteCSV(w, gen.Rules[0]) }),
		write("cdrs.csv", func(w io.Writer) error { return deck.NewTraffic(*seed).WriteRecords(w, *rows) }),
		write("few.csv", func(w io.Writer) error { return deck.NewTraffic(*seed).WriteRecords(w, *few) }),
	)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(deck.Shape())
}
