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
	Foreign []Entry `json:"foreign,omitempty"` // of other cycles: read for identities only
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

func (a revisionID) compare(b revisionID) int {
	return cmp.Or(strings.Compare(a.batch, b.batch), cmp.Compare(a.rev, b.rev))
}

// compareEntries sorts a manifest: by batch, then revision, then period.
func compareEntries(a, b Entry) int {
	return cmp.Or(a.revision().compare(b.revision()), compareKeys(a.Period, b.Period))
}

// manifest returns what a period holds of the entries that go into invoices
// that keep accepts.
func (l *Ledger) manifest(ctx context.Context, key Key, z zones, keep func(into Key) bool) (Manifest, error) {
	own, err := l.entries(ctx, key)
	if err != nil {
		return Manifest{}, err
	}
	foreign, err := l.foreignEntries(ctx, key, z)
	if err != nil {
		return Manifest{}, err
	}
	return Manifest{Period: key, Entries: kept(key, own, keep), Foreign: kept(key, foreign, keep)}, nil
}

// kept returns, of entries of a period or foreign to it, each added revision
// that was not taken back again.
func kept(key Key, entries []Entry, keep func(into Key) bool) []Entry {
	type added struct {
		revisionID
		Key
	}
	gone := map[added]bool{}
	for _, e := range entries {
		if e.Kind == Withdraws && keep(e.into(key)) {
			gone[added{e.revision(), e.Period}] = true
		}
	}
	out := []Entry{}
	for _, e := range entries {
		if e.Kind == Adds && keep(e.into(key)) && !gone[added{e.revision(), e.Period}] {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, compareEntries)
	return out
}

func allEntries(Key) bool { return true }

// upTo accepts what an invoice up to a period carries.
func upTo(last Key) func(into Key) bool {
	return func(into Key) bool { return into.Month.Compare(last.Month) <= 0 }
}

// inputs is everything that a fold's result follows from.
type inputs struct {
	Manifest Manifest
	Book     Ref
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
	all := []any{foldRules, in.Manifest.Period, in.Book.Name, list}
	type foreign struct {
		Period        Key
		Batch, Marker string
		Rev           int64
	}
	for _, e := range in.Manifest.Foreign {
		all = append(all, foreign{e.Period, e.Batch, e.Marker.Name, e.Rev})
	}
	data, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("hashing a fold's inputs: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
