package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// State is where a batch stands. Each step is a compare-and-set on the batch:
// received → planned → committed → withdrawn; received or planned → failed;
// failed → planned (a person); planned → withdrawn.
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

// Counts accounts for every row of a batch: Rows is the sum of the others.
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
	Feed       string    `doc:"feed" json:"feed"`
	State      State     `doc:"state" json:"state"`
	Rev        int64     `doc:"rev" json:"rev"`
	ReceivedAt time.Time `doc:"received_at" json:"received_at"`
	Book       Ref       `doc:"book,omitempty" json:"book"`
	Marker     Ref       `doc:"marker,omitempty" json:"marker"`
	Counts     Counts    `doc:"counts,omitempty" json:"counts"`
	Periods    []string  `doc:"periods,omitempty" json:"periods,omitempty"` // that its rows fall in
	Failure    string    `doc:"failure,omitempty" json:"failure,omitempty"` // why it failed, for a person
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
}

// EntryKind says whether an entry adds a batch to a period or takes it away.
type EntryKind string

// Adds is made by a commit; Withdraws by a withdrawal that came too late to
// remove the entry itself.
const (
	Adds      EntryKind = "adds"
	Withdraws EntryKind = "withdraws"
)

// Entry says that a batch has rows in a period. Into is that period if it took
// usage at the commit, else the next one that did: it says only which invoice
// carries the difference.
type Entry struct {
	Kind   EntryKind `doc:"kind" json:"kind"`
	Period Key       `doc:"period" json:"period"`
	Batch  string    `doc:"batch" json:"batch"`
	Rev    int64     `doc:"rev" json:"rev"`
	Into   Key       `doc:"into" json:"into"`
	Marker Ref       `doc:"marker" json:"marker"`
}

func (e Entry) path() documents.Path {
	if e.Kind == Withdraws {
		return documents.Path{Collection: "entries", ID: documents.ID(e.Period.Cycle, e.Period.Month.String(), e.Batch, "withdrawn")}
	}
	return documents.Path{Collection: "entries", ID: documents.ID(e.Period.Cycle, e.Period.Month.String(), e.Batch)}
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
