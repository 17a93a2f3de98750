package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	manyCards      = 200
	prefixesOfEach = 20_000
	// batchLimit bounds a run of a batch on many cards, which has nothing to say
	// if it takes a hundred times as long as on one.
	batchLimit = 10 * time.Minute
)

// newCards makes decks of so many prefixes each, who has which, and their cards.
func (j *job) newCards(ctx context.Context, cards, each int) error {
	if _, err := j.data(ctx, "-cards", strconv.Itoa(cards), "-each", strconv.Itoa(each)); err != nil {
		return err
	}
	return j.compile(ctx, "cards", "images", "plain")
}

// onCards has a contestant rate every client by its own card: of a flag that is
// there twice the last one counts.
func (j *job) onCards(c contestant, flag, files string) contestant {
	c.args = append(c.args, flag, j.file(files), "-map", j.file("cards.csv"))
	return c
}

// cards notes what many cards cost beside one: the kernel, whose answers are
// compared before, and the batch, both against the kernel on the job's deck.
func (r *round) cards(ctx context.Context, cards, each int) error {
	suffix := "_cards" + strconv.Itoa(cards)
	kernelID, batchID, peakID := "kernel"+suffix, "batch"+suffix, "rss_mib"+suffix
	if !r.wants(kernelID) && !r.wants(batchID) && !r.wants(peakID) {
		return nil
	}
	r.say("making %d cards of %d prefixes, and comparing answers", cards, each)
	if err := r.job.newCards(ctx, cards, each); err != nil {
		return err
	}
	one := r.job.kernel("cdrs.csv", r.workers)
	many := r.job.onCards(one, "-card", "images")
	many.name += " cards=" + strconv.Itoa(cards)
	want, err := r.job.verify(ctx, r.job.onCards(r.job.naive("cdrs.csv"), "-deck", "cards"), many)
	if err != nil {
		return err
	}
	if r.wants(kernelID) {
		r.say("%s", kernelID)
		d, err := fight(ctx, many, one, r.n)
		if err != nil {
			return fmt.Errorf("%s: %w", kernelID, err)
		}
		r.note(d.row(kernelID, many.name, one.name))
		r.note(row{ID: "rss_mib_kernel" + suffix, Value: peakMiB(d.a...), Unit: "MiB"})
	}
	if !r.wants(batchID) && !r.wants(peakID) {
		return nil
	}
	r.say("%s", batchID)
	batch, err := r.job.batchOn(ctx, "-card", r.job.file("images"), "-map", r.job.file("cards.csv"))
	if err != nil {
		return err
	}
	batch.name, batch.limit = "batch cards="+strconv.Itoa(cards), batchLimit
	d, err := fight(ctx, batch, one, r.n)
	if errors.Is(err, errTooLong) {
		r.skip(fmt.Errorf("%s: %w", batchID, err))
		return nil
	}
	if err == nil {
		err = checkReceipts(d.a, want)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", batchID, err)
	}
	r.note(d.row(batchID, batch.name, one.name))
	r.note(row{ID: peakID, Value: peakMiB(d.a...), Unit: "MiB"})
	return nil
}
