package portal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// maxCounted bounds the rates that a list of revisions counts, so that it is
// answered in time.
const maxCounted = 2_000_000

type revision struct {
	Card     string     `json:"card"`
	Number   int        `json:"number"`
	Rates    int64      `json:"rates" doc:"how many"`
	Active   *int64     `json:"active,omitempty" doc:"of them, those in force at the instant asked about"`
	Compiled bool       `json:"compiled" doc:"it can charge calls"`
	State    string     `json:"state" enum:"draft,ready,scheduled,live,archived" doc:"at the instant asked about; a draft has no rates"`
	LiveFrom *time.Time `json:"live_from,omitempty" doc:"of the time in which it is live: now, else next, else last; none: from the card's beginning"`
	LiveTo   *time.Time `json:"live_to,omitempty" doc:"not included; none: no end is known"`
	Source   string     `json:"source" enum:"deck,build,edit,copy,draft,clone" doc:"what it was made of"`
	Deck     string     `json:"deck,omitempty" doc:"its id"`
	BaseCard string     `json:"base_card,omitempty" doc:"of a clone: the card that it was made of"`
	Base     int        `json:"base,omitempty" doc:"the revision that it was made of"`
	MadeAt   *time.Time `json:"made_at,omitempty"`
	By       string     `json:"by,omitempty" doc:"who made it"`
	Note     string     `json:"note,omitempty"`
}

func showRevision(r ratecard.Revision, m catalog.RevisionMeta, spans []ratecard.Span, at time.Time) revision {
	state, span := catalog.StateOf(r, m, spans, at)
	out := revision{
		Card: r.Card, Number: r.Number, Rates: r.Rows, Compiled: r.Image != "", State: string(state),
		Source: string(m.Source), Deck: m.Deck, BaseCard: m.BaseCard, Base: m.Base, By: m.By, Note: m.Note,
	}
	for _, t := range []struct {
		from time.Time
		to   **time.Time
	}{{span.From, &out.LiveFrom}, {span.To, &out.LiveTo}, {m.MadeAt, &out.MadeAt}} {
		if !t.from.IsZero() {
			*t.to = &t.from
		}
	}
	return out
}

// AsOf is the instant that states and counts are of.
type AsOf struct {
	At    time.Time `query:"at" doc:"an instant, of which states and counts are; none: now"`
	Count bool      `query:"count" doc:"count the rates in force"`
}

// instant makes none now, and refuses what no rate can begin at.
func (p *portal) instant(at *time.Time) error {
	if at.IsZero() {
		*at = p.Now()
	}
	if _, ok := catalog.Nanos(*at); !ok {
		return invalid.problem("at is not an instant of a rate.").with("query.at", at.Format(time.RFC3339), "want an instant of the years 1971 to 2261")
	}
	return nil
}

func (p *portal) addRevisionStates() {
	const tag = "cards"
	type listInput struct {
		ID string `path:"id" maxLength:"128" doc:"card"`
		Paging
		AsOf
	}
	add(p, operation{id: "list-revisions", method: "GET", path: "/cards/{id}/revisions", tag: tag, summary: "The revisions of a card, by number"},
		func(ctx context.Context, in *listInput) (*pageOutput[revision], error) {
			if err := p.instant(&in.At); err != nil {
				return nil, err
			}
			q := documents.Query{Name: "revisions_by_card", Equal: map[string]any{"card": in.ID}}
			found, err := list(ctx, p, in.Paging, q, func(r ratecard.Revision) ratecard.Revision { return r })
			if err != nil {
				return nil, err
			}
			items, err := p.revisions(ctx, in.ID, found.Body.Items, in.AsOf)
			if err != nil {
				return nil, err
			}
			return &pageOutput[revision]{page[revision]{Items: items, Next: found.Body.Next}}, nil
		})
	type getInput struct {
		ByRevision
		AsOf
	}
	add(p, operation{id: "get-revision", method: "GET", path: "/cards/{id}/revisions/{n}", tag: tag, summary: "One revision of a card"},
		func(ctx context.Context, in *getInput) (*oneOutput[revision], error) {
			if err := p.instant(&in.At); err != nil {
				return nil, err
			}
			return p.oneRevision(ctx, in.ByRevision, in.At, in.Count)
		})
}

func (p *portal) oneRevision(ctx context.Context, in ByRevision, at time.Time, count bool) (*oneOutput[revision], error) {
	r, v, err := p.revision(ctx, in.ID, in.Number)
	if err != nil {
		return nil, err
	}
	items, err := p.revisions(ctx, in.ID, []ratecard.Revision{r}, AsOf{at, count})
	if err != nil {
		return nil, err
	}
	return oneOf(v, items[0]), nil
}

// revisions shows revisions of a card with what people know of them.
func (p *portal) revisions(ctx context.Context, card string, revs []ratecard.Revision, of AsOf) ([]revision, error) {
	out := make([]revision, len(revs))
	if len(revs) == 0 {
		return out, nil
	}
	life, _, err := read[book.Card](ctx, p, pathOf("cards", card), "card", card)
	if err != nil && !isProblem(err, notFound) {
		return nil, err
	}
	paths := make([]documents.Path, len(revs))
	rates := int64(0)
	for i, r := range revs {
		paths[i] = catalog.MetaPath(r.Card, r.Number)
		rates += r.Rows
	}
	if of.Count && rates > maxCounted && len(revs) > 1 {
		return nil, refused.problem("The revisions of this page have %d rates.", rates).with("query.limit", "", fmt.Sprintf("want pages whose revisions have at most %d rates, to count those in force", maxCounted))
	}
	if of.Count {
		end, err := p.turn(ctx)
		if err != nil {
			return nil, err
		}
		defer end()
	}
	docs, err := p.Docs.GetMany(ctx, paths)
	if err != nil {
		return nil, fmt.Errorf("reading what is known of revisions: %w", err)
	}
	spans := life.Log.Spans()
	for i, r := range revs {
		m, err := catalog.MetaOf(r, docs[i])
		if err != nil {
			return nil, err
		}
		out[i] = showRevision(r, m, spans, of.At)
		if !of.Count {
			continue
		}
		active, total, err := p.Catalog.Count(ctx, r, of.At)
		if err = errors.Join(err, sameCount(r, total)); err != nil {
			return nil, err
		}
		out[i].Active = &active
	}
	return out, nil
}

func sameCount(r ratecard.Revision, total int64) error {
	if total != r.Rows {
		return fmt.Errorf("revision %d of %s has %d stored rates, want %d", r.Number, r.Card, total, r.Rows)
	}
	return nil
}
