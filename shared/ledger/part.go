package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/objects"
)

// A part is an immutable object of row blocks, gathered by kind, period and
// shard, then a directory (JSON), then 12 bytes: the directory's length, its
// CRC-32C and a magic number, little-endian. It is named by its hash, behind a
// prefix that says whose it is: parts/BATCH/REV of a batch's revision, outcomes
// of results. No two revisions share a part, so it can be deleted with the one.
const (
	partMagic   = 0x31504254 // "TBP1"
	partTrailer = 12
	// partLimit is how many bytes of rows a part gathers: what a writer holds.
	partLimit = 8 << 20
	// blockLimit is how many bytes of rows a block gathers.
	blockLimit   = 256 << 10
	maxDirectory = 64 << 20
)

// directory says what a part holds. Rows name periods and card images by their
// place in the tables.
type directory struct {
	Periods []Key      `json:"periods"`
	Images  []string   `json:"images"`
	Blocks  []blockRef `json:"blocks"`
}

type blockRef struct {
	Kind   call.BlockKind `json:"k"`
	Period int            `json:"p"`
	Shard  uint8          `json:"s"`
	Rows   uint32         `json:"n"`
	Offset int64          `json:"o"`
	Size   int64          `json:"z"` // with its head
}

// has reports whether a block's period is in the table; report rows have none.
func (d *directory) has(b blockRef) bool {
	if b.Kind == call.ReportBlock {
		return b.Period == 0
	}
	return b.Period >= 0 && b.Period < len(d.Periods)
}

type blockKey struct {
	kind   call.BlockKind
	period int
	shard  uint8
}

// partPrefix returns the prefix of the names of a revision's parts.
func partPrefix(batch string, rev int64) string {
	return "parts/" + batch + "/" + strconv.FormatInt(rev, 10)
}

// partWriter gathers rows into parts of bounded size.
type partWriter struct {
	bucket  objects.Bucket
	prefix  string // of the parts' names
	dir     directory
	periods map[Key]int
	images  map[string]uint32
	open    map[blockKey]*openBlock
	done    []closedBlock
	held    int
	free    [][]byte
	parts   []Ref
}

type openBlock struct {
	rows uint32
	data []byte
}

type closedBlock struct {
	key  blockKey
	rows uint32
	data []byte
}

func newPartWriter(bucket objects.Bucket, prefix string) *partWriter {
	w := &partWriter{bucket: bucket, prefix: prefix}
	w.reset()
	return w
}

func (w *partWriter) reset() {
	w.dir = directory{Periods: []Key{}, Images: []string{}}
	w.periods, w.images = map[Key]int{}, map[string]uint32{}
	w.open = map[blockKey]*openBlock{}
	for _, b := range w.done {
		w.free = append(w.free, b.data[:0])
	}
	w.done, w.held = w.done[:0], 0
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

// full reports whether the part should be sealed before the next record: only
// then, since a record's rows name places in one part's tables.
func (w *partWriter) full() bool { return w.held >= partLimit }

// add takes a row's bytes.
func (w *partWriter) add(kind call.BlockKind, period int, shard uint8, row []byte) {
	key := blockKey{kind, period, shard}
	b := w.open[key]
	if b == nil {
		b = &openBlock{}
		if n := len(w.free); n > 0 {
			b.data, w.free = w.free[n-1], w.free[:n-1]
		}
		w.open[key] = b
	}
	before := len(b.data)
	b.data = call.AppendFramed(b.data, row)
	b.rows++
	w.held += len(b.data) - before
	if len(b.data) >= blockLimit {
		w.close(key)
	}
}

func (w *partWriter) close(key blockKey) {
	b := w.open[key]
	delete(w.open, key)
	w.done = append(w.done, closedBlock{key: key, rows: b.rows, data: b.data})
}

// seal writes what is held as a part; nothing held, nothing written.
func (w *partWriter) seal(ctx context.Context) error {
	if w.held == 0 {
		return nil
	}
	for key := range w.open {
		w.close(key)
	}
	// Blocks of one key were closed in the order of their rows: a stable sort
	// keeps it. The map above is walked in no order, which the sort removes.
	slices.SortStableFunc(w.done, func(a, b closedBlock) int {
		if a.key.kind != b.key.kind {
			return int(a.key.kind) - int(b.key.kind)
		}
		if a.key.period != b.key.period {
			return a.key.period - b.key.period
		}
		return int(a.key.shard) - int(b.key.shard)
	})
	data := make([]byte, 0, w.held+len(w.done)*(call.BlockHeaderSize+64)+4096)
	for _, b := range w.done {
		offset := len(data)
		data = call.AppendBlock(data, b.key.kind, b.key.shard, b.rows, b.data)
		w.dir.Blocks = append(w.dir.Blocks, blockRef{
			Kind: b.key.kind, Period: b.key.period, Shard: b.key.shard, Rows: b.rows,
			Offset: int64(offset), Size: int64(len(data) - offset),
		})
	}
	dir, err := json.Marshal(w.dir)
	if err != nil {
		return fmt.Errorf("encoding a part's directory: %w", err)
	}
	data = append(data, dir...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(dir)))
	data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(dir, castagnoli))
	data = binary.LittleEndian.AppendUint32(data, partMagic)
	ref, err := put(ctx, w.bucket, w.prefix, data)
	if err != nil {
		return err
	}
	w.parts = append(w.parts, ref)
	w.reset()
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// part is a part opened for reading: its directory is held, its rows are not.
type part struct {
	bucket objects.Bucket
	ref    Ref
	dir    directory
}

func openPart(ctx context.Context, bucket objects.Bucket, ref Ref) (*part, error) {
	damaged := func(what string) error {
		return fmt.Errorf("part %s: %s: %w", ref.Name, what, ErrDamaged)
	}
	if ref.Size < partTrailer {
		return nil, damaged("it is too short")
	}
	trailer, err := loadRange(ctx, bucket, ref, ref.Size-partTrailer, partTrailer)
	if err != nil {
		return nil, err
	}
	size := int64(binary.LittleEndian.Uint32(trailer))
	if binary.LittleEndian.Uint32(trailer[8:]) != partMagic || size > min(ref.Size-partTrailer, maxDirectory) {
		return nil, damaged("it does not end as a part does")
	}
	end := ref.Size - partTrailer - size
	dir, err := loadRange(ctx, bucket, ref, end, size)
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(dir, castagnoli) != binary.LittleEndian.Uint32(trailer[4:]) {
		return nil, damaged("its directory's checksum differs")
	}
	p := &part{bucket: bucket, ref: ref}
	if err := json.Unmarshal(dir, &p.dir); err != nil {
		return nil, damaged("its directory cannot be read")
	}
	for _, b := range p.dir.Blocks {
		if b.Offset < 0 || b.Size < call.BlockHeaderSize || b.Offset > end-b.Size || !p.dir.has(b) {
			return nil, damaged("its directory names a block that is not there")
		}
	}
	return p, nil
}

// image returns the card image that a row of the part was priced under; empty
// for a row that no card priced.
func (p *part) image(r *call.Row) (string, error) {
	if r.Image == 0 {
		return "", nil
	}
	if int64(r.Image) > int64(len(p.dir.Images)) {
		return "", fmt.Errorf("part %s: a row names a card image that is not there: %w", p.ref.Name, ErrDamaged)
	}
	return p.dir.Images[r.Image-1], nil
}

// rows calls each with the bytes of every row of a block, in order.
func (p *part) rows(ctx context.Context, b blockRef, each func(row []byte) error) error {
	data, err := loadRange(ctx, p.bucket, p.ref, b.Offset, b.Size)
	if err != nil {
		return err
	}
	head, payload, err := call.ParseBlock(data)
	if err != nil {
		return fmt.Errorf("part %s at %d: %w: %w", p.ref.Name, b.Offset, ErrDamaged, err)
	}
	if head.Kind != b.Kind || head.Shard != b.Shard || head.Rows != b.Rows {
		return fmt.Errorf("part %s at %d: the block is not the one its directory names: %w", p.ref.Name, b.Offset, ErrDamaged)
	}
	for n := uint32(0); n < head.Rows; n++ {
		var row []byte
		if row, payload, err = call.NextFramed(payload); err != nil {
			return fmt.Errorf("part %s at %d: %w: %w", p.ref.Name, b.Offset, ErrDamaged, err)
		}
		if err := each(row); err != nil {
			return err
		}
	}
	if len(payload) != 0 {
		return fmt.Errorf("part %s at %d: more bytes than rows: %w", p.ref.Name, b.Offset, ErrDamaged)
	}
	return nil
}
