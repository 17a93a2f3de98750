package catalog

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// Match says what an edit expects to find. An edit that finds something else
// changes nothing.
type Match struct {
	// Version is that of the document to replace; another one, or no document,
	// is documents.ErrConflict.
	Version documents.Version
	// Create makes a document that must not be there: documents.ErrExists.
	Create bool
}

func (m Match) check(old documents.Doc) error {
	switch {
	case m.Create && old.Exists():
		return fmt.Errorf("%s: %w", old.Path, documents.ErrExists)
	case !m.Create && (!old.Exists() || old.Version != m.Version):
		return fmt.Errorf("%s: %w", old.Path, documents.ErrConflict)
	}
	return nil
}

// Refusal lists everything that is wrong with an edit. It wraps ErrRefused.
type Refusal struct {
	What   string // what was edited, with its id
	Fields []FieldError
}

// FieldError says what would be right in a field.
type FieldError struct {
	Field string // as in JSON, such as "terms.decimals"
	Found string // of what was given; at most 64 bytes of it
	Want  string
}

// maxTold bounds the fields that the text of a refusal lists: an edit may have
// thousands of rows.
const maxTold = 20

// Error lists the fields, the first 20 of them.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString(r.What)
	for i, f := range r.Fields {
		if i == maxTold {
			fmt.Fprintf(&b, "; and %d more", len(r.Fields)-i)
			break
		}
		sep := ": "
		if i > 0 {
			sep = "; "
		}
		fmt.Fprintf(&b, "%s%s %q: want %s", sep, f.Field, f.Found, f.Want)
	}
	return b.String() + ": " + ErrRefused.Error()
}

// Unwrap returns ErrRefused.
func (r *Refusal) Unwrap() error { return ErrRefused }

func about(what string, ids ...string) *Refusal {
	for _, id := range ids {
		what += " " + short(id)
	}
	return &Refusal{What: what}
}

func (r *Refusal) add(field, found, want string) {
	r.Fields = append(r.Fields, FieldError{field, short(found), want})
}

func (r *Refusal) err() error {
	if len(r.Fields) == 0 {
		return nil
	}
	return r
}

// id refuses what CheckID does.
func (r *Refusal) id(field, id string) {
	if CheckID(field, id) != nil {
		r.add(field, id, fmt.Sprintf("1 to %d of letters, digits, - _ ., not starting with a dot", maxID))
	}
}

// text refuses what cannot stand in a bill or a file.
func (r *Refusal) text(field, s string, least int) {
	if len(s) < least || len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		r.add(field, s, fmt.Sprintf("%d to %d bytes of UTF-8 without control characters", least, maxText))
	}
}

func (r *Refusal) within(field string, n, least, most uint64) {
	if n < least || n > most {
		r.add(field, fmt.Sprint(n), fmt.Sprintf("%d to %d", least, most))
	}
}

// maxText bounds names and account ids, in bytes.
const maxText = 256

func short(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// edit is one write to a document that people edit.
type edit struct {
	path  documents.Path
	value any
	match Match
	book  bool // the document is part of the book
	// checked, of the document of a part of the book, is what the whole part was
	// when it was checked against that: after another, the edit is
	// documents.ErrConflict.
	part    ledger.Parts
	checked ledger.Versions
	// needs are documents that check looks at; those that are missing too.
	needs []documents.Path
	// check sees the document as it is and the needs, in the transaction.
	check func(old documents.Doc, needs []documents.Doc) error
	// also writes more in the same transaction and says whether it is of the
	// book; it runs only when the document is new.
	also func(tx documents.Tx, needs []documents.Doc) (ofBook bool, err error)
	// audit notes what was written.
	audit func(tx documents.Tx, old documents.Doc, needs []documents.Doc) error
}

// edit makes an edit in one transaction and returns the document's version.
// An edit that changes nothing writes nothing. The version is empty when the
// document was changed again before its version could be read.
func (c *Catalog) edit(ctx context.Context, e edit) (documents.Version, error) {
	fields, err := documents.Encode(e.value)
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", e.path, err)
	}
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error { return e.run(tx, fields) })
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", e.path, err)
	}
	doc, err := c.docs.Get(ctx, e.path)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", e.path, err)
	}
	if !reflect.DeepEqual(doc.Fields, fields) {
		return "", nil
	}
	return doc.Version, nil
}

func (e edit) run(tx documents.Tx, fields documents.Fields) error {
	change, at, err := ledger.ChangeParts(tx)
	if err != nil {
		return err
	}
	if e.part.Numbers && e.checked.Numbers != at.Numbers || e.part.CallTypes && e.checked.CallTypes != at.CallTypes ||
		e.part.Resellers && e.checked.Resellers != at.Resellers {
		return fmt.Errorf("%s: others were written meanwhile: %w", e.path, documents.ErrConflict)
	}
	var docs []documents.Doc
	for paths := range slices.Chunk(append([]documents.Path{e.path}, e.needs...), documents.MaxGetMany) {
		found, err := tx.GetMany(paths)
		if err != nil {
			return err
		}
		docs = append(docs, found...)
	}
	old, needs := docs[0], docs[1:]
	if err := e.match.check(old); err != nil {
		return err
	}
	if err := e.check(old, needs); err != nil {
		return err
	}
	ofBook := e.book
	switch {
	case !old.Exists():
		if err := tx.Create(e.path, fields); err != nil {
			return err
		}
		if e.also != nil {
			also, err := e.also(tx, needs)
			if err != nil {
				return err
			}
			ofBook = ofBook || also
		}
	case reflect.DeepEqual(old.Fields, fields):
		return nil
	default:
		if err := tx.Put(e.path, fields); err != nil {
			return err
		}
	}
	if e.audit != nil {
		if err := e.audit(tx, old, needs); err != nil {
			return err
		}
	}
	if !ofBook {
		return nil
	}
	return change(e.part)
}

func pathOf(collection string, id ...string) documents.Path {
	return documents.Path{Collection: collection, ID: documents.ID(id...)}
}
