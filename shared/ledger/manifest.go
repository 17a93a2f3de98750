package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/documents"
)

// Manifest is the batches whose rows a period's fold reads, sorted by batch. It
// comes from the entries, by query, never from listing a bucket.
type Manifest struct {
	Period  Key     `json:"period"`
	Entries []Entry `json:"entries"`
}

// entries returns every entry of a period, those that came late included.
func (l *Ledger) entries(ctx context.Context, key Key) ([]Entry, error) {
	var out []Entry
	err := l.query(ctx, documents.Query{Name: "entries_by_period", Equal: map[string]any{"period": key.String()}}, func(d documents.Doc) error {
		var e Entry
		if err := d.Fields.Decode(&e); err != nil {
			return fmt.Errorf("entry %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// revisionID names a revision of a batch.
type revisionID struct {
	batch string
	rev   int64
}

func (e Entry) revision() revisionID { return revisionID{e.Batch, e.Rev} }

// compareEntries sorts a manifest: by batch, then revision.
func compareEntries(a, b Entry) int {
	return cmp.Or(strings.Compare(a.Batch, b.Batch), cmp.Compare(a.Rev, b.Rev))
}

// manifest returns what a period holds of the entries that keep accepts: each
// added revision that was not taken back again.
func manifest(key Key, entries []Entry, keep func(Entry) bool) Manifest {
	gone := map[revisionID]bool{}
	for _, e := range entries {
		if e.Kind == Withdraws && keep(e) {
			gone[e.revision()] = true
		}
	}
	m := Manifest{Period: key, Entries: []Entry{}}
	for _, e := range entries {
		if e.Kind == Adds && keep(e) && !gone[e.revision()] {
			m.Entries = append(m.Entries, e)
		}
	}
	slices.SortFunc(m.Entries, compareEntries)
	return m
}

func allEntries(Entry) bool { return true }

// upTo accepts the entries that an invoice up to a period carries.
func upTo(into Key) func(Entry) bool {
	return func(e Entry) bool { return e.Into.Month.Compare(into.Month) <= 0 }
}

// inputs is everything that a fold's result follows from.
type inputs struct {
	Manifest Manifest `json:"manifest"`
	Book     Ref      `json:"book"`
}

// hash names the inputs: a result made of others is stale.
func (in inputs) hash() (string, error) {
	// How a store pins an object is not an input; what the object is, is.
	type entry struct {
		Batch, Marker string
		Rev           int64
		Late          bool
	}
	list := make([]entry, 0, len(in.Manifest.Entries))
	for _, e := range in.Manifest.Entries {
		list = append(list, entry{e.Batch, e.Marker.Name, e.Rev, e.Into != e.Period})
	}
	data, err := json.Marshal([]any{foldRules, in.Manifest.Period, in.Book.Name, list})
	if err != nil {
		return "", fmt.Errorf("hashing a fold's inputs: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
