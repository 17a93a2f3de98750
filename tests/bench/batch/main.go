// Command batch rates a file of call records as an installation on one machine
// does: a batch in the embedded stores, from the delivered object to the
// committed receipt. Setting an installation up is a run of its own, so that
// the benchmark measures the batch alone.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"
	_ "time/tzdata" // as the emulator has it

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/tests/bench/gen"
)

// memoryGoal is the soft limit that the emulator sets itself, in bytes.
const memoryGoal = 192 << 20

const (
	feed   = "bench"
	object = feed + "/cdrs.csv"
)

func main() {
	debug.SetMemoryLimit(memoryGoal)
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("batch", flag.ContinueOnError)
	state := flags.String("state", "", "the `folder` of the installation")
	card := flags.String("card", "", "set up: the card `image` of every account, or with -map a folder of them")
	owners := flags.String("map", "", "set up: the `file` that says which card each client has")
	cdrs := flags.String("cdrs", "", "set up: the `file` of records that is delivered")
	if err := flags.Parse(args); err != nil {
		return err
	}
	docs, err := documents.OpenBolt(filepath.Join(*state, "documents.db"), ledger.Model())
	if err != nil {
		return fmt.Errorf("opening the documents: %w", err)
	}
	defer func() { err = errors.Join(err, docs.Close()) }()
	// No contestant waits for the disk; documents are synced all the same.
	buckets, err := objects.OpenFolders(*state, objects.WithoutSync())
	if err != nil {
		return err
	}
	l := ledger.New(docs, buckets)
	if *card != "" {
		if err := setUp(ctx, l, *card, *owners); err != nil {
			return fmt.Errorf("setting up: %w", err)
		}
		return deliver(ctx, buckets.CDRs, *cdrs)
	}
	b, err := rate(ctx, l, buckets.CDRs)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(map[string]int64{
		"rows": b.Counts.Rows, "rated": b.Counts.Accepted, "rejected": b.Counts.Rejected,
	})
}

// setUp puts every client of the records on one card, or on its own of several.
func setUp(ctx context.Context, l *ledger.Ledger, card, owners string) error {
	images, of := []string{card}, map[string]int{} // all have the first
	if owners != "" {
		var n int
		var err error
		if of, n, err = gen.ReadCardMap(owners); err != nil {
			return err
		}
		images = make([]string, n)
		for i := range images {
			images[i] = filepath.Join(card, strconv.Itoa(i))
		}
	}
	month := period.Of(gen.Month, time.UTC)
	s := ledger.Setup{
		Cycles: []book.Cycle{{ID: "monthly", Zone: "UTC"}},
		Feeds:  []book.Feed{{Source: cdr.Feed{ID: feed, Format: cdr.Generic, Zone: "UTC"}, Cycle: "monthly"}},
	}
	for i, path := range images {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		image, err := l.StoreImage(ctx, data)
		if err != nil {
			return err
		}
		s.Cards = append(s.Cards, book.Card{ID: cardID(i), Log: ratecard.Log{{Revision: 1, RecordedAt: gen.Month}}, Images: map[string]string{"1": image}})
	}
	for i := range gen.Clients {
		id := strconv.Itoa(i + 1)
		s.Accounts = append(s.Accounts, book.Account{ID: id, Cycle: "monthly", Currency: "GBP"})
		s.Assignments = append(s.Assignments, book.Assignment{Account: id, From: month, Card: cardID(of[id])})
	}
	return l.Apply(ctx, s)
}

func cardID(i int) string { return "card" + strconv.Itoa(i) }

// deliver puts the file into the bucket, as a drop does.
func deliver(ctx context.Context, cdrs objects.Bucket, path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = cdrs.Create(ctx, object, f)
	return err
}

// rate brings the delivered file to its receipt.
func rate(ctx context.Context, l *ledger.Ledger, cdrs objects.Bucket) (ledger.Batch, error) {
	info, err := cdrs.Stat(ctx, object)
	if err != nil {
		return ledger.Batch{}, err
	}
	id, err := l.Receive(ctx, ledger.Arrival{
		Bucket: "cdrs", Object: info.Name, Generation: info.Generation, Size: info.Size, Feed: feed, At: gen.Month.AddDate(0, 1, 0),
	})
	if err != nil {
		return ledger.Batch{}, err
	}
	b, err := l.Process(ctx, id)
	if err == nil && b.State != ledger.Committed {
		err = fmt.Errorf("the batch is %s: %s", b.State, b.Failure)
	}
	return b, err
}
