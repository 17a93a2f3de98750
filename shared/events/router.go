package events

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

// Router hands an event to the handler of its type; nil: the function takes no
// such event. A handler may be called again for the same event, and by many
// requests at once; it ends when its context does.
type Router struct {
	ObjectFinalized func(context.Context, ObjectFinalized) error
	Scheduled       func(context.Context, Scheduled) error
}

// ByBucket hands an object's event to the handler of its bucket, whose name
// follows the installation's prefix. One of another bucket is bad input: its
// sender's filter is wrong.
func ByBucket(prefix string, handlers map[string]func(context.Context, ObjectFinalized) error) func(context.Context, ObjectFinalized) error {
	return func(ctx context.Context, f ObjectFinalized) error {
		if name, ok := strings.CutPrefix(f.Bucket, prefix); ok && handlers[name] != nil {
			return handlers[name](ctx, f)
		}
		return &BadInput{fmt.Errorf("no handler for objects of bucket %q", f.Bucket)}
	}
}

// route returns the call that handles e and what to log about it. An event that
// nobody takes is bad input: its sender's filter is wrong, and a repeat is too.
func (r Router) route(e cloudevents.Event) (call func(context.Context) error, about []slog.Attr, err error) {
	about = []slog.Attr{slog.String("type", e.Type()), slog.String("id", e.ID())}
	switch e.Type() {
	case TypeObjectFinalized:
		f, err := ParseObjectFinalized(e)
		if err != nil {
			return nil, about, err
		}
		about = append(about, slog.String("bucket", f.Bucket), slog.String("object", f.Name), slog.String("generation", f.Generation))
		if r.ObjectFinalized != nil {
			return func(ctx context.Context) error { return r.ObjectFinalized(ctx, f) }, about, nil
		}
	case TypeScheduled, TypePing:
		s, err := ParseScheduled(e)
		if err != nil {
			return nil, about, err
		}
		about = append(about, slog.String("job", s.Job), slog.Time("instant", s.At))
		if r.Scheduled != nil {
			return func(ctx context.Context) error { return r.Scheduled(ctx, s) }, about, nil
		}
	}
	return nil, about, &BadInput{fmt.Errorf("no handler for events of type %q", e.Type())}
}
