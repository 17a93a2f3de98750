package portal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARevisionIsDownloadedForPeople(t *testing.T) {
	w := built(t)
	csv := w.get("/v1/cards/retail/revisions/1/rates.csv").want(200)
	want := "\uFEFF" + strings.ReplaceAll(`Action,Id,Prefix,Destination,Interval 1,Interval N,Price 1,Price N,Price Unit,Connection Fee,Forbidden,Grace Period Seconds,Effective From,Effective To,Currency
,rm3e1v80308z7,33,France,1,1,0.014,0.014,minute,0,0,,,,GBP
,rexnnp52vm25f,44,UK,1,1,0.025,0.025,minute,0,0,,,,GBP
,r93abr4d7eq65,447,UK mobile,30,6,0.6,0.375,minute,0,0,,,,GBP
,rkn5rrkq0wj6w,4470,'=Personal numbers,60,60,0,0,minute,0,1,,,,GBP
,rv2d3ke8qr6fn,999,Satellite,60,60,3,3,minute,0.1,0,,,,GBP
`, "\n", "\r\n")
	if diff := cmp.Diff(want, string(csv.Body)); diff != "" {
		t.Errorf("rates as CSV (-want +got)\n%s", diff)
	}
	for _, f := range []struct{ suffix, content string }{
		{"csv", "text/csv; charset=utf-8"}, {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, {"json", "application/json"},
	} {
		path := "/v1/cards/retail/revisions/1/rates." + f.suffix
		got := w.get(path).want(200)
		if got.Header.Get("Content-Type") != f.content || got.Header.Get("Content-Disposition") != "attachment; filename=retail-1."+f.suffix {
			t.Errorf("%s: %s", f.suffix, got.Header)
		}
		w.get("/v1/cards/retail/revisions/2/rates."+f.suffix).problem(404, "not_found")
		w.get("/v1/cards/none/revisions/1/rates."+f.suffix).problem(404, "not_found")
	}
}

// A file that was downloaded and dropped into its card's folder changes nothing,
// and says so; the same with an action in each row, or without the column of them.
func TestADownloadThatIsUploadedChangesNothing(t *testing.T) {
	w := built(t)
	day := 1
	upload := func(name, file, state string) answer {
		t.Helper()
		day++
		one := w.get("/v1/decks/" + w.deck("carrier/"+name, file, fmt.Sprintf("2026-11-%02dT00:00:00Z", day))).want(200)
		if one.field("state") != state {
			t.Fatalf("%s: %s", name, one.Body)
		}
		return one
	}
	for _, suffix := range []string{"csv", "xlsx", "json"} {
		file := string(w.get("/v1/cards/carrier/revisions/1/rates." + suffix).want(200).Body)
		one := upload("idle."+suffix, file, "unchanged")
		if one.field("revision") != "1" || one.field("report.actions.ignored") != "5" || one.field("report.actions.processed") != "5" ||
			one.field("outcome") != "Nothing changed: they are those of revision 1 of the card already." {
			t.Errorf("%s: %s", suffix, one.Body)
		}
	}
	csv := string(w.get("/v1/cards/carrier/revisions/1/rates.csv").want(200).Body)
	acted := upload("acted.csv", strings.ReplaceAll(csv, "\n,r", "\nSA,r"), "unchanged")
	if acted.field("report.actions.unchanged") != "5" {
		t.Errorf("with SA: %s", acted.Body)
	}
	upload("whole.csv", strings.ReplaceAll(strings.Replace(csv, "Action,", "", 1), "\n,r", "\nr"), "unchanged")
	if revisions := w.get("/v1/cards/carrier/revisions").want(200); revisions.field("items.0.number") != "1" || strings.Count(string(revisions.Body), `"number"`) != 1 {
		t.Errorf("after uploads that change nothing there are revisions %s", revisions.Body)
	}

	// One price is changed, and nothing else.
	lines := strings.Split(csv, "\r\n")
	lines[2] = "SA" + strings.ReplaceAll(lines[2], "0.02,0.02", "0.03,0.03")
	changed := upload("changed.csv", strings.Join(lines, "\r\n"), "applied")
	if changed.field("report.actions.updated") != "1" || changed.field("report.actions.ignored") != "4" || changed.field("report.changes.counts.increase") != "1" {
		t.Errorf("changed: %s", changed.Body)
	}
}

// What a card says of its carrier's files is not said of its own: prices in pence
// and per second are not taken so twice.
func TestADownloadIsReadWithoutTheCardsTemplate(t *testing.T) {
	w := built(t)
	w.create("/v1/cards/pence", `{"kind":"provider","currency":"GBP","activate":"at_arrival","increment":"30/6","defaults":{"connection_fee":"0.01","per":"second","grace":5},
		"templates":[{"hundredths":true,"delimiter":";","charset":"windows-1252","date_order":"dmy","strip":["00"],"columns":{"prefix":"#1","destination":"#2","inter":"#3","intra":"#4","effective_from":"#5"}}]}`)
	w.deck("pence/deck.csv", "001212;New York;1,5;2;\n001305;Caf\xe9;1,5;2;1/12/2026\n0001;x;1;1;\n", "2026-11-01T00:00:00Z")
	first := w.get("/v1/cards/pence/revisions/1/rates").want(200)
	if first.field("items.3.price_1") != "0.015" || first.field("items.3.rules.per") != "1" || first.field("items.3.rules.grace") != "5" || first.field("items.4.destination") != "Café" {
		t.Fatalf("the carrier's deck: %s", first.Body)
	}
	for i, suffix := range []string{"csv", "xlsx", "json"} {
		file := string(w.get("/v1/cards/pence/revisions/1/rates." + suffix).want(200).Body)
		day := fmt.Sprintf("2026-11-%02dT00:00:00Z", i+2)
		one := w.get("/v1/decks/" + w.deck("pence/again."+suffix, file, day)).want(200)
		if one.field("state") != "unchanged" || one.field("report.actions.ignored") != "6" {
			t.Errorf("%s: %s", suffix, one.Body)
		}
		if suffix == "csv" {
			acted := strings.ReplaceAll(file, "\n,r", "\nSA,r")
			one := w.get("/v1/decks/" + w.deck("pence/acted.csv", acted, "2026-11-02T12:00:00Z")).want(200)
			if one.field("state") != "unchanged" || one.field("report.actions.unchanged") != "6" {
				t.Errorf("with SA: %s", one.Body)
			}
		}
	}
}

// The groups of callers that rates are for stay what they are.
func TestADownloadKeepsTheGroupsOfCallers(t *testing.T) {
	w := built(t)
	w.create("/v1/cards/callers", `{"kind":"provider","currency":"GBP","activate":"at_arrival"}`)
	w.deck("callers/deck.csv", "Prefix,Name,Rate,Origin Prefix\n44,UK,0.01,all\n44,UK,0.02,\"33, 34\"\n44,UK,0.03,1\n", "2026-11-01T00:00:00Z")
	for i, suffix := range []string{"csv", "xlsx", "json"} {
		file := string(w.get("/v1/cards/callers/revisions/1/rates." + suffix).want(200).Body)
		one := w.get("/v1/decks/" + w.deck("callers/again."+suffix, file, fmt.Sprintf("2026-11-%02dT00:00:00Z", i+2))).want(200)
		if one.field("state") != "unchanged" {
			t.Errorf("%s: %s", suffix, one.Body)
		}
	}
	csv := string(w.get("/v1/cards/callers/revisions/1/rates.csv").want(200).Body)
	for i, file := range []string{strings.ReplaceAll(csv, "\n,r", "\nSA,r"), strings.ReplaceAll(strings.Replace(csv, "Action,", "", 1), "\n,r", "\nr")} {
		one := w.get("/v1/decks/" + w.deck(fmt.Sprintf("callers/%d.csv", i), file, fmt.Sprintf("2026-11-%02dT00:00:00Z", i+10))).want(200)
		if one.field("state") != "unchanged" {
			t.Errorf("%s: %s", file, one.Body)
		}
	}
}

// Rates that were followed by others are in a download, too: stated again, they do
// not take effect once more.
func TestADownloadOfRatesThatAreOver(t *testing.T) {
	w := built(t)
	w.create("/v1/cards/history", `{"kind":"provider","currency":"GBP","activate":"at_arrival"}`)
	head := "Action,Prefix,Name,Rate,Interval 1,Interval N,Effective\n"
	w.deck("history/1.csv", head+"A,44,UK,0.01,1,1,\nA,45,Denmark,0.5,1,1,\n", "2026-10-01T00:00:00Z")
	w.deck("history/2.csv", head+"SA,44,UK,0.02,1,1,2026-10-10\nSA,44,UK,0.03,1,1,2026-12-20\nD,45,,,,,2026-10-20\n", "2026-10-02T00:00:00Z")
	csv := string(w.get("/v1/cards/history/revisions/2/rates.csv").want(200).Body)
	if strings.Count(csv, "\n") != 5 {
		t.Fatalf("want a header and four rates, of which two are over:\n%s", csv)
	}
	for i, file := range []string{csv, strings.ReplaceAll(csv, "\n,r", "\nSA,r"), strings.ReplaceAll(csv, "\n,r", "\nU,r")} {
		one := w.get("/v1/decks/" + w.deck(fmt.Sprintf("history/again%d.csv", i), file, fmt.Sprintf("2026-11-%02dT00:00:00Z", i+2))).want(200)
		if one.field("state") != "unchanged" || one.field("revision") != "2" {
			t.Errorf("%s: %s", file, one.Body)
		}
	}
	whole := strings.ReplaceAll(strings.Replace(csv, "Action,", "", 1), "\n,r", "\nr")
	one := w.get("/v1/decks/" + w.deck("history/whole.csv", whole, "2026-11-20T00:00:00Z")).want(200)
	if one.field("state") != "unchanged" || one.field("revision") != "2" {
		t.Errorf("without the column of actions: %s", one.Body)
	}
}
