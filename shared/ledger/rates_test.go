package ledger_test

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// Rates that are written to the store have the name, and the bytes, of those that
// are given whole; those that cannot be written, or are others the second time,
// leave nothing.
func TestWrittenRatesAreThoseThatAreStored(t *testing.T) {
	h := newHouse(t)
	text := strings.Repeat("a line of rates\n", 10_000)
	write := func(w io.Writer) error {
		for rest := text; rest != ""; rest = rest[min(len(rest), 1000):] {
			if _, err := io.WriteString(w, rest[:min(len(rest), 1000)]); err != nil {
				return err
			}
		}
		return nil
	}
	for range 2 { // the same rates again are the same object
		name, err := h.WriteRates(t.Context(), write)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := h.StoreRates(t.Context(), []byte(text)); err != nil || name != want {
			t.Fatalf("%s, %v; want %s", name, err, want)
		}
		r, err := h.buckets.Cards.OpenRange(t.Context(), name, generationOf(t, h, name), 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%d bytes are stored, %v", len(got), err)
		}
	}

	before := len(cardObjects(t, h))
	refused := errors.New("no such rate")
	writes := 0
	for what, write := range map[string]func(io.Writer) error{
		"an error": func(io.Writer) error { return refused },
		"an error the second time": func(w io.Writer) error {
			if writes++; writes > 1 {
				return refused
			}
			_, err := io.WriteString(w, "x")
			return err
		},
	} {
		if _, err := h.WriteRates(t.Context(), write); !errors.Is(err, refused) {
			t.Errorf("%s became %v", what, err)
		}
	}
	other := "1"
	if _, err := h.WriteRates(t.Context(), func(w io.Writer) error {
		other += "2"
		_, err := io.WriteString(w, other)
		return err
	}); err == nil {
		t.Error("other rates the second time are no error")
	}
	if after := len(cardObjects(t, h)); after != before {
		t.Errorf("%d objects, %d before", after, before)
	}
}

func cardObjects(t *testing.T, h *house) (names []string) {
	t.Helper()
	list, err := h.buckets.Cards.List(t.Context(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range list {
		names = append(names, info.Name)
	}
	return names
}

func generationOf(t *testing.T, h *house, name string) string {
	t.Helper()
	info, err := h.buckets.Cards.Stat(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Generation
}
