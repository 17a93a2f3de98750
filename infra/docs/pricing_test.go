// Package docs holds the documents to what the product does.
package docs

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

const pricingFile = "pricing.md"

// example is one usage of a document with what it says of it.
type example struct {
	rule, card, usage, says string
	rows                    []map[string]string
}

// examples reads a document: below each heading a table of rows, lines of Card
// and Usage, and quoted what is said of the usage. A table, and a line of Card,
// hold until the next one of their rule.
func examples(text string) (out []example, rules []string) {
	var now example
	var head []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		table := strings.HasPrefix(line, "|")
		switch {
		case strings.HasPrefix(line, "#"):
			now = example{rule: strings.TrimLeft(line, "# ")}
			rules = append(rules, now.rule)
		case !table:
			head = nil
		case head == nil:
			head, now.rows, now.card = cells, nil, ""
		case strings.Trim(line, "|-") != "":
			row := map[string]string{}
			for i, cell := range cells {
				row[head[i]] = cell
			}
			now.rows = append(now.rows, row)
		}
		if card, ok := strings.CutPrefix(line, "- Card: "); ok {
			now.card = card
		}
		if usage, ok := strings.CutPrefix(line, "- Usage: "); ok {
			now.usage = usage
		}
		if says, ok := strings.CutPrefix(line, "> "); ok {
			now.says = says
			out = append(out, now)
			now.usage = ""
		}
	}
	return out, rules
}

// reader turns words into numbers; a word that is none fails the test.
type reader struct{ t *testing.T }

func (r reader) price(s string) money.Price {
	p, err := money.ParsePrice(s)
	r.must(err)
	return p
}

func (r reader) number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	r.must(err)
	return uint32(n)
}

func (r reader) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r reader) date(s string) int64 {
	at, err := time.Parse(time.DateOnly, s)
	r.must(err)
	return at.UnixNano()
}

// terms reads a line of Card.
func (r reader) terms(card string) rating.Terms {
	terms := rating.DefaultTerms("GBP")
	bands := &band.Set{}
	roundings := func(s string) money.Rounding { m, err := money.ParseRounding(s); r.must(err); return m }
	for _, rule := range []struct {
		pattern string
		set     func(m []string)
	}{
		{`short digits (\d+)`, func(m []string) { terms.ShortDigits = int(r.number(m[1])) }},
		{`by LRN`, func([]string) { terms.ByLRN = true }},
		{`callers (\w+) = invalid`, func(m []string) { terms.Origins = append(terms.Origins, rating.Origin{Name: m[1], Invalid: true}) }},
		{`callers (\w+) = ([\d ]+)`, func(m []string) {
			terms.Origins = append(terms.Origins, rating.Origin{Name: m[1], Prefixes: strings.Fields(m[2])})
		}},
		{`inter, intra, indeterminate`, func([]string) { terms.Presentation = rating.InterIntraIndeterminate }},
		{`local, EEA, international`, func([]string) { terms.Presentation = rating.LocalEEAInternational }},
		{`band (\w+)(?: ([\d:]+)-([\d:]+))?`, func(m []string) {
			w := band.Window{Band: m[1], To: band.EndOfDay}
			if m[2] != "" {
				var err error
				w.From, err = band.ParseTimeOfDay(m[2])
				r.must(err)
				w.To, err = band.ParseTimeOfDay(m[3])
				r.must(err)
			}
			bands.Names, bands.Windows, terms.Bands = append(bands.Names, m[1]), append(bands.Windows, w), bands
		}},
		{`split`, func([]string) { bands.Split = true }},
		{`zone (\S+)`, func(m []string) { bands.Zone = m[1] }},
		{`duration rounding (\S+)`, func(m []string) { terms.DurationRounding = roundings(m[1]) }},
		{`keep fractions`, func([]string) { terms.KeepFractions = true }},
		{`continuous`, func([]string) { terms.Model = rating.Continuous }},
		{`whole call`, func([]string) { terms.Model = rating.WholeCallMultiple }},
		{`charge zero seconds`, func([]string) { terms.ChargeZeroSeconds = true }},
		{`grace (\d+)`, func(m []string) { terms.Grace = r.number(m[1]) }},
		{`grace (\d+) up to`, func(m []string) { terms.Grace, terms.GraceMode = r.number(m[1]), rating.GraceUpTo }},
		{`grace (\d+) deducted`, func(m []string) { terms.Grace, terms.GraceMode = r.number(m[1]), rating.GraceDeducted }},
		{`free (\d+)`, func(m []string) { terms.Free = r.number(m[1]) }},
		{`free (\d+) first`, func(m []string) { terms.Free, terms.FreeFirst = r.number(m[1]), true }},
		{`access (\S+)`, func(m []string) { terms.Access = r.price(m[1]) }},
		{`surcharge (\d+) %`, func(m []string) { terms.Surcharge = r.price(m[1]) / 100 }},
		{`surcharge of (\w+) (\S+) per minute, (\S+) per call`, func(m []string) {
			terms.Surcharges = append(terms.Surcharges, rating.OriginSurcharge{Origin: m[1], PerMinute: r.price(m[2]), PerCall: r.price(m[3])})
		}},
		{`rounding (\S+)`, func(m []string) { terms.Rounding = roundings(m[1]) }},
		{`decimals (\d+)`, func(m []string) { terms.Decimals = int(r.number(m[1])) }},
	} {
		whole := regexp.MustCompile("^" + rule.pattern + "$")
		for _, part := range strings.Split(card, "; ") {
			if m := whole.FindStringSubmatch(part); m != nil {
				rule.set(m)
				card = strings.Replace("; "+card, "; "+part, "", 1)
				card = strings.TrimPrefix(card, "; ")
			}
		}
	}
	if card != "" {
		r.t.Fatalf("what is %q of a card?", card)
	}
	return terms
}

// rate reads a row of a table.
func (r reader) rate(row map[string]string) rating.Rate {
	var out rating.Rate
	set := map[string]func(v string){
		"kind": func(v string) {
			var err error
			out.Kind, err = call.ParseKind(v)
			r.must(err)
		},
		"prefix": func(v string) { out.Prefix = v }, "service": func(v string) { out.Service = v }, "destination": func(v string) { out.Destination = v },
		"price":   func(v string) { out.Price1, out.PriceN = r.price(v), r.price(v) },
		"price 1": func(v string) { out.Price1 = r.price(v) }, "price N": func(v string) { out.PriceN = r.price(v) },
		"per": func(v string) {
			if out.Per = rating.PerCall; v != "call" {
				out.Per = r.number(v)
			}
		},
		"first": func(v string) { out.Interval1 = r.number(v) }, "then": func(v string) { out.IntervalN = r.number(v) },
		"fee": func(v string) { out.ConnectionFee = r.price(v) }, "minimum": func(v string) { out.Minimum = r.number(v) },
		"at least": func(v string) { out.MinCharge = r.price(v) }, "at most": func(v string) { out.MaxCharge = r.price(v) },
		"blocked": func(string) { out.Blocked = true }, "access": func(string) { out.Access = true }, "local": func(string) { out.Local = true },
		"from": func(v string) { out.From = r.date(v) }, "to": func(v string) { out.To = r.date(v) },
		"tag": func(v string) { out.Tag = v }, "band": func(v string) { out.Band = v }, "callers": func(v string) { out.Origin = v }, "area": func(v string) { out.Area = v },
		"digits": func(v string) {
			least, most, _ := strings.Cut(v, "-")
			out.MinDigits, out.MaxDigits = uint8(r.number(least)), uint8(r.number(most))
		},
		"class": func(v string) {
			for c := numbering.Intrastate; c <= numbering.Local; c++ {
				if c.String() == v {
					out.Class = c
				}
			}
		},
		"tiers": func(v string) {
			for _, text := range strings.Split(v, "; ") {
				out.Tiers = append(out.Tiers, r.tier(text))
			}
		},
	}
	for column, v := range row {
		if set[column] == nil {
			r.t.Fatalf("a column %q", column)
		}
		if v != "" {
			set[column](v)
		}
	}
	return out
}

var tierPattern = regexp.MustCompile(`^(event )?from (\d+)(?: for (\d+))? at (\S+)(?: in (\d+))?$`)

func (r reader) tier(text string) rating.Tier {
	m := tierPattern.FindStringSubmatch(text)
	if m == nil {
		r.t.Fatalf("a tier %q", text)
	}
	out := rating.Tier{Event: m[1] != "", From: r.number(m[2]), Price: r.price(m[4])}
	if m[3] != "" {
		out.Length = r.number(m[3])
	}
	if m[5] != "" {
		out.RoundUp = r.number(m[5])
	}
	return out
}

var usagePattern = regexp.MustCompile(`^([\d.]+) (s|messages|bytes|pieces) to (\d+)(?: from (\d+))?(?: at (\S+?))?(?:, (LRN|service|tag) (\w+))?$`)

// usage reads a line of Usage.
func (r reader) usage(text string) rating.Usage {
	m := usagePattern.FindStringSubmatch(text)
	if m == nil {
		r.t.Fatalf("usage %q", text)
	}
	quantity, err := money.Parse(m[1])
	r.must(err)
	kind := call.Kind(slices.Index([]string{"s", "messages", "bytes", "pieces"}, m[2]))
	decimals := 0
	if kind == call.Voice {
		decimals = 9
	}
	quantity, err = quantity.Round(decimals, money.Down)
	r.must(err)
	_, _, units, _ := quantity.Bits()
	out := rating.Usage{Kind: kind, Number: m[3], Caller: m[4], Quantity: int64(units)}
	if m[5] != "" {
		at, err := time.Parse(time.RFC3339, m[5])
		r.must(err)
		out.Instant = at.UnixNano()
	}
	switch m[6] {
	case "LRN":
		out.LRN = m[7]
	case "service":
		out.Service = m[7]
	case "tag":
		out.Tag = m[7]
	}
	return out
}

// TestPricingExamples: each example of the page is charged as the page says.
func TestPricingExamples(t *testing.T) {
	text, err := os.ReadFile(pricingFile)
	if err != nil {
		t.Fatal(err)
	}
	section, cards := cut(t, string(text))
	all, rules := examples(section)
	r := reader{t}
	shown := map[string]bool{}
	for _, e := range all {
		t.Run(e.rule, func(t *testing.T) {
			r := reader{t}
			shown[e.rule] = true
			image, err := rating.BuildImage(r.terms(e.card), func(yield func(rating.Rate, error) bool) {
				for _, row := range e.rows {
					if !yield(r.rate(row), nil) {
						return
					}
				}
			})
			r.must(err)
			card, err := rating.Open(image)
			r.must(err)
			u, p := r.usage(e.usage), card.NewPricer()
			if got := p.Trace(&u).Sentence(); got != e.says {
				t.Errorf("%s\ngot  %s\nwant %s", e.usage, got, e.says)
			}
			charge := p.Price(&u)
			if total := fmt.Sprintf("; total %s GBP.", charge.Amount); charge.Reason == "" && !strings.HasSuffix(e.says, total) {
				t.Errorf("%s: charged%s", e.usage, total)
			}
		})
	}
	parts := []string{rules[0], "Which row", "How long", "What that costs"}
	for _, rule := range rules {
		if !shown[rule] && !slices.Contains(parts, rule) {
			t.Errorf("%q has no example", rule)
		}
	}
	if strings.Contains(cards, "- Usage: ") || strings.Count(section, "- Usage: ") != len(all) {
		t.Errorf("%d examples are read, the page has more", len(all))
	}
	readme, err := os.ReadFile("../../README.md")
	r.must(err)
	if !strings.Contains(string(readme), "(infra/docs/"+pricingFile+")") {
		t.Error("README.md has no link to it")
	}
}
