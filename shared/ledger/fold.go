package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
	"github.com/tollbook/tollbook/shared/money"
)

// foldRules names the way months are folded; results of another way are stale.
const foldRules = "fold 1"

// fold is one run of a month's pipeline, from a checkpoint, which may be the
// empty one: distinct → resolve the card → price → bundle → lines.
type fold struct {
	ledger  *Ledger
	in      inputs
	book    *book.Index
	pricer  *pricer
	parts   [][]*part // by batch, in the order of the manifest
	foreign [][]*part // of its foreign entries, in their order
	scratch string
	loose   bool       // parts are read one by one, however many there are
	fresh   bool       // no checkpoint is looked for
	from    checkpoint // rows from before are in it, and not read
	spare   int64      // rows that a checkpoint spares the next fold
	row     call.Row   // reused
	losers  *extsort.Iterator
	next    loser // the next one, of nextShard; status 0 at the end
	shard   uint8 // of next
}

// resultName returns the name of the result that inputs of that hash make.
func resultName(hash string) string { return "results/" + hash }

// fold computes a period's result from a manifest and a book, or finds it: a
// result is named by the hash of its inputs.
func (l *Ledger) fold(ctx context.Context, in inputs) (Ref, error) {
	hash, err := in.hash()
	if err != nil {
		return Ref{}, err
	}
	name := resultName(hash)
	info, err := l.buckets.Rated.Stat(ctx, name)
	if err == nil {
		return refOf(info), nil
	}
	if !isNotFound(err) {
		return Ref{}, fmt.Errorf("looking for a result: %w", err)
	}
	f := &fold{ledger: l, in: in, scratch: "fold/" + hash}
	for {
		data, err := f.run(ctx)
		switch {
		case err == nil:
			return putNamed(ctx, l.buckets.Rated, name, data)
		case errors.Is(err, errSegmentGone) && !f.loose:
			f = &fold{ledger: l, in: in, scratch: f.scratch, loose: true, fresh: f.fresh}
		case errors.Is(err, errCheckpoint) && !f.fresh:
			if err := l.refuse(ctx, f.from.info, err); err != nil {
				return Ref{}, err
			}
			f = &fold{ledger: l, in: in, scratch: f.scratch, loose: f.loose, fresh: true}
		default:
			return Ref{}, fmt.Errorf("folding %s: %w", in.Manifest.Period, err)
		}
	}
}

func (f *fold) run(ctx context.Context) (_ []byte, err error) {
	if f.book, err = f.ledger.openBook(ctx, f.in.Book); err != nil {
		return nil, err
	}
	f.pricer = newPricer(f.book, f.ledger.buckets.Cards)
	f.from = noCheckpoint
	if !f.fresh {
		if f.from, err = f.ledger.checkpoint(ctx, f.in); err != nil {
			return nil, err
		}
	}
	if err := f.openParts(ctx); err != nil {
		return nil, err
	}
	keep, err := f.newCheckpoint()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, keep.close(ctx)) }()
	losers := extsort.New(f.ledger.buckets.Work, f.scratch+"/losers", loserMemory)
	defer func() { err = errors.Join(err, losers.Close(ctx)) }()
	if err := f.distinct(ctx, losers); err != nil {
		return nil, err
	}
	if f.losers, err = losers.Sorted(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.losers.Close()) }()
	if err := f.advanceLoser(); err != nil {
		return nil, err
	}
	res, err := newResultWriter(f, keep)
	if err != nil {
		return nil, err
	}
	for shard := range call.Shards {
		if err := f.foldShard(ctx, uint8(shard), res); err != nil {
			return nil, err
		}
	}
	if f.next.status != 0 {
		return nil, fmt.Errorf("a duplicate on line %d has no row: %w", f.next.line, ErrDamaged)
	}
	return res.finish(ctx)
}

// openParts reads the directories of every part of the manifest that may have
// rows that are not in the checkpoint.
func (f *fold) openParts(ctx context.Context) (err error) {
	until := f.in.Manifest.settled()
	f.parts, err = f.partsOf(ctx, f.in.Manifest.Entries, func(e Entry, m Marker) {
		if all, _ := e.before(until); !all {
			return
		}
		for _, n := range m.Periods {
			if n.Period == e.Period {
				f.spare += n.Accepted + n.Unrated
			}
		}
	})
	if err != nil {
		return err
	}
	f.foreign, err = f.partsOf(ctx, f.in.Manifest.Foreign, func(Entry, Marker) {})
	return err
}

// newCheckpoint returns what writes the checkpoint that later folds go on from;
// nil: there is one that is as good, or it would spare them next to nothing.
func (f *fold) newCheckpoint() (*checkpointWriter, error) {
	until := f.in.Manifest.settled()
	if until <= f.from.until || f.spare < f.ledger.checkpointFrom {
		return nil, nil
	}
	name, err := checkpointName(f.in, until)
	if err != nil {
		return nil, err
	}
	return newCheckpointWriter(f.ledger.buckets.Work, f.scratch, name, until), nil
}

// eachBlock calls each with every block of one kind and shard of entries'
// periods, in the order of (entry, line). Parts are those of the entries.
func eachBlock(entries []Entry, parts [][]*part, kind call.BlockKind, shard uint8, each func(entry uint32, p *part, b blockRef) error) error {
	for entry, parts := range parts {
		for _, p := range parts {
			for _, b := range p.blocks(kind, entries[entry].Period, shard) {
				if err := each(uint32(entry), p, b); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// advanceLoser reads the next loser.
func (f *fold) advanceLoser() error {
	if !f.losers.Next() {
		f.next = loser{}
		return f.losers.Err()
	}
	key := f.losers.Key()
	f.shard = key[0]
	f.next = loser{
		batch:  binary.BigEndian.Uint32(key[1:]),
		line:   int64(binary.BigEndian.Uint64(key[5:])),
		status: call.Status(f.losers.Value()[0]),
	}
	return nil
}

// foldShard orders one shard's rows by account and then as the fold reads
// them, and gives them to the result.
func (f *fold) foldShard(ctx context.Context, shard uint8, res *resultWriter) (err error) {
	sorter := extsort.New(f.ledger.buckets.Work, f.scratch+"/rows", rowMemory)
	defer func() { err = errors.Join(err, sorter.Close(ctx)) }()
	var key, value []byte
	err = eachBlock(f.in.Manifest.Entries, f.parts, call.UsageBlock, shard, func(batch uint32, p *part, b blockRef) error {
		return p.rows(ctx, b, func(stored string) error {
			if err := p.parse(stored, &f.row); err != nil || f.row.Instant < f.from.until {
				return err
			}
			image, err := f.resolve(ctx, shard, batch, p)
			if err != nil {
				return err
			}
			f.row.Image = res.image(image)
			key = appendOrder(key[:0], &f.row)
			value = call.AppendRow(value[:0], &f.row)
			return sorter.Add(ctx, key, value)
		})
	})
	if err != nil {
		return err
	}
	it, err := sorter.Sorted(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	return res.addShard(ctx, shard, &sortedRows{it: it}, f.from.shard(ctx, shard))
}

// resolve prices the stored row in f.row as the book now does. The price a batch
// found stands when it was made under the same card image, in the same way.
func (f *fold) resolve(ctx context.Context, shard uint8, batch uint32, p *part) (image string, err error) {
	r := &f.row
	r.Batch = batch
	if e := f.in.Manifest.Entries[batch]; e.Into != e.Period {
		r.Flags |= call.Late
	}
	if f.next.status != 0 && f.shard == shard && f.next.batch == batch && f.next.line == r.Line {
		r.Status, r.Reason, r.Prefix, r.Billed, r.Charge = f.next.status, "", 0, 0, money.Amount{}
		return "", f.advanceLoser()
	}
	priced, err := p.image(r)
	if err != nil {
		return "", err
	}
	if now, ok := f.pricer.stands(r, priced); ok {
		return now, nil
	}
	return f.pricer.price(ctx, r)
}

// appendOrder appends the place of a row: its account, then the order in which
// the month is folded (instant, feed, call id, leg, content; copies of one
// content by batch and line; charges of one row to one account by role).
func appendOrder(dst []byte, r *call.Row) []byte {
	dst = appendOrdered(dst, r.Account)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Instant)^1<<63)
	dst = appendOrdered(dst, r.Feed)
	dst = appendOrdered(dst, r.CallID)
	dst = appendOrdered(dst, r.Leg)
	hash := r.ContentHash()
	dst = append(dst, hash[:]...)
	dst = binary.BigEndian.AppendUint32(dst, r.Batch)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Line))
	if r.Role == call.Payer {
		return dst // the first of them
	}
	return append(dst, byte(r.Role), r.Level)
}

// appendOrdered appends a string so that bytes sort as strings do, whatever
// follows: a zero byte is escaped and two of them end it.
func appendOrdered(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, s[i])
		if s[i] == 0 {
			dst = append(dst, 0xff)
		}
	}
	return append(dst, 0, 0)
}
