// Command data writes the data of a benchmark. It is a program of its own since
// the memory of a process counts, on Linux, as that of those it starts.
//
//	deck.csv, cdrs.csv, few.csv  a deck, records, and the first few of them
//	rules/                       with -rules: a deck for each rule, and records
//	cards/, cards.csv            with -cards: decks of several cards, and who has which
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

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
	rules := flags.Int("rules", 0, "records of those of the rules, instead of all else")
	cards := flags.Int("cards", 0, "how many cards, instead of all else")
	each := flags.Int("each", 20_000, "prefixes of each card")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *cards < 0 || *cards > gen.MaxCards {
		return fmt.Errorf("-cards %d: want 0 to %d", *cards, gen.MaxCards)
	}
	deck, err := gen.NewDeck(*seed, *prefixes)
	if err != nil {
		return err
	}
	to := folder(*dir)
	switch {
	case *rules > 0:
		err = to.writeRules(deck, *seed, *rules)
	case *cards > 0:
		err = to.writeCards(deck, *seed, *cards, *each)
	default:
		err = errors.Join(
			to.write("deck.csv", func(w io.Writer) error { return deck.WriteCSV(w, gen.Rules[0]) }),
			to.write("cdrs.csv", func(w io.Writer) error { return deck.NewTraffic(*seed).WriteRecords(w, *rows) }),
			to.write("few.csv", func(w io.Writer) error { return deck.NewTraffic(*seed).WriteRecords(w, *few) }),
		)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(deck.Shape())
}

// folder is where files are written.
type folder string

func (dir folder) write(name string, content func(io.Writer) error) (err error) {
	path := filepath.Join(string(dir), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return content(f)
}

// writeRules writes the decks of the rules: for the world, but that of classes,
// and the plain one it is held against, for the US. Records are as many for
// each of the two, over the whole month.
func (dir folder) writeRules(world *gen.Deck, seed uint64, records int) error {
	us, err := gen.NewUSDeck(seed, world.Len())
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		*gen.Deck
	}{{"world", world}, {"us", us}} {
		err := dir.write(filepath.Join("rules", part.name+".csv"), func(w io.Writer) error { return part.NewTraffic(seed).WriteRecords(w, records) })
		if err != nil {
			return err
		}
		for _, r := range gen.Rules {
			if (r.Name == "classes") != (part.Deck == us) && r.Name != gen.Rules[0].Name {
				continue
			}
			if err := dir.write(filepath.Join("rules", part.name+"-"+r.Name+".csv"), func(w io.Writer) error { return part.WriteCSV(w, r) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeCards writes decks of prefixes of the deck, by number, and who has which.
func (dir folder) writeCards(deck *gen.Deck, seed uint64, cards, each int) error {
	for i := range cards {
		c, err := deck.Card(seed, i, each)
		if err != nil {
			return err
		}
		if err := dir.write(filepath.Join("cards", strconv.Itoa(i)), func(w io.Writer) error { return c.WriteCSV(w, gen.Rules[0]) }); err != nil {
			return err
		}
	}
	return dir.write("cards.csv", func(w io.Writer) error { return gen.WriteCardMap(w, cards) })
}
