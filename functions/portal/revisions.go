package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

type rate struct {
	ID            string            `json:"id" doc:"of the rate within its card, for edits and decks with actions; it stays as long as the rate begins when it did"`
	Prefix        string            `json:"prefix" doc:"digits; empty: any other number"`
	Destination   string            `json:"destination"`
	Price1        string            `json:"price_1" doc:"of the first interval, per minute unless the rules say per"`
	PriceN        string            `json:"price_n" doc:"after it"`
	Interval1     uint32            `json:"interval_1" doc:"seconds"`
	IntervalN     uint32            `json:"interval_n" doc:"seconds"`
	ConnectionFee string            `json:"connection_fee" doc:"per call"`
	Blocked       bool              `json:"blocked"`
	Place         string            `json:"place" doc:"of the prefix, by the numbering plan: its country, or US state; and others where it has several"`
	NumberType    string            `json:"number_type" doc:"of the numbers under the prefix, by the numbering plan: fixed, mobile, toll_free … or mixed"`
	Rules         map[string]string `json:"rules,omitempty" doc:"what the rate has besides, and which usage it holds for: per, from, class, band …"`
}

func showRate(r rating.Rate) rate {
	out := rate{
		ID: ratecard.ID(&r), Prefix: r.Prefix, Destination: r.Destination, Price1: r.Price1.String(), PriceN: r.PriceN.String(),
		Interval1: r.Interval1, IntervalN: r.IntervalN, ConnectionFee: r.ConnectionFee.String(), Blocked: r.Blocked,
	}
	place := numbering.EmbeddedPlaces().Of(r.Prefix)
	out.Place, out.NumberType = place.EnglishName(), place.Type.String()
	r.Blocked = false // it has a field of its own
	for name, value := range ratecard.Rules(&r) {
		if out.Rules == nil {
			out.Rules = map[string]string{}
		}
		out.Rules[name] = value
	}
	return out
}

// ByRevision names a revision.
type ByRevision struct {
	ID     string `path:"id" maxLength:"128" doc:"card"`
	Number int    `path:"n" minimum:"1" maximum:"1000000000"`
}

type ratesInput struct {
	ByRevision
	Paging
	Prefix string `query:"prefix" maxLength:"16" pattern:"^[0-9]*$" doc:"only rates whose prefix begins so"`
	Name   string `query:"destination" maxLength:"256" doc:"only rates of this destination; its first letters and %: of all that begin so"`
}

type rates struct {
	Items    []rate `json:"items" nullable:"false"`
	Next     string `json:"next,omitempty" doc:"cursor of the following page; none on the last"`
	Currency string `json:"currency,omitempty" doc:"of the prices, when the card is defined"`
}

type ratesOutput struct{ Body rates }

func (p *portal) addRevisions() {
	const tag = "cards"
	add(p, operation{id: "list-rates", method: "GET", path: "/cards/{id}/revisions/{n}/rates", tag: tag, summary: "The rates of a revision, by prefix"}, p.listRates)
	p.addDownloads()
}

// openRates opens the stored rates of a revision.
func (p *portal) openRates(ctx context.Context, in ByRevision) (ratecard.Revision, io.ReadCloser, error) {
	rev, _, err := p.revision(ctx, in.ID, in.Number)
	if err != nil {
		return rev, nil, err
	}
	r, err := openObject(ctx, p.Buckets.Cards, rev.Rates)
	return rev, r, err
}

// openObject opens what a document names: that it is not there is no fault of
// the caller.
func openObject(ctx context.Context, b objects.Bucket, name string) (io.ReadCloser, error) {
	info, err := b.Stat(ctx, name)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, fmt.Errorf("looking for %s: %w: %s", name, objects.ErrLost, "no such object")
	}
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", name, err)
	}
	r, err := b.OpenRange(ctx, name, info.Generation, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	return r, nil
}

func (p *portal) listRates(ctx context.Context, in *ratesInput) (out *ratesOutput, err error) {
	mask, err := ratecard.ParseMask(in.Name)
	if err != nil && in.Name != "" {
		return nil, invalid.problem("destination is not one.").with("query.destination", in.Name, "want a destination's name, or its first letters and %")
	}
	name := fmt.Sprintf("rates %q %d %q %q", in.ID, in.Number, in.Prefix, in.Name)
	place, err := openCursor(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	skip := int64(0)
	if place != "" {
		if skip, err = strconv.ParseInt(place, 10, 64); err != nil || skip < 1 {
			return nil, badCursorProblem()
		}
	}
	_, r, err := p.openRates(ctx, in.ByRevision)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	out = &ratesOutput{rates{Items: []rate{}}}
	d, _, err := p.definition(ctx, in.ID)
	if err != nil && !isProblem(err, notFound) {
		return nil, err
	}
	out.Body.Currency = d.Currency
	at := int64(0) // rates read
	for one, err := range ratecard.ReadRates(r) {
		if err != nil {
			return nil, err
		}
		at++
		if at <= skip || !strings.HasPrefix(one.Prefix, in.Prefix) || in.Name != "" && !mask.Matches(one.Destination) {
			continue
		}
		if len(out.Body.Items) == in.Limit {
			out.Body.Next = sealCursor(name, strconv.FormatInt(at-1, 10))
			break
		}
		out.Body.Items = append(out.Body.Items, showRate(one))
	}
	return out, nil
}

// fileOutput is an answer that is written as it is read. An error on the way
// ends the connection, so that nobody takes what came by then for the whole.
type fileOutput struct {
	Body func(huma.Context)
}

func attachment(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

// rulesText writes the rules of a rate in one cell: "class=interstate; per=1".
func rulesText(r rating.Rate) string {
	r.Blocked = false
	var texts []string
	for name, value := range ratecard.Rules(&r) {
		texts = append(texts, name+"="+value)
	}
	return strings.Join(texts, "; ")
}

// plainText keeps a spreadsheet from running a destination's name as a formula
// (OWASP: CSV injection).
func plainText(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
