package rating

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// namesPerBlock is how many names are written as differences from the one before
// them. A block begins anew, so that one name costs one block to read.
const namesPerBlock = 16

// nameTable is the destinations of a card in ascending order. Of each the text
// has how many bytes it shares with the one before it, how many follow, and
// these: most names begin as their neighbours do.
type nameTable struct {
	blocks []byte // where each block begins in text, a word each
	text   []byte
	len    uint32
}

// appendNames returns the two parts of a table of ascending names.
func appendNames(names []string) (blocks, text []byte) {
	before := ""
	for i, name := range names {
		if i%namesPerBlock == 0 {
			before, blocks = "", binary.LittleEndian.AppendUint32(blocks, uint32(len(text)))
		}
		shared := 0
		for shared < min(len(before), len(name)) && before[shared] == name[shared] {
			shared++
		}
		text = binary.AppendUvarint(text, uint64(shared))
		text = binary.AppendUvarint(text, uint64(len(name)-shared))
		text = append(text, name[shared:]...)
		before = name
	}
	return blocks, text
}

// openNames returns a table once all its names are seen to be names.
func openNames(blocks, text []byte) (t nameTable, err error) {
	t = nameTable{blocks: blocks, text: text}
	var name nameReader
	for rest := text; len(rest) > 0; t.len++ {
		if t.len%namesPerBlock == 0 {
			at, block := len(text)-len(rest), int(t.len/namesPerBlock)
			if 4*block >= len(blocks) || at32(blocks, uint32(block)) != uint32(at) {
				return t, fmt.Errorf("name %d begins at byte %d, and no block does", t.len, at)
			}
			name.size = 0
		}
		var ok bool
		if rest, ok = name.next(rest); !ok || !utf8.Valid(name.text[:name.size]) {
			return t, fmt.Errorf("name %d is not at most %d bytes of UTF-8", t.len, MaxDestination)
		}
	}
	if have, want := len(blocks)/4, int(t.len+namesPerBlock-1)/namesPerBlock; have != want {
		return t, fmt.Errorf("%d blocks of names, want %d", have, want)
	}
	return t, nil
}

// at returns a name; empty where there is none.
func (t *nameTable) at(i uint32) string {
	if i >= t.len {
		return ""
	}
	rest := t.text[at32(t.blocks, i/namesPerBlock):]
	var name nameReader
	for range i%namesPerBlock + 1 {
		rest, _ = name.next(rest)
	}
	return string(name.text[:name.size])
}

// nameReader holds the name that was read last.
type nameReader struct {
	text [MaxDestination]byte
	size int
}

// next reads the name that follows; false: it is damaged.
func (r *nameReader) next(b []byte) (rest []byte, ok bool) {
	shared, n := binary.Uvarint(b)
	if n <= 0 || shared > uint64(r.size) {
		return nil, false
	}
	b = b[n:]
	more, n := binary.Uvarint(b)
	if n <= 0 || more > uint64(len(b)-n) || more > MaxDestination-shared {
		return nil, false
	}
	r.size = int(shared + more)
	copy(r.text[shared:], b[n:n+int(more)])
	return b[n+int(more):], true
}
