package billrun_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/ledger"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAMonthIsADraftForItsDaysAndThenIssued(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	for _, step := range []struct {
		at   string
		want ledger.PeriodState
	}{
		{"2026-11-30T23:50:00Z", ledger.Open},
		{"2026-12-01T00:00:00Z", ledger.Draft},
		{"2026-12-02T23:50:00Z", ledger.Draft},
		{"2026-12-03T00:00:00Z", ledger.Issued},
		{"2026-12-03T00:00:00Z", ledger.Issued}, // again
	} {
		in.Schedule("billrun", at(t, step.at))
		if got := in.State("2026-11"); got != step.want {
			t.Errorf("at %s the month is %s, want %s", step.at, got, step.want)
		}
	}
	if got := in.State("2026-12"); got != ledger.Open {
		t.Errorf("the month after is %s, want it open", got)
	}
}

func TestARunThatWasLostIsMadeUpForByTheNext(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	in.Schedule("billrun", at(t, "2027-02-03T00:00:00Z"))
	for month, want := range map[string]ledger.PeriodState{
		"2026-11": ledger.Issued, "2026-12": ledger.Issued, "2027-01": ledger.Issued, "2027-02": ledger.Open,
	} {
		if got := in.State(month); got != want {
			t.Errorf("%s is %s, want %s", month, got, want)
		}
	}
}

func TestAnUnfinishedBatchHoldsTheMonthUntilAPersonWaivesIt(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	id, err := in.Ledger().Receive(t.Context(), ledger.Arrival{
		Bucket: "cdrs", Object: "switch/slow.csv", Generation: "1", Feed: "switch", At: functionstest.Noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	due := at(t, "2026-12-03T00:00:00Z")
	in.Schedule("billrun", due)
	if got := in.State("2026-11"); !got.TakesUsage() || !strings.Contains(in.Log.String(), id) {
		t.Errorf("the month is %s; want it held, and the log to name batch %s:\n%s", got, id, &in.Log)
	}
	if err := in.Ledger().Waive(t.Context(), functionstest.Key("2026-11"), id); err != nil {
		t.Fatal(err)
	}
	in.Schedule("billrun", due.Add(10*time.Minute))
	if got := in.State("2026-11"); got != ledger.Issued {
		t.Errorf("waived, the month is %s", got)
	}
}

func TestADraftFollowsWhatComesIn(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	for _, want := range []bool{true, false} {
		stale, err := in.Ledger().Stale(t.Context(), functionstest.Key("2026-11"))
		if err != nil || stale != want {
			t.Errorf("stale: %v, %v; want %v", stale, err, want)
		}
		in.Schedule("billrun", functionstest.Noon.Add(time.Hour))
	}
}
