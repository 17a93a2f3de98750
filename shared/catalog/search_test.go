package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/catalog"
)

// find returns what a search finds over all its pages.
func (in *installation) find(s catalog.Search) (out []string, pages int) {
	in.t.Helper()
	for {
		found, next, err := in.FindRates(ctx, s)
		if err != nil {
			in.t.Fatal(err)
		}
		for _, f := range found {
			text := fmt.Sprintf("%s %d", f.Card.ID, f.Revision)
			for _, r := range f.Rates {
				text += fmt.Sprintf(" %s=%s", r.Prefix, r.Price1)
			}
			out = append(out, text)
		}
		if pages++; next == "" || pages > 9 {
			return out, pages
		}
		s.After = next
	}
}

func TestCardsAreFoundByWhatIsLiveThen(t *testing.T) {
	in := edited(t)
	if err := in.Clone(ctx, "carrier", 1, "ready", editor); err != nil { // of which nothing is live
		t.Fatal(err)
	}
	dearer := in.revise("carrier", 1, catalog.Edit{Change: &catalog.RateChange{Destination: "UK mobile", Price: "=0.5"}}).Revision
	in.activate("carrier", dearer, noon.Add(5*time.Hour))
	for _, c := range []struct {
		catalog.Search
		want []string
	}{
		{catalog.Search{Number: "447700900123", At: noon}, []string{"carrier 1 447=0.1", "retail 1 447=0.11"}},
		{catalog.Search{Number: "447700900123", At: noon.Add(5 * time.Hour)}, []string{"carrier 2 447=0.5", "retail 1 447=0.11"}},
		{catalog.Search{Number: "447700900123", At: noon.AddDate(0, 2, 0)}, []string{"carrier 2 4477=0.2", "retail 1 4477=0.22"}},
		{catalog.Search{Prefix: "49", At: noon}, []string{"carrier 1 49=0.03", "retail 1 49=0.033"}},
		{catalog.Search{Prefix: "4", At: noon}, nil}, {catalog.Search{Number: "447700", At: noon}, nil}, {catalog.Search{Number: "351210000000", At: noon}, nil},
	} {
		c.Limit = 1
		if got, pages := in.find(c.Search); !cmp.Equal(got, c.want) || len(c.want) > 0 && pages < 2 {
			t.Errorf("%+v finds %q on %d pages, want %q", c.Search, got, pages, c.want)
		}
	}
	active, total, err := in.Count(ctx, in.revision("carrier", 1), noon)
	if err != nil || active != 5 || total != 6 {
		t.Errorf("%d/%d rates are in force, %v", active, total, err)
	}
}

func TestACardSaysWhoHasIt(t *testing.T) {
	in := edited(t)
	in.load(strings.Replace(setupText, `"features"`, `"fallbacks": [{"currency": "GBP", "from": "2026-03", "card": "retail"}], "features"`, 1))
	u, err := in.Uses(ctx, "retail")
	if err != nil || u.Assignments != 1 || len(u.First) != 1 || u.First[0].Account != "acme" || len(u.Fallbacks) != 1 || u.Fallbacks[0].From.String() != "2026-03" || len(u.Children) != 0 {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err = in.Uses(ctx, "carrier"); err != nil || u.Assignments != 0 || len(u.Children) != 1 || u.Children[0].Card != "retail" {
		t.Errorf("%+v, %v", u, err)
	}
}
