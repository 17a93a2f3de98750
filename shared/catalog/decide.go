package catalog

import (
	"context"
	"fmt"

	"github.com/tollbook/tollbook/shared/documents"
)

// Decision is what a person decides about a deck that was not applied.
type Decision string

// The decisions.
const (
	Approve  Decision = "approve"   // of a held deck: it is applied; of one that its card was given before: again
	Reject   Decision = "reject"    // of a held deck: it is refused
	GoodRows Decision = "good_rows" // of a refused deck: its rows without errors are applied
)

// Decide notes a decision. A deck that is to be applied is received again: Apply
// does the rest. The same decision again changes nothing. documents.ErrNotFound: no
// such deck; ErrRefused: it does not wait for that.
func (c *Catalog) Decide(ctx context.Context, id string, what Decision) (d Deck, err error) {
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		d = Deck{}
		if err := get(tx, deckPath(id), &d); err != nil {
			return err
		}
		switch {
		case what == Approve && d.Approved, what == GoodRows && d.GoodRows, what == Reject && d.Rejected:
			return nil
		case what == Approve && (d.State == DeckHeld || d.State == DeckUnchanged):
			d.State, d.Failure, d.Approved = DeckReceived, "", true
		case what == GoodRows && d.State == DeckRefused:
			d.State, d.Failure, d.GoodRows, d.Rejected = DeckReceived, "", true, false
		case what == Reject && d.State == DeckHeld:
			d.State, d.Failure, d.Next, d.Rejected = DeckRefused, "a person rejected it: "+d.Failure, "", true
		default:
			r := about("deck", d.ID)
			r.add("state", string(d.State), map[bool]string{true: "refused: the good rows of such a deck can be applied", false: "held: such a deck can be approved or rejected"}[what == GoodRows])
			return r.err()
		}
		return put(tx, deckPath(id), d)
	})
	if err != nil {
		return d, fmt.Errorf("deciding about deck %s: %w", short(id), err)
	}
	return d, nil
}
