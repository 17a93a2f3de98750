package objects

import "testing"

// Whatever pages the system gives, a buffer is as long as asked for, and empty.
func TestABufferIsEmptyMemory(t *testing.T) {
	const huge = 2 << 20
	for _, n := range []int{0, 1, huge, 2*huge - 1, 2 * huge, 3*huge + 12345} {
		b := Buffer(n)
		if len(b) != n {
			t.Fatalf("%d bytes, want %d", len(b), n)
		}
		for i := range b {
			if b[i] != 0 {
				t.Fatalf("byte %d of %d is %d", i, n, b[i])
			}
			b[i] = 1
		}
	}
}
