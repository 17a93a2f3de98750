package portal

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// change is what becomes of a rate.
type change struct {
	Class    string     `json:"class" enum:"new,increase,decrease,closed,blocked,unblocked,terms_changed,name_only,unchanged"`
	Mixed    bool       `json:"mixed,omitempty" doc:"an increase for some lengths of calls, a decrease for others"`
	From     *time.Time `json:"from,omitempty" doc:"from when on; none: from the beginning"`
	Old      *rate      `json:"old,omitempty"`
	New      *rate      `json:"new,omitempty"`
	Percent  string     `json:"percent,omitempty" doc:"of the cost, where it changes most"`
	Seconds  int64      `json:"seconds,omitempty" doc:"length of the call whose cost changes most"`
	Days     int        `json:"notice_days,omitempty" doc:"of notice that the change needs, and was not given"`
	Earliest *time.Time `json:"earliest,omitempty" doc:"when it could hold with that notice"`
}

func showChange(d ratecard.Difference) change {
	out := change{
		Class: string(d.Class), Mixed: d.Mixed, From: instantOf(d.From), Percent: d.Move.Percent(), Seconds: d.Move.Quantity,
		Days: d.Days, Earliest: instantOf(d.Earliest),
	}
	if d.Old != nil {
		r := showRate(*d.Old)
		out.Old = &r
	}
	if d.New != nil {
		r := showRate(*d.New)
		out.New = &r
	}
	return out
}

// instantOf is an instant in Unix nanoseconds; 0: none.
func instantOf(at int64) *time.Time {
	if at == 0 {
		return nil
	}
	t := time.Unix(0, at).UTC()
	return &t
}

// ByClass picks changes.
type ByClass struct {
	Class string `query:"class" enum:"new,increase,decrease,closed,blocked,unblocked,terms_changed,name_only,unchanged" doc:"only these; none: all but unchanged"`
}

func (b ByClass) picks(d *ratecard.Difference) bool {
	if b.Class == "" {
		return d.Class != ratecard.Unchanged
	}
	return string(d.Class) == b.Class
}

// Between names two revisions of a card.
type Between struct {
	ByRevision
	ByClass
	Base int       `query:"base" minimum:"0" maximum:"1000000000" doc:"the revision before; none: n - 1, 0 is a card without rates"`
	At   time.Time `query:"at" doc:"from when on rates are compared; none: now"`
}

type deckChangesInput struct {
	ByID
	ByClass
}

func (p *portal) addChanges() {
	type revisionPage struct {
		Between
		Paging
	}
	type deckPage struct {
		ByID
		ByClass
		Paging
	}
	add(p, operation{id: "list-changes", method: "GET", path: "/cards/{id}/revisions/{n}/changes", tag: "cards", summary: "What becomes of the rates of a card from one revision to another, by prefix"},
		func(ctx context.Context, in *revisionPage) (*pageOutput[change], error) {
			all, name, err := p.changesBetween(ctx, in.Between)
			if err != nil {
				return nil, err
			}
			return pageOfChanges(all, name, in.ByClass, in.Paging)
		})
	add(p, operation{id: "download-changes", method: "GET", path: "/cards/{id}/revisions/{n}/changes.csv", tag: "cards", summary: "The same as CSV", content: "text/csv"},
		func(ctx context.Context, in *Between) (*fileOutput, error) {
			all, _, err := p.changesBetween(ctx, *in)
			if err != nil {
				return nil, err
			}
			return p.changesFile(ctx, "download-changes", fmt.Sprintf("%s-%d-changes.csv", in.ID, in.Number), all, in.ByClass), nil
		})
	add(p, operation{id: "list-deck-changes", method: "GET", path: "/decks/{id}/changes", tag: "decks", summary: "What a deck made of the rates of its card, or would make if it is approved"},
		func(ctx context.Context, in *deckPage) (*pageOutput[change], error) {
			all, name, err := p.changesOfDeck(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return pageOfChanges(all, name, in.ByClass, in.Paging)
		})
	add(p, operation{id: "download-deck-changes", method: "GET", path: "/decks/{id}/changes.csv", tag: "decks", summary: "The same as CSV", content: "text/csv"},
		func(ctx context.Context, in *deckChangesInput) (*fileOutput, error) {
			all, _, err := p.changesOfDeck(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return p.changesFile(ctx, "download-deck-changes", "changes.csv", all, in.ByClass), nil
		})
}

type differences = iter.Seq2[ratecard.Difference, error]

func (p *portal) changesBetween(ctx context.Context, in Between) (differences, string, error) {
	base, at := in.Base, in.At
	if base == 0 {
		base = in.Number - 1
	}
	if at.IsZero() {
		at = p.Now()
	}
	all, err := p.Catalog.Changes(ctx, in.ID, base, in.Number, at)
	if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
		return nil, "", missing("card or revision", in.ID)
	}
	return all, fmt.Sprintf("changes %q %d %d %d", in.ID, base, in.Number, in.At.UnixNano()), err
}

func (p *portal) changesOfDeck(ctx context.Context, id string) (differences, string, error) {
	d, _, err := read[catalog.Deck](ctx, p, pathOf("decks", id), "deck", id)
	if err != nil {
		return nil, "", err
	}
	all, err := p.Catalog.DeckChanges(ctx, d)
	return all, fmt.Sprintf("deck changes %q", id), err
}

// pageOfChanges finds a page by its place among all, which are compared anew.
func pageOfChanges(all differences, name string, by ByClass, in Paging) (*pageOutput[change], error) {
	name += " " + by.Class
	place, err := openCursor(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	skip := 0
	if place != "" {
		if skip, err = strconv.Atoi(place); err != nil || skip < 1 {
			return nil, badCursorProblem()
		}
	}
	out := &pageOutput[change]{page[change]{Items: []change{}}}
	at := 0
	for d, err := range all {
		if err != nil {
			return nil, err
		}
		if !by.picks(&d) {
			continue
		}
		if at++; at <= skip {
			continue
		}
		if len(out.Body.Items) == in.Limit {
			out.Body.Next = sealCursor(name, strconv.Itoa(at-1))
			break
		}
		out.Body.Items = append(out.Body.Items, showChange(d))
	}
	return out, nil
}

var changeColumns = []string{
	"class", "prefix", "destination", "rules", "from", "old_price_1", "new_price_1", "old_price_n", "new_price_n", "old_intervals", "new_intervals",
	"old_connection_fee", "new_connection_fee", "percent", "seconds", "mixed", "notice_days", "earliest",
}

func (p *portal) changesFile(ctx context.Context, id, name string, all differences, by ByClass) *fileOutput {
	return &fileOutput{func(out huma.Context) {
		out.SetHeader("Content-Type", "text/csv; charset=utf-8")
		out.SetHeader("Content-Disposition", attachment(name))
		out.SetStatus(http.StatusOK)
		if err := writeChanges(out.BodyWriter(), all, by); err != nil {
			_ = p.explain(ctx, id, err) // logged: the answer has begun
			panic(http.ErrAbortHandler)
		}
	}}
}

func writeChanges(w io.Writer, all differences, by ByClass) error {
	out := csv.NewWriter(w)
	if err := out.Write(changeColumns); err != nil {
		return fmt.Errorf("writing changes: %w", err)
	}
	for d, err := range all {
		if err != nil {
			return err
		}
		if !by.picks(&d) {
			continue
		}
		if err := out.Write(changeRow(showChange(d), &d)); err != nil {
			return fmt.Errorf("writing changes: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing changes: %w", err)
	}
	return nil
}

func changeRow(c change, d *ratecard.Difference) []string {
	either := d.New
	if either == nil {
		either = d.Old
	}
	cells := func(r *rate) (price1, priceN, intervals, fee string) {
		if r == nil {
			return
		}
		if r.Blocked {
			return "blocked", "", "", ""
		}
		return r.Price1, r.PriceN, fmt.Sprintf("%d/%d", r.Interval1, r.IntervalN), r.ConnectionFee
	}
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	moment := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339Nano)
	}
	mixed := ""
	if c.Mixed {
		mixed = "yes"
	}
	old1, oldN, oldIntervals, oldFee := cells(c.Old)
	new1, newN, newIntervals, newFee := cells(c.New)
	return []string{
		c.Class, either.Prefix, plainText(either.Destination), rulesText(*either), moment(c.From), old1, new1, oldN, newN, oldIntervals, newIntervals,
		oldFee, newFee, c.Percent, number(c.Seconds), mixed, number(int64(c.Days)), moment(c.Earliest),
	}
}
