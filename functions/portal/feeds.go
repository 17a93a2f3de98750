package portal

import (
	"context"
	"fmt"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/numbering"
)

type feed struct {
	ID     string `json:"id,omitempty" readOnly:"true" doc:"folder of its files"`
	Format string `json:"format" enum:"generic,asterisk,freeswitch"`
	Zone   string `json:"timezone" example:"UTC" doc:"IANA name: of local times without an offset"`
	Cycle  string `json:"cycle" doc:"where usage of unknown accounts is counted"`
	Only   string `json:"only,omitempty" example:"2026-11" doc:"when given, records of other months are ignored"`

	Unquoted bool `json:"unquoted,omitempty" doc:"its files have no quotes: a large one is rated in slices, several at a time"`

	Numbers   *numbering.Rules `json:"numbers,omitempty" doc:"how the switch writes telephone numbers"`
	Direction string           `json:"direction,omitempty" enum:"outbound,inbound,both" doc:"which way the usage went; both: as the direction column says; none: outbound"`
	Identify  []string         `json:"identify,omitempty" maxItems:"8" example:"[\"trunk\",\"caller\"]" doc:"how to tell who pays, in the order that is tried: account_field, caller, called, trunk, fixed:ACCOUNT; none: account_field, then the customer's number"`
	Trunks    []trunk          `json:"trunks,omitempty" maxItems:"2000"`
	Charges   []string         `json:"charges,omitempty" maxItems:"3" example:"[\"callee\",\"resellers\",\"supplier\"]" doc:"whom records charge beside who pays: callee (who owns the called number), resellers (above who pays), supplier (whose the outgoing trunk is); none: nobody"`
	Suppliers []trunk          `json:"suppliers,omitempty" maxItems:"2000" doc:"outgoing trunks, and the suppliers whose they are"`
}

type trunk struct {
	Trunk  string  `json:"trunk" doc:"as records name it"`
	Owners []owner `json:"owners" minItems:"1" maxItems:"1000" doc:"whose it is, from an instant to the next, ascending"`
}

func showFeed(v book.Feed) feed {
	s := v.Source
	out := feed{ID: s.ID, Format: string(s.Format), Zone: s.Zone, Cycle: v.Cycle, Only: v.Only, Unquoted: v.Unquoted, Direction: string(s.Direction)}
	if !s.Numbers.IsZero() {
		out.Numbers = &s.Numbers
	}
	for _, m := range s.Identify {
		out.Identify = append(out.Identify, string(m))
	}
	for _, t := range v.Trunks {
		out.Trunks = append(out.Trunks, trunk{t.Trunk, showOwners(t.Owners)})
	}
	for _, c := range s.Charges {
		out.Charges = append(out.Charges, string(c))
	}
	for _, t := range v.Suppliers {
		out.Suppliers = append(out.Suppliers, trunk{t.Trunk, showOwners(t.Owners)})
	}
	return out
}

// book returns the feed as the book has it.
func (f feed) book(bad *inputs, id string) book.Feed {
	v := book.Feed{
		Source: cdr.Feed{ID: id, Format: cdr.Format(f.Format), Zone: f.Zone, Direction: cdr.Directions(f.Direction)},
		Cycle:  f.Cycle, Only: f.Only, Unquoted: f.Unquoted,
	}
	if f.Numbers != nil {
		v.Source.Numbers = *f.Numbers
	}
	for _, m := range f.Identify {
		v.Source.Identify = append(v.Source.Identify, cdr.Means(m))
	}
	for i, t := range f.Trunks {
		v.Trunks = append(v.Trunks, book.Trunk{Trunk: t.Trunk, Owners: readOwners(bad, fmt.Sprintf("body.trunks[%d].owners", i), t.Owners)})
	}
	for _, c := range f.Charges {
		v.Source.Charges = append(v.Source.Charges, cdr.Further(c))
	}
	for i, t := range f.Suppliers {
		v.Suppliers = append(v.Suppliers, book.Trunk{Trunk: t.Trunk, Owners: readOwners(bad, fmt.Sprintf("body.suppliers[%d].owners", i), t.Owners)})
	}
	return v
}

func (p *portal) addFeeds() {
	const tag = "feeds"
	add(p, operation{id: "list-feeds", method: "GET", path: "/feeds", tag: tag, summary: "Sources of records, by cycle and id"},
		func(ctx context.Context, in *Paging) (*pageOutput[feed], error) {
			return list(ctx, p, *in, documents.Query{Name: "feeds_all"}, showFeed)
		})
	add(p, operation{id: "get-feed", method: "GET", path: "/feeds/{id}", tag: tag, summary: "One source of records"},
		func(ctx context.Context, in *ByID) (*oneOutput[feed], error) {
			v, version, err := read[book.Feed](ctx, p, pathOf("feeds", in.ID), "feed", in.ID)
			return oneOf(version, showFeed(v)), err
		})
	type putFeed struct {
		ByID
		Expects
		Body feed
	}
	add(p, operation{id: "put-feed", method: "PUT", path: "/feeds/{id}", tag: tag, summary: "Create or replace a source of records", also: created},
		func(ctx context.Context, in *putFeed) (*oneOutput[feed], error) {
			var bad inputs
			bad.same("body.id", in.Body.ID, in.ID)
			v := in.Body.book(&bad, in.ID)
			if err := bad.err(); err != nil {
				return nil, err
			}
			return put(in.Expects, showFeed(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutFeed(ctx, v, m) })
		})
}
