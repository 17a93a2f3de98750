package catalog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// A deck that is refused goes back into the folder of decks, and a person may put
// it right right there. So its bytes are noted before it is written: whatever event
// comes, and whenever, a file of noted bytes is our own, and another one a person's.

// Content names the bytes of a file.
type Content struct {
	SHA256 string // hex
	Size   int64  // bytes
}

// ContentOf returns what is written.
func ContentOf(write func(io.Writer) error) (Content, error) {
	sum := sha256.New()
	count := &counter{w: sum}
	err := write(count)
	return Content{hex.EncodeToString(sum.Sum(nil)), count.n}, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// ownFiles are the files that were written under a name, the last ones last, each
// once.
type ownFiles struct {
	Name  string    `doc:"name"`
	Files []ownFile `doc:"files"`
}

type ownFile struct {
	SHA256     string `doc:"sha256"`
	Size       int64  `doc:"size"`
	Generation string `doc:"generation,omitempty"` // the last one of these bytes, once it is known
}

// maxOwnFiles is more than are on their way under one name at once.
const maxOwnFiles = 20

func ownPath(name string) documents.Path { return pathOf("heads", "own", deckID(name, "")) }

// NoteOwn notes a file that is written among the decks and is none: before it is
// created, and with its generation when that is known.
func (c *Catalog) NoteOwn(ctx context.Context, name string, content Content, generation string) error {
	err := c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		var own ownFiles
		isNew, err := find(tx, ownPath(name), &own)
		if err != nil {
			return err
		}
		file := ownFile{content.SHA256, content.Size, generation}
		if i := slices.IndexFunc(own.Files, func(f ownFile) bool { return f.SHA256 == file.SHA256 }); i >= 0 {
			file.Generation = cmp.Or(generation, own.Files[i].Generation)
			if i == len(own.Files)-1 && own.Files[i] == file {
				return nil
			}
			own.Files = slices.Delete(own.Files, i, i+1)
		}
		own.Name, own.Files = name, append(own.Files, file)
		own.Files = own.Files[max(0, len(own.Files)-maxOwnFiles):]
		return write(tx, isNew, ownPath(name), own)
	})
	if err != nil {
		return fmt.Errorf("noting what is written as %s: %w", name, err)
	}
	return nil
}

// IsOwn reports whether a file among the decks is one that NoteOwn noted. One that
// is gone is not.
func (c *Catalog) IsOwn(ctx context.Context, info objects.Info) (bool, error) {
	var own ownFiles
	err := c.read(ctx, ownPath(info.Name), &own)
	if errors.Is(err, documents.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for who wrote %s: %w", info.Name, err)
	}
	likely := false // it has the size of one
	for _, f := range own.Files {
		if f.Generation == info.Generation {
			return true, nil
		}
		likely = likely || f.Size == info.Size
	}
	if !likely {
		return false, nil
	}
	content, err := c.deckContent(ctx, info)
	if errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrLost) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for who wrote %s: %w", info.Name, err)
	}
	if !slices.ContainsFunc(own.Files, func(f ownFile) bool { return f.SHA256 == content.SHA256 }) {
		return false, nil
	}
	return true, c.NoteOwn(ctx, info.Name, content, info.Generation) // so that nobody reads it again
}

func (c *Catalog) deckContent(ctx context.Context, info objects.Info) (content Content, err error) {
	r, err := c.buckets.Decks.OpenRange(ctx, info.Name, info.Generation, 0, -1)
	if err != nil {
		return content, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return ContentOf(func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}
