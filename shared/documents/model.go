package documents

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	maxName   = 64 // bytes of the name of a collection, query, field or namespace
	maxEqual  = 8  // equality fields of a declaration, so that an index key stays short
	maxSpaces = 4  // namespaces within one another
)

// Declaration declares a query: the documents of a collection that have every
// field named here, selected by the equalities, in the order of the range field
// (bool < int64 < time < string, as Firestore) and then of their ids. Fields
// are top-level ones. A document may lack a declared field and is then not in
// the query; if it has the field, its value is a string of at most MaxIndexed
// bytes, int64, bool or time.Time: a write of any other is refused.
type Declaration struct {
	Name       string   // of the query, one of its kind in the model
	Collection string   // whose documents it asks for
	Equal      []string // fields that every call gives a value for; may be empty
	Range      string   // field that sorts and may be bounded; empty: ids sort
}

// Model is all that a store is opened with: its collections and its queries.
// A store refuses every other. It is plain data, so that the index definitions
// of a deployment can be made of it. Names are 1 to 64 of [A-Za-z0-9_-],
// starting with a letter or digit.
type Model struct {
	Collections []string
	Queries     []Declaration
	// Expires names, by collection, the field that holds the instant from which
	// on nobody wants a document. Firestore removes it some time after; other
	// stores do not: who writes such documents reads them as gone, and removes them.
	Expires map[string]string
}

// With returns the model of m and others together.
func (m Model) With(others ...Model) Model {
	m = Model{slices.Clone(m.Collections), slices.Clone(m.Queries), maps.Clone(m.Expires)}
	for _, o := range others {
		m.Collections = append(m.Collections, o.Collections...)
		m.Queries = append(m.Queries, o.Queries...)
		for collection, field := range o.Expires {
			if m.Expires == nil {
				m.Expires = map[string]string{}
			}
			m.Expires[collection] = field
		}
	}
	return m
}

// Check reports everything that is wrong with the model, wrapping ErrInvalid.
func (m Model) Check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: model: "+format, append([]any{ErrInvalid}, args...)...))
	}
	collections := map[string]bool{}
	for _, c := range m.Collections {
		if !nameOK(c) {
			bad("collection %q: %s", clip(c), nameRule)
		}
		if collections[c] {
			bad("collection %q is listed twice", clip(c))
		}
		collections[c] = true
	}
	for _, c := range slices.Sorted(maps.Keys(m.Expires)) {
		if !collections[c] {
			bad("expiry: collection %q is not in the model", clip(c))
		}
		if !nameOK(m.Expires[c]) {
			bad("expiry of collection %q: field %q: %s", clip(c), clip(m.Expires[c]), nameRule)
		}
	}
	names := map[string]bool{}
	for _, d := range m.Queries {
		if !nameOK(d.Name) {
			bad("query %q: %s", clip(d.Name), nameRule)
		}
		if names[d.Name] {
			bad("query %q is declared twice", clip(d.Name))
		}
		names[d.Name] = true
		if !collections[d.Collection] {
			bad("query %q: collection %q is not in the model", clip(d.Name), clip(d.Collection))
		}
		if len(d.Equal) > maxEqual {
			bad("query %q: %d equality fields, want at most %d", clip(d.Name), len(d.Equal), maxEqual)
		}
		fields := map[string]bool{}
		for _, f := range d.fields() {
			if !nameOK(f) {
				bad("query %q: field %q: %s", clip(d.Name), clip(f), nameRule)
			}
			if fields[f] {
				bad("query %q: field %q is named twice", clip(d.Name), clip(f))
			}
			fields[f] = true
		}
	}
	return errors.Join(errs...)
}

// fields returns the fields of d in the order of its index.
func (d Declaration) fields() []string {
	if d.Range == "" {
		return d.Equal
	}
	return append(slices.Clone(d.Equal), d.Range)
}

const nameRule = "want 1 to 64 of A-Z a-z 0-9 _ -, starting with a letter or digit"

func nameOK(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '_' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		if !plain(s[i]) || strings.IndexByte(".~@+", s[i]) >= 0 {
			return false
		}
	}
	return true
}

// rules is a checked model, by name.
type rules struct {
	queries     map[string]Declaration
	collections map[string][]Declaration // the declarations over each
	hash        [sha256.Size]byte        // of the model: equal ones have equal indexes
}

func newRules(m Model) (*rules, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("hash the model: %w", err)
	}
	r := &rules{map[string]Declaration{}, map[string][]Declaration{}, sha256.Sum256(text)}
	for _, c := range m.Collections {
		r.collections[c] = nil
	}
	for _, d := range m.Queries {
		d.Equal = slices.Clone(d.Equal)
		r.queries[d.Name] = d
		r.collections[d.Collection] = append(r.collections[d.Collection], d)
	}
	return r, nil
}

func (r *rules) checkPath(p Path) error {
	if _, ok := r.collections[p.Collection]; !ok {
		return fmt.Errorf("%w: collection %q is not in the model", ErrInvalid, clip(p.Collection))
	}
	_, err := SplitID(p.ID)
	return err
}

func (r *rules) checkPaths(ps []Path) error {
	if len(ps) > MaxGetMany {
		return fmt.Errorf("%w: %d documents at once, want at most %d", ErrInvalid, len(ps), MaxGetMany)
	}
	for _, p := range ps {
		if err := r.checkPath(p); err != nil {
			return err
		}
	}
	return nil
}

// subspace returns the namespace called name within another.
func subspace(within, name string) (string, error) {
	if !nameOK(name) {
		return "", fmt.Errorf("%w: namespace %q: %s", ErrInvalid, clip(name), nameRule)
	}
	if within == "" {
		return name, nil
	}
	if strings.Count(within, "/")+2 > maxSpaces {
		return "", fmt.Errorf("%w: namespace %q: more than %d within one another", ErrInvalid, clip(name), maxSpaces)
	}
	return within + "/" + name, nil
}

// inTx marks the context that RunTx gives to its function: a store call with
// it would be I/O inside a transaction, and could wait for itself for ever.
type inTx struct{}

// checkContext is the first thing that every call of a Store does.
func checkContext(ctx context.Context) error {
	if ctx.Value(inTx{}) != nil {
		return fmt.Errorf("%w: a store call inside a transaction's function, want the Tx's methods only", ErrInvalid)
	}
	return ctx.Err()
}
