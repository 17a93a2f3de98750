package call

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// Identity is how a stored row is found again: rows of one record have one
// hash. Rows of one hash may all the same be of two records, so what is equal
// here is told apart by Record.Identity and Record.ContentHash.
type Identity struct {
	Hash  uint64 // of what Record.Identity hashes, or of the content when there is no id
	Line  int64  // of the row: 1 to 2^52
	Shard uint8  // of the row's account
}

// IdentityShard returns the shard that an identity lies in.
func IdentityShard(hash uint64) uint8 { return uint8(hash >> 56) }

// IdentityHash returns the hash that tells which rows may be one record. It
// must never change, as stored rows lie by it. Whoever makes records collide on
// purpose slows a fold down, and changes no decision.
func (r *Record) IdentityHash() uint64 {
	if !r.HasID() {
		var buf [512]byte
		return mixText(mixSeed, r.AppendContent(buf[:0]))
	}
	return mixIdentity(r.Feed, r.CallID, r.Leg, r.Instant)
}

// IdentityHash is that of a row's record.
func (c *Columns) IdentityHash(i int) uint64 {
	if c.CallID[i].Len == 0 {
		r := c.Record(i)
		return r.IdentityHash()
	}
	return mixIdentity(c.Bytes(c.Feed[i]), c.Bytes(c.CallID[i]), c.Bytes(c.Leg[i]), c.Instant[i])
}

// IdentityHashes sets out[i] to IdentityHash(i).
func (c *Columns) IdentityHashes(out []uint64) {
	var feed Span
	seed := mixText(mixSeed, c.Bytes(feed))
	for i := range out {
		if c.Feed[i] != feed {
			feed = c.Feed[i]
			seed = mixText(mixSeed, c.Bytes(feed))
		}
		id := c.CallID[i]
		if id.Len == 0 || c.Leg[i].Len > 0 {
			out[i] = c.IdentityHash(i)
			continue
		}
		h, text := seed^uint64(id.Len)<<56, c.Text[id.At:]
		left := int(id.Len)
		for ; left > 8; left, text = left-8, text[8:] {
			h = multiplied(h^binary.LittleEndian.Uint64(text), mixOdd)
		}
		var last uint64
		if len(text) >= 8 {
			last = binary.LittleEndian.Uint64(text) & (1<<(8*left) - 1)
		} else {
			last = lastWord(text[:left])
		}
		h = multiplied(h^last, mixOdd)
		out[i] = multiplied(multiplied(h^uint64(c.Instant[i]), mixOdd), mixSeed)
	}
}

const (
	mixSeed = 0xD6E8FEB86659FD93
	mixOdd  = 0x9E3779B97F4A7C15 // 2^64 / golden ratio
)

func mixIdentity[T string | []byte](feed, id, leg T, instant int64) uint64 {
	h := mixText(mixSeed, feed)
	h = mixText(h, id)
	if len(leg) > 0 {
		h = mixText(h, leg)
	}
	return multiplied(multiplied(h^uint64(instant), mixOdd), mixSeed)
}

// mixText mixes a text and its length into h, eight bytes at a time.
func mixText[T string | []byte](h uint64, s T) uint64 {
	h ^= uint64(len(s)) << 56
	for ; len(s) > 8; s = s[8:] {
		h = multiplied(h^word(s), mixOdd)
	}
	return multiplied(h^lastWord(s), mixOdd)
}

// word returns the first eight bytes of s.
func word[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// lastWord returns what is left of a text, 0 to 8 bytes.
func lastWord[T string | []byte](s T) (w uint64) {
	if len(s) == 8 {
		return word(s)
	}
	for i := range len(s) {
		w |= uint64(s[i]) << (8 * i)
	}
	return w
}

func multiplied(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo
}

// AppendIdentity appends the stored form of id to dst: the hash; then, in as few
// bytes as it takes, line, shard (8 bits) and how many bytes those are, less one
// (3 bits), little-endian.
func AppendIdentity(dst []byte, id Identity) []byte {
	const most = 16
	from := len(dst)
	if cap(dst)-from < most {
		dst = slices.Grow(dst, most)
	}
	b := dst[:from+most]
	n := uint64(id.Line)<<11 | uint64(id.Shard)<<3 | 1 // so that it has a byte
	size := sizeOf(n)
	put64(b, from, id.Hash)
	put64(b, from+8, n&^7|uint64(size-1))
	return b[:from+8+size]
}

// NextIdentity splits the first identity off a block's payload.
func NextIdentity(payload []byte) (id Identity, rest []byte, err error) {
	if len(payload) > 8 {
		if size := int(payload[8]&7) + 1; len(payload) >= 8+size {
			n := wordAt(payload, 8) & (1<<(8*size) - 1)
			return Identity{binary.LittleEndian.Uint64(payload), int64(n >> 11), uint8(n >> 3)}, payload[8+size:], nil
		}
	}
	return Identity{}, nil, fmt.Errorf("%w: an identity is cut off", ErrBlock)
}
