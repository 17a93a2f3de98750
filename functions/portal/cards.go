package portal

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
)

type card struct {
	ID        string        `json:"id,omitempty" readOnly:"true" doc:"folder of its decks"`
	Kind      string        `json:"kind" enum:"provider,customer" doc:"from decks, or built from a provider card; it cannot change"`
	Currency  string        `json:"currency" example:"GBP" doc:"ISO 4217 code; it cannot change"`
	Activate  string        `json:"activate" enum:"at_arrival,by_person" doc:"when a new revision becomes live"`
	Increment string        `json:"increment,omitempty" example:"60/1" doc:"of a provider card, for decks that do not give theirs"`
	Defaults  *cardDefaults `json:"defaults,omitempty" doc:"of a provider card, for decks without columns for these"`

	Templates []deck.Template `json:"templates,omitempty" maxItems:"100" doc:"of a provider card: how its decks are written; one for all, or some with the fingerprints of headers"`

	Decks *deckRules `json:"decks,omitempty" doc:"of a provider card: what its decks do to its rates"`

	Destinations string `json:"destinations,omitempty" example:"carrier.csv" doc:"of a provider card: the list of destinations, in the folder destinations among the decks, for decks that have names and no codes"`

	Parent string `json:"parent,omitempty" doc:"of a customer card: the provider card it is built from; it cannot change"`
	Markup string `json:"markup,omitempty" example:"25%" doc:"of a customer card, on its parent's prices: 25%, +0.01, =0.05 or none"`

	EventMarkup string `json:"event_markup,omitempty" example:"+0.02" doc:"of a customer card, on events of tiers and connection fees; without it a percentage in markup counts for events of tiers, and fees pass"`
	Terms       *terms `json:"terms,omitempty" doc:"of a customer card; none: 4 decimals, half-up"`
}

type cardDefaults struct {
	ConnectionFee string `json:"connection_fee,omitempty" example:"0.05"`
	Per           string `json:"per,omitempty" enum:"minute,second,increment,call" doc:"what a deck's prices are for; none: a minute"`
	Grace         uint32 `json:"grace,omitempty" maximum:"1000000" doc:"seconds"`
}

type deckRules struct {
	Kind        string      `json:"kind,omitempty" enum:"full,country,partial" doc:"what a deck without actions replaces: all rates (the default), those of the countries that it lists, or only those that it lists"`
	Notice      string      `json:"notice,omitempty" example:"7/0" doc:"days that increases and decreases have to be known before; none: 7/0"`
	ShortNotice string      `json:"short_notice,omitempty" enum:"accept,shift,reject" doc:"rows that come later than that: applied and counted (the default), applied when the days are over, or errors"`
	DropLater   bool        `json:"drop_later,omitempty" doc:"rates that have not begun, and that a deck does not list, are removed"`
	Confirm     bool        `json:"confirm,omitempty" doc:"every deck is held until it is approved"`
	Limits      *deckLimits `json:"limits,omitempty" doc:"a deck beyond them is held until it is approved"`
}

type deckLimits struct {
	MaxIncreasePercent string `json:"max_increase_percent,omitempty" example:"50"`
	MaxDecreasePercent string `json:"max_decrease_percent,omitempty" example:"50"`
	MaxLostPercent     string `json:"max_lost_percent,omitempty" example:"10" doc:"of the rates, closed or blocked"`
	NoShortNotice      bool   `json:"no_short_notice,omitempty" doc:"changes that come later than their notice"`
}

func showRules(r catalog.DeckRules) *deckRules {
	if r == (catalog.DeckRules{}) {
		return nil
	}
	out := &deckRules{Kind: r.Kind, Notice: r.Notice, ShortNotice: r.ShortNotice, DropLater: r.DropLater, Confirm: r.Confirm}
	if l := r.Limits; l != (ratecard.Sanity{}) {
		text := func(p money.Price) string {
			if p == 0 {
				return ""
			}
			return p.String()
		}
		out.Limits = &deckLimits{text(l.MaxIncreasePercent), text(l.MaxDecreasePercent), text(l.MaxLostPercent), l.NoShortNotice}
	}
	return out
}

func (r *deckRules) read(bad *inputs) (out catalog.DeckRules) {
	if r == nil {
		return out
	}
	out = catalog.DeckRules{Kind: r.Kind, Notice: r.Notice, ShortNotice: r.ShortNotice, DropLater: r.DropLater, Confirm: r.Confirm}
	if l := r.Limits; l != nil {
		percent := func(name, text string) money.Price {
			if text == "" {
				return 0
			}
			return parsed(bad, "body.decks.limits."+name, text, "a percentage such as 50", money.ParsePrice)
		}
		out.Limits = ratecard.Sanity{
			MaxIncreasePercent: percent("max_increase_percent", l.MaxIncreasePercent), MaxDecreasePercent: percent("max_decrease_percent", l.MaxDecreasePercent),
			MaxLostPercent: percent("max_lost_percent", l.MaxLostPercent), NoShortNotice: l.NoShortNotice,
		}
	}
	return out
}

type build struct {
	Card     string `json:"card"`
	Followed int    `json:"followed" doc:"entries of the parent's log that it has followed"`
	Failure  string `json:"failure,omitempty" doc:"why it could not be built of what its parent has become; it charges by the revision that is live"`
}

func showCard(d catalog.Definition) card {
	out := card{
		ID: d.ID, Kind: string(d.Kind), Currency: d.Currency, Activate: string(d.Activate), Increment: d.Increment, Parent: d.Parent, Templates: d.Templates, Decks: showRules(d.Decks), Destinations: d.Destinations,
	}
	if d.Defaults != (catalog.Defaults{}) {
		out.Defaults = &cardDefaults{Per: string(d.Defaults.Per), Grace: d.Defaults.Grace}
		if d.Defaults.ConnectionFee != 0 {
			out.Defaults.ConnectionFee = d.Defaults.ConnectionFee.String()
		}
	}
	if d.Kind != catalog.Customer {
		return out
	}
	out.Markup = d.Markup.String()
	if d.EventMarkup != (ratecard.Markup{}) {
		out.EventMarkup = d.EventMarkup.String()
	}
	out.Terms = showTerms(d.Terms)
	return out
}

func (c card) read(id string) (catalog.Definition, error) {
	var bad inputs
	bad.same("body.id", c.ID, id)
	d := catalog.Definition{
		ID: id, Kind: catalog.Kind(c.Kind), Currency: c.Currency, Activate: catalog.Activation(c.Activate), Increment: c.Increment, Parent: c.Parent, Templates: c.Templates, Decks: c.Decks.read(&bad), Destinations: c.Destinations,
		Markup:      parsed(&bad, "body.markup", c.Markup, "a percentage such as 25% or -5%, an amount per minute such as +0.01 or -0.01, a price such as =0.05, or none", ratecard.ParseMarkup),
		EventMarkup: parsed(&bad, "body.event_markup", c.EventMarkup, "a percentage such as 25% or -5%, an amount such as +0.01 or -0.01, a price such as =0.05, or none", ratecard.ParseMarkup),
	}
	if f := c.Defaults; f != nil {
		d.Defaults = catalog.Defaults{Per: deck.Unit(f.Per), Grace: f.Grace}
		if f.ConnectionFee != "" {
			d.Defaults.ConnectionFee = parsed(&bad, "body.defaults.connection_fee", f.ConnectionFee, "an amount such as 0.05", money.ParsePrice)
		}
	}
	if c.Terms != nil || d.Kind == catalog.Customer {
		var err error
		if d.Terms, err = c.Terms.read(); err != nil {
			bad.refuse("body.terms", "", "want rules of a card: "+err.Error())
		}
	}
	return d, bad.err()
}

type activation struct {
	Revision   int        `json:"revision" doc:"that becomes live"`
	From       *time.Time `json:"from,omitempty" doc:"from when on; none: from the card's beginning"`
	RecordedAt time.Time  `json:"recorded_at"`
}

// cardLog is the life of a card.
type cardLog struct {
	Card    string       `json:"card"`
	Live    int          `json:"live,omitempty" doc:"the revision that is live now; none: no revision is"`
	Entries []activation `json:"entries" nullable:"false" doc:"in the order they were recorded; of two with one instant the later counts"`
}

func (p *portal) showLog(c book.Card) cardLog {
	out := cardLog{Card: c.ID, Entries: make([]activation, len(c.Log))}
	out.Live, _ = c.Log.At(p.Now())
	for i, a := range c.Log {
		out.Entries[i] = activation{Revision: a.Revision, RecordedAt: a.RecordedAt}
		if !a.From.IsZero() {
			out.Entries[i].From = &a.From
		}
	}
	return out
}

func (p *portal) addCards() {
	const tag = "cards"
	add(p, operation{id: "list-cards", method: "GET", path: "/cards", tag: tag, summary: "How cards are made, by id"},
		func(ctx context.Context, in *Paging) (*pageOutput[card], error) {
			return list(ctx, p, *in, documents.Query{Name: "definitions_all"}, showCard)
		})
	add(p, operation{id: "get-card", method: "GET", path: "/cards/{id}", tag: tag, summary: "How one card is made"},
		func(ctx context.Context, in *ByID) (*oneOutput[card], error) {
			d, v, err := p.definition(ctx, in.ID)
			return oneOf(v, showCard(d)), err
		})
	add(p, operation{id: "get-build", method: "GET", path: "/cards/{id}/build", tag: tag, summary: "How far a customer card follows its parent"},
		func(ctx context.Context, in *ByID) (*oneOutput[build], error) {
			if _, _, err := p.definition(ctx, in.ID); err != nil {
				return nil, err
			}
			b, v, err := read[catalog.Build](ctx, p, pathOf("builds", in.ID), "build", in.ID)
			return oneOf(v, build{Card: b.Card, Followed: b.Followed, Failure: b.Failure}), err
		})
	type putCard struct {
		ByID
		Expects
		Body card
	}
	add(p, operation{id: "put-card", method: "PUT", path: "/cards/{id}", tag: tag, summary: "Create or replace how a card is made", also: created},
		func(ctx context.Context, in *putCard) (*oneOutput[card], error) {
			d, err := in.Body.read(in.ID)
			if err != nil {
				return nil, err
			}
			return put(in.Expects, showCard(d), func(m catalog.Match) (documents.Version, error) {
				return p.Catalog.PutDefinition(ctx, d, m, p.actor(ctx))
			})
		})
	add(p, operation{id: "get-log", method: "GET", path: "/cards/{id}/log", tag: tag, summary: "Which revision of a card is live from when"},
		func(ctx context.Context, in *ByID) (*oneOutput[cardLog], error) {
			c, v, err := read[book.Card](ctx, p, pathOf("cards", in.ID), "card", in.ID)
			return oneOf(v, p.showLog(c)), err
		})
	type activate struct {
		ByID
		Body struct {
			Revision int        `json:"revision" minimum:"1"`
			From     *time.Time `json:"from,omitempty" doc:"the first activation of a card has none: it is from the card's beginning"`
			Past     bool       `json:"past,omitempty" doc:"from may lie in the past: open months are priced again, and issued ones are corrected"`
			Replace  bool       `json:"replace,omitempty" doc:"another revision may be live from the same instant: this one takes its place"`
		}
	}
	add(p, operation{id: "activate-revision", method: "POST", path: "/cards/{id}/activations", tag: tag, summary: "Make a revision live from an instant on", keyed: true},
		func(ctx context.Context, in *activate) (*oneOutput[cardLog], error) {
			by := p.actor(ctx)
			a := catalog.Live{Revision: in.Body.Revision, Replace: in.Body.Replace}
			if in.Body.From != nil {
				if a.From = *in.Body.From; a.From.IsZero() {
					return nil, invalid.problem("from is not an instant").with("body.from", "", "want an instant, or none")
				}
				if a.From.Before(by.At) && !in.Body.Past {
					return nil, refused.problem("from lies in the past: what was charged since would change.").
						with("body.from", a.From.Format(time.RFC3339Nano), `want an instant from now on, or "past": true`)
				}
			}
			c, err := p.Catalog.Activate(ctx, in.ID, a, by)
			if errors.Is(err, documents.ErrNotFound) {
				return nil, missing("card", in.ID)
			}
			return oneOf("", p.showLog(c)), err
		})
}

func (p *portal) definition(ctx context.Context, id string) (catalog.Definition, documents.Version, error) {
	return read[catalog.Definition](ctx, p, pathOf("definitions", id), "card", id)
}

func (p *portal) revision(ctx context.Context, card string, n int) (ratecard.Revision, documents.Version, error) {
	return read[ratecard.Revision](ctx, p, pathOf("revisions", card, strconv.Itoa(n)), "revision", strconv.Itoa(n))
}
