package firestoredb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/firestoredb"
	"google.golang.org/api/option"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// wire stands between the store and the emulator. It notes every call, and
// fault, if set, says what becomes of one.
type wire struct {
	mu     sync.Mutex
	calls  []string
	pauses []int
	fault  func(call string, pass func() error, reply any) error
}

// take returns the calls since the last take.
func (w *wire) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := strings.Join(w.calls, " ")
	w.calls, w.pauses = nil, nil
	return calls
}

func (w *wire) note(method string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	call := method[strings.LastIndexByte(method, '/')+1:]
	w.calls = append(w.calls, call)
	return call
}

func (w *wire) through(method string, reply any, pass func() error) error {
	call := w.note(method)
	if w.fault == nil {
		return pass()
	}
	return w.fault(call, pass, reply)
}

func (w *wire) options() []firestoredb.Option {
	unary := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		return w.through(method, reply, func() error { return invoke(ctx, method, req, reply, cc, opts...) })
	}
	stream := func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (s grpc.ClientStream, err error) {
		err = w.through(method, nil, func() (err error) {
			s, err = streamer(ctx, desc, cc, method, opts...)
			return err
		})
		return s, err
	}
	return []firestoredb.Option{
		firestoredb.ClientOptions(option.WithGRPCDialOption(grpc.WithChainUnaryInterceptor(unary)),
			option.WithGRPCDialOption(grpc.WithChainStreamInterceptor(stream))),
		firestoredb.Pause(func(_ context.Context, n int) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.pauses = append(w.pauses, n)
			return nil
		}),
	}
}

func openWire(t *testing.T) (documents.Store, *wire) {
	w := &wire{}
	return open(t, newProject(), w.options()...), w
}

// answer makes the first n calls of a kind fail without passing them on.
func answer(kind string, n int, err error) func(string, func() error, any) error {
	return func(call string, pass func() error, _ any) error {
		if call != kind || n == 0 {
			return pass()
		}
		n--
		return err
	}
}

// loseAnswers passes the calls of a kind on and loses what the service says.
func loseAnswers(kind string, code codes.Code) func(string, func() error, any) error {
	return func(call string, pass func() error, _ any) error {
		if err := pass(); err != nil || call != kind {
			return err
		}
		return status.Error(code, "connection reset")
	}
}

func item(id string) documents.Path { return documents.Path{Collection: "items", ID: id} }

func mustCreate(t *testing.T, s documents.Store, id string, f documents.Fields) documents.Version {
	t.Helper()
	v, err := s.Create(t.Context(), item(id), f)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wantCount(t *testing.T, s documents.Store, want int64) {
	t.Helper()
	if n, err := s.Count(t.Context(), documents.Query{Name: "all"}); err != nil || n != want {
		t.Errorf("%d documents, %v, want %d", n, err, want)
	}
}

// increment adds one to the counter, and notes it under the mark so that a
// repetition adds nothing.
func increment(ctx context.Context, s documents.Store, mark string, runs *int) error {
	return s.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		*runs++
		docs, err := tx.GetMany([]documents.Path{item("counter"), item(mark)})
		if err != nil || docs[1].Exists() {
			return err
		}
		return errors.Join(tx.Create(item(mark), nil),
			tx.Put(item("counter"), documents.Fields{"n": docs[0].Fields["n"].(int64) + 1}))
	})
}

func wantCounter(t *testing.T, s documents.Store, want int64) {
	t.Helper()
	doc, err := s.Get(t.Context(), item("counter"))
	if err != nil || doc.Fields["n"] != want {
		t.Errorf("the counter stands at %v, %v, want %d", doc.Fields["n"], err, want)
	}
}

var aborted = status.Error(codes.Aborted, "too much contention on these documents")

// TestContentionIsRepeated: whichever call of a transaction loses, it is made
// again from its start and takes effect once.
func TestContentionIsRepeated(t *testing.T) {
	for _, kind := range []string{"Commit", "BatchGetDocuments"} {
		s, w := openWire(t)
		mustCreate(t, s, "counter", documents.Fields{"n": int64(0)})
		w.fault = answer(kind, 3, aborted)
		runs := 0
		if err := increment(t.Context(), s, "mark", &runs); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int{1, 2, 3}, w.pauses); runs != 4 || diff != "" {
			t.Errorf("%s: %d runs, want 4; pauses (-want +got):\n%s", kind, runs, diff)
		}
		w.fault = nil
		wantCounter(t, s, 1)
	}
}

// TestContentionEnds: endless contention ends as an error after which nothing
// is written.
func TestContentionEnds(t *testing.T) {
	s, w := openWire(t)
	v := mustCreate(t, s, "counter", documents.Fields{"n": int64(0)})
	w.fault = answer("Commit", -1, aborted)
	runs := 0
	for name, err := range map[string]error{
		"transaction": increment(t.Context(), s, "mark", &runs),
		"create":      func() error { _, err := s.Create(t.Context(), item("x"), nil); return err }(),
		"replace":     func() error { _, err := s.Replace(t.Context(), item("counter"), nil, v); return err }(),
		"delete":      s.Delete(t.Context(), item("counter"), v),
	} {
		if !errors.Is(err, documents.ErrTransient) {
			t.Errorf("%s: %v, want ErrTransient", name, err)
		}
	}
	if got := w.pauses; runs != 10 || len(got) != 4*9 {
		t.Errorf("%d runs of the transaction and %d pauses, want 10 and 36", runs, len(got))
	}
	w.fault = nil
	wantCounter(t, s, 0)
	wantCount(t, s, 1)
}

// TestAnswerLost: a commit whose answer is lost is not made again by the store
// or the client below it, and is safe to repeat by whoever asked for it.
func TestAnswerLost(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Unknown, codes.Internal} {
		s, w := openWire(t)
		mustCreate(t, s, "counter", documents.Fields{"n": int64(0)})
		w.take()
		w.fault = loseAnswers("Commit", code)
		runs := 0
		if err := increment(t.Context(), s, "mark", &runs); !errors.Is(err, documents.ErrCommitUnknown) {
			t.Errorf("%s: %v, want ErrCommitUnknown", code, err)
		}
		if got := w.take(); got != "BatchGetDocuments Commit Rollback" {
			t.Errorf("%s: calls %s, want one commit", code, got)
		}
		if _, err := s.Create(t.Context(), item("x"), nil); !errors.Is(err, documents.ErrCommitUnknown) || errors.Is(err, documents.ErrExists) {
			t.Errorf("%s: create %v, want ErrCommitUnknown, not that it exists", code, err)
		}
		w.fault = nil
		if err := increment(t.Context(), s, "mark", &runs); err != nil || runs != 2 {
			t.Errorf("%s: repeated: %v after %d runs, want success at the second", code, err, runs)
		}
		wantCounter(t, s, 1)
		wantCount(t, s, 3)
	}
}

// TestMissedVersion: when the service lets two transactions read the same
// version, the one whose write then misses it starts again. An error of the
// caller's own that looks alike is the caller's.
func TestMissedVersion(t *testing.T) {
	for _, code := range []codes.Code{codes.FailedPrecondition, codes.NotFound} {
		s, w := openWire(t)
		mustCreate(t, s, "counter", documents.Fields{"n": int64(0)})
		w.fault = answer("Commit", 2, status.Error(code, "the stored version does not match"))
		runs := 0
		if err := increment(t.Context(), s, "mark", &runs); err != nil || runs != 3 {
			t.Errorf("%s: %v after %d runs, want success at the third", code, err, runs)
		}
		wantCounter(t, s, 1)
	}
	s, _ := openWire(t)
	mustCreate(t, s, "a", nil)
	runs := 0
	err := s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
		runs++
		_, err := tx.Get(item("a"))
		return errors.Join(err, documents.ErrConflict)
	})
	if !errors.Is(err, documents.ErrConflict) || errors.Is(err, documents.ErrTransient) || runs != 1 {
		t.Errorf("%v after %d runs, want the function's error after one", err, runs)
	}
}

// TestCommitNotSent: a commit that never arrived looks the same, and its
// repetition does the work.
func TestCommitNotSent(t *testing.T) {
	s, w := openWire(t)
	mustCreate(t, s, "counter", documents.Fields{"n": int64(0)})
	w.fault = answer("Commit", 1, status.Error(codes.Unavailable, "connection refused"))
	runs := 0
	if err := increment(t.Context(), s, "mark", &runs); !errors.Is(err, documents.ErrCommitUnknown) {
		t.Fatalf("%v, want ErrCommitUnknown", err)
	}
	if err := increment(t.Context(), s, "mark", &runs); err != nil {
		t.Fatal(err)
	}
	wantCounter(t, s, 1)
}

// TestCancelledDuringCommit: whoever stops waiting is told both.
func TestCancelledDuringCommit(t *testing.T) {
	s, w := openWire(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.fault = func(call string, pass func() error, _ any) error {
		err := pass()
		cancel()
		return errors.Join(err, status.FromContextError(ctx.Err()).Err())
	}
	_, err := s.Create(ctx, item("x"), nil)
	if !errors.Is(err, documents.ErrCommitUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want ErrCommitUnknown and context.Canceled", err)
	}
	w.fault = nil
	wantCount(t, s, 1)
}

// TestUnavailable: a read that is not answered has done nothing.
func TestUnavailable(t *testing.T) {
	s, w := openWire(t)
	w.fault = func(call string, _ func() error, _ any) error {
		return status.Error(codes.ResourceExhausted, "quota")
	}
	_, get := s.Get(t.Context(), item("a"))
	_, query := s.Query(t.Context(), documents.Query{Name: "all", Limit: 1})
	_, count := s.Count(t.Context(), documents.Query{Name: "all"})
	_, create := s.Create(t.Context(), item("a"), nil)
	runs := 0
	for name, err := range map[string]error{
		"get": get, "query": query, "count": count, "create": create, "transaction": increment(t.Context(), s, "mark", &runs),
		"export": s.Export(t.Context(), &strings.Builder{}), "bulk create": s.BulkCreate(t.Context(), []documents.Doc{{Path: item("a")}}),
	} {
		if !errors.Is(err, documents.ErrTransient) {
			t.Errorf("%s: %v, want ErrTransient", name, err)
		}
	}
	if runs != 1 || len(w.pauses) != 0 {
		t.Errorf("%d runs and %d pauses, want that the caller decides when to try again", runs, len(w.pauses))
	}
}

// TestRefusedIdentity: a missing right is no missing document, and no reason to
// try again.
func TestRefusedIdentity(t *testing.T) {
	s, w := openWire(t)
	w.fault = func(string, func() error, any) error {
		return status.Error(codes.PermissionDenied, "missing permission")
	}
	_, get := s.Get(t.Context(), item("a"))
	_, create := s.Create(t.Context(), item("a"), nil)
	_, replace := s.Replace(t.Context(), item("a"), nil, "2026-11-01T00:00:00Z")
	runs := 0
	for name, err := range map[string]error{"get": get, "create": create, "replace": replace, "transaction": increment(t.Context(), s, "m", &runs)} {
		for _, is := range []error{documents.ErrNotFound, documents.ErrTransient, documents.ErrCommitUnknown, documents.ErrConflict, documents.ErrInvalid} {
			if errors.Is(err, is) {
				t.Errorf("%s: %v is %v", name, err, is)
			}
		}
		if status.Code(err) != codes.PermissionDenied {
			t.Errorf("%s: %v, want PermissionDenied", name, err)
		}
	}
}

// TestBulkRepeatsWhatIsLeft: of many documents only those that met another
// writer are sent again.
func TestBulkRepeatsWhatIsLeft(t *testing.T) {
	s, w := openWire(t)
	mustCreate(t, s, "3", documents.Fields{"kept": true})
	var docs []documents.Doc
	for i := range 250 {
		docs = append(docs, documents.Doc{Path: item(fmt.Sprint(i))})
	}
	docs = append(docs, docs[7], docs[249])
	first := true
	w.fault = func(call string, pass func() error, reply any) error {
		if err := pass(); err != nil || !first {
			return err
		}
		first = false
		reply.(*pb.BatchWriteResponse).Status[5] = &spb.Status{Code: int32(codes.Aborted)}
		return nil
	}
	w.take()
	if err := s.BulkCreate(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(w.take(), "BatchWrite"); got != 5 {
		t.Errorf("%d calls, want three for 250 documents, one for what was left and one for the one given twice", got)
	}
	w.fault = nil
	wantCount(t, s, 250)
	if doc, err := s.Get(t.Context(), item("3")); err != nil || doc.Fields["kept"] != true {
		t.Errorf("the existing document is %+v, %v", doc, err)
	}
	w.fault = func(_ string, pass func() error, reply any) error {
		err := pass()
		reply.(*pb.BatchWriteResponse).Status[0] = &spb.Status{Code: int32(codes.PermissionDenied), Message: "no"}
		return err
	}
	if err := s.BulkCreate(t.Context(), docs[:1]); status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "items/0") {
		t.Errorf("a refused document: %v, want an error that names it", err)
	}
}

// TestCalls: what each call costs in calls of the service.
func TestCalls(t *testing.T) {
	s, w := openWire(t)
	v := mustCreate(t, s, "a", nil)
	many := make([]documents.Path, documents.MaxGetMany)
	for i := range many {
		many[i] = item(fmt.Sprint(i))
	}
	stop := errors.New("stop")
	for name, c := range map[string]struct {
		want string
		call func() error
	}{
		"create":   {"Commit", func() error { _, err := s.Create(t.Context(), item("b"), nil); return err }},
		"get many": {"BatchGetDocuments", func() error { _, err := s.GetMany(t.Context(), many); return err }},
		"transaction": {"BatchGetDocuments BatchGetDocuments Commit", func() error {
			return s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
				_, err := tx.Get(item("a"))
				_, more := tx.GetMany(many)
				return errors.Join(err, more, tx.Put(item("a"), nil))
			})
		}},
		"transaction that only writes": {"Commit", func() error {
			return s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error { return tx.Create(item("c"), nil) })
		}},
		"transaction that fails": {"BatchGetDocuments Rollback", func() error {
			err := s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
				_, err := tx.GetMany(many)
				return errors.Join(err, stop)
			})
			if !errors.Is(err, stop) {
				return err
			}
			return nil
		}},
		"empty transaction": {"", func() error {
			return s.RunTx(t.Context(), func(context.Context, documents.Tx) error { return nil })
		}},
	} {
		w.take()
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := w.take(); got != c.want {
			t.Errorf("%s: calls %q, want %q", name, got, c.want)
		}
	}
	doc, err := s.Get(t.Context(), item("a"))
	if err != nil || doc.Version == v {
		t.Fatalf("after the transaction a has version %s, %v", doc.Version, err)
	}
	w.take()
	if _, err := s.Replace(t.Context(), item("a"), nil, doc.Version); err != nil || w.take() != "Commit" {
		t.Errorf("replace: %v, want it done in one call", err)
	}
}
