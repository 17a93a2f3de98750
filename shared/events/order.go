package events

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/objects"
)

// MaxOrder is the largest work order in bytes.
const MaxOrder = 64 << 10

const (
	maxKind    = 64
	maxOrderID = 512
)

// Order asks a function for a piece of work. It is one small object in the
// bucket orders-<function>; the event of its creation is the call.
type Order struct {
	Kind    string          `json:"kind"`              // what to do: 1 to 64 of a-z, 0-9, "-"
	ID      string          `json:"id"`                // what to do it to, 1 to 512 bytes; name the attempt if it may be ordered again
	Payload json.RawMessage `json:"payload,omitempty"` // how: JSON of the kind
}

// Place creates the order's object, <kind>/<SHA-256 of the content>.json. An
// order placed again is the same object: nothing is created, no event follows.
// An order that breaks a rule is an error of the program.
func Place(ctx context.Context, bucket objects.Bucket, order Order) error {
	name, content, err := order.encode()
	if err != nil {
		return fmt.Errorf("place order %q: %w", order.ID, err)
	}
	_, err = bucket.Create(ctx, name, bytes.NewReader(content))
	if err != nil && !errors.Is(err, objects.ErrExists) {
		return fmt.Errorf("place order %q: %w", order.ID, err)
	}
	return nil
}

// ReadOrder reads the order that f announces, at its generation. What is not an
// order, and an order that is gone, is BadInput: a repeat would find the same.
func ReadOrder(ctx context.Context, bucket objects.Bucket, f ObjectFinalized) (Order, error) {
	content, err := readObject(ctx, bucket, f)
	switch {
	case errors.Is(err, objects.ErrNotFound), errors.Is(err, objects.ErrLost), errors.Is(err, objects.ErrInvalid):
		return Order{}, &BadInput{fmt.Errorf("read order: %w", err)}
	case err != nil:
		return Order{}, fmt.Errorf("read order: %w", err)
	}
	order, err := decodeOrder(f.Name, content)
	if err != nil {
		return Order{}, &BadInput{fmt.Errorf("read order %q: %w", f.Name, err)}
	}
	return order, nil
}

// readObject reads one byte more than an order may have, for decodeOrder to see.
func readObject(ctx context.Context, bucket objects.Bucket, f ObjectFinalized) ([]byte, error) {
	r, err := bucket.OpenRange(ctx, f.Name, f.Generation, 0, MaxOrder+1)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}

// decodeOrder takes only the bytes that Place writes under that name: nothing
// unknown, nothing twice, nothing after the end, nothing changed.
func decodeOrder(name string, content []byte) (Order, error) {
	if len(content) > MaxOrder {
		return Order{}, fmt.Errorf("it has more than %d bytes", MaxOrder)
	}
	var order Order
	if err := json.Unmarshal(content, &order); err != nil {
		return Order{}, err
	}
	wantName, want, err := order.encode()
	if err != nil {
		return Order{}, err
	}
	if !bytes.Equal(content, want) {
		return Order{}, errors.New("it is not in the form that Place writes")
	}
	if name != wantName {
		return Order{}, fmt.Errorf("its content belongs under the name %q", wantName)
	}
	return order, nil
}

func (o Order) encode() (name string, content []byte, err error) {
	if o.Kind == "" || len(o.Kind) > maxKind || strings.ContainsFunc(o.Kind, notKind) {
		return "", nil, fmt.Errorf("the kind %.80q is not 1 to %d of a-z, 0-9 and hyphens", o.Kind, maxKind)
	}
	if o.ID == "" || len(o.ID) > maxOrderID || !utf8.ValidString(o.ID) || strings.ContainsFunc(o.ID, unicode.IsControl) {
		return "", nil, fmt.Errorf("the id %.80q is not 1 to %d bytes of UTF-8 without control characters", o.ID, maxOrderID)
	}
	content, err = json.Marshal(o)
	if err != nil {
		return "", nil, fmt.Errorf("encode: %w", err)
	}
	if len(content) > MaxOrder {
		return "", nil, fmt.Errorf("the order has %d bytes, at most %d are allowed", len(content), MaxOrder)
	}
	sum := sha256.Sum256(content)
	return o.Kind + "/" + hex.EncodeToString(sum[:]) + ".json", content, nil
}

func notKind(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
}
