// Package cloud is Tollbook on one machine: documents in one file, buckets as
// folders, the same ledger as anywhere.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// MemoryGoal, in bytes, is the soft limit that the command sets itself: it
// keeps the collector from letting the process grow with its garbage. What is
// live is bounded by design and below it, with all the card images that a work
// holds open: else the collector would never rest.
const MemoryGoal = 192 << 20

// The exit codes of the command.
const (
	exitOK      = 0
	exitFailed  = 1 // something broke; the same command may be run again
	exitRefused = 2 // the input or the options are wrong; nothing was charged
)

// refusal is an error that a person mends in the input or the options.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

const usage = `Tollbook on one machine.

usage: emulator try --deck FILE --cdrs FILE --out DIR [options]
       emulator deck FILE [--out rates.csv] [--report report.json] [options]
       emulator fsck --out DIR
       emulator up [--data DIR] [options]
       emulator clock --to 2026-12-01 [--data DIR]
       emulator import [--data DIR] FILE
       emulator export [--data DIR] [FILE]
       emulator fsck --data DIR

  try    turn a rate deck and a file of call records into charges and invoices
  deck   read a rate deck of any format, and say what was understood, guessed and refused
  fsck   work out again everything that is in DIR, from the records to the invoices
  up     run an installation: files dropped into its folders are rated and billed, until Ctrl-C
  clock  move the clock of an installation that is up, to see the end of a month
  import set up accounts, cards, bundles and feeds from a text, such as the setup.json of try,
         or who owns which numbers from a CSV file
  export write the setup of an installation as such a text

"emulator try -h", "emulator deck -h" and "emulator up -h" list the options.
`

// Main runs a command line and returns its exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := run(ctx, args, stdout, stderr)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "tollbook: %v\n", err)
	var refused *refusal
	if errors.As(err, &refused) {
		return exitRefused
	}
	return exitFailed
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return refuse("no command given\n\n%s", usage)
	}
	switch args[0] {
	case "try":
		return runTry(ctx, args[1:], stdout, stderr)
	case "deck":
		return runDeck(ctx, args[1:], stdout, stderr)
	case "fsck":
		return runFsck(ctx, args[1:], stdout, stderr)
	case "up":
		return runUp(ctx, args[1:], stdout, stderr)
	case "clock":
		return runClock(ctx, args[1:], stdout, stderr)
	case "import":
		return runImport(ctx, args[1:], stdout, stderr)
	case "export":
		return runExport(ctx, args[1:], stdout, stderr)
	case "help", "-h", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	}
	return refuse("unknown command %q\n\n%s", args[0], usage)
}
