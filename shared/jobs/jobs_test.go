package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/objects"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
)

func open(t *testing.T) (*jobs.Jobs, objects.Bucket) {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), jobs.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	orders := objects.NewMemory()
	return jobs.New(docs, map[string]objects.Bucket{"billrun": orders, "sweeper": orders}), orders
}

func ask(t *testing.T, j *jobs.Jobs, key string) jobs.Job {
	t.Helper()
	job, err := j.Ask(ctx, jobs.Fold, "monthly:2026-11", key, noon)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func ordersOf(t *testing.T, b objects.Bucket) int {
	t.Helper()
	found, err := b.List(ctx, "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestTheSameKeyIsTheSameJobAndNoKeyIsANewOne(t *testing.T) {
	j, orders := open(t)
	first, again, other := ask(t, j, "key"), ask(t, j, "key"), ask(t, j, "other key")
	keyless, another := ask(t, j, ""), ask(t, j, "")
	if first.ID != again.ID || first.ID == other.ID || keyless.ID == another.ID {
		t.Errorf("jobs %s, %s and %s: want the first two the same, all others not", first.ID, again.ID, other.ID)
	}
	if n := ordersOf(t, orders); n != 4 {
		t.Errorf("%d orders, want one a job: 4", n)
	}
}

func TestWhatNobodyDoesCannotBeAskedFor(t *testing.T) {
	j, _ := open(t)
	for _, kind := range []jobs.Kind{"dance", jobs.Redo} { // there are no orders for cdrrating here
		if _, err := j.Ask(ctx, kind, "", "", noon); !errors.Is(err, jobs.ErrUnknown) {
			t.Errorf("%s: error %v, want ErrUnknown", kind, err)
		}
	}
}

func TestAJobEndsOnce(t *testing.T) {
	for _, c := range []struct {
		name     string
		err      error
		state    jobs.State
		attempts int64
		again    bool // the order comes again
	}{
		{"done", nil, jobs.Done, 0, false},
		{"never", &events.BadInput{Err: errors.New("no such month")}, jobs.Failed, 0, false},
		{"busy", &events.Transient{Err: errors.New("busy")}, jobs.Asked, 0, true},
		{"store away", fmt.Errorf("folding: %w", documents.ErrTransient), jobs.Asked, 0, true},
		{"broken", errors.New("a fault"), jobs.Asked, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, _ := open(t)
			job := ask(t, j, "")
			err := j.Run(ctx, job.ID, func(context.Context, jobs.Job) (string, error) { return "the report", c.err })
			if (err != nil) != c.again {
				t.Errorf("error %v", err)
			}
			got, err := j.Get(ctx, job.ID)
			if err != nil || got.State != c.state || got.Attempts != c.attempts {
				t.Errorf("job %+v, %v; want it %s after %d attempts", got, err, c.state, c.attempts)
			}
			if c.state == jobs.Asked {
				return
			}
			err = j.Run(ctx, job.ID, func(context.Context, jobs.Job) (string, error) {
				t.Error("it is done again")
				return "", nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheFifthFaultEndsAJobWithItsReason(t *testing.T) {
	j, _ := open(t)
	job := ask(t, j, "")
	for range jobs.MaxAttempts {
		if err := j.Run(ctx, job.ID, func(context.Context, jobs.Job) (string, error) { return "", errors.New("a fault") }); err == nil {
			t.Error("the fault is not returned")
		}
	}
	got, err := j.Get(ctx, job.ID)
	if err != nil || got.State != jobs.Failed || !strings.Contains(got.Report, "a fault") {
		t.Errorf("job %+v, %v; want it failed for its fault", got, err)
	}
}

func TestALongReportIsCut(t *testing.T) {
	j, _ := open(t)
	job := ask(t, j, "")
	long := strings.Repeat("é", jobs.MaxReport)
	if err := j.Run(ctx, job.ID, func(context.Context, jobs.Job) (string, error) { return long, nil }); err != nil {
		t.Fatal(err)
	}
	got, err := j.Get(ctx, job.ID)
	if err != nil || len(got.Report) > jobs.MaxReport || !strings.HasPrefix(long, got.Report) {
		t.Errorf("a report of %d bytes, %v; want the beginning of at most %d", len(got.Report), err, jobs.MaxReport)
	}
}

func TestASweepOrdersAgainWhatDidNotEnd(t *testing.T) {
	j, orders := open(t)
	ask(t, j, "")
	for _, c := range []struct {
		after   time.Duration
		ordered int
	}{{10 * time.Minute, 0}, {16 * time.Minute, 1}, {31 * time.Minute, 1}} {
		if n, err := j.Sweep(ctx, noon.Add(c.after)); n != c.ordered || err != nil {
			t.Errorf("%s after: %d ordered, %v; want %d", c.after, n, err, c.ordered)
		}
	}
	if n := ordersOf(t, orders); n != 3 {
		t.Errorf("%d orders, want 3: each again is an object of its own, or no event would follow", n)
	}
}

func TestAnExportIsOfOneFormatAndEndsWithItsFiles(t *testing.T) {
	j, _ := open(t)
	export := func(format string) jobs.Job {
		t.Helper()
		job, err := j.AskExport(ctx, "monthly:2026-11", format, "key", noon)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	job := export("parquet")
	if job.ID != export("parquet").ID || job.ID == export("csv").ID {
		t.Error("want the same job for the same format and another for another")
	}
	files := []jobs.File{{Object: "exports/2026-11-02/x/m-1.parquet", Generation: "1", Bytes: 10, Rows: 2}}
	if err := j.RunFiles(ctx, job.ID, func(context.Context, jobs.Job) (string, []jobs.File, error) { return "2 records", files, nil }); err != nil {
		t.Fatal(err)
	}
	got, err := j.Get(ctx, job.ID)
	if err != nil || got.State != jobs.Done || got.Format != "parquet" || len(got.Files) != 1 || got.Files[0] != files[0] || files[0].Name() != "m-1.parquet" {
		t.Errorf("job %+v, %v; want it done with its file", got, err)
	}
	many := export("csv")
	if err := j.RunFiles(ctx, many.ID, func(context.Context, jobs.Job) (string, []jobs.File, error) {
		return "", make([]jobs.File, jobs.MaxFiles+1), nil
	}); err != nil {
		t.Fatal(err)
	}
	if got, err := j.Get(ctx, many.ID); err != nil || got.State != jobs.Failed || len(got.Files) != 0 {
		t.Errorf("job %+v, %v; want one with too many files failed", got, err)
	}
	if _, err := j.AskExport(ctx, "x", strings.Repeat("f", jobs.MaxTarget+1), "", noon); !errors.Is(err, jobs.ErrUnknown) {
		t.Errorf("error %v, want ErrUnknown", err)
	}
}

func TestAnImpactIsOfWhatItAsks(t *testing.T) {
	j, _ := open(t)
	ask := func(key string, change func(*jobs.ImpactOf), at time.Time) jobs.Job {
		t.Helper()
		of := jobs.ImpactOf{Card: "carrier", Revision: 2}
		change(&of)
		job, err := j.AskImpact(ctx, of, key, at)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	plain := func(*jobs.ImpactOf) {}
	first := ask("key", plain, noon)
	if first.Target != "carrier/2" || strings.Join(first.Asks.Months, " ") != "2026-10 2026-11" {
		t.Errorf("the job is %+v, want the month it was asked in and the one before", first)
	}
	if again := ask("key", plain, noon.AddDate(0, 1, 0)); again.ID != first.ID || strings.Join(again.Asks.Months, " ") != "2026-10 2026-11" {
		t.Errorf("asked again a month later: %+v, want the first job", again)
	}
	seen := map[string]bool{first.ID: true, ask("", plain, noon).ID: true, ask("", plain, noon).ID: true}
	for _, change := range []func(*jobs.ImpactOf){
		func(of *jobs.ImpactOf) { of.Months = []string{"2026-11"} }, func(of *jobs.ImpactOf) { of.AsOf = noon },
		func(of *jobs.ImpactOf) { of.Rebuilt = true }, func(of *jobs.ImpactOf) { of.Revision = 3 }, func(of *jobs.ImpactOf) { of.Card = "other" },
	} {
		job := ask("key", change, noon)
		got, err := j.Get(ctx, job.ID)
		if err != nil || !cmp.Equal(got.Asks, job.Asks) {
			t.Errorf("what is kept is %+v (%v), want %+v", got.Asks, err, job.Asks)
		}
		seen[job.ID] = true
	}
	deck := func(of *jobs.ImpactOf) { *of = jobs.ImpactOf{Deck: "0a1b", Rebuilt: true} }
	for _, job := range []jobs.Job{ask("key", deck, noon), ask("key", deck, noon.AddDate(0, 1, 0))} {
		if got, err := j.Get(ctx, job.ID); err != nil || got.Target != "0a1b" || !cmp.Equal(got.Asks, jobs.ImpactOf{Deck: "0a1b", Rebuilt: true, Months: []string{"2026-10", "2026-11"}}) {
			t.Errorf("of a deck: %+v, %v", got, err)
		}
		seen[job.ID] = true
	}
	if len(seen) != 9 {
		t.Errorf("%d jobs, want 9: what asks for something else is another", len(seen))
	}
}

func TestHowFarAJobIsIsSaidUntilItHasEnded(t *testing.T) {
	j, _ := open(t)
	job := ask(t, j, "")
	report := func() string {
		t.Helper()
		got, err := j.Get(ctx, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got.Report
	}
	err := j.Run(ctx, job.ID, func(ctx context.Context, job jobs.Job) (string, error) {
		if err := j.Note(ctx, job.ID, "half"); err != nil || report() != "half" {
			t.Errorf("the job says %q (%v), want how far it is", report(), err)
		}
		return "all", nil
	})
	if err := errors.Join(err, j.Note(ctx, job.ID, "late")); err != nil || report() != "all" {
		t.Errorf("the job says %q (%v), want how it ended", report(), err)
	}
}
