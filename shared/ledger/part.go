package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
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
	partMagic   = 0x33504254 // "TBP3"
	partTrailer = 12
	// partLimit is how many bytes of rows a part gathers: what a writer holds.
	partLimit = 8 << 20
	// blockLimit is how many bytes of rows a block gathers.
	blockLimit   = 256 << 10
	maxDirectory = 64 << 20
)

// directory says what a part holds. Rows name periods, card images and batches
// by their place in the tables.
type directory struct {
	Feed    string     `json:"feed,omitempty"` // of usage rows, which do not name it
	Periods []Key      `json:"periods"`
	Images  []string   `json:"images"`
	Batches []string   `json:"batches,omitempty"` // of outcomes: see Entry.name
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

// dirName is the end of the name that a directory gives its part.
func dirName(dir []byte) string {
	sum := sha256.Sum256(dir)
	return hex.EncodeToString(sum[:])
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// part is a part opened for reading: its directory is held, its rows are not.
type part struct {
	bucket objects.Bucket
	ref    Ref // of the segment, where it reads from one
	dir    directory
	ahead  *readAhead // nil: a block at a time
}

func openPart(ctx context.Context, bucket objects.Bucket, ref Ref) (*part, error) {
	dir, end, err := loadDirectory(ctx, bucket, ref, partMagic)
	if err != nil {
		return nil, err
	}
	if path.Base(ref.Name) != dirName(dir) {
		return nil, fmt.Errorf("part %s: its directory is not the one it is named by: %w", ref.Name, ErrDamaged)
	}
	p := &part{bucket: bucket, ref: ref}
	if err := json.Unmarshal(dir, &p.dir); err != nil {
		return nil, fmt.Errorf("part %s: decoding its directory: %w: %w", ref.Name, ErrDamaged, err)
	}
	if err := p.check(end); err != nil {
		return nil, err
	}
	return p, p.checkWhole(end)
}

// check proves that the blocks of the directory lie before its end, in order.
func (p *part) check(end int64) error {
	for _, b := range p.dir.Blocks {
		if b.Offset < 0 || b.Size < call.BlockHeaderSize || b.Offset > end-b.Size || !p.dir.has(b) {
			return fmt.Errorf("part %s: its directory names a block that is not there: %w", p.ref.Name, ErrDamaged)
		}
	}
	if !slices.IsSortedFunc(p.dir.Blocks, compareBlocks) {
		return fmt.Errorf("part %s: its directory is not in order: %w", p.ref.Name, ErrDamaged)
	}
	return nil
}

// checkWhole proves that every byte of a part before its directory is of a
// block, so that a checksum has it.
func (p *part) checkWhole(end int64) error {
	at := int64(0)
	for _, b := range p.dir.Blocks {
		if b.Offset != at {
			return fmt.Errorf("part %s: its directory leaves out what is at %d: %w", p.ref.Name, at, ErrDamaged)
		}
		at += b.Size
	}
	if at != end {
		return fmt.Errorf("part %s: its directory leaves out what is at %d: %w", p.ref.Name, at, ErrDamaged)
	}
	return nil
}

// appendTrailer appends what follows a directory.
func appendTrailer(dir []byte, magic uint32) []byte {
	sum, size := crc32.Checksum(dir, castagnoli), len(dir)
	dir = binary.LittleEndian.AppendUint32(dir, uint32(size))
	dir = binary.LittleEndian.AppendUint32(dir, sum)
	return binary.LittleEndian.AppendUint32(dir, magic)
}

// loadDirectory reads the directory at the end of an object, and says where it
// begins.
func loadDirectory(ctx context.Context, bucket objects.Bucket, ref Ref, magic uint32) (dir []byte, end int64, err error) {
	damaged := func(what string) error { return fmt.Errorf("%s: %s: %w", ref.Name, what, ErrDamaged) }
	if ref.Size < partTrailer {
		return nil, 0, damaged("it is too short")
	}
	trailer, err := loadRange(ctx, bucket, ref, ref.Size-partTrailer, partTrailer)
	if err != nil {
		return nil, 0, err
	}
	size := int64(binary.LittleEndian.Uint32(trailer))
	if binary.LittleEndian.Uint32(trailer[8:]) != magic || size > min(ref.Size-partTrailer, maxDirectory) {
		return nil, 0, damaged("it does not end as it should")
	}
	end = ref.Size - partTrailer - size
	if dir, err = loadRange(ctx, bucket, ref, end, size); err != nil {
		return nil, 0, err
	}
	if crc32.Checksum(dir, castagnoli) != binary.LittleEndian.Uint32(trailer[4:]) {
		return nil, 0, damaged("its directory's checksum differs")
	}
	return dir, end, nil
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
	if r.Feed == "" {
		r.Feed = p.dir.Feed
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

// payload reads what is in a block, valid until the next call.
func (p *part) payload(ctx context.Context, b blockRef) ([]byte, error) {
	data, err := p.block(ctx, b)
	if err != nil {
		return nil, err
	}
	return data[call.BlockHeaderSize:], nil
}

// block reads a block with its head, valid until the next call.
func (p *part) block(ctx context.Context, b blockRef) (data []byte, err error) {
	if p.ahead != nil {
		data, err = p.ahead.load(ctx, b.Offset, b.Size)
	} else {
		data, err = loadRange(ctx, p.bucket, p.ref, b.Offset, b.Size)
	}
	if err != nil {
		return nil, err
	}
	head, payload, err := call.ParseBlock(data)
	if err != nil {
		return nil, p.damaged(b, err)
	}
	if head.Kind != b.Kind || head.Shard != b.Shard || head.Rows != b.Rows || head.Sum != b.Sum || len(payload) != len(data)-call.BlockHeaderSize {
		return nil, p.damaged(b, errors.New("the block is not the one its directory names"))
	}
	return data, nil
}
