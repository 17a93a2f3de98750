package documents

import (
	"fmt"
	"strings"
)

// MaxID is the longest document id in bytes (Firestore: 1,500).
const MaxID = 1500

const hexDigits = "0123456789ABCDEF"

// String returns collection/id, for messages.
func (p Path) String() string { return p.Collection + "/" + p.ID }

// ID makes a document id of parts, joined by ":". Characters other than
// [A-Za-z0-9._-~@+] are escaped byte by byte as %XX and an empty part is "%", so
// distinct parts give distinct ids, every id is printable and legal in
// Firestore (no "/", not ".", ".." or __x__), and ids of plain parts of equal
// lengths sort as their parts do. SplitID is the inverse.
//
// Nothing is cut: an id of no parts, or of more than MaxID bytes (a part of up
// to 499 bytes always fits), is refused by every Store with ErrInvalid.
func ID(parts ...string) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteByte(':')
		}
		if part == "" {
			b.WriteByte('%')
		}
		for j := range len(part) {
			if plain(part[j]) {
				b.WriteByte(part[j])
			} else {
				escape(&b, part[j])
			}
		}
	}
	id := b.String()
	if id == "." || id == ".." || reserved(id) {
		var first strings.Builder
		escape(&first, id[0])
		return first.String() + id[1:]
	}
	return id
}

// SplitID returns the parts that ID made an id of. Anything that ID does not
// write, or that is longer than MaxID, is an error wrapping ErrInvalid.
func SplitID(id string) ([]string, error) {
	if id == "" {
		return nil, fmt.Errorf("%w: empty document id", ErrInvalid)
	}
	if len(id) > MaxID {
		return nil, fmt.Errorf("%w: document id of %d bytes, want at most %d", ErrInvalid, len(id), MaxID)
	}
	parts := strings.Split(id, ":")
	for i, part := range parts {
		if part == "%" {
			parts[i] = ""
			continue
		}
		parts[i] = unescape(part)
	}
	if ID(parts...) != id {
		return nil, fmt.Errorf("%w: document id %q: want what documents.ID makes, such as %q",
			ErrInvalid, clip(id), clip(ID(strings.Split(id, ":")...)))
	}
	return parts, nil
}

// reserved reports whether Firestore keeps a name to itself: __x__.
func reserved(name string) bool {
	return len(name) >= 4 && strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__")
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("._-~@+", c) >= 0
}

func escape(b *strings.Builder, c byte) {
	b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
}

// unescape leaves what is not an escape as it is: SplitID then sees that ID
// would not have written it.
func unescape(part string) string {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		if part[i] == '%' && i+2 < len(part) {
			hi, lo := strings.IndexByte(hexDigits, part[i+1]), strings.IndexByte(hexDigits, part[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(part[i])
	}
	return b.String()
}

// clip keeps an error message short whatever the input was.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
