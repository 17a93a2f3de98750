package deck

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// surcharge is a column of what callers of a group pay on top of a row's prices
// (JeraSoft: additive rates; UK carriers: origin based rating). A row with one is two
// rates: that for all, and that for callers of the group, with the sum.
type surcharge struct {
	group    string // "": the one that the row is for
	at       int    // index of the field
	percent  bool   // numbers are percentages
	minute   bool   // the header says that it is per minute
	currency string // that the header names
	sure     bool   // the header, or a template, says that it is about callers
}

// surchargeHeader is what a header that speaks of a surcharge says.
func surchargeHeader(header string) (s surcharge, ok bool) {
	var name []string
	for _, word := range strings.FieldsFunc(header, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("()[]/_:,;", c) }) {
		// "OBR-Surcharge" is two words, "non-EEA" is one.
		parts := []string{word}
		if slices.ContainsFunc(strings.Split(word, "-"), func(p string) bool { return surchargeWords[plainWord(p)] == saysSurcharge }) {
			parts = strings.Split(word, "-")
		}
		for _, w := range parts {
			what := surchargeWords[plainWord(w)]
			if code := currencyOf(w); code != "" && s.currency == "" {
				s.currency = code
				continue
			}
			switch what {
			case saysSurcharge:
				ok = true
			case saysCallers:
				s.sure = true
			case saysPercent:
				s.percent = true
			case saysMinute:
				s.minute = true
			case saysNothing:
			case saysOther:
				return s, false
			default:
				if w != "" {
					name = append(name, w)
				}
			}
		}
	}
	s.group = strings.Join(name, " ")
	last := ""
	if len(name) > 0 {
		last = plainWord(name[len(name)-1])
	}
	for _, not := range []string{"non", "outside", "extra", "intra"} {
		last = strings.TrimPrefix(last, not)
	}
	s.sure = s.sure || callerRegions[last]
	return s, ok && len(s.group) <= rating.MaxName
}

// plainWord returns a word in lower case, without accents and signs.
func plainWord(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) || strings.ContainsRune("-.'’", c) {
			return -1
		}
		return unicode.ToLower(c)
	}, norm.NFD.String(s))
}

type wordMeaning int

const (
	saysSurcharge wordMeaning = iota + 1
	saysCallers
	saysPercent
	saysMinute
	saysNothing
	saysOther // a surcharge for something else than minutes
)

var surchargeWords = map[string]wordMeaning{
	"surcharge": saysSurcharge, "surcharges": saysSurcharge, "zuschlag": saysSurcharge, "aufschlag": saysSurcharge, "surtaxe": saysSurcharge,
	"recargo": saysSurcharge, "sovrapprezzo": saysSurcharge, "sobretaxa": saysSurcharge, "toeslag": saysSurcharge,
	"origin": saysCallers, "origination": saysCallers, "originating": saysCallers, "obr": saysCallers, "caller": saysCallers,
	"callers": saysCallers, "calling": saysCallers, "cli": saysCallers, "anumber": saysCallers,
	"%": saysPercent, "percent": saysPercent, "percentage": saysPercent, "pct": saysPercent,
	"minute": saysMinute, "min": saysMinute,
	"per": saysNothing, "for": saysNothing, "from": saysNothing, "in": saysNothing, "based": saysNothing, "amount": saysNothing,
	"rate": saysNothing, "price": saysNothing, "$": saysNothing,
	"call": saysOther, "calls": saysOther, "second": saysOther, "sec": saysOther, "month": saysOther, "monthly": saysOther, "fuel": saysOther,
	"fee": saysOther, "pence": saysOther, "p": saysOther, "ppm": saysOther, "cent": saysOther, "cents": saysOther, "ct": saysOther,
	"type": saysOther, "code": saysOther, "codes": saysOther, "group": saysOther, "name": saysOther, "zone": saysOther, "id": saysOther,
	"status": saysOther, "date": saysOther, "currency": saysOther, "note": saysOther, "notes": saysOther, "remark": saysOther, "comment": saysOther,
}

// callerRegions are groups of countries that surcharges are by: the European Economic
// Area in several languages, and the European Union. No destination's surcharge is
// headed by them alone.
var callerRegions = map[string]bool{"eea": true, "eer": true, "ewr": true, "eee": true, "see": true, "eu": true, "ue": true}

// surchargeAt takes a column that nothing else is read from for one of surcharges, by
// the template's word or its header; false: it is none.
func (l *layout) surchargeAt(i int, t *Template) bool {
	header := l.headers[i]
	if header == "" || l.role == namedCodes || l.role == callerCodes {
		return false
	}
	if group := t.surchargeOf(header, i); group != "" {
		s, _ := surchargeHeader(header)
		s.group, s.at, s.sure = group, i, true
		l.surcharges = append(l.surcharges, s)
		return true
	}
	s, ok := surchargeHeader(header)
	if ok = ok && !l.bare && !t.ignores(header); ok {
		s.at = i
		l.surcharges = append(l.surcharges, s)
	}
	return ok
}

// surchargeOf returns the group of callers whose surcharges a template says are in a
// column.
func (t *Template) surchargeOf(header string, i int) string {
	if t == nil {
		return ""
	}
	for group, at := range t.Surcharges {
		if at == fmt.Sprintf("#%d", i+1) || !strings.HasPrefix(at, "#") && squeeze(at) == squeeze(header) {
			return group
		}
	}
	return ""
}

// surchargesAsked reports the first column of surcharges that the template asks for,
// and the header does not have.
func (l *layout) surchargesAsked(t *Template) error {
	if t == nil || l.has(origin) || l.role == namedCodes || l.role == callerCodes {
		return nil
	}
	for group, at := range t.Surcharges {
		if !slices.ContainsFunc(l.surcharges, func(s surcharge) bool { return s.group == group }) {
			return l.fail(fmt.Sprintf("no column %q, in which the template says that the surcharges of callers %q are", clip(at), clip(group)))
		}
	}
	return nil
}

// settleSurcharges decides which columns are read as surcharges of callers, once it is
// known whether the file has the codes of groups of callers.
func (l *layout) settleSurcharges(codes bool) error {
	kept := l.surcharges[:0]
	for _, s := range l.surcharges {
		header := l.headers[s.at]
		switch {
		case l.exact, // its rows say the sum
			s.group == "" && !l.named(origin, originPrefix), // whose it is, nothing says
			s.group != "" && !s.sure && !codes:
			l.ignored = append(l.ignored, header)
			l.unread = append(l.unread, header)
			continue
		}
		if i := slices.IndexFunc(kept, func(o surcharge) bool { return foldName(o.group) == foldName(s.group) }); i >= 0 {
			return l.fail(fmt.Sprintf("columns %q and %q are both the surcharge of %s, want one", clip(l.headers[kept[i].at]), clip(header), s.whose()))
		}
		kept = append(kept, s)
		l.last = max(l.last, s.at)
		of := "an amount in the unit of the prices, or a percentage such as 10%, that is added to them"
		if s.percent {
			of = "a percentage of the row's prices, which is added to them"
		}
		l.guess("surcharge", s.whose(), fmt.Sprintf("column %q names them; each cell is %s", clip(header), of))
	}
	l.surcharges = kept
	return nil
}

func (s *surcharge) whose() string {
	if s.group == "" {
		return "the callers that a row is for"
	}
	return fmt.Sprintf("callers %q", clip(s.group))
}

// surcharged is what a deck knows of its surcharges.
type surcharged struct {
	codes [][]string // by column: those of its group, where the file has them
	count []int64    // by column: rates with a surcharge
	of    []sumOfRow // by rate of the row at hand
	plain int64      // rates that have the price for all as the card has another
}

// sumOfRow says how a rate of a row came to be.
type sumOfRow struct {
	column  int  // whose surcharge is in it; -1: none
	group   bool // it is for callers of the column's group
	perhaps bool // it is needed only where the card has another
}

// beginSurcharges holds what headers say against the deck.
func (d *deck) beginSurcharges() error {
	d.sums = surcharged{codes: make([][]string, len(d.surcharges)), count: make([]int64, len(d.surcharges))}
	for _, s := range d.surcharges {
		header := d.headers[s.at]
		switch {
		case s.currency == "" || s.percent || s.currency == d.report.Currency:
		case d.report.Currency == "":
			d.report.Currency = s.currency
			d.report.Guesses = append(d.report.Guesses, Guess{"currency", s.currency, fmt.Sprintf("the header of column %q has it", clip(header))})
		default:
			return d.layout.fail(fmt.Sprintf("the surcharges in column %q are in %s and the prices in %s: want a deck of one currency", clip(header), s.currency, d.report.Currency))
		}
	}
	return nil
}

// joinSurcharges finds the codes of the groups that surcharges are for.
func (d *deck) joinSurcharges() error {
	if d.callers == nil {
		return nil
	}
	for i := range d.surcharges {
		s := &d.surcharges[i]
		if s.group == "" {
			continue
		}
		of, err := d.callers.find(s.group)
		if err != nil {
			return d.layout.fail(fmt.Sprintf("column %q is the surcharge of %s: %v", clip(d.headers[s.at]), s.whose(), err))
		}
		for _, o := range d.surcharges[:i] {
			if o.group == of.name {
				return d.layout.fail(fmt.Sprintf("columns %q and %q are both the surcharge of %s, want one", clip(d.headers[o.at]), clip(d.headers[s.at]), o.whose()))
			}
		}
		s.group = of.name
		for _, c := range of.codes {
			d.sums.codes[i] = append(d.sums.codes[i], codeText(c))
		}
	}
	return nil
}

// surcharge adds to the rates of the row those for callers of a surcharge. All else
// that a row says is said of them, too.
//
// Where a row has no surcharge for a group, its callers pay what all pay, and need no
// rate of their own. But a card may have one from a deck before, with a surcharge that
// is gone or on a price that has changed: it would go on to hold, until the row's own
// date at least, and in a deck that leaves alone what it does not list for ever. There
// the group gets the row's prices as they are.
func (d *deck) surcharge() {
	d.sums.of = d.sums.of[:0]
	for range d.rates {
		d.sums.of = append(d.sums.of, sumOfRow{column: -1})
	}
	if d.action == cells.Delete {
		return // of all callers, or of the rate with the id
	}
	for i := range d.surcharges {
		s := &d.surcharges[i]
		add, kind := d.surchargeCell(s)
		if d.failed {
			return
		}
		none := kind == cells.SurchargeEmpty || kind != cells.SurchargeBlocked && add == 0
		if s.group == "" {
			d.surchargeOfRow(i, add, kind, none)
			continue
		}
		if d.rates[0].Origin != "" {
			if !none {
				d.expectAt(s.at, fmt.Sprintf("nothing, as the row is for callers %q: a surcharge is added to the price for all", clip(d.rates[0].Origin)))
			}
			continue
		}
		if none && d.options.Rated == nil {
			continue
		}
		if !none {
			d.keepCallers(i)
		}
		for k, of := range d.sums.of {
			if of.group || d.rates[k].Local {
				continue // callers of an area have a price of their own
			}
			r := d.rates[k]
			r.Origin = s.group
			d.raise(&r, s, add, kind)
			d.rates, d.sums.of = append(d.rates, r), append(d.sums.of, sumOfRow{i, true, none})
		}
	}
}

// keepCallers keeps the codes of a column's group. Of two groups with a caller in
// common only one can have a surcharge in a row: which of the two prices such a caller
// pays, nothing says.
func (d *deck) keepCallers(column int) {
	s := &d.surcharges[column]
	if codes := d.sums.codes[column]; codes != nil {
		d.keepGroup(origin, s.group, codes)
	}
	for _, of := range d.sums.of {
		if other := of.column; of.group && !of.perhaps && slices.Contains(d.groups.rivals[s.group], d.surcharges[other].group) {
			d.expectAt(s.at, fmt.Sprintf("one price for a caller: column %q has a surcharge, too, and groups %q and %q have callers in common",
				clip(d.headers[d.surcharges[other].at]), clip(d.surcharges[other].group), clip(s.group)))
			return
		}
	}
}

// surchargeOfRow adds what a row of callers has beside their price.
func (d *deck) surchargeOfRow(column int, add money.Price, kind cells.SurchargeKind, none bool) {
	s := &d.surcharges[column]
	switch {
	case none:
		return
	case d.rates[0].Origin == "":
		d.expectAt(s.at, "nothing, or the group of callers in their column, whose price this is added to")
		return
	}
	for k := range d.rates {
		if !d.rates[k].Local {
			d.raise(&d.rates[k], s, add, kind)
			d.sums.of[k].column = column
		}
	}
}

// surchargeCell reads what is added to the row's prices.
func (d *deck) surchargeCell(s *surcharge) (money.Price, cells.SurchargeKind) {
	rules := cells.SurchargeRules{Prices: d.priceRules, Percent: s.percent, Stored: slices.Contains(d.percents, s.at)}
	add, kind, err := cells.ParseSurcharge(d.fields[s.at], rules)
	switch {
	case err != nil:
		d.expectAt(s.at, strings.TrimPrefix(err.Error(), "want "))
	case kind == cells.SurchargeAmount && add != 0 && s.minute && d.wantsPrices() && d.unit != "" && d.unit != Minute:
		d.expectAt(s.at, fmt.Sprintf("a surcharge per %s, as the price of the row is: the column's header says per minute", d.unit))
	}
	return add, kind
}

// raise adds a surcharge to the prices of a rate, exactly.
func (d *deck) raise(r *rating.Rate, s *surcharge, add money.Price, kind cells.SurchargeKind) {
	switch {
	case r.Blocked:
		return
	case kind == cells.SurchargeBlocked:
		r.Blocked, r.Price1, r.PriceN, r.Per = true, 0, 0, 0
		return
	case !d.wantsPrices() && r.Price1 == 0 && r.PriceN == 0:
		return // withdrawn without a price
	}
	prices := []*money.Price{&r.Price1, &r.PriceN}
	if r.IntervalN == 0 || r.Per == rating.PerCall {
		prices = prices[:1] // nothing is billed after the first interval
	}
	for _, p := range prices {
		sum, err := sumOf(*p, add, kind)
		if err != nil {
			most := "is at most " + money.Price(math.MaxInt64).String()
			if errors.Is(err, money.ErrInexact) {
				most = fmt.Sprintf("has at most %d decimals", money.PriceDecimals)
			}
			d.expectAt(s.at, fmt.Sprintf("a surcharge whose sum with the price %s %s", *p, most))
			return
		}
		*p = sum
	}
}

// sumOf adds a surcharge, or a part of it, to a price.
func sumOf(p, add money.Price, kind cells.SurchargeKind) (money.Price, error) {
	more := add.Amount()
	if kind == cells.SurchargePart {
		var err error
		if more, err = p.Amount().Trim().Mul(more.Trim()); err != nil {
			return 0, err
		}
	}
	sum, err := p.Amount().Add(more)
	if err != nil {
		return 0, err
	}
	return money.PriceOf(sum)
}

// expectAt fails the row for what a column of surcharges should hold.
func (d *deck) expectAt(at int, want string) {
	d.fail(RowError{Column: clip(d.headers[at]), Value: clip(string(d.fields[at])), Want: want})
}

// forGroup makes an entry of the row's i-th rate what is to be done about callers of a
// surcharge; false: nothing is. An action and its id are about the rate for all: that
// for the group is set to what the row says, whether there was one or not. Only to add
// a rate where there is one stays an error.
func (d *deck) forGroup(e *Entry, i int) bool {
	of := d.sums.of[i]
	switch {
	case !of.group:
		return true
	case of.perhaps && !d.options.Rated(e.Rate.Prefix, e.Rate.Origin):
		return false
	case of.perhaps && d.sums.codes[of.column] != nil:
		d.keepGroup(origin, e.Rate.Origin, d.sums.codes[of.column])
	}
	if d.action == cells.Set || d.action == cells.Update {
		e.Action = cells.SetOrAdd
	}
	e.ID = ""
	return true
}

// countSurcharges counts what a row was that is read.
func (d *deck) countSurcharges() {
	for i := range d.entries {
		e := &d.entries[i]
		for _, of := range d.sums.of {
			switch {
			case of.column < 0 || of.group && d.surcharges[of.column].group != e.Rate.Origin:
				continue
			case of.perhaps:
				d.sums.plain++
			default:
				d.sums.count[of.column]++
			}
			break
		}
	}
}

// surchargeNotices says what was made of surcharges.
func (d *deck) surchargeNotices() {
	r := &d.report
	for i, s := range d.surcharges {
		n := d.sums.count[i]
		r.Surcharged += n
		r.Notices = append(r.Notices, fmt.Sprintf("Column %q is the surcharge of %s: it is in the price of %s.", clip(d.headers[s.at]), s.whose(), plural(n, "rate", "rates")))
	}
	if n := d.sums.plain; n > 0 {
		r.Notices = append(r.Notices, fmt.Sprintf("The card has a price of callers' own where the deck has no surcharge for them: %s the price for all.", plural(n, "rate gets", "rates get")))
	}
}

// isSurchargeWord reports whether a word beside a price says that it is a surcharge: on
// which price, the row does not say.
func isSurchargeWord(cell []byte) bool {
	word := plainWord(strings.TrimSpace(string(cells.Unwrap(cell))))
	return surchargeWords[word] == saysSurcharge || word == "additive"
}

// callersOf says, behind a prefix that has two rates, whom this one is for where a
// surcharge made it.
func (d *deck) callersOf(r *rating.Rate) string {
	for _, s := range d.surcharges {
		if s.group != "" && s.group == r.Origin {
			return fmt.Sprintf(" and callers %q, whose surcharge is in column %q", clip(r.Origin), clip(d.headers[s.at]))
		}
	}
	return ""
}
