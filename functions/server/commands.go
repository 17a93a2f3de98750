package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// command is something that a person does to an installation.
type command struct {
	name, args  string
	least, most int // arguments
	text        string
	run         func(context.Context, *admin, []string) error
}

var commands = []command{
	{"fsck", "", 0, 0, "prove everything again, from the files to the invoices", fsck},
	{"withdraw", "BATCH", 1, 1, "take a file out: the months it was in are billed without it", withdraw},
	{"retry", "BATCH", 1, 1, "rate a failed file again, after what it failed for was mended", retry},
	{"redo", "BATCH", 1, 1, "rate a file again, with the feed, cards and accounts as they are now", redo},
	{"replay", "BUCKET [PREFIX]", 1, 2, "hand each object of a bucket to its function again, as if it came now", replay},
	{"export", "[FILE]", 0, 1, "write the setup as text: cycles, cards, plans, feeds, accounts", exportSetup},
	{"import", "FILE", 1, 1, "read such a text, or a CSV of numbers, beside what is there; nothing is removed", importSetup},
	{"backup", "FILE", 1, 1, "write every document; the buckets are not in it", backup},
	{"restore", "FILE", 1, 1, "read a backup into an installation without documents", restore},
}

const usage = `Tollbook's functions, and commands that look after their installation.

usage: server                serve the function that FUNCTION_TARGET names, or all, each at /<name>
       server COMMAND …

commands:
`

const environment = `
environment:
  TOLLBOOK_DATA           folder of an installation on this machine
  TOLLBOOK_PROJECT        or its Google Cloud project, with
  TOLLBOOK_DATABASE         its Firestore database, default (default)
  TOLLBOOK_BUCKETS          what the names of its buckets begin with
  TOLLBOOK_AUDIENCE       audience of callers' tokens, and
  TOLLBOOK_CALLERS          their service accounts, with commas; without both only this machine may call
  TOLLBOOK_LISTEN, PORT   host:port, or the port, to serve on; default 127.0.0.1:8080
  TOLLBOOK_URL            where people reach the portal
  TOLLBOOK_SMTP           host:port of the server that mail goes through; without it none is sent
  TOLLBOOK_SMTP_FROM        the sender's address, and, where the server asks for them,
  TOLLBOOK_SMTP_USER        the user and
  TOLLBOOK_SMTP_PASSWORD    the password
  TOLLBOOK_LOG            debug, info, warn or error; default info

exit codes: 0 done; 1 something broke or is damaged; 2 refused, nothing was changed
`

func help(w io.Writer) error {
	if _, err := io.WriteString(w, usage); err != nil {
		return err
	}
	for _, c := range commands {
		if _, err := fmt.Fprintf(w, "  %-24s%s\n", c.name+" "+c.args, c.text); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, environment)
	return err
}

// admin is what a command works on.
type admin struct {
	deps     functions.Deps
	manifest functions.Manifest
	out      io.Writer
}

// administer runs a command on the installation that the environment names.
func administer(ctx context.Context, c command, args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	config, err := environ.Load(getenv)
	if err != nil {
		return &refusal{err}
	}
	config.LogTo = stderr
	deps, closeAll, err := environ.Open(ctx, config)
	if errors.Is(err, documents.ErrTransient) {
		return fmt.Errorf("%w; stop the server that works on it first", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	manifest, err := functions.LoadManifest()
	if err != nil {
		return err
	}
	return c.run(ctx, &admin{deps, manifest, stdout}, args)
}

func (a *admin) printf(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.out, format, args...); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

func fsck(ctx context.Context, a *admin, _ []string) error {
	problems, err := a.deps.Catalog().Fsck(ctx)
	if err != nil {
		return err
	}
	for _, p := range problems {
		if err := a.printf("%s\t%s\t%s\n", p.Kind, p.Where, p.Detail); err != nil {
			return err
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("the installation is damaged: %d problems", len(problems))
	}
	return a.printf("clean: every row, charge, bundle and invoice was worked out again and is the same\n")
}

func withdraw(ctx context.Context, a *admin, args []string) error {
	if _, err := a.batch(ctx, args[0]); err != nil {
		return err
	}
	if err := a.deps.Ledger().Withdraw(ctx, args[0]); err != nil {
		return refuseIf(err, ledger.ErrState)
	}
	return a.printBatch(ctx, args[0])
}

func retry(ctx context.Context, a *admin, args []string) error {
	b, err := a.batch(ctx, args[0])
	if err != nil {
		return err
	}
	if err := a.deps.Ledger().Retry(ctx, b.ID); err != nil {
		return refuseIf(err, ledger.ErrState)
	}
	return a.rate(ctx, b)
}

func redo(ctx context.Context, a *admin, args []string) error {
	b, err := a.batch(ctx, args[0])
	if err != nil {
		return err
	}
	// A person asks for it now; the instant decides no price.
	if err := a.deps.Ledger().Redo(ctx, b.ID, time.Now()); err != nil {
		return refuseIf(err, ledger.ErrState)
	}
	return a.rate(ctx, b)
}

// batch returns the batch that a person names.
func (a *admin) batch(ctx context.Context, id string) (ledger.Batch, error) {
	b, err := a.deps.Ledger().Batch(ctx, id)
	return b, refuseIf(err, documents.ErrNotFound, documents.ErrInvalid)
}

// rate has the function work on a planned batch, which also says beside the
// file what became of it.
func (a *admin) rate(ctx context.Context, b ledger.Batch) error {
	status, err := a.deliver(ctx, b.Bucket, arrival{name: b.Object, generation: b.Generation, at: b.ReceivedAt})
	if err != nil {
		return err
	}
	if status/100 != 2 {
		return fmt.Errorf("batch %s is planned again and was not finished: %d; the log says why", b.ID, status)
	}
	return a.printBatch(ctx, b.ID)
}

func (a *admin) printBatch(ctx context.Context, id string) error {
	b, err := a.deps.Ledger().Batch(ctx, id)
	if err != nil {
		return err
	}
	if b.State == ledger.Failed {
		return fmt.Errorf("batch %s failed again: %s", id, b.Failure)
	}
	if b.RedoState == ledger.Failed {
		return fmt.Errorf("batch %s is as it was, its redo failed: %s", id, b.Redo.Failure)
	}
	return a.printf("%s\t%s\t%s\t%d rows = %d rated + %d unrated + %d rejected + %d ignored\n", b.ID, b.Object, b.State,
		b.Counts.Rows, b.Counts.Accepted, b.Counts.Unrated, b.Counts.Rejected, b.Counts.Ignored)
}
