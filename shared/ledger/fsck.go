package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// Problem is something that does not follow from what it was made of.
type Problem struct {
	Kind   string // what is wrong: part, row, charge, marker, entry, result …
	Where  string // the document or object, and the line or account in it
	Detail string // what was found and what would be right; no numbers of people
}

// String returns the problem as one line.
func (p Problem) String() string { return p.Kind + ": " + p.Where + ": " + p.Detail }

// maxProblems bounds what Fsck lists; the rest is counted.
const maxProblems = 1000

// Fsck proves everything that is stored, from the file to the invoice: it reads
// the source files again, prices every row, decides every duplicate and folds
// every month by loops of its own, and compares each step with what was kept.
// It changes nothing and returns what it found wrong, sorted, at most
// maxProblems of them and one that counts the rest. An error says only that it
// could not look. Work and closes that run meanwhile may show as problems.
//
// Objects that nothing refers to are no problem: crashed work leaves them.
func (l *Ledger) Fsck(ctx context.Context) ([]Problem, error) {
	c := &checker{
		ledger: l, batches: map[string]Batch{}, periods: map[Key]Period{}, entries: map[Key][]Entry{}, byRevision: map[revisionID][]Entry{}, touched: map[ForeignInto]bool{},
		invoices: map[Key][]InvoiceHead{}, frozen: map[Key]Frozen{},
		books: map[string]*ownBook{}, cards: map[string]*ownCard{}, parts: map[string]bool{}, markers: map[string]*Marker{}, unknown: map[string]bool{},
	}
	for _, step := range []func(context.Context) error{
		c.readDocuments, c.checkBookHead, c.checkBatches, c.checkEntries, c.checkSources, c.checkPeriods, c.checkResults, c.checkInvoices,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("checking the ledger: %w", err)
		}
	}
	return c.report(), nil
}

// checker is one run of Fsck: the documents, which are few, and verdicts on
// objects, so that each is named once.
type checker struct {
	ledger     *Ledger
	problems   []Problem
	more       int64
	batches    map[string]Batch
	periods    map[Key]Period
	entries    map[Key][]Entry // by period
	byRevision map[revisionID][]Entry
	touched    map[ForeignInto]bool // what the entries of kind Touches say
	invoices   map[Key][]InvoiceHead
	frozen     map[Key]Frozen // of the periods whose object is sound

	books   map[string]*ownBook // nil: damaged, and named
	owned   ownNumbers          // of the directory that was asked last
	cards   map[string]*ownCard // nil: damaged, and named
	rates   int                 // of the cards held
	parts   map[string]bool     // sound
	markers map[string]*Marker  // nil: damaged, and named
	results []wantedResult
	unknown map[string]bool // cycles with a damaged frozen object
}

func (c *checker) add(kind, where, format string, args ...any) {
	if len(c.problems) == maxProblems {
		c.more++
		return
	}
	c.problems = append(c.problems, Problem{Kind: kind, Where: where, Detail: fmt.Sprintf(format, args...)})
}

// blame turns an error that says that something stored is gone or damaged into
// a problem, and returns any other.
func (c *checker) blame(kind, where string, err error) error {
	var never *unreadableError
	// What is asked for is stored too: an invalid name or generation is damage.
	for _, damage := range []error{objects.ErrNotFound, objects.ErrLost, objects.ErrInvalid, documents.ErrNotFound, ErrDamaged} {
		if errors.Is(err, damage) {
			c.add(kind, where, "%v", err)
			return nil
		}
	}
	if errors.As(err, &never) {
		c.add(kind, where, "%v", err)
		return nil
	}
	return err
}

func (c *checker) report() []Problem {
	out := c.problems
	slices.SortStableFunc(out, func(a, b Problem) int {
		if n := strings.Compare(a.Kind, b.Kind); n != 0 {
			return n
		}
		if n := strings.Compare(a.Where, b.Where); n != 0 {
			return n
		}
		return strings.Compare(a.Detail, b.Detail)
	})
	if c.more > 0 {
		out = append(out, Problem{Kind: "more", Where: "fsck", Detail: fmt.Sprintf("%d more problems are not listed", c.more)})
	}
	return out
}

// readDocuments reads every batch, period, entry and invoice head. A document
// that is not under the id that its fields make is named and left out.
func (c *checker) readDocuments(ctx context.Context) error {
	if err := scan(ctx, c, "batches_all", "batch", func(b Batch) documents.Path { return batchPath(b.ID) }, func(b Batch) {
		c.batches[b.ID] = b
	}); err != nil {
		return err
	}
	if err := scan(ctx, c, "periods_all", "period", func(p Period) documents.Path { return p.Key.path() }, func(p Period) {
		c.periods[p.Key] = p
	}); err != nil {
		return err
	}
	if err := scan(ctx, c, "entries_all", "entry", Entry.path, func(e Entry) {
		if e.Kind == Touches {
			c.touched[ForeignInto{e.Period, e.Into}] = true
			return
		}
		c.entries[e.Period] = append(c.entries[e.Period], e)
		c.byRevision[e.revision()] = append(c.byRevision[e.revision()], e)
	}); err != nil {
		return err
	}
	return scan(ctx, c, "invoices_all", "invoice", func(h InvoiceHead) documents.Path {
		return documents.Path{Collection: "invoices", ID: documents.ID(h.Number)}
	}, func(h InvoiceHead) {
		c.invoices[h.Period] = append(c.invoices[h.Period], h)
	})
}

func scan[T any](ctx context.Context, c *checker, query, kind string, path func(T) documents.Path, take func(T)) error {
	return c.ledger.query(ctx, documents.Query{Name: query}, func(d documents.Doc) error {
		var v T
		if err := d.Fields.Decode(&v); err != nil {
			c.add(kind, d.Path.String(), "it cannot be read: %v", err)
			return nil
		}
		if want := path(v); want != d.Path {
			c.add(kind, d.Path.String(), "its fields are those of %s", want)
			return nil
		}
		take(v)
		return nil
	})
}

// marker loads a marker once.
func (c *checker) marker(ctx context.Context, ref Ref) (*Marker, error) {
	if m, ok := c.markers[ref.Name]; ok {
		return m, nil
	}
	c.markers[ref.Name] = nil
	m, err := c.ledger.marker(ctx, ref)
	if err != nil {
		return nil, c.blame("marker", ref.Name, err)
	}
	c.markers[ref.Name] = &m
	return &m, nil
}

// part reports whether a part is there, has the hash it is named by, and holds
// the blocks that its directory says.
func (c *checker) part(ctx context.Context, ref Ref) (*part, error) {
	rated := c.ledger.buckets.Rated
	sound, seen := c.parts[ref.Name]
	if seen && !sound {
		return nil, nil
	}
	if !seen {
		c.parts[ref.Name] = false
	}
	p, err := openPart(ctx, rated, ref)
	if err != nil {
		return nil, c.blame("part", ref.Name, err)
	}
	if !seen {
		p.ahead = &readAhead{bucket: rated, ref: ref, most: leastAhead}
		defer func() { p.ahead = nil }()
		for _, b := range p.dir.Blocks {
			each := func() error { return p.rows(ctx, b, func(string) error { return nil }) }
			if b.Kind == call.IdentityBlock {
				each = func() error { return p.identities(ctx, b, func(call.Identity) error { return nil }) }
			}
			if err := each(); err != nil {
				return nil, c.blame("part", ref.Name, err)
			}
		}
		c.parts[ref.Name] = true
	}
	return p, nil
}
