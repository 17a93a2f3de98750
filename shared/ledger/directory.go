package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/numbering"
)

// NumberList is many numbers and whose they are, kept as one object: a list is
// replaced whole.
type NumberList struct {
	ID     string `doc:"id" json:"id"`
	Object Ref    `doc:"object" json:"object"` // see StoreNumbers
	Rows   int64  `doc:"rows" json:"rows"`
}

// MaxNumberList bounds a list, in bytes of its text.
const MaxNumberList = 512 << 20

// StoreNumbers stores a list as text that numbering.ReadOwned reads.
func (l *Ledger) StoreNumbers(ctx context.Context, text []byte) (Ref, error) {
	if len(text) > MaxNumberList {
		return Ref{}, fmt.Errorf("a list of numbers of %d bytes, want at most %d", len(text), MaxNumberList)
	}
	return put(ctx, l.buckets.Cards, "numbers", text)
}

// Numbers returns the rows of a list. The error, if there is one, is the last.
func (l *Ledger) Numbers(ctx context.Context, list NumberList) iter.Seq2[numbering.Owned, error] {
	return func(yield func(numbering.Owned, error) bool) {
		fail := func(err error) { yield(numbering.Owned{}, fmt.Errorf("numbers of list %s: %w", list.ID, err)) }
		r, err := l.buckets.Cards.OpenRange(ctx, list.Object.Name, list.Object.Generation, 0, -1)
		if err != nil {
			fail(err)
			return
		}
		sum := sha256.New()
		text := io.TeeReader(r, sum)
		for o, err := range numbering.ReadOwned(text) {
			if err != nil {
				if errors.Is(err, numbering.ErrOwnedText) {
					err = fmt.Errorf("%w: a row is none", ErrDamaged) // which tells no number
				}
				fail(errors.Join(err, r.Close()))
				return
			}
			if !yield(o, nil) {
				_ = r.Close() // of what was only read
				return
			}
		}
		if err := r.Close(); err != nil {
			fail(err)
			return
		}
		if !strings.HasSuffix(list.Object.Name, hex.EncodeToString(sum.Sum(nil))) {
			fail(fmt.Errorf("%w: its bytes do not have the hash it is named by", ErrDamaged))
		}
	}
}

// ErrNumbers: two accounts would own one number at one time.
var ErrNumbers = errors.New("the numbers contradict each other")

// CheckNumbers reports, as ErrNumbers, numbers that contradict each other or
// the rest of what is set up; those of s replace what is there under their
// names. The versions are for ChangeParts: they say whether any number was
// written since.
func (l *Ledger) CheckNumbers(ctx context.Context, s Setup) (at Versions, err error) {
	if at, err = l.Versions(ctx); err != nil {
		return at, err
	}
	_, err = l.buildDirectory(ctx, s)
	return at, err
}

// buildDirectory returns the image of who owns what: all that is set up, with s
// in the place of what has its names; nil if that is nothing.
func (l *Ledger) buildDirectory(ctx context.Context, s Setup) ([]byte, error) {
	var failed error
	n := 0
	image, err := numbering.BuildDirectory(func(yield func(numbering.Owned) bool) {
		failed = l.eachOwned(ctx, s, func(o numbering.Owned) bool {
			n++
			return yield(o)
		})
	})
	switch {
	case failed != nil:
		return nil, failed
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNumbers, err)
	case n == 0:
		return nil, nil
	}
	return image, nil
}

// errStop ends a query early.
var errStop = errors.New("enough")

func (l *Ledger) eachOwned(ctx context.Context, s Setup, yield func(numbering.Owned) bool) error {
	replaced := map[documents.Path]bool{}
	for _, n := range s.Numbers {
		replaced[NumberPath(n)] = true
	}
	for _, list := range s.NumberLists {
		replaced[numberListPath(list.ID)] = true
	}
	each := func(n book.Number) error {
		for _, o := range n.Owned() {
			if !yield(o) {
				return errStop
			}
		}
		return nil
	}
	every := func(list NumberList) error {
		for o, err := range l.Numbers(ctx, list) {
			if err != nil {
				return err
			}
			if !yield(o) {
				return errStop
			}
		}
		return nil
	}
	for _, read := range []func() error{
		func() error { return eachNew(s.Numbers, each) },
		func() error { return eachNew(s.NumberLists, every) },
		func() error { return eachOld(ctx, l, "numbers", replaced, each) },
		func() error { return eachOld(ctx, l, "number_lists", replaced, every) },
	} {
		if err := read(); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
	}
	return nil
}

func eachNew[T any](list []T, each func(T) error) error {
	for _, v := range list {
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

// eachOld calls each with the documents of a collection that are not replaced.
func eachOld[T any](ctx context.Context, l *Ledger, collection string, replaced map[documents.Path]bool, each func(T) error) error {
	return l.query(ctx, documents.Query{Name: collection + "_all"}, func(d documents.Doc) error {
		var v T
		if replaced[d.Path] {
			return nil
		}
		if err := d.Fields.Decode(&v); err != nil {
			return fmt.Errorf("%s: %w: %w", d.Path, ErrDamaged, err)
		}
		return each(v)
	})
}

// NumberPath returns where a number or a range is kept.
func NumberPath(n book.Number) documents.Path {
	id := []string{n.Number}
	if n.Last != "" {
		id = append(id, n.Last)
	}
	return documents.Path{Collection: "numbers", ID: documents.ID(id...)}
}

func numberListPath(id string) documents.Path {
	return documents.Path{Collection: "number_lists", ID: documents.ID(id)}
}

// pinDirectory builds the image of who owns what as it is now and stores it;
// no Ref: nobody owns anything.
func (l *Ledger) pinDirectory(ctx context.Context) (Ref, error) {
	image, err := l.directoryNow(ctx)
	if err != nil || image == nil {
		return Ref{}, err
	}
	return put(ctx, l.buckets.Cards, directoriesPrefix, image)
}

// directoryNow builds the image of all that is set up. Its errors tell no
// numbers: they end in logs.
func (l *Ledger) directoryNow(ctx context.Context) ([]byte, error) {
	image, err := l.buildDirectory(ctx, Setup{})
	if errors.Is(err, ErrNumbers) {
		return nil, fmt.Errorf("%w: writing any of them again names which", ErrNumbers)
	}
	return image, err
}

const directoriesPrefix = "directories"

// directories keeps the number directories that were opened last: every file
// of a day asks for the same.
type directories struct {
	turn chan struct{}   // has room for the one whose turn it is to look
	kept []openDirectory // the newest last
}

type openDirectory struct {
	name string
	*numbering.Directory
}

const maxDirectories = 2

// directory opens the directory that a book names; nil: it names none.
func (l *Ledger) directory(ctx context.Context, name string) (*numbering.Directory, error) {
	if name == "" {
		return nil, nil
	}
	select { // who waits for the same does not read it again
	case l.directories.turn <- struct{}{}:
		defer func() { <-l.directories.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the number directory %s: %w", name, ctx.Err())
	}
	for _, d := range l.directories.kept {
		if d.name == name {
			return d.Directory, nil
		}
	}
	info, err := l.buckets.Cards.Stat(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("looking for the number directory %s: %w", name, err)
	}
	image, err := loadHashed(ctx, l.buckets.Cards, refOf(info))
	if err != nil {
		return nil, err
	}
	d, err := numbering.OpenDirectory(image)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrDamaged, err)
	}
	kept := append(l.directories.kept, openDirectory{name, d})
	l.directories.kept = slices.Clone(kept[max(0, len(kept)-maxDirectories):])
	return d, nil
}

// payers returns who pays for a feed's usage by a pinned book.
func (l *Ledger) payers(ctx context.Context, ix *book.Index, feed *book.Feed) (*book.Payers, error) {
	d, err := l.directory(ctx, ix.Directory())
	if err != nil {
		return nil, err
	}
	return ix.Payers(feed, d)
}
