package deckupload_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Who drops the download of a card into its folder has its report beside the file:
// nothing changed, and no revision was made.
func TestADownloadDroppedAgainChangesNothing(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/november.csv", "Code,Name,Inter,Intra,Taktung,Effective,Area,Local Price\n1212,New York,0.02,0.01,60/6,,East,0.005\n1213,=LA,0.02,0.01,60/6,2026-12-01,West,\n"+
		"7,Russia,blocked,blocked,60/6,,,\n", functionstest.Noon)
	revisions, err := in.Catalog().Revisions(t.Context(), "carrier")
	if err != nil || len(revisions) != 1 {
		t.Fatalf("the card has revisions %+v, %v; want one", revisions, err)
	}
	info, err := in.Buckets.Cards.Stat(t.Context(), revisions[0].Rates)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *bytes.Reader {
		r, err := in.Buckets.Cards.OpenRange(t.Context(), info.Name, info.Generation, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		var stored bytes.Buffer
		if _, err := stored.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		return bytes.NewReader(stored.Bytes())
	}
	for i, format := range []download.Format{download.CSV, download.XLSX, download.JSON} {
		file, err := download.New(format, download.About{Card: "carrier", Revision: 1, Currency: "GBP"}, ratecard.ReadRates(open()))
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := file.Write(&text, ratecard.ReadRates(open())); err != nil {
			t.Fatal(err)
		}
		name := "carrier/" + file.Name()
		in.Drop("decks", name, text.String(), functionstest.Noon.Add(time.Duration(i+1)*time.Hour))
		var beside catalog.DeckReport
		in.Beside("decks", name, &beside)
		if beside.Deck.State != catalog.DeckUnchanged || beside.Deck.Revision != 1 || beside.Actions == nil || beside.Actions.Ignored != revisions[0].Rows || len(beside.Errors) > 0 {
			t.Errorf("%s: the report says %+v %+v", name, beside.Deck, beside.Actions)
		}
	}
	if revisions, err := in.Catalog().Revisions(t.Context(), "carrier"); err != nil || len(revisions) != 1 {
		t.Errorf("the card has revisions %+v, %v; want the one it had", revisions, err)
	}
}
