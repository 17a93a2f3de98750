package cases

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// These tests judge the judge: what would make it pass a case too easily.

// parse reads a case written in a test.
func parse(t *testing.T, text string) caseObject {
	t.Helper()
	var c caseObject
	if err := decode([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func clone(t *testing.T, c caseObject) caseObject {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(b))
}

// another returns a value of the same kind that is not v.
func another(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case json.Number:
		return json.Number(otherDigit(v.String()))
	case string:
		return otherDigit(v)
	}
	return "something else"
}

func otherDigit(s string) string {
	last := len(s) - 1
	if last < 0 || s[last] < '0' || s[last] > '9' {
		return s + "x"
	}
	return s[:last] + string('0'+(s[last]-'0'+1)%10)
}

// leaves calls f for every single value in v, with a way to put another there.
func leaves(path string, v any, set func(any), f func(path string, v any, set func(any))) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			leaves(path+"."+k, v[k], func(x any) { v[k] = x }, f)
		}
	case []any:
		for i := range v {
			leaves(path+"[]", v[i], func(x any) { v[i] = x }, f)
		}
	default:
		f(path, v, set)
	}
}

// Every figure that is expected is compared: with any other one in its place,
// a case that passed fails.
func TestAnotherFigureFails(t *testing.T) {
	tried := 0
	for _, c := range allCases(t, "testdata") {
		wrong := clone(t, c)
		leaves("expected", wrong["expected"], func(any) {}, func(path string, v any, set func(any)) {
			name := strings.TrimPrefix(path, "expected.")
			_, exact := c["exact_cost"]
			if strings.HasPrefix(name, "money_") || strings.HasPrefix(name, "wrong_") || v == "NOT_ENOUGH_CREDIT" || exact && name == "cost" {
				return
			}
			set(another(v))
			if got := judge(wrong, nil); got.state != failed {
				t.Errorf("%v: %s is %v instead of %v: %s %s", c["id"], path, another(v), v, got.state, got.why)
			}
			set(v)
			tried++
		})
	}
	if tried < 80 {
		t.Errorf("only %d figures tried", tried)
	}
}

// Nothing is passed over: a field that nobody knows fails its case, wherever it
// stands.
func TestUnknownFieldFails(t *testing.T) {
	for _, c := range allCases(t, "testdata") {
		odd := clone(t, c)
		var visit func(path string, v any)
		visit = func(path string, v any) {
			switch v := v.(type) {
			case caseObject:
				visit(path, map[string]any(v))
			case map[string]any:
				for _, k := range slices.Sorted(maps.Keys(v)) {
					if !slices.Contains(prose, k) {
						visit(path+"."+k, v[k])
					}
				}
				if path == ".inputs.rates" {
					return // its names are prefixes
				}
				v["surprise"] = json.Number("1")
				if got := judge(odd, nil); got.state != failed || !strings.Contains(got.why, "surprise") {
					t.Errorf("%v: an unknown field in %q: %s %s", c["id"], path, got.state, got.why)
				}
				delete(v, "surprise")
			case []any:
				for _, item := range v {
					visit(path+"[]", item)
				}
			}
		}
		visit("", odd)
	}
}

func TestJudge(t *testing.T) {
	limits := []limit{{"tides", "no moon", "issue 99"}, {"bundle_size/cash_limit", "no cash", "issue 99"}}
	const plain = `"duration_s": 60, "rate_per_min": "0.10"`
	for name, test := range map[string]struct {
		text  string
		state state
		why   string
	}{
		"a listed kind is skipped":                   {`{"id": "a", "kind": "tides", "expected": {}}`, skipped, "tides: no moon (comes with issue 99)"},
		"a kind that is not listed fails":            {`{"id": "a", "kind": "winds", "expected": {"x": 1}}`, failed, `"winds"`},
		"a listed field is skipped":                  {`{"id": "a", "kind": "bundle_size", "inputs": {"discounted_minutes": 5, "cash_limit": 5}, "expected": {"allowance_min": 5}}`, skipped, "bundle_size/cash_limit: no cash"},
		"a listed field that says nothing is not":    {`{"id": "a", "kind": "bundle_size", "inputs": {"discounted_minutes": 5, "cash_limit": 0}, "expected": {"allowance_min": 5}}`, passed, ""},
		"a needed field that is not listed fails":    {`{"id": "a", "kind": "bundle", "bundles": [{"id": "m", "seconds": 5, "cash": 5, "prefixes": ["1"]}], "call": {"number": "1", "duration_s": 5}, "expected": {"seconds_covered": 5}}`, failed, "bundle/cash"},
		"an unknown field fails beside a listed one": {`{"id": "a", "kind": "bundle_size", "inputs": {"discounted_minutes": 5, "cash_limit": 5, "moon": 1}, "expected": {"allowance_min": 5}}`, failed, "moon: unknown field"},
		"a wrong figure fails":                       {`{"id": "a", "kind": "call_cost", "inputs": {` + plain + `}, "expected": {"cost": "0.11"}}`, failed, "got 0.10, want 0.11"},
		"a figure that is none fails":                {`{"id": "a", "kind": "call_cost", "inputs": {"duration_s": 60, "rate_per_min": "ten"}, "expected": {"cost": "0.10"}}`, failed, "rate_per_min"},
		"a case without anything expected fails":     {`{"id": "a", "kind": "call_cost", "inputs": {` + plain + `}, "expected": {}}`, failed, "expected"},
		"two names of one field fail":                {`{"id": "a", "kind": "call_cost", "inputs": {` + plain + `, "setup_fee": "1", "connect_fee": "1"}, "expected": {"cost": "1.10"}}`, failed, "say the same"},
		"a status nobody knows fails":                {`{"id": "a", "kind": "call_cost", "status": "rumour", "inputs": {` + plain + `}, "expected": {"cost": "0.10"}}`, failed, "rumour"},
		"a balance by name is out of scope":          {`{"id": "M02-anything", "kind": "money", "expected": {"max_seconds": 1}}`, skipped, "out of scope"},
		"a name that only begins alike is not":       {`{"id": "M020", "kind": "money", "call": {"number": "1", "duration_s": 1}, "expected": {"cost": "1"}}`, failed, "no_rate"},
		"nothing but balances is out of scope":       {`{"id": "a", "kind": "money", "expected": {"money_after": "1"}}`, skipped, "out of scope"},
		"what has no price has no cost":              {`{"id": "a", "kind": "bundle", "bundles": [{"id": "m", "seconds": 5, "prefixes": ["1"]}], "call": {"number": "1", "duration_s": 9}, "expected": {"cost": "1"}}`, failed, "have no price"},
		"a calendar of another length is no month":   {`{"id": "a", "kind": "prorata_allowance", "inputs": {"allowance_min": 9, "period_days": 90, "days": 3}, "expected": {"allowance_min": 1}}`, failed, "prorata_allowance/period"},
		"days that do not agree with the start fail": {`{"id": "a", "kind": "prorata", "inputs": {"price": "31", "start": "5 May", "days_used": 26}, "expected": {"charge": "27.00"}}`, failed, "days 26"},
		"a full last month is charged whole":         {`{"id": "a", "kind": "prorata", "inputs": {"price": "30", "end_day": 9, "full_charge_last_period": true}, "expected": {"charge": "30.00"}}`, passed, ""},
		"a last month ends on its day":               {`{"id": "a", "kind": "prorata", "inputs": {"price": "31", "end_day": 9, "period": "May"}, "expected": {"charge": "9.00", "days": 9}}`, passed, ""},
		"no zero pool is unlimited":                  {`{"id": "a", "kind": "bundle_boundary", "inputs": {"quota_left_min": 0, "call_min": 2, "rate_per_min": "0.1", "boundary": "split"}, "expected": {"cost": "0.20", "covered_min": 0}}`, passed, ""},
		"how long a balance lasts is not answered":   {`{"id": "a", "kind": "rating", "tariff": {"prefix": "1", "steps": [{"from_s": 0, "rate": "1"}]}, "asked_s": 60, "expected": {"max_seconds": 10}}`, failed, "rating/asked_s"},
		"a grace rule that nobody knows fails":       {`{"id": "a", "kind": "call_cost", "inputs": {` + plain + `, "grace_s": 5, "grace_rule": "sometimes"}, "expected": {"cost": "0.10"}}`, failed, "grace_mode"},
		"days that are none fail":                    {`{"id": "a", "kind": "rating", "tariff": {"prefix": "1", "steps": [{"from_s": 0, "rate": "1"}]}, "time_bands": [{"days": "Mon-Moon", "steps": [{"from_s": 0, "rate": "1"}]}], "call": {"number": "1", "duration_s": 7}, "expected": {"cost": "0.1"}}`, failed, "moon"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(parse(t, test.text), limits)
			if got.state != test.state || !strings.Contains(got.why, test.why) {
				t.Errorf("got %s %q, want %s %q", got.state, got.why, test.state, test.why)
			}
		})
	}
}

// The list of what is not answered yet is plain data: no line twice, none
// without a reason, and no kind both answered and listed.
func TestNotYetIsInOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range notYet {
		kind, field, part := strings.Cut(l.what, "/")
		_, answered := answers()[kind]
		switch {
		case seen[l.what]:
			t.Errorf("%s is listed twice", l.what)
		case l.reason == "" || l.brings == "" || kind == "" || part && field == "":
			t.Errorf("%q: want what, why and who brings it", l.what)
		case part != answered:
			t.Errorf("%s: want a field of an answered kind, or a kind that nobody answers", l.what)
		}
		seen[l.what] = true
	}
}
