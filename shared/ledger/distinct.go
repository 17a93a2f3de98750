package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

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
	batch  uint32
	line   int64
	status call.Status // Duplicate or Superseded
}

// distinct decides for every identity of a period which row stands for it,
// before any account is looked at and never by arrival. It gives the losers to
// out, keyed by (account shard, batch, line).
func (f *fold) distinct(ctx context.Context, out *extsort.Sorter) error {
	for shard := range call.Shards {
		if err := f.distinctShard(ctx, uint8(shard), out); err != nil {
			return fmt.Errorf("deciding what is a duplicate: %w", err)
		}
	}
	return nil
}

func (f *fold) distinctShard(ctx context.Context, shard uint8, out *extsort.Sorter) (err error) {
	sorter := extsort.New(f.ledger.buckets.Work, f.scratch+"/identities", identityMemory)
	defer func() { err = errors.Join(err, sorter.Close(ctx)) }()
	var key, value []byte
	err = f.blocks(ctx, call.IdentityBlock, shard, func(batch uint32, _ *part, row []byte) error {
		id, err := call.ParseIdentity(row)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		key, value = appendRank(key[:0], &id, batch), append(value[:0], id.Shard)
		return sorter.Add(ctx, key, value)
	})
	if err != nil {
		return err
	}
	var judge judge
	return sorter.Each(ctx, func(rank, value []byte) error {
		l, lost, err := judge.next(rank)
		if err != nil || !lost {
			return err
		}
		key = append(key[:0], value[0])
		key = binary.BigEndian.AppendUint32(key, l.batch)
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
