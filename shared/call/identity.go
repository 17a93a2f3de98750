package call

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Identity is how a stored row is found again: rows of one record have one
// hash. Rows of one hash may all the same be of two records, so what is equal
// here is told apart by Record.Identity and Record.ContentHash.
type Identity struct {
	Hash  uint64 // of what Record.Identity hashes, or of the content when there is no id
	Line  int64  // of the row: 1 to 2^55
	Shard uint8  // of the row's account
}

// IdentityShard returns the shard that an identity lies in.
func IdentityShard(hash uint64) uint8 { return uint8(hash >> 56) }

// IdentityHash returns the hash that tells which rows may be one record.
func (r *Record) IdentityHash() uint64 {
	var buf [512]byte
	if r.HasID() {
		return mixed(r.appendIdentity(buf[:0]))
	}
	return mixed(r.AppendContent(buf[:0]))
}

// IdentityHash is that of a row. It uses buf, and returns it for the next.
func (c *Columns) IdentityHash(i int, buf []byte) (uint64, []byte) {
	if c.CallID[i].Len == 0 {
		r := c.Record(i)
		buf = r.AppendContent(buf[:0])
		return mixed(buf), buf
	}
	buf = c.appendTexts(append(buf[:0], "id"...), c.Feed[i], c.CallID[i], c.Leg[i])
	buf = binary.BigEndian.AppendUint64(buf, uint64(c.Instant[i]))
	return mixed(buf), buf
}

// mixed hashes eight bytes at a time. It must never change, as stored rows lie
// by it. Whoever makes records collide on purpose slows a fold down, and changes
// no decision.
func mixed(b []byte) uint64 {
	const odd = 0x9E3779B97F4A7C15 // 2^64 / golden ratio
	h := uint64(len(b)) ^ odd
	for ; len(b) >= 8; b = b[8:] {
		h = multiplied(h^binary.LittleEndian.Uint64(b), odd)
	}
	rest := uint64(0)
	for i, c := range b {
		rest |= uint64(c) << (8 * i)
	}
	h = multiplied(h^rest, odd)
	return multiplied(h, 0xD6E8FEB86659FD93)
}

func multiplied(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo ^ x
}

// AppendIdentity appends the stored form of id to dst.
func AppendIdentity(dst []byte, id Identity) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, id.Hash)
	return binary.AppendUvarint(dst, uint64(id.Line)<<8|uint64(id.Shard))
}

// NextIdentity splits the first identity off a block's payload.
func NextIdentity(payload []byte) (id Identity, rest []byte, err error) {
	if len(payload) > 8 {
		if n, used := binary.Uvarint(payload[8:]); used > 0 {
			return Identity{binary.LittleEndian.Uint64(payload), int64(n >> 8), uint8(n)}, payload[8+used:], nil
		}
	}
	return Identity{}, nil, fmt.Errorf("%w: an identity is cut off", ErrBlock)
}
