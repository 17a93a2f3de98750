package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/objects"
)

const (
	// compactFrom is how many parts a fold reads one by one: more are compacted
	// first, compactMost at a time.
	compactFrom = 48
	compactMost = 64
	// aheadMemory is how many bytes the walks through all segments of a fold, or
	// through all parts of one segment, hold together.
	aheadMemory = 16 << 20
	leastAhead  = 128 << 10
)

// partsOf opens the parts that have rows of entries' periods, by entry, and gives
// their markers to each: those of entries whose rows are all in the checkpoint
// are not opened. Many parts are read out of segments.
func (f *fold) partsOf(ctx context.Context, entries []Entry, each func(Entry, Marker)) (out [][]*part, err error) {
	compacted := map[Key]map[string]*part{}
	loose := map[Key][]*part{}
	for _, e := range entries {
		if all, _ := e.before(f.from.until); all {
			out = append(out, nil)
			continue
		}
		if compacted[e.Period] == nil && !f.loose {
			if compacted[e.Period], err = f.ledger.segments(ctx, e.Period); err != nil {
				return nil, err
			}
		}
		m, err := f.ledger.marker(ctx, e.Marker)
		if err != nil {
			return nil, err
		}
		each(e, m)
		var parts []*part
		for _, ref := range m.Parts {
			p := compacted[e.Period][ref.Name]
			if p == nil {
				if p, err = openPart(ctx, f.ledger.buckets.Rated, ref); err != nil {
					return nil, err
				}
				if !slices.Contains(p.dir.Periods, e.Period) {
					continue
				}
				loose[e.Period] = append(loose[e.Period], p)
			}
			parts = append(parts, p)
		}
		out = append(out, parts)
	}
	for key, parts := range loose {
		if f.loose || len(parts) < f.ledger.compactFrom {
			continue
		}
		if compacted[key], err = f.ledger.compactAll(ctx, key, parts); err != nil {
			return nil, err
		}
		for i, e := range entries {
			for j, p := range out[i] {
				if q := compacted[key][p.ref.Name]; q != nil && e.Period == key {
					out[i][j] = q
				}
			}
		}
	}
	return out, nil
}

// compactAll puts parts of a period into segments, and returns those that read
// from segments now.
func (l *Ledger) compactAll(ctx context.Context, key Key, parts []*part) (map[string]*part, error) {
	for some := range slices.Chunk(parts, compactMost) {
		if err := l.compact(ctx, key, some); err != nil {
			return nil, err
		}
	}
	return l.segments(ctx, key)
}

// segments returns the parts of a period that lie in segments, by name.
func (l *Ledger) segments(ctx context.Context, key Key) (map[string]*part, error) {
	var found []objects.Info
	for after := ""; ; {
		const page = 1000
		infos, err := l.buckets.Work.List(ctx, segmentPrefix(key), after, page)
		if err != nil {
			return nil, fmt.Errorf("looking for segments of %s: %w", key, err)
		}
		if found = append(found, infos...); len(infos) < page {
			break
		}
		after = infos[page-1].Name
	}
	out := map[string]*part{}
	for _, info := range found {
		parts, err := l.openSegment(ctx, key, info, max(aheadMemory/int64(len(found)), leastAhead))
		if errors.Is(err, ErrDamaged) || errors.Is(err, errSegmentGone) {
			continue // the parts are there
		}
		if err != nil {
			return nil, err
		}
		for name, p := range parts {
			out[name] = p
		}
	}
	return out, nil
}
