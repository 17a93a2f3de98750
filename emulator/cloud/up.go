package cloud

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tollbook/tollbook/emulator/local"
	"github.com/tollbook/tollbook/emulator/sample"
	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/mail"
	"github.com/tollbook/tollbook/shared/objects"
)

// defaultData is where up keeps an installation.
const defaultData = "out/cloud"

// upArgs is a command line of up.
type upArgs struct {
	data, listen      string
	duplicates        int
	project, database string // of Firestore; empty: embedded documents
	buckets           string // prefix in Cloud Storage; empty: folders
	sample            bool
	begin             time.Time // of a new installation's clock; zero: now
}

func parseUp(args []string, stderr io.Writer) (upArgs, error) {
	var a upArgs
	var firestore, begin string
	f := flag.NewFlagSet("up", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&a.data, "data", defaultData, "the `folder` of the installation: its buckets, its documents and the clock")
	f.StringVar(&a.listen, "listen", "127.0.0.1:8080", "loopback `address` to serve on; port 0: any free one")
	f.IntVar(&a.duplicates, "duplicates", 0, "`percent` of events that are delivered twice, as a platform may")
	f.StringVar(&firestore, "firestore", "", "keep documents in Firestore: `project[/database]`; FIRESTORE_EMULATOR_HOST is respected; goes with --gcs")
	f.StringVar(&a.buckets, "gcs", "", "keep objects in Cloud Storage, in buckets whose names begin with `prefix`; STORAGE_EMULATOR_HOST is respected; goes with --firestore")
	f.BoolVar(&a.sample, "sample", false, "set an empty installation up for the sample, and drop its deck and records")
	f.StringVar(&begin, "begin", "", "`instant` at which the clock of a new installation begins: a date (its 00:00 UTC) or as 2026-11-20T08:00:00Z; default now")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return a, err
		}
		return a, &refusal{err}
	}
	if begin != "" {
		var err error
		if a.begin, err = local.ParseInstant(begin); err != nil {
			return a, refuse("--begin %w", err)
		}
	}
	a.project, a.database, _ = strings.Cut(firestore, "/")
	switch {
	case f.NArg() > 0:
		return a, refuse("unexpected %q: every option has a name, see up -h", f.Arg(0))
	case a.data == "":
		return a, refuse("--data is empty, see up -h")
	case a.duplicates < 0 || a.duplicates > 100:
		return a, refuse("--duplicates %d: want 0 to 100 percent", a.duplicates)
	case (a.project == "") != (a.buckets == ""):
		return a, refuse("--firestore and --gcs go together: want both or neither")
	}
	return a, nil
}

// environment is what the functions are to run on.
func (a upArgs) environment(log io.Writer) environ.Config {
	if a.project == "" {
		return environ.Config{Data: a.data, LogTo: log, Watched: true} // the sweeper is not to take what is still being written
	}
	database := a.database
	if database == "" {
		database = "(default)"
	}
	return environ.Config{
		Project: a.project, Database: database, Buckets: a.buckets, Firestore: os.Getenv("FIRESTORE_EMULATOR_HOST"), LogTo: log,
	}
}

// bucket says where a person finds a bucket.
func (a upArgs) bucket(name string) string {
	if a.buckets != "" {
		return "gs://" + a.buckets + name
	}
	return filepath.Join(a.data, name)
}

// runUp runs an installation on this machine until ctx ends.
func runUp(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	a, err := parseUp(args, stderr)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	manifest, err := functions.LoadManifest()
	if err != nil {
		return err
	}
	deps, closeStores, err := environ.Open(ctx, a.environment(stderr))
	if err != nil {
		return a.inUse(err)
	}
	defer func() { err = errors.Join(err, closeStores()) }()
	if a.project == "" {
		deps.Mail = mail.NewOutbox(filepath.Join(a.data, "outbox"))
	}
	if a.sample {
		if err := setUpSample(ctx, deps.Stores); err != nil {
			return err
		}
	}
	if a.buckets == "" {
		if err := makeFolders(ctx, a.data, deps.Catalog()); err != nil {
			return err
		}
	}
	c, err := local.New(local.Config{
		Manifest: manifest, Functions: functions.All(), Deps: deps, DataDir: a.data, Begin: a.begin, Listen: a.listen, Log: deps.Events.Log,
		Knobs: local.Knobs{Duplicates: a.duplicates},
	})
	if err != nil {
		return a.inUse(err)
	}
	_, err = fmt.Fprintf(stdout, `Tollbook is up at %s: what came in, what became of it, the months and their invoices
  decks    drop a carrier's rate decks into %s/<card>/
  records  drop call records into %s/<feed>/
  clock    go run ./emulator clock --data %s --to 2026-12-31 moves the clock on
`, c.URL(), a.bucket("decks"), a.bucket("cdrs"), a.data)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	dropped := make(chan error, 1)
	go func() {
		var err error
		if a.sample {
			err = dropSample(ctx, c, deps.Stores)
		}
		if err != nil {
			stop()
		}
		dropped <- err
	}()
	if err != nil {
		stop()
	}
	err = errors.Join(err, c.Run(ctx))
	stop()
	if sampleErr := <-dropped; !errors.Is(sampleErr, context.Canceled) {
		err = errors.Join(err, sampleErr)
	}
	return err
}

// makeFolders makes the folders into which decks and records are dropped, so
// that a person finds them.
func makeFolders(ctx context.Context, data string, c *catalog.Catalog) error {
	setup, err := c.Export(ctx)
	if err != nil {
		return fmt.Errorf("making folders: %w", err)
	}
	var names []string
	for _, d := range setup.Cards {
		if d.Kind == catalog.Provider {
			names = append(names, filepath.Join("decks", d.ID))
		}
	}
	for _, f := range setup.Feeds {
		names = append(names, filepath.Join("cdrs", f.ID))
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(data, name), 0o755); err != nil {
			return fmt.Errorf("making folders: %w", err)
		}
	}
	return nil
}

// inUse says in words that another process has the installation.
func (a upArgs) inUse(err error) error {
	if errors.Is(err, documents.ErrTransient) && a.project == "" {
		return fmt.Errorf("%s is in use: is it up already?: %w", a.data, err)
	}
	return err
}

// setUpSample imports the sample's setup into an empty installation; one that
// it was imported into before is left as it is.
func setUpSample(ctx context.Context, s functions.Stores) error {
	wanted, err := catalog.ParseSetup(bytes.NewReader(sample.Setup))
	if err != nil {
		return fmt.Errorf("the sample's setup: %w", err)
	}
	there, err := s.Catalog().Export(ctx)
	if err != nil {
		return fmt.Errorf("setting the sample up: %w", err)
	}
	if len(there.Cycles)+len(there.Cards)+len(there.Plans)+len(there.Feeds)+len(there.Accounts) > 0 {
		var has, want bytes.Buffer
		_, err := there.WriteTo(&has)
		_, wantErr := wanted.WriteTo(&want)
		if err := errors.Join(err, wantErr); err != nil {
			return fmt.Errorf("setting the sample up: %w", err)
		}
		if !bytes.Equal(has.Bytes(), want.Bytes()) {
			return refuse("--sample is for an empty installation, and this one is set up for something else")
		}
		return nil
	}
	if err := s.Catalog().Import(ctx, wanted); err != nil {
		return fmt.Errorf("setting the sample up: %w", err)
	}
	return nil
}

// dropSample drops the deck, and when it has become the customers' card, the
// records.
func dropSample(ctx context.Context, c *local.Cloud, s functions.Stores) error {
	if err := dropOnce(ctx, s.Buckets.Decks, "carrier/deck.csv", sample.Deck); err != nil {
		return err
	}
	if _, err := c.Drain(ctx); err != nil {
		return fmt.Errorf("bringing the sample's deck in: %w", err)
	}
	return dropOnce(ctx, s.Buckets.CDRs, "switch/cdrs.csv", sample.CDRs)
}

func dropOnce(ctx context.Context, bucket objects.Bucket, name string, content []byte) error {
	if _, err := bucket.Create(ctx, name, bytes.NewReader(content)); err != nil && !errors.Is(err, objects.ErrExists) {
		return fmt.Errorf("dropping the sample: %w", err)
	}
	return nil
}
