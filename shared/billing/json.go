package billing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MaxJSON is the largest invoice that Parse reads, in bytes.
const MaxJSON = 64 << 20

// JSON renders the invoice canonically: one invoice has one rendering, and
// amounts are strings. An invoice that fails Check is not rendered.
func (inv Invoice) JSON() ([]byte, error) {
	if err := inv.Check(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(inv); err != nil {
		return nil, fmt.Errorf("invoice %s as JSON: %w", inv.Number, err)
	}
	return out.Bytes(), nil
}

// Parse reads what JSON wrote and nothing else, byte for byte: an unknown,
// repeated or reordered field is an error, as is a sum that does not hold.
func Parse(b []byte) (Invoice, error) {
	if len(b) > MaxJSON {
		return Invoice{}, fmt.Errorf("an invoice of %d bytes, want at most %d", len(b), MaxJSON)
	}
	var inv Invoice
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&inv); err != nil {
		return Invoice{}, fmt.Errorf("reading an invoice: %w", err)
	}
	// Go reads an offset that happens to be the machine's own as that zone.
	inv.IssuedAt = inv.IssuedAt.UTC()
	again, err := inv.JSON()
	if err != nil {
		return Invoice{}, err
	}
	if !bytes.Equal(b, again) {
		return Invoice{}, fmt.Errorf("invoice %s: line %d of the file: %w", inv.Number, firstDifference(b, again), errNotCanonical)
	}
	return inv, nil
}

var errNotCanonical = errors.New("not the canonical rendering (fields in order, two spaces of indent, none twice, a newline at the end)")

// firstDifference returns the number of the first line that differs.
func firstDifference(a, b []byte) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return bytes.Count(a[:i], []byte("\n")) + 1
}
