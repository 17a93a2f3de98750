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

// markerName returns the name of the marker of a revision.
func markerName(b Batch) string { return "markers/" + b.ID + "/" + strconv.FormatInt(b.Rev, 10) }

// work reads a planned revision's file, prices every row by the pinned book and
// writes parts and a marker. It is repeatable: the same file and book give the
// same bytes under the same names. Where the file is cut it orders the slices
// that are not done, and there is no marker before all are.
func (l *Ledger) work(ctx context.Context, b Batch) (marker Ref, err error) {
	name := markerName(b)
	info, err := l.buckets.Rated.Stat(ctx, name)
	if err == nil {
		return refOf(info), nil
	}
	if !isNotFound(err) {
		return Ref{}, fmt.Errorf("looking for the marker: %w", err)
	}
	s, err := l.newSlice(ctx, b)
	if err != nil {
		return Ref{}, err
	}
	if s.large() {
		p, err := s.plan(ctx)
		if err != nil {
			return Ref{}, err
		}
		if len(p.Ranges) > 0 {
			return l.workSlices(ctx, b, p)
		}
		if b.Size > MaxFile {
			return Ref{}, &unreadableError{fmt.Errorf(
				"the file has %d bytes, and it is packed or has quotes, so that it cannot be cut: want at most %d, or a plain file without quotes", b.Size, int64(MaxFile))}
		}
	}
	m, err := s.run(ctx)
	if err != nil {
		return Ref{}, err
	}
	return l.putMarker(ctx, b, m)
}

func (l *Ledger) putMarker(ctx context.Context, b Batch, m Marker) (Ref, error) {
	m.Batch, m.Rev, m.Book = b.ID, b.Rev, b.Book.Name
	data, err := json.Marshal(m)
	if err != nil {
		return Ref{}, fmt.Errorf("encoding the marker: %w", err)
	}
	return putNamed(ctx, l.buckets.Rated, markerName(b), data)
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

// slice is the work on a file, or on one byte range of it.
type slice struct {
	ledger *Ledger
	batch  Batch
	book   *book.Index
	bucket objects.Bucket // of the file
	feed   *book.Feed
	cards  *cards
	zone   *time.Location // of the feed's cycle
	only   bool           // the feed is for one month
	from   int64          // which is from here to there: Unix nanoseconds, half-open
	to     int64
}

// newSlice opens the pinned book, and says why the file can never be read.
func (l *Ledger) newSlice(ctx context.Context, b Batch) (*slice, error) {
	ix, err := l.openBook(ctx, b.Book)
	if err != nil {
		return nil, err
	}
	s := &slice{ledger: l, batch: b, book: ix, cards: newCards(l.buckets.Cards)}
	if err := s.check(); err != nil {
		return nil, &unreadableError{err}
	}
	if s.bucket, err = l.source(b.Bucket); err != nil {
		return nil, &unreadableError{err}
	}
	return s, nil
}

// open opens the file: length bytes (-1: to the end) from an offset.
func (s *slice) open(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	src, err := s.bucket.OpenRange(ctx, s.batch.Object, s.batch.Generation, offset, length)
	if errors.Is(err, objects.ErrLost) || errors.Is(err, objects.ErrNotFound) {
		return nil, &unreadableError{fmt.Errorf("the file is lost: %w", err)}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the file: %w", err)
	}
	return src, nil
}

// run works all of the file.
func (s *slice) run(ctx context.Context) (m Marker, err error) {
	src, err := s.open(ctx, 0, -1)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	whole, content := s.hashed(src)
	chunks, err := cdr.OpenChunks(whole, s.feed.Source, cdr.Limits{})
	if err != nil {
		return m, unreadable(err)
	}
	t, err := s.rate(ctx, chunks)
	if err != nil {
		return m, err
	}
	m = t.marker()
	m.Content, err = content()
	return m, err
}

// hashed returns a reader of the file, and what gives the SHA-256 of all of it,
// in hex, when that was read.
func (s *slice) hashed(src io.Reader) (whole io.Reader, content func() (string, error)) {
	if known, ok := s.bucket.(objects.Hasher); ok {
		if sum := known.ContentHash(s.batch.Generation); sum != "" {
			return src, func() (string, error) { return sum, nil }
		}
	}
	hash := sha256.New()
	whole = io.TeeReader(src, hash)
	return whole, func() (string, error) {
		// What lies behind a packed file is its content, too.
		if _, err := io.Copy(io.Discard, whole); err != nil {
			return "", fmt.Errorf("reading the file: %w", err)
		}
		return hex.EncodeToString(hash.Sum(nil)), nil
	}
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
	s.feed = feed
	most := int64(MaxFile)
	if s.large() {
		most = MaxCutFile
	}
	if s.batch.Size > most {
		return fmt.Errorf("the file has %d bytes, want at most %d: deliver it in pieces, each with the header", s.batch.Size, most)
	}
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
