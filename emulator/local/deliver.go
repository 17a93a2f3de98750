package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

// maxAnswer bounds what is read of an answer to an event, in bytes: enough to
// use the connection again.
const maxAnswer = 64 << 10

// sender posts events to functions.
type sender struct{ client *http.Client }

func newSender() sender {
	return sender{&http.Client{
		// No proxy: the functions are on this machine.
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// send posts an event in binary mode and returns the status of the answer.
func (s sender) send(ctx context.Context, url string, e cloudevents.Event) (status int, err error) {
	request, err := cloudevents.NewHTTPRequestFromEvent(ctx, url, e)
	if err != nil {
		return 0, fmt.Errorf("making the request of an event: %w", err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("sending an event: %w", err)
	}
	// The status is the answer: what follows only frees the connection.
	_, readErr := io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	if err := errors.Join(readErr, response.Body.Close()); err != nil && ctx.Err() != nil {
		return 0, fmt.Errorf("reading the answer to an event: %w", err)
	}
	return response.StatusCode, nil
}

// DeadLetter is an event that a function did not take.
type DeadLetter struct {
	Function string            `json:"function"`
	Event    cloudevents.Event `json:"event"` // as CloudEvents' JSON
	Attempts int               `json:"attempts"`
	Status   int               `json:"status"`          // of the last answer; 0: there was none
	Error    string            `json:"error,omitempty"` // why there was none
	At       time.Time         `json:"at"`              // when it was given up, by the local clock
}

// graveyard keeps dead letters, one file each.
type graveyard struct{ dir string }

func (g graveyard) keep(letter DeadLetter) error {
	dir := filepath.Join(g.dir, letter.Function)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keeping a dead letter: %w", err)
	}
	text, err := json.MarshalIndent(letter, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping a dead letter: %w", err)
	}
	// An event's id is a hash: it can name a file.
	err = replaceFile(filepath.Join(dir, letter.Event.ID()+".json"), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping a dead letter: %w", err)
	}
	return nil
}

// maxLetter bounds a dead letter's file in bytes: events have at most a few KiB.
const maxLetter = 1 << 20

// list returns the newest dead letters, and how many there are.
func (g graveyard) list(limit int) (letters []DeadLetter, total int, err error) {
	type found struct {
		path string
		at   time.Time
	}
	var files []found
	err = filepath.WalkDir(g.dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() || !strings.HasSuffix(path, ".json") {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		files = append(files, found{path, info.ModTime()})
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("listing dead letters: %w", err)
	}
	slices.SortFunc(files, func(a, b found) int { return b.at.Compare(a.at) })
	for _, f := range files[:min(limit, len(files))] {
		letter, err := readLetter(f.path)
		if err != nil {
			return nil, 0, err
		}
		letters = append(letters, letter)
	}
	return letters, len(files), nil
}

func readLetter(path string) (letter DeadLetter, err error) {
	f, err := os.Open(path)
	if err != nil {
		return letter, fmt.Errorf("reading a dead letter: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := json.NewDecoder(io.LimitReader(f, maxLetter)).Decode(&letter); err != nil {
		return letter, fmt.Errorf("reading the dead letter %s: %w", path, err)
	}
	return letter, nil
}
