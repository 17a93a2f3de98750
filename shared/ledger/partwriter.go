package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/objects"
)

// partWriter gathers rows into parts of bounded size. A row is appended to the
// open block of its kind, period and shard, and stays there until it is stored.
type partWriter struct {
	bucket  objects.Bucket
	prefix  string // of the parts' names
	feed    string // of usage rows
	dir     directory
	periods map[Key]int
	images  map[string]uint32
	open    []*[call.Shards]openBlock // by place: see blockPlace
	report  openBlock
	held    int // bytes of rows
	parts   []Ref
}

// openBlock is a block with room for its head before the rows. It keeps its
// memory from part to part.
type openBlock struct {
	rows uint32
	data []byte
	full []fullBlock // earlier ones of the same kind, period and shard
}

type fullBlock struct {
	rows uint32
	data []byte
}

func newPartWriter(bucket objects.Bucket, prefix string) *partWriter {
	w := &partWriter{bucket: bucket, prefix: prefix}
	w.reset()
	return w
}

func (w *partWriter) reset() {
	w.dir = directory{Feed: w.feed, Periods: []Key{}, Images: []string{}}
	w.periods, w.images = map[Key]int{}, map[string]uint32{}
	w.held = 0
}

// period returns the place of a period in the part's table.
func (w *partWriter) period(k Key) int {
	i, ok := w.periods[k]
	if !ok {
		i = len(w.dir.Periods)
		w.periods[k] = i
		w.dir.Periods = append(w.dir.Periods, k)
	}
	return i
}

// image returns the place of a card image in the part's table, counted from
// one; 0 is no image.
func (w *partWriter) image(name string) uint32 {
	if name == "" {
		return 0
	}
	i, ok := w.images[name]
	if !ok {
		w.dir.Images = append(w.dir.Images, name)
		i = uint32(len(w.dir.Images))
		w.images[name] = i
	}
	return i
}

// full reports whether the part should be sealed before the next record, with
// some bytes that are gathered for it: only then, since a record's rows name
// places in one part's tables.
func (w *partWriter) full(gathered int) bool { return w.held+gathered >= partLimit }

// blockPlace returns where the open blocks of a kind and period are.
func blockPlace(kind call.BlockKind, period int) int {
	return period*int(call.OutcomeBlock) + int(kind) - 1
}

// shards returns the open blocks of a kind and period, by shard.
func (w *partWriter) shards(kind call.BlockKind, period int) *[call.Shards]openBlock {
	place := blockPlace(kind, period)
	for place >= len(w.open) {
		w.open = append(w.open, nil)
	}
	if w.open[place] == nil {
		w.open[place] = new([call.Shards]openBlock)
	}
	return w.open[place]
}

// add takes a row's bytes.
func (w *partWriter) add(kind call.BlockKind, period int, shard uint8, row []byte) {
	b := &w.report
	if kind != call.ReportBlock {
		b = &w.shards(kind, period)[shard]
	}
	b.begin()
	w.added(b, call.AppendFramed(b.data, row))
}

// addStored takes a row as a block has it.
func (w *partWriter) addStored(b *openBlock, row []byte) {
	b.begin()
	w.added(b, append(b.data, row...))
}

// addIdentity takes what tells whether a row is there twice.
func (w *partWriter) addIdentity(b *openBlock, id call.Identity) {
	b.begin()
	w.added(b, call.AppendIdentity(b.data, id))
}

// begin makes a block ready for a row.
func (b *openBlock) begin() {
	if b.rows == 0 {
		b.data = call.BeginBlock(b.data[:0])
	}
}

// added notes that a block has one row more.
func (w *partWriter) added(b *openBlock, data []byte) {
	w.held += len(data) - len(b.data)
	b.data = data
	b.rows++
	if len(data) >= blockLimit {
		b.full = append(b.full, fullBlock{b.rows, data})
		b.rows, b.data = 0, nil
	}
}

// seal writes what is held as a part; nothing held, nothing written.
func (w *partWriter) seal(ctx context.Context) error {
	if w.held == 0 {
		return nil
	}
	blocks := w.finish()
	dir, err := json.Marshal(w.dir)
	if err != nil {
		return fmt.Errorf("encoding a part's directory: %w", err)
	}
	name := w.prefix + "/" + dirName(dir)
	content := make([]io.Reader, 0, len(blocks)+1)
	for _, b := range append(blocks, appendTrailer(dir, partMagic)) {
		content = append(content, bytes.NewReader(b))
	}
	ref, err := createNamed(ctx, w.bucket, name, io.MultiReader(content...))
	if err != nil {
		return err
	}
	w.parts = append(w.parts, ref)
	w.reset()
	return nil
}

// finish ends all blocks and names them in the directory: by kind, period and
// shard. The blocks can be used again once they are stored.
func (w *partWriter) finish() (blocks [][]byte) {
	offset := 0
	end := func(b *openBlock, kind call.BlockKind, period int, shard uint8) {
		all := b.full
		if b.rows > 0 {
			all = append(all, fullBlock{b.rows, b.data})
		}
		for _, f := range all {
			sum := call.EndBlock(f.data, kind, shard, f.rows)
			w.dir.Blocks = append(w.dir.Blocks, blockRef{
				Kind: kind, Period: period, Shard: shard, Rows: f.rows, Offset: int64(offset), Size: int64(len(f.data)), Sum: sum,
			})
			blocks = append(blocks, f.data)
			offset += len(f.data)
		}
		b.rows, b.full = 0, nil
	}
	for kind := call.UsageBlock; kind <= call.OutcomeBlock; kind++ {
		if kind == call.ReportBlock {
			end(&w.report, kind, 0, 0)
			continue
		}
		for period := range w.dir.Periods {
			if at := blockPlace(kind, period); at < len(w.open) && w.open[at] != nil {
				for shard := range w.open[at] {
					end(&w.open[at][shard], kind, period, uint8(shard))
				}
			}
		}
	}
	return blocks
}
