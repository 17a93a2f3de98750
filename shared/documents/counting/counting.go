// Package counting counts what a documents.Store is asked to do: for tests that
// hold a cost to its bound.
package counting

import (
	"context"
	"sync/atomic"

	"github.com/tollbook/tollbook/shared/documents"
)

// Store counts the documents that are read and written through it, as a bill
// for them would: missing ones too, a query's at least once, whatever the call
// came to. A transaction that runs again counts again. Count, Export and Import
// are not counted. It is safe for concurrent use.
type Store struct {
	documents.Store
	tally *tally
}

type tally struct{ reads, writes atomic.Int64 }

// New returns a store that counts what it passes on.
func New(store documents.Store) *Store { return &Store{store, &tally{}} }

// Reads returns how many documents were read so far.
func (s *Store) Reads() int64 { return s.tally.reads.Load() }

// Writes returns how many documents were created, replaced or deleted so far.
func (s *Store) Writes() int64 { return s.tally.writes.Load() }

// Operations returns the sum of Reads and Writes.
func (s *Store) Operations() int64 { return s.Reads() + s.Writes() }

// Get counts one read.
func (s *Store) Get(ctx context.Context, p documents.Path) (documents.Doc, error) {
	s.tally.reads.Add(1)
	return s.Store.Get(ctx, p)
}

// GetMany counts a read for each path.
func (s *Store) GetMany(ctx context.Context, ps []documents.Path) ([]documents.Doc, error) {
	s.tally.reads.Add(int64(len(ps)))
	return s.Store.GetMany(ctx, ps)
}

// Create counts one write.
func (s *Store) Create(ctx context.Context, p documents.Path, f documents.Fields) (documents.Version, error) {
	s.tally.writes.Add(1)
	return s.Store.Create(ctx, p, f)
}

// Replace counts one write.
func (s *Store) Replace(ctx context.Context, p documents.Path, f documents.Fields, v documents.Version) (documents.Version, error) {
	s.tally.writes.Add(1)
	return s.Store.Replace(ctx, p, f, v)
}

// Delete counts one write.
func (s *Store) Delete(ctx context.Context, p documents.Path, v documents.Version) error {
	s.tally.writes.Add(1)
	return s.Store.Delete(ctx, p, v)
}

// Query counts the documents of the page, and an empty page as one read.
func (s *Store) Query(ctx context.Context, q documents.Query) (documents.Page, error) {
	page, err := s.Store.Query(ctx, q)
	s.tally.reads.Add(int64(max(len(page.Docs), 1)))
	return page, err
}

// BulkCreate counts a write for each document.
func (s *Store) BulkCreate(ctx context.Context, docs []documents.Doc) error {
	s.tally.writes.Add(int64(len(docs)))
	return s.Store.BulkCreate(ctx, docs)
}

// RunTx counts the reads and writes of the transaction.
func (s *Store) RunTx(ctx context.Context, f func(context.Context, documents.Tx) error) error {
	return s.Store.RunTx(ctx, func(ctx context.Context, tx documents.Tx) error { return f(ctx, counted{tx, s.tally}) })
}

// Namespace returns a view whose operations count here, too.
func (s *Store) Namespace(name string) documents.Store {
	return &Store{s.Store.Namespace(name), s.tally}
}

type counted struct {
	documents.Tx
	tally *tally
}

func (t counted) Get(p documents.Path) (documents.Doc, error) {
	t.tally.reads.Add(1)
	return t.Tx.Get(p)
}

func (t counted) GetMany(ps []documents.Path) ([]documents.Doc, error) {
	t.tally.reads.Add(int64(len(ps)))
	return t.Tx.GetMany(ps)
}

func (t counted) Create(p documents.Path, f documents.Fields) error {
	t.tally.writes.Add(1)
	return t.Tx.Create(p, f)
}

func (t counted) Put(p documents.Path, f documents.Fields) error {
	t.tally.writes.Add(1)
	return t.Tx.Put(p, f)
}

func (t counted) Delete(p documents.Path) error {
	t.tally.writes.Add(1)
	return t.Tx.Delete(p)
}
