package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/emulator/local"
)

// runClock moves the clock of an installation that is up.
func runClock(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var data, to string
	f := flag.NewFlagSet("clock", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&data, "data", defaultData, "the `folder` of the installation")
	f.StringVar(&to, "to", "", "`instant` to move to: a date (its 00:00 UTC) or as 2026-12-01T08:00:00Z; never back")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return &refusal{err}
	}
	if f.NArg() > 0 {
		return refuse("unexpected %q: every option has a name, see clock -h", f.Arg(0))
	}
	if _, err := local.ParseInstant(to); err != nil {
		return refuse("--to %w", err)
	}
	body, err := json.Marshal(map[string]string{"to": to})
	if err != nil {
		return fmt.Errorf("moving the clock: %w", err)
	}
	answer, err := ask(ctx, data, http.MethodPost, "/clock", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("moving the clock: %w", err)
	}
	var moved local.Moved
	if err := json.Unmarshal(answer, &moved); err != nil {
		return fmt.Errorf("moving the clock: reading the answer: %w", err)
	}
	if err := printMoved(stdout, moved); err != nil {
		return err
	}
	if moved.Dead > 0 {
		return fmt.Errorf("%d events were given up: see %s", moved.Dead, filepath.Join(data, "dead-letter"))
	}
	return nil
}

func printMoved(w io.Writer, m local.Moved) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "clock      %s → %s, in %s\n", m.From.Format(time.RFC3339), m.Now.Format(time.RFC3339), m.Took)
	fired := []string{"nothing was due"}
	if len(m.Fired) > 0 {
		fired = nil
	}
	for _, function := range slices.Sorted(maps.Keys(m.Fired)) {
		fired = append(fired, fmt.Sprintf("%s %d", function, m.Fired[function]))
	}
	fmt.Fprintf(&out, "fired      %s\n", strings.Join(fired, ", "))
	fmt.Fprintf(&out, "delivered  %d events, %d given up\n", m.Delivered, m.Dead)
	for _, name := range m.Unsettled {
		fmt.Fprintf(&out, "waits      %s is still being written: it comes after the move\n", name)
	}
	_, err := out.WriteTo(w)
	return err
}
