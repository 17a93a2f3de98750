package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/documents"
)

func accountOf(r *Result, id string) *AccountResult {
	at := slices.IndexFunc(r.Accounts, func(a AccountResult) bool { return a.Account == id })
	return &r.Accounts[at]
}

// invoice alters an invoice's object, and its document where that says the same.
func (w *world) invoice(number string, change func(*billing.Invoice)) {
	w.t.Helper()
	name := billing.FileNames(number).JSON
	w.alter(w.bills, name, func(data []byte) []byte {
		inv := must(billing.Parse(data))(w.t)
		change(&inv)
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(inv); err != nil {
			w.t.Fatal(err)
		}
		edit(w, documents.Path{Collection: "invoices", ID: documents.ID(number)}, func(h *InvoiceHead) {
			h.Exact, h.Total, h.JSON.Size = inv.ExactTotal, inv.Total, int64(out.Len())
		})
		return out.Bytes()
	})
}

// cardImage returns the image that a batch's rows were priced under.
func (w *world) cardImage(b Batch) string {
	w.t.Helper()
	p := must(openPart(w.t.Context(), w.rated, w.marker(b).Parts[0]))(w.t)
	return p.dir.Images[0]
}

// dearer raises a price of a card image and repairs its checksum.
func dearer(image []byte) []byte {
	entries := int(binary.LittleEndian.Uint32(image[24:]))
	out := slices.Clone(image)
	for record := range binary.LittleEndian.Uint32(image[28:]) {
		at := out[40+8*entries+40*int(record):]
		binary.LittleEndian.PutUint64(at, binary.LittleEndian.Uint64(at)+1_000_000_000)
	}
	body := out[:len(out)-4]
	binary.LittleEndian.PutUint32(out[len(body):], crc32.Checksum(body, castagnoli))
	return out
}

func TestFsckListsABoundedNumberOfProblems(t *testing.T) {
	c := &checker{}
	for range maxProblems + 5 {
		c.add("row", "batch b line 1", "wrong")
	}
	got := c.report()
	want := Problem{Kind: "more", Where: "fsck", Detail: "5 more problems are not listed"}
	if len(got) != maxProblems+1 || got[maxProblems] != want {
		t.Errorf("%d problems, the last: %s", len(got), cmp.Diff(want, got[len(got)-1]))
	}
}

func TestFsckSaysThatItCouldNotLook(t *testing.T) {
	w := newWorld(t)
	if err := w.docs.Close(); err != nil {
		t.Fatal(err)
	}
	if problems, err := w.Fsck(t.Context()); err == nil {
		t.Errorf("no error and %d problems over a closed store", len(problems))
	}
}
