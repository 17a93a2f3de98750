package cdrrating_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// unquoted is Setup with a feed whose files have no quotes.
var unquoted = strings.Replace(functionstest.Setup, `"feeds": [{"id": "switch",`, `"feeds": [{"unquoted": true, "id": "switch",`, 1)

func TestALargeFileIsRatedInSlicesAndReportedOnce(t *testing.T) {
	whole, in := functionstest.Install(t), functionstest.InstallCutting(t, 100)
	in.Import(unquoted)
	var want, got cdrrating.Report
	for _, i := range []*functionstest.Installation{whole, in} {
		i.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	}
	whole.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	whole.Beside("cdrs", "switch/3.csv", &want)

	in.Object("cdrs", in.Place("cdrs", "switch/3.csv", functionstest.CDRs), functionstest.Noon)
	if _, err := in.Buckets.CDRs.Stat(t.Context(), "switch/3.csv"+report.Suffix); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("before the slices are done there is a report: %v", err)
	}
	in.Deliver(functionstest.Noon)
	in.Beside("cdrs", "switch/3.csv", &got)
	for _, r := range []*cdrrating.Report{&want, &got} {
		r.Batch.Book, r.Batch.Marker = ledger.Ref{}, ledger.Ref{} // the feeds differ, and so do the parts
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the reports differ: -whole +slices\n%s", diff)
	}
	if a, b := whole.Fold("2026-11"), in.Fold("2026-11"); a != b {
		t.Errorf("the month counts %+v, want %+v", b, a)
	}

	job := in.Ask(jobs.Redo, got.Batch.ID, "", functionstest.Noon)
	if job.State != jobs.Done || !strings.Contains(job.Report, "slices") {
		t.Errorf("the job is %s: %s; want it to say that slices are ordered", job.State, job.Report)
	}
	in.Deliver(functionstest.Noon)
	in.Beside("cdrs", "switch/3.csv", &got)
	if got.Batch.Rev != 2 || got.Batch.RedoState != "" || got.Batch.Counts != want.Batch.Counts {
		t.Errorf("after the redo the report says %+v", got.Batch)
	}
}

func TestASliceWhoseEventWasLostIsOrderedAgain(t *testing.T) {
	in := functionstest.InstallCutting(t, 100)
	in.Import(unquoted)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Place("cdrs", "switch/3.csv", functionstest.CDRs) // so is the file's
	in.Schedule("sweeper", functionstest.Noon)
	in.Lose()
	if left, _, err := in.Ledger().Batches(t.Context(), ledger.Planned, "", 10); err != nil || len(left) != 1 {
		t.Fatalf("%d batches are planned, %v; want that of the file, whose slices are ordered", len(left), err)
	}
	in.Schedule("sweeper", functionstest.Noon.Add(time.Hour))
	in.Deliver(functionstest.Noon.Add(time.Hour))
	var got cdrrating.Report
	in.Beside("cdrs", "switch/3.csv", &got)
	if got.Batch.State != ledger.Committed || got.Batch.Counts.Rows != 4 || got.Batch.Attempts != 0 {
		t.Errorf("the report says %+v", got.Batch)
	}
}
