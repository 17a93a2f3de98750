package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// DeckRules say what the decks of a provider card do to its rates, and which of
// them wait for a person.
type DeckRules struct {
	// Kind is how much a deck without actions replaces: full (the default), country
	// or partial; see ratecard.Kind.
	Kind string `doc:"kind,omitempty" json:"kind,omitempty"`
	// Notice is how many days before an increase, and before a decrease, a deck has
	// to come: "7/0", the default, is a custom of the trade.
	Notice string `doc:"notice,omitempty" json:"notice,omitempty"`
	// ShortNotice is what becomes of a row that comes later than that: accept (the
	// default: the report counts it), shift (it holds when the days are over) or
	// reject (it is an error).
	ShortNotice string `doc:"short_notice,omitempty" json:"short_notice,omitempty"`
	// DropLater removes rates that have not begun and that the deck does not list.
	DropLater bool `doc:"drop_later,omitempty" json:"drop_later,omitempty"`
	// Confirm holds every deck until a person approves it.
	Confirm bool `doc:"confirm,omitempty" json:"confirm,omitempty"`
	// Limits hold a deck that goes beyond them until a person approves it.
	Limits ratecard.Sanity `doc:"limits,omitempty" json:"limits,omitzero"`
}

const defaultNotice = "7/0"

var (
	deckKinds    = map[string]ratecard.Kind{"": ratecard.FullAZ, "full": ratecard.FullAZ, "country": ratecard.FullCountry, "partial": ratecard.Partial}
	shortNotices = map[string]ratecard.ShortNotice{"": ratecard.AcceptShort, "accept": ratecard.AcceptShort, "shift": ratecard.ShiftShort, "reject": ratecard.RejectShort}
)

// fields calls bad for each field that says nothing a deck could be held to.
func (r DeckRules) fields(bad func(field, value, want string)) {
	if _, ok := deckKinds[r.Kind]; !ok {
		bad("kind", r.Kind, "full, country or partial")
	}
	if _, err := r.notice(rating.Terms{}, 0); err != nil {
		bad("notice", r.Notice, `days before an increase and before a decrease, 0 to 3660, such as "7/0"`)
	}
	if _, ok := shortNotices[r.ShortNotice]; !ok {
		bad("short_notice", r.ShortNotice, "accept, shift or reject")
	}
	for _, l := range []struct {
		name  string
		value interface{ String() string }
		bad   bool
	}{
		{"max_increase_percent", r.Limits.MaxIncreasePercent, r.Limits.MaxIncreasePercent < 0},
		{"max_decrease_percent", r.Limits.MaxDecreasePercent, r.Limits.MaxDecreasePercent < 0},
		{"max_lost_percent", r.Limits.MaxLostPercent, r.Limits.MaxLostPercent < 0},
	} {
		if l.bad {
			bad("limits."+l.name, l.value.String(), "0 or more; 0 is no limit")
		}
	}
}

// check reports the first of them.
func (r DeckRules) check() (err error) {
	r.fields(func(field, value, want string) {
		if err == nil {
			err = fmt.Errorf("decks.%s %q: want %s", field, value, want)
		}
	})
	return err
}

// holds says why a person has to approve a deck that changes so much.
func (r DeckRules) holds(changes *ratecard.Summary) []string {
	if r.Confirm {
		return append([]string{"Every deck of the card waits for a person."}, changes.Holds(r.Limits)...)
	}
	return changes.Holds(r.Limits)
}

func (r DeckRules) notice(terms rating.Terms, received int64) (ratecard.Notice, error) {
	n := ratecard.Notice{Terms: terms, Received: received}
	text := r.Notice
	if text == "" {
		text = defaultNotice
	}
	up, down, _ := strings.Cut(text, "/")
	for _, p := range []struct {
		text string
		days *int
	}{{up, &n.IncreaseDays}, {down, &n.DecreaseDays}} {
		days, err := strconv.ParseUint(p.text, 10, 16)
		if err != nil || days > ratecard.MaxNoticeDays {
			return n, fmt.Errorf("notice %q: want days such as %q", r.Notice, defaultNotice)
		}
		*p.days = int(days)
	}
	return n, nil
}

// options are those of a deck that came at an instant to a card that has rates.
func (r DeckRules) options(terms rating.Terms, received int64) (o ratecard.Options, err error) {
	o = ratecard.Options{At: received, Kind: deckKinds[r.Kind], CountryOf: countryOf, OnShortNotice: shortNotices[r.ShortNotice], DropLater: r.DropLater}
	o.Notice, err = r.notice(terms, received)
	return o, err
}

// countryOf is the country of a prefix, none where it has several.
func countryOf(prefix string) string {
	region := numbering.EmbeddedPlaces().Of(prefix).Region
	if region == 0 {
		return ""
	}
	return region.Country()
}
