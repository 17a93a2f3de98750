package catalog_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
)

// reselling is a setup text of everything that further charges need.
const reselling = `{"format": "tollbook setup 1",
	"cycles": [{"id": "carriers", "zone": "UTC", "kind": "suppliers"}],
	"accounts": [
		{"id": "dist", "cycle": "monthly", "currency": "GBP"}, {"id": "shop", "cycle": "monthly", "currency": "GBP", "parent": "dist"},
		{"id": "client", "cycle": "monthly", "currency": "GBP", "parent": "shop"}, {"id": "north", "cycle": "carriers", "currency": "EUR"}],
	"feeds": [{"id": "edge", "format": "generic", "timezone": "UTC", "cycle": "monthly", "charges": ["supplier", "callee"],
		"suppliers": [{"trunk": "b", "owners": [{"account": "north"}]}, {"trunk": "a", "owners": [{"account": "north", "from": "2026-11-03T00:00:00Z"}]}]}]}`

func TestWhomElseRecordsChargeIsExportedAsItWasImported(t *testing.T) {
	in := start(t)
	in.load(reselling)
	got, err := in.Export(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want, err := catalog.ParseSetup(strings.NewReader(reselling))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range want.Accounts {
		for _, b := range got.Accounts {
			if a.ID == b.ID && a != b {
				t.Errorf("account %+v, want %+v", b, a)
			}
		}
	}
	for _, f := range got.Feeds {
		if f.ID != "edge" {
			continue
		}
		s := want.Feeds[0].Suppliers
		s[0], s[1] = s[1], s[0] // by name
		if diff := cmp.Diff(want.Feeds[0], f); diff != "" {
			t.Errorf("feed (-want +got)\n%s", diff)
		}
	}
	if err := in.Import(ctx, got); err != nil {
		t.Errorf("what was exported is refused: %v", err)
	}
}

func TestASetupTextThatTakesOneForAnotherIsRefused(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`"parent": "shop"`, `"parent": "nobody"`, `no account "nobody" to be above it`},
		{`"id": "dist", "cycle": "monthly", "currency": "GBP"`, `"id": "dist", "cycle": "monthly", "currency": "GBP", "parent": "client"`, `is below itself`},
		{`"parent": "dist"`, `"parent": "north"`, `account "shop" is below "north": want accounts of customers`},
		{`"suppliers": [{"trunk": "b", "owners": [{"account": "north"}]}`, `"suppliers": [{"trunk": "b", "owners": [{"account": "shop"}]}`, `account "shop": want accounts in a cycle of suppliers`},
		{`"cycle": "monthly", "charges"`, `"cycle": "carriers", "charges"`, `cycle "carriers" is of suppliers`},
		{`"charges": ["supplier", "callee"]`, `"charges": ["supplier", "caller"]`, `charges "caller": want callee, resellers or supplier`},
		{`"charges": ["supplier", "callee"]`, `"charges": ["callee"]`, `supplier among the charges`},
		{`"kind": "suppliers"`, `"kind": "carriers"`, `suppliers, or none for customers`},
		{`"feeds": [`, `"numbers": [{"number": "44", "owners": [{"account": "north"}]}], "feeds": [`, `account "north": want accounts of customers`},
		{`"feeds": [`, `"number_lists": [{"id": "n", "numbers": ["44,,north,,"]}], "feeds": [`, `no account "north" of a customer`},
		{`"feeds": [`, `"features": [{"account": "north", "id": "f", "start": "2026-11-01", "recurring": "1"}], "feeds": [`, `account "north": want accounts of customers`},
	} {
		text := strings.Replace(reselling, c.from, c.to, 1)
		if text == reselling {
			t.Fatalf("%s is not in the text", c.from)
		}
		in := start(t)
		s, err := catalog.ParseSetup(strings.NewReader(text))
		if err == nil {
			err = in.Import(ctx, s)
		}
		if !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a refusal that says %s", c.to, err, c.want)
		}
	}
	in := start(t)
	in.load(reselling)
	s, err := catalog.ParseSetup(strings.NewReader(strings.Replace(reselling, `, "kind": "suppliers"`, "", 1)))
	if err == nil {
		err = in.Import(ctx, s)
	}
	if !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), "cannot become") {
		t.Errorf("a cycle of suppliers became one of customers: %v", err)
	}
}

// However accounts are put below each other at once, none comes to be below
// itself, and the book can be made.
func TestNobodyComesToBeBelowThemselvesHoweverTheyAreSetUp(t *testing.T) {
	in := start(t)
	names := []string{"a", "b", "c", "d"}
	versions := map[string]documents.Version{}
	put := func(id, parent string) error {
		v, err := in.PutAccount(ctx, book.Account{ID: id, Cycle: "monthly", Currency: "GBP", Parent: parent}, catalog.Match{Version: versions[id], Create: versions[id] == ""})
		for errors.Is(err, documents.ErrConflict) {
			v, err = in.PutAccount(ctx, book.Account{ID: id, Cycle: "monthly", Currency: "GBP", Parent: parent}, catalog.Match{Version: versions[id]})
		}
		if v != "" && parent == "" {
			versions[id] = v
		}
		return err
	}
	for _, id := range names {
		if err := put(id, ""); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	refused := make([]error, len(names))
	for i, id := range names {
		all.Go(func() { refused[i] = put(id, names[(i+1)%len(names)]) })
	}
	all.Wait()
	n := 0
	for _, err := range refused {
		if errors.Is(err, catalog.ErrRefused) {
			n++
		} else if err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d of a ring of %d were refused, want one", n, len(names))
	}
	s, err := in.Export(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := &book.Book{Rules: book.RuleVersion, Cycles: s.Cycles, Accounts: s.Accounts}
	if _, err := book.NewIndex(b); err != nil {
		t.Error(err)
	}
}
