//go:build !amd64

package cdr

// findDelimiters is findWords.
func findDelimiters(at, ends *[spots]uint32, text []byte, from int, comma byte) (n, lines int, other bool) {
	return findWords(at, ends, text, from, comma)
}
