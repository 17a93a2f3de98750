package docs

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// cut returns the page without its parts about who is charged and about the choice
// of a card, and the latter.
func cut(t *testing.T, page string) (rest, cards string) {
	t.Helper()
	before, part, ok := strings.Cut(page, "## Which card\n")
	cards, after, found := strings.Cut(part, "## Which row\n")
	before, _, charged := strings.Cut(before, "## Who is charged\n")
	if !ok || !found || !charged {
		t.Fatal("the page has no part about which card, before that about which row, and behind that about who is charged")
	}
	return before + "## Which row\n" + after, cards
}

// setup reads the tables below a heading: call types, assignments, fallbacks.
type setup struct {
	reader
	book book.Book
}

func (s *setup) month(text string) period.Month {
	m, err := period.ParseMonth(text)
	s.must(err)
	return m
}

func (s *setup) instant(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	return time.Unix(0, s.date(text)).UTC()
}

// card returns the name of a card that is live since ever, in the book.
func (s *setup) card(id string) string {
	if !slices.ContainsFunc(s.book.Cards, func(c book.Card) bool { return c.ID == id }) {
		s.book.Cards = append(s.book.Cards, book.Card{ID: id, Log: ratecard.Log{{Revision: 1}}, Images: map[string]string{"1": id}})
	}
	return id
}

func (s *setup) row(row map[string]string) {
	way := book.Direction(row["direction"])
	switch {
	case row["call type"] != "":
		s.book.CallTypes = append(s.book.CallTypes, book.CallType{
			ID: row["call type"], Prefixes: strings.Fields(row["prefixes"]), Direction: way, Band: row["band"], Class: row["class"], RateAs: row["rate as"],
			From: s.instant(row["from"]),
		})
	case row["account"] != "":
		s.book.Assignments = append(s.book.Assignments, book.Assignment{
			Account: row["account"], Number: row["number"], Direction: way, Class: row["class"], From: s.month(row["from"]), Card: s.card(row["card"]),
		})
	default:
		s.book.Fallbacks = append(s.book.Fallbacks, book.Fallback{
			Currency: row["currency"], Direction: way, Class: row["class"], From: s.month(row["from"]), Card: s.card(row["card"]),
		})
	}
}

var recordPattern = regexp.MustCompile(`^of (\w+), (outbound|inbound), (\d+) to (\d+)(?:, tag (\w+))?, at (\S+)$`)

// record reads a line of Record.
func (s *setup) record(text string) *call.Record {
	m := recordPattern.FindStringSubmatch(text)
	if m == nil {
		s.t.Fatalf("record %q", text)
	}
	r := &call.Record{Account: m[1], ANumber: m[3], BNumber: m[4], Tag: m[5], Instant: s.date(m[6])}
	if m[2] == "inbound" {
		r.Direction = call.Inbound
	}
	return r
}

// said says a choice in words.
func said(c book.Choice) string {
	out := "No call type: "
	if c.Type != nil {
		out = fmt.Sprintf("Call type %s, tariff class %s: ", c.Type.ID, c.Type.Class)
	}
	if c.Image == "" {
		return out + "no card."
	}
	out += "card " + c.Card
	if c.Flags.Has(call.FallbackCard) {
		out += ", a fallback"
	}
	if c.Flags.Has(call.RatedAs) {
		out += ", rated as " + c.RateAs
	}
	if c.FallbackImage != "" {
		out += "; where it has no rate, card " + c.Fallback
	}
	return out + "."
}

// TestChoosingExamples: each record of the page goes to the card that the page
// says.
func TestChoosingExamples(t *testing.T) {
	text, err := os.ReadFile(pricingFile)
	if err != nil {
		t.Fatal(err)
	}
	_, cards := cut(t, string(text))
	parts := strings.Split(cards, "\n### ")
	for _, part := range parts[1:] {
		rule, body, _ := strings.Cut(part, "\n")
		t.Run(rule, func(t *testing.T) {
			s := &setup{reader: reader{t}, book: book.Book{
				Rules: book.RuleVersion, Cycles: []book.Cycle{{ID: "monthly", Zone: "UTC"}},
				Accounts: []book.Account{{ID: "acme", Cycle: "monthly", Currency: "GBP"}, {ID: "beta", Cycle: "monthly", Currency: "GBP"}},
			}}
			var head []string
			var record string
			n := 0
			for line := range strings.Lines(body) {
				line = strings.TrimSpace(line)
				cells := strings.Split(strings.Trim(line, "|"), "|")
				for i := range cells {
					cells[i] = strings.TrimSpace(cells[i])
				}
				switch {
				case !strings.HasPrefix(line, "|"):
					head = nil
				case head == nil:
					head = cells
				case strings.Trim(line, "|-") != "":
					row := map[string]string{}
					for i, cell := range cells {
						row[head[i]] = cell
					}
					s.row(row)
				}
				if text, ok := strings.CutPrefix(line, "- Record: "); ok {
					record = text
				}
				want, ok := strings.CutPrefix(line, "> ")
				if !ok {
					continue
				}
				n++
				ix, err := book.NewIndex(&s.book)
				if err != nil {
					t.Fatal(err)
				}
				if c, _ := ix.Choose(s.record(record)); said(c) != want {
					t.Errorf("%s\ngot  %s\nwant %s", record, said(c), want)
				}
			}
			if n < 2 || n != strings.Count(body, "- Record: ") {
				t.Errorf("%d examples were run", n)
			}
		})
	}
	if len(parts) < 5 {
		t.Errorf("%d rules", len(parts)-1)
	}
}
