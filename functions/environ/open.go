package environ

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/idtoken"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/documents/firestoredb"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/mail"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/objects/gcs"
)

// openTime bounds how long the buckets may take to answer at the start.
const openTime = 30 * time.Second

// Open opens what functions are made of. The clients that it makes live until
// the returned function closes them, not until ctx ends. Embedded stores that
// another process holds are documents.ErrTransient.
func Open(ctx context.Context, c Config) (functions.Deps, func() error, error) {
	var closers []func() error
	closeAll := func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
	deps, err := open(ctx, c, &closers)
	if err != nil {
		return functions.Deps{}, nil, errors.Join(err, closeAll())
	}
	return deps, closeAll, nil
}

func open(ctx context.Context, c Config, closers *[]func() error) (functions.Deps, error) {
	to := c.LogTo
	if to == nil {
		to = os.Stderr
	}
	deps := functions.Deps{
		Events:       events.Config{Verifier: events.Open{}, Log: NewLogger(to, c.Level)},
		BucketPrefix: c.Buckets,
		PublicURL:    c.PublicURL,
	}
	if c.Mail.Set() {
		sender, err := mail.NewSMTP(c.Mail)
		if err != nil {
			return deps, err
		}
		deps.Mail = sender
	}
	manifest, err := functions.LoadManifest()
	if err != nil {
		return deps, err
	}
	if c.Audience != "" {
		// The validator keeps the context: a request's would end its fetching of keys.
		validator, err := idtoken.NewValidator(context.WithoutCancel(ctx))
		if err != nil {
			return deps, fmt.Errorf("making the validator of callers' tokens: %w", err)
		}
		if deps.Events.Verifier, err = events.NewOIDC(validator, c.Audience, c.Callers...); err != nil {
			return deps, err
		}
	}
	if c.Data != "" {
		var options []objects.Option
		if c.Watched {
			options = append(options, objects.ListTaken())
		}
		if deps.Stores, err = functions.OpenFolders(c.Data, manifest, options...); err != nil {
			return deps, fmt.Errorf("opening the installation in %s: %w", c.Data, err)
		}
	} else if deps.Stores, err = openCloud(ctx, c, manifest, closers); err != nil {
		return deps, fmt.Errorf("opening the installation in project %s: %w", c.Project, err)
	}
	*closers = append(*closers, deps.Docs.Close)
	deps.Events.Log.LogAttrs(ctx, slog.LevelDebug, "stores are open", slog.String("data", c.Data), slog.String("project", c.Project))
	return deps, nil
}

func openCloud(ctx context.Context, c Config, m functions.Manifest, closers *[]func() error) (functions.Stores, error) {
	s := functions.Stores{Orders: map[string]objects.Bucket{}}
	lasting := context.WithoutCancel(ctx)
	client, err := storage.NewClient(lasting)
	if err != nil {
		return s, fmt.Errorf("making the client of Cloud Storage: %w", err)
	}
	*closers = append(*closers, client.Close)
	short, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if s.Buckets, err = gcs.OpenBuckets(short, client, c.Buckets, gcs.Options{}); err != nil {
		return s, err
	}
	for _, name := range m.OrderFunctions() {
		s.Orders[name] = gcs.Open(client, c.Buckets+functions.OrdersBucket+name, gcs.Options{})
	}
	s.Docs, err = firestoredb.Open(lasting, c.Project, functions.Model(), firestoredb.Database(c.Database), firestoredb.Emulator(c.Firestore))
	return s, err
}
