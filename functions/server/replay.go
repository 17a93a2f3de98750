package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/server/serving"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/objects"
)

// page is how many objects are listed at a time.
const page = 1000

// replay hands the objects of a bucket to the function that their creation
// calls. What was done before is done no second time: functions are repeatable.
// The instant is now, as a person asks for it now.
func replay(ctx context.Context, a *admin, args []string) error {
	bucket, err := a.deps.Bucket(args[0])
	if err != nil {
		return &refusal{err}
	}
	prefix := ""
	if len(args) > 1 {
		prefix = args[1]
	}
	now, after, all, failed := time.Now().UTC(), "", 0, 0
	for {
		infos, err := bucket.List(ctx, prefix, after, page)
		if err != nil {
			return refuseIf(err, objects.ErrInvalid)
		}
		for _, info := range infos {
			status, err := a.deliver(ctx, args[0], arrival{info.Name, info.Generation, info.Size, now})
			if err != nil {
				return err
			}
			all++
			if status/100 != 2 {
				failed++
			}
			if err := a.printf("%s\t%d\n", info.Name, status); err != nil {
				return err
			}
		}
		if len(infos) < page {
			break
		}
		after = infos[len(infos)-1].Name
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d objects were not taken; the log says why", failed, all)
	}
	return nil
}

// arrival is an object as its event tells it.
type arrival struct {
	name, generation string
	size             int64
	at               time.Time
}

// deliver sends an object's event, in process, to every function that its
// bucket calls, and returns the worst answer.
func (a *admin) deliver(ctx context.Context, bucket string, o arrival) (status int, err error) {
	e, err := events.NewObjectFinalized(events.ObjectFinalized{
		Bucket: a.deps.BucketPrefix + bucket, Name: o.name, Generation: o.generation, Size: o.size, At: o.at,
	})
	if err != nil {
		return 0, err
	}
	list := functions.All()
	for _, entry := range a.manifest.Functions {
		at := slices.IndexFunc(list, func(f functions.Function) bool { return f.Name == entry.Name })
		if at < 0 || !slices.Contains(entry.Buckets, bucket) {
			continue
		}
		deps := a.deps
		deps.Events.Verifier = events.Open{} // the call below comes from this very process
		h, err := serving.Handler(entry, list[at], deps)
		if err != nil {
			return 0, err
		}
		got, err := call(ctx, h, e)
		if err != nil {
			return 0, err
		}
		status = max(status, got)
	}
	if status == 0 {
		return 0, refuse("no function is called by bucket %s", bucket)
	}
	return status, nil
}

// call hands an event to a handler and returns the status that it answers.
func call(ctx context.Context, h http.Handler, e cloudevents.Event) (int, error) {
	r, err := cloudevents.NewHTTPRequestFromEvent(ctx, "http://localhost/", e)
	if err != nil {
		return 0, fmt.Errorf("making the call of event %s: %w", e.ID(), err)
	}
	r.RemoteAddr = "127.0.0.1:1"
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, r)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.status, nil
}

// recorder keeps the status of an answer.
type recorder struct {
	header http.Header
	status int
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}
