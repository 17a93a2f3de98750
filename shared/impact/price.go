package impact

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// A candidate is live since ever in the books of the months, by an image that is
// stored nowhere.
var (
	always       = ratecard.Log{{Revision: 1}}
	alwaysImages = map[string]string{"1": "the proposal"}
)

// maxNames bounds the names of destinations that a candidate remembers.
const maxNames = 1 << 16

// tellEvery is how many charges go by before the progress is told again.
const tellEvery = 1 << 20

// outcome is what a charge came to.
type outcome struct {
	rated   bool
	amount  money.Amount
	seconds uint64 // billed, of calls
}

// charge is one charge of a record, as it was and as it would be.
type charge struct {
	role        call.Role
	level       uint8
	account     uint32 // among those of the sums
	destination uint32 // likewise, of a charge that is compared
	compared    bool   // the card makes it, or would
	foreign     bool   // it is not in the card's currency
	old, new    outcome
}

// pricing is what holds for the account of the charge at work.
type pricing struct {
	index   *book.Index
	account string
	id      uint32 // of the account among those of the sums
	zone    *time.Location
	foreign bool
}

// month prices the charges of a month.
func (c *comparison) month(ctx context.Context, place int, m *ledger.ChargedMonth) error {
	numbers := make([]uint32, m.Batches())
	for i := range numbers {
		id, rev := m.Batch(i)
		numbers[i] = c.number(fmt.Sprintf("%s %d", id, rev))
	}
	c.at = pricing{index: c.indexes[m.BookName()]}
	done := int64(0)
	return m.Each(ctx, func(in *ledger.Charge) error {
		if done%tellEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			c.tell(fmt.Sprintf("%s, %d of %d months: %d of %d charges", m.Key, place+1, len(c.months), done, m.Counts.Rows))
		}
		done++
		if c.rows.Charges++; in.Status != call.Rated && in.Status != call.Unrated {
			c.rows.NotCounted++
			return nil
		}
		one, err := c.compare(ctx, in)
		if err != nil {
			return fmt.Errorf("line %d: %w", in.Line, err)
		}
		if one.compared {
			c.rows.Compared++
		} else {
			c.rows.Others++
		}
		return c.take(ctx, numbers[in.Batch], in, &one)
	})
}

// take adds a charge up, or keeps it until the others of its record are there.
// Suppliers' come first.
func (c *comparison) take(ctx context.Context, batch uint32, in *ledger.Charge, one *charge) error {
	if c.records == nil {
		return c.alone(one)
	}
	record, err := recordOf(batch, in.Line)
	if err != nil {
		return err
	}
	switch supplier, marked := in.Role == call.Supplier, c.marks.has(record); {
	case supplier && (one.compared || !c.costOnly && one.old.rated):
		c.marks.add(record)
	case supplier, c.costOnly && !marked:
		return nil // nothing of the record is compared, or this tells nothing of it
	case !marked: // no supplier charges for the record
		return c.alone(one)
	}
	return c.records.add(ctx, record, one)
}

// alone adds up a charge that is of no margin.
func (c *comparison) alone(one *charge) error {
	c.single[0] = *one
	return c.sums.add(c.single[:])
}

// number numbers a revision of a batch.
func (c *comparison) number(batch string) uint32 {
	n, ok := c.batches[batch]
	if !ok {
		n = uint32(len(c.batches))
		c.batches[batch] = n
	}
	return n
}

// enter makes an account the one at work.
func (c *comparison) enter(account string) {
	p := &c.at
	if p.account == account && p.id != 0 {
		return
	}
	p.account = strings.Clone(account)
	p.id = c.sums.accounts.id(p.account)
	p.zone, _ = p.index.Zone(account)
	a, known := p.index.Account(account)
	p.foreign = known && a.Currency != c.sums.currency
}

// compare says what a charge was and would be.
func (c *comparison) compare(ctx context.Context, in *ledger.Charge) (charge, error) {
	c.enter(in.Account)
	one := charge{role: in.Role, level: in.Level, account: c.at.id, foreign: c.at.foreign}
	if in.Status == call.Rated {
		one.old = outcome{rated: true, amount: in.Charge}
		if in.Kind == call.Voice {
			one.old.seconds = in.Billed
		}
	}
	if c.costOnly && in.Role != call.Supplier {
		one.new = one.old
		return one, nil
	}
	now, by, ok, err := c.price(ctx, in)
	if err != nil {
		return one, err
	}
	if one.compared = ok; !ok {
		one.new = one.old
		return one, nil
	}
	if c.at.foreign {
		return one, fmt.Errorf("account %q is not billed in %s, as its card is: %w", in.Account, c.sums.currency, ledger.ErrState)
	}
	one.new = now.outcome
	one.destination, err = c.destination(ctx, in, now, by)
	return one, err
}

// priced is what a card makes of usage.
type priced struct {
	outcome
	reason call.Reason
	usage  rating.Usage
	name   rating.Name
}

// price prices a charge as the book would have it priced; false: not by the
// proposal, nor would it be. by is the candidate that named it.
func (c *comparison) price(ctx context.Context, in *ledger.Charge) (now priced, by *candidate, ok bool, err error) {
	choice, why := c.at.index.ChooseAs(&in.Record, in.Role)
	if why != "" {
		return now, nil, false, nil
	}
	if by = c.cards[choice.Card]; by == nil {
		// What another card has no price for, the proposal may have one for.
		if by = c.cards[choice.Fallback]; by == nil || !fellThrough(in) {
			return now, nil, false, nil
		}
		choice, _ = choice.After(call.NoRate)
		if now = c.charge(by.pricer, in, choice); !now.rated {
			now.name = rating.Name{} // it stays as the other card left it
		}
		return now, by, true, nil
	}
	now = c.charge(by.pricer, in, choice)
	next, more := choice.After(now.reason)
	if !more {
		return now, by, true, nil
	}
	last := c.cards[next.Card]
	if last == nil {
		p, err := c.pricers.Of(ctx, next.Image)
		if err != nil {
			return now, nil, false, err
		}
		if other := c.charge(p, in, next); other.rated {
			now.outcome = other.outcome
		}
		return now, by, true, nil
	}
	if other := c.charge(last.pricer, in, next); other.rated {
		return other, last, true, nil
	}
	return now, by, true, nil
}

// fellThrough reports whether the card that goes before the fallback has no price
// for a charge.
func fellThrough(in *ledger.Charge) bool {
	if in.Status == call.Rated {
		return in.Flags.Has(call.FallbackCard)
	}
	return in.Reason == call.NoRate || in.Reason == call.ShortNumber
}

// charge is what a card makes of a record.
func (c *comparison) charge(p *rating.Pricer, in *ledger.Charge, by book.Choice) (out priced) {
	out.usage = ledger.UsageOf(&in.Record, by.RateAs, c.at.zone)
	made, name := p.PriceNamed(&out.usage)
	out.reason, out.name = made.Reason, name
	if made.Reason == "" {
		out.outcome = outcome{rated: true, amount: made.Amount}
		if in.Kind == call.Voice {
			out.seconds = made.Billed
		}
	}
	return out
}

// destination returns the number of a charge's destination: the name that the
// proposal has for it, or, where it has none, the one by which it was charged.
func (c *comparison) destination(ctx context.Context, in *ledger.Charge, now priced, by *candidate) (uint32, error) {
	id, ok := by.names[now.name]
	if !ok {
		if name := now.name.Destination(by.pricer, &now.usage); name != "" {
			id = c.sums.destinations.id(name)
		}
		if len(by.names) >= maxNames {
			clear(by.names)
		}
		by.names[now.name] = id
	}
	if id != 0 || in.Image == "" || in.Status != call.Rated && in.Prefix == 0 {
		return id, nil
	}
	p, err := c.pricers.Of(ctx, in.Image)
	if err != nil {
		return 0, err
	}
	name := ""
	if in.Flags.Has(call.RatedAs) {
		name = p.Destination(&now.usage)
	} else {
		name = p.Card().Destination(in.Kind, in.PrefixDigits())
	}
	if name == "" {
		return 0, nil
	}
	return c.sums.destinations.id(name), nil
}
