//go:build !linux

package objects

// Buffer returns memory for an object of n bytes that is read whole.
func Buffer(n int) []byte { return make([]byte, n) }
