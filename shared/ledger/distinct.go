package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
)

// Memory that a fold's sorters hold before they write runs, in bytes.
const (
	identityMemory  = 16 << 20
	candidateMemory = 8 << 20
	loserMemory     = 8 << 20
	rowMemory       = 32 << 20
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
//
// Of most rows the hash of their identity is found once, or in the charges of one
// row of a file only, so they stand for themselves. The others are candidates:
// they are read, and only what they say decides. All charges of a row of a file
// lose, or none.
func (f *fold) distinct(ctx context.Context, out *extsort.Sorter) (err error) {
	d := newDeliveries(f.in.Manifest)
	candidates := extsort.New(f.ledger.buckets.Work, f.scratch+"/candidates", candidateMemory)
	defer func() { err = errors.Join(err, candidates.Close(ctx)) }()
	for shard := range call.Shards {
		if err := f.candidates(ctx, d, uint8(shard), candidates); err != nil {
			return fmt.Errorf("looking for what is there twice: %w", err)
		}
	}
	if err := f.judge(ctx, d, candidates, out); err != nil {
		return fmt.Errorf("deciding what is a duplicate: %w", err)
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

// side is the entries of the period, or those that are foreign to it.
type side struct {
	own     byte // 1, or 0
	entries []Entry
	parts   [][]*part
	numbers []uint32
}

func (f *fold) sides(d deliveries) [2]side {
	return [...]side{{1, f.in.Manifest.Entries, f.parts, d.own}, {0, f.in.Manifest.Foreign, f.foreign, d.foreign}}
}

// candidateSize is the size of a candidate: account shard, whether it is
// foreign, entry, line; so in the order in which the rows lie.
const candidateSize = 1 + 1 + 4 + 8

// candidates gives the rows to out whose identities of a shard have a hash that
// another row has, too.
func (f *fold) candidates(ctx context.Context, d deliveries, shard uint8, out *extsort.Sorter) (err error) {
	sorter := extsort.New(f.ledger.buckets.Work, f.scratch+"/identities", identityMemory)
	defer func() { err = errors.Join(err, sorter.Close(ctx)) }()
	var key, at []byte
	for _, side := range f.sides(d) {
		err := eachBlock(side.entries, side.parts, call.IdentityBlock, shard, func(entry uint32, p *part, b blockRef) error {
			return p.identities(ctx, b, func(id call.Identity) error {
				key = binary.BigEndian.AppendUint64(key[:0], id.Hash)
				at = binary.BigEndian.AppendUint32(append(at[:0], id.Shard, 1-side.own), entry)
				at = binary.BigEndian.AppendUint64(at, uint64(id.Line))
				return sorter.Add(ctx, key, at)
			})
		})
		if err != nil {
			return err
		}
	}
	sides := f.sides(d)
	var last, held []byte // of a hash: the rows before, empty once they are given to out
	err = sorter.Each(ctx, func(hash, at []byte) error {
		if !bytes.Equal(hash, last) {
			last, held = append(last[:0], hash...), append(held[:0], at...)
			return nil
		}
		if len(held) > 0 && sameLine(&sides, held, at) {
			held = append(held, at...) // as many as a record has charges
			return nil
		}
		for one := range slices.Chunk(held, candidateSize) {
			if err := out.Add(ctx, one, nil); err != nil {
				return err
			}
		}
		held = held[:0]
		return out.Add(ctx, at, nil)
	})
	return err
}

// sameLine reports whether two candidates are charges of one row of a file.
func sameLine(sides *[2]side, a, b []byte) bool {
	revision := func(at []byte) uint32 { return sides[at[1]].numbers[binary.BigEndian.Uint32(at[2:])] }
	return bytes.Equal(a[candidateSize-8:candidateSize], b[candidateSize-8:candidateSize]) && revision(a) == revision(b)
}

// judge reads the rows that are candidates, and decides.
func (f *fold) judge(ctx context.Context, d deliveries, candidates, out *extsort.Sorter) (err error) {
	ranks := extsort.New(f.ledger.buckets.Work, f.scratch+"/ranks", identityMemory)
	defer func() { err = errors.Join(err, ranks.Close(ctx)) }()
	if err := f.rank(ctx, d, candidates, ranks); err != nil {
		return err
	}
	var judge judge
	var key []byte
	return ranks.Each(ctx, func(rank, value []byte) error {
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

// rank reads the rows of candidates, entry by entry, and gives their ranks to out.
func (f *fold) rank(ctx context.Context, d deliveries, candidates, out *extsort.Sorter) (err error) {
	it, err := candidates.Sorted(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	var row call.Row
	var key []byte
	sides := f.sides(d)
	for more := it.Next(); more; {
		place := string(it.Key()[:candidateSize-8])
		shard, side, entry := place[0], &sides[place[1]], binary.BigEndian.Uint32([]byte(place[2:]))
		line := func() uint64 { // of the next candidate in this place
			if !more || string(it.Key()[:candidateSize-8]) != place {
				return math.MaxUint64
			}
			return binary.BigEndian.Uint64(it.Key()[candidateSize-8:])
		}
		err := eachBlock(side.entries[entry:entry+1], side.parts[entry:entry+1], call.UsageBlock, shard, func(_ uint32, p *part, b blockRef) error {
			return p.rows(ctx, b, func(stored string) error {
				if line() == math.MaxUint64 {
					return nil
				}
				if err := p.parse(stored, &row); err != nil || uint64(row.Line) != line() {
					return err
				}
				more = it.Next()
				if row.Instant < f.from.until {
					return nil // that was decided before
				}
				key = appendRank(key[:0], &row.Record, side.numbers[entry], row.Line)
				return out.Add(ctx, key, []byte{side.own, shard})
			})
		})
		if err != nil {
			return err
		}
		if n := line(); n != math.MaxUint64 {
			return fmt.Errorf("an identity on line %d has no row: %w", n, ErrDamaged)
		}
	}
	return it.Err()
}

// rankSize is the size of a rank: has id, key, ^version, ^content, batch, line.
// Up to rankContent it is that of the content.
const (
	rankContent = 1 + 32 + 8 + 32
	rankSize    = rankContent + 4 + 8
)

// appendRank appends a record's rank, so that bytes sort: one identity's rows
// together, the winner first (highest version, then greatest content hash),
// copies of one content together, and among them the smallest (batch, line).
func appendRank(dst []byte, r *call.Record, batch uint32, line int64) []byte {
	content := r.ContentHash()
	if r.HasID() {
		key := r.Identity()
		dst = append(append(dst, 1), key[:]...)
	} else {
		dst = append(append(dst, 0), content[:]...)
	}
	dst = binary.BigEndian.AppendUint64(dst, ^r.Version)
	for _, c := range content {
		dst = append(dst, ^c)
	}
	dst = binary.BigEndian.AppendUint32(dst, batch)
	return binary.BigEndian.AppendUint64(dst, uint64(line))
}

// judge reads ranks in order and says which rows lose.
//
// With an id: the first row of an identity wins; a row of other content is
// superseded; a copy of a content already seen is a duplicate. Without an id
// rows are one when their content is: each batch's copies are numbered, and
// the count charged is the largest in any one batch, so a row is a duplicate
// when an earlier batch had as many.
//
// Charges of one row of a file have one rank, and what is said of the first is
// said of all.
type judge struct {
	last   []byte      // the rank before
	status call.Status // that it lost as; 0: it did not
	batch  uint32
	copies int // of this content in this batch so far
	most   int // copies of this content in any batch before
}

func (j *judge) next(rank []byte) (loser, bool, error) {
	if len(rank) != rankSize {
		return loser{}, false, fmt.Errorf("an identity of %d bytes: %w", len(rank), ErrDamaged)
	}
	l := loser{
		batch: binary.BigEndian.Uint32(rank[rankContent:]),
		line:  int64(binary.BigEndian.Uint64(rank[rankContent+4:])),
	}
	if !bytes.Equal(j.last, rank) {
		j.status = j.decide(rank, l.batch)
	}
	l.status = j.status
	return l, l.status != 0, nil
}

// decide says how the next row loses; 0: it does not.
func (j *judge) decide(rank []byte, batch uint32) call.Status {
	sameID := len(j.last) > 0 && bytes.Equal(j.last[:33], rank[:33])
	sameContent := sameID && bytes.Equal(j.last[:rankContent], rank[:rankContent])
	j.last = append(j.last[:0], rank...)
	if rank[0] == 1 {
		switch {
		case sameContent:
			return call.Duplicate
		case sameID:
			return call.Superseded
		}
		return 0
	}
	switch {
	case !sameContent:
		j.batch, j.copies, j.most = batch, 0, 0
	case batch != j.batch:
		j.batch, j.copies, j.most = batch, 0, max(j.most, j.copies)
	}
	if j.copies++; j.copies <= j.most {
		return call.Duplicate
	}
	return 0
}
