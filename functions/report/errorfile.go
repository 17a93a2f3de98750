package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/table"
)

// A refused deck lies beside itself with its errors: carrier/a.xls has
// carrier/a.xls.errors.xlsx. Whoever puts that right under its own name has sent a
// deck, which is never written over: what has to be written then gets a number.

// maxErrorFiles is how many names there are for the errors of a deck.
const maxErrorFiles = 9

var errorFormats = []table.Format{table.CSV, table.XLSX, table.JSON}

func errorName(object string, format table.Format, n int) string {
	number := ""
	if n > 1 {
		number = fmt.Sprintf("-%d", n)
	}
	return object + ".errors" + number + "." + string(format)
}

// errorsOf returns the object whose errors a name is for; "" for another name.
func errorsOf(name string) string {
	i := strings.LastIndex(name, ".errors")
	if i < 0 {
		return ""
	}
	for _, format := range errorFormats {
		for n := 1; n <= maxErrorFiles; n++ {
			if errorName(name[:i], format, n) == name {
				return name[:i]
			}
		}
	}
	return ""
}

// IsDeck reports whether an object among the decks is one: no report, no list of
// destinations, and no deck that came back with its errors, as it was written. One
// that a person has changed is a deck.
func IsDeck(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, o objects.Info) (bool, error) {
	switch {
	case Is(o.Name) || catalog.IsList(o.Name):
		return false, nil
	case errorsOf(o.Name) == "":
		return true, nil
	}
	own, err := c.IsOwn(ctx, o)
	if own || err != nil {
		return false, err
	}
	// An event may come so late that nobody knows any more who wrote what is gone.
	now, err := bucket.Stat(ctx, o.Name)
	if errors.Is(err, objects.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for %s: %w", o.Name, err)
	}
	return now.Generation == o.Generation, nil
}

// ErrorFile is the deck with its errors that lies beside a refused deck.
type ErrorFile struct {
	Name       string `json:"name"`
	Generation string `json:"generation"`
	Bytes      int64  `json:"bytes"`
	Errors     int    `json:"errors"` // that are in it
}

// Of reports whether it is of a deck with that object.
func (f *ErrorFile) Of(object string) bool { return errorsOf(f.Name) == object }

func noErrorFile(done *catalog.DeckReport) string {
	if len(done.Errors) == 0 {
		return "The deck does not come back with its errors, as it is not single rows that are wrong: do what failure says, and send it again."
	}
	return "The deck does not come back with its errors, as there is no name left for that, or the file or its card was changed meanwhile: they are listed here."
}

// clearErrors removes what we have written beside a deck with errors, but for the
// file given.
func clearErrors(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, object string, but *ErrorFile) error {
	const page = 100 // more than there are names
	found, err := bucket.List(ctx, object+".errors", "", page)
	if err != nil {
		return fmt.Errorf("looking for the errors of %s: %w", object, err)
	}
	for _, o := range found {
		if errorsOf(o.Name) != object || but != nil && but.Name == o.Name {
			continue
		}
		own, err := c.IsOwn(ctx, o)
		if err == nil && own {
			err = bucket.Delete(ctx, o.Name, o.Generation)
		}
		if err != nil {
			return fmt.Errorf("removing %s: %w", o.Name, err)
		}
	}
	return nil
}

// writeErrors writes a deck with its errors, in place of the file that is there;
// nil: no row of it is wrong, or it has no name left.
func writeErrors(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, done *catalog.DeckReport) (_ *ErrorFile, err error) {
	m, err := c.Mark(ctx, done)
	if m == nil || err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	content, err := catalog.ContentOf(m.Write)
	var info objects.Info
	for n := 1; err == nil && n <= maxErrorFiles; n++ {
		name := errorName(done.Deck.Object, m.Format(), n)
		if objects.CheckName(name) != nil {
			return nil, nil
		}
		if info, err = place(ctx, c, bucket, name, content, m.Write); errors.Is(err, errOthers) {
			info, err = objects.Info{}, nil
			continue
		}
		break
	}
	var file *deck.FileError
	switch {
	case errors.As(err, &file), errors.Is(err, objects.ErrLost), err == nil && info.Name == "":
		return nil, nil // the report says why the deck is refused
	case err != nil:
		return nil, fmt.Errorf("writing the errors of %s: %w", done.Deck.Object, err)
	}
	return &ErrorFile{Name: info.Name, Generation: info.Generation, Bytes: info.Size, Errors: m.Errors()}, nil
}

// errOthers: a name has a file that we did not write.
var errOthers = errors.New("the file is somebody's own")

// place writes a file of that content, which is noted first: else its own event
// would make a deck of it.
func place(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, name string, content catalog.Content, write func(io.Writer) error) (info objects.Info, err error) {
	if err := c.NoteOwn(ctx, name, content, ""); err != nil {
		return info, err
	}
	for range maxRaces {
		old, err := bucket.Stat(ctx, name)
		if err == nil {
			err = removeOwn(ctx, c, bucket, old)
		}
		if err != nil && !errors.Is(err, objects.ErrNotFound) {
			return info, err
		}
		r, w := io.Pipe()
		ended := make(chan struct{})
		go func() {
			w.CloseWithError(write(w))
			close(ended)
		}()
		info, err = bucket.Create(ctx, name, r)
		r.CloseWithError(errors.New("nobody reads on"))
		<-ended
		if err == nil {
			return info, c.NoteOwn(ctx, name, content, info.Generation)
		}
		if !errors.Is(err, objects.ErrExists) {
			return info, err
		}
	}
	return info, errOthers // written again and again
}

// removeOwn removes a file that we wrote; errOthers: it is another one.
func removeOwn(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, o objects.Info) error {
	own, err := c.IsOwn(ctx, o)
	if err != nil {
		return err
	}
	if own {
		return bucket.Delete(ctx, o.Name, o.Generation)
	}
	if now, err := bucket.Stat(ctx, o.Name); err != nil || now.Generation != o.Generation {
		return err // it was replaced: the next look says by what
	}
	return errOthers
}
