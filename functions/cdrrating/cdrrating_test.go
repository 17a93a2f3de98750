package cdrrating_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
)

func TestEveryRowOfAFileIsAccountedForBesideIt(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	var beside cdrrating.Report
	in.Beside("cdrs", "switch/3.csv", &beside)
	if beside.Batch.State != ledger.Committed || beside.Batch.Counts != (ledger.Counts{Rows: 4, Accepted: 2, Unrated: 1, Rejected: 1}) {
		t.Errorf("the report says %+v", beside.Batch)
	}
	want := []cdrrating.Problem{
		{Line: 4, Status: "unrated", Reason: "no_rate"},
		{Line: 5, Status: "rejected", Reason: "bad_time", Column: "start_time", Value: "yesterday"},
	}
	for i := range beside.Problems {
		if beside.Problems[i].Status == "rejected" && beside.Problems[i].Want == "" {
			t.Error("a rejected row is reported without what would be right")
		}
		beside.Problems[i].Want = ""
	}
	if diff := cmp.Diff(want, beside.Problems); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatCannotBeReadSaysWhyBesideIt(t *testing.T) {
	in := functionstest.Install(t)
	for name, c := range map[string]struct{ text, want string }{
		"switch/empty.csv":  {"", "header"},
		"switch/letter.txt": {"Dear carrier,\nplease find attached\n", "column"},
		"nobody/3.csv":      {functionstest.CDRs, `"nobody" is not configured`},
		"loose.csv":         {functionstest.CDRs, "want <feed>/loose.csv"},
	} {
		in.Drop("cdrs", name, c.text, functionstest.Noon)
		var beside cdrrating.Report
		in.Beside("cdrs", name, &beside)
		if beside.Batch.State != ledger.Failed || !strings.Contains(beside.Batch.Failure, c.want) {
			t.Errorf("%s: %+v, want it failed with %q", name, beside.Batch, c.want)
		}
	}
}

func TestAFailedFileIsRatedWhenAPersonHasMendedItsReason(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("cdrs", "second/3.csv", functionstest.CDRs, functionstest.Noon)
	var beside cdrrating.Report
	in.Beside("cdrs", "second/3.csv", &beside)
	in.Import(strings.Replace(functionstest.Setup, `"feeds": [`, `"feeds": [{"id": "second", "format": "generic", "timezone": "UTC", "cycle": "monthly"}, `, 1))
	if job := in.Ask(jobs.Retry, beside.Batch.ID, "", functionstest.Noon); job.State != jobs.Done {
		t.Errorf("the job is %+v, want it done", job)
	}
	in.Beside("cdrs", "second/3.csv", &beside)
	if beside.Batch.State != ledger.Committed {
		t.Errorf("the report says %s, want it committed", beside.Batch.State)
	}
}

func TestTheSameRecordsUnderAnotherNameAreChargedOnceAndKnown(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/monday.csv", functionstest.CDRs, functionstest.Noon)
	in.Drop("cdrs", "switch/tuesday.csv", functionstest.CDRs, functionstest.Noon.Add(24*time.Hour))
	var beside cdrrating.Report
	in.Beside("cdrs", "switch/tuesday.csv", &beside)
	if diff := cmp.Diff([]string{"switch/monday.csv"}, beside.Copies); diff != "" {
		t.Errorf("the second one's report does not name the first: %s", diff)
	}
	if got, want := in.Fold("2026-11"), (ledger.MonthCounts{Rows: 6, Charged: 2, Unrated: 1, Duplicate: 3}); got != want {
		t.Errorf("the month counts %+v, want %+v", got, want)
	}
}

func TestARedoReadsTheFileAsTheFeedIsNow(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	// Local time of the switch, which was set up as UTC: the call is of October.
	in.Drop("cdrs", "switch/night.csv", "call_id,account,b_number,start_time,duration\n1,acme,442079460001,2026-11-01 01:00:00,60\n", functionstest.Noon)
	in.Import(strings.Replace(functionstest.Setup, `"timezone": "UTC"`, `"timezone": "Asia/Tokyo"`, 1))
	var beside cdrrating.Report
	in.Beside("cdrs", "switch/night.csv", &beside)
	if job := in.Ask(jobs.Redo, beside.Batch.ID, "", functionstest.Noon); job.State != jobs.Done {
		t.Fatalf("the job is %+v, want it done", job)
	}
	for month, want := range map[string]int64{"2026-10": 1, "2026-11": 0} {
		if got := in.Fold(month); got.Charged != want {
			t.Errorf("%s charges %d calls, want %d", month, got.Charged, want)
		}
	}
}

func TestTheOwnerOfTheNumberPaysWhereARecordNamesNoAccount(t *testing.T) {
	in := functionstest.Install(t)
	in.Import(`{"format": "tollbook setup 1", "cycles": [], "cards": [], "plans": [], "feeds": [], "assignments": [], "features": [],
		"accounts": [{"id": "bolt", "cycle": "monthly", "currency": "GBP"}],
		"numbers": [{"number": "442079460000", "owners": [{"account": "acme"}, {"account": "bolt", "from": "2026-11-03T00:00:00Z"}, {"from": "2026-11-05T00:00:00Z"}]}]}`)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/a.csv", "call_id,account,a_number,b_number,start_time,duration\n"+
		"1,,442079460000,442079460001,2026-11-02T23:59:59Z,60\n"+
		"2,,+44 20 7946 0000,442079460001,2026-11-03T00:00:00Z,60\n"+
		"3,acme,442079460000,442079460001,2026-11-04T00:00:00Z,60\n"+
		"4,,442079460000,442079460001,2026-11-05T00:00:00Z,60\n"+
		"5,,anonymous,442079460001,2026-11-02T00:00:00Z,60\n", functionstest.Noon)
	result, err := in.Ledger().Fold(t.Context(), functionstest.Key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, a := range result.Accounts {
		got[a.Account] = a.Counts.Rows
	}
	if diff := cmp.Diff(map[string]int64{"acme": 2, "bolt": 1, "unassigned": 2}, got); diff != "" {
		t.Error(diff)
	}
	problems, err := in.Ledger().Fsck(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("fsck: %v %v", problems, err)
	}
	// Moved, a number charges its new owner after a redo.
	in.Import(`{"format": "tollbook setup 1", "cycles": [], "cards": [], "plans": [], "feeds": [], "assignments": [], "features": [], "accounts": [],
		"numbers": [{"number": "442079460000", "owners": [{"account": "acme"}]}]}`)
	var beside cdrrating.Report
	in.Beside("cdrs", "switch/a.csv", &beside)
	if job := in.Ask(jobs.Redo, beside.Batch.ID, "", functionstest.Noon); job.State != jobs.Done {
		t.Fatalf("the job is %+v, want it done", job)
	}
	if result, err = in.Ledger().Fold(t.Context(), functionstest.Key("2026-11")); err != nil {
		t.Fatal(err)
	}
	clear(got)
	for _, a := range result.Accounts {
		got[a.Account] = a.Counts.Rows
	}
	if diff := cmp.Diff(map[string]int64{"acme": 4, "unassigned": 1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestARecordIsChargedOnceThoughItsNumberMovedBetweenTwoDeliveries(t *testing.T) {
	in := functionstest.Install(t)
	owned := func(account string) {
		in.Import(`{"format": "tollbook setup 1", "cycles": [], "cards": [], "plans": [], "feeds": [], "features": [],
			"accounts": [{"id": "bolt", "cycle": "monthly", "currency": "GBP"}], "assignments": [{"account": "bolt", "from": "2026-01", "card": "retail"}],
			"numbers": [{"number": "442079460000", "owners": [{"account": "` + account + `"}]}]}`)
	}
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	owned("acme")
	// One with an id and one without.
	const text = "call_id,account,a_number,b_number,start_time,duration\n" +
		"1,,442079460000,442079460001,2026-11-02T10:00:00Z,60\n,,442079460000,442079460001,2026-11-02T11:00:00Z,60\n"
	in.Drop("cdrs", "switch/monday.csv", text, functionstest.Noon)
	owned("bolt")
	in.Drop("cdrs", "switch/tuesday.csv", text, functionstest.Noon)
	if got, want := in.Fold("2026-11"), (ledger.MonthCounts{Rows: 4, Charged: 2, Duplicate: 2}); got != want {
		t.Errorf("the month counts %+v, want %+v", got, want)
	}
	problems, err := in.Ledger().Fsck(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("fsck: %v %v", problems, err)
	}
}
