package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/tests/bench/gen"
)

// seed is that of all data.
const seed = 1

// house is where a bench lives: programs, and below them the data of each deck.
type house struct {
	dir     string
	workers int
}

func (h house) program(name string) string { return filepath.Join(h.dir, "bin", name) }

// goPrograms are the contestants that are Go programs, and what makes the data.
var goPrograms = []string{"data", "card", "naive", "kernel", "price", "batch"}

// build compiles programs of this folder.
func (h house) build(ctx context.Context, names ...string) error {
	args := []string{"build", "-o", filepath.Join(h.dir, "bin") + string(filepath.Separator)}
	for _, name := range names {
		args = append(args, "github.com/tollbook/tollbook/tests/bench/"+name)
	}
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the contestants: %w: %s", err, out)
	}
	return nil
}

// npmTime bounds the fetching of DuckDB, which is 100 MB.
const npmTime = 5 * time.Minute

// errAbsent says that a contestant is not on this machine.
var errAbsent = errors.New("not on this machine")

// installDuckDB fetches the pinned DuckDB into the house.
func (h house) installDuckDB(ctx context.Context) error {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("duckdb: %s: %w", name, errAbsent)
		}
	}
	dir := filepath.Join(h.dir, "duckdb")
	if err := placeFiles(duckdbFiles(), dir); err != nil {
		return fmt.Errorf("placing the duckdb program: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, npmTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("duckdb: npm install: %w: %w: %s", errAbsent, err, out)
	}
	return nil
}

// placeFiles copies files into a folder, over those that are there.
func placeFiles(from fs.FS, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := fs.ReadFile(from, e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// job is one deck and the records that are rated by it.
type job struct {
	house
	dir            string
	rows, prefixes int
	shape          gen.Shape
}

// newJob makes the data of a job.
func (h house) newJob(ctx context.Context, prefixes, rows int) (*job, error) {
	j := &job{house: h, dir: filepath.Join(h.dir, "work", short(prefixes)), rows: rows, prefixes: prefixes}
	if err := errors.Join(os.RemoveAll(j.dir), os.MkdirAll(j.dir, 0o755)); err != nil {
		return nil, err
	}
	out, err := j.data(ctx, "-rows", strconv.Itoa(rows), "-few", strconv.Itoa(min(rows, fewRows)))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &j.shape); err != nil {
		return nil, fmt.Errorf("making the data: %w", err)
	}
	return j, j.compile(ctx, "deck.csv", "card", "plain")
}

// data makes data of the job's deck, and returns what it says of it.
func (j *job) data(ctx context.Context, args ...string) ([]byte, error) {
	args = append([]string{j.program("data"), "-dir", j.dir, "-seed", strconv.Itoa(seed), "-prefixes", strconv.Itoa(j.prefixes)}, args...)
	_, out, err := execute(ctx, contestant{name: "what makes the data", args: args})
	return out, err
}

// compile makes the card of a deck, or those of a folder, by a rule.
func (j *job) compile(ctx context.Context, deck, card, rule string) error {
	_, err := run(ctx, contestant{name: "the card compiler", args: []string{
		j.program("card"), "-deck", j.file(deck), "-out", j.file(card), "-rule", rule}, silent: true})
	return err
}

func (j *job) file(name string) string { return filepath.Join(j.dir, name) }

// short is a number of prefixes in an id: 100k, 1m.
func short(n int) string {
	switch {
	case n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + "m"
	case n%1000 == 0:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}

func (j *job) kernel(cdrs string, workers int) contestant {
	return contestant{name: fmt.Sprintf("kernel w=%d", workers), args: []string{
		j.program("kernel"), "-card", j.file("card"), "-cdrs", j.file(cdrs), "-workers", strconv.Itoa(workers),
		"-out", j.file("kernel.csv"), "-totals", j.file("kernel-totals.csv")}}
}

func (j *job) naive(cdrs string) contestant {
	return contestant{name: "naive", args: []string{
		j.program("naive"), "-deck", j.file("deck.csv"), "-cdrs", j.file(cdrs),
		"-out", j.file("naive.csv"), "-totals", j.file("naive-totals.csv")}}
}

// duckVariants are the two ways of DuckDB that came out best of five.
var duckVariants = []string{"v4", "v10"}

func (j *job) duckdb(variant, cdrs string) contestant {
	return contestant{name: "duckdb " + variant, args: []string{
		"node", filepath.Join(j.house.dir, "duckdb", "rate.mjs"), variant, j.file("deck.csv"), j.file(cdrs),
		j.file("duckdb.csv"), j.file("duckdb-totals.csv"), strconv.Itoa(j.workers)}}
}

// wc counts the lines: the least that reading the file can cost.
func (j *job) wc() contestant {
	return contestant{name: "wc -l", args: []string{"wc", "-l", j.file("cdrs.csv")}, silent: true}
}

// batch rates the file as a batch of an installation that is set up anew for
// each run.
func (j *job) batch(ctx context.Context) (contestant, error) {
	return j.batchOn(ctx, "-card", j.file("card"))
}

// batchOn is batch with accounts on cards that are set up as the arguments say.
func (j *job) batchOn(ctx context.Context, cards ...string) (contestant, error) {
	ready, state := j.file("ready"), j.file("state")
	if err := os.RemoveAll(ready); err != nil {
		return contestant{}, err
	}
	if err := os.MkdirAll(ready, 0o755); err != nil {
		return contestant{}, err
	}
	_, err := run(ctx, contestant{name: "the setup of a batch", args: append([]string{
		j.program("batch"), "-state", ready, "-cdrs", j.file("cdrs.csv")}, cards...), silent: true})
	return contestant{name: "batch", args: []string{j.program("batch"), "-state", state}, prepare: func() error {
		if err := os.RemoveAll(state); err != nil {
			return err
		}
		return copyState(ready, state)
	}}, err
}

// copyState copies an installation. Objects, which never change, are linked, so
// that they also stay the files that the bucket knows.
func copyState(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch filepath.Ext(path) {
		case ".db", ".journal":
			return copyFile(path, target)
		}
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return os.Link(path, target)
	})
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}
