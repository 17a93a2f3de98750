// Package objects is object storage: immutable bytes under names, pinned by
// generation. Bucket is narrow on purpose: Cloud Storage, a folder and memory
// can all do it exactly alike, and one exported suite (buckettest) holds them
// to it.
package objects

import (
	"context"
	"errors"
	"io"
	"time"
)

// The errors that a Bucket returns, wrapped with what was being done.
var (
	// ErrNotFound: no such object. A refused access is never reported as this.
	ErrNotFound = errors.New("object not found")
	// ErrLost: the generation that was pinned is gone, though it was known.
	ErrLost = errors.New("pinned generation is lost")
	// ErrExists: Create found an object under that name.
	ErrExists = errors.New("object exists")
	// ErrDenied: the caller may not do this.
	ErrDenied = errors.New("access to object denied")
	// ErrTransient: nothing was done, or a Create may have been done; every
	// Create is of bytes that its name determines, so it can be repeated.
	ErrTransient = errors.New("object storage is not available right now")
	// ErrInvalid: the call breaks a rule (a bad name, a negative range).
	ErrInvalid = errors.New("invalid object call")
)

// MaxName is the longest object name in bytes.
const MaxName = 1024

// Info describes one generation of an object.
type Info struct {
	Name       string
	Generation string // opaque; pins the bytes
	Size       int64
}

// Bucket keeps objects. It is safe for concurrent use.
//
// Names are UTF-8, at most MaxName bytes, of parts joined by "/"; no part is
// empty, "." or "..", starts with ".tmp" or ".gen", or holds a control byte.
type Bucket interface {
	// Stat returns the live generation of an object.
	Stat(ctx context.Context, name string) (Info, error)
	// OpenRange reads length bytes (-1: to the end) of a generation from an
	// offset. A range beyond the end is cut, not an error.
	OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error)
	// Create writes an object that must not exist: exactly one of several
	// creators wins, the others get ErrExists. If content fails, nothing is
	// created and its error is returned.
	Create(ctx context.Context, name string, content io.Reader) (Info, error)
	// List returns objects whose names start with prefix, sorted by name, after
	// the name given (empty: from the start), at most limit (1 to 1000).
	List(ctx context.Context, prefix, after string, limit int) ([]Info, error)
	// Delete removes an object if its live generation is the one given; one
	// that is not there is not an error.
	Delete(ctx context.Context, name, generation string) error
}

// Hasher knows the content of an object by its generation. Only some buckets
// are one.
type Hasher interface {
	// ContentHash returns the SHA-256 of a generation's bytes, in hex; empty: the
	// bucket does not know it.
	ContentHash(generation string) string
}

// Upload is a form with which a browser uploads one file: a POST in
// multipart/form-data of every field, then of the file in a field "file".
type Upload struct {
	URL    string
	Fields map[string]string
}

// Uploader lets others create an object without access of their own. Only some
// buckets are one.
type Uploader interface {
	// SignedUpload returns a form that takes a file of min to max bytes as the
	// object of that name, until it expires. It is no Create: one who has the
	// form can send it again and so replace the object; each gets a generation.
	SignedUpload(ctx context.Context, name string, min, max int64, expires time.Time) (Upload, error)
}
