package ledger

import (
	"context"
	"fmt"
	"sync"

	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/rating"
)

// maxImages bounds the bytes of card images that are held open: 200 cards of
// 20,000 prefixes fit.
const maxImages = 144 << 20

// cards are the card images that a work has opened. It is safe for concurrent
// use.
type cards struct {
	bucket objects.Bucket

	mu      sync.Mutex
	open    map[string]*rating.Card
	held    int64
	emptied int // how often all were let go, to stay within the bound
}

func newCards(bucket objects.Bucket) *cards {
	return &cards{bucket: bucket, open: map[string]*rating.Card{}}
}

// card opens a card image, unless it is open.
func (c *cards) card(ctx context.Context, image string) (*rating.Card, error) {
	c.mu.Lock()
	defer c.mu.Unlock() // who waits for the same does not read it again
	if card, ok := c.open[image]; ok {
		return card, nil
	}
	info, err := c.bucket.Stat(ctx, image)
	if err != nil {
		return nil, fmt.Errorf("looking for card image %s: %w", image, err)
	}
	data, err := loadHashed(ctx, c.bucket, refOf(info))
	if err != nil {
		return nil, err
	}
	card, err := rating.Open(data)
	if err != nil {
		return nil, fmt.Errorf("card image %s: %w", image, err)
	}
	if c.held += int64(len(data)); c.held > maxImages {
		clear(c.open)
		c.held = int64(len(data))
		c.emptied++
	}
	c.open[image] = card
	return card, nil
}

// generation says how often cards were let go: who holds some of before gives
// them back.
func (c *cards) generation() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.emptied
}
