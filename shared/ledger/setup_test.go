package ledger

import (
	"bytes"
	"testing"

	"github.com/tollbook/tollbook/shared/book"
)

// A book that was pinned by older rules is none to plan with: the first file
// after an upgrade makes another of the same documents.
func TestABookOfOtherRulesIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	old := w.last.Book
	data := must(loadHashed(t.Context(), w.rated, old))(t)
	data = bytes.Replace(data, []byte(`"rules":"`+book.RuleVersion+`"`), []byte(`"rules":"older"`), 1)
	ref := must(put(t.Context(), w.rated, "books", data))(t)
	edit(w, headBook, func(h *bookHead) { h.Book, h.Rules = ref, "older" })
	for _, p := range must(w.Fsck(t.Context()))(t) {
		t.Error(p)
	}
	if b := w.deliver("after.csv", "u1,alice,4420,441110003,2026-11-02 09:00:00,40,"); b.Book.Name != old.Name {
		t.Errorf("planned with %s, want %s", b.Book.Name, old.Name)
	}
	for _, p := range must(w.Fsck(t.Context()))(t) {
		t.Error(p)
	}
}
