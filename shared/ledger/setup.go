package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// headBook stands for what a book is made of: every write to it bumps the
// count in its own transaction and forgets the book, so one read tells whether
// there is a book of it as it is now.
var headBook = documents.Path{Collection: "heads", ID: "book"}

type bookHead struct {
	Version int64 `doc:"version"`
	Book    Ref   `doc:"book,omitempty"` // made of this version; none yet after a change
	// Rules are those of the book: code of other rules makes another of the same
	// documents.
	Rules string `doc:"rules,omitempty"`
	// Cycles are those of the book, so that none has to be opened to know them.
	Cycles []book.Cycle `doc:"cycles,omitempty"`
	// Directory is made of the numbers as they are; none yet after a change of
	// these, which Numbers counts.
	Directory Ref   `doc:"directory,omitempty"`
	Numbers   int64 `doc:"numbers,omitempty"`
	CallTypes int64 `doc:"call_types,omitempty"` // counts the changes of call types
	Resellers int64 `doc:"resellers,omitempty"`  // counts the changes of accounts that are below others
}

// Setup is what a book is made of, as a person or an import gives it.
type Setup struct {
	Cycles      []book.Cycle
	Accounts    []book.Account
	Cards       []book.Card
	Assignments []book.Assignment
	CallTypes   []book.CallType
	Fallbacks   []book.Fallback
	Plans       []bundle.Plan
	Features    []bundle.Feature
	Feeds       []book.Feed
	Numbers     []book.Number
	NumberLists []NumberList
	Revisions   []ratecard.Revision // heads; what a card's log may make live
}

type setupDoc struct {
	path  documents.Path
	value any
}

func (s Setup) docs() []setupDoc {
	var out []setupDoc
	add := func(collection string, value any, id ...string) {
		out = append(out, setupDoc{documents.Path{Collection: collection, ID: documents.ID(id...)}, value})
	}
	for _, v := range s.Cycles {
		add("cycles", v, v.ID)
	}
	for _, v := range s.Accounts {
		add("accounts", v, v.ID)
	}
	for _, v := range s.Cards {
		add("cards", v, v.ID)
	}
	for _, v := range s.Assignments {
		out = append(out, setupDoc{AssignmentPath(v), v})
	}
	for _, v := range s.CallTypes {
		add("call_types", v, v.ID)
	}
	for _, v := range s.Fallbacks {
		out = append(out, setupDoc{FallbackPath(v), v})
	}
	for _, v := range s.Plans {
		add("plans", v, v.ID)
	}
	for _, v := range s.Features {
		add("features", v, v.Account, v.ID)
	}
	for _, v := range s.Feeds {
		add("feeds", v, v.Source.ID)
	}
	for _, v := range s.Numbers {
		out = append(out, setupDoc{NumberPath(v), v})
	}
	for _, v := range s.NumberLists {
		out = append(out, setupDoc{numberListPath(v.ID), v})
	}
	for _, v := range s.Revisions {
		add("revisions", v, v.Card, strconv.Itoa(v.Number))
	}
	return out
}

// AssignmentPath is where an assignment is kept: under what it is for.
func AssignmentPath(v book.Assignment) documents.Path {
	id := []string{v.Account, v.From.String()}
	if v.Number != "" || v.Class != "" || v.Direction != "" {
		id = append(id, v.Number, v.Class, string(v.Direction))
	}
	return documents.Path{Collection: "assignments", ID: documents.ID(id...)}
}

// FallbackPath is where a fallback is kept: under what it is for.
func FallbackPath(v book.Fallback) documents.Path {
	return documents.Path{Collection: "fallbacks", ID: documents.ID(v.Currency, v.From.String(), v.Class, string(v.Direction))}
}

// setupChunk leaves room for the head in a transaction's writes.
const setupChunk = documents.MaxTxWrites - 1

// Apply writes a setup: what is new is created, what differs is replaced, what
// is equal is left, so it can be repeated. It is not one transaction: each
// chunk is, with its bump of the book.
func (l *Ledger) Apply(ctx context.Context, s Setup) error {
	for chunk := range slices.Chunk(s.docs(), setupChunk) {
		err := l.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
			return applyChunk(tx, chunk)
		})
		if err != nil {
			return fmt.Errorf("writing the setup: %w", err)
		}
	}
	return nil
}

func applyChunk(tx documents.Tx, chunk []setupDoc) error {
	var paths []documents.Path
	for _, d := range chunk {
		paths = append(paths, d.path)
	}
	change, _, err := ChangeParts(tx)
	if err != nil {
		return err
	}
	found, err := tx.GetMany(paths)
	if err != nil {
		return err
	}
	changed, parts := false, Parts{}
	for i, d := range chunk {
		fields, err := documents.Encode(d.value)
		if err != nil {
			return fmt.Errorf("%s %s: %w", d.path.Collection, d.path.ID, err)
		}
		switch old := found[i]; {
		case !old.Exists():
			err = tx.Create(d.path, fields)
		case reflect.DeepEqual(old.Fields, fields):
			continue
		default:
			err = tx.Put(d.path, fields)
		}
		if err != nil {
			return err
		}
		changed = true
		parts.Numbers = parts.Numbers || d.path.Collection == "numbers" || d.path.Collection == "number_lists"
		parts.CallTypes = parts.CallTypes || d.path.Collection == "call_types"
		account, ok := d.value.(book.Account)
		parts.Resellers = parts.Resellers || ok && account.Parent != ""
	}
	if !changed {
		return nil
	}
	return change(parts)
}

// ChangeBook begins a write to what a book is made of: it reads the book's
// head, and the function it returns writes the head's new version. Every such
// write calls both in its own transaction, the first before it writes, so that
// no batch is planned with a book that is no longer so.
func ChangeBook(tx documents.Tx) (change func() error, err error) {
	write, _, err := ChangeParts(tx)
	return func() error { return write(Parts{}) }, err
}

// Parts of a book that are checked as a whole before one of them is written.
type Parts struct{ Numbers, CallTypes, Resellers bool }

// Versions tell whether any of such a part was written.
type Versions struct{ Numbers, CallTypes, Resellers int64 }

// Versions returns those of the book as it is now.
func (l *Ledger) Versions(ctx context.Context) (Versions, error) {
	var head bookHead
	if _, err := l.get(ctx, headBook, &head); err != nil && !errors.Is(err, documents.ErrNotFound) {
		return Versions{}, err
	}
	return head.versions(), nil
}

// ChangeParts is ChangeBook for writes to such parts: change is told to which,
// and at is what they are as they are found.
func ChangeParts(tx documents.Tx) (change func(Parts) error, at Versions, err error) {
	found, err := tx.GetMany([]documents.Path{headBook})
	if err != nil {
		return nil, at, err
	}
	var head bookHead
	if found[0].Exists() {
		if err := found[0].Fields.Decode(&head); err != nil {
			return nil, at, fmt.Errorf("the head of the book: %w: %w", ErrDamaged, err)
		}
	}
	return func(parts Parts) error {
		next := bookHead{Version: head.Version + 1, Directory: head.Directory, Numbers: head.Numbers, CallTypes: head.CallTypes, Resellers: head.Resellers}
		if parts.Numbers {
			next.Directory, next.Numbers = Ref{}, head.Numbers+1
		}
		if parts.CallTypes {
			next.CallTypes++
		}
		if parts.Resellers {
			next.Resellers++
		}
		if found[0].Exists() {
			return putDoc(tx, headBook, next)
		}
		return createDoc(tx, headBook, next)
	}, head.versions(), nil
}

func (h *bookHead) versions() Versions { return Versions{h.Numbers, h.CallTypes, h.Resellers} }

// pinBook returns the book as it is now, as an immutable object: made on the
// first call after a change, and named by the head on every later one.
func (l *Ledger) pinBook(ctx context.Context) (Ref, error) {
	head, err := l.pinned(ctx)
	return head.Book, err
}

// pinBookZones returns the book as it is now, and the zones of its cycles.
func (l *Ledger) pinBookZones(ctx context.Context) (Ref, zones, error) {
	head, err := l.pinned(ctx)
	if err != nil {
		return Ref{}, nil, err
	}
	z, err := zonesOf(head.Cycles)
	return head.Book, z, err
}

func (l *Ledger) pinned(ctx context.Context) (bookHead, error) {
	for range maxConflicts {
		var head bookHead
		version, err := l.get(ctx, headBook, &head)
		if err != nil && !errors.Is(err, documents.ErrNotFound) {
			return bookHead{}, err
		}
		if !head.Book.IsZero() && head.Rules == book.RuleVersion && len(head.Cycles) > 0 { // a book without cycles bills nobody
			return head, nil
		}
		b, err := l.readBook(ctx)
		if err != nil {
			return bookHead{}, err
		}
		if head.Directory.IsZero() {
			if head.Directory, err = l.pinDirectory(ctx); err != nil {
				return bookHead{}, err
			}
		}
		b.Directory = head.Directory.Name
		data, err := b.Encode()
		if err != nil {
			return bookHead{}, err
		}
		if head.Book, err = put(ctx, l.buckets.Rated, "books", data); err != nil {
			return bookHead{}, err
		}
		head.Cycles, head.Rules = b.Cycles, b.Rules
		err = l.publish(ctx, headBook, head, version)
		if errors.Is(err, documents.ErrConflict) || errors.Is(err, documents.ErrExists) {
			continue // it changed while it was read: that was no book
		}
		if err != nil {
			return bookHead{}, fmt.Errorf("pinning the book: %w", err)
		}
		return head, nil
	}
	return bookHead{}, fmt.Errorf("pinning the book: %w", documents.ErrConflict)
}

// readBook makes a book of the documents, without its directory.
func (l *Ledger) readBook(ctx context.Context) (*book.Book, error) {
	b := &book.Book{Rules: book.RuleVersion}
	for _, err := range []error{
		readAll(ctx, l, "cycles", &b.Cycles), readAll(ctx, l, "accounts", &b.Accounts), readAll(ctx, l, "cards", &b.Cards),
		readAll(ctx, l, "assignments", &b.Assignments), readAll(ctx, l, "plans", &b.Plans),
		readAll(ctx, l, "call_types", &b.CallTypes), readAll(ctx, l, "fallbacks", &b.Fallbacks),
		readAll(ctx, l, "features", &b.Features), readAll(ctx, l, "feeds", &b.Feeds),
	} {
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

func readAll[T any](ctx context.Context, l *Ledger, collection string, out *[]T) error {
	*out = []T{}
	return l.query(ctx, documents.Query{Name: collection + "_all"}, func(d documents.Doc) error {
		var v T
		if err := d.Fields.Decode(&v); err != nil {
			return fmt.Errorf("%s/%s: %w: %w", d.Path.Collection, d.Path.ID, ErrDamaged, err)
		}
		*out = append(*out, v)
		return nil
	})
}

// openBook loads a pinned book and indexes it.
func (l *Ledger) openBook(ctx context.Context, ref Ref) (*book.Index, error) {
	b, err := l.loadBook(ctx, ref)
	if err != nil {
		return nil, err
	}
	return book.NewIndex(b)
}

func (l *Ledger) loadBook(ctx context.Context, ref Ref) (*book.Book, error) {
	data, err := loadHashed(ctx, l.buckets.Rated, ref)
	if err != nil {
		return nil, err
	}
	b, err := book.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", ref.Name, ErrDamaged, err)
	}
	return b, nil
}

// sortedKeys returns a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
