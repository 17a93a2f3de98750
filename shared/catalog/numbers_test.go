package catalog_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

func TestOfNumbersThatContradictEachOtherOnlySomeAreTakenHoweverTheyCome(t *testing.T) {
	in := start(t)
	taken := make([]bool, 8)
	var all sync.WaitGroup
	for i := range taken {
		all.Go(func() {
			n := book.Number{Number: fmt.Sprint(4420790000 + 10*i), Last: fmt.Sprint(4420790015 + 10*i), Owners: []book.Owner{{Account: "acme"}}}
			_, err := in.PutNumber(ctx, n, create)
			for errors.Is(err, documents.ErrConflict) { // others were written meanwhile
				_, err = in.PutNumber(ctx, n, create)
			}
			if taken[i] = err == nil; err != nil && !errors.Is(err, catalog.ErrRefused) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	count := 0
	for i := range taken {
		if taken[i] {
			count++
		}
		if i > 0 && taken[i] && taken[i-1] {
			t.Errorf("ranges %d and %d cross, and both were taken", i-1, i)
		}
	}
	if _, err := ledger.New(in.docs, in.buckets).CheckNumbers(ctx, ledger.Setup{}); err != nil || count < 3 {
		t.Errorf("%d were taken: %v", count, err)
	}
}

func TestWhatTellsWhoPaysIsExportedAsItWasImported(t *testing.T) {
	in := start(t)
	s, err := catalog.ParseSetup(strings.NewReader(`{"format": "tollbook setup 1", "feeds": [{"id": "edge", "format": "generic", "timezone": "UTC", "cycle": "monthly", "unquoted": true,
		"numbers": {"country_code": "44", "national_prefix": "0", "tech_prefixes": ["9#"]}, "direction": "both", "identify": ["trunk", "called", "fixed:acme"],
		"trunks": [{"trunk": "b", "owners": [{"account": "acme"}]}, {"trunk": "a", "owners": [{}, {"account": "acme", "from": "2026-11-03T00:00:00Z"}]}]}],
		"numbers": [{"number": "44", "last": "45", "owners": [{"account": "acme"}]}, {"number": "44", "owners": [{"account": "acme"}]}],
		"number_lists": [{"id": "ported", "numbers": ["441,442,\"acme\",,2026-11-03"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	s.Accounts = []book.Account{{ID: "acme", Cycle: "monthly", Currency: "GBP"}}
	if err := in.Import(ctx, s); err != nil {
		t.Fatal(err)
	}
	got, err := in.Export(ctx)
	if err != nil {
		t.Fatal(err)
	}
	edge := s.Feeds[0]
	edge.Trunks = []book.Trunk{edge.Trunks[1], edge.Trunks[0]}
	found := false
	for _, f := range got.Feeds {
		if f.ID == "edge" {
			found = true
			if diff := cmp.Diff(edge, f); diff != "" {
				t.Error(diff)
			}
		}
	}
	if !found {
		t.Error("the feed is not exported")
	}
	if diff := cmp.Diff([]catalog.NumberList{{ID: "ported", Numbers: []string{"441,442,acme,,2026-11-03T00:00:00Z"}}}, got.NumberLists); diff != "" {
		t.Error(diff)
	}
	before := in.bookVersion()
	if err := in.Import(ctx, got); err != nil || in.bookVersion() != before {
		t.Errorf("what was exported changes the book: %v", err)
	}
	if counts := got.Counts(); counts.Numbers < 3 {
		t.Errorf("%d numbers, want those of the list, too", counts.Numbers)
	}
}

func TestWhatCannotTellWhoPaysIsRefusedAtOnce(t *testing.T) {
	in := start(t)
	_, err := catalog.ParseSetup(strings.NewReader(`{"format": "tollbook setup 1", "feeds": [{"id": "edge", "format": "freeswitch", "timezone": "UTC", "cycle": "monthly",
		"numbers": {"country_code": "0"}, "direction": "both", "identify": ["caller", "caller"], "trunks": [{"trunk": "", "owners": []}, {"trunk": "a", "owners": [{}]}, {"trunk": "a", "owners": [{}]}]}],
		"number_lists": [{"id": "a/b", "numbers": []}, {"id": "c", "numbers": []}, {"id": "c", "numbers": []}]}`))
	for _, want := range []string{"country code", "no column for it", "is there twice", "trunks[0].trunk", "trunks[0].owners", "each trunk once", `"a/b"`, "list of numbers c is there twice"} {
		if err == nil || !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a refusal that says %s", err, want)
		}
	}
	s, err := catalog.ParseSetup(strings.NewReader(`{"format": "tollbook setup 1", "feeds": [{"id": "edge", "format": "generic", "timezone": "UTC", "cycle": "monthly",
		"identify": ["fixed:who"], "trunks": [{"trunk": "a", "owners": [{"account": "whoever"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err = in.Import(ctx, s); err == nil || !strings.Contains(err.Error(), `no account "who"`) || !strings.Contains(err.Error(), `no account "whoever"`) {
		t.Errorf("%v, want both accounts named", err)
	}
}
