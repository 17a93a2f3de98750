package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// contest is a bench that goes on.
type contest struct {
	options
	report  report
	log     io.Writer
	hasDuck bool
	hasWC   bool
}

func (c *contest) say(format string, args ...any) { fmt.Fprintf(c.log, "bench: "+format+"\n", args...) }

func (c *contest) skip(err error) {
	c.say("skipped: %v", err)
	c.report.Skipped = append(c.report.Skipped, err.Error())
}

// wants reports whether a result is asked for.
func (c *contest) wants(id string) bool { return strings.Contains(id, c.only) }

// deck measures everything on one deck. Rules and several cards are measured on
// the first deck only, and the numbers of workers are compared on the last.
func (c *contest) deck(ctx context.Context, j *job, first, last bool) error {
	records, err := size(j.file("cdrs.csv"))
	if err != nil {
		return err
	}
	card, err := size(j.file("card"))
	if err != nil {
		return err
	}
	c.say("%d prefixes, of 1 to 9 digits %v, %d different rates; %d records, %.1f bytes each",
		j.prefixes, j.shape.Lengths[1:], j.shape.Rates, j.rows, float64(records)/float64(j.rows))
	c.say("comparing answers")
	want, err := j.verifyKernel(ctx)
	if err != nil {
		return err
	}
	if c.hasDuck {
		if err := j.verifyDuckDB(ctx, want); err != nil {
			return err
		}
	}
	c.say("all answers are the same: %d rated, for %s", want.Rated, want.Charge)
	r := &round{contest: c, job: j, answer: want}
	if err := r.pairs(ctx, last); err != nil {
		return err
	}
	if first {
		if err := r.rules(ctx); err != nil {
			return err
		}
		if err := r.cards(ctx, manyCards, min(prefixesOfEach, j.prefixes)); err != nil {
			return err
		}
	}
	r.value("card_bytes", float64(card), "bytes", 0)
	if len(r.kernels) > 0 {
		var open []float64
		for _, u := range r.kernels {
			open = append(open, u.answer.OpenMS)
		}
		r.value("card_open_ms", median(open), "ms CPU", len(open))
		r.value("rss_mib", max(peakMiB(r.kernels...), peakMiB(r.batches...)), "MiB", 0)
		r.value("rss_mib_kernel", peakMiB(r.kernels...), "MiB", 0)
	}
	if len(r.batches) > 0 {
		r.value("rss_mib_batch", peakMiB(r.batches...), "MiB", 0)
	}
	return nil
}

// round is the pairs on one deck.
type round struct {
	*contest
	job              *job
	answer           answer // of all
	kernels, batches []use  // as measured
}

func (r *round) id(name string) string { return name + "_" + short(r.job.prefixes) }

func (r *round) value(name string, v float64, unit string, n int) {
	r.note(row{ID: r.id(name), Value: v, Unit: unit, N: n})
}

func (r *round) note(one row) {
	if one.Rows == 0 {
		one.Rows = r.job.rows
	}
	one.Prefixes = r.job.prefixes
	r.report.Rows = append(r.report.Rows, one)
}

func (r *round) pairs(ctx context.Context, last bool) error {
	kernel := r.job.kernel("cdrs.csv", r.workers)
	if err := r.pairDuckDB(ctx, kernel); err != nil {
		return err
	}
	// Cores that are busy at once slow each other down, in CPU time, too: a
	// program that works on one is held against one worker.
	alone := r.job.kernel("cdrs.csv", 1)
	if err := r.pairKernel(ctx, r.id("kernel_naive"), alone, r.job.naive("cdrs.csv")); err != nil {
		return err
	}
	if r.hasWC {
		if err := r.pairKernel(ctx, r.id("kernel_wc"), alone, r.job.wc()); err != nil {
			return err
		}
	}
	if err := r.pairBatch(ctx, kernel); err != nil {
		return err
	}
	if last {
		return r.pairKernel(ctx, "workers_wall", kernel, alone)
	}
	return nil
}

// pairKernel notes the kernel against another, if it is asked for.
func (r *round) pairKernel(ctx context.Context, id string, kernel, other contestant) error {
	if !r.wants(id) {
		return nil
	}
	r.say("%s", id)
	d, err := fight(ctx, kernel, other, r.n)
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	r.kernels = append(r.kernels, d.a...)
	r.note(d.row(id, kernel.name, other.name))
	return nil
}

func duckID(prefixes int) string { return "kernel_duckdb_" + short(prefixes) }

// pairDuckDB notes the kernel against the variant that took less CPU time.
func (r *round) pairDuckDB(ctx context.Context, kernel contestant) error {
	id := duckID(r.job.prefixes)
	if !r.hasDuck || !r.wants(id) {
		return nil
	}
	var best row
	for i, v := range duckVariants {
		duck := r.job.duckdb(v, "cdrs.csv")
		r.say("%s, %s", id, duck.name)
		d, err := fight(ctx, kernel, duck, r.n)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		r.kernels = append(r.kernels, d.a...)
		if one := d.row(id, kernel.name, duck.name); i == 0 || one.BCPU < best.BCPU {
			best = one
		}
	}
	r.note(best)
	return nil
}

// pairBatch notes a whole batch against the kernel that it contains.
func (r *round) pairBatch(ctx context.Context, kernel contestant) error {
	id := r.id("batch_kernel")
	if !r.wants(id) {
		return nil
	}
	r.say("%s", id)
	batch, err := r.job.batch(ctx)
	if err != nil {
		return err
	}
	d, err := fight(ctx, batch, kernel, r.n)
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	if err := checkReceipts(d.a, r.answer); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	r.batches = append(r.batches, d.a...)
	r.kernels = append(r.kernels, d.b...)
	r.note(d.row(id, batch.name, kernel.name))
	return nil
}

// checkReceipts holds what batches counted against the kernel's answer.
func checkReceipts(batches []use, want answer) error {
	for _, u := range batches {
		if got := u.answer; got.Rows != want.Rows || got.Rated != want.Rated || got.Rejected != 0 {
			return fmt.Errorf("the receipt says %+v, the kernel %+v", got, want)
		}
	}
	return nil
}
