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
// batch does not charge; Identity rows are stored Identities.
const (
	UsageBlock BlockKind = iota + 1
	IdentityBlock
	ReportBlock
	OutcomeBlock
)

// Shards is the number of hash ranges of accounts, and of identities. A block
// holds rows of one shard only, so shards can be gathered without decoding.
const Shards = 256

// BlockHeader is the fixed head of a block.
//
//	offset  size  field (little-endian)
//	0       4     magic "TBB1"
//	4       1     kind
//	5       1     shard
//	6       2     zero
//	8       4     rows
//	12      4     payload bytes
//	16      4     CRC-32C of bytes 0..16 and the payload
//	20            payload: each row behind its length as a uvarint
type BlockHeader struct {
	Kind  BlockKind
	Shard uint8
	Rows  uint32
	Size  uint32 // payload bytes
}

// BlockHeaderSize is the size of a block's head in bytes.
const BlockHeaderSize = 20

// MaxBlock bounds a block's payload in bytes; a larger one is refused.
const MaxBlock = 4 << 20

const blockMagic = 0x31424254 // "TBB1"

// ErrBlock says that a block's bytes are not what was written.
var ErrBlock = errors.New("block is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendBlock appends a block of framed rows (see AppendFramed) to dst.
func AppendBlock(dst []byte, kind BlockKind, shard uint8, rows uint32, payload []byte) []byte {
	var head [BlockHeaderSize]byte
	binary.LittleEndian.PutUint32(head[0:], blockMagic)
	head[4], head[5] = byte(kind), shard
	binary.LittleEndian.PutUint32(head[8:], rows)
	binary.LittleEndian.PutUint32(head[12:], uint32(len(payload)))
	sum := crc32.Update(crc32.Checksum(head[:16], castagnoli), castagnoli, payload)
	binary.LittleEndian.PutUint32(head[16:], sum)
	return append(append(dst, head[:]...), payload...)
}

// ParseBlock checks the block at the start of b and returns its head and its
// payload, a part of b. Any damage is ErrBlock.
func ParseBlock(b []byte) (BlockHeader, []byte, error) { return parseHead(b, blockMagic, MaxBlock) }

func parseHead(b []byte, magic, most uint32) (BlockHeader, []byte, error) {
	if len(b) < BlockHeaderSize || binary.LittleEndian.Uint32(b) != magic {
		return BlockHeader{}, nil, fmt.Errorf("%w: no block here", ErrBlock)
	}
	h := BlockHeader{
		Kind: BlockKind(b[4]), Shard: b[5],
		Rows: binary.LittleEndian.Uint32(b[8:]), Size: binary.LittleEndian.Uint32(b[12:]),
	}
	if h.Size > most || uint64(len(b)) < BlockHeaderSize+uint64(h.Size) {
		return BlockHeader{}, nil, fmt.Errorf("%w: it is cut off", ErrBlock)
	}
	payload := b[BlockHeaderSize : BlockHeaderSize+h.Size]
	sum := crc32.Update(crc32.Checksum(b[:16], castagnoli), castagnoli, payload)
	if sum != binary.LittleEndian.Uint32(b[16:]) {
		return BlockHeader{}, nil, fmt.Errorf("%w: its checksum differs", ErrBlock)
	}
	return h, payload, nil
}

// AppendFramed appends one row's bytes to a block's payload.
func AppendFramed(dst, row []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(row))), row...)
}

// NextFramed splits the first row off a payload.
func NextFramed(payload []byte) (row, rest []byte, err error) {
	n, used := binary.Uvarint(payload)
	if used <= 0 || n > uint64(len(payload)-used) {
		return nil, nil, fmt.Errorf("%w: a row is cut off", ErrBlock)
	}
	return payload[used : used+int(n)], payload[used+int(n):], nil
}

// Identity is what tells a record's copies and conflicts from other records.
type Identity struct {
	HasID   bool
	Key     Hash   // of (feed, call id, leg, instant); the content hash when there is no id
	Version uint64 // higher wins
	Content Hash   // then the greater one, compared as bytes
	Line    int64
	Shard   uint8 // of the row's account
}

// IdentityOf returns the identity of a record on a line, whose account is in
// the given shard.
func IdentityOf(r *Record, line int64, shard uint8) Identity {
	id := Identity{HasID: r.HasID(), Version: r.Version, Content: r.ContentHash(), Line: line, Shard: shard}
	id.Key = id.Content
	if id.HasID {
		id.Key = r.Identity()
	}
	return id
}

// AppendIdentity appends the stored form of id to dst.
func AppendIdentity(dst []byte, id *Identity) []byte {
	head := byte(0)
	if id.HasID {
		head = 1
	}
	dst = append(dst, head, id.Shard)
	dst = append(dst, id.Content[:]...)
	if id.HasID {
		dst = append(dst, id.Key[:]...)
	}
	dst = binary.AppendUvarint(dst, id.Version)
	return binary.AppendUvarint(dst, uint64(id.Line))
}

// ParseIdentity reads what AppendIdentity wrote. All of b must be the identity.
func ParseIdentity(b []byte) (Identity, error) {
	var id Identity
	if len(b) < 2+len(id.Content) || b[0] > 1 {
		return id, errRow
	}
	id.HasID, id.Shard = b[0] == 1, b[1]
	copy(id.Content[:], b[2:])
	id.Key = id.Content
	d := decoder{b: b[2+len(id.Content):]}
	if id.HasID {
		if len(d.b) < len(id.Key) {
			return id, errRow
		}
		copy(id.Key[:], d.b)
		d.b = d.b[len(id.Key):]
	}
	id.Version = d.uvarint()
	id.Line = int64(d.uvarint())
	if d.err == nil && len(d.b) != 0 {
		d.fail()
	}
	return id, d.err
}

// ShardOf returns the shard of an account: stable for ever, since stored rows
// lie by it (FNV-1a, folded).
func ShardOf(account string) uint8 {
	h := uint32(2166136261)
	for i := range len(account) {
		h = (h ^ uint32(account[i])) * 16777619
	}
	h ^= h >> 16
	return uint8(h ^ h>>8)
}
