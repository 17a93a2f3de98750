package catalog

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/objects"
)

// A list of destinations is read from its folder, or refused with what is wrong.
func TestListsOfDestinationsAreAmongTheDecks(t *testing.T) {
	ctx, c := context.Background(), &Catalog{buckets: objects.MemoryBuckets()}
	for name, text := range map[string]string{"good.csv": "Name,Code\nUK,44\nFrance,\"33, 262\"\n", "bad.csv": "Name,Code\nUK,x\nFrance,y\n", "none.csv": "Name,Rate\nUK,1\n"} {
		if _, err := c.buckets.Decks.Create(ctx, "destinations/"+name, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if l, err := c.destinationsOf(ctx, "good.csv"); err != nil || l.Len() != 2 {
		t.Errorf("%v, %v", l, err)
	}
	for name, want := range map[string]string{
		"bad.csv": `destinations/bad.csv: 2 errors, the first: line 2, column Code: "x"`, "none.csv": "no prefix column",
		"missing.csv": "there is none", "../carrier/deck.csv": "list of destinations",
	} {
		if _, err := c.destinationsOf(ctx, name); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
