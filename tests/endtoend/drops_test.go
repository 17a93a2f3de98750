package endtoend

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/ledger"
)

const smallSetup = `{"format":"tollbook setup 1","cycles":[{"id":"monthly","zone":"UTC"}],
	"cards":[{"id":"carrier","kind":"provider","currency":"GBP","activate":"at_arrival"},
	{"id":"other","kind":"provider","currency":"GBP","activate":"at_arrival"},
	{"id":"retail","kind":"customer","currency":"GBP","activate":"at_arrival","parent":"carrier","markup":"25%","terms":{"decimals":4,"rounding":"half-up"}}],
	"plans":[],"features":[],"feeds":[{"id":"switch","format":"generic","timezone":"UTC","cycle":"monthly"}],
	"accounts":[{"id":"acme","cycle":"monthly","currency":"GBP"}],"assignments":[{"account":"acme","from":"2026-09","card":"retail"}]}`

const smallRecords = "call_id,account,b_number,start_time,duration\n1,acme,442079460123,2026-09-02T10:00:00Z,60\n2,acme,442079460124,2026-09-02T11:00:00Z,90\n"

// write drops a file by hand: into place at once, or byte by byte.
func (u *up) write(name, text string) {
	u.Helper()
	path := filepath.Join(u.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		u.Fatal(err)
	}
}

// outcome reads what lies beside a dropped file.
func (u *up) outcome(name string) (state, why string, copies []string) {
	u.Helper()
	data, err := os.ReadFile(filepath.Join(u.dir, name+report.Suffix))
	if err != nil {
		u.Errorf("nothing lies beside %s: %v", name, err)
		return "", "", nil
	}
	if strings.HasPrefix(name, "decks/") {
		var r catalog.DeckReport
		err = json.Unmarshal(data, &r)
		state, why = string(r.Deck.State), r.Deck.Failure
	} else {
		var r cdrrating.Report
		err = json.Unmarshal(data, &r)
		state, why, copies = string(r.Batch.State), r.Batch.Failure, r.Copies
	}
	if err != nil {
		u.Errorf("what lies beside %s: %v", name, err)
	}
	return state, why, copies
}

// TestWhateverIsDroppedEndsWhereAPersonCanReadIt: nothing that a person may
// drop is sent again and again, and what is good beside it is billed.
func TestWhateverIsDroppedEndsWhereAPersonCanReadIt(t *testing.T) {
	u := start(t, pairs[0])
	s, err := catalog.ParseSetup(strings.NewReader(smallSetup))
	if err == nil {
		err = u.stores.Catalog().Import(t.Context(), s)
	}
	if err != nil {
		t.Fatal(err)
	}
	const failed, committed, refused, applied = string(ledger.Failed), string(ledger.Committed), string(catalog.DeckRefused), string(catalog.DeckApplied)
	drops := []struct{ name, text, state, why string }{
		{"decks/carrier/good.csv", "prefix,price,interval_1,interval_n\n44,0.06,1,1\n", applied, ""},
		{"cdrs/switch/monday.csv", smallRecords, committed, ""},
		{"cdrs/switch/2026/09/deep.csv", strings.ReplaceAll(smallRecords, "2026-09-02", "2026-09-03"), committed, ""},

		{"cdrs/switch/broken.csv", "call_id,account,b_number,start_time,duration\n1,acme,\"44", committed, ""}, // its row is reported
		{"cdrs/switch/picture.csv", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", failed, "column"},
		{"cdrs/switch/empty.csv", "", failed, "header"},
		{"cdrs/switch/letter.csv", "Dear Sir or Madam\n", failed, "column"},
		{"cdrs/nobody/a.csv", smallRecords, failed, `feed "nobody" is not configured`},
		{"cdrs/loose.csv", smallRecords, failed, "want <feed>/loose.csv"},
		{"decks/carrier/empty.csv", "", refused, "rate deck"},
		{"decks/carrier/broken.csv", "prefix,price\n44,0.01\n45,\"0.02\n", refused, "line 3"},
		{"decks/carrier/twice.csv", "prefix,price\n44,0.01\n44,0.02\n", refused, "44"},
		{"decks/nobody/a.csv", "prefix,price\n44,0.01\n", refused, `card "nobody" is not defined`},
		{"decks/retail/a.csv", "prefix,price\n44,0.01\n", refused, "decks are for provider cards"},
		{"decks/loose.csv", "prefix,price\n44,0.01\n", refused, "card's folder"},
		{"decks/carrier/letter.pdf", "%PDF-1.7\n", refused, "ask the carrier for the workbook"},
		{"decks/carrier/photo.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00", refused, "the file is a picture"},
		{"decks/other/row.csv", "prefix,price\n44,0.01\n45,cheap\n", refused, "line 3"},
	}
	for _, d := range drops {
		u.write(d.name, d.text)
	}
	// What is no file at all, or is larger than anybody's deck.
	for _, dir := range []string{"cdrs/switch/folder", "decks/carrier/folder.csv"} {
		if err := os.MkdirAll(filepath.Join(u.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/hosts", filepath.Join(u.dir, "cdrs/switch/link.csv")); err != nil {
		t.Fatal(err)
	}
	u.write("decks/carrier/huge.csv", "prefix,price\n")
	if err := os.Truncate(filepath.Join(u.dir, "decks/carrier/huge.csv"), catalog.MaxDeck+1); err != nil {
		t.Fatal(err)
	}
	u.drain()
	u.write("cdrs/switch/tuesday.csv", smallRecords) // yesterday's, under another name
	// What came back was left alone, and is put right where it lies, as editors save.
	const errorFile = "decks/other/row.csv.errors.csv"
	if _, err := os.Stat(filepath.Join(u.dir, errorFile+report.Suffix)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file that we wrote was taken for a deck: %v", err)
	}
	ours, err := os.ReadFile(filepath.Join(u.dir, errorFile))
	if err != nil {
		t.Fatal(err)
	}
	u.write(errorFile+"~", strings.Replace(string(ours), "45,cheap", "45,0.02", 1))
	if err := os.Rename(filepath.Join(u.dir, errorFile+"~"), filepath.Join(u.dir, errorFile)); err != nil {
		t.Fatal(err)
	}
	u.drain()
	if state, why, _ := u.outcome(errorFile); state != applied {
		t.Errorf("put right, it is %s, %q", state, why)
	}

	for _, d := range drops {
		if state, why, _ := u.outcome(d.name); state != d.state || !strings.Contains(why, d.why) {
			t.Errorf("%s is %s, %q; want it %s with %q", d.name, state, why, d.state, d.why)
		}
	}
	if state, why, _ := u.outcome("decks/carrier/huge.csv"); state != refused || !strings.Contains(why, "bytes, want at most") {
		t.Errorf("the huge deck is %s, %q", state, why)
	}
	if state, _, copies := u.outcome("cdrs/switch/tuesday.csv"); state != committed || len(copies) != 1 || copies[0] != "switch/monday.csv" {
		t.Errorf("yesterday's file is %s, a copy of %q; want it committed, a copy of switch/monday.csv", state, copies)
	}
	for _, f := range u.status().Functions {
		if f.Failed > 0 || f.Dead > 0 || f.Delivered > 60 {
			t.Errorf("%s: %d delivered, %d failed, %d given up; want none sent again", f.Name, f.Delivered, f.Failed, f.Dead)
		}
	}
	result, err := u.stores.Ledger().Fold(t.Context(), month(t, "2026-09"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (ledger.MonthCounts{Rows: 6, Charged: 4, Duplicate: 2}); result.Counts != want {
		t.Errorf("the month counts %+v, want %+v", result.Counts, want)
	}
	u.fsck()
	if bytes.Contains(u.log.Bytes(), []byte("2079460")) {
		t.Error("the log holds a number")
	}
}
