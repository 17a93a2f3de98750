package portal

import (
	"context"
	"errors"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// rateEdit is what a person does to the rates of a revision.
type rateEdit struct {
	Preview bool       `json:"preview,omitempty" doc:"say what would become of the rates, and make nothing"`
	Note    string     `json:"note,omitempty" maxLength:"256"`
	At      *time.Time `json:"at,omitempty" doc:"when changes take effect that name no instant; none: now"`
	Show    int        `json:"show,omitempty" minimum:"1" maximum:"1000" doc:"how many differences a preview lists; none: 100"`

	Rows      []catalog.EditRow   `json:"rows,omitempty" maxItems:"5000" doc:"rates, one by one"`
	Change    *catalog.RateChange `json:"change,omitempty" doc:"many rates alike"`
	DeleteAll *int64              `json:"delete_all,omitempty" doc:"take all rates away: how many they are"`
	DropLater bool                `json:"drop_later,omitempty" doc:"take away the rates that are not yet in effect"`
	Copy      bool                `json:"copy,omitempty" doc:"change nothing: the revision comes again as the newest"`
}

func (e rateEdit) edit() (catalog.Edit, error) {
	out := catalog.Edit{Rows: e.Rows, Change: e.Change, DeleteAll: e.DeleteAll, DropLater: e.DropLater, Copy: e.Copy, Note: e.Note}
	if e.At != nil {
		out.At = *e.At
	}
	given := 0
	for _, is := range []bool{e.Rows != nil, e.Change != nil, e.DeleteAll != nil, e.DropLater, e.Copy} {
		if is {
			given++
		}
	}
	if given != 1 {
		return out, invalid.problem("The edit says %d things to do.", given).with("body", "", "want one of rows, change, delete_all, drop_later and copy")
	}
	return out, nil
}

// revised is what an edit makes.
type revised struct {
	Card        string            `json:"card"`
	Base        int               `json:"base" doc:"the revision that was edited, which stays as it is"`
	Revision    int               `json:"revision,omitempty" doc:"that was made, live when it is activated; none: a preview, or nothing changes"`
	Same        bool              `json:"same" doc:"nothing changes"`
	Rates       int64             `json:"rates" doc:"of what it makes"`
	Result      *ratecard.Result  `json:"result,omitempty" doc:"what became of the rows"`
	Changes     *ratecard.Summary `json:"changes,omitempty" doc:"what becomes of the base's rates"`
	Differences []rateDifference  `json:"differences,omitempty" doc:"of a preview: the first of them, by prefix"`
	Notices     []string          `json:"notices,omitempty"`
}

type rateDifference struct {
	Class   string     `json:"class" doc:"new, increase, decrease, closed, blocked, unblocked, terms_changed or name_only"`
	From    *time.Time `json:"from,omitempty" doc:"from when on; none: from the card's beginning"`
	Percent string     `json:"percent,omitempty" doc:"how far its cost rises at most, or falls"`
	Old     *rate      `json:"old,omitempty"`
	New     *rate      `json:"new,omitempty"`
}

func showRevised(r *catalog.Revised) revised {
	out := revised{Card: r.Card, Base: r.Base, Revision: r.Revision, Same: r.Same, Rates: r.Rates, Result: r.Result, Notices: r.Notices}
	if r.Result != nil {
		out.Changes = &r.Changes
	}
	side := func(r *rating.Rate) *rate {
		if r == nil {
			return nil
		}
		v := showRate(*r)
		return &v
	}
	for _, d := range r.First {
		one := rateDifference{Class: string(d.Class), Percent: d.Percent, Old: side(d.Old), New: side(d.New)}
		if !d.From.IsZero() {
			one.From = &d.From
		}
		out.Differences = append(out.Differences, one)
	}
	return out
}

// turn waits until no other request holds all rates of a revision, so that memory
// is that of one; end gives the turn on.
func (p *portal) turn(ctx context.Context) (end func(), err error) {
	select {
	case p.whole <- struct{}{}:
		return func() { <-p.whole }, nil
	case <-ctx.Done():
		return nil, tryAgain.problem("Other requests are at work on rates.")
	}
}

func (p *portal) addEdits() {
	const tag = "cards"
	type editInput struct {
		ByRevision
		Body rateEdit
	}
	add(p, operation{
		id: "edit-revision", method: "POST", path: "/cards/{id}/revisions/{n}/edits", tag: tag, also: created, keyed: true,
		summary: "Make a new revision of another with changed rates, or say what it would be",
	}, func(ctx context.Context, in *editInput) (*oneOutput[revised], error) {
		e, err := in.Body.edit()
		if err != nil {
			return nil, err
		}
		end, err := p.turn(ctx)
		if err != nil {
			return nil, err
		}
		defer end()
		made, err := p.Catalog.Revise(ctx, in.ID, in.Number, e, in.Body.Preview, in.Body.Show, p.actor(ctx))
		if err != nil {
			return nil, err
		}
		out := oneOf("", showRevised(made))
		if made.Revision > 0 {
			out.Status = 201
		}
		return out, nil
	})
	type draftInput struct {
		ByID
		Body struct {
			Note string `json:"note,omitempty" maxLength:"256"`
		}
	}
	add(p, operation{
		id: "draft-revision", method: "POST", path: "/cards/{id}/revisions", tag: tag, status: 201, keyed: true,
		summary: "Make an empty revision, for rates that are added by edits",
	}, func(ctx context.Context, in *draftInput) (*oneOutput[revision], error) {
		n, err := p.Catalog.Draft(ctx, in.ID, in.Body.Note, p.actor(ctx))
		if err != nil {
			return nil, err
		}
		out, err := p.oneRevision(ctx, ByRevision{in.ID, n}, p.Now(), false)
		if err == nil {
			out.Status = 201
		}
		return out, err
	})
	type cloneInput struct {
		ByRevision
		Body struct {
			ID string `json:"id" maxLength:"128" doc:"of the new card: a provider card"`
		}
	}
	add(p, operation{
		id: "clone-card", method: "POST", path: "/cards/{id}/revisions/{n}/clones", tag: tag, status: 201, keyed: true,
		summary: "Make a new card with the rates of a revision, without customers",
	}, func(ctx context.Context, in *cloneInput) (*oneOutput[card], error) {
		if err := p.Catalog.Clone(ctx, in.ID, in.Number, in.Body.ID, p.actor(ctx)); err != nil {
			return nil, err
		}
		d, v, err := p.definition(ctx, in.Body.ID)
		out := oneOf(v, showCard(d))
		out.Status = 201
		return out, err
	})
	p.addKeeping()
}

// addKeeping registers what is done to a revision as a whole.
func (p *portal) addKeeping() {
	const tag = "cards"
	type noteInput struct {
		ByRevision
		Body struct {
			Note string `json:"note" maxLength:"256" doc:"empty: none"`
		}
	}
	again := func(ctx context.Context, in ByRevision, err error) (*oneOutput[revision], error) {
		if err != nil {
			return nil, err
		}
		return p.oneRevision(ctx, in, p.Now(), false)
	}
	add(p, operation{id: "note-revision", method: "PUT", path: "/cards/{id}/revisions/{n}/note", tag: tag, summary: "Write the note of a revision"},
		func(ctx context.Context, in *noteInput) (*oneOutput[revision], error) {
			return again(ctx, in.ByRevision, p.Catalog.Note(ctx, in.ID, in.Number, in.Body.Note, p.actor(ctx)))
		})
	for _, o := range []struct {
		id, path, summary string
		away              bool
	}{
		{"archive-revision", "archive", "Put a revision away that is not live and will not be", true},
		{"restore-revision", "restore", "Take an archived revision back", false},
	} {
		add(p, operation{id: o.id, method: "POST", path: "/cards/{id}/revisions/{n}/" + o.path, tag: tag, summary: o.summary},
			func(ctx context.Context, in *ByRevision) (*oneOutput[revision], error) {
				return again(ctx, *in, p.Catalog.Archive(ctx, in.ID, in.Number, o.away, p.actor(ctx)))
			})
	}
	add(p, operation{
		id: "delete-revision", method: "DELETE", path: "/cards/{id}/revisions/{n}", tag: tag, status: 204,
		summary: "Remove a revision that was never live and that nothing names",
	}, func(ctx context.Context, in *ByRevision) (*struct{}, error) {
		return nil, p.Catalog.DeleteRevision(ctx, in.ID, in.Number, p.actor(ctx))
	})
}

type auditEntry struct {
	Number   int               `json:"number" doc:"from 1"`
	At       *time.Time        `json:"at,omitempty" doc:"of the request; none: nobody asked at an instant, as when a setup is imported"`
	By       string            `json:"by,omitempty"`
	Action   string            `json:"action" doc:"defined, edited, drafted, cloned, activated, archived, restored, deleted, noted or built"`
	Revision int               `json:"revision,omitempty" doc:"that it is about"`
	Before   map[string]string `json:"before,omitempty"`
	After    map[string]string `json:"after,omitempty"`
	Previous string            `json:"previous,omitempty" doc:"hash of the entry before"`
	Hash     string            `json:"hash" doc:"SHA-256 of all above, and the card's id"`
}

func showEntry(e catalog.AuditEntry) auditEntry {
	out := auditEntry{
		Number: e.Number, By: e.By, Action: string(e.Action), Revision: e.Revision, Before: e.Before, After: e.After, Previous: e.Previous, Hash: e.Hash,
	}
	if !e.At.IsZero() {
		out.At = &e.At
	}
	return out
}

func (p *portal) addAudit() {
	const tag = "cards"
	type listInput struct {
		ByID
		Paging
	}
	add(p, operation{id: "list-audit", method: "GET", path: "/cards/{id}/audit", tag: tag, summary: "What was done to a card, the oldest first"},
		func(ctx context.Context, in *listInput) (*pageOutput[auditEntry], error) {
			return list(ctx, p, in.Paging, documents.Query{Name: "audit_by_card", Equal: map[string]any{"card": in.ID}}, showEntry)
		})
	type checkOutput struct{ Body catalog.AuditCheck }
	add(p, operation{id: "check-audit", method: "GET", path: "/cards/{id}/audit/check", tag: tag, summary: "Hold the audit log of a card against its hashes: the first entry that does not fit"},
		func(ctx context.Context, in *ByID) (*checkOutput, error) {
			check, err := p.Catalog.CheckAudit(ctx, in.ID)
			if errors.Is(err, documents.ErrInvalid) {
				return nil, missing("card", in.ID)
			}
			return &checkOutput{check}, err
		})
}
