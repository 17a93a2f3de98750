package oracle

import "strings"

// Assignment is the card that an account has from the first day of a month on:
// for all its usage, or for that of a number, a direction or a class.
type Assignment struct {
	Number string // the account's own; empty: any
	Usage
	From string // YYYY-MM
	Card string
}

// Fallback is the card of what is left without a price.
type Fallback struct {
	Usage
	Currency string
	From     string // YYYY-MM
	Card     string
}

// Usage narrows what a card is for.
type Usage struct {
	Way   Way
	Class string // tariff class, of a call type; empty: any, and none
}

// Way is a direction; empty: both.
type Way string

// The ways.
const (
	Out Way = "outbound"
	In  Way = "inbound"
)

// CallType says what usage is to a customer. Of those that hold the one with
// the longest prefix decides; then one for the way, one for the tag, the latest.
type CallType struct {
	ID       string
	Prefixes []string // of the called number; a short number needs all its digits, or the empty one
	Way      Way
	Tag      string // empty: any
	Class    string
	RateAs   string // looked up in place of the number; empty: the number
	From, To int64  // Unix nanoseconds, half-open; 0 = open
}

// cards returns the cards that price a charge, the first and what is left for
// the second, and as what.
func (o *oracle) cards(c charge, month string) (card, fallback, rateAs string) {
	a, ok := o.charged(c)
	if !ok {
		return "", "", ""
	}
	way, own := Out, c.A
	if c.Inbound || c.role == callee {
		way, own = In, c.B
	}
	class := ""
	if t := o.callType(c.Record, way); t != nil {
		class, rateAs = t.Class, t.RateAs
		o.decided("a call type")
	}
	best := ""
	for _, x := range a.Cards {
		if x.Number != "" && x.Number != own || x.From > month || !x.holds(class, way) {
			continue
		}
		// Its own number first, then how narrow it is, then the latest.
		rank := given(x.Number) + x.narrow() + x.From
		if rank > best {
			card, best = x.Card, rank
		}
	}
	if best != "" {
		by := "account"
		for i, narrowed := range []string{"number", " and class", " and way"} {
			switch {
			case best[i] == '0':
			case i == 0:
				by = narrowed
			default:
				by += narrowed
			}
		}
		o.decided("a card by " + by)
	}
	if c.role == supplier {
		o.decided("a card of the supplier's")
		return card, "", ""
	}
	best = ""
	for _, x := range o.settings.Fallbacks {
		if x.Currency != a.Currency || x.From > month || !x.holds(class, way) {
			continue
		}
		if rank := x.narrow() + x.From; rank > best {
			fallback, best = x.Card, rank
		}
	}
	return card, fallback, rateAs
}

func (u Usage) holds(class string, way Way) bool {
	return (u.Class == "" || u.Class == class) && (u.Way == "" || u.Way == way)
}

// narrow is the greater the narrower: for a class goes before for a way.
func (u Usage) narrow() string { return given(u.Class) + given(string(u.Way)) }

func given(s string) string {
	if s == "" {
		return "0"
	}
	return "1"
}

// callType returns the call type of a record that went a way; nil: none holds.
func (o *oracle) callType(r Record, way Way) *CallType {
	const short = 7 // digits that a number of a country has
	var best *CallType
	var longest int
	for i, t := range o.settings.CallTypes {
		if t.Way != "" && t.Way != way || t.Tag != "" && t.Tag != r.Tag || r.Instant < t.From || t.To != 0 && r.Instant >= t.To {
			continue
		}
		for _, p := range t.Prefixes {
			if !strings.HasPrefix(r.B, p) || len(r.B) < short && p != "" && p != r.B {
				continue
			}
			if best == nil || len(p) > longest || len(p) == longest && preferred(t, *best) {
				best, longest = &o.settings.CallTypes[i], len(p)
			}
		}
	}
	return best
}

func preferred(a, b CallType) bool {
	x, y := given(string(a.Way))+given(a.Tag), given(string(b.Way))+given(b.Tag)
	return x > y || x == y && a.From > b.From
}
