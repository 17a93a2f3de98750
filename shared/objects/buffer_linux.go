package objects

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Buffer returns memory for an object of n bytes that is read whole. For a large
// one it asks for huge pages, which Linux gives to who asks: reading it in takes
// a few faults instead of thousands.
func Buffer(n int) []byte {
	const huge = 2 << 20
	b := make([]byte, n)
	if n < 2*huge {
		return b
	}
	from := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % huge)
	// A hint: without huge pages all works as well.
	_ = unix.Madvise(b[from:from+(n-from)/huge*huge], unix.MADV_HUGEPAGE)
	return b
}
