package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEachRuleIsUsedByTheCardsThatMeasureIt(t *testing.T) {
	const rows = 20_000
	j := mustJob(t, 5_000, rows)
	if _, err := j.data(t.Context(), "-rules", strconv.Itoa(rows)); err != nil {
		t.Fatal(err)
	}
	// In hundredths, the charges that are other than the plain ones.
	want := map[string]int{
		"bands":   70, // all but 50 of the week's 168 hours
		"classes": 42, // calls of a state, and from abroad: short ones may round to the same
		"dates":   54, // after the change
		"tiers":   72, // calls that are longer than a minute, or are billed otherwise below it
		"origins": 35, // callers of the EEA, and of no country
	}
	for _, r := range rules {
		got, err := j.price(t.Context(), r, 2, 1)
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		if share := got.Other * 100 / got.Rated; share < want[r.name]-6 || share > want[r.name]+6 {
			t.Errorf("%s: %d of 100 charges are other than the plain ones, want about %d", r.name, share, want[r.name])
		}
		if d := got.duel(); len(d.a) != 2 || len(d.b) != 2 {
			t.Errorf("%s: %d and %d runs, want 2 of each", r.name, len(d.a), len(d.b))
		}
	}
	if _, err := j.price(t.Context(), rule{"plain", "world", "plain"}, 1, 1); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("error %v of a card without a rule, want one that says so", err)
	}
}

func TestResultsOfRulesAndCardsHaveTheirOwnNames(t *testing.T) {
	j := mustJob(t, 5_000, 5_000)
	c := &contest{options: options{workers: 2, n: 1, passes: 1}, log: new(bytes.Buffer)}
	r := &round{contest: c, job: j}
	for _, only := range []string{"rule_b", "rule_d", "cards3", "nothing"} {
		c.only = only
		if err := errors.Join(r.rules(t.Context()), r.cards(t.Context(), 3, 2_000)); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, row := range c.report.Rows {
		ids = append(ids, row.ID)
		if row.Rows != 5_000 || row.Prefixes != 5_000 || row.Ratio <= 0 && row.Value <= 0 {
			t.Errorf("the result is %+v", row)
		}
	}
	want := []string{"rule_bands_5k", "rule_dates_5k", "kernel_cards3", "rss_mib_kernel_cards3", "batch_cards3", "rss_mib_cards3"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestEveryClientIsRatedByItsOwnCard(t *testing.T) {
	j := mustJob(t, 5_000, 20_000)
	if err := j.newCards(t.Context(), 7, 2_000); err != nil {
		t.Fatal(err)
	}
	naive, kernel := j.onCards(j.naive("cdrs.csv"), "-deck", "cards"), j.onCards(j.kernel("cdrs.csv", 2), "-card", "images")
	many, err := j.verify(t.Context(), naive, kernel)
	if err != nil {
		t.Fatal(err)
	}
	one, err := j.verifyKernel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if one.Charge == many.Charge || one.Rated != many.Rated {
		t.Errorf("one card charges %+v, seven %+v: want as many records for another sum", one, many)
	}

	owners, err := os.ReadFile(j.file("cards.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, before, after, says string }{
		{"another card", "\n6,5\n", "\n6,4\n", ""},
		{"no card", "\n6,5\n", "\n", `client "6"`},
		{"a card that is not there", "\n6,5\n", "\n6,7\n", "images/7"},
		{"a card that is no number", "\n6,5\n", "\n6,five\n", "line 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := bytes.Replace(owners, []byte(c.before), []byte(c.after), 1)
			if err := os.WriteFile(j.file("cards.csv"), other, 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := run(t.Context(), kernel)
			switch {
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("error %v, want one with %q", err, c.says)
			case c.says == "" && (err != nil || got.answer.Charge == many.Charge):
				t.Errorf("%+v, %v: want another sum than %s", got.answer, err, many.Charge)
			}
		})
	}
}

func TestAContestantThatPassesItsLimitIsEnded(t *testing.T) {
	c := contestant{name: "it", args: []string{os.Args[0], "-test.run=^$"}, silent: true, limit: 1}
	if _, err := run(t.Context(), c); !errors.Is(err, errTooLong) || !strings.Contains(err.Error(), "running it: ") {
		t.Errorf("error %v, want that it takes too long", err)
	}
	c.limit = time.Hour
	if _, err := run(t.Context(), c); err != nil {
		t.Errorf("within its limit: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := run(ended, c); err == nil || errors.Is(err, errTooLong) {
		t.Errorf("error %v of a bench that was ended, want one that does not say it takes too long", err)
	}
}
