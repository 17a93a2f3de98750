// Command server is the deployed binary: it serves functions, one or all, and
// its commands look after an installation. "server help" lists them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones must mean the same on every machine
)

// The exit codes of the command.
const (
	exitDone    = 0
	exitBroke   = 1 // something broke or is damaged; what is not damaged may be run again
	exitRefused = 2 // the environment, the arguments or their target are wrong; nothing was changed
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tollbook:", err)
	}
	os.Exit(exitCode(err))
}

// refusal is an error that a person mends in what they gave.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

// refuseIf makes a refusal of an error that is one of those, which mean that a
// person asked for what there is not.
func refuseIf(err error, those ...error) error {
	for _, e := range those {
		if errors.Is(err, e) {
			return &refusal{err}
		}
	}
	return err
}

func exitCode(err error) int {
	var refused *refusal
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &refused):
		return exitRefused
	default:
		return exitBroke
	}
}

// run does what the arguments say: nothing is to serve, until ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return serve(ctx, getenv, stderr)
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return help(stdout)
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		if n := len(args) - 1; n < c.least || n > c.most {
			return refuse("want: server %s %s", c.name, c.args)
		}
		return administer(ctx, c, args[1:], getenv, stdout, stderr)
	}
	return refuse("unknown command %q; \"server help\" lists those there are", args[0])
}
