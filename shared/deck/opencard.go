package deck

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/shared/table"
)

// openCard is what a card of the open rate card says beside its rates
// (github.com/connexcs/open-rate-card, SPECIFICATION.md): what a row leaves out, or
// has null for, it has from here.
type openCard struct {
	is         bool
	connection money.Price // fee of a call
	to         int64       // when the rates end; 0: open
	kind       call.Kind
	precision  int   // decimals of a rate; -1: not said
	finer      int64 // rows with a price of more
}

// cardFacts are the values of one card: path of the card → by name within it, and
// above it.
type cardFacts struct {
	facts map[string]string
	card  string
}

func (c cardFacts) of(name string) (path, value string) {
	path = c.card + "." + name
	return path, c.facts[path]
}

// isOther reports whether a value is that of another card of the file.
func (c cardFacts) isOther(path string) bool {
	return c.card != "" && strings.HasPrefix(path, "cards.") && !strings.HasPrefix(path, c.card+".")
}

// factsOf returns the values of the card whose rows are in a sheet; a card of "" is
// none of the format.
func factsOf(f *table.File, sheet int) cardFacts {
	card, ok := strings.CutSuffix(f.Path(sheet), ".rates")
	if !ok || !strings.HasPrefix(card, "cards.") {
		card = ""
	}
	return cardFacts{f.Facts(), card}
}

// readCard takes what a card of the open rate card says for all of its rates.
func (d *deck) readCard(p *place) error {
	c := d.facts
	d.card.precision = -1
	if c.card == "" {
		return nil
	}
	d.card.is = true
	for _, read := range []func(cardFacts, *place) error{d.cardKind, d.cardIncrements, d.cardFee, d.cardTimes} {
		if err := read(c, p); err != nil {
			return err
		}
	}
	d.cardNotices(c)
	return nil
}

func (d *deck) guessed(what, value, path string) {
	d.report.Guesses = append(d.report.Guesses, Guess{what, value, fmt.Sprintf("%q says so", path)})
}

// cardKind reads what the traffic is.
func (d *deck) cardKind(c cardFacts, p *place) error {
	path, traffic := c.of("traffic_type")
	if traffic == "" {
		if path, traffic = c.of("type"); traffic != "messaging" {
			return nil
		}
	}
	switch traffic {
	case "sms", "mms", "messaging":
		d.card.kind = call.SMS
	case "voice", "fax", "video":
	default:
		if !p.has(kind) {
			return p.fail(fmt.Sprintf("%s is %q, whose prices may be for anything: want voice, sms or mms, or a field \"kind\" in each row", path, clip(traffic)))
		}
	}
	if d.card.kind != call.Voice && !p.has(kind) {
		d.guessed("kind", d.card.kind.String(), path)
	}
	return nil
}

// cardIncrements reads the intervals of rows without their own.
func (d *deck) cardIncrements(c cardFacts, p *place) error {
	given := 0
	for _, fact := range []struct {
		name string
		to   *uint32
	}{{"rate.default_initial", &d.default1}, {"rate.default_pulse", &d.defaultN}} {
		path, text := c.of(fact.name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil || n < 1 || n > rating.MaxInterval {
			return p.fail(fmt.Sprintf("%s is %q, want whole seconds, 1 to %d", path, clip(text), rating.MaxInterval))
		}
		*fact.to = uint32(n)
		given++
	}
	if given > 0 {
		d.assumed = d.assumed && given < 2
		d.guessed("increments", fmt.Sprintf("%d/%d", d.default1, d.defaultN), c.card+".rate")
	}
	return nil
}

// cardFee reads the connection fee of rows without their own.
func (d *deck) cardFee(c cardFacts, p *place) error {
	path, text := c.of("rate.connection")
	if text == "" {
		d.card.connection = d.options.ConnectionFee
		return nil
	}
	fee, kind, err := cells.ParsePrice([]byte(text), cells.PriceRules{})
	if err != nil || kind != cells.Price {
		return p.fail(fmt.Sprintf("%s is %q, want 0 or more", path, clip(text)))
	}
	if d.card.connection = fee; fee != 0 {
		d.guessed("connection fee", fee.String(), path)
	}
	return nil
}

// cardTimes reads the zone of dates, and from when to when the card holds.
func (d *deck) cardTimes(c cardFacts, p *place) error {
	if name := c.facts["timezone"]; name != "" && d.template.Zone == "" {
		zone, err := (&Template{Zone: name}).zone()
		if err != nil {
			return p.fail(fmt.Sprintf("timezone is %q, want an IANA zone, such as Europe/London", clip(name)))
		}
		if d.zone = zone; zone != time.UTC {
			d.guessed("zone", name, "timezone")
		}
	}
	for _, fact := range []struct {
		name, what string
		to         *int64
	}{{"effective_date", "effective from", &d.defaultFrom}, {"expiry_date", "effective to", &d.card.to}} {
		path, text := c.of(fact.name)
		if text == "" {
			path, text = fact.name, c.facts[fact.name]
		}
		if text == "" {
			continue
		}
		at, asap, err := cells.ParseDate([]byte(text), cells.YearFirst, d.zone)
		if err != nil || asap {
			return p.fail(fmt.Sprintf("%s is %q, want a date or an instant, such as 2026-11-30T00:00:00Z", path, clip(text)))
		}
		*fact.to = at.UnixNano()
		d.guessed(fact.what, at.Format(time.RFC3339), path)
	}
	return nil
}

// cardNotices says what of the card is for people, and for other parts of an
// installation.
func (d *deck) cardNotices(c cardFacts) {
	say := func(format string, args ...any) {
		d.report.Notices = append(d.report.Notices, fmt.Sprintf(format, args...))
	}
	if _, text := c.of("rate.precision"); text != "" {
		if n, err := strconv.Atoi(text); err == nil && n >= 0 {
			d.card.precision = n
		}
	}
	_, decimals := c.of("charge.precision")
	_, rounding := c.of("charge.rounding")
	if decimals+rounding != "" {
		say("The card rounds charges (precision %s, rounding %s): here the terms of the card that charges say how.", or(decimals), or(rounding))
	}
	if _, tech := c.of("tech_prefix"); tech != "" {
		say("Calls are sent with the tech prefix %q in front of the number: the codes are without it.", clip(tech))
	}
	_, kind := c.of("type")
	_, direction := c.of("direction")
	if direction == "inbound" || direction == "bidirectional" || slices.Contains([]string{"origination", "did", "toll_free"}, kind) {
		say("The card is for calls that come in (type %s, direction %s): its prices are charged for the usage that it is assigned for.", or(clip(kind)), or(clip(direction)))
	}
	var fees []string
	for _, path := range slices.Sorted(maps.Keys(c.facts)) {
		if name, ok := strings.CutPrefix(path, c.card+"."); ok && (strings.HasPrefix(name, "did_pricing.") || strings.HasPrefix(name, "porting.")) {
			fees = append(fees, name)
		}
	}
	if len(fees) > 0 {
		say("What numbers cost was not read: %s.", quotedList(fees))
	}
}

func or(s string) string {
	if s == "" {
		return "not said"
	}
	return s
}

// leaves reports whether the row leaves out what the deck's card says for all.
func (d *deck) leaves(m meaning) bool { return !d.has(m) || d.card.is && d.blank(m) }

// precise counts a row whose price has more decimals than its card says.
func (d *deck) precise() {
	if d.card.precision < 0 {
		return
	}
	for i := range d.rates {
		for _, p := range [...]money.Price{d.rates[i].Price1, d.rates[i].PriceN} {
			if _, fraction, _ := strings.Cut(p.String(), "."); len(fraction) > d.card.precision {
				d.card.finer++
				return
			}
		}
	}
}
