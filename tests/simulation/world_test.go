package simulation

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/tests/oracle"
	"github.com/tollbook/tollbook/tests/twin"
)

// world is one seed's settings, records and files: what the oracle is told,
// and what is delivered.
type world struct {
	settings    oracle.Settings // at the end, when all changes are made
	currencies  map[string]string
	months      map[string][]string // by cycle, ascending; YYYY-MM
	files       []*file
	changes     []change
	mends       map[string]mend // by feed: what is wrong with it at first
	versioned   bool            // the inbound bucket keeps what is overwritten
	compactFrom int             // how many parts a fold reads one by one; 0: as always
	keepFrom    int             // how many rows a checkpoint must spare a fold; 0: as always
	closeLast   map[string]bool // by cycle: is the last month closed, too?
	slice       int64           // bytes of a file above which it is cut; 0: none is
	unquoted    map[string]bool // by feed: its files are said to have no quotes
	first       atFirst
}

// file is one object generation, delivered.
type file struct {
	object   string
	feed     string
	data     []byte
	usage    oracle.File
	rejected int64
	ignored  int64
	at       time.Time // when it came in
	late     string    // delivered only after this period was closed; empty = at once
	twice    bool      // its arrival is told twice
	withdraw string    // now, or a period: after that was closed; empty = never
	silent   bool      // its arrival is told to nobody: a sweep must find it
	redo     int       // how often a person has it read again, besides for its feed
	refuse   int       // how often the store refuses to open it
	refused  int       // how often it does so when it is first to be read again
	replaces *file     // the object is overwritten with this
	replaced bool
}

// mend is made to a feed that was not set up rightly: what was read until then
// has to be read again.
type mend struct {
	zone   string // it has at first; empty: there is no such feed at first
	behind int64  // by how many nanoseconds local times are then read too late
	after  string // the period that is closed before; empty: soon
}

// change is made to the settings while the pipeline runs, before any period is
// closed; after that only usage changes, as a book that is changed for closed
// months asks for a re-rating. It is one of these, new.
type change struct {
	account    string // whose assignment it is
	assignment *oracle.Assignment
	callType   *oracle.CallType
	fallback   *oracle.Fallback

	card     string
	revision int // of the card, that becomes live
}

// of says what is changed.
func (c change) of() string {
	switch {
	case c.assignment != nil:
		return "an assignment"
	case c.callType != nil:
		return "a call type"
	case c.fallback != nil:
		return "a fallback"
	}
	return "a card"
}

// row is a line of a file, as text and as what it means.
type row struct {
	record oracle.Record
	kind   rowKind
}

type rowKind int

const (
	usageRow rowKind = iota
	rejectedRow
	ignoredRow
)

const ghost = "ghost" // an account that nobody set up

// generator draws a world.
type generator struct {
	*rand.Rand
	w        *world
	instants []int64 // worth hitting: ends of months, changes of prices
	from, to int64   // all of the months
	next     int
	numbers  []string // of callers and called; empty: as always
}

func newWorld(rng *rand.Rand) *world {
	g := &generator{Rand: rng, w: &world{
		settings: oracle.Settings{
			Zones: map[string]string{}, Feeds: map[string]oracle.Feed{}, Cards: map[string][]oracle.Revision{}, Accounts: map[string]oracle.Account{},
			Suppliers: map[string]bool{},
		},
		currencies: map[string]string{}, months: map[string][]string{}, closeLast: map[string]bool{}, mends: map[string]mend{},
	}}
	g.w.versioned = g.oneIn(2)
	if g.oneIn(3) {
		g.w.compactFrom = 2
	}
	g.cycles()
	g.mends()
	g.cards()
	g.accounts()
	if len(g.w.settings.Suppliers) > 0 || g.oneIn(4) {
		g.switches()
	}
	if g.oneIn(3) {
		g.choices()
	}
	g.changes()
	rows := g.rows()
	g.files(rows)
	g.slices()
	if g.oneIn(3) {
		g.w.keepFrom = 1
	}
	return g.w
}

// slices has the files of some feeds cut, a few of which have a quote after all.
func (g *generator) slices() {
	g.w.unquoted = map[string]bool{}
	if !g.oneIn(3) {
		return
	}
	g.w.slice = one[int64](g, 150, 300, 700)
	for _, feed := range sorted(g.w.settings.Feeds) {
		g.w.unquoted[feed] = !g.oneIn(4)
	}
	quoted := map[string][]byte{} // copies stay copies
	for _, f := range g.w.files {
		before := string(f.data)
		if quoted[before] == nil {
			quoted[before] = f.data
			if end := strings.LastIndex(before, ",\n"); end > strings.Index(before, "\n") && g.oneIn(6) {
				quoted[before] = []byte(before[:end] + `,""` + before[end+1:])
			}
		}
		f.data = quoted[before]
	}
}

func one[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func (g *generator) cycles() {
	// Months in which the clocks change, and the turn of a year.
	first := one(g, "2026-02", "2026-09", "2026-11")
	n := 2 + g.IntN(2)
	zones := []string{"UTC", "Europe/London", "America/New_York"}
	g.Shuffle(len(zones), func(i, j int) { zones[i], zones[j] = zones[j], zones[i] })
	for i := range one(g, 1, 1, 2, 2, 3) {
		cycle := "c" + strconv.Itoa(i+1)
		g.w.settings.Zones[cycle] = zones[i]
		if i > 0 && g.oneIn(3) {
			g.w.settings.Suppliers[cycle] = true // where the records say by whom they went out
		} else {
			g.w.settings.Feeds["switch"+strconv.Itoa(i+1)] = oracle.Feed{Cycle: cycle, Resellers: g.oneIn(3)}
		}
		g.w.closeLast[cycle] = g.oneIn(2)
		for m := range n {
			month := addMonths(first, m)
			g.w.months[cycle] = append(g.w.months[cycle], month)
			g.instants = append(g.instants, monthStart(month, zones[i]))
		}
		g.instants = append(g.instants, monthStart(addMonths(first, n), zones[i]))
	}
	// Where zones begin a month at different instants, the hour is nobody's.
	g.from, g.to = math.MinInt64, math.MaxInt64
	for _, zone := range g.w.settings.Zones {
		g.from, g.to = max(g.from, monthStart(first, zone)), min(g.to, monthStart(addMonths(first, n), zone))
	}
}

// mends sets some feeds up wrongly at first.
func (g *generator) mends() {
	for _, feed := range sorted(g.w.settings.Feeds) {
		m := mend{after: one(g, "", g.closed())}
		switch g.IntN(6) {
		case 0:
		case 1:
			m.zone, m.behind = "Asia/Tokyo", -9*3600e9
		case 2:
			m.zone, m.behind = "Etc/GMT+8", 8*3600e9
		default:
			continue
		}
		g.w.mends[feed] = m
	}
}

func addMonths(month string, n int) string {
	t, err := time.Parse("2006-01", month)
	if err != nil {
		panic(err)
	}
	return t.AddDate(0, n, 0).Format("2006-01")
}

func monthStart(month, zone string) int64 {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	t, err := time.ParseInLocation("2006-01", month, loc)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func (g *generator) cards() {
	for i := range 1 + g.IntN(2) {
		id := "card" + strconv.Itoa(i+1)
		g.w.currencies[id] = one(g, "GBP", "EUR", "JPY")
		if i > 0 && g.oneIn(2) {
			g.w.currencies[id] = g.w.currencies["card1"]
		}
		for n := range 1 + g.IntN(3) {
			rev := oracle.Revision{From: math.MinInt64, Terms: g.terms()}
			rev.Rates = g.rates(rev.Terms)
			if n > 0 {
				rev.From = (g.from + g.Int64N(g.to-g.from)) / 1e9 * 1e9
				g.instants = append(g.instants, rev.From)
			}
			g.w.settings.Cards[id] = append(g.w.settings.Cards[id], rev)
		}
	}
}

func (g *generator) terms() twin.Terms {
	methods := []string{"half-up", "half-down", "up", "down"}
	t := twin.Terms{
		Decimals: one(g, 0, 2, 4, 4, 6), Rounding: one(g, methods...), DurationRounding: one(g, methods...), KeepFractions: g.oneIn(8),
		Model: one(g, twin.FirstThenPulse, twin.FirstThenPulse, twin.WholeCallMultiple), ChargeZeroSeconds: g.oneIn(4), ShortDigits: one(g, 7, 7, 0),
		Grace: one[int64](g, 0, 0, 0, 3, 60), GraceMode: one(g, twin.GraceUnder, twin.GraceUpTo, twin.GraceDeducted),
		MinCharge: one(g, "", "", "", "0.02"), Surcharge: one(g, "", "", "", "0.1"),
	}
	if g.oneIn(3) {
		t.Bands = &twin.Bands{
			Zone: one(g, "", "Europe/London"), Split: g.oneIn(2), Names: []string{"Peak", "Other"},
			Windows: []twin.Window{
				{Band: "Peak", Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "07:00", To: "19:00"}, {Band: "Other", From: "00:00", To: "24:00"},
			},
		}
	}
	return t
}

// rates draws rows by prefix, and some that hold only in a band, for a tag or
// from an instant on, or are for messages.
func (g *generator) rates(t twin.Terms) []twin.Rate {
	prefixes := []string{"", "1", "112", "1212", "44", "447", "4479", "4420", "33", "336"}
	g.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
	var rates []twin.Rate
	for _, p := range prefixes[:4+g.IntN(len(prefixes)-4)] {
		r := twin.Rate{
			Prefix: p, Price1: g.price(), PriceN: g.price(), ConnectionFee: one(g, "0", "0", "0.05", "0.1234567"),
			Interval1: one[int64](g, 0, 1, 6, 30, 60), IntervalN: one[int64](g, 1, 6, 30, 60), Blocked: g.oneIn(8),
		}
		if g.oneIn(10) {
			r.PriceN, r.IntervalN = "0", 0
			if r.Interval1 == 0 {
				r.Price1 = "0"
			}
		}
		rates = append(rates, r)
		other := func(change func(*twin.Rate)) {
			o := r
			o.ConnectionFee, o.Blocked = "0.0078125", false
			change(&o)
			rates = append(rates, o)
		}
		if t.Bands != nil && g.oneIn(2) {
			other(func(o *twin.Rate) { o.Band = one(g, t.Bands.Names...) })
		}
		if g.oneIn(4) {
			other(func(o *twin.Rate) {
				o.From = one(g, g.instants...) + one[int64](g, 0, 0, 3600e9)
				o.To = one(g, 0, o.From+86400e9)
			})
		}
		if g.oneIn(4) {
			other(func(o *twin.Rate) { o.Tag = "gold" })
		}
		if g.oneIn(2) {
			rates = append(rates, twin.Rate{Kind: twin.SMS, Prefix: p, Price1: g.price(), PriceN: g.price(), Interval1: one[int64](g, 0, 1, 3), IntervalN: 1})
		}
	}
	return rates
}

func (g *generator) price() string {
	if g.oneIn(8) {
		return "0"
	}
	return fmt.Sprintf("%d.%0*d", g.IntN(2), 1+g.IntN(6), g.IntN(10))
}

func (g *generator) accounts() {
	cycles, cards := sorted(g.w.settings.Zones), sorted(g.w.settings.Cards)
	n := 2 + g.IntN(5)
	for i := range max(n, len(cycles)) {
		a := oracle.Account{Cycle: cycles[i%len(cycles)]}
		months := g.w.months[a.Cycle]
		card := one(g, cards...)
		switch g.IntN(8) {
		case 0: // a month without a card
			a.Cards = []oracle.Assignment{{From: months[1], Card: card}}
		case 1: // another card later
			a.Cards = []oracle.Assignment{{From: months[0], Card: card}, {From: months[1], Card: g.sameCurrency(card)}}
		default:
			a.Cards = []oracle.Assignment{{From: addMonths(months[0], -g.IntN(3)), Card: card}}
		}
		id := "acc" + strconv.Itoa(i+1)
		if !g.w.settings.Suppliers[a.Cycle] {
			if g.oneIn(2) {
				a.Features = g.features(months)
			}
			if above := g.customers(); len(above) > 0 && g.oneIn(2) {
				a.Parent = one(g, above...)
			}
		}
		a.Currency = g.w.currencies[card]
		g.w.currencies[id] = a.Currency
		a.Digits = map[string]int{"GBP": 2, "EUR": 2, "JPY": 0}[a.Currency]
		g.w.settings.Accounts[id] = a
	}
}

// customers returns the accounts that are no suppliers.
func (g *generator) customers() []string {
	return slices.DeleteFunc(sorted(g.w.settings.Accounts), func(id string) bool { return g.w.settings.Suppliers[g.w.settings.Accounts[id].Cycle] })
}

func (g *generator) sameCurrency(card string) string {
	same := slices.DeleteFunc(sorted(g.w.settings.Cards), func(c string) bool { return g.w.currencies[c] != g.w.currencies[card] })
	return one(g, same...)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (g *generator) features(months []string) []oracle.Feature {
	var out []oracle.Feature
	for i := range 1 + g.IntN(2) {
		f := oracle.Feature{ID: "feature" + strconv.Itoa(i+1), Recurring: "0"}
		month := one(g, append([]string{addMonths(months[0], -1)}, months...)...)
		f.Start = fmt.Sprintf("%s-%02d", month, 1+g.IntN(28))
		if g.oneIn(3) {
			end := fmt.Sprintf("%s-%02d", one(g, months...), 1+g.IntN(28))
			if end >= f.Start {
				f.End = end
			}
		}
		if g.oneIn(2) {
			f.Recurring = one(g, "10", "4.99", "-1.5", "100")
		}
		if f.Grants = f.Recurring == "0" || g.oneIn(2); f.Grants {
			f.Minutes = one[int64](g, 0, 1, 3, 10, 30, 100)
			f.RoundBy = one[int64](g, 0, 0, 0, 6, 60)
			f.Prorate = g.oneIn(3)
			f.Multiplier = one[int64](g, 0, 0, 2)
		}
		f.Count = one[int64](g, 0, 0, 3)
		out = append(out, f)
		zone := g.w.settings.Zones["c1"]
		day, err := time.Parse(time.DateOnly, f.Start)
		if err != nil {
			panic(err)
		}
		g.instants = append(g.instants, monthStart(month, zone)+int64(day.Day()-1)*86400e9)
	}
	return out
}

// changes holds back some of the settings: they are made while files are
// already being rated.
func (g *generator) changes() {
	for _, id := range sorted(g.w.settings.Accounts) {
		for i := range g.w.settings.Accounts[id].Cards {
			if g.oneIn(6) {
				g.w.changes = append(g.w.changes, change{account: id, assignment: &g.w.settings.Accounts[id].Cards[i]})
			}
		}
	}
	for i := range g.w.settings.CallTypes {
		if g.oneIn(4) {
			g.w.changes = append(g.w.changes, change{callType: &g.w.settings.CallTypes[i]})
		}
	}
	for i := range g.w.settings.Fallbacks {
		if g.oneIn(3) {
			g.w.changes = append(g.w.changes, change{fallback: &g.w.settings.Fallbacks[i]})
		}
	}
	for _, id := range sorted(g.w.settings.Cards) {
		if n := len(g.w.settings.Cards[id]); n > 1 && g.oneIn(2) {
			g.w.changes = append(g.w.changes, change{card: id, revision: n})
		}
	}
}

// rows draws the records, their copies and rivals, and the dirt.
func (g *generator) rows() []row {
	var rows []row
	for range 10 + g.IntN(50) {
		r := g.record(one(g, sorted(g.w.settings.Feeds)...))
		rows = append(rows, row{record: r})
		switch g.IntN(8) {
		case 0: // delivered again
			for range 1 + g.IntN(4) {
				rows = append(rows, row{record: r})
			}
		case 1: // another content
			for range 1 + g.IntN(2) {
				rows = append(rows, row{record: g.rival(r)})
			}
		case 2, 3: // the same instant, so that the order must be told by more
			for range 1 + g.IntN(2) {
				o := g.record(r.Feed)
				o.Instant, o.Account = r.Instant, r.Account
				rows = append(rows, row{record: o})
			}
		case 4:
			kind := one(g, rejectedRow, ignoredRow)
			if r.Kind != "" {
				kind = rejectedRow // only a call can be unanswered
			}
			rows = append(rows, row{record: r, kind: kind})
		}
	}
	g.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}

func (g *generator) record(feed string) oracle.Record {
	g.next++
	r := oracle.Record{
		Feed: feed, CallID: "call" + strconv.Itoa(g.next), Leg: one(g, "", "", "a"), Version: one[uint64](g, 0, 0, 1),
		Instant: g.instant(), Nanos: g.duration(), Account: g.account(), A: g.caller(), B: g.number(),
	}
	if g.oneIn(6) {
		r.CallID = ""
	}
	if g.oneIn(6) {
		r.Kind, r.Nanos, r.Units = twin.SMS, 0, g.Int64N(5)
	}
	if g.oneIn(8) {
		r.Tag = one(g, "gold", "silver")
	}
	g.route(&r)
	return r
}

func (g *generator) account() string {
	if g.oneIn(15) {
		return one(g, ghost, "unassigned")
	}
	return one(g, sorted(g.w.settings.Accounts)...)
}

func (g *generator) instant() int64 {
	at := g.from + g.Int64N(g.to-g.from)
	if g.oneIn(4) {
		at = one(g, g.instants...) + one[int64](g, -1e9, -1, 0, 1e9)
	}
	if at%1e9 != 0 && !g.oneIn(4) {
		at = at / 1e9 * 1e9
	}
	return min(max(at, g.from), g.to-1)
}

func (g *generator) duration() int64 {
	switch g.IntN(8) {
	case 0:
		return 0
	case 1:
		return g.Int64N(90e9)
	case 2:
		return g.Int64N(90)*1e9 + 5e8
	case 3:
		return g.Int64N(3600) * 1e9
	default:
		return g.Int64N(300) * 1e9
	}
}

func (g *generator) number() string {
	if len(g.numbers) > 0 && g.oneIn(2) {
		return one(g, g.numbers...)
	}
	return one(g, "112", "100", "44791", "442079460000", "447911123456", "447011123456", "12125550100", "15145550100",
		"33612345678", "33142685300", "998901234567")
}

// rival has the identity of r and another content: which of them counts is
// decided by version and hash alone.
func (g *generator) rival(r oracle.Record) oracle.Record {
	if g.oneIn(2) {
		r.Version = g.Uint64N(3)
	}
	switch g.IntN(5) {
	case 0:
		r.A, r.B = g.caller(), g.number()
		g.route(&r)
	case 1, 2:
		// To another account, perhaps of another cycle.
		if r.A = g.caller(); g.names(r.Feed) {
			r.Account = one(g, append(sorted(g.w.settings.Accounts), ghost)...)
		}
	default:
		if r.Kind == "" {
			r.Nanos = g.duration()
		} else {
			r.Units = g.Int64N(5)
		}
	}
	return r
}

// files splits the rows and decides how each file comes.
func (g *generator) files(rows []row) {
	n := 2 + g.IntN(5)
	split := map[string][][]row{}
	for _, feed := range sorted(g.w.settings.Feeds) {
		split[feed] = make([][]row, n)
	}
	for _, r := range rows {
		to := split[r.record.Feed]
		at := g.IntN(n)
		to[at] = append(to[at], r)
		if g.oneIn(8) { // files overlap
			at = g.IntN(n)
			to[at] = append(to[at], r)
		}
	}
	for _, feed := range sorted(split) {
		for _, rows := range split[feed] {
			if len(rows) == 0 {
				continue
			}
			g.file(feed, rows)
		}
	}
}

func (g *generator) file(feed string, rows []row) {
	replaced := g.oneIn(6)
	// One that may be lost has to be read the same by its feed at any time.
	f := g.newFile(feed, rows, replaced && !g.w.versioned)
	if g.oneIn(3) {
		f.late = g.closed()
	}
	f.twice = g.oneIn(4)
	switch g.IntN(8) {
	case 0:
		f.withdraw = "now"
	case 1:
		f.withdraw = g.closed()
	}
	f.silent = !replaced && g.oneIn(6)
	if g.oneIn(4) {
		f.redo = 1 + g.IntN(2)
	}
	if g.oneIn(5) {
		f.refuse = 1 + g.IntN(12)
	}
	if g.oneIn(5) {
		f.refused = 3 + g.IntN(8)
	}
	if g.oneIn(6) { // the same bytes under another name
		c := *f
		c.object += "-copy"
		c.silent = g.oneIn(6)
		c.late = one(g, "", f.late, g.closed())
		c.withdraw = one(g, "", "now")
		g.w.files = append(g.w.files, &c)
	}
	if replaced {
		keep := rows[:g.IntN(len(rows)+1)]
		o := g.newFile(feed, append(keep[:len(keep):len(keep)], rows[g.IntN(len(rows))]), false)
		o.object, o.at, o.late, o.replaces, f.replaced = f.object, f.at.Add(time.Hour), f.late, f, true
		if string(o.data) == string(f.data) {
			panic("simulation: a file is replaced by itself")
		}
	}
}

// closed names a period that is closed while the tasks run, or none.
func (g *generator) closed() string {
	cycle := one(g, sorted(g.w.months)...)
	months := g.w.months[cycle]
	if !g.w.closeLast[cycle] {
		months = months[:len(months)-1]
	}
	return cycle + ":" + one(g, months...)
}

func (g *generator) newFile(feed string, rows []row, exact bool) *file {
	f := &file{
		object: fmt.Sprintf("%s/%03d.csv", feed, len(g.w.files)+1), feed: feed,
		at: time.Unix(0, g.from+g.Int64N(g.to-g.from)).UTC().Truncate(time.Second),
	}
	var text strings.Builder
	// The number in the header keeps two files from being one by accident.
	fmt.Fprintf(&text, "call_id,account,a_number,b_number,start_time,duration,disposition,leg,version,kind,units,tag,direction,trunk,out_trunk,n%d\n", len(g.w.files)+1)
	for _, r := range rows {
		switch r.kind {
		case rejectedRow:
			f.rejected++
		case ignoredRow:
			f.ignored++
		default:
			f.usage.Records = append(f.usage.Records, r.record)
		}
		text.WriteString(g.line(r, exact))
		if g.oneIn(10) {
			text.WriteString("\n") // a blank line is no row
		}
	}
	f.data = []byte(text.String())
	g.w.files = append(g.w.files, f)
	return f
}

// line writes a row in one of the ways that mean the same; an exact one also
// while its feed is not mended. No time is read outside the months.
func (g *generator) line(r row, exact bool) string {
	c := r.record
	at := time.Unix(0, c.Instant).UTC().Format("2006-01-02T15:04:05.999999999Z")
	local := c.Instant + g.w.mends[c.Feed].behind
	switch how := g.IntN(3); {
	case how == 0 && !exact && local >= g.from && local < g.to:
		at = time.Unix(0, c.Instant).UTC().Format("2006-01-02 15:04:05.999999999")
	case how == 1:
		at = time.Unix(0, c.Instant).In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.999999999-07:00")
	}
	duration := strconv.FormatInt(c.Nanos/1e9, 10)
	if c.Nanos%1e9 != 0 || g.oneIn(5) {
		duration += fmt.Sprintf(".%09d", c.Nanos%1e9)
	}
	b, account, disposition := one(g, "", "+", "00")+c.B, c.Account, one(g, "ANSWERED", "")
	switch {
	case !g.names(c.Feed):
		account = one(g, "", "acc1") // the feed has no use for it
	case account == "unassigned":
		account = ""
	}
	kind, units := one(g, "", "voice"), ""
	switch {
	case c.Kind != "":
		kind, units, duration, disposition = c.Kind, strconv.FormatInt(c.Units, 10), one(g, "", "9"), one(g, "", "NO ANSWER")
	case c.Nanos == 0:
		disposition = "ANSWERED" // a call of 0 s may not have been
	}
	switch r.kind {
	case rejectedRow:
		switch g.IntN(4) {
		case 0:
			at = "31/12/2026"
		case 1:
			duration, units = "-5", "-5"
		case 2:
			b = "nobody"
		default:
			return "only,three,columns\n"
		}
	case ignoredRow:
		disposition = "NO ANSWER"
	}
	return strings.Join([]string{c.CallID, account, c.A, b, at, duration, disposition, c.Leg, strconv.FormatUint(c.Version, 10), kind, units, c.Tag, g.direction(c), c.Trunk, c.OutTrunk, ""}, ",") + "\n"
}
