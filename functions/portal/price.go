package portal

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// question is a call that somebody wants to know the price of.
type question struct {
	Account  string    `json:"account,omitempty" doc:"whose card prices it; this or card"`
	Card     string    `json:"card,omitempty" doc:"customer card that prices it; this or account"`
	Revision int       `json:"revision,omitempty" minimum:"1" doc:"of card; none: the one that is live at the instant"`
	Number   string    `json:"number" example:"+44 7700 900123" doc:"that is called"`
	Seconds  *int64    `json:"seconds,omitempty" minimum:"0" maximum:"10000000" doc:"how long; this or duration"`
	Duration string    `json:"duration,omitempty" example:"95.5" doc:"how long: seconds with up to 9 decimals; this or seconds"`
	At       time.Time `json:"at" doc:"when: prices are those that are live at that instant"`
}

// quote is the charge of a call before any bundle, and why it is so.
type quote struct {
	Charged     bool        `json:"charged"`
	Amount      string      `json:"amount,omitempty" doc:"of the call, before any bundle"`
	Currency    string      `json:"currency,omitempty"`
	Sentence    string      `json:"sentence" doc:"for the customer"`
	Reason      string      `json:"reason,omitempty" doc:"why nothing is charged"`
	Meaning     string      `json:"meaning,omitempty" doc:"of the reason"`
	Account     string      `json:"account,omitempty"`
	Card        string      `json:"card,omitempty"`
	Revision    int         `json:"revision,omitempty"`
	Number      string      `json:"number" doc:"digits"`
	At          time.Time   `json:"at"`
	Prefix      string      `json:"prefix,omitempty" doc:"longest that matches; none and a destination: any other number"`
	Destination string      `json:"destination,omitempty"`
	Duration    string      `json:"duration" doc:"seconds, as asked"`
	Billed      uint64      `json:"billed_seconds"`
	Steps       []quoteStep `json:"steps,omitempty"`
	Exact       string      `json:"exact,omitempty" doc:"sum of the steps; an endless digit is in brackets"`
	Rounding    string      `json:"rounding,omitempty"`
	Decimals    *int        `json:"decimals,omitempty"`
	Flags       []string    `json:"flags,omitempty"`
}

type quoteStep struct {
	Name    string `json:"name" enum:"first_interval,pulses,connection_fee"`
	Seconds uint64 `json:"seconds" doc:"of the call"`
	Billed  uint64 `json:"billed_seconds"`
	Price   string `json:"price" doc:"per minute; of a connection fee: per call"`
	Exact   string `json:"exact"`
}

type questionInput struct{ Body question }

type quoteOutput struct{ Body quote }

func (p *portal) addPrice() {
	add(p, operation{id: "price-call", method: "POST", path: "/price", tag: "price", summary: "What a call costs, and why"},
		func(ctx context.Context, in *questionInput) (*quoteOutput, error) {
			q := in.Body
			r, err := q.record()
			if err != nil {
				return nil, err
			}
			found, err := p.priced(ctx, q)
			if err != nil {
				return nil, err
			}
			out := quote{
				Account: q.Account, Card: found.card, Revision: found.revision, Currency: found.currency,
				Number: r.BNumber, At: q.At, Duration: string(r.Duration.Append(nil)),
			}
			if found.why != "" {
				out.Reason, out.Meaning = string(found.why), meaning(found.why)
				out.Sentence = fmt.Sprintf("Call of %s s to %s: not charged, %s.", out.Duration, out.Number, out.Meaning)
				return &quoteOutput{out}, nil
			}
			c, err := p.images.open(ctx, found.image)
			if err != nil {
				return nil, err
			}
			if currency := c.Terms().Currency; found.currency != "" && currency != found.currency {
				return nil, wrongState.problem("The account is billed in %s, its card is in %s.", found.currency, currency)
			}
			usage := ledger.UsageOf(&r, found.zone)
			out.explain(c.NewPricer().Trace(&usage))
			return &quoteOutput{out}, nil
		})
}

// explain fills in how a charge came about.
func (q *quote) explain(t rating.Trace) {
	q.Prefix, q.Destination, q.Currency, q.Sentence, q.Billed = t.Prefix, t.Destination, t.Currency, t.Sentence(), t.Billed
	if t.Reason != "" {
		q.Reason, q.Meaning = string(t.Reason), meaning(t.Reason)
		return
	}
	q.Charged, q.Amount, q.Exact, q.Rounding, q.Decimals = true, t.Amount, t.Exact, t.Rounding.String(), &t.Decimals
	for _, s := range t.Steps {
		q.Steps = append(q.Steps, quoteStep{Name: string(s.Name), Seconds: s.Seconds, Billed: s.Billed, Price: s.Price.String(), Exact: s.Exact})
	}
	if t.Flags != "" {
		q.Flags = strings.Split(t.Flags, "|")
	}
}

func meaning(r call.Reason) string {
	for _, known := range call.Reasons {
		if known.Reason == r {
			return known.Meaning
		}
	}
	return string(r)
}

// record reads the question as a file of one record is read, so that what is
// priced is what rating would price.
func (q question) record() (call.Record, error) {
	var bad inputs
	if (q.Account == "") == (q.Card == "") {
		bad.refuse("body.account", q.Account, "want account or card, one of the two")
	}
	if q.Account != "" && q.Revision != 0 {
		bad.refuse("body.revision", strconv.Itoa(q.Revision), "want none with account: the live one prices")
	}
	duration := q.Duration
	switch {
	case (q.Duration == "") == (q.Seconds == nil):
		bad.refuse("body.duration", q.Duration, "want seconds or duration, one of the two")
	case q.Seconds != nil:
		duration = strconv.FormatInt(*q.Seconds, 10)
	}
	if err := bad.err(); err != nil {
		return call.Record{}, err
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	err := w.WriteAll([][]string{{"b_number", "duration", "start_time"}, {q.Number, duration, q.At.UTC().Format("2006-01-02T15:04:05.999999999Z")}})
	if err != nil {
		return call.Record{}, fmt.Errorf("writing the question: %w", err)
	}
	in, err := cdr.Open(&text, cdr.Feed{ID: "price", Format: cdr.Generic, Zone: "UTC"})
	if err != nil {
		return call.Record{}, fmt.Errorf("reading the question: %w", err)
	}
	row, err := in.Next()
	if err != nil {
		return call.Record{}, fmt.Errorf("reading the question: %w", err)
	}
	if row.Status == 0 {
		return row.Record, nil
	}
	location := map[string]string{"duration": "body.duration", "start_time": "body.at"}[row.Column]
	if location == "" {
		location = "body.number"
	}
	bad.refuse(location, row.Value, "want "+row.Want)
	return call.Record{}, bad.err()
}

// priced is what prices a call, or why nothing does.
type priced struct {
	card     string
	revision int
	image    string
	currency string // of the account
	why      call.Reason
	zone     *time.Location // of the account's months
}

func (p *portal) priced(ctx context.Context, q question) (priced, error) {
	if q.Card != "" {
		return p.pricedByCard(ctx, q)
	}
	a, _, err := p.account(ctx, q.Account)
	if isProblem(err, notFound) {
		return priced{why: call.NoAccount}, nil
	}
	if err != nil {
		return priced{}, err
	}
	out := priced{currency: a.Currency}
	c, _, err := read[book.Cycle](ctx, p, pathOf("cycles", a.Cycle), "cycle", a.Cycle)
	if err != nil {
		return out, fmt.Errorf("pricing for an account: its cycle: %w", notThere(err))
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return out, fmt.Errorf("cycle %s: %w", c.ID, err)
	}
	assigned, err := p.assigned(ctx, a.ID, period.Of(q.At, zone))
	if err != nil || assigned == nil {
		out.why = call.NoCard
		return out, err
	}
	k, _, err := read[book.Card](ctx, p, pathOf("cards", assigned.Card), "card", assigned.Card)
	if err != nil {
		return out, fmt.Errorf("pricing for an account: its card: %w", notThere(err))
	}
	// The book decides, of all that is for this account, as it does for a batch.
	ix, err := book.NewIndex(&book.Book{
		Rules: book.RuleVersion, Cycles: []book.Cycle{c}, Accounts: []book.Account{a}, Cards: []book.Card{k}, Assignments: []book.Assignment{*assigned},
	})
	if err != nil {
		return out, fmt.Errorf("pricing for an account: %w", err)
	}
	out.card = k.ID
	out.revision, _ = k.Log.At(q.At)
	out.image, out.why = ix.Image(a.ID, q.At)
	out.zone, _ = ix.Zone(a.ID)
	return out, nil
}

// notThere keeps what the book lacks from looking like what the caller named.
func notThere(err error) error {
	if isProblem(err, notFound) {
		return ledger.ErrDamaged
	}
	return err
}

// assigned returns the assignment that holds in a month; nil: none does.
func (p *portal) assigned(ctx context.Context, account string, m period.Month) (*book.Assignment, error) {
	q := of(documents.Query{Name: "assignments_all", Limit: documents.MaxPage}, account)
	var out *book.Assignment
	for {
		page, err := p.Docs.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("reading the assignments of an account: %w", err)
		}
		for _, doc := range page.Docs {
			var a book.Assignment
			if err := doc.Decode(&a); err != nil {
				return nil, fmt.Errorf("reading the assignments of an account: %w", err)
			}
			if a.From.Compare(m) <= 0 && (out == nil || a.From.Compare(out.From) > 0) {
				out = &a
			}
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
}

func (p *portal) pricedByCard(ctx context.Context, q question) (priced, error) {
	c, _, err := read[book.Card](ctx, p, pathOf("cards", q.Card), "card", q.Card)
	if isProblem(err, notFound) {
		return priced{}, refused.problem("There is no card %q.", clip(q.Card)).with("body.card", q.Card, "want a card that is there")
	}
	if err != nil {
		return priced{}, err
	}
	out := priced{card: c.ID, revision: q.Revision}
	if q.Revision == 0 {
		var live bool
		if out.revision, live = c.Log.At(q.At); !live {
			return priced{}, refused.problem("No revision of the card is live.").with("body.card", q.Card, "want a card with a live revision, or revision")
		}
	}
	rev, _, err := p.revision(ctx, c.ID, out.revision)
	if isProblem(err, notFound) && q.Revision == 0 {
		rev, err = ratecard.Revision{Image: c.Images[strconv.Itoa(out.revision)]}, nil
	}
	if isProblem(err, notFound) {
		return priced{}, refused.problem("There is no such revision.").with("body.revision", strconv.Itoa(q.Revision), "want a revision of the card")
	}
	if err != nil {
		return priced{}, err
	}
	if out.image = rev.Image; out.image == "" {
		return priced{}, refused.problem("Revision %d of card %s cannot charge calls: it is not compiled.", out.revision, clip(c.ID)).
			with("body.card", q.Card, "want a customer card")
	}
	return out, nil
}

func isProblem(err error, k kind) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == k.Code
}
