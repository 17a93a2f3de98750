// Package documents is the document model: small, few, transactional. Store is
// narrow on purpose: what it contains, Firestore and an embedded file can both
// do exactly alike, and one exported suite (storetest) holds them to it.
//
// It contains no listeners, increments, server timestamps, partial updates,
// OR, IN, inequality other than one range, offsets, collection groups or
// floats.
package documents

import (
	"context"
	"errors"
	"io"
)

// The errors that a Store returns, wrapped with what was being done.
var (
	ErrNotFound = errors.New("document not found")
	ErrExists   = errors.New("document exists")
	// ErrConflict: the version given is not the one stored.
	ErrConflict = errors.New("document has changed")
	// ErrCommitUnknown: a write may or may not have happened. Every
	// transaction is written so that it can be repeated.
	ErrCommitUnknown = errors.New("not known whether the write was committed")
	// ErrTransient: nothing was written; try again.
	ErrTransient = errors.New("store is not available right now")
	// ErrInvalid: the call breaks a rule of the store (a bad path, a float, an
	// undeclared query, a write before a read); a repeat will fail again.
	ErrInvalid = errors.New("invalid store call")
)

// The limits that every implementation enforces.
const (
	MaxGetMany  = 300     // documents of one GetMany
	MaxTxWrites = 100     // writes of one transaction
	MaxTxBytes  = 4 << 20 // encoded bytes written by one transaction
	MaxDocument = 1 << 20 // encoded bytes of one document
	MaxPage     = 1000    // documents of one page of a query
)

// Path names a document: Collection is one of the model's, ID is made by ID().
type Path struct{ Collection, ID string }

// Version is what a store says a document's state is; compare for equality.
type Version string

// Fields is a document's content. Values are string, int64, bool, time.Time
// (rounded to µs, UTC), []byte, []any and map[string]any of the same, or nil.
type Fields map[string]any

// Doc is a document as stored.
type Doc struct {
	Path    Path
	Version Version // empty: the document does not exist (GetMany only)
	Fields  Fields
}

// Exists reports whether the document was found.
func (d Doc) Exists() bool { return d.Version != "" }

// Query asks for the documents of a declared query (see Declare) in the order
// of its range field, then of their ids.
type Query struct {
	Name   string         // of the declaration
	Equal  map[string]any // a value for every equality field of the declaration
	From   any            // lowest value of the range field, inclusive; nil = open
	To     any            // highest value of the range field, exclusive; nil = open
	Limit  int            // 1 to MaxPage
	Cursor string         // of the page before; empty = the first page
}

// Page is a part of a query's answer.
type Page struct {
	Docs   []Doc
	Cursor string // empty on the last page
}

// Store keeps documents. It is safe for concurrent use.
type Store interface {
	Get(ctx context.Context, p Path) (Doc, error)
	// GetMany returns a Doc per path, in order; missing ones have no Version.
	GetMany(ctx context.Context, ps []Path) ([]Doc, error)
	// Create writes a document that must not exist: ErrExists is the
	// primitive that makes a step happen once.
	Create(ctx context.Context, p Path, f Fields) (Version, error)
	// Replace writes the whole document if its version is v.
	Replace(ctx context.Context, p Path, f Fields, v Version) (Version, error)
	// Delete removes the document if its version is v.
	Delete(ctx context.Context, p Path, v Version) error
	Query(ctx context.Context, q Query) (Page, error)
	// Count counts what Query would return, ignoring Limit and Cursor.
	Count(ctx context.Context, q Query) (int64, error)
	// RunTx runs f in a transaction. f may run more than once, reads before it
	// writes, and does no other I/O. An error from f aborts and is returned.
	RunTx(ctx context.Context, f func(ctx context.Context, tx Tx) error) error
	// BulkCreate creates documents, not atomically; one that exists is left as
	// it is, so the call can be repeated.
	BulkCreate(ctx context.Context, docs []Doc) error
	// Export writes every document as one JSON line, sorted by path; Import
	// creates them again (existing ones are an error).
	Export(ctx context.Context, w io.Writer) error
	Import(ctx context.Context, r io.Reader) error
	// Namespace returns a view whose documents are apart from all others.
	Namespace(name string) Store
	Close() error
}

// Tx is a transaction: consistent reads first, then writes, all or nothing.
type Tx interface {
	Get(p Path) (Doc, error)
	GetMany(ps []Path) ([]Doc, error)
	Create(p Path, f Fields) error
	// Put replaces a document that this transaction has read and found.
	Put(p Path, f Fields) error
	// Delete removes a document that this transaction has read and found.
	Delete(p Path) error
}
