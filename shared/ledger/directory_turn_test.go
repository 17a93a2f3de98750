package ledger

import (
	"context"
	"errors"
	"testing"

	"github.com/tollbook/tollbook/shared/objects"
)

// stuck is a bucket that answers nobody until it is let go.
type stuck struct {
	objects.Bucket
	asked, letGo chan struct{}
}

func (b stuck) Stat(context.Context, string) (objects.Info, error) {
	close(b.asked)
	<-b.letGo
	return objects.Info{}, objects.ErrNotFound
}

// One read that is stuck keeps nobody longer than he has time.
func TestWhoWaitsForADirectoryHasADeadline(t *testing.T) {
	cards := stuck{objects.NewMemory(), make(chan struct{}), make(chan struct{})}
	l := New(nil, objects.Buckets{Cards: cards})
	first := make(chan error)
	go func() {
		_, err := l.directory(context.Background(), "directories/a")
		first <- err
	}()
	<-cards.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.directory(ctx, "directories/b"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v", err)
	}
	close(cards.letGo)
	if err := <-first; !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("the one that was stuck ended with %v", err)
	}
}
