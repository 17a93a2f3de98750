package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/rating"
)

// Limits of the card images that a portal holds open, in bytes.
const (
	maxImage  = 192 << 20 // of one
	maxImages = 96 << 20  // of those that are kept beside the newest
)

// images opens card images, one at a time: several large ones at once would not
// fit into the function's memory.
type images struct {
	bucket objects.Bucket
	turn   chan struct{}
	cards  map[string]*rating.Card
	held   int64
}

func newImages(b objects.Bucket) *images {
	return &images{bucket: b, turn: make(chan struct{}, 1), cards: map[string]*rating.Card{}}
}

// open returns the card of an image that is named by its hash.
func (i *images) open(ctx context.Context, name string) (_ *rating.Card, err error) {
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for card image %s: %w", name, ctx.Err())
	}
	if c, ok := i.cards[name]; ok {
		return c, nil
	}
	info, err := i.bucket.Stat(ctx, name)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, fmt.Errorf("card image %s: %w", name, objects.ErrLost)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for card image %s: %w", name, err)
	}
	if info.Size > maxImage {
		return nil, notOffered.problem("The card is too large to price single calls here: its image has %d bytes, at most %d are opened.", info.Size, maxImage)
	}
	if i.held+info.Size > maxImages { // before the new one is in memory, too
		clear(i.cards)
		i.held = 0
	}
	c, err := i.load(ctx, info)
	if err != nil {
		return nil, fmt.Errorf("card image %s: %w", name, err)
	}
	i.held += info.Size
	i.cards[name] = c
	return c, nil
}

func (i *images) load(ctx context.Context, info objects.Info) (*rating.Card, error) {
	r, err := i.bucket.OpenRange(ctx, info.Name, info.Generation, 0, -1)
	if err != nil {
		return nil, err
	}
	data := objects.Buffer(int(info.Size))
	_, err = io.ReadFull(r, data)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if !strings.HasSuffix(info.Name, hex.EncodeToString(sum[:])) {
		return nil, fmt.Errorf("it does not have the hash it is named by: %w", ledger.ErrDamaged)
	}
	return rating.Open(data)
}
