package ledger

import (
	"context"
	"slices"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
)

// further is one role in which the records of a feed charge accounts beside who
// pays, and what came of it for the rows of a block.
type further struct {
	role     call.Role
	level    uint8
	accounts []uint32 // places in the book; book.NoPayer: no charge, book.NoSupplier: nobody knows whose
	ids      []call.Span
	states   []*accountState
	shards   []uint8
	priced   []call.Priced
}

// furtherOf returns the roles of a feed's further charges, in the order in which
// the charges of a row are stored. Levels is how many resellers are above an
// account at most.
func furtherOf(feed *book.Feed, levels int) (out []further) {
	if slices.Contains(feed.Source.Charges, cdr.Callee) {
		out = append(out, further{role: call.Callee})
	}
	if slices.Contains(feed.Source.Charges, cdr.Resellers) {
		for level := range levels {
			out = append(out, further{role: call.Reseller, level: uint8(level + 1)})
		}
	}
	if slices.Contains(feed.Source.Charges, cdr.Supplier) {
		out = append(out, further{role: call.Supplier})
	}
	return out
}

// priceFurther prices what the rows of a block charge beside who pays.
func (r *rater) priceFurther(ctx context.Context) error {
	payers := r.prices.priced
	for k := range r.further {
		f := &r.further[k]
		n := r.rows.Len()
		f.accounts = slices.Grow(f.accounts[:0], n)[:n]
		f.ids, f.states, f.shards = slices.Grow(f.ids[:0], n)[:n], slices.Grow(f.states[:0], n)[:n], slices.Grow(f.shards[:0], n)[:n]
		switch f.role {
		case call.Callee:
			r.payers.Callees(&r.rows, f.accounts)
		case call.Supplier:
			r.payers.Suppliers(&r.rows, f.accounts)
		default:
			r.resellers(int(f.level), f.accounts)
		}
		for i, account := range f.accounts {
			if f.states[i] = nil; account == book.NoPayer || r.states[i] == nil {
				continue
			}
			known := account != book.NoSupplier
			f.ids[i] = r.payers.ID(&r.rows, account)
			var err error
			if f.states[i], f.shards[i], err = r.find(ctx, i, account, known, r.rows.Bytes(f.ids[i])); err != nil {
				return err
			}
		}
		r.prices.priced = f.priced
		r.prices.price(&r.rows, f.states, r.part, r.out)
		f.priced = r.prices.priced
	}
	r.prices.priced = payers
	return nil
}

// resellers sets out[i] to the place of the reseller on a level above who pays
// for row i, or to book.NoPayer.
func (r *rater) resellers(level int, out []uint32) {
	for i, payer := range r.owners {
		out[i] = book.NoPayer
		if payer >= book.NamedPayer {
			continue
		}
		if above := r.book.Above(payer); level <= len(above) {
			out[i] = above[level-1]
		}
	}
}

// chargeFurther stores what a row charges beside who pays. Its record is the
// same one in every charge: see call.Record.AppendContent.
func (r *rater) chargeFurther(ctx context.Context, i int) error {
	c := &r.rows
	account, raw, flags := c.Account[i], c.AccountRaw[i], c.Flags[i]
	if !flags.Has(call.PayerByNumber) && string(c.Bytes(account)) != call.Unassigned {
		c.AccountRaw[i] = account
	}
	c.Flags[i] |= call.PayerByNumber
	for k := range r.further {
		f := &r.further[k]
		if f.states[i] == nil {
			continue
		}
		p := &f.priced[i]
		p.Role, p.Level = f.role, f.level
		c.Account[i] = f.ids[i]
		if err := r.charge(ctx, i, f.states[i], f.shards[i], p); err != nil {
			return err
		}
	}
	c.Account[i], c.AccountRaw[i], c.Flags[i] = account, raw, flags
	return nil
}

// chargeOrder orders the charges of a row of a file.
func chargeOrder(r *call.Row) int { return int(r.Role)<<8 | int(r.Level) }

// count counts a charge: of who pays as its row, any other beside the rows.
func (t *tally) count(p *call.Priced) {
	switch {
	case p.Role != call.Payer:
		t.charges[chargeKey(p.Role, p.Level, p.Status, p.Reason)]++
		return
	case p.Status == call.Rated:
		t.counts.Accepted++
	default:
		t.counts.Unrated++
		t.reasons[reasonKey(p.Status, p.Reason)]++
	}
	t.counts.Rows++
}

// chargeKey names charges that are counted together: callee:rated,
// supplier:unrated:no_rate.
func chargeKey(role call.Role, level uint8, status call.Status, why call.Reason) string {
	key := role.Name(level) + ":" + status.String()
	if why != "" {
		key += ":" + string(why)
	}
	return key
}
