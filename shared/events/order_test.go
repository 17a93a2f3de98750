package events

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/objects"
)

func anOrder() Order {
	return Order{Kind: "slice", ID: "batch-5/attempt-1", Payload: json.RawMessage(`{"from":0,"to":4096}`)}
}

// announced is the event of the only object in a bucket.
func announced(t *testing.T, bucket objects.Bucket) ObjectFinalized {
	t.Helper()
	infos, err := bucket.List(t.Context(), "", "", 10)
	if err != nil || len(infos) != 1 {
		t.Fatalf("the bucket holds %v, %v, want one object", infos, err)
	}
	f := aFile()
	f.Name, f.Generation, f.Size = infos[0].Name, infos[0].Generation, infos[0].Size
	return f
}

func TestAnOrderPlacedAgainIsOneOrder(t *testing.T) {
	bucket := objects.NewMemory()
	same := anOrder()
	same.Payload = json.RawMessage(" { \"from\" : 0,\n\"to\":4096 } ")
	for _, order := range []Order{anOrder(), anOrder(), same} {
		if err := Place(t.Context(), bucket, order); err != nil {
			t.Fatal(err)
		}
	}
	f := announced(t, bucket)
	for range 2 {
		got, err := ReadOrder(t.Context(), bucket, f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(anOrder(), got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	other := anOrder()
	other.ID = "batch-5/attempt-2"
	if err := Place(t.Context(), bucket, other); err != nil {
		t.Fatal(err)
	}
	if infos, err := bucket.List(t.Context(), "slice/", "", 10); err != nil || len(infos) != 2 {
		t.Errorf("another attempt is another order: %v, %v", infos, err)
	}
}

func TestOrdersThatAreNotPlaced(t *testing.T) {
	for name, change := range map[string]func(*Order){
		"no kind":            func(o *Order) { o.Kind = "" },
		"kind with a slash":  func(o *Order) { o.Kind = "a/b" },
		"long kind":          func(o *Order) { o.Kind = strings.Repeat("k", 65) },
		"no id":              func(o *Order) { o.ID = "" },
		"id not UTF-8":       func(o *Order) { o.ID = "\xff" },
		"id of two lines":    func(o *Order) { o.ID = "a\nb" },
		"long id":            func(o *Order) { o.ID = strings.Repeat("i", 513) },
		"broken payload":     func(o *Order) { o.Payload = json.RawMessage(`{`) },
		"payload that grows": func(o *Order) { o.Payload = json.RawMessage(`"` + strings.Repeat("p", MaxOrder) + `"`) },
	} {
		bucket := objects.NewMemory()
		order := anOrder()
		change(&order)
		if err := Place(t.Context(), bucket, order); err == nil {
			t.Errorf("%s: is placed", name)
		}
		if infos, err := bucket.List(t.Context(), "", "", 10); err != nil || len(infos) != 0 {
			t.Errorf("%s: the bucket holds %v, %v", name, infos, err)
		}
	}
}

func TestObjectsThatAreNoOrders(t *testing.T) {
	name, content, err := anOrder().encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(content)
	for _, test := range []struct{ name, content, says string }{
		{name, "", "unexpected end"},
		{name, good + "\n", "form"},
		{name, good + "{}", "after top-level value"},
		{name, " " + good, "form"},
		{name, strings.Replace(good, `"id"`, `"x":1,"id"`, 1), "form"},
		{name, strings.Replace(good, `"id"`, `"id":"x","id"`, 1), "form"},
		{name, strings.Replace(good, `"id"`, `"ID"`, 1), "form"},
		{name, strings.Replace(good, `"id":"batch-5/attempt-1"`, `"id":5`, 1), "number"},
		{name, strings.Replace(good, `"slice"`, `"Slice"`, 1), "kind"},
		{name, strings.Replace(good, `attempt-1`, `attempt-2`, 1), "belongs under the name"},
		{"dropped by hand.json", good, "belongs under the name"},
		{name, good + strings.Repeat(" ", MaxOrder), "more than 65536 bytes"},
	} {
		bucket := objects.NewMemory()
		if _, err := bucket.Create(t.Context(), test.name, strings.NewReader(test.content)); err != nil {
			t.Fatal(err)
		}
		_, err := ReadOrder(t.Context(), bucket, announced(t, bucket))
		if err == nil || Status(err) != 204 || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%.80s: error %v, want bad input with %q", test.content, err, test.says)
		}
	}
}

// failing is a bucket that cannot do anything.
type failing struct {
	objects.Bucket
	err error
}

func (f failing) Create(context.Context, string, io.Reader) (objects.Info, error) {
	return objects.Info{}, f.err
}

func (f failing) OpenRange(context.Context, string, string, int64, int64) (io.ReadCloser, error) {
	return nil, f.err
}

func TestWhatABucketsErrorMeansForAnOrder(t *testing.T) {
	for _, test := range []struct {
		err         error
		place, read int
	}{
		{objects.ErrExists, 204, 500},
		{objects.ErrTransient, 503, 503},
		{objects.ErrDenied, 500, 500},
		{objects.ErrInvalid, 500, 204},
		{objects.ErrNotFound, 500, 204},
		{objects.ErrLost, 500, 204},
		{context.Canceled, 503, 503},
	} {
		bucket := failing{err: test.err}
		if err := Place(t.Context(), bucket, anOrder()); Status(err) != test.place {
			t.Errorf("%v: Place ends as %d (%v), want %d", test.err, Status(err), err, test.place)
		}
		_, err := ReadOrder(t.Context(), bucket, aFile())
		if Status(err) != test.read || !errors.Is(err, test.err) {
			t.Errorf("%v: ReadOrder ends as %d (%v), want %d", test.err, Status(err), err, test.read)
		}
	}
}

func TestAnyOrderIsReadAsItWasPlaced(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		payload, err := json.Marshal(rapid.MapOf(rapid.String(), rapid.Int64()).Draw(rt, "payload"))
		if err != nil {
			rt.Fatal(err)
		}
		order := Order{
			Kind:    rapid.StringMatching(`[a-z0-9-]{1,64}`).Draw(rt, "kind"),
			ID:      rapid.StringMatching(`[\pL\pN <>&"\\/-]{1,60}`).Draw(rt, "id"),
			Payload: payload,
		}
		bucket := objects.NewMemory()
		if err := Place(t.Context(), bucket, order); err != nil {
			rt.Fatal(err)
		}
		got, err := ReadOrder(t.Context(), bucket, announced(t, bucket))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(order, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// Only the bytes that Place writes are an order, and they are its own again.
func FuzzOrder(f *testing.F) {
	_, content, err := anOrder().encode()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(content), string(content) + " ", `{"kind":"a","id":"b"}`, `{"kind":"a","id":"b","payload":null}`,
		`{"kind":"a","id":"\u003c","payload":{"a":1,"a":2}}`, `{"kind":"a","id":"b","payload":"\u2028"}`, `null`, `[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var order Order
		if json.Unmarshal(content, &order) != nil {
			return
		}
		name, want, err := order.encode()
		if err != nil {
			return
		}
		got, err := decodeOrder(name, content)
		if (err == nil) != (string(content) == string(want)) {
			t.Fatalf("%q: %v, Place writes %q", content, err, want)
		}
		if back, err := decodeOrder(name, want); err != nil || !cmp.Equal(back, mustRead(t, want)) {
			t.Fatalf("%q is placed as %q and not read: %v", content, want, err)
		}
		if err == nil && !cmp.Equal(got, order) {
			t.Fatal(cmp.Diff(order, got))
		}
	})
}

func mustRead(t *testing.T, content []byte) (order Order) {
	if err := json.Unmarshal(content, &order); err != nil {
		t.Fatal(err)
	}
	return order
}
