package documents

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Scope is the rules of one namespace of a store: all that is the same for
// every Store, so that all take and refuse alike. A Scope of a namespace that
// may not be holds the reason, which Check returns. For implementations of
// Store; its errors wrap ErrInvalid or come from the context.
type Scope struct {
	*rules
	space string
	bad   error
}

// NewScope returns the rules of the outermost namespace of a store of the model.
func NewScope(m Model) (Scope, error) {
	r, err := newRules(m)
	return Scope{rules: r}, err
}

// Namespace returns the rules of the namespace called name within this one.
func (s Scope) Namespace(name string) Scope {
	space, err := subspace(s.space, name)
	if s.bad != nil {
		err = s.bad
	}
	return Scope{s.rules, space, err}
}

// Spaces returns the names of the namespace from the outermost inwards; none
// for the store itself.
func (s Scope) Spaces() []string {
	if s.space == "" {
		return nil
	}
	return strings.Split(s.space, "/")
}

// Collections returns the collections of the model, sorted.
func (s Scope) Collections() []string { return slices.Sorted(maps.Keys(s.collections)) }

// Check is the first thing that every call of a Store does: it returns the
// context's error, or why no call may be made in this namespace or from inside
// a transaction's function.
func (s Scope) Check(ctx context.Context) error {
	return errors.Join(checkContext(ctx), s.bad)
}

// CheckPaths reports paths that are not in the model, and too many of them.
func (s Scope) CheckPaths(ps []Path) error { return s.checkPaths(ps) }

// Checked is a document that every store takes.
type Checked struct {
	Path   Path
	Fields Fields // as given: instants are not rounded yet (see RoundTime)
	Size   int    // encoded bytes, as the limits count them

	json  []byte   // the fields as Export writes them
	index [][]byte // keys of the declared queries
}

// CheckDoc checks a document: its path, its values, its size, and the fields
// that declared queries use.
func (s Scope) CheckDoc(p Path, f Fields) (Checked, error) {
	if err := s.checkPath(p); err != nil {
		return Checked{}, err
	}
	data, size, err := encodeFields(p, f)
	if err != nil {
		return Checked{}, err
	}
	index, err := s.indexKeys(s.space, p, f)
	return Checked{p, f, size, data, index}, err
}

// AppendLine appends the document as a line of Export.
func (c Checked) AppendLine(dst []byte) []byte { return appendLine(dst, c.Path, c.json) }

// ReadLines gives each what Export wrote, document by document, and names the
// line at which reading or each failed.
func (s Scope) ReadLines(r io.Reader, each func(Checked) error) error {
	lines, n := bufio.NewScanner(r), 0
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		n++
		doc, err := parseLine(lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		c, err := s.CheckDoc(doc.Path, doc.Fields)
		if err == nil {
			err = each(c)
		}
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", n, doc.Path, err)
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("%w: longer than %d bytes", ErrInvalid, maxLine)
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}

// CheckQuery checks what a query asks for; Limit and Cursor are not looked at.
func (s Scope) CheckQuery(q Query) (Span, error) { return s.span(s.space, q) }

// CheckPage checks a query with its limit and cursor. The place is nil on the
// first page.
func (s Scope) CheckPage(q Query) (Span, *Place, error) {
	span, err := s.page(q)
	if err != nil || q.Cursor == "" {
		return span, nil, err
	}
	at, err := span.place(q.Cursor)
	if err != nil {
		return Span{}, nil, fmt.Errorf("query %s: %w", q.Name, err)
	}
	return span, &at, nil
}

func (s Scope) page(q Query) (Span, error) {
	span, err := s.span(s.space, q)
	if err == nil && (q.Limit < 1 || q.Limit > MaxPage) {
		err = fmt.Errorf("%w: query %s: limit %d, want 1 to %d", ErrInvalid, q.Name, q.Limit, MaxPage)
	}
	return span, err
}
