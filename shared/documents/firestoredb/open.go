// Package firestoredb is documents.Store on Google's Firestore, over the
// protocol client of cloud.google.com/go/firestore: the client above it cannot
// replace a whole document under a precondition, and repeats a commit whose
// answer was lost, so that a Create would report its own document as another's.
//
// A document of the collection c is at c/<id>; in the namespace n at
// _namespaces/n/c/<id>, and so on inwards. Its version is its update time.
package firestoredb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	apiv1 "cloud.google.com/go/firestore/apiv1"
	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

const (
	// namespaces is no collection of a model: those start with a letter or digit.
	namespaces = "_namespaces"

	// attempts bounds how often a write is made that loses against others; with
	// the pauses between them it gives up after about six seconds.
	attempts   = 10
	firstPause = 20 * time.Millisecond
	lastPause  = 2 * time.Second
)

// store is a namespace of a database.
type store struct {
	*database
	documents.Scope
	parent string // of the collections: the name of the database's root or of a namespace
	view   bool   // made by Namespace: Close leaves the client open
}

type database struct {
	client *apiv1.Client
	name   string
	pause  func(ctx context.Context, n int) error
}

// Option is an option of Open.
type Option func(*options)

type options struct {
	database string
	client   []option.ClientOption
	pause    func(ctx context.Context, n int) error
}

// Database names the database; without it, it is "(default)".
func Database(id string) Option { return func(o *options) { o.database = id } }

// Emulator connects to a Firestore emulator at host:port, without TLS and as
// its owner. An empty address leaves the connection to the service.
func Emulator(address string) Option {
	return func(o *options) {
		if address == "" {
			return
		}
		o.client = append(o.client, option.WithEndpoint(address), option.WithoutAuthentication(),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
			option.WithGRPCDialOption(grpc.WithPerRPCCredentials(owner{})))
	}
}

// ClientOptions are handed to the protocol client: credentials, interceptors.
func ClientOptions(opts ...option.ClientOption) Option {
	return func(o *options) { o.client = append(o.client, opts...) }
}

// Pause replaces the wait before the n-th repetition (1, 2, …) of a write that
// lost against another. Its error ends the call.
func Pause(pause func(ctx context.Context, n int) error) Option {
	return func(o *options) { o.pause = pause }
}

// owner is what the emulator takes for an administrator.
type owner struct{}

func (owner) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer owner"}, nil
}

func (owner) RequireTransportSecurity() bool { return false }

// Open connects to a Firestore database of the project. It makes no call: a
// wrong project or a missing right shows at the first one. Close disconnects.
func Open(ctx context.Context, projectID string, model documents.Model, opts ...Option) (documents.Store, error) {
	o := options{database: "(default)", pause: backoff}
	for _, opt := range opts {
		opt(&o)
	}
	name := "projects/" + projectID + "/databases/" + o.database
	scope, err := documents.NewScope(model)
	if err == nil && (projectID == "" || o.database == "") {
		err = fmt.Errorf("%w: want a project and a database", documents.ErrInvalid)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	client, err := apiv1.NewClient(ctx, o.client...)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	// The client repeats a commit by itself when the connection breaks, and the
	// repetition then meets what the first one may have written.
	client.CallOptions.Commit, client.CallOptions.BatchWrite = nil, nil
	db := &database{client: client, name: name, pause: o.pause}
	return &store{database: db, Scope: scope, parent: name + "/documents"}, nil
}

func (s *store) Namespace(name string) documents.Store {
	return &store{
		database: s.database, Scope: s.Scope.Namespace(name),
		parent: s.parent + "/" + namespaces + "/" + name, view: true,
	}
}

// Close ends running calls and disconnects. Close of a namespace does nothing:
// whoever opened the store closes it.
func (s *store) Close() error {
	if s.view {
		return nil
	}
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close %s: %w", s.database.name, err)
	}
	return nil
}

// begin is the first thing that every call does. It returns the context for
// the client, which names the database for routing.
func (s *store) begin(ctx context.Context) (context.Context, error) {
	if err := s.Check(ctx); err != nil {
		return nil, err
	}
	return metadata.AppendToOutgoingContext(ctx, "google-cloud-resource-prefix", s.database.name), nil
}

// repeat calls f again, a bounded number of times, while it loses against
// other writers: nothing of what it did is then kept.
func (db *database) repeat(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if !errors.Is(err, errContention) || n == attempts {
			return err
		}
		if stop := db.pause(ctx, n); stop != nil {
			return fmt.Errorf("%w, while waiting to repeat: %w", stop, err)
		}
	}
}

// backoff waits a time that doubles with n, half of it by chance so that those
// who met once do not meet again.
func backoff(ctx context.Context, n int) error {
	most := min(firstPause<<(n-1), lastPause)
	timer := time.NewTimer(most/2 + rand.N(most/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
