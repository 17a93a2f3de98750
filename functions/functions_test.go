package functions_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/objects"
)

var noon = functionstest.Noon

func TestFromADroppedDeckToAnInvoice(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/november.csv", functionstest.Deck, noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, noon)
	in.Schedule("bundlereset", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	in.Schedule("billrun", time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC))
	invoices, err := in.Ledger().Invoices(t.Context(), functionstest.Key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	if len(invoices) != 1 || invoices[0].Total.String() != "0.15" {
		t.Errorf("invoices %+v, want one of 0.15", invoices)
	}
	problems, err := in.Ledger().Fsck(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("fsck: %v %v", problems, err)
	}
}

func TestWhatIsNoFileIsAnsweredAndForgotten(t *testing.T) {
	in := functionstest.Install(t)
	for _, bucket := range []string{"cdrs", "decks"} {
		for _, name := range []string{"switch/", "carrier/", "a//b.csv", "switch/3.csv" + report.Suffix} {
			in.Object(bucket, objects.Info{Name: name, Generation: "1"}, noon)
		}
	}
	for _, query := range []string{"batches_all", "decks_all"} {
		page, err := in.Docs.Query(t.Context(), documents.Query{Name: query, Limit: 10})
		if err != nil || len(page.Docs) != 0 {
			t.Errorf("%s: %d, error %v; want none", query, len(page.Docs), err)
		}
	}
}

func TestTheSameEventAgainChangesNothing(t *testing.T) {
	in := functionstest.Install(t)
	infos := map[string]objects.Info{
		"decks": in.Place("decks", "carrier/a.csv", functionstest.Deck),
		"cdrs":  in.Place("cdrs", "switch/3.csv", functionstest.CDRs),
	}
	var dumps [2]bytes.Buffer
	for i := range dumps {
		at := noon.Add(time.Duration(i) * time.Hour)
		for _, bucket := range []string{"decks", "cdrs"} {
			in.Object(bucket, infos[bucket], at)
			in.Deliver(at)
		}
		if err := in.Docs.Export(t.Context(), &dumps[i]); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(dumps[0].String(), dumps[1].String()); diff != "" {
		t.Error(diff)
	}
}

func TestAJobIsDoneOnceAndReported(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, noon)
	november := functionstest.Key("2026-11").String()
	for _, c := range []struct {
		kind   jobs.Kind
		target string
		state  jobs.State
		report string
	}{
		{jobs.Fold, november, jobs.Done, "is open"},
		{jobs.Compile, "", jobs.Done, "null"},
		{jobs.Close, november, jobs.Done, "is issued, with 1 invoices"},
		{jobs.Close, functionstest.Key("2031-01").String(), jobs.Failed, "not found"},
		{jobs.Close, "whenever", jobs.Failed, "want cycle:YYYY-MM"},
		{jobs.Fsck, "", jobs.Done, "clean"},
		{jobs.Sweep, "", jobs.Done, `"decks":0`},
		{jobs.Retry, "no-batch", jobs.Failed, "not found"},
		{jobs.Redo, "no-batch", jobs.Failed, "not found"},
	} {
		job := in.Ask(c.kind, c.target, "key", noon.AddDate(0, 1, 0))
		if job.State != c.state || !strings.Contains(job.Report, c.report) {
			t.Errorf("%s %s: %s, %q; want it %s with %q", c.kind, c.target, job.State, job.Report, c.state, c.report)
		}
		if again := in.Ask(c.kind, c.target, "key", noon.AddDate(1, 0, 0)); again.ID != job.ID || again.State != c.state {
			t.Errorf("asked again with the same key: %+v, want the same job", again)
		}
	}
}

func TestNoLogHoldsANumber(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", "prefix,price\n442079460999,cheap\n", noon)
	in.Drop("cdrs", "switch/bad.csv", "call_id,account,b_number,start_time,duration\n1,acme,+44 20 7946 0999x,2026-11-03T10:00:00Z,60\n", noon)
	in.Schedule("sweeper", noon.Add(time.Hour))
	if log := in.Log.String(); strings.Contains(log, "9460999") || strings.Contains(log, "7946 0999") {
		t.Errorf("the log names a number:\n%s", log)
	}
}

// A fold that cannot go on from what was kept says so, and comes to the same.
func TestADamagedCheckpointIsLogged(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/november.csv", functionstest.Deck, noon)
	var first strings.Builder
	first.WriteString("call_id,account,b_number,start_time,duration\n")
	for i := range 20_000 {
		fmt.Fprintf(&first, "%d,acme,442079460001,2026-11-03T10:00:00Z,60\n", i)
	}
	in.Drop("cdrs", "switch/3.csv", first.String(), noon)
	more := func(day int) {
		in.Drop("cdrs", fmt.Sprintf("switch/%d.csv", day), fmt.Sprintf("call_id,account,b_number,start_time,duration\nd%d,acme,442079460001,2026-11-%02dT10:00:00Z,60\n", day, day), noon)
		in.Schedule("billrun", noon.AddDate(0, 0, day))
	}
	more(10)
	kept, err := in.Buckets.Work.List(t.Context(), "checkpoints/", "", 10)
	if err != nil || len(kept) != 1 {
		t.Fatalf("checkpoints %v, error %v, want one", kept, err)
	}
	if err := in.Buckets.Work.Delete(t.Context(), kept[0].Name, kept[0].Generation); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Buckets.Work.Create(t.Context(), kept[0].Name, strings.NewReader("no checkpoint at all")); err != nil {
		t.Fatal(err)
	}
	more(11)
	if log := in.Log.String(); !strings.Contains(log, "a fold does without a checkpoint") || !strings.Contains(log, "does not end as it should") {
		t.Errorf("the log does not say it:\n%s", log)
	}
	result, err := in.Ledger().Fold(t.Context(), functionstest.Key("2026-11"))
	if err != nil || result.Counts.Charged != 20_002 {
		t.Errorf("the fold has %+v, error %v, want 20002 charged", result, err)
	}
}
