package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// Limits of features. With maxMinutes, in hundredths of a second, the product
// fits into 64 bits: no fold of a month can fail on an allowance.
const (
	maxTimes     = 30_000_000 // multiplier × count
	maxRoundBy   = 86_400     // seconds
	maxRecurring = 1_000_000_000
)

const wantCurrency = "an ISO 4217 code such as GBP"

// PutCycle writes a billing cycle. Its zone cannot change: the months of its
// periods are cut by it.
func (c *Catalog) PutCycle(ctx context.Context, v book.Cycle, m Match) (documents.Version, error) {
	r := about("cycle", v.ID)
	r.id("id", v.ID)
	if !validZone(v.Zone) {
		r.add("zone", v.Zone, "an IANA name such as UTC or Europe/London")
	}
	if v.DraftDays < 0 || v.DraftDays > maxDraftDays {
		r.add("draft_days", fmt.Sprint(v.DraftDays), fmt.Sprintf("0 to %d", maxDraftDays))
	}
	if err := r.err(); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{
		path: pathOf("cycles", v.ID), value: v, match: m, book: true,
		check: func(old documents.Doc, _ []documents.Doc) error {
			var was book.Cycle
			r := about("cycle", v.ID)
			if err := decodeOld(old, &was); err != nil {
				return err
			}
			if old.Exists() && was.Zone != v.Zone {
				r.add("zone", v.Zone, fmt.Sprintf("%s: the zone of a cycle cannot change", was.Zone))
			}
			return r.err()
		},
	})
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

func decodeOld(old documents.Doc, v any) error {
	if !old.Exists() {
		return nil
	}
	if err := old.Fields.Decode(v); err != nil {
		return fmt.Errorf("reading %s: %w", old.Path, err)
	}
	return nil
}

// PutAccount writes an account. Its id is what records say: 1 to 256 bytes of
// UTF-8 without control characters. Cycle and currency of an account cannot
// change: what was issued is in them.
func (c *Catalog) PutAccount(ctx context.Context, v book.Account, m Match) (documents.Version, error) {
	r := about("account", v.ID)
	r.text("id", v.ID, 1)
	r.text("name", v.Name, 0)
	r.id("cycle", v.Cycle)
	if _, err := billing.Digits(v.Currency); err != nil {
		r.add("currency", v.Currency, wantCurrency)
	}
	if err := r.err(); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{
		path: pathOf("accounts", v.ID), value: v, match: m, book: true,
		needs: []documents.Path{pathOf("cycles", v.Cycle)},
		check: func(old documents.Doc, needs []documents.Doc) error {
			var was book.Account
			r := about("account", v.ID)
			if err := decodeOld(old, &was); err != nil {
				return err
			}
			switch {
			case old.Exists() && was.Cycle != v.Cycle:
				r.add("cycle", v.Cycle, fmt.Sprintf("%s: the cycle of an account cannot change", was.Cycle))
			case !needs[0].Exists():
				r.add("cycle", v.Cycle, "a cycle that is there")
			}
			if old.Exists() && was.Currency != v.Currency {
				r.add("currency", v.Currency, fmt.Sprintf("%s: the currency of an account cannot change", was.Currency))
			}
			return r.err()
		},
	})
}

// PutPlan writes a discount plan.
func (c *Catalog) PutPlan(ctx context.Context, v bundle.Plan, m Match) (documents.Version, error) {
	r := about("plan", v.ID)
	r.id("id", v.ID)
	r.text("name", v.Name, 0)
	r.within("minutes", v.Minutes, 0, maxMinutes)
	r.within("round_by", uint64(v.RoundBy), 0, maxRoundBy)
	if err := r.err(); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{path: pathOf("plans", v.ID), value: v, match: m, book: true, check: anything})
}

func anything(documents.Doc, []documents.Doc) error { return nil }

// PutFeature writes a feature of an account.
func (c *Catalog) PutFeature(ctx context.Context, v bundle.Feature, m Match) (documents.Version, error) {
	r := about("feature", v.Account, v.ID)
	r.text("account", v.Account, 1)
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
	if err := r.err(); err != nil {
		return "", err
	}
	if err := v.Validate(); err != nil {
		return "", fmt.Errorf("%w: %w", err, ErrRefused)
	}
	needs := []documents.Path{pathOf("accounts", v.Account)}
	if v.Plan != "" {
		needs = append(needs, pathOf("plans", v.Plan))
	}
	return c.edit(ctx, edit{
		path: pathOf("features", v.Account, v.ID), value: v, match: m, book: true, needs: needs,
		check: func(_ documents.Doc, needs []documents.Doc) error {
			r := about("feature", v.Account, v.ID)
			if !needs[0].Exists() {
				r.add("account", v.Account, "an account that is there")
			}
			if v.Plan != "" && !needs[1].Exists() {
				r.add("plan", v.Plan, "a plan that is there")
			}
			return r.err()
		},
	})
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
