package rating_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/rating"
)

func TestTermsTakeTheGroupsOfADeck(t *testing.T) {
	own := rating.DefaultTerms("GBP")
	own.Origins = []rating.Origin{{Name: "EEA", Prefixes: []string{"33", "49"}}}
	got, err := own.WithOrigins([]rating.Origin{{Name: "EEA", Prefixes: []string{"49", "33", "33"}}, {Name: "US", Prefixes: []string{"1"}}})
	want := []rating.Origin{{Name: "EEA", Prefixes: []string{"33", "49"}}, {Name: "US", Prefixes: []string{"1"}}}
	if diff := cmp.Diff(want, got.Origins); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if len(own.Origins) != 1 {
		t.Errorf("the terms were changed: %v", own.Origins)
	}
	got, err = own.WithOrigins([]rating.Origin{{Name: "EEA", Prefixes: []string{"33"}}})
	if err == nil || !strings.Contains(err.Error(), `"EEA"`) || !rating.SameOrigins(got.Origins, own.Origins) {
		t.Errorf("%v, %v", err, got.Origins)
	}
	if rating.SameOrigins(own.Origins, []rating.Origin{{Name: "EEA", Prefixes: []string{"33", "49"}, Invalid: true}}) {
		t.Error("callers without a number make a difference")
	}
}
