package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/objects"
)

// A part is an immutable object of row blocks, gathered by kind, period and
// shard, then a directory (JSON), then 12 bytes: the directory's length, its
// CRC-32C and a magic number, little-endian. It is named by the hash of its
// directory, which has the checksum of every block, behind a prefix that says
// whose it is: parts/BATCH/REV of a batch's revision, outcomes of results. No
// two revisions share a part, so it can be deleted with the one.
const (
	partMagic   = 0x32504254 // "TBP2"
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
	Sum    uint32         `json:"c"` // as its head has it
}

// has reports whether a block's period is in the table; report rows have none.
func (d *directory) has(b blockRef) bool {
	if b.Kind == call.ReportBlock {
		return b.Period == 0
	}
	return b.Period >= 0 && b.Period < len(d.Periods)
}

// partPrefix returns the prefix of the names of a revision's parts.
func partPrefix(batch string, rev int64) string {
	return "parts/" + batch + "/" + strconv.FormatInt(rev, 10)
}

// partWriter gathers rows into parts of bounded size. A row is appended to the
// open block of its kind, period and shard, and stays there until it is stored.
type partWriter struct {
	bucket  objects.Bucket
	prefix  string // of the parts' names
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
	w.dir = directory{Periods: []Key{}, Images: []string{}}
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

// full reports whether the part should be sealed before the next record: only
// then, since a record's rows name places in one part's tables.
func (w *partWriter) full() bool { return w.held >= partLimit }

// blockPlace returns where the open blocks of a kind and period are.
func blockPlace(kind call.BlockKind, period int) int {
	return period*int(call.OutcomeBlock) + int(kind) - 1
}

// block returns the open block of a kind, period and shard.
func (w *partWriter) block(kind call.BlockKind, period int, shard uint8) *openBlock {
	if kind == call.ReportBlock {
		return &w.report
	}
	for at := blockPlace(kind, period); at >= len(w.open); {
		w.open = append(w.open, nil)
	}
	all := &w.open[blockPlace(kind, period)]
	if *all == nil {
		*all = new([call.Shards]openBlock)
	}
	return &(*all)[shard]
}

// add takes a row's bytes.
func (w *partWriter) add(kind call.BlockKind, period int, shard uint8, row []byte) {
	b := w.begin(kind, period, shard)
	w.added(b, call.AppendFramed(b.data, row))
}

// addRow takes a row of columns, and what pricing made of it.
func (w *partWriter) addRow(period int, shard uint8, c *call.Columns, i int, p *call.Priced) {
	b := w.begin(call.UsageBlock, period, shard)
	w.added(b, c.AppendFramedRow(b.data, i, p))
}

// addIdentity takes what tells whether a row is there twice.
func (w *partWriter) addIdentity(period int, id call.Identity) {
	b := w.begin(call.IdentityBlock, period, call.IdentityShard(id.Hash))
	w.added(b, call.AppendIdentity(b.data, id))
}

// begin returns an open block, ready for a row.
func (w *partWriter) begin(kind call.BlockKind, period int, shard uint8) *openBlock {
	b := w.block(kind, period, shard)
	if b.rows == 0 {
		b.data = call.BeginBlock(b.data[:0])
	}
	return b
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
	trailer := binary.LittleEndian.AppendUint32(nil, uint32(len(dir)))
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(dir, castagnoli))
	trailer = binary.LittleEndian.AppendUint32(trailer, partMagic)
	content := make([]io.Reader, 0, len(blocks)+2)
	for _, b := range append(blocks, dir, trailer) {
		content = append(content, bytes.NewReader(b))
	}
	ref, err := createNamed(ctx, w.bucket, w.prefix+"/"+dirName(dir), io.MultiReader(content...))
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

// dirName is the end of the name that a directory gives its part.
func dirName(dir []byte) string {
	sum := sha256.Sum256(dir)
	return hex.EncodeToString(sum[:])
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
	if path.Base(ref.Name) != dirName(dir) {
		return nil, damaged("its directory is not the one it is named by")
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
	if !slices.IsSortedFunc(p.dir.Blocks, compareBlocks) {
		return nil, damaged("its directory is not in order")
	}
	return p, nil
}

// compareBlocks orders blocks by kind, period and shard.
func compareBlocks(a, b blockRef) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Period, b.Period), cmp.Compare(a.Shard, b.Shard))
}

// blocks returns those of a kind, period and shard, in the order of their rows.
func (p *part) blocks(kind call.BlockKind, key Key, shard uint8) []blockRef {
	at := slices.Index(p.dir.Periods, key)
	if at < 0 {
		return nil
	}
	want := blockRef{Kind: kind, Period: at, Shard: shard}
	from, _ := slices.BinarySearchFunc(p.dir.Blocks, want, compareBlocks)
	to := from
	for to < len(p.dir.Blocks) && compareBlocks(p.dir.Blocks[to], want) == 0 {
		to++
	}
	return p.dir.Blocks[from:to]
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

// parse reads a stored row of the part into r, whose texts are parts of it.
func (p *part) parse(stored string, r *call.Row) error {
	if err := call.ParseRow(stored, r); err != nil {
		return fmt.Errorf("part %s: %w: %w", p.ref.Name, ErrDamaged, err)
	}
	return nil
}

// rows calls each with every row of a block, as it is stored, in order.
func (p *part) rows(ctx context.Context, b blockRef, each func(row string) error) error {
	payload, err := p.payload(ctx, b)
	if err != nil {
		return err
	}
	rest := string(payload) // once: texts of rows are parts of it
	for range b.Rows {
		var row string
		if row, rest, err = call.NextFramed(rest); err != nil {
			return p.damaged(b, err)
		}
		if err := each(row); err != nil {
			return err
		}
	}
	if rest != "" {
		return p.damaged(b, errMoreThanRows)
	}
	return nil
}

// identities calls each with every identity of a block, in order.
func (p *part) identities(ctx context.Context, b blockRef, each func(call.Identity) error) error {
	rest, err := p.payload(ctx, b)
	if err != nil {
		return err
	}
	for range b.Rows {
		var id call.Identity
		if id, rest, err = call.NextIdentity(rest); err != nil {
			return p.damaged(b, err)
		}
		if err := each(id); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return p.damaged(b, errMoreThanRows)
	}
	return nil
}

var errMoreThanRows = errors.New("more bytes than rows")

func (p *part) damaged(b blockRef, err error) error {
	return fmt.Errorf("part %s at %d: %w: %w", p.ref.Name, b.Offset, ErrDamaged, err)
}

// payload reads a block.
func (p *part) payload(ctx context.Context, b blockRef) ([]byte, error) {
	data, err := loadRange(ctx, p.bucket, p.ref, b.Offset, b.Size)
	if err != nil {
		return nil, err
	}
	head, payload, err := call.ParseBlock(data)
	if err != nil {
		return nil, p.damaged(b, err)
	}
	if head.Kind != b.Kind || head.Shard != b.Shard || head.Rows != b.Rows || head.Sum != b.Sum {
		return nil, p.damaged(b, errors.New("the block is not the one its directory names"))
	}
	return payload, nil
}
