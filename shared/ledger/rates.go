package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// errOtherRates says that what was written for the second time is not what was
// written for the first.
var errOtherRates = errors.New("the rates are others than those that were counted")

// WriteRates is StoreRates for rates that are written as often as they are asked
// for, always the same: once for their hash and once to the store, so that they
// are never in memory as a whole. Nothing is stored when they differ.
func (l *Ledger) WriteRates(ctx context.Context, write func(io.Writer) error) (string, error) {
	sum := sha256.New()
	if err := write(sum); err != nil {
		return "", fmt.Errorf("storing rates: %w", err)
	}
	name := "rates/" + hex.EncodeToString(sum.Sum(nil))
	r, w := io.Pipe()
	done := make(chan struct{})
	defer func() { <-done }()
	defer r.Close() // who writes stops, when nobody reads to the end
	go func() {
		defer close(done)
		again := sha256.New()
		err := write(io.MultiWriter(w, again))
		if err == nil && "rates/"+hex.EncodeToString(again.Sum(nil)) != name {
			err = errOtherRates
		}
		w.CloseWithError(err)
	}()
	ref, err := createNamed(ctx, l.buckets.Cards, name, r)
	return ref.Name, err
}
