package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tollbook/tollbook/emulator/local"
)

// maxAnswer bounds what is read of the local cloud's answer, in bytes.
const maxAnswer = 1 << 20

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
	address, err := local.ReadAddress(data)
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("no installation is up on %s: start it with up --data %s", data, data)
	}
	if err != nil {
		return err
	}
	moved, err := postClock(ctx, address, to)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return refuse("no installation is up on %s any more, process %d was the last: start it with up --data %s", data, address.PID, data)
	}
	if err != nil {
		return err
	}
	if err := printMoved(stdout, moved); err != nil {
		return err
	}
	if moved.Dead > 0 {
		return fmt.Errorf("%d events were given up: see %s", moved.Dead, filepath.Join(data, "dead-letter"))
	}
	return nil
}

// postClock asks for the move and waits until it is done, however long it takes.
func postClock(ctx context.Context, address local.Address, to string) (m local.Moved, err error) {
	body, err := json.Marshal(map[string]string{"to": to})
	if err != nil {
		return m, fmt.Errorf("moving the clock: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address.URL+"/clock", bytes.NewReader(body))
	if err != nil {
		return m, fmt.Errorf("moving the clock: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{}} // no proxy: it is on this machine
	response, err := client.Do(r)
	if err != nil {
		return m, fmt.Errorf("moving the clock: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return m, fmt.Errorf("moving the clock: %w", err)
	}
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return m, refuse("%s", strings.TrimSpace(string(text)))
	default:
		return m, fmt.Errorf("moving the clock: %s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("moving the clock: reading the answer: %w", err)
	}
	return m, nil
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
