package simulation

import (
	"math"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/tests/oracle"
)

// atFirst is what is set up wrongly at first of who is charged, where anything
// is: it is mended with the feeds, and all that was read before is read again.
type atFirst struct {
	wrong   bool
	numbers []oracle.Number
	feeds   map[string]oracle.Feed
}

func (f *atFirst) feed(s oracle.Settings, id string) oracle.Feed {
	if f.wrong {
		return f.feeds[id]
	}
	return s.Feeds[id]
}

func (f *atFirst) known(s oracle.Settings) []oracle.Number {
	if f.wrong {
		return f.numbers
	}
	return s.Numbers
}

// switches draws whose the numbers and trunks are, in the course of time, who
// is found to pay by them, and whom records charge beside.
func (g *generator) switches() {
	s := &g.w.settings
	g.numbers = []string{"442071234567", "442079460001", "442079460042", "15551234567", "447911123456", "100"}
	s.Numbers = g.owned()
	for _, id := range sorted(s.Feeds) {
		s.Feeds[id] = g.aSwitch(s.Feeds[id])
	}
	if !g.oneIn(3) {
		return
	}
	// What is lost can never be read again, and would stay as it was read first.
	g.w.versioned = true
	g.w.first = atFirst{wrong: true, numbers: g.owned(), feeds: map[string]oracle.Feed{}}
	for _, n := range g.w.first.numbers { // what is set up stays, with whatever owner
		if !slices.ContainsFunc(s.Numbers, func(o oracle.Number) bool { return o.First == n.First && o.Last == n.Last }) {
			s.Numbers = append(s.Numbers, oracle.Number{First: n.First, Last: n.Last, Owners: []oracle.Owner{{From: math.MinInt64}}})
		}
	}
	for _, id := range sorted(s.Feeds) {
		g.w.first.feeds[id] = g.aSwitch(s.Feeds[id])
		if _, ok := g.w.mends[id]; !ok {
			g.w.mends[id] = mend{zone: "UTC", after: one(g, "", g.closed())}
		}
	}
}

func (g *generator) owned() []oracle.Number {
	var out []oracle.Number
	for _, n := range []oracle.Number{
		{First: "442071234567", Last: "442071234567"}, {First: "442079460000", Last: "442079460099"}, {First: "442079460040", Last: "442079460049"},
		{First: "442079460042", Last: "442079460042"}, {First: "10000000000", Last: "19999999999"}, {First: "15551234567", Last: "15551234567"},
		{First: "447911123456", Last: "447911123456"}, {First: "100", Last: "199"},
	} {
		if n.Owners = g.owners(g.customers()); len(n.Owners) > 0 {
			out = append(out, n)
		}
	}
	return out
}

// owners draws whose something is, from the beginning on or later: it moves to
// another account, or is nobody's for some time.
func (g *generator) owners(accounts []string) []oracle.Owner {
	var at []int64
	for range g.IntN(4) {
		at = append(at, g.moment())
	}
	slices.Sort(at)
	if at = slices.Compact(at); len(at) > 0 && !g.oneIn(4) {
		at[0] = math.MinInt64
	}
	var out []oracle.Owner
	for _, from := range at {
		out = append(out, oracle.Owner{Account: one(g, append(accounts[:len(accounts):len(accounts)], "")...), From: from})
	}
	return out
}

func (g *generator) trunks(accounts []string, names ...string) map[string][]oracle.Owner {
	out := map[string][]oracle.Owner{}
	for _, name := range names {
		if owners := g.owners(accounts); len(owners) > 0 {
			out[name] = owners
		}
	}
	return out
}

// aSwitch draws what is read of a feed's records.
func (g *generator) aSwitch(f oracle.Feed) oracle.Feed {
	customers := g.customers()
	suppliers := slices.DeleteFunc(sorted(g.w.settings.Accounts), func(id string) bool { return slices.Contains(customers, id) })
	out := oracle.Feed{Cycle: f.Cycle, Callee: g.oneIn(2), Resellers: g.oneIn(2), Supplier: g.oneIn(2) || len(suppliers) > 0}
	switch g.IntN(4) {
	case 0:
		out.Both = true
	case 1:
		out.Inbound = true
	}
	means := []oracle.Means{oracle.AccountField, oracle.Caller, oracle.Called, oracle.Trunk}
	g.Shuffle(len(means), func(i, j int) { means[i], means[j] = means[j], means[i] })
	if out.Means = means[:g.IntN(len(means)+1)]; g.oneIn(4) {
		out.Means = append(out.Means, oracle.Means(one(g, customers...)))
	}
	out.Trunks = g.trunks(customers, "peer1", "peer2")
	if len(suppliers) > 0 {
		out.OutTrunks = g.trunks(suppliers, "carrier1", "carrier2")
	}
	return out
}

// names reports whether the records of a feed name an account.
func (g *generator) names(feed string) bool {
	means := g.w.settings.Feeds[feed].Means
	return len(means) == 0 || slices.Contains(means, oracle.AccountField)
}

func (g *generator) caller() string {
	if len(g.numbers) > 0 && g.oneIn(2) {
		return one(g, append(g.numbers[:len(g.numbers):len(g.numbers)], "")...)
	}
	return one(g, "442071234567", "15551234567")
}

// route draws what the switch says of a record's way, of all that its feed
// reads.
func (g *generator) route(r *oracle.Record) {
	f := g.w.settings.Feeds[r.Feed]
	if r.Inbound = f.Inbound; f.Both {
		r.Inbound = g.oneIn(2)
	}
	if slices.Contains(f.Means, oracle.Trunk) {
		r.Trunk = one(g, "", "peer1", "peer2", "peer3")
	}
	if f.Supplier {
		r.OutTrunk = one(g, "", "carrier1", "carrier2", "carrier2", "carrier3")
	}
	if !g.names(r.Feed) {
		r.Account = "unassigned"
	}
}

// direction writes which way a record went, in one of the ways that mean the
// same.
func (g *generator) direction(r oracle.Record) string {
	switch {
	case !g.w.settings.Feeds[r.Feed].Both:
		return one(g, "", "sideways") // which the feed does not read
	case r.Inbound:
		return one(g, "in", "inbound", "INBOUND")
	}
	return one(g, "out", "outbound", "Outbound")
}

func (w *world) feed(id string, f oracle.Feed, zone string) book.Feed {
	source := cdr.Feed{ID: id, Format: cdr.Generic, Zone: zone}
	switch {
	case f.Both:
		source.Direction = cdr.BothWays
	case f.Inbound:
		source.Direction = cdr.InboundOnly
	}
	for _, m := range f.Means {
		known, ok := map[oracle.Means]cdr.Means{
			oracle.AccountField: cdr.AccountField, oracle.Caller: cdr.Caller, oracle.Called: cdr.Called, oracle.Trunk: cdr.Trunk,
		}[m]
		if !ok {
			known = cdr.Fixed + cdr.Means(m)
		}
		source.Identify = append(source.Identify, known)
	}
	for _, c := range []struct {
		asked bool
		whom  cdr.Further
	}{{f.Supplier, cdr.Supplier}, {f.Callee, cdr.Callee}, {f.Resellers, cdr.Resellers}} {
		if c.asked {
			source.Charges = append(source.Charges, c.whom)
		}
	}
	return book.Feed{Source: source, Cycle: f.Cycle, Unquoted: w.unquoted[id], Trunks: trunksOf(f.Trunks), Suppliers: trunksOf(f.OutTrunks)}
}

func trunksOf(trunks map[string][]oracle.Owner) []book.Trunk {
	var out []book.Trunk
	for _, name := range sorted(trunks) {
		out = append(out, book.Trunk{Trunk: name, Owners: ownersOf(trunks[name])})
	}
	return out
}

func numbersOf(numbers []oracle.Number) []book.Number {
	var out []book.Number
	for _, n := range numbers {
		b := book.Number{Number: n.First, Owners: ownersOf(n.Owners)}
		if n.Last != n.First {
			b.Last = n.Last
		}
		out = append(out, b)
	}
	return out
}

func ownersOf(owners []oracle.Owner) []book.Owner {
	var out []book.Owner
	for _, o := range owners {
		b := book.Owner{Account: o.Account}
		if o.From != math.MinInt64 {
			b.From = time.Unix(0, o.From).UTC()
		}
		out = append(out, b)
	}
	return out
}
