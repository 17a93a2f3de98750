package call

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// BlockKind says what a block's rows are.
type BlockKind uint8

// The kinds. Usage and Outcome rows are stored Rows; Report rows are those a
// batch does not charge; all these are framed. Identity blocks hold stored
// Identities, one after the other. State blocks hold what the accounts of a month
// came to at an instant, framed.
const (
	UsageBlock BlockKind = iota + 1
	IdentityBlock
	ReportBlock
	OutcomeBlock
	StateBlock
)

// Shards is the number of hash ranges of accounts, and of identities. A block
// holds rows of one shard only, so shards can be gathered without decoding.
const Shards = 256

// BlockHeader is the fixed head of a block.
//
//	offset  size  field (little-endian)
//	0       4     magic "TBB3"
//	4       1     kind
//	5       1     shard
//	6       2     zero
//	8       4     rows
//	12      4     payload bytes
//	16      4     CRC-32C of bytes 0..16 and the payload
//	20            payload: framed rows, each behind its length as a uvarint, or identities
type BlockHeader struct {
	Kind  BlockKind
	Shard uint8
	Rows  uint32
	Size  uint32 // payload bytes
	Sum   uint32
}

// BlockHeaderSize is the size of a block's head in bytes.
const BlockHeaderSize = 20

// MaxBlock bounds a block's payload in bytes; a larger one is refused.
const MaxBlock = 4 << 20

const blockMagic = 0x33424254 // "TBB3"

// ErrBlock says that a block's bytes are not what was written.
var ErrBlock = errors.New("block is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// BeginBlock appends the room of a block's head to dst. The payload follows.
func BeginBlock(dst []byte) []byte { return append(dst, make([]byte, BlockHeaderSize)...) }

// EndBlock writes the head of a block that was begun, and returns its checksum.
// All of b is the block.
func EndBlock(b []byte, kind BlockKind, shard uint8, rows uint32) uint32 {
	head, payload := b[:BlockHeaderSize], b[BlockHeaderSize:]
	clear(head)
	binary.LittleEndian.PutUint32(head[0:], blockMagic)
	head[4], head[5] = byte(kind), shard
	binary.LittleEndian.PutUint32(head[8:], rows)
	binary.LittleEndian.PutUint32(head[12:], uint32(len(payload)))
	sum := crc32.Update(crc32.Checksum(head[:16], castagnoli), castagnoli, payload)
	binary.LittleEndian.PutUint32(head[16:], sum)
	return sum
}

// ParseBlock checks the block at the start of b and returns its head and its
// payload, a part of b. Any damage is ErrBlock.
func ParseBlock(b []byte) (BlockHeader, []byte, error) {
	if len(b) < BlockHeaderSize || binary.LittleEndian.Uint32(b) != blockMagic {
		return BlockHeader{}, nil, fmt.Errorf("%w: no block here", ErrBlock)
	}
	h := BlockHeader{
		Kind: BlockKind(b[4]), Shard: b[5],
		Rows: binary.LittleEndian.Uint32(b[8:]), Size: binary.LittleEndian.Uint32(b[12:]), Sum: binary.LittleEndian.Uint32(b[16:]),
	}
	if h.Size > MaxBlock || uint64(len(b)) < BlockHeaderSize+uint64(h.Size) {
		return BlockHeader{}, nil, fmt.Errorf("%w: it is cut off", ErrBlock)
	}
	payload := b[BlockHeaderSize : BlockHeaderSize+h.Size]
	sum := crc32.Update(crc32.Checksum(b[:16], castagnoli), castagnoli, payload)
	if sum != h.Sum {
		return BlockHeader{}, nil, fmt.Errorf("%w: its checksum differs", ErrBlock)
	}
	return h, payload, nil
}

// AppendFramed appends one row's bytes to a block's payload.
func AppendFramed(dst, row []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(row))), row...)
}

// NextFramed splits the first row off a payload.
func NextFramed(payload string) (row, rest string, err error) {
	d := decoder{s: payload}
	if row = d.text(); d.failed {
		return "", "", fmt.Errorf("%w: a row is cut off", ErrBlock)
	}
	return row, d.s, nil
}

// ShardOf returns the shard of an account: stable for ever, since stored rows
// lie by it (FNV-1a, folded).
func ShardOf[T string | []byte](account T) uint8 {
	h := uint32(2166136261)
	for i := range len(account) {
		h = (h ^ uint32(account[i])) * 16777619
	}
	h ^= h >> 16
	return uint8(h ^ h>>8)
}
