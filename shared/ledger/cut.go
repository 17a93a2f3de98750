package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
)

const (
	// MaxSlices is how many slices a file is cut into.
	MaxSlices = 64
	// DefaultSlice is the size of a file, in bytes, above which it is worth while
	// to cut it.
	DefaultSlice = 256 << 20
	// MaxCutFile is the largest file that is rated in slices, in bytes.
	MaxCutFile = 32 << 30
	// SliceOrder is the kind of the orders for slices.
	SliceOrder = "slice"
)

// cutPlan says how the file of a revision is cut. It is made once, before any
// slice is ordered, by reading the file: a quote, which would have to be read
// with what is before it, is known by then, so no slice can meet one and what
// slices have written is never in vain.
type cutPlan struct {
	Content string      `json:"content,omitempty"` // SHA-256 of the file, in hex
	Layout  cdr.Layout  `json:"layout,omitzero"`
	Ranges  []cdr.Range `json:"ranges"` // none: it is rated uncut
}

// sliceMarker is the marker of one slice. Its lines are those of the file.
type sliceMarker struct {
	Marker
	Slice int     `json:"slice"` // from 0
	Lines []int64 `json:"lines"` // of the first row of each of Periods
}

// slicePayload is how an order says which slice it is for.
type slicePayload struct {
	Rev      int64 `json:"rev"`
	Slice    int   `json:"slice"`
	Attempts int64 `json:"attempts"` // that the revision counted when it was ordered
}

// large reports whether the file is to be cut, if it can be.
func (s *slice) large() bool {
	return s.ledger.orders != nil && s.feed.Unquoted && s.batch.Size > s.ledger.sliceSize
}

func planName(b Batch) string { return "plans/" + b.ID + "/" + strconv.FormatInt(b.Rev, 10) }

func sliceMarkerName(b Batch, at int) string { return fmt.Sprintf("%s-%02d", markerName(b), at) }

// plan returns how the file is cut. Of several who make the plan the first
// decides.
func (s *slice) plan(ctx context.Context) (cutPlan, error) {
	p, err := s.madePlan(ctx)
	if !isNotFound(err) {
		return p, err
	}
	if p, err = s.cut(ctx); err != nil {
		return p, err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return p, fmt.Errorf("encoding the plan: %w", err)
	}
	if _, err := putNamed(ctx, s.ledger.buckets.Rated, planName(s.batch), data); err != nil {
		return p, err
	}
	return s.madePlan(ctx)
}

// madePlan returns the plan that was made.
func (s *slice) madePlan(ctx context.Context) (p cutPlan, err error) {
	info, err := s.ledger.buckets.Rated.Stat(ctx, planName(s.batch))
	if err != nil {
		return p, fmt.Errorf("looking for the plan: %w", err)
	}
	data, err := load(ctx, s.ledger.buckets.Rated, refOf(info))
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("decoding %s: %w: %w", info.Name, ErrDamaged, err)
	}
	return p, nil
}

// cut reads the file to cut it. What cannot be cut has a plan without ranges:
// reading it uncut says what is wrong, if anything is.
func (s *slice) cut(ctx context.Context) (p cutPlan, err error) {
	uncut := cutPlan{Ranges: []cdr.Range{}}
	if p.Layout, err = s.layout(ctx); err != nil {
		var file *cdr.FileError
		if errors.As(err, &file) {
			return uncut, nil
		}
		return p, err
	}
	if p.Layout.Packing != cdr.Plain {
		return uncut, nil
	}
	src, err := s.open(ctx, 0, -1)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	whole, content := s.hashed(src)
	n := min((s.batch.Size+s.ledger.sliceSize-1)/s.ledger.sliceSize, MaxSlices)
	p.Ranges, err = p.Layout.Cut(whole, s.batch.Size, int(n))
	if errors.Is(err, cdr.ErrQuoted) || err == nil && len(p.Ranges) == 0 {
		return uncut, nil
	}
	if err == nil {
		p.Content, err = content()
	}
	return p, err
}

// layout reads the beginning of the file.
func (s *slice) layout(ctx context.Context) (l cdr.Layout, err error) {
	src, err := s.open(ctx, 0, -1)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	return cdr.ReadLayout(src, s.feed.Source, cdr.Limits{})
}

// workSlices orders the slices that are not done; when all are, it returns the
// marker of the revision.
func (l *Ledger) workSlices(ctx context.Context, b Batch, p cutPlan) (Ref, error) {
	done, missing, err := l.sliceMarkers(ctx, b, p)
	if err != nil {
		return Ref{}, err
	}
	for _, at := range missing {
		payload, err := json.Marshal(slicePayload{b.Rev, at, b.Attempts})
		if err != nil {
			return Ref{}, fmt.Errorf("encoding an order: %w", err)
		}
		if err := events.Place(ctx, l.orders, events.Order{Kind: SliceOrder, ID: b.ID, Payload: payload}); err != nil {
			return Ref{}, fmt.Errorf("ordering slice %d of batch %s: %w", at, b.ID, err)
		}
	}
	if len(missing) > 0 {
		return Ref{}, nil
	}
	return l.joinSlices(ctx, b, p, done)
}

// ProcessSlice works the slice that an order names, and commits the batch when
// that was the last. Any number of calls, at once, in any order or after a
// crash, come to the same end. It returns the batch as it then stands; errors
// are those of Process. An order that can never be followed is
// events.BadInput.
//
// The failures of a revision's slices count as one attempt until a sweep orders
// what is missing again, which counts as one more.
func (l *Ledger) ProcessSlice(ctx context.Context, order events.Order) (Batch, error) {
	var o slicePayload
	if err := json.Unmarshal(order.Payload, &o); err != nil {
		return Batch{}, &events.BadInput{Err: fmt.Errorf("order for a slice of batch %s: %w", order.ID, err)}
	}
	b, err := l.Batch(ctx, order.ID)
	if errors.Is(err, documents.ErrNotFound) {
		return Batch{}, &events.BadInput{Err: err}
	}
	if err != nil {
		return Batch{}, err
	}
	todo, ok := b.todo()
	if !ok || todo.Rev != o.Rev {
		return b, nil // committed, withdrawn, failed or planned anew meanwhile
	}
	if b, err = l.finishSlice(ctx, todo, o.Slice); err == nil {
		return b, nil
	}
	return l.noEnd(ctx, todo, err, func(b *Batch) bool {
		now, _ := b.todo()
		return now.Attempts == o.Attempts && b.tried(todo.Rev, 1, reasonOf(err))
	})
}

// finishSlice works a slice and, if all are done, commits the revision.
func (l *Ledger) finishSlice(ctx context.Context, todo Batch, at int) (Batch, error) {
	s, err := l.newSlice(ctx, todo)
	if err != nil {
		return Batch{}, err
	}
	p, err := s.madePlan(ctx)
	if err != nil {
		return Batch{}, err
	}
	if at < 0 || at >= len(p.Ranges) {
		return Batch{}, fmt.Errorf("slice %d of %d: %w", at, len(p.Ranges), ErrDamaged)
	}
	if err := s.workRange(ctx, p, at); err != nil {
		return Batch{}, fmt.Errorf("slice %d of %d: %w", at, len(p.Ranges), err)
	}
	done, missing, err := l.sliceMarkers(ctx, todo, p)
	switch {
	case err != nil:
		return Batch{}, err
	case len(missing) > 0:
		return l.Batch(ctx, todo.ID)
	}
	marker, err := l.joinSlices(ctx, todo, p, done)
	if err != nil {
		return Batch{}, err
	}
	return l.commit(ctx, todo, marker)
}

// workRange writes the parts and the marker of a slice.
func (s *slice) workRange(ctx context.Context, p cutPlan, at int) error {
	name := sliceMarkerName(s.batch, at)
	if _, err := s.ledger.buckets.Rated.Stat(ctx, name); !isNotFound(err) {
		if err != nil {
			return fmt.Errorf("looking for the marker: %w", err)
		}
		return nil
	}
	t, err := s.runRange(ctx, p.Layout, p.Ranges[at])
	if err != nil {
		return err
	}
	m := sliceMarker{Marker: t.marker(), Slice: at}
	m.Batch, m.Rev, m.Book = s.batch.ID, s.batch.Rev, s.batch.Book.Name
	for _, n := range m.Periods {
		first := slices.IndexFunc(t.periods, func(p periodTally) bool { return p.Period == n.Period })
		m.Lines = append(m.Lines, t.periods[first].line)
	}
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the marker: %w", err)
	}
	_, err = putNamed(ctx, s.ledger.buckets.Rated, name, data)
	return err
}

// runRange prices the rows of a range.
func (s *slice) runRange(ctx context.Context, l cdr.Layout, r cdr.Range) (t tally, err error) {
	start := l.Start(r.First)
	src, err := s.open(ctx, start, r.Last-start)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	chunks, err := cdr.OpenRange(src, s.feed.Source, l, r.First, r.Last)
	if err != nil {
		return t, fmt.Errorf("reading the file: %w", err)
	}
	chunks.Number(r.Line)
	if t, err = s.rate(ctx, chunks); err != nil {
		return t, err
	}
	if n := chunks.Lines(); n != r.Lines {
		return t, fmt.Errorf("the range has %d lines, and had %d when the file was cut: %w", n, r.Lines, ErrDamaged)
	}
	return t, nil
}

// sliceMarkers returns the markers of a revision's slices, and which slices
// have none yet.
func (l *Ledger) sliceMarkers(ctx context.Context, b Batch, p cutPlan) (done []Ref, missing []int, err error) {
	found, err := l.buckets.Rated.List(ctx, markerName(b)+"-", "", MaxSlices)
	if err != nil {
		return nil, nil, fmt.Errorf("looking for the markers of slices: %w", err)
	}
	by := map[string]Ref{}
	for _, info := range found {
		by[info.Name] = refOf(info)
	}
	for at := range p.Ranges {
		if ref, ok := by[sliceMarkerName(b, at)]; ok {
			done = append(done, ref)
		} else {
			missing = append(missing, at)
		}
	}
	return done, missing, nil
}

// joinSlices makes the marker of a revision of those of its slices.
func (l *Ledger) joinSlices(ctx context.Context, b Batch, p cutPlan, done []Ref) (Ref, error) {
	tallies := make([]tally, len(done))
	for at, ref := range done {
		data, err := load(ctx, l.buckets.Rated, ref)
		if err != nil {
			return Ref{}, err
		}
		var m sliceMarker
		if err := json.Unmarshal(data, &m); err != nil {
			return Ref{}, fmt.Errorf("decoding %s: %w: %w", ref.Name, ErrDamaged, err)
		}
		if m.Batch != b.ID || m.Rev != b.Rev || m.Book != b.Book.Name || m.Slice != at || len(m.Lines) != len(m.Periods) {
			return Ref{}, fmt.Errorf("%s is not the marker of slice %d of batch %s, rev %d: %w", ref.Name, at, b.ID, b.Rev, ErrDamaged)
		}
		tallies[at] = m.tally()
	}
	all, err := merged(tallies)
	if err != nil {
		return Ref{}, err
	}
	m := all.marker()
	m.Content = p.Content
	return l.putMarker(ctx, b, m)
}

// tally returns what a slice counted.
func (m *sliceMarker) tally() tally {
	t := tally{parts: m.Parts, counts: m.Counts, reasons: m.Reasons, charges: m.Charges}
	for i, n := range m.Periods {
		t.periods = append(t.periods, periodTally{n, m.Lines[i]})
	}
	slices.SortStableFunc(t.periods, func(a, b periodTally) int { return cmp.Compare(a.line, b.line) })
	return t
}
