package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/numbering"
)

// SetupFormat is the first thing that a setup text says.
const SetupFormat = "tollbook setup 1"

// MaxSetup is the largest setup text that is read, in bytes.
const MaxSetup = 256 << 20

// Setup is everything that a person sets up, as text: who is billed, by which
// cards and plans, from which sources. Decks, records and what came of them are
// not in it. It is JSON with these names.
type Setup struct {
	Format      string            `json:"format"`
	Cycles      []book.Cycle      `json:"cycles"`
	Cards       []Definition      `json:"cards"`
	Plans       []bundle.Plan     `json:"plans"`
	Feeds       []Feed            `json:"feeds"`
	Accounts    []book.Account    `json:"accounts"`
	CallTypes   []book.CallType   `json:"call_types,omitempty"`
	Assignments []book.Assignment `json:"assignments"`
	Fallbacks   []book.Fallback   `json:"fallbacks,omitempty"`
	Features    []bundle.Feature  `json:"features"`
	Numbers     []book.Number     `json:"numbers,omitempty"`
	NumberLists []NumberList      `json:"number_lists,omitempty"`
}

// Feed is a source of records as a setup text has it; see cdr.Feed and
// book.Feed. Its id names the folder of its files.
type Feed struct {
	ID       string     `json:"id"`
	Format   cdr.Format `json:"format"`
	Timezone string     `json:"timezone"`
	Cycle    string     `json:"cycle"`
	Only     string     `json:"only,omitzero"`
	Unquoted bool       `json:"unquoted,omitzero"`

	Numbers   numbering.Rules `json:"numbers,omitzero"`
	Direction cdr.Directions  `json:"direction,omitempty"`
	Identify  []cdr.Means     `json:"identify,omitempty"`
	Trunks    []book.Trunk    `json:"trunks,omitempty"`
	Charges   []cdr.Further   `json:"charges,omitempty"`
	Suppliers []book.Trunk    `json:"suppliers,omitempty"`
}

func (f Feed) book() book.Feed {
	return book.Feed{
		Source: cdr.Feed{ID: f.ID, Format: f.Format, Zone: f.Timezone, Numbers: f.Numbers, Direction: f.Direction, Identify: f.Identify, Charges: f.Charges},
		Cycle:  f.Cycle, Only: f.Only, Unquoted: f.Unquoted, Trunks: storedTrunks(f.Trunks), Suppliers: storedTrunks(f.Suppliers),
	}
}

func feedText(f book.Feed) Feed {
	s := f.Source
	return Feed{
		ID: s.ID, Format: s.Format, Timezone: s.Zone, Cycle: f.Cycle, Only: f.Only, Unquoted: f.Unquoted,
		Numbers: s.Numbers, Direction: s.Direction, Identify: s.Identify, Trunks: f.Trunks, Charges: s.Charges, Suppliers: f.Suppliers,
	}
}

// ParseSetup reads a setup text. It checks each item by itself and returns
// everything that is wrong at once, wrapping ErrRefused; whether what they name
// is there, Import checks.
func ParseSetup(r io.Reader) (Setup, error) {
	var s Setup
	limited := io.LimitReader(r, MaxSetup+1)
	d := json.NewDecoder(limited)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		if limited.(*io.LimitedReader).N <= 0 {
			return s, fmt.Errorf("the setup has more than %d bytes: %w", MaxSetup, ErrRefused)
		}
		return s, fmt.Errorf("the setup at byte %d: %w: %w", d.InputOffset(), err, ErrRefused)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("the setup has more after its end, at byte %d: %w", d.InputOffset(), ErrRefused)
	}
	return s, s.check()
}

// WriteTo writes the setup as text: equal setups are equal bytes.
func (s Setup) WriteTo(w io.Writer) (int64, error) {
	s.Format = SetupFormat
	s.sort()
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return 0, fmt.Errorf("encoding the setup: %w", err)
	}
	n, err := w.Write(append(data, '\n'))
	if err != nil {
		return int64(n), fmt.Errorf("writing the setup: %w", err)
	}
	return int64(n), nil
}

// Counts says how much a setup holds.
type Counts struct {
	Cycles      int `json:"cycles"`
	Cards       int `json:"cards"`
	Plans       int `json:"plans"`
	Feeds       int `json:"feeds"`
	Accounts    int `json:"accounts"`
	Assignments int `json:"assignments"`
	Features    int `json:"features"`
	Numbers     int `json:"numbers,omitzero"` // those of lists, too
	CallTypes   int `json:"call_types,omitzero"`
	Fallbacks   int `json:"fallbacks,omitzero"`
}

// Counts returns how much s holds.
func (s Setup) Counts() Counts {
	numbers := len(s.Numbers)
	for _, list := range s.NumberLists {
		numbers += len(list.Numbers)
	}
	return Counts{len(s.Cycles), len(s.Cards), len(s.Plans), len(s.Feeds), len(s.Accounts), len(s.Assignments), len(s.Features), numbers, len(s.CallTypes), len(s.Fallbacks)}
}

// String returns the counts in words.
func (c Counts) String() string {
	text := fmt.Sprintf("%d cycles, %d cards, %d plans, %d feeds, %d accounts, %d assignments, %d features, %d numbers",
		c.Cycles, c.Cards, c.Plans, c.Feeds, c.Accounts, c.Assignments, c.Features, c.Numbers)
	if c.CallTypes+c.Fallbacks > 0 {
		text += fmt.Sprintf(", %d call types, %d fallbacks", c.CallTypes, c.Fallbacks)
	}
	return text
}

func (s *Setup) sort() {
	slices.SortFunc(s.Numbers, func(a, b book.Number) int {
		return cmp.Or(strings.Compare(a.Number, b.Number), strings.Compare(a.Last, b.Last))
	})
	slices.SortFunc(s.NumberLists, func(a, b NumberList) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Cycles, func(a, b book.Cycle) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Cards, func(a, b Definition) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Plans, func(a, b bundle.Plan) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Feeds, func(a, b Feed) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Accounts, func(a, b book.Account) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.CallTypes, func(a, b book.CallType) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Assignments, book.Assignment.Compare)
	slices.SortFunc(s.Fallbacks, book.Fallback.Compare)
	slices.SortFunc(s.Features, func(a, b bundle.Feature) int {
		if c := strings.Compare(a.Account, b.Account); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

func (s Setup) check() error {
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if s.Format != SetupFormat {
		add(fmt.Errorf("format %q: want %q", s.Format, SetupFormat))
	}
	for _, v := range s.Cycles {
		add(checkCycle(v).err())
	}
	for _, v := range s.Cards {
		add(v.Check())
	}
	for _, v := range s.Plans {
		add(checkPlan(v).err())
	}
	for _, v := range s.Feeds {
		add(checkFeed(v.book()).err())
	}
	for _, v := range s.Accounts {
		add(checkAccount(v, 0).err())
	}
	for _, v := range s.Assignments {
		add(checkAssignment(v, 0).err())
	}
	for _, v := range s.CallTypes {
		add(checkCallType(v).err())
	}
	for _, v := range s.Fallbacks {
		add(checkFallback(v).err())
	}
	for _, v := range s.Numbers {
		add(checkNumber(v).err())
	}
	for i, v := range s.NumberLists {
		add(CheckID("list of numbers", v.ID))
		if slices.ContainsFunc(s.NumberLists[:i], func(o NumberList) bool { return o.ID == v.ID }) {
			add(fmt.Errorf("list of numbers %s is there twice", v.ID))
		}
	}
	for _, v := range s.Features {
		add(checkFeature(v, 0).err())
	}
	if len(errs) == 0 {
		return nil
	}
	return refuseAll(errs)
}

// refuseAll joins errors for a person, the first 100 of them.
func refuseAll(errs []error) error {
	if more := len(errs) - 100; more > 0 {
		errs = append(errs[:100:100], fmt.Errorf("and %d more", more))
	}
	return fmt.Errorf("%w: %w", ErrRefused, errors.Join(errs...))
}

// Export returns the whole setup.
func (c *Catalog) Export(ctx context.Context) (Setup, error) {
	s, err := c.setup(ctx)
	if err == nil {
		s.NumberLists, err = c.exportNumbers(ctx)
	}
	return s, err
}

// setup returns the setup without its lists of numbers.
func (c *Catalog) setup(ctx context.Context) (Setup, error) {
	s := Setup{Format: SetupFormat, Feeds: []Feed{}}
	var feeds []book.Feed
	var err error
	read := func(collection string, do func() error) {
		if err == nil {
			err = do()
		}
	}
	read("cycles", func() (e error) { s.Cycles, e = all[book.Cycle](ctx, c, "cycles"); return e })
	read("definitions", func() (e error) { s.Cards, e = all[Definition](ctx, c, "definitions"); return e })
	read("plans", func() (e error) { s.Plans, e = all[bundle.Plan](ctx, c, "plans"); return e })
	read("feeds", func() (e error) { feeds, e = all[book.Feed](ctx, c, "feeds"); return e })
	read("accounts", func() (e error) { s.Accounts, e = all[book.Account](ctx, c, "accounts"); return e })
	read("assignments", func() (e error) { s.Assignments, e = all[book.Assignment](ctx, c, "assignments"); return e })
	read("call types", func() (e error) { s.CallTypes, e = all[book.CallType](ctx, c, "call_types"); return e })
	read("fallbacks", func() (e error) { s.Fallbacks, e = all[book.Fallback](ctx, c, "fallbacks"); return e })
	read("features", func() (e error) { s.Features, e = all[bundle.Feature](ctx, c, "features"); return e })
	read("numbers", func() (e error) { s.Numbers, e = all[book.Number](ctx, c, "numbers"); return e })
	for _, f := range feeds {
		s.Feeds = append(s.Feeds, feedText(f))
	}
	s.sort()
	return s, err
}

// Import writes a setup beside what is there: what is new is created, what
// differs is replaced, what is equal is left, nothing is removed. So it can be
// repeated, after a crash too. Everything is checked first, and nothing is
// written when anything is wrong.
func (c *Catalog) Import(ctx context.Context, s Setup) error {
	if err := s.check(); err != nil {
		return err
	}
	old, err := c.setup(ctx)
	if err != nil {
		return err
	}
	if err := s.checkAgainst(old); err != nil {
		return err
	}
	numbers, err := c.importNumbers(ctx, s, old)
	if err != nil {
		return err
	}
	for _, d := range s.Cards {
		if err := c.importCard(ctx, d); err != nil {
			return fmt.Errorf("importing card %s: %w", d.ID, err)
		}
	}
	feeds := make([]book.Feed, len(s.Feeds))
	for i, f := range s.Feeds {
		feeds[i] = f.book()
	}
	types := make([]book.CallType, len(s.CallTypes))
	for i, t := range s.CallTypes {
		types[i] = storedCallType(t)
	}
	return c.ledger.Apply(ctx, ledger.Setup{
		Cycles: s.Cycles, Accounts: s.Accounts, CallTypes: types, Assignments: s.Assignments, Fallbacks: s.Fallbacks, Plans: s.Plans, Features: s.Features, Feeds: feeds,
		Numbers: numbers.Numbers, NumberLists: numbers.NumberLists,
	})
}

func (c *Catalog) importCard(ctx context.Context, d Definition) error {
	return c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		change, err := ledger.ChangeBook(tx)
		if err != nil {
			return err
		}
		docs, err := tx.GetMany([]documents.Path{definitionPath(d.ID)})
		if err != nil {
			return err
		}
		var old Definition
		isNew := !docs[0].Exists()
		if err := decodeOld(docs[0], &old); err != nil {
			return err
		}
		if same, err := old.equal(d); err != nil || same && !isNew {
			return err
		}
		var card book.Card
		noCard, err := find(tx, cardPath(d.ID), &card)
		if err != nil {
			return err
		}
		auditor, err := newAuditor(tx, d.ID)
		if err != nil {
			return err
		}
		if err := errors.Join(write(tx, isNew, definitionPath(d.ID), d), auditor.defined(docs[0], d, Actor{By: "setup"})); err != nil || !noCard {
			return err
		}
		return errors.Join(create(tx, cardPath(d.ID), book.Card{ID: d.ID, Images: map[string]string{}}), change())
	})
}

// checkAgainst reports what s names and neither s nor old has, and what of old
// may not change.
func (s Setup) checkAgainst(old Setup) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	cycles := byID(old.Cycles, s.Cycles, func(c book.Cycle) string { return c.ID }, func(was, is book.Cycle) {
		if was.Zone != is.Zone {
			bad("cycle %s is in %s and cannot move to %s", is.ID, was.Zone, is.Zone)
		}
		if was.Kind != is.Kind {
			bad("cycle %s is of kind %q, which cannot become %q", is.ID, was.Kind, is.Kind)
		}
	})
	cards := byID(old.Cards, s.Cards, func(d Definition) string { return d.ID }, func(was, is Definition) {
		if was.Kind != is.Kind || was.Parent != is.Parent || was.Currency != is.Currency {
			bad("card %s: kind, parent and currency cannot change", is.ID)
		}
	})
	plans := byID(old.Plans, s.Plans, func(p bundle.Plan) string { return p.ID }, nil)
	accounts := byID(old.Accounts, s.Accounts, func(a book.Account) string { return a.ID }, func(was, is book.Account) {
		if was.Cycle != is.Cycle || was.Currency != is.Currency {
			bad("account %q: cycle and currency cannot change", is.ID)
		}
	})
	for _, d := range s.Cards {
		if d.Kind != Customer {
			continue
		}
		if p, ok := cards[d.Parent]; !ok || p.Kind != Provider {
			bad("card %s: its parent %q is no provider card of this setup", d.ID, d.Parent)
		} else if p.Currency != d.Currency {
			bad("card %s is in %s, its parent %s in %s", d.ID, d.Currency, p.ID, p.Currency)
		}
	}
	for _, f := range s.Feeds {
		if _, ok := cycles[f.Cycle]; !ok {
			bad("feed %s: no cycle %q", f.ID, f.Cycle)
		}
		for _, id := range append(feedAccounts(f.book()), trunkAccounts(f.Suppliers)...) {
			if _, ok := accounts[id]; !ok {
				bad("feed %s: no account %q", f.ID, short(id))
			}
		}
	}
	for _, a := range s.Accounts {
		if _, ok := cycles[a.Cycle]; !ok {
			bad("account %q: no cycle %q", a.ID, a.Cycle)
		}
	}
	for _, as := range s.Assignments {
		a, ok := accounts[as.Account]
		if !ok {
			bad("the assignment of card %q from %s: no account %q", as.Card, as.From, short(as.Account))
			continue
		}
		if d, ok := cards[as.Card]; !ok {
			bad("account %q from %s: no card %q", a.ID, as.From, as.Card)
		} else if d.Kind != Customer {
			bad("account %q from %s: card %s is a %s card, want a customer card", a.ID, as.From, as.Card, d.Kind)
		} else if d.Currency != a.Currency {
			bad("account %q is billed in %s, card %s is in %s", a.ID, a.Currency, d.ID, d.Currency)
		}
	}
	s.checkSides(cycles, accounts, bad)
	if err := s.checkRules(old, cards); err != nil {
		errs = append(errs, err)
	}
	for _, n := range s.Numbers {
		for _, o := range n.Owners {
			if _, ok := accounts[o.Account]; o.Account != "" && !ok {
				bad("number %s: no account %q", n.Number, short(o.Account))
			}
		}
	}
	for _, f := range s.Features {
		if _, ok := accounts[f.Account]; !ok {
			bad("feature %q: no account %q", f.ID, short(f.Account))
		}
		if _, ok := plans[f.Plan]; f.Plan != "" && !ok {
			bad("feature %q of account %q: no plan %q", f.ID, short(f.Account), f.Plan)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return refuseAll(errs)
}

// byID returns what is there after an import; changed is called for what was
// there before.
func byID[T any](old, s []T, id func(T) string, changed func(was, is T)) map[string]T {
	out := make(map[string]T, len(old)+len(s))
	for _, v := range old {
		out[id(v)] = v
	}
	for _, v := range s {
		if was, ok := out[id(v)]; ok && changed != nil {
			changed(was, v)
		}
		out[id(v)] = v
	}
	return out
}
