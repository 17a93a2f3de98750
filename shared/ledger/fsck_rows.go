package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
)

// rowCheck compares a batch's parts, sorted by line, with its file read again.
type rowCheck struct {
	*checker
	batch   Batch
	book    *ownBook
	feed    *book.Feed
	places  []storedPlace // what stored rows lie under, by number
	numbers map[storedPlace]uint32
	it      *extsort.Iterator
	more    bool // it stands on a row
	partial bool // a part is damaged: that rows are missing says nothing
	here    []storedRow
	content string // SHA-256 of the file, in hex

	counts  Counts
	reasons map[string]int64
	charges map[string]int64 // beside who pays
	periods map[Key]*PeriodCount
	unsure  bool // a card is damaged: the counts cannot be made again
}

// storedPlace is where a row was found.
type storedPlace struct {
	kind   call.BlockKind
	shard  uint8
	period Key
	feed   string // of its part
	image  string
	role   call.Role // of a charge, and its level
	level  uint8
}

type storedRow struct {
	storedPlace
	data []byte
}

func (c *checker) checkRows(ctx context.Context, b Batch, m *Marker) (err error) {
	bk, err := c.book(ctx, b.Book)
	if err != nil || bk == nil {
		return err
	}
	feed, ok := bk.index.Feed(b.Feed)
	if !ok {
		c.add("batch", batchPath(b.ID).String(), "its book has no feed %q", b.Feed)
		return nil
	}
	sorter := extsort.New(c.ledger.buckets.Work, "fsck/"+b.ID, lineMemory)
	defer func() { err = errors.Join(err, sorter.Close(ctx)) }()
	k := &rowCheck{checker: c, batch: b, book: bk, feed: feed, numbers: map[storedPlace]uint32{}, reasons: map[string]int64{}, charges: map[string]int64{}, periods: map[Key]*PeriodCount{}}
	for _, ref := range m.Parts {
		p, err := c.part(ctx, ref)
		if err != nil {
			return err
		}
		if p == nil {
			k.partial = true
			continue
		}
		if err := k.gather(ctx, p, sorter); err != nil {
			return err
		}
	}
	if k.it, err = sorter.Sorted(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.it.Close()) }()
	k.more = k.it.Next()
	if read, err := k.read(ctx); err != nil || !read {
		if b.Counts != m.Counts {
			c.add("counts", batchPath(b.ID).String(), "%+v, but the marker says %+v", b.Counts, m.Counts)
		}
		return err
	}
	if err := k.before(1<<63 - 1); err != nil {
		return err
	}
	k.checkCounts(m)
	if m.Content != k.content {
		c.add("marker", b.Marker.Name, "it says that the file has SHA-256 %q, but it has %s", m.Content, k.content)
	}
	if b.Content != k.content {
		c.add("batch", batchPath(b.ID).String(), "it says that the file has SHA-256 %q, but it has %s", b.Content, k.content)
	}
	return nil
}

// gather gives the rows and identities of a part to the sorter, by line.
func (k *rowCheck) gather(ctx context.Context, p *part, sorter *extsort.Sorter) error {
	var key, value []byte
	add := func(at storedPlace, line int64, data []byte) error {
		n, ok := k.numbers[at]
		if !ok {
			n = uint32(len(k.places))
			k.numbers[at], k.places = n, append(k.places, at)
		}
		key = binary.BigEndian.AppendUint64(key[:0], uint64(line))
		value = append(binary.BigEndian.AppendUint32(value[:0], n), data...)
		return sorter.Add(ctx, key, value)
	}
	for _, b := range p.dir.Blocks {
		at := storedPlace{kind: b.Kind, shard: b.Shard, feed: p.dir.Feed}
		if b.Period < len(p.dir.Periods) && b.Kind != call.ReportBlock {
			at.period = p.dir.Periods[b.Period]
		}
		var err error
		if b.Kind == call.IdentityBlock {
			err = p.identities(ctx, b, func(id call.Identity) error { return add(at, id.Line, call.AppendIdentity(nil, id)) })
		} else {
			err = p.rows(ctx, b, func(stored string) error {
				var r call.Row
				if err := p.parse(stored, &r); err != nil {
					return err
				}
				if at.image, err = p.image(&r); err != nil {
					return err
				}
				at.role, at.level = r.Role, r.Level
				return add(at, r.Line, []byte(stored))
			})
		}
		if err != nil {
			k.partial = true
			return k.blame("part", p.ref.Name, err)
		}
	}
	return nil
}

// read reads the file; false says that it is not there any more.
func (k *rowCheck) read(ctx context.Context) (ok bool, err error) {
	where := k.batch.Bucket + "/" + k.batch.Object
	bucket, err := k.ledger.source(k.batch.Bucket)
	if err != nil {
		k.add("source", where, "%v", err)
		return false, nil
	}
	src, err := bucket.OpenRange(ctx, k.batch.Object, k.batch.Generation, 0, -1)
	if err != nil {
		return false, k.blame("source", where, fmt.Errorf("batch %s: %w", k.batch.ID, err))
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	content := sha256.New()
	identify, err := k.identify(ctx, k.book, k.feed)
	if err != nil || identify == nil {
		return false, err
	}
	err = readFeed(io.TeeReader(src, content), k.feed, k.book.index, identify, func(r *call.Row) error { return k.row(ctx, r) })
	if err != nil {
		return false, k.blame("source", where, err)
	}
	k.content = hex.EncodeToString(content.Sum(nil))
	return true, nil
}

func (k *rowCheck) where(line int64) string { return fmt.Sprintf("batch %s line %d", k.batch.ID, line) }

// before takes the stored rows that lie before a line: the file has no such.
func (k *rowCheck) before(line int64) error {
	for ; k.more && binary.BigEndian.Uint64(k.it.Key()) < uint64(line); k.more = k.it.Next() {
		k.add("row", k.where(int64(binary.BigEndian.Uint64(k.it.Key()))), "a part has a row, but no row of the file begins on this line")
	}
	return k.it.Err()
}

// row compares one row of the file with what is stored of its line.
func (k *rowCheck) row(ctx context.Context, r *call.Row) error {
	if err := k.before(r.Line); err != nil {
		return err
	}
	k.here = k.here[:0]
	for ; k.more && binary.BigEndian.Uint64(k.it.Key()) == uint64(r.Line); k.more = k.it.Next() {
		v := k.it.Value()
		k.here = append(k.here, storedRow{k.places[binary.BigEndian.Uint32(v)], slices.Clone(v[4:])})
	}
	if err := k.it.Err(); err != nil {
		return err
	}
	k.counts.Rows++
	if r.Status != 0 {
		k.count(r)
		if at, ok := k.only(r, call.ReportBlock); ok {
			k.compare(at, r)
		}
		return nil
	}
	charges, identities := k.chargesOf(r), []storedPlace(nil)
	for i := range charges {
		at, err := k.charge(ctx, &charges[i])
		if err != nil {
			return err
		}
		identities = append(identities, at)
	}
	k.checkIdentities(r, identities)
	for _, s := range k.here {
		if s.kind == call.UsageBlock && !slices.ContainsFunc(charges, func(c call.Row) bool { return c.Role == s.role && c.Level == s.level }) {
			k.add("row", k.where(r.Line), "a part has a charge of it as %s, which it does not make", s.role.Name(s.level))
		}
	}
	return nil
}

// charge compares one charge of a row with what is stored of it, and returns
// where it must lie.
func (k *rowCheck) charge(ctx context.Context, r *call.Row) (storedPlace, error) {
	p, image, sure, err := k.price(ctx, k.book, r)
	if err != nil {
		return storedPlace{}, err
	}
	r.Status, r.Reason = call.Rated, p.reason
	if p.reason != "" {
		r.Status = call.Unrated
	}
	r.Flags |= p.flags
	want := storedPlace{period: k.book.place(k.feed, r.Account, r.Role, r.At()), shard: call.ShardOf(r.Account)}
	k.unsure = k.unsure || !sure
	k.count(r)
	k.countPeriod(want.period, r)
	if at, ok := k.only(r, call.UsageBlock); ok {
		where := k.where(r.Line) + ofRole(r)
		if at.period != want.period || at.shard != want.shard {
			k.add("row", where, "it lies in %s, shard %d; want %s, shard %d", at.period, at.shard, want.period, want.shard)
		}
		if got := k.compare(at, r); sure && got != nil {
			k.pricing("charge", where, got, at.image, p, image)
		}
	}
	return want, nil
}

// only returns the one stored row of a kind that a row, or a charge of it, has.
func (k *rowCheck) only(r *call.Row, kind call.BlockKind) (one storedRow, ok bool) {
	n, where := 0, k.where(r.Line)+ofRole(r)
	for _, s := range k.here {
		if s.kind == kind && s.role == r.Role && s.level == r.Level {
			one, n = s, n+1
		} else if (s.kind == call.ReportBlock) != (kind == call.ReportBlock) {
			k.add("row", where, "a part has it as a block of kind %d, want %d", s.kind, kind)
		}
	}
	switch {
	case n == 0 && !k.partial:
		k.add("row", where, "no part has its row")
	case n > 1:
		k.add("row", where, "the parts have its row %d times", n)
	}
	return one, n == 1
}

// checkIdentities compares the identities that are stored of a row with those
// of its charges: one each, where the charge lies.
func (k *rowCheck) checkIdentities(r *call.Row, charges []storedPlace) {
	hash, found := r.IdentityHash(), 0
	left := slices.Clone(charges)
	for _, s := range k.here {
		if s.kind != call.IdentityBlock {
			continue
		}
		found++
		id, _, err := call.NextIdentity(s.data)
		at := slices.IndexFunc(left, func(c storedPlace) bool { return c.shard == id.Shard && c.period == s.period })
		if err != nil || id.Hash != hash || id.Line != r.Line || s.shard != call.IdentityShard(hash) || at < 0 {
			k.add("row", k.where(r.Line), "its identity is not the one that the file gives it, or not where its charges lie")
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	if found > len(charges) || found < len(charges) && !k.partial {
		k.add("row", k.where(r.Line), "the parts have its identity %d times, want %d", found, len(charges))
	}
}
