package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
)

// Memory that a fold's sorters hold before they write runs, in bytes.
const (
	identityMemory = 16 << 20
	loserMemory    = 8 << 20
	rowMemory      = 32 << 20
)

// loser is a row that another row stands for.
type loser struct {
	batch  uint32 // to the judge a number of deliveries, to the fold its entry's place
	line   int64
	status call.Status // Duplicate or Superseded
}

// distinct decides for every identity of a period which row stands for it,
// before any account is looked at and never by arrival. It gives the losers to
// out, keyed by (account shard, batch, line); those of foreign entries lose in
// their own periods.
func (f *fold) distinct(ctx context.Context, out *extsort.Sorter) error {
	d := newDeliveries(f.in.Manifest)
	for shard := range call.Shards {
		if err := f.distinctShard(ctx, d, uint8(shard), out); err != nil {
			return fmt.Errorf("deciding what is a duplicate: %w", err)
		}
	}
	return nil
}

// deliveries numbers the revisions that a fold reads, foreign ones included, in
// an order that is the same in every period that reads them. A revision may
// have rows both of the period and foreign to it.
type deliveries struct {
	own, foreign []uint32 // by entry, its number
	batch        []uint32 // by number, the own entry
}

func newDeliveries(m Manifest) deliveries {
	var all []revisionID
	for _, e := range slices.Concat(m.Entries, m.Foreign) {
		all = append(all, e.revision())
	}
	slices.SortFunc(all, revisionID.compare)
	all = slices.Compact(all)
	number := func(e Entry) uint32 {
		at, _ := slices.BinarySearchFunc(all, e.revision(), revisionID.compare)
		return uint32(at)
	}
	d := deliveries{batch: make([]uint32, len(all))}
	for i, e := range m.Entries {
		d.own = append(d.own, number(e))
		d.batch[number(e)] = uint32(i)
	}
	for _, e := range m.Foreign {
		d.foreign = append(d.foreign, number(e))
	}
	return d
}

func (f *fold) distinctShard(ctx context.Context, d deliveries, shard uint8, out *extsort.Sorter) (err error) {
	sorter := extsort.New(f.ledger.buckets.Work, f.scratch+"/identities", identityMemory)
	defer func() { err = errors.Join(err, sorter.Close(ctx)) }()
	var key, value []byte
	add := func(number uint32, row []byte, own byte) error {
		id, err := call.ParseIdentity(row)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		key, value = appendRank(key[:0], &id, number), append(value[:0], own, id.Shard)
		return sorter.Add(ctx, key, value)
	}
	err = eachBlock(ctx, f.in.Manifest.Entries, f.parts, call.IdentityBlock, shard, func(entry uint32, _ *part, row []byte) error {
		return add(d.own[entry], row, 1)
	})
	if err != nil {
		return err
	}
	err = eachBlock(ctx, f.in.Manifest.Foreign, f.foreign, call.IdentityBlock, shard, func(entry uint32, _ *part, row []byte) error {
		return add(d.foreign[entry], row, 0)
	})
	if err != nil {
		return err
	}
	var judge judge
	return sorter.Each(ctx, func(rank, value []byte) error {
		l, lost, err := judge.next(rank)
		if own := value[0] == 1; err != nil || !lost || !own {
			return err
		}
		key = append(key[:0], value[1])
		key = binary.BigEndian.AppendUint32(key, d.batch[l.batch])
		key = binary.BigEndian.AppendUint64(key, uint64(l.line))
		return out.Add(ctx, key, []byte{byte(l.status)})
	})
}

// rankSize is the size of a rank: has id, key, ^version, ^content, batch, line.
const rankSize = 1 + 32 + 8 + 32 + 4 + 8

// appendRank appends an identity so that bytes sort: one identity's rows
// together, the winner first (highest version, then greatest content hash),
// copies of one content together, and among them the smallest (batch, line).
func appendRank(dst []byte, id *call.Identity, batch uint32) []byte {
	head := byte(0)
	if id.HasID {
		head = 1
	}
	dst = append(append(dst, head), id.Key[:]...)
	dst = binary.BigEndian.AppendUint64(dst, ^id.Version)
	for _, c := range id.Content {
		dst = append(dst, ^c)
	}
	dst = binary.BigEndian.AppendUint32(dst, batch)
	return binary.BigEndian.AppendUint64(dst, uint64(id.Line))
}

// judge reads ranks in order and says which rows lose.
//
// With an id: the first row of an identity wins; a row of other content is
// superseded; a copy of a content already seen is a duplicate. Without an id
// rows are one when their content is: each batch's copies are numbered, and
// the count charged is the largest in any one batch, so a row is a duplicate
// when an earlier batch had as many.
type judge struct {
	last   []byte // the rank before
	batch  uint32
	copies int // of this content in this batch so far
	most   int // copies of this content in any batch before
}

func (j *judge) next(rank []byte) (loser, bool, error) {
	if len(rank) != rankSize {
		return loser{}, false, fmt.Errorf("an identity of %d bytes: %w", len(rank), ErrDamaged)
	}
	const content = 1 + 32 + 8 + 32
	sameID := len(j.last) > 0 && bytes.Equal(j.last[:33], rank[:33])
	sameContent := sameID && bytes.Equal(j.last[:content], rank[:content])
	j.last = append(j.last[:0], rank...)
	l := loser{
		batch: binary.BigEndian.Uint32(rank[content:]),
		line:  int64(binary.BigEndian.Uint64(rank[content+4:])),
	}
	if rank[0] == 1 {
		switch {
		case sameContent:
			l.status = call.Duplicate
		case sameID:
			l.status = call.Superseded
		}
		return l, l.status != 0, nil
	}
	switch {
	case !sameContent:
		j.batch, j.copies, j.most = l.batch, 0, 0
	case l.batch != j.batch:
		j.batch, j.copies, j.most = l.batch, 0, max(j.most, j.copies)
	}
	j.copies++
	l.status = call.Duplicate
	return l, j.copies <= j.most, nil
}
