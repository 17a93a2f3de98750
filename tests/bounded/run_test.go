package bounded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/ratecard"
)

const (
	provider = "north"
	customer = "north-sold"
)

// importMain imports a deck as an installation does: arguments are the deck, the
// folder with the state, and when the deck comes. It prints what came of it.
func importMain(args []string, stdout io.Writer) (err error) {
	if len(args) != 3 {
		return fmt.Errorf("%d arguments, want 3", len(args))
	}
	at, err := time.Parse(time.RFC3339, args[2])
	if err != nil {
		return err
	}
	// PROFILE=file says where the time goes.
	if path := os.Getenv("PROFILE"); path != "" {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	m := importer{ctx: context.Background(), path: args[0], at: at}
	if err := m.open(args[1]); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.docs.Close()) }()
	for _, s := range []struct {
		name string
		do   func() error
	}{
		{"start", func() error { return nil }},
		{"drop", m.drop},
		{"apply", m.apply},
		{"build", m.build},
	} {
		before, err := processCPU()
		if err == nil {
			err = s.do()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		after, err := processCPU()
		if err != nil {
			return err
		}
		m.out.Stages = append(m.out.Stages, stage{s.name, (after - before).Milliseconds(), highWater()})
	}
	return json.NewEncoder(stdout).Encode(m.out)
}

// importer is an import on its way.
type importer struct {
	ctx     context.Context
	path    string
	at      time.Time
	docs    documents.Store
	buckets objects.Buckets
	cards   *catalog.Catalog
	deck    string // its id
	out     imported
}

// open opens the installation in a folder, and sets it up if it is new: a card of
// a carrier whose decks are full countries, so that each prefix is looked up in the
// numbering plan, and a card that is sold at its prices.
func (m *importer) open(dir string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if m.docs, err = documents.OpenBolt(filepath.Join(dir, "documents.db"), functions.Model()); err != nil {
		return err
	}
	if m.buckets, err = objects.OpenFolders(filepath.Join(dir, "objects"), objects.WithoutSync()); err != nil {
		return err
	}
	m.cards = catalog.New(m.docs, m.buckets, ledger.New(m.docs, m.buckets))
	if _, err := m.cards.Definition(m.ctx, provider); !errors.Is(err, documents.ErrNotFound) {
		return err
	}
	return m.cards.Import(m.ctx, catalog.Setup{Format: catalog.SetupFormat, Cards: []catalog.Definition{
		{ID: provider, Kind: catalog.Provider, Currency: "USD", Activate: catalog.AtArrival, Decks: catalog.DeckRules{Kind: "country"}},
		{ID: customer, Kind: catalog.Customer, Currency: "USD", Activate: catalog.AtArrival, Parent: provider},
	}})
}

// drop puts the deck into the card's folder.
func (m *importer) drop() (err error) {
	f, err := os.Open(m.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := m.buckets.Decks.Create(m.ctx, provider+"/"+filepath.Base(m.path), f)
	if err != nil {
		return err
	}
	m.deck, err = m.cards.Receive(m.ctx, catalog.Arrival{Object: info.Name, Generation: info.Generation, Size: info.Size, At: m.at})
	return err
}

// apply reads the deck into a revision of the carrier's card.
func (m *importer) apply() error {
	report, err := m.cards.Apply(m.ctx, m.deck)
	if err != nil {
		return err
	}
	d := report.Deck
	m.out.State, m.out.Revision, m.out.Rates = string(d.State), d.Revision, int(d.Rates)
	if report.Changes == nil { // the same bytes as before
		return nil
	}
	m.out.Rows, m.out.Added, m.out.Updated, m.out.Unchanged = int(d.Rows), int(report.Actions.Added), int(report.Actions.Updated), int(report.Actions.Unchanged)
	m.out.New, m.out.Same = int(report.Changes.Counts[ratecard.New]), int(report.Changes.Counts[ratecard.Unchanged])
	return nil
}

// build makes the revision that is sold, and its image.
func (m *importer) build() error {
	built, err := m.cards.Compile(m.ctx, m.at)
	for _, b := range built {
		if b.Failure != "" {
			return errors.New(b.Failure)
		}
		m.out.Built += int(b.Rates)
	}
	return err
}

// processCPU is what the process has used so far, in all its threads.
func processCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// highWater is the peak of the process so far in MiB; 0 where the system does not
// say it without what it had when it was started.
func highWater() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		if n, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			return n >> 10
		}
	}
	return 0
}
