package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// A part is deleted in two sweeps: one notes that nothing refers to it, and one
// at least unreferencedFor later finds the note and still no reference.
//
// That is safe while workers run, and needs no lock. A part is named after its
// batch and revision, so no other revision's worker can find it there and rely
// on it. A revision that is neither committed nor unfinished never will be
// again: revisions are numbered upwards, a failed or superseded one gives way
// to a higher number, and withdrawn is an end. So its worker may still be
// writing parts, but its commit will find the batch moved on. Its entries are
// only ever removed, never made anew. What the time is for are readers: a fold
// that listed its manifest before an entry was removed goes on reading. A sweep
// runs within a day of its instant, as its event is repeated for no longer: so
// what it noted was loose when a sweep of seven days later began.
const unreferencedFor = 7 * 24 * time.Hour

const (
	partsPrefix = "parts/"
	notesPrefix = "unreferenced/"
)

// revisionOf reads the revision out of the name of a part; false: the name is
// not one that a revision's work gives.
func revisionOf(name string) (revisionID, bool) {
	fields := strings.Split(name, "/")
	if len(fields) != 4 || fields[0]+"/" != partsPrefix {
		return revisionID{}, false
	}
	rev, err := strconv.ParseInt(fields[2], 10, 64)
	return revisionID{fields[1], rev}, err == nil && fields[1] != ""
}

// parts notes those that nothing refers to.
func (s *sweep) parts(ctx context.Context) error {
	for range sweepPages {
		page, err := s.ledger.buckets.Rated.List(ctx, partsPrefix, s.head.Parts, sweepPage)
		if err != nil {
			return fmt.Errorf("listing parts: %w", err)
		}
		var names []string
		for _, info := range page {
			names = append(names, info.Name)
		}
		loose, err := s.unreferenced(ctx, names)
		if err != nil {
			return err
		}
		for _, name := range loose {
			_, err := s.ledger.buckets.Work.Create(ctx, notesPrefix+name, strings.NewReader(s.at.UTC().Format(time.RFC3339Nano)))
			if err == nil {
				s.Noted++
			} else if !errors.Is(err, objects.ErrExists) {
				return fmt.Errorf("noting an unreferenced part: %w", err)
			}
		}
		if len(page) < sweepPage {
			s.head.Parts = ""
			return nil
		}
		s.head.Parts = names[len(names)-1]
	}
	return nil
}

// unreferenced returns the names of parts of revisions that neither count nor
// can come to count, and that no entry names. A part without a batch is kept:
// nothing says what it is.
func (s *sweep) unreferenced(ctx context.Context, names []string) ([]string, error) {
	var paths []documents.Path
	seen := map[string]bool{}
	for _, name := range names {
		if at, ok := revisionOf(name); ok && !seen[at.batch] {
			seen[at.batch] = true
			paths = append(paths, batchPath(at.batch))
		}
	}
	docs, err := s.ledger.docs.GetMany(ctx, paths)
	if err != nil {
		return nil, fmt.Errorf("looking for the batches of parts: %w", err)
	}
	batches := map[string]Batch{}
	for _, doc := range docs {
		if !doc.Exists() {
			continue
		}
		var b Batch
		if err := doc.Fields.Decode(&b); err != nil {
			return nil, fmt.Errorf("batch %s: %w: %w", doc.Path.ID, ErrDamaged, err)
		}
		batches[b.ID] = b
	}
	entered := map[string]map[int64]bool{} // by batch, its revisions that entries name
	var loose []string
	for _, name := range names {
		at, ok := revisionOf(name)
		b, found := batches[at.batch]
		if !ok || !found || b.counts(at.rev) {
			continue
		}
		if entered[b.ID] == nil {
			if entered[b.ID], err = s.ledger.enteredRevisions(ctx, b.ID); err != nil {
				return nil, err
			}
		}
		if !entered[b.ID][at.rev] {
			loose = append(loose, name)
		}
	}
	return loose, nil
}

// counts reports whether a revision is the committed one, or may still be
// committed.
func (b Batch) counts(rev int64) bool {
	todo, ok := b.todo()
	return ok && todo.Rev == rev || b.State == Committed && b.Rev == rev
}

// enteredRevisions returns the revisions of a batch that entries name.
func (l *Ledger) enteredRevisions(ctx context.Context, id string) (map[int64]bool, error) {
	out := map[int64]bool{}
	err := l.query(ctx, documents.Query{Name: "entries_all", From: id, To: id + "!"}, func(d documents.Doc) error {
		var e Entry
		if err := d.Fields.Decode(&e); err != nil {
			return fmt.Errorf("entry %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		out[e.Rev] = true
		return nil
	})
	return out, err
}

// notes deletes the parts that were noted long enough ago.
func (s *sweep) notes(ctx context.Context) error {
	for range sweepPages {
		page, err := s.ledger.buckets.Work.List(ctx, notesPrefix, s.head.Notes, sweepPage)
		if err != nil {
			return fmt.Errorf("listing notes of unreferenced parts: %w", err)
		}
		due := map[string]objects.Info{}
		var names []string
		for _, note := range page {
			data, err := load(ctx, s.ledger.buckets.Work, refOf(note))
			if isNotFound(err) || errors.Is(err, objects.ErrLost) {
				continue // another sweep was faster
			}
			if err != nil {
				return err
			}
			since, err := time.Parse(time.RFC3339Nano, string(data))
			if err != nil {
				return fmt.Errorf("%s: %w: %w", note.Name, ErrDamaged, err)
			}
			if s.at.Sub(since) >= unreferencedFor {
				name := strings.TrimPrefix(note.Name, notesPrefix)
				due[name], names = note, append(names, name)
			}
		}
		loose, err := s.unreferenced(ctx, names)
		if err != nil {
			return err
		}
		for _, name := range loose {
			if err := s.delete(ctx, name, due[name]); err != nil {
				return err
			}
		}
		if len(page) < sweepPage {
			s.head.Notes = ""
			return nil
		}
		s.head.Notes = page[len(page)-1].Name
	}
	return nil
}

// delete removes a part and then its note: a crash between leaves a note, which
// the next sweep removes.
func (s *sweep) delete(ctx context.Context, name string, note objects.Info) error {
	info, err := s.ledger.buckets.Rated.Stat(ctx, name)
	if err == nil {
		s.Deleted++
		err = s.ledger.buckets.Rated.Delete(ctx, name, info.Generation)
	} else if isNotFound(err) {
		err = nil
	}
	if err == nil {
		err = s.ledger.buckets.Work.Delete(ctx, note.Name, note.Generation)
	}
	if err != nil {
		return fmt.Errorf("deleting an unreferenced part: %w", err)
	}
	return nil
}
