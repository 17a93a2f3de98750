package objects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPart is the longest part of a name in bytes: what file systems can hold.
// Every implementation refuses longer ones, so that none works in memory only.
const maxPart = 255

// maxList is the largest limit of List.
const maxList = 1000

// CheckCall refuses a call that is cancelled (with the context's error) or whose
// name breaks the rules. Doing is a verb, for the error's text.
func CheckCall(ctx context.Context, doing, name string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s object %q: %w", doing, name, err)
	}
	if err := CheckName(name); err != nil {
		return fmt.Errorf("%s object %q: %w", doing, name, err)
	}
	return nil
}

// CheckName holds a name to the rules of Bucket; a bad one is ErrInvalid.
// ".tmp" and ".gen" are refused in any case: a file system may take them for
// the folder's own.
func CheckName(name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("%w: the name has %d bytes, at most %d are allowed", ErrInvalid, len(name), MaxName)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: the name is not UTF-8", ErrInvalid)
	}
	for i := range len(name) {
		if name[i] < ' ' || name[i] == 0x7f {
			return fmt.Errorf("%w: the name holds the control byte %#02x", ErrInvalid, name[i])
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "" || part == "." || part == "..":
			return fmt.Errorf("%w: %q cannot be a part of a name", ErrInvalid, part)
		case len(part) > maxPart:
			return fmt.Errorf("%w: a part of the name has %d bytes, at most %d are allowed", ErrInvalid, len(part), maxPart)
		case len(part) >= 4 && (strings.EqualFold(part[:4], tmpDir) || strings.EqualFold(part[:4], genDir)):
			return fmt.Errorf("%w: a part of a name cannot start with %q", ErrInvalid, part[:4])
		}
	}
	return nil
}

// CheckRange refuses, with ErrInvalid, an OpenRange that no object could answer.
func CheckRange(generation string, offset, length int64) error {
	switch {
	case generation == "":
		return fmt.Errorf("%w: no generation is given", ErrInvalid)
	case offset < 0:
		return fmt.Errorf("%w: the offset %d is negative", ErrInvalid, offset)
	case length < -1:
		return fmt.Errorf("%w: the length %d is below -1", ErrInvalid, length)
	}
	return nil
}

// CheckList refuses a cancelled List (with the context's error) and one whose
// limit breaks the rules (ErrInvalid).
func CheckList(ctx context.Context, prefix string, limit int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("list objects %q: %w", prefix, err)
	}
	if limit < 1 || limit > maxList {
		return fmt.Errorf("list objects %q: %w: the limit %d is not 1 to %d", prefix, ErrInvalid, limit, maxList)
	}
	return nil
}

// cut returns the part of a range that an object of that size has.
func cut(size, offset, length int64) (from, n int64) {
	from = min(offset, size)
	n = size - from
	if length >= 0 {
		n = min(n, length)
	}
	return from, n
}

// missing is the error of a pinned read that found nothing. What is live under
// the name tells whether the object or only the generation is gone.
func missing(name, generation string, known bool) error {
	if known {
		return fmt.Errorf("open object %q: %w: generation %s", name, ErrLost, generation)
	}
	return fmt.Errorf("open object %q: %w: generation %s", name, ErrNotFound, generation)
}

// hexHash is the SHA-256 of b, in hex.
func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
