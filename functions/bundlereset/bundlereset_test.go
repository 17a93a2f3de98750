package bundlereset_test

import (
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/ledger"
)

func TestMonthsAreOpenedWithoutUsageAndAfterLostRuns(t *testing.T) {
	in := functionstest.Install(t)
	in.Schedule("bundlereset", time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC))
	in.Schedule("bundlereset", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) // all runs between were lost
	for month, want := range map[string]ledger.PeriodState{
		"2026-08": "none", "2026-09": ledger.Open, "2026-10": ledger.Open, "2026-11": ledger.Open, "2026-12": ledger.Open, "2027-01": "none",
	} {
		if got := in.State(month); got != want {
			t.Errorf("%s is %s, want %s", month, got, want)
		}
	}
}

func TestAMissingMonthIsOpenedBetweenOthersButNotForAWrongDate(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("cdrs", "switch/a.csv", "call_id,account,b_number,start_time,duration\n"+
		"1,acme,442079460001,2019-03-01T00:00:00Z,60\n2,acme,442079460001,2026-08-01T00:00:00Z,60\n"+
		"3,acme,442079460001,2026-10-01T00:00:00Z,60\n4,acme,442079460001,2027-06-01T00:00:00Z,60\n", functionstest.Noon)
	in.Schedule("bundlereset", functionstest.Noon)
	for month, want := range map[string]ledger.PeriodState{
		"2019-03": ledger.Open, "2019-04": "none", "2026-07": "none", "2026-08": ledger.Open, "2026-09": ledger.Open, "2026-10": ledger.Open,
		"2026-11": ledger.Open, "2026-12": "none", "2027-05": "none", "2027-06": ledger.Open,
	} {
		if got := in.State(month); got != want {
			t.Errorf("%s is %s, want %s", month, got, want)
		}
	}
}

func TestEachMonthHasItsMinutesAfresh(t *testing.T) {
	in := functionstest.Install(t)
	in.Import(`{"format": "tollbook setup 1", "cycles": [], "cards": [], "feeds": [], "accounts": [], "assignments": [],
		"plans": [{"id": "one", "minutes": 1}],
		"features": [{"id": "minute", "account": "acme", "plan": "one", "start": "2026-01-01", "recurring": "0"}]}`)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("cdrs", "switch/a.csv", "call_id,account,b_number,start_time,duration\n"+
		"1,acme,442079460001,2026-10-31T23:59:59Z,60\n2,acme,442079460001,2026-11-01T00:00:00Z,60\n3,acme,442079460001,2026-11-02T00:00:00Z,60\n", functionstest.Noon)
	for _, month := range []string{"2026-10", "2026-11"} {
		in.Schedule("bundlereset", functionstest.Noon)
		result, err := in.Ledger().Fold(t.Context(), functionstest.Key(month))
		if err != nil || len(result.Accounts) != 1 || len(result.Accounts[0].Pools) != 1 {
			t.Fatalf("%s: %+v, %v; want one account with one pool", month, result, err)
		}
		if left := result.Accounts[0].Pools[0]; left.Allowance != 6000 || left.Drawn != 6000 {
			t.Errorf("%s: the pool is %+v, want a minute granted and drawn", month, left)
		}
	}
}
