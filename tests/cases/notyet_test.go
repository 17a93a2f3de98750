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
	{"two_leg_call", "no legs of one call", "a later issue on legs"},

	{"money/asked_s", "how long a call may last is asked of a prepaid balance", prepaid},
	{"rating/asked_s", "how long a call may last is asked of a prepaid balance", prepaid},

	{"bundle/steps", "no bundle with a price of its own", bundles},
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
	prepaid  = "no issue: out of scope"
	bundles  = "a later issue on bundles and bills"
	building = "a later issue on building cards"
)
