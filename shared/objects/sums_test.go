package objects

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAnyChangeOfAByteChangesAQuickGeneration(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 3*sumBlock+17)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	of := func(data []byte, piece int) string {
		h := newBlockSums()
		for part := range slices.Chunk(data, piece) {
			if n, err := h.Write(part); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		return string(h.sum())
	}
	want := of(data, len(data))
	for _, piece := range []int{1000, sumBlock, sumBlock + 1} {
		if of(data, piece) != want {
			t.Errorf("written %d bytes at a time it is another one", piece)
		}
	}
	for _, at := range []int{0, sumBlock - 1, sumBlock, 2*sumBlock + 5, len(data) - 1} {
		other := bytes.Clone(data)
		if other[at]++; of(other, sumBlock) == want {
			t.Errorf("byte %d was changed and it is the same", at)
		}
	}
	swapped := append(append(bytes.Clone(data[sumBlock:2*sumBlock]), data[:sumBlock]...), data[2*sumBlock:]...)
	for _, other := range [][]byte{data[:len(data)-1], append(bytes.Clone(data), 0), data[:sumBlock], nil, swapped} {
		if of(other, sumBlock) == want {
			t.Errorf("%d other bytes have the same one", len(other))
		}
	}
}
