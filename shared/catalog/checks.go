package catalog

import (
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// What is set up is held to these rules by itself, whether a person edits it or
// a text brings it; whether what it names is there is checked where it is
// written.

// Limits of features. With maxMinutes, in hundredths of a second, the product
// fits into 64 bits: no fold of a month can fail on an allowance.
const (
	maxMinutes   = 100_000_000 // of a plan: 190 years
	maxTimes     = 30_000_000  // multiplier × count
	maxRoundBy   = 86_400      // seconds
	maxRecurring = 1_000_000_000
)

// maxDraftDays keeps a month's draft from reaching into the month after the
// next.
const maxDraftDays = 27

const wantCurrency = "an ISO 4217 code such as GBP"

func checkCycle(v book.Cycle) *Refusal {
	r := about("cycle", v.ID)
	r.id("id", v.ID)
	if !validZone(v.Zone) {
		r.add("zone", v.Zone, "an IANA name such as UTC or Europe/London")
	}
	if v.Kind != book.Customers && v.Kind != book.Suppliers {
		r.add("kind", string(v.Kind), fmt.Sprintf("%s, or none for customers", book.Suppliers))
	}
	if v.DraftDays < 0 || v.DraftDays > maxDraftDays {
		r.add("draft_days", fmt.Sprint(v.DraftDays), fmt.Sprintf("0 to %d", maxDraftDays))
	}
	return r
}

// validZone tells time zones from what LoadLocation takes besides: "" for UTC
// and "Local" for this machine's.
func validZone(name string) bool {
	if name == "" || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// checkAccount takes any id that a record may carry. Only a setup text may name
// the account of records that have none, by an empty id.
func checkAccount(v book.Account, leastID int) *Refusal {
	r := about("account", v.ID)
	r.text("id", v.ID, leastID)
	r.text("name", v.Name, 0)
	r.id("cycle", v.Cycle)
	r.text("parent", v.Parent, 0)
	if _, err := billing.Digits(v.Currency); err != nil {
		r.add("currency", v.Currency, wantCurrency)
	}
	return r
}

func checkPlan(v bundle.Plan) *Refusal {
	r := about("plan", v.ID)
	r.id("id", v.ID)
	r.text("name", v.Name, 0)
	r.within("minutes", v.Minutes, 0, maxMinutes)
	r.within("round_by", uint64(v.RoundBy), 0, maxRoundBy)
	return r
}

func checkFeature(v bundle.Feature, leastID int) *Refusal {
	r := about("feature", v.Account, v.ID)
	r.text("account", v.Account, leastID)
	r.text("id", v.ID, 1)
	r.text("name", v.Name, 0)
	if v.Plan != "" {
		r.id("plan", v.Plan)
	}
	r.within("multiplier", v.Multiplier, 0, maxTimes)
	r.within("count", v.Count, 0, maxTimes/max(1, min(v.Multiplier, maxTimes)))
	if amount := v.Recurring.Trim(); amount.Decimals() > money.PriceDecimals ||
		amount.Cmp(money.New(maxRecurring, 0)) > 0 || amount.Cmp(money.New(-maxRecurring, 0)) < 0 {
		r.add("recurring", v.Recurring.String(), fmt.Sprintf("-%d to %[1]d with at most %d decimals", maxRecurring, money.PriceDecimals))
	}
	r.dates(v.Start, v.End)
	return r
}

func (r *Refusal) dates(start, end period.Date) {
	if !realDay(start) {
		r.add("start", start.String(), "a day as YYYY-MM-DD")
	}
	switch {
	case end == period.Date{}:
	case !realDay(end):
		r.add("end", end.String(), "a day as YYYY-MM-DD, or none")
	case end.Compare(start) < 0:
		r.add("end", end.String(), fmt.Sprintf("%s, the start, or later", start))
	}
}

func realDay(d period.Date) bool {
	again, err := period.ParseDate(d.String())
	return err == nil && again == d && d.Year >= period.MinYear && d.Year <= period.MaxYear
}

func checkAssignment(v book.Assignment, leastID int) *Refusal {
	r := about("assignment", v.Account, v.From.String())
	r.text("account", v.Account, leastID)
	r.id("card", v.Card)
	r.month("from", v.From)
	if v.Number != "" && !isDigits(v.Number, 1, call.MaxNumber) {
		r.add("number", v.Number, fmt.Sprintf("1 to %d digits, as records have the account's own number, or none", call.MaxNumber))
	}
	r.direction(v.Direction)
	r.class(v.Class, false)
	return r
}

func (r *Refusal) month(field string, m period.Month) {
	if again, err := period.ParseMonth(m.String()); err != nil || again != m {
		r.add(field, m.String(), fmt.Sprintf("a month as YYYY-MM from %d to %d", period.MinYear, period.MaxYear))
	}
}

func checkFeed(v book.Feed) *Refusal {
	r := about("feed", v.Source.ID)
	r.id("id", v.Source.ID)
	r.id("cycle", v.Cycle)
	switch v.Source.Format {
	case cdr.Generic, cdr.Asterisk, cdr.FreeSWITCH:
	default:
		r.add("format", string(v.Source.Format), fmt.Sprintf("%s, %s or %s", cdr.Generic, cdr.Asterisk, cdr.FreeSWITCH))
	}
	if !validZone(v.Source.Zone) {
		r.add("timezone", v.Source.Zone, "an IANA name such as UTC or Europe/London")
	}
	r.payers(v)
	if _, err := period.ParseMonth(v.Only); v.Only != "" && err != nil {
		r.add("only", v.Only, "a month as YYYY-MM, or none")
	}
	return r
}
