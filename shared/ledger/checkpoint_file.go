package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
	"github.com/tollbook/tollbook/shared/objects"
)

// A checkpoint is stored as blocks of accounts, by shard and then id, then a
// directory and a trailer as a part has them.
const checkpointMagic = 0x314B4254 // "TBK1"

// checkpointDirectory says what a checkpoint holds.
type checkpointDirectory struct {
	Name   string     `json:"name"`  // its own
	Parts  []Ref      `json:"parts"` // of the outcomes from before
	Days   []DayParts `json:"days"`  // whose they are
	Blocks []blockRef `json:"blocks"`
}

// openCheckpoint opens one of a period; errCheckpoint: it cannot be used.
func (l *Ledger) openCheckpoint(ctx context.Context, key Key, info objects.Info) (checkpoint, error) {
	c, err := l.readCheckpoint(ctx, key, info)
	if err != nil {
		return noCheckpoint, unusable(fmt.Errorf("checkpoint %s: %w", info.Name, err))
	}
	return c, nil
}

func (l *Ledger) readCheckpoint(ctx context.Context, key Key, info objects.Info) (checkpoint, error) {
	ref := refOf(info)
	data, end, err := loadDirectory(ctx, l.buckets.Work, ref, checkpointMagic)
	if err != nil {
		return noCheckpoint, err
	}
	var dir checkpointDirectory
	if err := json.Unmarshal(data, &dir); err != nil {
		return noCheckpoint, fmt.Errorf("decoding its directory: %w: %w", ErrDamaged, err)
	}
	if dir.Name != info.Name {
		return noCheckpoint, fmt.Errorf("it is that of %q: %w", dir.Name, ErrDamaged)
	}
	until, err := untilOf(key, info.Name)
	if err != nil {
		return noCheckpoint, err
	}
	c := checkpoint{until: until, parts: dir.Parts, days: dir.Days, key: key, info: info}
	c.states = &part{
		bucket: l.buckets.Work, ref: ref, dir: directory{Periods: []Key{key}, Blocks: dir.Blocks},
		ahead: &readAhead{bucket: l.buckets.Work, ref: ref, most: checkpointAhead},
	}
	if err := c.states.check(end); err != nil {
		return noCheckpoint, err
	}
	return c, c.checkOutcomes(ctx, l.buckets.Rated)
}

// checkpointAhead is how many bytes of a checkpoint are read at a time.
const checkpointAhead = 1 << 20

// checkOutcomes proves that the outcomes from before are there.
func (c *checkpoint) checkOutcomes(ctx context.Context, rated objects.Bucket) error {
	left, last := len(c.parts), ""
	for _, d := range c.days {
		if left -= d.Parts; d.Parts < 0 || left < 0 || d.Day.String() <= last || d.Day.Compare(dateOf(dayOf(c.until))) >= 0 {
			return fmt.Errorf("its days are not those before it: %w", ErrDamaged)
		}
		last = d.Day.String()
	}
	if left > 0 {
		return fmt.Errorf("it has more parts than its days: %w", ErrDamaged)
	}
	for _, ref := range c.parts {
		info, err := rated.Stat(ctx, ref.Name)
		if errors.Is(err, objects.ErrInvalid) || err == nil && refOf(info) != ref {
			err = fmt.Errorf("it names outcomes that are not there: %w", ErrDamaged)
		}
		if err != nil {
			return fmt.Errorf("outcomes %s: %w", ref.Name, err)
		}
	}
	return nil
}

// keptMonths reads the accounts that a checkpoint has of a shard, in order.
type keptMonths struct {
	ctx    context.Context
	states *part
	blocks []blockRef
	rows   []string
	shard  uint8
	month  keptMonth // the next one
	more   bool      // there is one
}

func (c *checkpoint) shard(ctx context.Context, shard uint8) *keptMonths {
	k := &keptMonths{ctx: ctx, states: c.states, shard: shard}
	if c.states != nil {
		k.blocks = c.states.blocks(call.StateBlock, c.key, shard)
	}
	return k
}

// next reads the next account; errCheckpoint: what is there is damaged.
func (k *keptMonths) next() error {
	for len(k.rows) == 0 {
		if k.more = len(k.blocks) > 0; !k.more {
			return nil
		}
		err := k.states.rows(k.ctx, k.blocks[0], func(row string) error {
			k.rows = append(k.rows, row)
			return nil
		})
		if err != nil {
			return unusable(err)
		}
		k.blocks = k.blocks[1:]
	}
	last := k.month.account
	if !k.month.parse(k.rows[0]) || k.more && k.month.account <= last || call.ShardOf(k.month.account) != k.shard {
		return unusable(fmt.Errorf("%s: an account of it: %w", k.states.ref.Name, ErrDamaged))
	}
	k.rows, k.more = k.rows[1:], true
	return nil
}

// checkpointWriter gathers what the accounts of a month come to at a midnight.
type checkpointWriter struct {
	name   string
	until  int64 // Unix nanoseconds
	states *extsort.Sorter
	count  uint64
	buf    []byte
}

// stateMemory is how many bytes of accounts a checkpoint that is made holds.
const stateMemory = 8 << 20

func newCheckpointWriter(work objects.Bucket, scratch, name string, until int64) *checkpointWriter {
	return &checkpointWriter{name: name, until: until, states: extsort.New(work, scratch+"/states", stateMemory)}
}

// add takes the month of an account as it stands; they come in order.
func (w *checkpointWriter) add(ctx context.Context, shard uint8, m *accountMonth) error {
	if m.res.Counts.Rows == 0 {
		return nil
	}
	w.count++
	key := binary.BigEndian.AppendUint64([]byte{shard}, w.count)
	w.buf = m.appendState(w.buf[:0])
	return w.states.Add(ctx, key, w.buf)
}

// store writes the checkpoint. Days are those of the outcomes, and parts theirs;
// those from before belong to it.
func (w *checkpointWriter) store(ctx context.Context, work objects.Bucket, parts []Ref, days []DayParts) (err error) {
	r := &checkpointReader{dir: checkpointDirectory{Name: w.name, Parts: []Ref{}, Days: []DayParts{}, Blocks: []blockRef{}}}
	for _, d := range days {
		if d.Day.Compare(dateOf(dayOf(w.until))) < 0 {
			r.dir.Days, r.dir.Parts = append(r.dir.Days, d), append(r.dir.Parts, parts[:d.Parts]...)
		}
		parts = parts[d.Parts:]
	}
	if r.states, err = w.states.Sorted(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.states.Close()) }()
	r.more = r.states.Next()
	if _, err := work.Create(ctx, w.name, r); err != nil && !errors.Is(err, objects.ErrExists) {
		return fmt.Errorf("storing a checkpoint: %w", err)
	}
	return nil
}

// close deletes what was gathered; of none it does nothing.
func (w *checkpointWriter) close(ctx context.Context) error {
	if w == nil {
		return nil
	}
	return w.states.Close(ctx)
}

// checkpointReader renders a checkpoint as it is read.
type checkpointReader struct {
	states *extsort.Iterator
	more   bool
	dir    checkpointDirectory
	block  []byte
	rest   []byte // rendered, and not yet given
	size   int64
	ended  bool
}

func (r *checkpointReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.render(); err != nil {
			return 0, err
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// render makes the next block, or what ends the checkpoint.
func (r *checkpointReader) render() error {
	if !r.more {
		if err := r.states.Err(); err != nil {
			return err
		}
		dir, err := json.Marshal(r.dir)
		if err != nil {
			return fmt.Errorf("encoding a checkpoint's directory: %w", err)
		}
		r.rest, r.ended = appendTrailer(dir, checkpointMagic), true
		return nil
	}
	shard, rows := r.states.Key()[0], uint32(0)
	r.block = call.BeginBlock(r.block[:0])
	for r.more && r.states.Key()[0] == shard && len(r.block) < blockLimit {
		r.block = call.AppendFramed(r.block, r.states.Value())
		rows++
		r.more = r.states.Next()
	}
	b := blockRef{Kind: call.StateBlock, Shard: shard, Rows: rows, Offset: r.size, Size: int64(len(r.block))}
	b.Sum = call.EndBlock(r.block, b.Kind, shard, rows)
	r.dir.Blocks = append(r.dir.Blocks, b)
	r.rest, r.size = r.block, r.size+b.Size
	return nil
}
