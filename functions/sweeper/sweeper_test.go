package sweeper_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
)

func TestWhatLostItsEventIsFoundAndEndsAsIfItHadNot(t *testing.T) {
	in := functionstest.Install(t)
	in.Place("decks", "carrier/a.csv", functionstest.Deck)
	in.Place("cdrs", "switch/3.csv", functionstest.CDRs)
	job, err := in.Jobs().Ask(t.Context(), jobs.Fold, functionstest.Key("2026-11").String(), "", functionstest.Noon)
	if err != nil {
		t.Fatal(err)
	}
	in.Lose()
	later := functionstest.Noon.Add(time.Hour)
	in.Schedule("sweeper", later)
	in.Deliver(later)
	var deck catalog.DeckReport
	in.Beside("decks", "carrier/a.csv", &deck)
	if deck.Deck.State != catalog.DeckApplied {
		t.Errorf("the deck is %s", deck.Deck.State)
	}
	var records cdrrating.Report
	in.Beside("cdrs", "switch/3.csv", &records)
	if records.Batch.State != ledger.Committed {
		t.Errorf("the records are %s", records.Batch.State)
	}
	if got := in.Fold("2026-11"); got.Charged != 2 {
		t.Errorf("the month counts %+v; want two charged", got)
	}
	if job, err = in.Jobs().Get(t.Context(), job.ID); err != nil || job.State != jobs.Done {
		t.Errorf("the job is %+v, %v; want it done", job, err)
	}
}

func TestAJobThatKillsWhatDoesItEndsAsFailed(t *testing.T) {
	in := functionstest.Install(t)
	job, err := in.Jobs().Ask(t.Context(), jobs.Fsck, "", "", functionstest.Noon)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 { // its orders never come to an end
		in.Schedule("sweeper", functionstest.Noon.Add(time.Duration(i+1)*time.Hour))
		in.Lose()
	}
	if job, err = in.Jobs().Get(t.Context(), job.ID); err != nil || job.State != jobs.Failed || job.Attempts != jobs.MaxAttempts {
		t.Errorf("the job is %+v, %v; want it failed after %d attempts", job, err, jobs.MaxAttempts)
	}
}

func TestACheckOfEverythingNamesWhatIsDamaged(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	found, err := in.Buckets.CDRs.Stat(t.Context(), "switch/3.csv")
	if err == nil {
		err = in.Buckets.CDRs.Delete(t.Context(), found.Name, found.Generation)
	}
	if err != nil {
		t.Fatal(err)
	}
	if job := in.Ask(jobs.Fsck, "", "", functionstest.Noon); job.State != jobs.Failed || !strings.Contains(job.Report, "switch/3.csv") {
		t.Errorf("the job is %+v, want it to name the file that is gone", job)
	}
}

// The rows that are left out can still be put right, in the file that came back.
func TestADeckWhoseGoodRowsAreAppliedKeepsItsErrors(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", "prefix,price\n44,0.01\n45,cheap\n", functionstest.Noon)
	var refused, applied report.Deck
	in.Beside("decks", "carrier/a.csv", &refused)
	if _, err := in.Catalog().Decide(t.Context(), refused.Deck.ID, catalog.GoodRows); err != nil {
		t.Fatal(err)
	}
	if job := in.Ask(jobs.Deck, refused.Deck.ID, "", functionstest.Noon); job.State != jobs.Done {
		t.Errorf("the job is %+v", job)
	}
	in.Beside("decks", "carrier/a.csv", &applied)
	if applied.Deck.State != catalog.DeckApplied || applied.Deck.Bad != 1 || refused.ErrorFile == nil || applied.ErrorFile == nil || *applied.ErrorFile != *refused.ErrorFile {
		t.Errorf("before, the report says %+v, after it %+v", refused, applied)
	}
	if info, err := in.Buckets.Decks.Stat(t.Context(), "carrier/a.csv.errors.csv"); err != nil || info.Generation != refused.ErrorFile.Generation {
		t.Errorf("the file is %+v, %v", info, err)
	}
}

// A deck that a person approves is applied, and the cards that follow from it are
// built.
func TestADeckThatAPersonApprovesIsApplied(t *testing.T) {
	in := functionstest.Install(t)
	in.Import(strings.Replace(functionstest.Setup, `"activate": "at_arrival"`, `"activate": "at_arrival", "decks": {"limits": {"max_increase_percent": "50"}}`, 1))
	in.Drop("decks", "carrier/a.csv", "prefix,price\n44,0.01\n", functionstest.Noon)
	later := functionstest.Noon.Add(time.Hour)
	in.Drop("decks", "carrier/b.csv", "prefix,price\n44,0.02\n", later)
	var held catalog.DeckReport
	in.Beside("decks", "carrier/b.csv", &held)
	if held.Deck.State != catalog.DeckHeld || len(held.Holds) != 1 {
		t.Fatalf("%+v", held)
	}
	if job := in.Ask(jobs.Deck, held.Deck.ID, "", later); job.State != jobs.Failed || !strings.Contains(job.Report, "held") {
		t.Errorf("nobody approved it, and the job is %+v", job)
	}
	if _, err := in.Catalog().Decide(t.Context(), held.Deck.ID, catalog.Approve); err != nil {
		t.Fatal(err)
	}
	if job := in.Ask(jobs.Deck, held.Deck.ID, "again", later); job.State != jobs.Done || job.Report != "applied: revision 2" {
		t.Errorf("the job is %+v", job)
	}
	in.Deliver(later)
	in.Beside("decks", "carrier/b.csv", &held)
	revisions, err := in.Catalog().Revisions(t.Context(), "retail")
	if err != nil || len(revisions) != 2 || held.Deck.State != catalog.DeckApplied {
		t.Errorf("%+v, %v; the report says %s", revisions, err, held.Deck.State)
	}
}
