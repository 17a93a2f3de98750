package portal

import (
	"context"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
)

type feed struct {
	ID     string `json:"id,omitempty" readOnly:"true" doc:"folder of its files"`
	Format string `json:"format" enum:"generic,asterisk,freeswitch"`
	Zone   string `json:"timezone" example:"UTC" doc:"IANA name: of local times without an offset"`
	Cycle  string `json:"cycle" doc:"where usage of unknown accounts is counted"`
	Only   string `json:"only,omitempty" example:"2026-11" doc:"when given, records of other months are ignored"`
}

func showFeed(v book.Feed) feed {
	return feed{ID: v.Source.ID, Format: string(v.Source.Format), Zone: v.Source.Zone, Cycle: v.Cycle, Only: v.Only}
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
			if err := bad.err(); err != nil {
				return nil, err
			}
			v := book.Feed{
				Source: cdr.Feed{ID: in.ID, Format: cdr.Format(in.Body.Format), Zone: in.Body.Zone},
				Cycle:  in.Body.Cycle, Only: in.Body.Only,
			}
			return put(in.Expects, showFeed(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutFeed(ctx, v, m) })
		})
}
