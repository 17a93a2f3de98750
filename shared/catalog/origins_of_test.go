package catalog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// A revision keeps the groups that its rates are for, the deck's before older ones.
func TestTheGroupsOfARevision(t *testing.T) {
	read := &deck.Report{Origins: map[string][]string{"B": {"2"}, "A": {"1"}, "idle": {"9"}}}
	before := []rating.Origin{{Name: "A", Prefixes: []string{"0"}}, {Name: "C", Prefixes: []string{"3"}}, {Name: "gone", Prefixes: []string{"4"}}}
	rates := []rating.Rate{{Origin: "B"}, {Origin: "A"}, {}, {Origin: "C"}, {Origin: "of the card's terms"}}
	got, err := originsOf(read, before, packed(t, rates))
	want := []rating.Origin{{Name: "A", Prefixes: []string{"1"}}, {Name: "B", Prefixes: []string{"2"}}, {Name: "C", Prefixes: []string{"3"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// A document has room for so many prefixes, and a card for so many groups.
	var codes []string
	for i := range 40_000 {
		codes = append(codes, fmt.Sprintf("44%012d", i))
	}
	if _, err := originsOf(&deck.Report{Origins: map[string][]string{"A": codes}}, nil, packed(t, rates)); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("%v", err)
	}
	many := &deck.Report{Origins: map[string][]string{}}
	rates = nil
	for i := range rating.MaxOrigins + 1 {
		many.Origins[fmt.Sprint(i)] = []string{"1"}
		rates = append(rates, rating.Rate{Origin: fmt.Sprint(i)})
	}
	if _, err := originsOf(many, nil, packed(t, rates)); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "251 groups") {
		t.Errorf("%v", err)
	}
}

func packed(t *testing.T, rates []rating.Rate) *ratecard.Rates {
	t.Helper()
	out, err := ratecard.Collect(ratecard.Rows(rates))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
