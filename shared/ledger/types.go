package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// State is where a batch stands. Each step is a compare-and-set on the batch:
// received → planned → committed → withdrawn; received or planned → failed;
// failed → planned (a person); planned → withdrawn. Beside committed, the next
// revision may be planned or failed: see Ledger.Redo.
type State string

// The states of a batch.
const (
	Received  State = "received"
	Planned   State = "planned"
	Committed State = "committed"
	Failed    State = "failed"
	Withdrawn State = "withdrawn"
)

// Ref names an immutable object: the name holds the SHA-256 of its bytes, the
// generation pins them.
type Ref struct {
	Name       string `doc:"name" json:"name"`
	Generation string `doc:"generation" json:"generation"`
	Size       int64  `doc:"size" json:"size"`
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r.Name == "" }

func refOf(i objects.Info) Ref { return Ref{Name: i.Name, Generation: i.Generation, Size: i.Size} }

// Counts accounts for every row of a batch: Rows is the sum of the others. A row
// is accepted or unrated as who pays for it is charged.
type Counts struct {
	Rows     int64 `doc:"rows" json:"rows"`
	Accepted int64 `doc:"accepted" json:"accepted"` // rated
	Unrated  int64 `doc:"unrated" json:"unrated"`
	Rejected int64 `doc:"rejected" json:"rejected"`
	Ignored  int64 `doc:"ignored" json:"ignored"`
}

// Check reports rows that are in no class, or in two.
func (c Counts) Check() error {
	if sum := c.Accepted + c.Unrated + c.Rejected + c.Ignored; sum != c.Rows {
		return fmt.Errorf("%d rows, but %d accepted + %d unrated + %d rejected + %d ignored = %d",
			c.Rows, c.Accepted, c.Unrated, c.Rejected, c.Ignored, sum)
	}
	return nil
}

// Batch is one generation of a delivered file, and its receipt.
type Batch struct {
	ID         string    `doc:"id" json:"id"`
	Bucket     string    `doc:"bucket" json:"bucket"`
	Object     string    `doc:"object" json:"object"`
	Generation string    `doc:"generation" json:"generation"`
	Size       int64     `doc:"size,omitempty" json:"size,omitempty"` // bytes, as its event said
	Feed       string    `doc:"feed" json:"feed"`
	State      State     `doc:"state" json:"state"`
	Rev        int64     `doc:"rev" json:"rev"`
	ReceivedAt time.Time `doc:"received_at" json:"received_at"`
	Book       Ref       `doc:"book,omitempty" json:"book"`
	Marker     Ref       `doc:"marker,omitempty" json:"marker"`
	Counts     Counts    `doc:"counts,omitempty" json:"counts"`
	// Charges counts what its rows charge beside who pays: callee:rated,
	// supplier:unrated:no_rate.
	Charges map[string]int64 `doc:"charges,omitempty" json:"charges,omitempty"`
	Periods []string         `doc:"periods,omitempty" json:"periods,omitempty"` // that its rows fall in
	Content string           `doc:"content,omitempty" json:"content,omitempty"` // SHA-256 of a committed file's bytes, in hex
	Failure string           `doc:"failure,omitempty" json:"failure,omitempty"` // why it failed, for a person
	// Attempts counts what was tried on a batch that is not finished, or has
	// failed, and came to no end: 0 to MaxAttempts. LastError is the last reason.
	Attempts  int64  `doc:"attempts,omitempty" json:"attempts,omitempty"`
	LastError string `doc:"last_error,omitempty" json:"last_error,omitempty"`
	// RedoState says, of a committed batch, that its next revision is Planned,
	// or that it Failed; empty: neither. RedoAt is when it was asked for.
	RedoState State     `doc:"redo_state,omitempty" json:"redo_state,omitempty"`
	RedoAt    time.Time `doc:"redo_at,omitempty" json:"redo_at,omitzero"`
	Redo      Redo      `doc:"redo,omitempty" json:"redo,omitzero"`
	// Superseded are the revisions before the committed one that issued months
	// still rely on, ascending, at most MaxRevisions.
	Superseded []Revision `doc:"superseded,omitempty" json:"superseded,omitempty"`
}

// Redo is the revision of a committed batch that is to take the place of the
// committed one. What it says of a failed redo stays until the next.
type Redo struct {
	Rev       int64  `doc:"rev" json:"rev"` // above the committed one, and above any that failed
	Book      Ref    `doc:"book" json:"book"`
	Attempts  int64  `doc:"attempts,omitempty" json:"attempts,omitempty"`     // as a batch's
	LastError string `doc:"last_error,omitempty" json:"last_error,omitempty"` // as a batch's
	Failure   string `doc:"failure,omitempty" json:"failure,omitempty"`       // why it failed, for a person
}

// Revision is what a batch was before a redo took its place.
type Revision struct {
	Rev     int64            `doc:"rev" json:"rev"`
	Book    Ref              `doc:"book" json:"book"`
	Marker  Ref              `doc:"marker" json:"marker"`
	Counts  Counts           `doc:"counts" json:"counts"`
	Charges map[string]int64 `doc:"charges,omitempty" json:"charges,omitempty"`
	Periods []string         `doc:"periods,omitempty" json:"periods,omitempty"`
	// Until says, of the periods whose entries were taken back, from which
	// period's invoices on they are: until then the revision counts.
	Until map[string]Key `doc:"until,omitempty" json:"until,omitempty"`
}

const (
	// MaxAttempts is how often work on a batch, or a redo, is tried before it
	// has failed and waits for a person.
	MaxAttempts = 5
	// MaxRevisions is how many revisions of a batch issued months may rely on
	// beside the committed one.
	MaxRevisions = 100
)

// todo returns a batch as the work on its unfinished revision sees it: with
// that revision's number, book and attempts. False: nothing is unfinished.
func (b Batch) todo() (Batch, bool) {
	switch {
	case b.State == Received || b.State == Planned:
		return b, true
	case b.State == Committed && b.RedoState == Planned:
		b.Rev, b.Book, b.Attempts = b.Redo.Rev, b.Redo.Book, b.Redo.Attempts
		return b, true
	}
	return b, false
}

// fail ends the unfinished revision of that number, with the reason for a
// person; false: there is no such. A redo that fails leaves the batch committed.
func (b *Batch) fail(rev int64, why string) bool {
	todo, ok := b.todo()
	switch {
	case !ok || todo.Rev != rev:
		return false
	case b.State == Committed:
		b.RedoState, b.Redo.Failure = Failed, why
	default:
		b.State, b.Failure = Failed, why
	}
	return true
}

// tried notes that n attempts at the unfinished revision of that number came
// to no end, and why (empty: nobody knows); the last attempt fails it. False:
// there is no such revision.
func (b *Batch) tried(rev, n int64, why string) bool {
	todo, ok := b.todo()
	if !ok || todo.Rev != rev {
		return false
	}
	attempts, last := &b.Attempts, &b.LastError
	if b.State == Committed {
		attempts, last = &b.Redo.Attempts, &b.Redo.LastError
	}
	*attempts += n
	if why != "" {
		*last = why
	}
	if *attempts >= MaxAttempts {
		if why = *last; why == "" {
			why = "the work ended without an answer, as after a crash or when time or memory runs out"
		}
		b.fail(rev, fmt.Sprintf("%d attempts came to no end; the last: %s", *attempts, why))
	}
	return true
}

// BatchID returns the identity of one generation of an object: a new
// generation is a new batch beside the old one.
func BatchID(bucket, object, generation string) string {
	h := sha256.New()
	for _, s := range []string{bucket, object, generation} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func batchPath(id string) documents.Path { return documents.Path{Collection: "batches", ID: id} }

// Key names a period: a billing cycle's month.
type Key struct {
	Cycle string
	Month period.Month
}

// String returns the id of the period's document.
func (k Key) String() string { return documents.ID(k.Cycle, k.Month.String()) }

// ParseKey reads what String wrote.
func ParseKey(s string) (Key, error) {
	parts, err := documents.SplitID(s)
	if err != nil || len(parts) != 2 {
		return Key{}, fmt.Errorf("period %q: want cycle:YYYY-MM", s)
	}
	m, err := period.ParseMonth(parts[1])
	if err != nil {
		return Key{}, fmt.Errorf("period %q: %w", s, err)
	}
	return Key{Cycle: parts[0], Month: m}, nil
}

// MarshalText writes the period's id.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the period's id.
func (k *Key) UnmarshalText(b []byte) error {
	v, err := ParseKey(string(b))
	if err != nil {
		return err
	}
	*k = v
	return nil
}

func (k Key) path() documents.Path { return documents.Path{Collection: "periods", ID: k.String()} }

// PeriodState is where a period stands. Open and draft periods take usage;
// closing, closed and issued ones do not.
type PeriodState string

// The states of a period.
const (
	Open    PeriodState = "open"
	Draft   PeriodState = "draft"
	Closing PeriodState = "closing"
	Closed  PeriodState = "closed"
	Issued  PeriodState = "issued"
)

// TakesUsage reports whether a commit may still enter the period.
func (s PeriodState) TakesUsage() bool { return s == Open || s == Draft }

// Period is a billing cycle's month in a zone.
type Period struct {
	Key    Key          `doc:"key" json:"key"`
	Cycle  string       `doc:"cycle" json:"cycle"`
	Month  period.Month `doc:"month" json:"month"`
	Zone   string       `doc:"zone" json:"zone"`
	State  PeriodState  `doc:"state" json:"state"`
	Frozen Ref          `doc:"frozen,omitempty" json:"frozen"` // what was closed: see Freeze
	// Basis is the result that all invoices issued so far add up to. Closing
	// sets it; a later period that issues the differences moves it.
	Basis       Ref   `doc:"basis,omitempty" json:"basis"`
	FirstNumber int64 `doc:"first_number,omitempty" json:"first_number,omitempty"`
	Invoices    int64 `doc:"invoices,omitempty" json:"invoices,omitempty"`
	// Waived are unfinished batches that a person lets the close go ahead of.
	Waived []string `doc:"waived,omitempty" json:"waived,omitempty"`
	// Reopened counts how often the period took usage again after closing: what
	// came late while it did not stays late.
	Reopened int64 `doc:"reopened,omitempty" json:"reopened,omitempty"`
}

// EntryKind says whether an entry adds a batch to a period or takes it away.
type EntryKind string

// Adds is made by a commit; Withdraws by a withdrawal or a redo that came too
// late to remove the entry itself. Touches names no batch: it says that entries
// of other cycles change what was issued for Period, and Into carries that.
const (
	Adds      EntryKind = "adds"
	Withdraws EntryKind = "withdraws"
	Touches   EntryKind = "touches"
)

// Entry says that a batch's revision has rows in a period. Into is that period if it took
// usage at the commit, else the next one that did: it says only which invoice
// carries the difference.
type Entry struct {
	Kind   EntryKind `doc:"kind" json:"kind"`
	Period Key       `doc:"period" json:"period"`
	Batch  string    `doc:"batch" json:"batch"`
	Rev    int64     `doc:"rev" json:"rev"`
	Into   Key       `doc:"into" json:"into"`
	Marker Ref       `doc:"marker" json:"marker"`
	// First and Last are the instants of the first and the last of the rows:
	// Unix nanoseconds.
	First int64 `doc:"first" json:"first"`
	Last  int64 `doc:"last" json:"last"`
	// Foreign says into which periods it goes of other cycles, for those
	// that it is foreign to and that did not take usage at the commit; for all
	// others it came in time.
	Foreign []ForeignInto `doc:"foreign,omitempty" json:"foreign,omitempty"`
}

func (e Entry) path() documents.Path {
	parts := []string{e.Period.Cycle, e.Period.Month.String(), e.Batch, strconv.FormatInt(e.Rev, 10)}
	switch e.Kind {
	case Withdraws:
		parts = append(parts, "withdrawn")
	case Touches:
		parts = append(parts[:2], "touched", e.Into.Month.String())
	}
	return documents.Path{Collection: "entries", ID: documents.ID(parts...)}
}

// The errors of the ledger, beside those of the stores.
var (
	// ErrState: the step does not fit the state; nothing was changed.
	ErrState = errors.New("not possible in this state")
	// ErrHeld: a batch received before the cut-off is not finished.
	ErrHeld = errors.New("an unfinished batch holds the close")
	// ErrDamaged: stored bytes are not what the ledger wrote.
	ErrDamaged = errors.New("stored data is damaged")
)
