package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/documents"
)

// Periods returns every period that there is, by cycle and month.
func (l *Ledger) Periods(ctx context.Context) ([]Period, error) {
	var out []Period
	err := l.query(ctx, documents.Query{Name: "periods_all"}, func(d documents.Doc) error {
		var p Period
		if err := d.Fields.Decode(&p); err != nil {
			return fmt.Errorf("period %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		out = append(out, p)
		return nil
	})
	slices.SortFunc(out, func(a, b Period) int { return compareKeys(a.Key, b.Key) })
	return out, err
}

// Batches returns a page of the batches in a state, by arrival, or of all of
// them, by id, for an empty state: at most limit (1 to documents.MaxPage). The
// first page's cursor is empty, and so is the one returned with the last.
func (l *Ledger) Batches(ctx context.Context, state State, cursor string, limit int) (batches []Batch, next string, err error) {
	q := documents.Query{Name: "batches_all", Limit: limit, Cursor: cursor}
	if state != "" {
		q.Name, q.Equal = "batches_by_state", map[string]any{"state": string(state)}
	}
	page, err := l.docs.Query(ctx, q)
	if err != nil {
		return nil, "", fmt.Errorf("listing batches: %w", err)
	}
	for _, d := range page.Docs {
		var b Batch
		if err := d.Fields.Decode(&b); err != nil {
			return nil, "", fmt.Errorf("batch %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		batches = append(batches, b)
	}
	return batches, page.Cursor, nil
}

// maxCopies bounds the batches that Copies returns.
const maxCopies = 20

// Copies returns other committed batches of the very bytes of a batch, the
// first ones to come: its rows with an id, and as many of the others, are
// charged once.
func (l *Ledger) Copies(ctx context.Context, b Batch) ([]Batch, error) {
	if b.Content == "" {
		return nil, nil
	}
	page, err := l.docs.Query(ctx, documents.Query{Name: "batches_by_content", Equal: map[string]any{"content": b.Content}, Limit: maxCopies + 1})
	if err != nil {
		return nil, fmt.Errorf("looking for copies of batch %s: %w", b.ID, err)
	}
	var out []Batch
	for _, doc := range page.Docs {
		var other Batch
		if err := doc.Fields.Decode(&other); err != nil {
			return nil, fmt.Errorf("batch %s: %w: %w", doc.Path.ID, ErrDamaged, err)
		}
		if other.ID != b.ID && other.State == Committed {
			out = append(out, other)
		}
	}
	return out, nil
}
