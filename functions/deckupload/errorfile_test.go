package deckupload_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck/decktest"
	"github.com/tollbook/tollbook/shared/objects"
)

// events delivers the event of everything that lies among the decks, reports too.
func events(in *functionstest.Installation, at time.Time) {
	in.Helper()
	found, err := in.Buckets.Decks.List(in.Context(), "", "", 1000)
	if err != nil {
		in.Fatal(err)
	}
	for _, o := range found {
		in.Object("decks", o, at)
	}
	in.Deliver(at)
}

// states returns the decks that came in, in the order of their names.
func states(in *functionstest.Installation) (out []string) {
	in.Helper()
	decks, _, err := in.Catalog().Decks(in.Context(), "", 100)
	if err != nil {
		in.Fatal(err)
	}
	for _, d := range decks {
		out = append(out, fmt.Sprintf("%s %s %d", d.Object, d.State, d.Revision))
	}
	slices.Sort(out)
	return out
}

func same(in *functionstest.Installation, what string, want, got any) {
	in.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		in.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const badRow = "prefix,price\n44,0.01\n45,cheap\n"

// The natural thing is to open the file, put it right and save it.
func TestAnErrorFileThatWasPutRightWhereItLiesIsADeck(t *testing.T) {
	in := functionstest.Install(t)
	const name = "carrier/row.csv.errors.csv"
	in.Drop("decks", "carrier/row.csv", badRow, functionstest.Noon)
	ours := text(in, name)
	for hour := range 3 {
		events(in, functionstest.Noon.Add(time.Duration(hour)*time.Hour))
		in.Schedule("sweeper", functionstest.Noon.Add(time.Duration(hour)*time.Hour))
	}
	same(in, "the file is no deck as it was written", []string{"carrier/row.csv refused 0"}, states(in))
	if text(in, name) != ours {
		t.Errorf("the file has become %q", text(in, name))
	}

	mended := strings.Replace(ours, "45,cheap", "45,0.02", 1)
	replace(in, name, mended, functionstest.Noon.Add(5*time.Hour))
	var beside report.Deck
	in.Beside("decks", name, &beside)
	if beside.Deck.State != catalog.DeckApplied || beside.Deck.Rates != 2 {
		t.Errorf("put right, the report says %+v", beside.Deck)
	}
	// It is the person's file now: nothing that comes takes it away.
	for hour := range 3 {
		events(in, functionstest.Noon.Add(time.Duration(6+hour)*time.Hour))
	}
	same(in, "after more events", []string{"carrier/row.csv refused 0", name + " applied 1"}, states(in))
	if text(in, name) != mended {
		t.Errorf("the person's file has become %q", text(in, name))
	}
}

// A correction that is wrong again comes back itself, and so on.
func TestACorrectionThatIsWrongComesBackToo(t *testing.T) {
	in := functionstest.Install(t)
	const name = "carrier/row.csv.errors.csv"
	in.Drop("decks", "carrier/row.csv", badRow, functionstest.Noon)
	replace(in, name, strings.Replace(text(in, name), "cheap", "dear", 1), functionstest.Noon)
	if got := text(in, name+".errors.csv"); !strings.HasPrefix(got, "prefix,price,Error Message\n44,0.01,\n45,dear,\"column price:") {
		t.Errorf("it comes back as %q", got)
	}
	events(in, functionstest.Noon)
	same(in, "decks", []string{"carrier/row.csv refused 0", name + " refused 0"}, states(in))
}

// Whoever has put an error file right keeps it, also when the deck is refused anew.
func TestAPersonsFileIsNotWrittenOver(t *testing.T) {
	in := functionstest.Install(t)
	const name = "carrier/row.csv.errors.csv"
	in.Drop("decks", "carrier/row.csv", badRow, functionstest.Noon)
	mended := strings.Replace(text(in, name), "cheap", "0.02", 1)
	replace(in, name, mended, functionstest.Noon)
	replace(in, "carrier/row.csv", "prefix,price\n46,none\n", functionstest.Noon.Add(time.Hour))
	var beside report.Deck
	in.Beside("decks", "carrier/row.csv", &beside)
	const second = "carrier/row.csv.errors-2.csv"
	if beside.ErrorFile == nil || beside.ErrorFile.Name != second || !strings.Contains(text(in, second), "46,none,\"") || text(in, name) != mended {
		t.Errorf("the report says %+v, the person's file is %q and the new one %q", beside.ErrorFile, text(in, name), text(in, second))
	}
	events(in, functionstest.Noon.Add(2*time.Hour))
	in.Schedule("sweeper", functionstest.Noon.Add(2*time.Hour))
	replace(in, "carrier/row.csv", "prefix,price\n46,0.03\n", functionstest.Noon.Add(3*time.Hour))
	if text(in, second) != "" || text(in, name) != mended {
		t.Errorf("put right, the person's file is %q and the new one %q", text(in, name), text(in, second))
	}
	// Where every name has a file of a person, the report says that there is none.
	for n := 2; n <= 9; n++ {
		in.Place("decks", fmt.Sprintf("carrier/row.csv.errors-%d.csv", n), "notes")
	}
	replace(in, "carrier/row.csv", "prefix,price\n47,none\n", functionstest.Noon.Add(4*time.Hour))
	beside = report.Deck{}
	in.Beside("decks", "carrier/row.csv", &beside)
	if beside.ErrorFile != nil || !strings.Contains(beside.NoErrorFile, "no name left") || len(beside.Errors) != 1 {
		t.Errorf("without a name, the report says %+v", beside)
	}
}

// Events are lost: the sweeper finds a correction, and nothing else.
func TestACorrectionWhoseEventIsLostIsFound(t *testing.T) {
	in := functionstest.Install(t)
	const name = "carrier/row.csv.errors.csv"
	in.Drop("decks", "carrier/row.csv", badRow, functionstest.Noon)
	info, err := in.Buckets.Decks.Stat(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	remove(in, name)
	first := in.Place("decks", name, "prefix,price\n44,0.01\n45,0.03\n")
	remove(in, name)
	in.Place("decks", name, "prefix,price\n44,0.01\n45,0.02\n")
	in.Object("decks", info, functionstest.Noon)  // of what was written, late
	in.Object("decks", first, functionstest.Noon) // and of what was saved twice
	same(in, "before the sweep", []string{"carrier/row.csv refused 0"}, states(in))
	in.Schedule("sweeper", functionstest.Noon.Add(time.Hour))
	same(in, "after the sweep", []string{"carrier/row.csv refused 0", name + " applied 1"}, states(in))
}

// eager is a bucket whose events come before whoever wrote knows that he has.
type eager struct {
	objects.Bucket
	event func(objects.Info)
}

func (e eager) Create(ctx context.Context, name string, content io.Reader) (objects.Info, error) {
	info, err := e.Bucket.Create(ctx, name, content)
	if err == nil {
		e.event(info)
	}
	return info, err
}

func TestTheEventOfAnErrorFileMayBeTheFirstToKnowOfIt(t *testing.T) {
	in := functionstest.Install(t)
	info := in.Place("decks", "carrier/row.csv", badRow)
	id, err := in.Catalog().Receive(t.Context(), catalog.Arrival{Object: info.Name, Generation: info.Generation, Size: info.Size, At: functionstest.Noon})
	if err != nil {
		t.Fatal(err)
	}
	done, err := in.Catalog().Apply(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	bucket := eager{in.Buckets.Decks, func(o objects.Info) { in.Object("decks", o, functionstest.Noon) }}
	if err := report.WriteDeck(t.Context(), in.Catalog(), bucket, done); err != nil {
		t.Fatal(err)
	}
	same(in, "decks", []string{"carrier/row.csv refused 0"}, states(in))
	if text(in, "carrier/row.csv.errors.csv") == "" {
		t.Error("there is no error file")
	}
}

// Workbooks are archives: written twice they are the same bytes, else the second
// would be taken for a person's.
func TestAWorkbookWithErrorsIsNoDeckAsItWasWritten(t *testing.T) {
	in := functionstest.Install(t)
	const row = `<row><c t="str"><v>%s</v></c><c t="str"><v>%s</v></c></row>`
	book := decktest.Workbook(`<worksheet><sheetData>`+fmt.Sprintf(row+row+row, "Prefix", "Rate", "44", "0.5", "45", "cheap")+`</sheetData></worksheet>`, nil)
	in.Drop("decks", "carrier/a.xlsx", string(book), functionstest.Noon)
	first := text(in, "carrier/a.xlsx.errors.xlsx")
	if first == "" {
		t.Fatal("there is no error file")
	}
	for range 2 {
		events(in, functionstest.Noon)
	}
	same(in, "decks", []string{"carrier/a.xlsx refused 0"}, states(in))
	same(in, "the file", first, text(in, "carrier/a.xlsx.errors.xlsx"))
}

// Whatever comes, whenever and however often, what people put there is a deck, and
// what was written beside it is none.
func TestWhatWasWrittenIsNeverADeckWhateverEventsCome(t *testing.T) {
	install := functionstest.Installs(t)
	rapid.Check(t, func(rt *rapid.T) {
		in := install()
		var seen []objects.Info // all that ever was, with its event to come
		note := func() {
			found, err := in.Buckets.Decks.List(t.Context(), "", "", 1000)
			if err != nil {
				rt.Fatal(err)
			}
			for _, o := range found {
				if !slices.Contains(seen, o) {
					seen = append(seen, o)
				}
			}
		}
		people := map[string]bool{} // name and generation of what people put there
		put := func(name, text string) {
			if old, err := in.Buckets.Decks.Stat(t.Context(), name); err == nil {
				if err := in.Buckets.Decks.Delete(t.Context(), name, old.Generation); err != nil {
					rt.Fatal(err)
				}
			}
			o := in.Place("decks", name, text)
			people[o.Name+" "+o.Generation] = true
		}
		for step := range rapid.IntRange(1, 8).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0:
				put("carrier/a.csv", fmt.Sprintf("prefix,price\n44,%s\n", rapid.SampledFrom([]string{"0.01", "cheap", "dear", "free"}).Draw(rt, "price")))
			case 1: // somebody changes an error file
				for _, name := range []string{"carrier/a.csv.errors.csv", "carrier/a.csv.errors-2.csv"} {
					if text := text(in, name); text != "" {
						put(name, strings.NewReplacer("cheap", "0.02", "dear", "expensive").Replace(text)+fmt.Sprintf("4%d,0.03,\n", step))
						break
					}
				}
			case 2:
				in.Schedule("sweeper", functionstest.Noon.Add(time.Duration(step)*time.Hour))
			default:
				if note(); len(seen) > 0 {
					in.Object("decks", rapid.SampledFrom(seen).Draw(rt, "event of"), functionstest.Noon.Add(time.Duration(step)*time.Minute))
				}
			}
			note()
		}
		for range 2 { // all events, again
			note()
			for _, o := range seen {
				in.Object("decks", o, functionstest.Noon.Add(24*time.Hour))
			}
		}
		decks, _, err := in.Catalog().Decks(t.Context(), "", 100)
		if err != nil {
			rt.Fatal(err)
		}
		for _, d := range decks {
			if !people[d.Object+" "+d.Generation] {
				rt.Errorf("%s %s was written by us and is a deck: %+v", d.Object, d.Generation, d)
			}
		}
		found, err := in.Buckets.Decks.List(t.Context(), "", "", 1000)
		if err != nil {
			rt.Fatal(err)
		}
		for _, o := range found {
			if people[o.Name+" "+o.Generation] && !slices.ContainsFunc(decks, func(d catalog.Deck) bool { return d.Object == o.Name && d.Generation == o.Generation }) {
				rt.Errorf("%s lies there, is a person's, and is no deck", o.Name)
			}
		}
	})
}
