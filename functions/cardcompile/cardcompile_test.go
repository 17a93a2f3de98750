package cardcompile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/jobs"
)

func TestTheScheduleBuildsWhatLostItsOrder(t *testing.T) {
	in := functionstest.Install(t)
	in.Object("decks", in.Place("decks", "carrier/a.csv", functionstest.Deck), functionstest.Noon)
	in.Lose()
	count := func() int {
		t.Helper()
		revisions, err := in.Catalog().Revisions(t.Context(), "retail")
		if err != nil {
			t.Fatal(err)
		}
		return len(revisions)
	}
	if n := count(); n != 0 {
		t.Fatalf("%d revisions before the schedule", n)
	}
	for range 2 {
		in.Schedule("cardcompile", functionstest.Noon.Add(15*time.Minute))
	}
	if n := count(); n != 1 {
		t.Errorf("%d revisions, want one however often the schedule comes", n)
	}
}

func TestAPersonMayAskForANewMarkup(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Import(strings.Replace(functionstest.Setup, `"markup": "none"`, `"markup": "50%"`, 1))
	job := in.Ask(jobs.Compile, "", "", functionstest.Noon.Add(time.Hour))
	if want := `[{"card":"retail","revision":2,"rates":1,"live":true}]`; job.State != jobs.Done || job.Report != want {
		t.Errorf("the job is %s with %s, want %s", job.State, job.Report, want)
	}
}
