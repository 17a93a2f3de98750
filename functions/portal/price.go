package portal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// quote is the charge of usage before any bundle, and why it is so.
type quote struct {
	Charged     bool        `json:"charged"`
	Amount      string      `json:"amount,omitempty" doc:"of the usage, before any bundle"`
	Currency    string      `json:"currency,omitempty"`
	Sentence    string      `json:"sentence" doc:"for the customer"`
	Reason      string      `json:"reason,omitempty" doc:"why nothing is charged"`
	Meaning     string      `json:"meaning,omitempty" doc:"of the reason"`
	Account     string      `json:"account,omitempty"`
	Card        string      `json:"card,omitempty"`
	Revision    int         `json:"revision,omitempty"`
	Kind        string      `json:"kind" enum:"voice,sms,data,event"`
	Number      string      `json:"number" doc:"digits"`
	At          time.Time   `json:"at"`
	CallType    string      `json:"call_type,omitempty" doc:"id of what the usage is to the customer"`
	TariffClass string      `json:"tariff_class,omitempty" doc:"of the call type, by which the card was chosen"`
	RatedAs     string      `json:"rated_as,omitempty" doc:"what the call type has looked up in place of number: digits, or a service"`
	Prefix      string      `json:"prefix,omitempty" doc:"longest that matches number, or with the flag by_lrn its routing number, or rated_as; none and a destination: any other number, or the service"`
	Service     string      `json:"service,omitempty" doc:"by which it is priced, instead of a prefix"`
	Destination string      `json:"destination,omitempty"`
	Class       string      `json:"class,omitempty" doc:"column of the card: intrastate, interstate, indeterminate, local, eea or international"`
	Band        string      `json:"band,omitempty" doc:"that the rate is for, at the instant"`
	Duration    string      `json:"duration,omitempty" doc:"of a call: seconds, as asked"`
	Units       *uint64     `json:"units,omitempty" doc:"of other usage, as asked"`
	Billed      uint64      `json:"billed_seconds" doc:"of other usage than voice: units"`
	Grace       uint64      `json:"grace,omitempty" doc:"nothing is charged, as it is within so many seconds or units"`
	Steps       []quoteStep `json:"steps,omitempty"`
	Sum         string      `json:"sum,omitempty" doc:"of the steps, where exact differs"`
	Surcharge   string      `json:"surcharge,omitempty" doc:"fraction of the sum that is added to it"`
	MinCharge   string      `json:"min_charge,omitempty" doc:"to which the charge was raised"`
	MaxCharge   string      `json:"max_charge,omitempty" doc:"to which the charge was cut"`
	Exact       string      `json:"exact,omitempty" doc:"charge before it is rounded; an endless digit is in brackets"`
	Rounding    string      `json:"rounding,omitempty"`
	Decimals    *int        `json:"decimals,omitempty"`
	Flags       []string    `json:"flags,omitempty"`
}

type quoteStep struct {
	Name    string `json:"name" enum:"first_interval,pulses,tier,event,price_per_call,connection_fee,access_charge,origin_surcharge,origin_surcharge_per_call"`
	Band    string `json:"band,omitempty" doc:"that these seconds lie in, where a call is split"`
	Seconds uint64 `json:"seconds" doc:"of the call, or units"`
	Billed  uint64 `json:"billed_seconds" doc:"or units"`
	Times   uint64 `json:"times,omitempty" doc:"that the price is charged, whatever the length"`
	Price   string `json:"price" doc:"for per seconds or units, else each time"`
	Per     uint64 `json:"per,omitempty"`
	Exact   string `json:"exact"`
}

type questionInput struct{ Body question }

type quoteOutput struct{ Body quote }

func (p *portal) addPrice() {
	add(p, operation{id: "price-call", method: "POST", path: "/price", tag: "price", summary: "What a call or other usage costs, and why"},
		func(ctx context.Context, in *questionInput) (*quoteOutput, error) {
			q := in.Body
			r, err := q.record()
			if err != nil {
				return nil, err
			}
			found, err := p.priced(ctx, q, &r)
			if err != nil {
				return nil, err
			}
			out := quote{Account: q.Account, Currency: found.currency, Kind: r.Kind.String(), Number: r.BNumber, At: q.At}
			if r.Kind == call.Voice {
				out.Duration = string(r.Duration.Append(nil))
			} else {
				out.Units = &r.Units
			}
			if t := found.choice.Type; t != nil {
				out.CallType, out.TariffClass, out.RatedAs = t.ID, t.Class, t.RateAs
			}
			if found.why != "" {
				out.by(&found, found.choice)
				out.Reason, out.Meaning = string(found.why), meaning(found.why)
				out.Sentence = fmt.Sprintf("%s: not charged, %s.", nameOf(&r), out.Meaning)
				return &quoteOutput{out}, nil
			}
			by := found.choice
			trace, err := p.trace(ctx, &found, by, &r)
			if err != nil {
				return nil, err
			}
			if next, ok := by.After(trace.Reason); ok {
				other, err := p.trace(ctx, &found, next, &r)
				if err != nil {
					return nil, err
				}
				if other.Reason == "" {
					by, trace = next, other
				}
			}
			out.explain(trace)
			out.by(&found, by)
			return &quoteOutput{out}, nil
		})
}

// trace prices a record by a choice.
func (p *portal) trace(ctx context.Context, found *priced, by book.Choice, r *call.Record) (rating.Trace, error) {
	c, err := p.images.open(ctx, by.Image)
	if err != nil {
		return rating.Trace{}, err
	}
	if currency := c.Terms().Currency; found.currency != "" && currency != found.currency {
		return rating.Trace{}, wrongState.problem("The account is billed in %s, its card is in %s.", found.currency, currency)
	}
	usage := ledger.UsageOf(r, by.RateAs, found.zone)
	t := c.NewPricer().Trace(&usage)
	flags := by.Flags
	switch {
	case by.RateAs != "":
		t.Dialled = r.BNumber
	case r.LRN != "" && c.Terms().ByLRN:
		flags |= call.ByLRN
	}
	if flags != 0 {
		t.Flags = strings.Trim(t.Flags+"|"+flags.String(), "|")
	}
	return t, nil
}

// by says which card decided.
func (q *quote) by(found *priced, c book.Choice) {
	q.Card, q.Revision = c.Card, found.revisions[c.Card]
}

// nameOf says in words what a record is of.
func nameOf(r *call.Record) string {
	what := fmt.Sprintf("Call of %s s", r.Duration.Append(nil))
	if r.Kind != call.Voice {
		what = fmt.Sprintf("Usage of %d units of %s", r.Units, r.Kind)
	}
	if r.BNumber != "" {
		what += " to " + r.BNumber
	}
	return what
}

// shown is a price, or nothing where there is none.
func shown(p money.Price) string {
	if p == 0 {
		return ""
	}
	return p.String()
}

// explain fills in how a charge came about.
func (q *quote) explain(t rating.Trace) {
	if t.Flags != "" {
		q.Flags = strings.Split(t.Flags, "|")
	}
	q.Service, q.Class, q.Band = t.Service, t.Class, t.Band
	q.Prefix, q.Destination, q.Currency, q.Sentence, q.Billed = t.Prefix, t.Destination, t.Currency, t.Sentence(), t.Billed
	if t.Reason != "" {
		q.Reason, q.Meaning = string(t.Reason), meaning(t.Reason)
		return
	}
	q.Charged, q.Amount, q.Exact, q.Rounding, q.Decimals = true, t.Amount, t.Exact, t.Rounding.String(), &t.Decimals
	q.Grace, q.Sum, q.Surcharge, q.MinCharge, q.MaxCharge = t.Grace, t.Sum, shown(t.Surcharge), shown(t.MinCharge), shown(t.MaxCharge)
	for _, s := range t.Steps {
		q.Steps = append(q.Steps, quoteStep{
			Name: string(s.Name), Band: s.Band, Seconds: s.Seconds, Billed: s.Billed, Times: s.Times, Price: s.Price.String(), Per: s.Per, Exact: s.Exact,
		})
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

// priced is what prices usage, or why nothing does.
type priced struct {
	choice    book.Choice
	revisions map[string]int // of its cards, by id
	currency  string         // of the account
	why       call.Reason
	zone      *time.Location // of the account's months
}

func (p *portal) priced(ctx context.Context, q question, r *call.Record) (priced, error) {
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
	r.Account = a.ID
	out := priced{currency: a.Currency, revisions: map[string]int{}}
	c, _, err := read[book.Cycle](ctx, p, pathOf("cycles", a.Cycle), "cycle", a.Cycle)
	if err != nil {
		return out, fmt.Errorf("pricing for an account: its cycle: %w", notThere(err))
	}
	if out.zone, err = time.LoadLocation(c.Zone); err != nil {
		return out, fmt.Errorf("cycle %s: %w", c.ID, err)
	}
	// The book decides, of all that is for this account, as it does for a batch:
	// first between cards of which it knows only the names.
	a.Parent = "" // who else is charged is another question
	b := &book.Book{Rules: book.RuleVersion, Cycles: []book.Cycle{c}, Accounts: []book.Account{a}}
	role := call.Payer
	if c.Kind == book.Suppliers {
		role = call.Supplier
	}
	if err := p.rulesFor(ctx, b, r, period.Of(q.At, out.zone)); err != nil {
		return out, err
	}
	for range 2 {
		ix, err := book.NewIndex(b)
		if err != nil {
			return out, fmt.Errorf("pricing for an account: %w", err)
		}
		out.choice, out.why = ix.ChooseAs(r, role)
		for i := range b.Cards {
			k := &b.Cards[i]
			if out.revisions[k.ID] != 0 || k.ID != out.choice.Card && k.ID != out.choice.Fallback {
				continue
			}
			if *k, _, err = read[book.Card](ctx, p, pathOf("cards", k.ID), "card", k.ID); err != nil {
				return out, fmt.Errorf("pricing for an account: its card: %w", notThere(err))
			}
			out.revisions[k.ID], _ = k.Log.At(q.At)
		}
	}
	return out, nil
}

// rulesFor fills in the rules that may choose the card of a record, and the
// names of the cards that they have.
func (p *portal) rulesFor(ctx context.Context, b *book.Book, r *call.Record, m period.Month) (err error) {
	b.CallTypes, err = everything(ctx, p, documents.Query{Name: "call_types_all"}, func(book.CallType) bool { return true })
	if err != nil {
		return err
	}
	own := book.OwnNumber(r)
	b.Assignments, err = everything(ctx, p, of(documents.Query{Name: "assignments_all"}, b.Accounts[0].ID), func(a book.Assignment) bool {
		return a.From.Compare(m) <= 0 && (a.Number == "" || a.Number == own)
	})
	if err != nil {
		return err
	}
	b.Fallbacks, err = everything(ctx, p, of(documents.Query{Name: "fallbacks_all"}, b.Accounts[0].Currency), func(f book.Fallback) bool {
		return f.From.Compare(m) <= 0
	})
	names := map[string]bool{}
	add := func(card string) {
		if !names[card] {
			names[card] = true
			b.Cards = append(b.Cards, book.Card{ID: card})
		}
	}
	for _, a := range b.Assignments {
		add(a.Card)
	}
	for _, f := range b.Fallbacks {
		add(f.Card)
	}
	return err
}

// everything reads a declared query to its end, and keeps some of it.
func everything[D any](ctx context.Context, p *portal, q documents.Query, keep func(D) bool) (out []D, err error) {
	q.Limit = documents.MaxPage
	for {
		page, err := p.Docs.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", q.Name, err)
		}
		for _, doc := range page.Docs {
			var d D
			if err := doc.Decode(&d); err != nil {
				return nil, fmt.Errorf("reading %s: %w", q.Name, err)
			}
			if keep(d) {
				out = append(out, d)
			}
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
}

// notThere keeps what the book lacks from looking like what the caller named.
func notThere(err error) error {
	if isProblem(err, notFound) {
		return ledger.ErrDamaged
	}
	return err
}

func (p *portal) pricedByCard(ctx context.Context, q question) (priced, error) {
	c, _, err := read[book.Card](ctx, p, pathOf("cards", q.Card), "card", q.Card)
	if isProblem(err, notFound) {
		return priced{}, refused.problem("There is no card %q.", clip(q.Card)).with("body.card", q.Card, "want a card that is there")
	}
	if err != nil {
		return priced{}, err
	}
	revision := q.Revision
	if q.Revision == 0 {
		var live bool
		if revision, live = c.Log.At(q.At); !live {
			return priced{}, refused.problem("No revision of the card is live.").with("body.card", q.Card, "want a card with a live revision, or revision")
		}
	}
	rev, _, err := p.revision(ctx, c.ID, revision)
	if isProblem(err, notFound) && q.Revision == 0 {
		rev, err = ratecard.Revision{Image: c.Images[strconv.Itoa(revision)]}, nil
	}
	if isProblem(err, notFound) {
		return priced{}, refused.problem("There is no such revision.").with("body.revision", strconv.Itoa(q.Revision), "want a revision of the card")
	}
	if err != nil {
		return priced{}, err
	}
	if rev.Image == "" {
		return priced{}, refused.problem("Revision %d of card %s cannot charge calls: it is not compiled.", revision, clip(c.ID)).
			with("body.card", q.Card, "want a customer card")
	}
	return priced{choice: book.Choice{Card: c.ID, Image: rev.Image}, revisions: map[string]int{c.ID: revision}}, nil
}

func isProblem(err error, k kind) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == k.Code
}
