package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// Marker is what a slice says when its parts are written: the receipt of its
// rows.
type Marker struct {
	Batch   string           `json:"batch"`
	Rev     int64            `json:"rev"`
	Book    string           `json:"book"`
	Parts   []Ref            `json:"parts"`
	Counts  Counts           `json:"counts"`
	Reasons map[string]int64 `json:"reasons"` // "status:reason" → rows
	Periods []PeriodCount    `json:"periods"` // sorted by period
	Content string           `json:"content"` // SHA-256 of the file, in hex
	// Charges counts what rows charge beside who pays: see chargeKey. Counts and
	// Reasons are of rows, as who pays is charged; Periods of all charges.
	Charges map[string]int64 `json:"charges,omitempty"`
}

// PeriodCount counts a batch's charges in one period, accepted and unrated: of
// most feeds one a row. It says from when to when the rows are: Unix nanoseconds,
// both included.
type PeriodCount struct {
	Period   Key   `json:"period"`
	Accepted int64 `json:"accepted"`
	Unrated  int64 `json:"unrated"`
	First    int64 `json:"first"`
	Last     int64 `json:"last"`
}

// MaxFile is the largest file that is rated at once, in bytes.
const MaxFile = 4 << 30

// MaxPeriods is how many periods the rows of one batch may fall in.
const MaxPeriods = 60

// work reads a planned revision's file, prices every row by the pinned book and
// writes parts and a marker. It is repeatable: the same file and book give the
// same bytes under the same names.
func (l *Ledger) work(ctx context.Context, b Batch) (Ref, error) {
	name := "markers/" + b.ID + "/" + strconv.FormatInt(b.Rev, 10) + "-0"
	info, err := l.buckets.Rated.Stat(ctx, name)
	if err == nil {
		return refOf(info), nil
	}
	if !isNotFound(err) {
		return Ref{}, fmt.Errorf("looking for the marker: %w", err)
	}
	ix, err := l.openBook(ctx, b.Book)
	if err != nil {
		return Ref{}, err
	}
	s := &slice{ledger: l, batch: b, book: ix, cards: newCards(l.buckets.Cards)}
	m, err := s.run(ctx)
	if err != nil {
		return Ref{}, err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return Ref{}, fmt.Errorf("encoding the marker: %w", err)
	}
	return putNamed(ctx, l.buckets.Rated, name, data)
}

func (l *Ledger) marker(ctx context.Context, ref Ref) (Marker, error) {
	var m Marker
	data, err := load(ctx, l.buckets.Rated, ref)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("decoding %s: %w: %w", ref.Name, ErrDamaged, err)
	}
	return m, nil
}

// slice is the work on one byte range of a file: for now, all of it.
type slice struct {
	ledger *Ledger
	batch  Batch
	book   *book.Index
	feed   *book.Feed
	cards  *cards
	zone   *time.Location // of the feed's cycle
	only   bool           // the feed is for one month
	from   int64          // which is from here to there: Unix nanoseconds, half-open
	to     int64
}

func (s *slice) run(ctx context.Context) (m Marker, err error) {
	if err := s.check(); err != nil {
		return m, &unreadableError{err}
	}
	bucket, err := s.ledger.source(s.batch.Bucket)
	if err != nil {
		return m, &unreadableError{err}
	}
	src, err := bucket.OpenRange(ctx, s.batch.Object, s.batch.Generation, 0, -1)
	if errors.Is(err, objects.ErrLost) || errors.Is(err, objects.ErrNotFound) {
		return m, &unreadableError{fmt.Errorf("the file is lost: %w", err)}
	}
	if err != nil {
		return m, fmt.Errorf("opening the file: %w", err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	content := sha256.New()
	whole := io.TeeReader(src, content)
	chunks, err := cdr.OpenChunks(whole, s.feed.Source, cdr.Limits{})
	if err != nil {
		return m, unreadable(err)
	}
	if m, err = s.rate(ctx, chunks); err != nil {
		return m, err
	}
	// What lies behind a packed file is its content, too.
	if _, err := io.Copy(io.Discard, whole); err != nil {
		return m, fmt.Errorf("reading the file: %w", err)
	}
	m.Batch, m.Rev, m.Book, m.Content = s.batch.ID, s.batch.Rev, s.batch.Book.Name, hex.EncodeToString(content.Sum(nil))
	return m, nil
}

// check finds the feed, and says why the file can never be read.
func (s *slice) check() error {
	if s.batch.Feed == "" {
		return fmt.Errorf("the file is in no feed's folder: want <feed>/%s", s.batch.Object)
	}
	feed, ok := s.book.Feed(s.batch.Feed)
	if !ok {
		return fmt.Errorf("feed %q is not configured: set it up, or move the file to the folder of one that is", s.batch.Feed)
	}
	if s.batch.Size > MaxFile {
		return fmt.Errorf("the file has %d bytes, want at most %d: deliver it in pieces, each with the header", s.batch.Size, MaxFile)
	}
	s.feed = feed
	s.zone, _ = s.book.CycleZone(feed.Cycle) // NewIndex has checked that it is there
	if feed.Only == "" {
		return nil
	}
	m, err := period.ParseMonth(feed.Only)
	if err != nil {
		return fmt.Errorf("feed %q: %w", feed.Source.ID, err)
	}
	from, to := m.Bounds(s.zone)
	s.only, s.from, s.to = true, from.UnixNano(), to.UnixNano()
	return nil
}

// unreadable marks errors of the file itself: reading it again will not help.
func unreadable(err error) error {
	var file *cdr.FileError
	if errors.As(err, &file) {
		return &unreadableError{err}
	}
	return fmt.Errorf("reading the file: %w", err)
}
