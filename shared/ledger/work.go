package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

var zero money.Amount

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
}

// PeriodCount counts a batch's accepted and unrated rows of one period, and
// says from when to when they are: Unix nanoseconds, both included.
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
	s := &slice{ledger: l, batch: b, book: ix, pricer: newPricer(ix, l.buckets.Cards), out: newPartWriter(l.buckets.Rated, partPrefix(b.ID, b.Rev)),
		reasons: map[string]int64{}, periods: map[Key]*PeriodCount{}}
	if err := s.run(ctx); err != nil {
		return Ref{}, err
	}
	data, err := json.Marshal(s.marker())
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
	ledger  *Ledger
	batch   Batch
	book    *book.Index
	feed    *book.Feed
	pricer  *pricer
	out     *partWriter
	counts  Counts
	reasons map[string]int64
	periods map[Key]*PeriodCount
	content string
	row     []byte // reused
	id      []byte // reused
}

func (s *slice) run(ctx context.Context) (err error) {
	if s.batch.Feed == "" {
		return &unreadableError{fmt.Errorf("the file is in no feed's folder: want <feed>/%s", s.batch.Object)}
	}
	feed, ok := s.book.Feed(s.batch.Feed)
	if !ok {
		return &unreadableError{fmt.Errorf("feed %q is not configured: set it up, or move the file to the folder of one that is", s.batch.Feed)}
	}
	if s.batch.Size > MaxFile {
		return &unreadableError{fmt.Errorf("the file has %d bytes, want at most %d: deliver it in pieces, each with the header", s.batch.Size, MaxFile)}
	}
	s.feed = feed
	bucket, err := s.ledger.source(s.batch.Bucket)
	if err != nil {
		return &unreadableError{err}
	}
	src, err := bucket.OpenRange(ctx, s.batch.Object, s.batch.Generation, 0, -1)
	if errors.Is(err, objects.ErrLost) || errors.Is(err, objects.ErrNotFound) {
		return &unreadableError{fmt.Errorf("the file is lost: %w", err)}
	}
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	content := sha256.New()
	payers, err := s.ledger.payers(ctx, s.book, feed)
	if err != nil {
		return err
	}
	err = readFeed(io.TeeReader(src, content), feed, s.book, payers.Identify, func(row *call.Row) error {
		return s.take(ctx, row)
	})
	if err != nil {
		return err
	}
	s.content = hex.EncodeToString(content.Sum(nil))
	return s.out.seal(ctx)
}

// readFeed calls each with every row of a feed's file, in order: a row that
// was read has no status yet, and who pays for it, which identify writes;
// rejected and ignored ones have theirs.
func readFeed(src io.Reader, feed *book.Feed, ix *book.Index, identify func(*call.Record), each func(*call.Row) error) error {
	in, err := cdr.Open(src, feed.Source)
	if err != nil {
		return unreadable(err)
	}
	zone, ok := ix.CycleZone(feed.Cycle)
	if !ok {
		return fmt.Errorf("feed %q: no cycle %q", feed.Source.ID, feed.Cycle)
	}
	var only *period.Month
	if feed.Only != "" {
		m, err := period.ParseMonth(feed.Only)
		if err != nil {
			return fmt.Errorf("feed %q: %w", feed.Source.ID, err)
		}
		only = &m
	}
	var row call.Row
	for {
		read, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		row = call.Row{
			Record: read.Record, Line: read.Line, Status: read.Status, Reason: read.Reason,
			Column: read.Column, Value: read.Value, Want: read.Want,
		}
		if row.Status == 0 {
			identify(&row.Record)
		}
		if only != nil && row.Status == 0 {
			if m := period.Of(row.At(), zone); m != *only {
				row.Status, row.Reason = call.Ignored, call.OtherMonth+call.Reason(":"+m.String())
			}
		}
		if err := each(&row); err != nil {
			return err
		}
	}
}

// unreadable marks errors of the file itself: reading it again will not help.
func unreadable(err error) error {
	var file *cdr.FileError
	if errors.As(err, &file) {
		return &unreadableError{err}
	}
	return fmt.Errorf("reading the file: %w", err)
}

// take counts a row and adds it to the part.
func (s *slice) take(ctx context.Context, row *call.Row) error {
	s.counts.Rows++
	if s.out.full() {
		if err := s.out.seal(ctx); err != nil {
			return err
		}
	}
	switch row.Status {
	case call.Rejected:
		s.counts.Rejected++
	case call.Ignored:
		s.counts.Ignored++
	default:
		return s.accept(ctx, row)
	}
	s.reasons[reasonKey(row)]++
	s.row = call.AppendRow(s.row[:0], row)
	s.out.add(call.ReportBlock, 0, 0, s.row)
	return nil
}

func reasonKey(r *call.Row) string { return r.Status.String() + ":" + string(r.Reason) }

func (s *slice) accept(ctx context.Context, row *call.Row) error {
	image, err := s.pricer.price(ctx, row)
	if err != nil {
		return err
	}
	key := periodOf(s.book, s.feed, row.Account, row.At())
	n := s.periods[key]
	if n == nil {
		if len(s.periods) == MaxPeriods {
			return &unreadableError{fmt.Errorf("the rows fall in more than %d months: is the date right? line %d is in %s", MaxPeriods, row.Line, key.Month)}
		}
		n = &PeriodCount{Period: key, First: row.Instant, Last: row.Instant}
		s.periods[key] = n
	}
	n.First, n.Last = min(n.First, row.Instant), max(n.Last, row.Instant)
	if row.Status == call.Rated {
		s.counts.Accepted++
		n.Accepted++
	} else {
		s.counts.Unrated++
		n.Unrated++
		s.reasons[reasonKey(row)]++
	}
	shard := call.ShardOf(row.Account)
	at := s.out.period(key)
	row.Image = s.out.image(image)
	s.row = call.AppendRow(s.row[:0], row)
	s.out.add(call.UsageBlock, at, shard, s.row)
	id := call.IdentityOf(&row.Record, row.Line, shard)
	s.id = call.AppendIdentity(s.id[:0], &id)
	s.out.add(call.IdentityBlock, at, id.Key[0], s.id)
	return nil
}

// periodOf returns the period that an account's usage at an instant falls in.
func periodOf(ix *book.Index, feed *book.Feed, account string, at time.Time) Key {
	if cycle, m, ok := ix.Month(account, at); ok {
		return Key{cycle, m}
	}
	zone, _ := ix.CycleZone(feed.Cycle) // NewIndex has checked that it is there
	return Key{feed.Cycle, period.Of(at, zone)}
}

func (s *slice) marker() Marker {
	m := Marker{
		Batch: s.batch.ID, Rev: s.batch.Rev, Book: s.batch.Book.Name, Parts: s.out.parts, Counts: s.counts, Reasons: s.reasons,
		Periods: []PeriodCount{}, Content: s.content,
	}
	if m.Parts == nil {
		m.Parts = []Ref{}
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.periods), compareKeys) {
		m.Periods = append(m.Periods, *s.periods[key])
	}
	return m
}
