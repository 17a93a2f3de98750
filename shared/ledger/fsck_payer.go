package ledger

import (
	"context"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/numbering"
)

// ownNumbers is what a number directory lists: a few hundred bytes a number, so
// one directory is held at a time.
type ownNumbers struct {
	name string
	list []numbering.Owned
	bad  bool // damaged, and named
}

// numbers returns what a book's directory lists; false when it is damaged,
// which is then named.
func (c *checker) numbers(ctx context.Context, name string) ([]numbering.Owned, bool, error) {
	if c.owned.name == name {
		return c.owned.list, !c.owned.bad, nil
	}
	c.owned = ownNumbers{name: name}
	d, err := c.ledger.directory(ctx, name)
	if err != nil {
		c.owned.bad = true
		return nil, false, c.blame("directory", name, err)
	}
	c.owned.list = slices.Collect(d.All())
	return c.owned.list, true, nil
}

// identify returns who pays for a feed's records by loops of fsck's own; nil
// when the directory is damaged.
func (c *checker) identify(ctx context.Context, b *ownBook, feed *book.Feed) (func(*call.Record), error) {
	list, ok, err := c.numbers(ctx, b.book.Directory)
	if err != nil || !ok {
		return nil, err
	}
	for _, o := range list {
		if b.accounts[o.Account] == nil {
			c.add("directory", b.book.Directory, "a number is of account %q, which is not in the book", o.Account)
			return nil, nil
		}
	}
	return func(r *call.Record) {
		for _, m := range feed.Source.Means() {
			found := ""
			switch m {
			case cdr.AccountField:
				if r.Account != call.Unassigned {
					return
				}
			case cdr.Caller:
				if feed.Source.Direction != cdr.BothWays || r.Direction == call.Outbound {
					found = ownerAt(list, r.ANumber, r.Instant)
				}
			case cdr.Called:
				if feed.Source.Direction != cdr.BothWays || r.Direction == call.Inbound {
					found = ownerAt(list, r.BNumber, r.Instant)
				}
			case cdr.Trunk:
				for _, t := range feed.Trunks {
					for _, o := range t.Owners {
						if t.Trunk == r.Trunk && !o.From.After(r.At()) {
							found = o.Account
						}
					}
				}
			default:
				found, _ = m.Account()
			}
			if found == "" {
				continue
			}
			if r.Account != call.Unassigned {
				r.AccountRaw = r.Account
			}
			r.Account, r.Flags = found, r.Flags|call.PayerByNumber
			return
		}
	}, nil
}

// ownerAt returns who owns a number at an instant, of facts in the order of
// their numbers.
func ownerAt(list []numbering.Owned, number string, instant int64) string {
	if number == "" {
		return ""
	}
	// Behind the last fact that begins at the number or below.
	end, _ := slices.BinarySearchFunc(list, number, func(o numbering.Owned, number string) int {
		if len(o.First) != len(number) {
			return len(o.First) - len(number)
		}
		if strings.Compare(o.First, number) <= 0 {
			return -1
		}
		return 1
	})
	for i := end - 1; i >= 0 && list[i].First == list[end-1].First; i-- {
		o := list[i]
		if len(o.Last) == len(number) && number <= o.Last && o.From <= instant && instant < o.To {
			return o.Account
		}
	}
	return ""
}
