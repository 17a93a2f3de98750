package cdrrating_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
)

// setUp is a setup text of what it is given, and of acme, bolt and their cards.
func setUp(in *functionstest.Installation, more string) {
	in.Helper()
	in.Import(`{"format": "tollbook setup 1", "cycles": [], "cards": [], "plans": [], "features": [],
		"accounts": [{"id": "bolt", "cycle": "monthly", "currency": "GBP"}, {"id": "carrier", "cycle": "monthly", "currency": "GBP"}],
		"assignments": [{"account": "bolt", "from": "2026-01", "card": "retail"}, {"account": "carrier", "from": "2026-01", "card": "retail"}], ` + more + `}`)
}

// rowsOf returns how many rows of November each account has, when fsck finds
// nothing.
func rowsOf(in *functionstest.Installation) map[string]int64 {
	in.Helper()
	result, err := in.Ledger().Fold(in.Context(), functionstest.Key("2026-11"))
	if err != nil {
		in.Fatal(err)
	}
	rows := map[string]int64{}
	for _, a := range result.Accounts {
		rows[a.Account] = a.Counts.Rows
	}
	problems, err := in.Ledger().Fsck(in.Context())
	if err != nil || len(problems) > 0 {
		in.Errorf("fsck: %v %v", problems, err)
	}
	return rows
}

func TestANumberInARangeIsPaidForByItsOwnerAndTheNarrowerRangeWins(t *testing.T) {
	in := functionstest.Install(t)
	setUp(in, `"feeds": [], "numbers": [
		{"number": "442079460000", "last": "442079460999", "owners": [{"account": "acme"}]},
		{"number": "442079460100", "last": "442079460199", "owners": [{"account": "bolt", "from": "2026-11-03T00:00:00Z"}, {"from": "2026-11-05T00:00:00Z"}]}],
		"number_lists": [{"id": "ported", "numbers": ["442079460150,442079460150,carrier,2026-11-04T00:00:00Z,"]}]`)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	var file strings.Builder
	file.WriteString("call_id,account,a_number,b_number,start_time,duration\n")
	for i, call := range []struct {
		number string
		day    int
	}{
		{"442079460001", 3}, {"442079460150", 2}, // acme's
		{"442079460100", 3}, {"442079460150", 3}, {"442079460199", 4}, // bolt's
		{"442079460150", 4}, {"442079460150", 6}, // the carrier's, also when bolt's range has ended
		{"442079460199", 5},                                       // acme's again
		{"442079461000", 3}, {"44207946000", 3}, {"anonymous", 3}, // nobody's
	} {
		fmt.Fprintf(&file, "%d,,%s,442079460001,2026-11-%02dT12:00:00Z,60\n", i, call.number, call.day)
	}
	in.Drop("cdrs", "switch/a.csv", file.String(), functionstest.Noon)
	if diff := cmp.Diff(map[string]int64{"acme": 3, "bolt": 3, "carrier": 2, "unassigned": 3}, rowsOf(in)); diff != "" {
		t.Error(diff)
	}
	// A list is replaced whole, and files follow when they are redone.
	setUp(in, `"feeds": [], "number_lists": [{"id": "ported", "numbers": []}]`)
	var beside cdrrating.Report
	in.Beside("cdrs", "switch/a.csv", &beside)
	if job := in.Ask(jobs.Redo, beside.Batch.ID, "", functionstest.Noon); job.State != jobs.Done {
		t.Fatalf("the job is %+v, want it done", job)
	}
	if diff := cmp.Diff(map[string]int64{"acme": 4, "bolt": 4, "unassigned": 3}, rowsOf(in)); diff != "" {
		t.Error(diff)
	}
}

func TestAFeedSaysHowItsRecordsTellWhoPays(t *testing.T) {
	const numbers = `"numbers": [{"number": "442079460000", "owners": [{"account": "acme"}]}, {"number": "447700900123", "owners": [{"account": "bolt"}]}]`
	const header = "id,account,a,b,start,duration,direction,trunk\n"
	const both = "1,,020 7946 0000,9#07700900123,2026-11-02T10:00:00Z,60,out,\n" + // acme calls
		"2,,anonymous,07700 900123,2026-11-02T10:00:00Z,60,in,\n" + // bolt is called
		"3,,02079460000,07700900123,2026-11-02T10:00:00Z,60,IN,x\n" + // bolt again
		"4,acme,07700900123,02079460000,2026-11-02T10:00:00Z,60,out,sip-7\n"
	for _, c := range []struct {
		name, settings, rows string
		want                 map[string]int64
	}{
		{
			"by number and direction", `"direction": "both", "identify": ["caller", "called"], "numbers":
				{"country_code": "44", "national_prefix": "0", "min_national": 9, "max_national": 10, "tech_prefixes": ["9#"]}`, both,
			map[string]int64{"acme": 1, "bolt": 3},
		},
		{"as numbers are written", `"identify": ["caller", "fixed:carrier"]`, both[strings.Index(both, "2,"):], map[string]int64{"carrier": 3}},
		{
			"by trunk from a day on", `"identify": ["trunk", "account_field"], "trunks": [{"trunk": "sip-7", "owners": [{"account": "carrier", "from": "2026-11-02T10:00:00Z"}]}]`,
			both[strings.Index(both, "2,"):] + "5,acme,44,441212340000,2026-11-02T09:59:59Z,60,out,sip-7\n", map[string]int64{"carrier": 1, "acme": 1, "unassigned": 2},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := functionstest.Install(t)
			setUp(in, numbers+`, "feeds": [{"id": "switch", "format": "generic", "timezone": "UTC", "cycle": "monthly", `+c.settings+`}]`)
			in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
			in.Drop("cdrs", "switch/a.csv", header+c.rows, functionstest.Noon)
			if diff := cmp.Diff(c.want, rowsOf(in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A record whose trunk outranks the account it names is the same one when it
// comes again after the trunk was sold.
func TestARecordIsChargedOnceThoughItsTrunkWasSoldBetweenTwoDeliveries(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	for name, owner := range map[string]string{"monday": `"account": "bolt"`, "tuesday": ``, "wednesday": `"account": "carrier"`} {
		setUp(in, `"feeds": [{"id": "switch", "format": "generic", "timezone": "UTC", "cycle": "monthly",
			"identify": ["trunk", "account_field"], "trunks": [{"trunk": "sip-7", "owners": [{`+owner+`}]}]}]`)
		in.Drop("cdrs", "switch/"+name+".csv", "id,account,b,start,duration,trunk\n,acme,442079460001,2026-11-02T10:00:00Z,60,sip-7\n# "+name+"\n", functionstest.Noon)
	}
	if got := in.Fold("2026-11"); got.Charged != 1 || got.Duplicate != 2 {
		t.Errorf("the month counts %+v, want 1 charged and 2 duplicates", got)
	}
	rowsOf(in)
}

func TestAListOfNumbersIsReadOfCSVAndExported(t *testing.T) {
	in := functionstest.Install(t)
	list := func(name, text string) error {
		s, err := catalog.ReadSetup(name, strings.NewReader(text))
		if err == nil {
			err = in.Catalog().Import(in.Context(), s)
		}
		return err
	}
	if err := list("here/ported.csv", "number,account,to\n442079460001,acme,2026-12-01\n442079460000,acme,\n"); err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		`no account "who"`: "number,account\n1,who\n",
		"line 3":           "number,account\n1,acme\n2x,acme\n",
		`account "acme" has 442079460000 to 442079460000 from ever on, and account "acme" has 442079460000 to 442079460000 from 2026-11-01T00:00:00Z on`: "number,account,from\n442079460000,acme,2026-11-01\n",
	} {
		if err := list("more.csv", text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), catalog.ErrRefused.Error()) {
			t.Errorf("%v, want a refusal that says %s", err, want)
		}
	}
	setup, err := in.Catalog().Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.NumberList{{ID: "ported", Numbers: []string{"442079460001,442079460001,acme,,2026-12-01T00:00:00Z", "442079460000,442079460000,acme,,"}}}
	if diff := cmp.Diff(want, setup.NumberLists); diff != "" {
		t.Error(diff)
	}
	var text strings.Builder
	if _, err := setup.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	if err := list("setup.json", text.String()); err != nil {
		t.Errorf("what was exported is not read: %v", err)
	}
}
