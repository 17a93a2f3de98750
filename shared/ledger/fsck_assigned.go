package ledger

import (
	"slices"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// ownChoice is by what a record is priced, as fsck finds it.
type ownChoice struct {
	reason call.Reason // of no image
	images [2]string   // of the assigned card, and of a fallback; empty: none
	rateAs string
}

// choose goes over all assignments of the account, then over all fallbacks: those
// are for customers, as is what call types have rated as other.
func (b *ownBook) choose(of *call.Record, role call.Role) (out ownChoice) {
	charged := *of
	r := &charged
	if role == call.Callee {
		r.Direction = call.Inbound
	}
	a := b.accounts[r.Account]
	if a == nil || a.supplier != (role == call.Supplier) {
		return ownChoice{reason: call.NoAccount}
	}
	out.reason = call.NoCard
	class := ""
	if t := b.callType(r); t != nil {
		class, out.rateAs = t.Class, t.RateAs
	}
	own := r.ANumber
	if r.Direction == call.Inbound {
		own = r.BNumber
	}
	month := period.Of(r.At(), b.zones[a.Cycle])
	var card, fallback string
	var best []int
	for _, s := range a.assignments {
		rank, ok := ownRank(s.Class, s.Direction, s.From, class, r.Direction, month)
		rank = append([]int{len(s.Number)}, rank...)
		if ok && (s.Number == "" || s.Number == own) && slices.Compare(rank, best) > 0 {
			card, best = s.Card, rank
		}
	}
	best = nil
	if a.supplier {
		out.images[0], out.rateAs = b.live(card, r.At()), ""
		return out
	}
	for _, f := range b.book.Fallbacks {
		rank, ok := ownRank(f.Class, f.Direction, f.From, class, r.Direction, month)
		if ok && f.Currency == a.Currency && slices.Compare(rank, best) > 0 {
			fallback, best = f.Card, rank
		}
	}
	out.images[0] = b.live(card, r.At())
	if fallback != card {
		out.images[1] = b.live(fallback, r.At())
	}
	return out
}

// ownRank returns how narrow what is set up for a class, a direction and from a
// month on is, the narrower the greater; ok is false where it is not for usage
// of that class, direction and month.
func ownRank(class string, way book.Direction, from period.Month, of string, went call.Direction, month period.Month) (rank []int, ok bool) {
	asks, asksWay := 0, 0
	if class != "" {
		asks = 1
	}
	if way != "" {
		asksWay = 1
	}
	ok = (class == "" || class == of) && ownWay(way, went) && from.Compare(month) <= 0
	return []int{asks, asksWay, from.Year, int(from.Month)}, ok
}

func ownWay(way book.Direction, went call.Direction) bool {
	return way == "" || way == book.Outbound && went == call.Outbound || way == book.Inbound && went == call.Inbound
}

// callType returns the call type of a record; nil: it has none.
func (b *ownBook) callType(r *call.Record) (best *book.CallType) {
	const least = 7 // digits of what is not short
	n := len(r.BNumber)
	if !isNumber(r.BNumber) {
		n = 0
	}
	var rank []int64
	for digits := 0; digits <= min(n, 15); digits++ {
		if digits > 0 && n < least && digits < n {
			continue
		}
		for _, t := range b.types[r.BNumber[:digits]] {
			begun := t.From.IsZero() || !r.At().Before(t.From)
			over := !t.To.IsZero() && !r.At().Before(t.To)
			if !begun || over || !ownWay(t.Direction, r.Direction) || t.Band != "" && t.Band != r.Tag {
				continue
			}
			this := []int64{int64(digits), int64(min(len(t.Direction), 1)), int64(min(len(t.Band), 1)), t.From.Unix(), int64(t.From.Nanosecond())}
			if best == nil || slices.Compare(this, rank) > 0 {
				best, rank = t, this
			}
		}
	}
	return best
}

// live returns the image of the revision of a card that is live at an instant;
// empty: none is.
func (b *ownBook) live(card string, at time.Time) string {
	revision, from := 0, time.Time{} // the zero time is the card's beginning
	for _, live := range b.cards[card].Log {
		if !live.From.After(at) && !live.From.Before(from) {
			revision, from = live.Revision, live.From
		}
	}
	return b.cards[card].Images[strconv.Itoa(revision)]
}
