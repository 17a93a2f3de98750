// Command bench holds Tollbook against the programs that a user could have
// instead, side by side in one run: a competent program of an afternoon, DuckDB,
// and wc -l, which only reads. It makes its data, checks that all answers are
// the same, and reports ratios of CPU time: on a machine with neighbours
// seconds swing, ratios of neighbouring runs do not.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/tollbook/tollbook/tests/bench/gen"
)

//go:embed duckdb
var embedded embed.FS

func duckdbFiles() fs.FS {
	sub, err := fs.Sub(embedded, "duckdb")
	if err != nil {
		panic(err) // the name is right above
	}
	return sub
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	out      string
	rows, n  int
	prefixes []int
	workers  int
	passes   int // over the records, of a run that measures a rule
	only     string
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{prefixes: []int{100_000, 1_000_000}, passes: 2}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.out, "out", "build", "the `folder` of programs and data; results are bench.json in it")
	f.IntVar(&o.rows, "rows", 5_000_000, "records")
	f.IntVar(&o.n, "n", 3, "measured runs of each contestant of a pair")
	f.IntVar(&o.workers, "workers", 2, "threads of the contestants that use several")
	f.StringVar(&o.only, "only", "", "only the results whose id has this `text` in it")
	f.Func("prefixes", "`sizes` of decks, with commas between them (default 100000,1000000)", func(s string) (err error) {
		o.prefixes = nil
		for one := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(one)
			if err != nil || n < gen.MinPrefixes || n > gen.MaxPrefixes {
				return fmt.Errorf("%q: want %d to %d", one, gen.MinPrefixes, gen.MaxPrefixes)
			}
			o.prefixes = append(o.prefixes, n)
		}
		return nil
	})
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected %q", f.Arg(0))
	case o.rows < 1 || o.rows > 100_000_000:
		return o, fmt.Errorf("-rows %d: want 1 to 100000000", o.rows)
	case o.n < 1 || o.n > 99:
		return o, fmt.Errorf("-n %d: want 1 to 99", o.n)
	case o.workers < 1 || o.workers > 64:
		return o, fmt.Errorf("-workers %d: want 1 to 64", o.workers)
	}
	return o, nil
}

func bench(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(filepath.Join(o.out, "bench"))
	if err != nil {
		return err
	}
	h := house{dir, o.workers}
	b := &contest{options: o, log: stderr, report: report{
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), Workers: o.workers,
	}}
	b.say("building")
	if err := h.build(ctx, goPrograms...); err != nil {
		return err
	}
	if slices.ContainsFunc(o.prefixes, func(n int) bool { return b.wants(duckID(n)) }) {
		switch err := h.installDuckDB(ctx); {
		case errors.Is(err, errAbsent):
			b.skip(err)
		case err != nil:
			return err
		default:
			b.hasDuck = true
		}
	}
	if _, err := exec.LookPath("wc"); err != nil {
		b.skip(fmt.Errorf("wc: %w", errAbsent))
	} else {
		b.hasWC = true
	}
	defer func() { err = errors.Join(err, os.RemoveAll(filepath.Join(dir, "work"))) }()
	for i, prefixes := range o.prefixes {
		j, err := h.newJob(ctx, prefixes, o.rows)
		if err != nil {
			return err
		}
		if err := b.deck(ctx, j, i == 0, i == len(o.prefixes)-1); err != nil {
			return fmt.Errorf("%d prefixes: %w", prefixes, err)
		}
		if err := os.RemoveAll(j.dir); err != nil {
			return err
		}
	}
	if err := b.report.writeTable(stdout); err != nil {
		return err
	}
	return b.report.writeJSON(filepath.Join(o.out, "bench.json"))
}
