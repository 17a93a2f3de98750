package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// EditRow is one rate of an edit, as a list of rates has it. What is not given
// goes on as it is; of a rate that is added, it is as the card's decks have it
// that do not give it.
type EditRow struct {
	Action string `json:"action" enum:"A,D,U,S,SA" doc:"A adds; S sets the rate of the prefix, SA sets or adds it, U changes the rate with the id; D deletes the one with the id, or what there is of the prefix"`
	ID     string `json:"id,omitempty" maxLength:"16" doc:"of the rate, for U and D"`

	Prefix        *string           `json:"prefix,omitempty" maxLength:"16" doc:"digits; empty: any other number"`
	Destination   *string           `json:"destination,omitempty" maxLength:"256"`
	Price         *string           `json:"price,omitempty" doc:"price_1 and price_n at once"`
	Price1        *string           `json:"price_1,omitempty" doc:"of the first interval, per minute unless the rules say per"`
	PriceN        *string           `json:"price_n,omitempty" doc:"after it"`
	Interval1     *uint32           `json:"interval_1,omitempty" doc:"seconds; with interval_n"`
	IntervalN     *uint32           `json:"interval_n,omitempty" doc:"seconds; with interval_1"`
	ConnectionFee *string           `json:"connection_fee,omitempty" doc:"per call"`
	Blocked       *bool             `json:"blocked,omitempty"`
	From          *time.Time        `json:"effective_from,omitempty" doc:"from when on; none: from the edit's instant"`
	To            *time.Time        `json:"effective_to,omitempty" doc:"not included"`
	Rules         map[string]string `json:"rules,omitempty" doc:"what else the rate has, and which usage it is for, as rates are listed; an empty value takes a rule away"`
}

var editActions = map[string]ratecard.Action{
	"A": ratecard.Add, "D": ratecard.Delete, "U": ratecard.Update, "S": ratecard.Set, "SA": ratecard.SetOrAdd,
}

// ruleFields are the fields that rules are in.
var ruleFields = map[string]ratecard.Fields{
	"per": ratecard.FieldUnit, "minimum": ratecard.FieldMinimum, "min_charge": ratecard.FieldLimits, "max_charge": ratecard.FieldLimits,
	"grace": ratecard.FieldGrace, "no_grace": ratecard.FieldGrace, "free": ratecard.FieldFree, "access": ratecard.FieldAccess,
	"blocked": ratecard.FieldBlocked, "area": ratecard.FieldArea, "to": ratecard.FieldTo, "assumed": ratecard.FieldIntervals,
	"tiers": ratecard.FieldPrice1 | ratecard.FieldPriceN,
}

// allFields is everything that a row may leave unsaid.
const allFields = ratecard.FieldTo<<1 - 1

// rows returns the commands of an edit's rows; what is wrong with them is added to
// the refusal.
func (r *revising) rows() []ratecard.Command {
	rows := r.edit.Rows
	if len(rows) == 0 || len(rows) > MaxEditRows {
		r.refusal.add("rows", fmt.Sprint(len(rows)), fmt.Sprintf("1 to %d rows; more are a deck", MaxEditRows))
		return nil
	}
	known := r.named()
	out := make([]ratecard.Command, len(rows))
	for i := range rows {
		one := rowReader{revising: r, EditRow: &rows[i], at: fmt.Sprintf("rows[%d].", i)}
		was := known[rows[i].ID]
		out[i] = one.command(was)
		out[i].Line = int64(i) + 1
		if len(r.refusal.Fields) > maxEditProblems {
			break
		}
	}
	return out
}

// named returns the rates whose ids the rows have.
func (r *revising) named() map[string]*rating.Rate {
	out := map[string]*rating.Rate{}
	for _, row := range r.edit.Rows {
		if row.ID != "" {
			out[row.ID] = nil
		}
	}
	if len(out) == 0 {
		return out
	}
	for rate := range r.rates.All() {
		id := ratecard.ID(&rate)
		if was, wanted := out[id]; wanted && was == nil {
			out[id] = &rate
		}
	}
	return out
}

// rowReader makes a command of one row.
type rowReader struct {
	*revising
	*EditRow
	at string // of the row in the edit
}

func (r *rowReader) bad(field, found, want string) { r.refusal.add(r.at+field, found, want) }

func (r *rowReader) command(was *rating.Rate) ratecard.Command {
	c := ratecard.Command{ID: r.ID, Keep: allFields}
	var known bool
	if c.Action, known = editActions[r.Action]; !known {
		r.bad("action", r.Action, "A, D, U, S or SA")
		return c
	}
	byID := c.Action == ratecard.Update || c.Action == ratecard.Delete && r.ID != ""
	switch {
	case c.Action == ratecard.Update && r.ID == "":
		r.bad("id", "", "the id of the rate: U finds it by that, S by its prefix")
	case byID && was == nil:
		r.bad("id", r.ID, "the id of a rate that the revision has")
	case byID:
		c.Rate = *was
		if c.Action == ratecard.Update {
			c.Rate.From = 0
		}
	case r.Prefix == nil && r.Rules["service"] == "":
		r.bad("prefix", "", "a prefix, or the id of a rate")
	}
	add := c.Action == ratecard.Add || c.Action == ratecard.SetOrAdd
	if add {
		r.defaults(&c)
	}
	r.fields(&c, add)
	if c.Action == ratecard.Delete {
		c.Keep = 0
	}
	return c
}

// defaults gives a rate that is added what decks of the card have by default.
func (r *rowReader) defaults(c *ratecard.Command) {
	c.Rate.ConnectionFee, c.Rate.Grace = r.def.Defaults.ConnectionFee, r.def.Defaults.Grace
	if r.def.Increment == "" {
		return
	}
	// The definition was checked when it was written.
	c.Rate.Interval1, c.Rate.IntervalN, _ = deck.ParseIncrements(r.def.Increment)
}

// fields reads what the row says.
func (r *rowReader) fields(c *ratecard.Command, add bool) {
	rate := &c.Rate
	if r.Prefix != nil {
		rate.Prefix = *r.Prefix
	}
	if r.Destination != nil {
		rate.Destination = *r.Destination
		c.Keep &^= ratecard.FieldName
	}
	if r.Price != nil && (r.Price1 != nil || r.PriceN != nil) {
		r.bad("price", *r.Price, "either price, or price_1 and price_n")
	}
	for _, p := range []struct {
		name  string
		text  *string
		to    []*money.Price
		field ratecard.Fields
	}{
		{"price", r.Price, []*money.Price{&rate.Price1, &rate.PriceN}, ratecard.FieldPrice1 | ratecard.FieldPriceN},
		{"price_1", r.Price1, []*money.Price{&rate.Price1}, ratecard.FieldPrice1},
		{"price_n", r.PriceN, []*money.Price{&rate.PriceN}, ratecard.FieldPriceN},
		{"connection_fee", r.ConnectionFee, []*money.Price{&rate.ConnectionFee}, ratecard.FieldFee},
	} {
		if p.text == nil {
			continue
		}
		v, err := money.ParsePrice(*p.text)
		if err != nil || v < 0 {
			r.bad(p.name, *p.text, "an amount such as 0.0125, 0 or more, with at most 12 decimals")
		}
		for _, to := range p.to {
			*to = v
		}
		c.Keep &^= p.field
	}
	switch {
	case (r.Interval1 == nil) != (r.IntervalN == nil):
		r.bad("interval_1", "", "both intervals, or none")
	case r.Interval1 != nil:
		rate.Interval1, rate.IntervalN, rate.AssumedPulse = *r.Interval1, *r.IntervalN, false
		c.Keep &^= ratecard.FieldIntervals
	}
	if r.Blocked != nil {
		rate.Blocked = *r.Blocked
		c.Keep &^= ratecard.FieldBlocked
	}
	r.rules(c)
	if r.From != nil {
		rate.From = r.refusal.instant(r.at+"effective_from", *r.From)
	}
	if r.To != nil {
		rate.To = r.refusal.instant(r.at+"effective_to", *r.To)
		c.Keep &^= ratecard.FieldTo
	}
	if !add && c.Keep&ratecard.FieldIntervals != 0 && rate.Interval1 == 0 && rate.IntervalN == 0 {
		rate.Interval1, rate.IntervalN = 60, 60 // by itself a price needs some; those there are stay
	}
	if !add || rate.Blocked || len(rate.Tiers) > 0 {
		return
	}
	// What is not said would be free of charge.
	if c.Keep&(ratecard.FieldPrice1|ratecard.FieldPriceN) != 0 && (rate.Per != rating.PerCall || c.Keep&ratecard.FieldPrice1 != 0) {
		r.bad("price", "", "a price: the rate may be new")
	}
	if rate.Interval1 == 0 && rate.IntervalN == 0 && rate.Per != rating.PerCall {
		r.bad("interval_1", "", "intervals, as the card has no increment for rates without")
	}
}

func (r *rowReader) rules(c *ratecard.Command) {
	for _, name := range slices.Sorted(maps.Keys(r.Rules)) {
		value := r.Rules[name]
		field := "rules." + name
		switch {
		case name == "from" && r.From != nil, name == "to" && r.To != nil, name == "blocked":
			r.bad(field, value, "it once: in its own field")
			continue
		case name == "service" && value != "" && r.Prefix != nil && *r.Prefix != "":
			r.bad(field, value, "a prefix or a service")
			continue
		}
		if err := ratecard.SetRule(&c.Rate, name, value); err != nil {
			r.bad(field, value, strings.TrimPrefix(err.Error(), "want "))
			continue
		}
		c.Keep &^= ruleFields[name]
	}
}
