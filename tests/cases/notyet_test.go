package cases

import "fmt"

// limit is something the product cannot answer yet.
type limit struct {
	what   string // a kind, or kind/field: the kind's cases in which the field says something
	reason string
	brings string // who brings it
}

func (l limit) String() string {
	return fmt.Sprintf("%s: %s (comes with %s)", l.what, l.reason, l.brings)
}

func listed(list []limit, what string) (limit, bool) {
	for _, l := range list {
		if l.what == what {
			return l, true
		}
	}
	return limit{}, false
}

// outOfScope names the cases about prepaid balances (semantics 10.35).
// Tollbook keeps none, so these stay; ids appear nowhere else.
var outOfScope = []string{"M02", "M05", "M06", "B09"}

// notYet is the one list of what is skipped. An issue that brings a rule takes
// its lines out and answers the cases.
var notYet = []limit{
	{"advanced_rate", "no tiers of minute and event details", rules},
	{"grace", "no grace period", rules},
	{"included_seconds", "no free or included seconds", rules},
	{"min_cost", "no minimum charge of a call", rules},
	{"max_cost", "no maximum charge of a call", rules},
	{"origin_surcharge", "no surcharge by origin", rules},
	{"eea_class", "no EEA, local and international classes", rules},
	{"us_jurisdiction", "no inter- and intrastate classes", rules},
	{"two_leg_call", "no legs of one call", "a later issue on legs"},

	{"call_cost/grace_s", "no grace period", rules},
	{"call_cost/grace_period_s", "no grace period", rules},
	{"call_cost/free_seconds", "no free seconds", rules},
	{"call_cost/included_seconds", "no included seconds", rules},
	{"call_cost/post_call_surcharge", "no surcharge on the whole call", rules},
	{"call_cost/cost_before_surcharge", "no surcharge on the whole call", rules},
	{"call_cost/min_cost", "no minimum charge of a call", rules},
	{"call_cost/max_cost", "no maximum charge of a call", rules},
	{"call_cost/duration_rounding", "a fraction of a second is always rounded", rules},
	{"call_cost/increment", "a fraction of a second is always rounded", rules},
	{"call_cost/price_per_increment", "no price unit but the minute, and this price is none exactly", rules},
	{"billed_seconds/grace_s", "no grace period", rules},
	{"billed_seconds/free_seconds", "no free seconds", rules},
	{"billed_seconds/included_seconds", "no included seconds", rules},
	{"billed_seconds/duration_rounding", "a fraction of a second is always rounded", rules},
	{"billed_seconds/increment", "a fraction of a second is always rounded", rules},
	{"duration_rounding/method", "a fraction of a second is always rounded", rules},
	{"sum_of_rounded_calls/duration_rounding", "a fraction of a second is always rounded", rules},
	{"sum_of_rounded_calls/increment", "a fraction of a second is always rounded", rules},
	{"rounding_trap/increment", "a fraction of a second is always rounded", rules},

	{"rating/time_bands", "no time of day", rules},
	{"rating/max_cost", "no maximum charge of a call", rules},
	{"rating/asked_s", "no maximum charge of a call that ends it", rules},
	{"rating/steps", "no tiers beyond a first block and pulses", rules},
	{"rating/per_s", "no price unit but the minute, and this price is none exactly", rules},
	{"money/time_bands", "no time of day", rules},
	{"money/max_cost", "no maximum charge of a call", rules},
	{"money/steps", "no tiers beyond a first block and pulses", rules},
	{"money/per_s", "no price unit but the minute, and this price is none exactly", rules},
	{"money/asked_s", "how long a call may last is asked of a prepaid balance", "no issue: out of scope"},

	{"bundle/steps", "no tiers beyond a first block and pulses, no bundle with a price of its own", rules},
	{"bundle/per_s", "no price unit but the minute, and this price is none exactly", rules},
	{"bundle/time_bands", "no time of day", rules},
	{"bundle/max_cost", "no maximum charge of a call", rules},
	{"bundle/connect_fee", "the connection fee goes with its call, it cannot be left out of a bundle", bundles},
	{"bundle/cash", "no cash limit", bundles},
	{"bundle/money", "no cash limit", bundles},
	{"bundle/tariff", "no bundle with a price of its own", bundles},
	{"bundle/rate", "no bundle with a price of its own", bundles},
	{"bundle_boundary/boundary", "the call that crosses the end of a bundle is always split", bundles},
	{"bundle_size/cash_limit", "no cash limit", bundles},
	{"compound_bundle", "no cash limit", bundles},
	{"rollover", "nothing is carried over", bundles},
	{"minimum_spend", "no minimum spend", bundles},
	{"assignment_effect", "no bulk assignment from the first of a month", "a later issue on assignments"},
	{"prorata/period", "no billing period but the calendar month", bundles},
	{"prorata_allowance/period", "no billing period but the calendar month", bundles},

	{"make_retail", "no tariffs made from others by group", building},
	{"make_retail_details", "no tariffs made from others by group", building},
	{"merge_min", "no merging of cards", building},
	{"rate_compact", "no merging of cards", building},
}

const (
	rules    = "issue 4, the rating core"
	bundles  = "a later issue on bundles and bills"
	building = "a later issue on building cards"
)
