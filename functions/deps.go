// Package functions lists the functions that Tollbook is deployed as: All, the
// manifest that says what calls each, and what they are made of.
package functions

import (
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/tollbook/tollbook/functions/portal"
	"github.com/tollbook/tollbook/infra"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/mail"
	"github.com/tollbook/tollbook/shared/objects"
)

// Stores are where an installation keeps everything.
type Stores struct {
	Docs    documents.Store // opened with Model
	Buckets objects.Buckets
	Orders  map[string]objects.Bucket // work orders, by function: those of Manifest.OrderFunctions
	Slice   int64                     // bytes of a file above which it is rated in slices; 0: ledger.DefaultSlice
}

// Bucket returns a bucket by the name that the manifest gives it.
func (s Stores) Bucket(name string) (objects.Bucket, error) {
	switch name {
	case "decks":
		return s.Buckets.Decks, nil
	case "cdrs":
		return s.Buckets.CDRs, nil
	}
	if len(name) > len(OrdersBucket) && name[:len(OrdersBucket)] == OrdersBucket {
		if b := s.Orders[name[len(OrdersBucket):]]; b != nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("no bucket %q calls a function: want decks, cdrs, or %s and a function that takes orders", name, OrdersBucket)
}

// Deps are what the functions are made of.
type Deps struct {
	Stores
	Events events.Config // of the functions that events call; Timeout is the manifest's
	// BucketPrefix is what an installation's buckets are named with in events.
	BucketPrefix string
	// PublicURL is where people reach the portal; empty: on this machine only.
	PublicURL string
	// Mail sends messages; nil: mail is not set up.
	Mail mail.Sender
	// Now is the clock that people's wishes are noted by; nil: the machine's.
	// What events bring about goes by the events.
	Now func() time.Time
}

// Function is one function as it is deployed.
type Function struct {
	Name string // as in the manifest
	New  func(Deps) (http.Handler, error)
}

// Model is every collection and query of an installation.
func Model() documents.Model {
	return ledger.Model().With(catalog.Model(), jobs.Model(), portal.Model())
}

// LoadManifest returns the manifest that this code is deployed by.
func LoadManifest() (Manifest, error) { return ParseManifest(infra.Functions) }

// OpenFolders opens the embedded stores of an installation in a folder: one
// file of documents, and a folder for each bucket. One process at a time holds
// them: another gets documents.ErrTransient.
func OpenFolders(dir string, m Manifest, options ...objects.Option) (_ Stores, err error) {
	s := Stores{Orders: map[string]objects.Bucket{}}
	if s.Buckets, err = objects.OpenFolders(dir, options...); err != nil {
		return Stores{}, err
	}
	for _, name := range m.OrderFunctions() {
		if s.Orders[name], err = objects.OpenFolder(filepath.Join(dir, OrdersBucket+name), options...); err != nil {
			return Stores{}, fmt.Errorf("open bucket %s%s: %w", OrdersBucket, name, err)
		}
	}
	if s.Docs, err = documents.OpenBolt(filepath.Join(dir, "documents.db"), Model()); err != nil {
		return Stores{}, fmt.Errorf("opening the documents: %w", err)
	}
	return s, nil
}
