// Package impact says what the usage of past months would have cost by rates of a
// card that need not be live, those of a revision or of a deck that is held: what a
// new deck costs, on the traffic that was really carried. Every charge of the months is priced again in the way in which a
// fold of them would price it, and nothing of it is kept.
package impact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/rating"
)

// MaxMonths is how many months one comparison takes.
const MaxMonths = 12

// Query is what is asked: of a revision of a card, or of a deck.
type Query struct {
	Card     string
	Revision int
	// Deck is the id of one that is applied, or would be if it was approved now.
	Deck   string
	Months []period.Month // of every billing cycle: 1 to MaxMonths
	// AsOf has all usage priced by the rates that hold then, wherever it lies: so
	// that increases show that begin later. Parts of the week are still those in
	// which a call was made. Zero: each record by the rates that hold at its own
	// instant, as if the rates had always been live.
	AsOf time.Time
	// Rebuilt, of a provider card, compares customers' charges, too, as if their
	// cards were built from the rates; without it they stay as charged, and
	// the charges of suppliers alone are compared. Of a customer card all of its
	// charges are.
	Rebuilt bool
}

// Check reports what cannot be asked.
func (q Query) Check() error {
	if named := q.Card != "" && q.Revision > 0; named == (q.Deck != "") || !named && (q.Card != "" || q.Revision != 0) {
		return fmt.Errorf("want a card and its revision, or a deck: %w", catalog.ErrRefused)
	}
	if n := len(q.Months); n < 1 || n > MaxMonths {
		return fmt.Errorf("%d months, want 1 to %d: %w", n, MaxMonths, catalog.ErrRefused)
	}
	sorted := slices.SortedFunc(slices.Values(q.Months), period.Month.Compare)
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return fmt.Errorf("month %s is there twice: %w", sorted[i], catalog.ErrRefused)
		}
	}
	return nil
}

// Stores is what a comparison reads, and for which job.
type Stores struct {
	Ledger  *ledger.Ledger
	Catalog *catalog.Catalog
	Job     string    // its id
	At      time.Time // when it was asked for
}

// Compare answers a query. progress, if any, is told now and then how far it is,
// in words. What it holds is bounded, whatever the months have. An error that
// wraps catalog.ErrRefused is for who asked.
func Compare(ctx context.Context, s Stores, q Query, progress func(string)) (*Comparison, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	p, err := propose(ctx, s.Catalog, q, progress)
	if err != nil {
		return nil, fmt.Errorf("comparing charges by %s: %w", q.whose(), err)
	}
	c := &comparison{
		stores: s, query: q, proposal: p, costOnly: p.Card.Kind == catalog.Provider && !q.Rebuilt, progress: progress, indexes: map[string]*book.Index{},
		pricers: s.Ledger.NewPricers(), sums: newSums(p.Card.Currency), batches: map[string]uint32{}, marks: newMarks(maxPages),
	}
	if err := c.run(ctx); err != nil {
		return nil, fmt.Errorf("comparing charges by %s: %w", q.whose(), err)
	}
	return c.done()
}

// propose finds the rates that are asked for.
func propose(ctx context.Context, c *catalog.Catalog, q Query, progress func(string)) (catalog.Proposal, error) {
	if q.Deck == "" {
		return c.RevisionProposal(ctx, q.Card, q.Revision)
	}
	if progress != nil {
		progress("reading the deck")
	}
	return c.DeckProposal(ctx, q.Deck)
}

// whose names the rates that are asked for.
func (q Query) whose() string {
	if q.Deck != "" {
		return "deck " + q.Deck
	}
	return fmt.Sprintf("card %s, revision %d", q.Card, q.Revision)
}

// comparison is one run of Compare.
type comparison struct {
	stores   Stores
	query    Query
	proposal catalog.Proposal
	costOnly bool // the charges of suppliers alone are compared
	progress func(string)

	months  []*ledger.ChargedMonth // those of suppliers first
	bought  int                    // how many these are
	books   map[string]*book.Book  // by name
	indexes map[string]*book.Index // of these, with the candidates live
	cards   map[string]*candidate  // that charge by the proposal
	list    []Card
	latest  int64             // when the last of the rates begins
	pricers ledger.Pricers    // of what is live
	batches map[string]uint32 // numbers of what lines are in
	marks   *marks            // records with a charge of a supplier

	rows    Rows
	records *joiner
	sums    *sums
	at      pricing // of the charge at work
	single  [1]charge
}

// candidate is a card as the proposal would have it charge.
type candidate struct {
	pricer *rating.Pricer
	names  map[rating.Name]uint32 // destinations among those of the sums
}

func (c *comparison) run(ctx context.Context) (err error) {
	if err := c.open(ctx); err != nil {
		return err
	}
	if err := c.candidates(ctx); err != nil {
		return err
	}
	if s := c.stores; c.bought > 0 {
		c.records = newJoiner(s.Ledger.JobSorter(s.Job, s.At, joinMemory))
		defer func() { err = errors.Join(err, c.records.close(ctx)) }()
	}
	for i, m := range c.months {
		if err := c.month(ctx, i, m); err != nil {
			return fmt.Errorf("%s: %w", m.Key, err)
		}
	}
	if c.records == nil {
		return nil
	}
	c.tell("adding up")
	return c.records.each(ctx, c.sums.add)
}

func (c *comparison) tell(text string) {
	if c.progress != nil {
		c.progress(text)
	}
}

// open finds the months' periods and their books.
func (c *comparison) open(ctx context.Context) error {
	periods, err := c.stores.Ledger.Periods(ctx)
	if err != nil {
		return err
	}
	c.books = map[string]*book.Book{}
	var sold []*ledger.ChargedMonth
	for _, p := range periods {
		if !slices.Contains(c.query.Months, p.Month) {
			continue
		}
		c.tell("folding " + p.Key.String())
		m, err := c.stores.Ledger.ChargedMonth(ctx, p.Key)
		if err != nil {
			return err
		}
		b := c.books[m.BookName()]
		if b == nil {
			if b, err = m.Book(ctx); err != nil {
				return err
			}
			c.books[m.BookName()] = b
		}
		if suppliers(b)[p.Cycle] {
			c.months = append(c.months, m)
		} else {
			sold = append(sold, m)
		}
	}
	c.bought = len(c.months)
	c.months = append(c.months, sold...)
	return nil
}

// suppliers returns the cycles of a book's suppliers.
func suppliers(b *book.Book) map[string]bool {
	out := map[string]bool{}
	for _, c := range b.Cycles {
		if c.Kind == book.Suppliers {
			out[c.ID] = true
		}
	}
	return out
}

// candidates compiles what charges by the proposal, and makes it live in the
// books.
func (c *comparison) candidates(ctx context.Context) error {
	charging := map[string]bool{} // cards of suppliers
	for _, b := range c.books {
		cycles, bought := suppliers(b), map[string]bool{}
		for _, a := range b.Accounts {
			bought[a.ID] = cycles[a.Cycle]
		}
		for _, a := range b.Assignments {
			if bought[a.Account] {
				charging[a.Card] = true
			}
		}
	}
	c.tell("compiling")
	found, err := c.stores.Catalog.Candidates(ctx, c.proposal, c.query.AsOf, func(card string) bool {
		return !c.costOnly || charging[card]
	})
	if err != nil {
		return err
	}
	c.cards = map[string]*candidate{}
	for _, f := range found {
		c.list = append(c.list, Card{Card: f.Card, Failure: f.Failure})
		c.latest = max(c.latest, f.Latest)
		if f.Failure != "" {
			continue
		}
		card, err := rating.Open(f.Image)
		if err != nil {
			return fmt.Errorf("card %s: %w", f.Card, err)
		}
		c.cards[f.Card] = &candidate{card.NewPricer(), map[rating.Name]uint32{}}
	}
	for name, b := range c.books {
		for i := range b.Cards {
			if card := &b.Cards[i]; c.cards[card.ID] != nil {
				card.Log, card.Images = always, alwaysImages
			}
		}
		if c.indexes[name], err = book.NewIndex(b); err != nil {
			return err
		}
	}
	c.books = nil
	return nil
}
