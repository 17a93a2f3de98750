// Package gcs keeps objects in Cloud Storage.
//
// The accounts that use a bucket need storage.objects.get and .list: without
// the right to list, Cloud Storage answers 403 also for what is not there, and
// that is ErrDenied. Create needs storage.objects.create, Delete .delete.
package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/iterator"

	"github.com/tollbook/tollbook/shared/objects"
)

// smallest is the smallest chunk of a resumable upload in bytes; every other is
// a multiple of it (cloud.google.com/storage/docs/performing-resumable-uploads).
const smallest = 256 << 10

// maxPage is the most objects that Cloud Storage lists at once.
const maxPage = 1000

// Options change how a bucket is used. The zero value is for production.
type Options struct {
	// Tries is how often a request that fails for a passing reason is sent
	// before that is ErrTransient; 0: 5 times.
	Tries int
	// Pause is the longest pause before the second try; it doubles with each
	// try, up to 32 times. 0: 250 ms.
	Pause time.Duration
	// Chunk is how many bytes a Create holds in memory and sends at a time,
	// rounded up to 256 KiB; 0: 8 MiB. Smaller objects hold 256 KiB.
	Chunk int
}

// Bucket is an objects.Bucket and an objects.Uploader in Cloud Storage. A
// generation is the bucket's own, in decimal.
//
//   - A request that fails for a passing reason (408, 429, 5xx, a connection
//     that breaks) is sent again, as Options say and until the context ends. A
//     read that breaks off is continued where it broke; while the bucket keeps
//     answering, only its context ends that.
//   - A pinned generation that is gone is ErrLost while the name has another
//     one, else ErrNotFound: Cloud Storage does not tell gone from never.
//   - In a versioned bucket, Delete leaves the generation as a noncurrent one: a
//     pinned read still finds it, until a lifecycle rule removes it.
//   - An object with a name that breaks the rules is not an object: a "folder"
//     that the console made, "a/", is left out of List.
//   - Bytes are read as they are stored, whatever their Content-Encoding.
//   - A bucket that does not exist is an error of its own, never ErrNotFound.
type Bucket struct {
	name   string
	handle *storage.BucketHandle
	tries  int
	chunk  int
}

var (
	_ objects.Bucket   = (*Bucket)(nil)
	_ objects.Uploader = (*Bucket)(nil)
)

// Open returns the bucket of that name. It sends nothing.
func Open(client *storage.Client, name string, options Options) *Bucket {
	b := &Bucket{name: name, tries: options.Tries, chunk: options.Chunk}
	if b.tries < 1 {
		b.tries = 5
	}
	if b.chunk < 1 {
		b.chunk = 8 << 20
	}
	pause := options.Pause
	if pause < 1 {
		pause = 250 * time.Millisecond
	}
	// Every request is idempotent: it reads, or it has a precondition.
	b.handle = client.Bucket(name).Retryer(
		storage.WithPolicy(storage.RetryIdempotent),
		storage.WithMaxAttempts(b.tries),
		storage.WithBackoff(gax.Backoff{Initial: pause, Max: 32 * pause, Multiplier: 2}),
	)
	return b
}

// OpenBuckets opens the buckets of an installation: prefix + decks, cdrs, cards,
// rated, bills and work. It lists each once, so that a bucket that does not
// exist is found here. One that the account may not list is no error: few
// functions need all.
func OpenBuckets(ctx context.Context, client *storage.Client, prefix string, options Options) (objects.Buckets, error) {
	var all objects.Buckets
	for _, one := range []struct {
		name   string
		bucket *objects.Bucket
	}{
		{"decks", &all.Decks}, {"cdrs", &all.CDRs}, {"cards", &all.Cards},
		{"rated", &all.Rated}, {"bills", &all.Bills}, {"work", &all.Work},
	} {
		b := Open(client, prefix+one.name, options)
		if _, err := b.List(ctx, "", "", 1); err != nil && !errors.Is(err, objects.ErrDenied) {
			return objects.Buckets{}, fmt.Errorf("open bucket %s: %w", b.name, err)
		}
		*one.bucket = b
	}
	return all, nil
}

// Stat returns the live generation of an object.
func (b *Bucket) Stat(ctx context.Context, name string) (objects.Info, error) {
	if err := objects.CheckCall(ctx, "stat", name); err != nil {
		return objects.Info{}, err
	}
	attrs, err := b.handle.Object(name).Attrs(ctx)
	if err != nil {
		return objects.Info{}, b.fail(ctx, "stat", name, err)
	}
	return infoOf(attrs), nil
}

func infoOf(a *storage.ObjectAttrs) objects.Info {
	return objects.Info{Name: a.Name, Generation: strconv.FormatInt(a.Generation, 10), Size: a.Size}
}

// generationOf returns the number of a generation; 0 is one that no object has,
// such as that of a folder.
func generationOf(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != s {
		return 0
	}
	return n
}

// OpenRange reads a generation, also a noncurrent one. What is read is checked
// by CRC32C if it is the whole object. The context must last until Close.
func (b *Bucket) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	if err := objects.CheckCall(ctx, "open", name); err != nil {
		return nil, err
	}
	if err := objects.CheckRange(generation, offset, length); err != nil {
		return nil, fmt.Errorf("open object %q: %w", name, err)
	}
	number := generationOf(generation)
	if number == 0 {
		return nil, b.missing(ctx, name, generation)
	}
	if length > math.MaxInt64-offset {
		length = -1
	}
	r, err := b.handle.Object(name).Generation(number).ReadCompressed(true).NewRangeReader(ctx, offset, length)
	switch {
	case err == nil:
		return &reader{bucket: b, ctx: ctx, name: name, generation: generation, body: r}, nil
	case status(err) == http.StatusRequestedRangeNotSatisfiable:
		return io.NopCloser(strings.NewReader("")), nil
	case errors.Is(kind(err), objects.ErrNotFound) && ctx.Err() == nil:
		return nil, b.missing(ctx, name, generation)
	}
	return nil, b.fail(ctx, "open", name, err)
}

// missing is the error of a pinned read that found nothing. What is live under
// the name tells whether the object or only the generation is gone.
func (b *Bucket) missing(ctx context.Context, name, generation string) error {
	_, err := b.Stat(ctx, name)
	if err == nil {
		err = objects.ErrLost
	}
	return fmt.Errorf("open object %q, generation %s: %w", name, generation, err)
}

// reader names the errors that a body ends with.
type reader struct {
	bucket           *Bucket
	ctx              context.Context
	name, generation string
	body             *storage.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if errors.Is(kind(err), objects.ErrNotFound) && r.ctx.Err() == nil {
		// It broke off, and when it was to go on the generation was gone.
		return n, fmt.Errorf("read object %q: %w: generation %s: %w", r.name, objects.ErrLost, r.generation, err)
	}
	return n, r.bucket.fail(r.ctx, "read", r.name, err)
}

func (r *reader) Close() error { return r.body.Close() }

// List pages through the bucket until it has the number of objects asked for.
func (b *Bucket) List(ctx context.Context, prefix, after string, limit int) ([]objects.Info, error) {
	if err := objects.CheckList(ctx, prefix, limit); err != nil {
		return nil, err
	}
	query := &storage.Query{Prefix: prefix, StartOffset: after, Projection: storage.ProjectionNoACL}
	if err := query.SetAttrSelection([]string{"Name", "Generation", "Size"}); err != nil {
		return nil, fmt.Errorf("list objects %q: %w", prefix, err)
	}
	it := b.handle.Objects(ctx, query)
	it.PageInfo().MaxSize = min(limit+1, maxPage) // one more: StartOffset is part of the answer
	var infos []objects.Info
	for len(infos) < limit {
		attrs, err := it.Next()
		if err == iterator.Done {
			break
		}
		if err != nil {
			return nil, b.fail(ctx, "list", prefix, err)
		}
		if attrs.Name > after && objects.CheckName(attrs.Name) == nil {
			infos = append(infos, infoOf(attrs))
		}
	}
	return infos, nil
}

// Delete asks for the live generation in a precondition, not by address: the
// address of a noncurrent one would remove that.
func (b *Bucket) Delete(ctx context.Context, name, generation string) error {
	if err := objects.CheckCall(ctx, "delete", name); err != nil {
		return err
	}
	if generation == "" {
		return fmt.Errorf("delete object %q: %w: no generation is given", name, objects.ErrInvalid)
	}
	number := generationOf(generation)
	if number == 0 {
		return nil
	}
	err := b.handle.Object(name).If(storage.Conditions{GenerationMatch: number}).Delete(ctx)
	if err == nil || status(err) == http.StatusPreconditionFailed || errors.Is(kind(err), objects.ErrNotFound) {
		return nil
	}
	return b.fail(ctx, "delete", name, err)
}
