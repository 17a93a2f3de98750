package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// ruleRows is how many records are priced by each rule, at most.
const ruleRows = 1_000_000

// rule is a rule of prices, with the part of the world that its deck is of, and
// the deck: the plain one, if decks have no columns for it.
type rule struct{ name, part, deck string }

var rules = []rule{
	{"bands", "world", "bands"},
	{"classes", "us", "classes"},
	{"dates", "world", "dates"},
	{"tiers", "world", "plain"},
	{"origins", "world", "origins"},
}

// priced is what the price program says.
type priced struct {
	Rows      int             `json:"rows"`
	Rated     int             `json:"rated"`
	Other     int             `json:"other"`
	RuleCPU   []time.Duration `json:"rule_cpu"`
	PlainCPU  []time.Duration `json:"plain_cpu"`
	RuleWall  []time.Duration `json:"rule_wall"`
	PlainWall []time.Duration `json:"plain_wall"`
}

func (r *round) ruleID(rule string) string { return r.id("rule_" + rule) }

// rules notes what prices by each rule cost beside plain ones.
func (r *round) rules(ctx context.Context) error {
	made := false
	for _, rule := range rules {
		id := r.ruleID(rule.name)
		if !r.wants(id) {
			continue
		}
		if !made {
			r.say("making the decks of rules")
			if _, err := r.job.data(ctx, "-rules", strconv.Itoa(min(r.job.rows, ruleRows))); err != nil {
				return err
			}
			made = true
		}
		r.say("%s", id)
		got, err := r.job.price(ctx, rule, r.n, r.passes)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		r.say("%s: %d of %d charges are other than the plain ones", id, got.Other, got.Rated)
		one := got.duel().row(id, "price "+rule.name, "price plain")
		one.Rows = got.Rows
		r.note(one)
	}
	return nil
}

// price prices records by the card of a rule and by the plain one beside it, n
// times in turns, each time in so many passes over the records.
func (j *job) price(ctx context.Context, by rule, n, passes int) (got priced, err error) {
	file := func(name string) string { return filepath.Join("rules", name) }
	err = errors.Join(
		j.compile(ctx, file(by.part+"-"+by.deck+".csv"), file("rule.card"), by.name),
		j.compile(ctx, file(by.part+"-plain.csv"), file("plain.card"), "plain"),
	)
	if err != nil {
		return got, err
	}
	records := min(j.rows, ruleRows)
	_, out, err := execute(ctx, contestant{name: "price", args: []string{
		j.program("price"), "-rule", j.file(file("rule.card")), "-plain", j.file(file("plain.card")), "-cdrs", j.file(file(by.part + ".csv")),
		"-n", strconv.Itoa(n), "-passes", strconv.Itoa(passes)}})
	if err != nil {
		return got, err
	}
	if err := json.Unmarshal(out, &got); err != nil {
		return got, fmt.Errorf("reading what prices cost: %w", err)
	}
	for _, list := range [][]time.Duration{got.RuleCPU, got.PlainCPU, got.RuleWall, got.PlainWall} {
		if len(list) != n || slices.Min(list) <= 0 {
			return got, fmt.Errorf("a card of the two was measured as %v, want %d times", list, n)
		}
	}
	// A card that does not use its rule would look good.
	if got.Rows != records || got.Rated < records*9/10 || got.Other < got.Rated/10 {
		return got, fmt.Errorf("of %d records %d are rated, %d of them by the rule for another charge: too few", got.Rows, got.Rated, got.Other)
	}
	return got, nil
}

// duel is a rule against plain prices.
func (p priced) duel() (d duel) {
	for i := range p.RuleCPU {
		d.a = append(d.a, use{cpu: p.RuleCPU[i], wall: p.RuleWall[i]})
		d.b = append(d.b, use{cpu: p.PlainCPU[i], wall: p.PlainWall[i]})
	}
	return d
}
