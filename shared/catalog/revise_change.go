package catalog

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// maxPicked bounds the prefixes of one change.
const maxPicked = 10_000

// RateChange changes many rates alike: those that all it names hold for.
type RateChange struct {
	Destination string   `json:"destination,omitempty" maxLength:"256" example:"UK mobile%" doc:"a destination's whole name, or its first letters and %; % alone: every rate"`
	Prefixes    []string `json:"prefixes,omitempty" maxItems:"10000"`
	Under       bool     `json:"under,omitempty" doc:"also every prefix that begins with one of prefixes"`
	Country     string   `json:"country,omitempty" pattern:"^[A-Z]{2}$" doc:"of the prefix, by the numbering plan, an ISO 3166 code; of several that share a prefix the main one"`
	NumberType  string   `json:"number_type,omitempty" maxLength:"32" doc:"of the prefix, by the numbering plan, as rates are listed"`
	Group       string   `json:"group,omitempty" maxLength:"256" doc:"destination group: of the call type that the prefix has"`

	Price         string     `json:"price,omitempty" example:"+5%" doc:"5% or -5%, +0.01 or -0.01, =0.05, exactly; blocked rates are left alone"`
	ConnectionFee *string    `json:"connection_fee,omitempty"`
	Increments    string     `json:"increments,omitempty" example:"60/1"`
	Blocked       *bool      `json:"blocked,omitempty"`
	Name          *string    `json:"name,omitempty" maxLength:"256" doc:"of the destination"`
	From          *time.Time `json:"effective_from,omitempty" doc:"from when on: what holds then is split; none: rates change as a whole"`
}

// changer is a RateChange as it is done.
type changer struct {
	*RateChange
	mask    *ratecard.Mask
	picked  map[string]bool
	longest int // of picked, in digits
	groups  map[string]string
	most    int // of the prefixes of groups, in digits

	price     ratecard.Markup
	fee       money.Price
	interval1 uint32
	intervalN uint32
}

// change yields the commands of a change, and counts the rates that it is about;
// what is wrong with it is added to the refusal.
func (r *revising) change(c *changer, picked *int64) iter.Seq2[ratecard.Command, error] {
	m := ratecard.Moment{At: r.at}
	if c.From != nil {
		if m.From = r.refusal.instant("change.effective_from", *c.From); m.From < r.at {
			r.refusal.add("change.effective_from", timeText(*c.From), "an instant that is not past, or none")
		}
	}
	return r.rates.Change(m, func(rate *rating.Rate) (bool, error) {
		if !c.picks(rate) {
			return false, nil
		}
		*picked++
		if err := c.do(rate); err != nil {
			// All of them are told, and nothing is done.
			if len(r.refusal.Fields) < maxEditProblems {
				r.refusal.add("change", rate.Prefix, "a change that each rate can have: "+err.Error())
			}
			return false, nil
		}
		return true, nil
	})
}

func (r *revising) changer() (*changer, error) {
	c := &changer{RateChange: r.edit.Change, picked: map[string]bool{}}
	bad := func(field, found, want string) { r.refusal.add("change."+field, found, want) }
	if c.Destination != "" {
		m, err := ratecard.ParseMask(c.Destination)
		if err != nil {
			bad("destination", c.Destination, "a destination's name, its first letters and %, or % for all")
		}
		c.mask = &m
	}
	if len(c.Prefixes) > maxPicked {
		bad("prefixes", fmt.Sprint(len(c.Prefixes)), fmt.Sprintf("at most %d", maxPicked))
	}
	for i, p := range c.Prefixes {
		if !isDigits(p, 0, rating.MaxPrefix) {
			bad(fmt.Sprintf("prefixes[%d]", i), p, fmt.Sprintf("at most %d digits", rating.MaxPrefix))
		}
		c.picked[p] = true
		c.longest = max(c.longest, len(p))
	}
	if c.mask == nil && len(c.Prefixes) == 0 && c.Country == "" && c.NumberType == "" && c.Group == "" {
		bad("destination", "", "what the change is about: a destination, prefixes, a country, a number type or a group; % is every rate")
	}
	if c.NumberType != "" {
		if _, err := numbering.ParseType(c.NumberType); err != nil {
			bad("number_type", c.NumberType, "a type as rates are listed with, such as mobile")
		}
	}
	if c.Group != "" {
		if err := c.readGroups(r.ctx, r.Catalog, time.Unix(0, r.at)); err != nil {
			return nil, err
		}
	}
	var err error
	if c.price, err = ratecard.ParseMarkup(c.Price); err != nil {
		bad("price", c.Price, "a percentage such as 5% or -5%, an amount such as +0.01 or -0.01, or a price such as =0.05")
	}
	if c.ConnectionFee != nil {
		if c.fee, err = money.ParsePrice(*c.ConnectionFee); err != nil || c.fee < 0 {
			bad("connection_fee", *c.ConnectionFee, "an amount such as 0.05, 0 or more")
		}
	}
	if c.Increments != "" {
		if c.interval1, c.intervalN, err = deck.ParseIncrements(c.Increments); err != nil {
			bad("increments", c.Increments, `seconds of the first interval and of the next, such as "60/1"`)
		}
	}
	if c.price == (ratecard.Markup{}) && c.ConnectionFee == nil && c.Increments == "" && c.Blocked == nil && c.Name == nil {
		bad("price", c.Price, "what changes: a price, a fee, increments, blocked or a name")
	}
	return c, nil
}

// readGroups finds the group of each prefix that a call type has.
func (c *changer) readGroups(ctx context.Context, from *Catalog, at time.Time) error {
	types, err := all[book.CallType](ctx, from, "call_types")
	if err != nil {
		return err
	}
	c.groups = map[string]string{}
	for _, t := range types {
		// A card's prefixes are of numbers that are called, whatever a carrier's band.
		if t.Direction == book.Inbound || t.Band != "" || at.Before(t.From) || !t.To.IsZero() && !at.Before(t.To) {
			continue
		}
		for _, p := range t.Prefixes {
			c.groups[p] = t.Group
			c.most = max(c.most, len(p))
		}
	}
	return nil
}

// picks reports whether the change is about a rate.
func (c *changer) picks(r *rating.Rate) bool {
	switch {
	case c.mask != nil && !c.mask.Matches(r.Destination), len(c.picked) > 0 && !c.picksPrefix(r):
		return false
	case c.Group != "" && !c.inGroup(r):
		return false
	}
	if c.Country == "" && c.NumberType == "" {
		return true
	}
	if r.Service != "" {
		return false
	}
	place := numbering.EmbeddedPlaces().Of(r.Prefix)
	return (c.Country == "" || place.Main.Country() == c.Country) && (c.NumberType == "" || place.Type.String() == c.NumberType)
}

func (c *changer) picksPrefix(r *rating.Rate) bool {
	if r.Service != "" {
		return false
	}
	if c.picked[r.Prefix] || !c.Under {
		return c.picked[r.Prefix]
	}
	for n := min(len(r.Prefix), c.longest); n >= 0; n-- {
		if c.picked[r.Prefix[:n]] {
			return true
		}
	}
	return false
}

func (c *changer) inGroup(r *rating.Rate) bool {
	if r.Service != "" {
		return false
	}
	for n := min(len(r.Prefix), c.most); n >= 0; n-- {
		if group, ok := c.groups[r.Prefix[:n]]; ok {
			return group == c.Group
		}
	}
	return false
}

// do changes a rate.
func (c *changer) do(r *rating.Rate) error {
	if c.Blocked != nil {
		r.Blocked = *c.Blocked
	}
	if c.price != (ratecard.Markup{}) {
		if err := (ratecard.Markups{Prices: c.price}).Rate(r); err != nil {
			return err
		}
	}
	if c.ConnectionFee != nil {
		r.ConnectionFee = c.fee
	}
	if c.Increments != "" {
		r.Interval1, r.IntervalN, r.AssumedPulse = c.interval1, c.intervalN, false
	}
	if c.Name != nil {
		r.Destination = *c.Name
	}
	return r.Validate()
}
