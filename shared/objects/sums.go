package objects

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
)

// blockSums hashes the two CRC-32 of each 64 KiB in place of the bytes: ten
// times as fast as a hash of them. It tells versions of an object apart that
// were not made to look alike, and finds damage.
type blockSums struct {
	sums       hash.Hash
	ieee, cast uint32
	filled     int // bytes of the block so far
}

const sumBlock = 64 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is what makes a generation of the bytes that are written to it.
type sum interface {
	Write(b []byte) (int, error)
	sum() []byte
}

type wholeSum struct{ hash.Hash }

func (h wholeSum) sum() []byte { return h.Sum(nil) }

func (f *Folder) newSum() sum {
	if f.quick {
		return newBlockSums()
	}
	return wholeSum{sha256.New()}
}

func newBlockSums() *blockSums { return &blockSums{sums: sha256.New()} }

func (h *blockSums) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		part := b[:min(len(b), sumBlock-h.filled)]
		h.ieee, h.cast = crc32.Update(h.ieee, crc32.IEEETable, part), crc32.Update(h.cast, castagnoli, part)
		b = b[len(part):]
		if h.filled += len(part); h.filled == sumBlock {
			h.end()
		}
	}
	return n, nil
}

// end adds the sums of a block, and its length.
func (h *blockSums) end() {
	var sums [12]byte
	binary.BigEndian.PutUint32(sums[0:], h.ieee)
	binary.BigEndian.PutUint32(sums[4:], h.cast)
	binary.BigEndian.PutUint32(sums[8:], uint32(h.filled))
	h.sums.Write(sums[:]) // a hash fails at nothing
	h.ieee, h.cast, h.filled = 0, 0, 0
}

// sum ends the last block: nothing may be written after it.
func (h *blockSums) sum() []byte {
	if h.filled > 0 {
		h.end()
	}
	return h.sums.Sum(nil)
}
