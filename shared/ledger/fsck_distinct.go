package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
)

// distinctRows is how many rows' identities fsck holds at once; more rows take
// more passes over the parts.
const distinctRows = 400_000

// copyOf is one delivery of a record.
type copyOf struct {
	rowID
	revision revisionID
	own      bool // not foreign: it may lose here
	version  uint64
	content  call.Hash
}

// distinct decides again, from the rows, which of them stand for others, and
// notes those that lose.
func (f *refold) distinct(ctx context.Context) error {
	var rows uint64
	for _, parts := range slices.Concat(f.parts, f.foreign) {
		for _, p := range parts {
			for _, b := range p.dir.Blocks {
				if b.Kind == call.UsageBlock {
					rows += uint64(b.Rows)
				}
			}
		}
	}
	passes := rows/distinctRows + 1
	for pass := range passes {
		named, unnamed := map[call.Hash][]copyOf{}, map[call.Hash][]copyOf{}
		for _, from := range []struct {
			entries []Entry
			parts   [][]*part
			own     bool
		}{{f.res.Manifest.Entries, f.parts, true}, {f.res.Manifest.Foreign, f.foreign, false}} {
			err := rowsOf(ctx, from.entries, from.parts, -1, func(batch uint32, r *call.Row) error {
				content := r.ContentHash()
				groups, key := unnamed, content
				if r.CallID != "" {
					groups, key = named, r.Identity()
				}
				if binary.BigEndian.Uint64(key[:])%passes == pass {
					groups[key] = append(groups[key], copyOf{rowID{batch, r.Line}, from.entries[batch].revision(), from.own, r.Version, content})
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		for _, group := range named {
			f.decideNamed(inOrder(group))
		}
		for _, group := range unnamed {
			f.decideUnnamed(inOrder(group))
		}
	}
	return nil
}

// inOrder sorts deliveries. Charges of one row of a file are one delivery, which
// may lose here if one of them is not foreign.
func inOrder(group []copyOf) []copyOf {
	slices.SortFunc(group, func(a, b copyOf) int {
		switch {
		case earlier(a, b) || !earlier(b, a) && a.own && !b.own:
			return -1
		case earlier(b, a) || b.own && !a.own:
			return 1
		}
		return 0
	})
	return slices.CompactFunc(group, func(a, b copyOf) bool { return a.revision == b.revision && a.line == b.line })
}

func earlier(a, b copyOf) bool {
	if a.revision != b.revision {
		return a.revision.batch < b.revision.batch || a.revision.batch == b.revision.batch && a.revision.rev < b.revision.rev
	}
	return a.line < b.line
}

// lose notes a copy that another stands for.
func (f *refold) lose(g copyOf, as call.Status) {
	if g.own {
		f.lost[g.rowID] = as
	}
}

// decideNamed takes the deliveries of one call id, leg and instant: the highest
// version, then the greatest content wins; the first copy of any other content
// is superseded, and every further copy of a content is a duplicate.
func (f *refold) decideNamed(group []copyOf) {
	if len(group) == 1 {
		return
	}
	best, first := group[0], map[call.Hash]copyOf{}
	for _, g := range group {
		if g.version > best.version || g.version == best.version && bytes.Compare(g.content[:], best.content[:]) > 0 {
			best = g
		}
		if at, ok := first[g.content]; !ok || earlier(g, at) {
			first[g.content] = g
		}
	}
	for _, g := range group {
		switch {
		case first[g.content] != g:
			f.lose(g, call.Duplicate)
		case g.content != best.content:
			f.lose(g, call.Superseded)
		}
	}
}

// decideUnnamed takes the copies of one content without a call id: as many are
// charged as the batch with the most of them has; in the batches before and
// after it, the copies over what was seen so far. The group is in order.
func (f *refold) decideUnnamed(group []copyOf) {
	copies, most := map[revisionID]int{}, 0
	for i, g := range group {
		if i > 0 && group[i-1].revision != g.revision {
			most = max(most, copies[group[i-1].revision])
		}
		if copies[g.revision]++; copies[g.revision] <= most {
			f.lose(g, call.Duplicate)
		}
	}
}
