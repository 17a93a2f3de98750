package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// Actor is who does something, and when.
type Actor struct {
	By string    // a name for people; empty: nobody knows
	At time.Time // of the request; zero where nobody asked at an instant, as when a setup is imported
}

// Action of an audit entry: what was done to a card.
type Action string

// The actions.
const (
	Defined   Action = "defined"   // how the card is made was written
	Edited    Action = "edited"    // a revision was made of another
	Drafted   Action = "drafted"   // an empty revision was made
	Cloned    Action = "cloned"    // the card was made of a revision of another
	Activated Action = "activated" // a revision is live from an instant on
	Archived  Action = "archived"
	Restored  Action = "restored"
	Deleted   Action = "deleted"
	Noted     Action = "noted" // the note of a revision was written
	Built     Action = "built" // a revision was built of the card's parent
	Decked    Action = "deck"  // a revision was made of a deck
)

// AuditEntry is one thing that was done to a card. Entries are numbered from 1
// and never change: each has the hash of the one before, so that one that was
// altered, taken out or put in shows.
type AuditEntry struct {
	Card     string            `doc:"card" json:"card"`
	Number   int               `doc:"number" json:"number"`
	At       time.Time         `doc:"at,omitempty" json:"at,omitzero"`
	By       string            `doc:"by,omitempty" json:"by,omitempty"`
	Action   Action            `doc:"action" json:"action"`
	Revision int               `doc:"revision,omitempty" json:"revision,omitempty"` // that it is about
	Before   map[string]string `doc:"before,omitempty" json:"before,omitempty"`     // by name: counts, names, hashes; no rates
	After    map[string]string `doc:"after,omitempty" json:"after,omitempty"`
	Previous string            `doc:"previous,omitempty" json:"previous,omitempty"` // hash of the entry before; the first has none
	Hash     string            `doc:"hash" json:"hash"`                             // SHA-256, in hex, of all above
}

// auditHead is where the entries of a card end, so that one missing at the end
// shows, too.
type auditHead struct {
	Last int    `doc:"last"`
	Hash string `doc:"hash,omitempty"`
}

func auditHeadPath(card string) documents.Path { return pathOf("heads", "audit", card) }

func auditPath(card string, number int) documents.Path {
	return pathOf("audit", card, fmt.Sprint(number))
}

// sum is the hash of an entry.
func (e AuditEntry) sum() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tollbook audit 1\n%q %d %s %q %q %d %q\n", e.Card, e.Number, timeText(e.At.UTC()), e.By, e.Action, e.Revision, e.Previous)
	for i, values := range []map[string]string{e.Before, e.After} {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, "%d %q %q\n", i, name, values[name])
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// auditor adds an entry in the transaction of what it is about. It reads first,
// as transactions do, and writes later.
type auditor struct {
	tx    documents.Tx
	card  string
	head  auditHead
	isNew bool
}

func newAuditor(tx documents.Tx, card string) (*auditor, error) {
	a := &auditor{tx: tx, card: card}
	var err error
	a.isNew, err = find(tx, auditHeadPath(card), &a.head)
	return a, err
}

// auditorOf is newAuditor where the head was read already.
func auditorOf(tx documents.Tx, card string, head documents.Doc) (*auditor, error) {
	a := &auditor{tx: tx, card: card, isNew: !head.Exists()}
	return a, decodeOld(head, &a.head)
}

// add writes the one entry of a transaction.
func (a *auditor) add(by Actor, what Action, revision int, before, after map[string]string) error {
	e := AuditEntry{
		Card: a.card, Number: a.head.Last + 1, At: documentTime(by.At), By: by.By, Action: what, Revision: revision,
		Before: before, After: after, Previous: a.head.Hash,
	}
	e.Hash = e.sum()
	return errors.Join(
		create(a.tx, auditPath(e.Card, e.Number), e),
		write(a.tx, a.isNew, auditHeadPath(a.card), auditHead{e.Number, e.Hash}))
}

// AuditCheck says whether the audit log of a card is as it was written.
type AuditCheck struct {
	Card    string `json:"card"`
	Entries int    `json:"entries"`
	Hash    string `json:"hash,omitempty"` // of the last: who keeps it elsewhere can tell later that nothing before it was changed
	// Problem names the first entry that does not fit, and why; empty: all do.
	Problem string `json:"problem,omitempty"`
}

// CheckAudit holds each entry of a card's audit log against its hash, and that
// against the next one's.
func (c *Catalog) CheckAudit(ctx context.Context, card string) (AuditCheck, error) {
	out := AuditCheck{Card: card}
	var head auditHead
	// The head before the entries: what is added meanwhile lies behind it.
	if err := c.read(ctx, auditHeadPath(card), &head); err != nil && !errors.Is(err, documents.ErrNotFound) {
		return out, err
	}
	q := documents.Query{Name: "audit_by_card", Equal: map[string]any{"card": card}, Limit: documents.MaxPage}
	for {
		page, err := c.docs.Query(ctx, q)
		if err != nil {
			return out, fmt.Errorf("reading the audit log of %s: %w", card, err)
		}
		for _, doc := range page.Docs {
			var e AuditEntry
			if err := doc.Decode(&e); err != nil {
				out.Problem = fmt.Sprintf("entry %d cannot be read: %v", out.Entries+1, err)
				return out, nil
			}
			if out.Problem = e.misfit(doc.Path, out); out.Problem != "" {
				return out, nil
			}
			out.Entries, out.Hash = e.Number, e.Hash
			if e.Number == head.Last && e.Hash != head.Hash {
				out.Problem = fmt.Sprintf("entry %d has the hash %s, want %s, with which it was written", e.Number, e.Hash, head.Hash)
				return out, nil
			}
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			break
		}
	}
	if out.Entries < head.Last {
		out.Problem = fmt.Sprintf("entry %d is missing: the log has %d", out.Entries+1, head.Last)
		return out, nil
	}
	if out.Entries > head.Last { // added meanwhile, or put in
		if err := c.read(ctx, auditHeadPath(card), &head); err != nil && !errors.Is(err, documents.ErrNotFound) {
			return out, err
		}
		if out.Entries > head.Last {
			out.Problem = fmt.Sprintf("entry %d was never written: the log has %d", head.Last+1, head.Last)
		}
	}
	return out, nil
}

// misfit says why an entry cannot be the next one; empty: it can.
func (e AuditEntry) misfit(path documents.Path, before AuditCheck) string {
	next := before.Entries + 1
	switch {
	case e.Number > next:
		return fmt.Sprintf("entry %d is missing", next)
	case e.Number != next || path != auditPath(e.Card, e.Number):
		return fmt.Sprintf("entry %d is not in its place", e.Number)
	case e.Hash != e.sum():
		return fmt.Sprintf("entry %d was changed: its hash is %s, and what it says has %s", e.Number, short(e.Hash), e.sum())
	case e.Previous != before.Hash:
		return fmt.Sprintf("entry %d does not follow the one before: it names the hash %s, want %s", e.Number, short(e.Previous), before.Hash)
	}
	return ""
}

// CheckAudits is CheckAudit of every card: those whose log is not as it was
// written.
func (c *Catalog) CheckAudits(ctx context.Context) ([]AuditCheck, error) {
	definitions, err := c.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	var out []AuditCheck
	for _, d := range definitions {
		check, err := c.CheckAudit(ctx, d.ID)
		if err != nil {
			return nil, err
		}
		if check.Problem != "" {
			out = append(out, check)
		}
	}
	return out, nil
}

// changes returns what differs between two definitions, by name; long values as
// their length and hash.
func (d Definition) changes(was Definition) (before, after map[string]string, err error) {
	fields := func(d Definition) (out map[string]json.RawMessage, err error) {
		text, err := json.Marshal(d)
		if err == nil {
			err = json.Unmarshal(text, &out)
		}
		if err != nil {
			return nil, fmt.Errorf("comparing card %s: %w", d.ID, err)
		}
		return out, nil
	}
	a, errA := fields(was)
	b, errB := fields(d)
	if err := errors.Join(errA, errB); err != nil {
		return nil, nil, err
	}
	before, after = map[string]string{}, map[string]string{}
	for name := range a {
		if string(a[name]) != string(b[name]) {
			before[name] = digest(string(a[name]))
		}
	}
	for name := range b {
		if string(a[name]) != string(b[name]) {
			after[name] = digest(string(b[name]))
		}
	}
	return before, after, nil
}

// digest keeps a text short, and tells it from others.
func digest(s string) string {
	const most = 128
	if len(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("%d bytes, sha256 %x", len(s), sum)
}

// Fsck is the ledger's check of everything, and CheckAudits.
func (c *Catalog) Fsck(ctx context.Context) ([]ledger.Problem, error) {
	problems, err := c.ledger.Fsck(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := c.CheckAudits(ctx)
	if err != nil {
		return nil, fmt.Errorf("checking the audit logs: %w", err)
	}
	for _, check := range checks {
		problems = append(problems, ledger.Problem{Kind: "audit", Where: "card " + check.Card, Detail: check.Problem})
	}
	return problems, nil
}
