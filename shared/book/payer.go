package book

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/numbering"
)

// What Block finds beside the places of accounts.
const (
	NoPayer    uint32 = math.MaxUint32     // nobody: the record stays unassigned
	NamedPayer uint32 = math.MaxUint32 - 1 // whoever the record names
)

// Payers tells who pays for the usage of one feed. It is used by one goroutine
// at a time.
type Payers struct {
	accounts  []Account // of the book, by id
	means     []cdr.Means
	both      bool // caller and called are for one direction each
	directory *numbering.Directory
	owners    []uint32 // by account of the directory: its place in accounts
	trunks    map[string][]holder
	fixed     uint32
	outward   bool // its records may be outbound
	suppliers map[string][]holder

	rows   []int32 // what a block asks the directory for
	keys   []numbering.DirectoryKey
	at     []int64
	found  []uint32
	placed map[uint32]call.Span
}

// holder is an account from an instant on.
type holder struct {
	from    int64 // unix ns
	account uint32
}

// Payers returns who pays for a feed's usage. Directory is that of the book,
// nil if it names none.
func (ix *Index) Payers(feed *Feed, directory *numbering.Directory) (*Payers, error) {
	p := &Payers{
		outward: feed.Source.Direction != cdr.InboundOnly, suppliers: map[string][]holder{},
		accounts: ix.book.Accounts, means: feed.Source.Means(), both: feed.Source.Direction == cdr.BothWays, directory: directory,
		trunks: map[string][]holder{}, fixed: NoPayer, placed: map[uint32]call.Span{},
	}
	if directory != nil {
		p.owners = make([]uint32, directory.Accounts())
		for i := range p.owners {
			name := directory.Account(uint32(i))
			if p.owners[i] = ix.place(name); p.owners[i] == NoPayer {
				return nil, fmt.Errorf("a number is of account %q, which is not in the book", name)
			}
			if ix.accounts[name].supplier {
				return nil, fmt.Errorf("a number is of account %q, which is a supplier's", name)
			}
		}
	}
	for _, t := range feed.Trunks {
		for _, o := range t.Owners {
			p.trunks[t.Trunk] = append(p.trunks[t.Trunk], holder{nanos(o.From), ix.place(o.Account)})
		}
	}
	for _, t := range feed.Suppliers {
		for _, o := range t.Owners {
			p.suppliers[t.Trunk] = append(p.suppliers[t.Trunk], holder{nanos(o.From), ix.place(o.Account)})
		}
	}
	for _, m := range p.means {
		if id, ok := m.Account(); ok {
			p.fixed = ix.place(id)
		}
	}
	return p, nil
}

// place returns an account's place among the book's; NoPayer for none.
func (ix *Index) place(id string) uint32 {
	if a := ix.accounts[id]; a != nil && id != "" {
		return a.place
	}
	return NoPayer
}

// Block sets out[i] to the place in the book's accounts of who pays for row i,
// or to NoPayer or NamedPayer. It goes by means, so that the numbers of a block
// are looked up together.
func (p *Payers) Block(c *call.Columns, out []uint32) {
	for i := range out {
		out[i] = NoPayer
	}
	for _, m := range p.means {
		switch m {
		case cdr.AccountField:
			for i, s := range c.Account {
				if out[i] == NoPayer && string(c.Bytes(s)) != call.Unassigned {
					out[i] = NamedPayer
				}
			}
		case cdr.Caller:
			p.lookUp(c, c.ANumber, call.Outbound, out)
		case cdr.Called:
			p.lookUp(c, c.BNumber, call.Inbound, out)
		case cdr.Trunk:
			for i, s := range c.Trunk {
				if out[i] == NoPayer && s.Len > 0 {
					out[i] = held(p.trunks[string(c.Bytes(s))], c.Instant[i])
				}
			}
		default:
			for i := range out {
				if out[i] == NoPayer {
					out[i] = p.fixed
				}
			}
		}
	}
}

// lookUp finds the owners of a column of numbers, for the rows that nobody pays
// for yet.
func (p *Payers) lookUp(c *call.Columns, numbers []call.Span, way call.Direction, out []uint32) {
	if p.directory == nil {
		return
	}
	p.rows, p.keys, p.at = p.rows[:0], p.keys[:0], p.at[:0]
	for i, s := range numbers {
		if out[i] != NoPayer || s.Len == 0 || p.both && c.Direction[i] != way {
			continue
		}
		if key, ok := numbering.DirectoryKeyOf(c.Bytes(s)); ok {
			p.rows, p.keys, p.at = append(p.rows, int32(i)), append(p.keys, key), append(p.at, c.Instant[i])
		}
	}
	p.found = slices.Grow(p.found[:0], len(p.rows))[:len(p.rows)]
	p.directory.Owners(p.keys, p.at, p.found)
	for k, owner := range p.found {
		if owner != numbering.NoOwner {
			out[p.rows[k]] = p.owners[owner]
		}
	}
}

// Set writes what Block found into the rows: the account, what the record named
// in its place, and the flag.
func (p *Payers) Set(c *call.Columns, found []uint32) {
	clear(p.placed)
	for i, account := range found {
		if account == NoPayer || account == NamedPayer {
			continue
		}
		if string(c.Bytes(c.Account[i])) != call.Unassigned {
			c.AccountRaw[i] = c.Account[i]
		}
		c.Account[i], c.Flags[i] = p.ID(c, account), c.Flags[i]|call.PayerByNumber
	}
}

// ID returns the id of the account in a place, call.Unassigned for NoSupplier, as
// a text of c: once for all rows since Set was called.
func (p *Payers) ID(c *call.Columns, account uint32) call.Span {
	s, ok := p.placed[account]
	if !ok {
		id := call.Unassigned
		if account != NoSupplier {
			id = p.accounts[account].ID
		}
		s = c.AddText(id)
		p.placed[account] = s
	}
	return s
}

// Identify does for one record what Block and Set do for many.
func (p *Payers) Identify(r *call.Record) {
	account := NoPayer
	for i := 0; i < len(p.means) && account == NoPayer; i++ {
		switch m := p.means[i]; m {
		case cdr.AccountField:
			if r.Account != call.Unassigned {
				return
			}
		case cdr.Caller:
			account = p.owner(r, r.ANumber, call.Outbound)
		case cdr.Called:
			account = p.owner(r, r.BNumber, call.Inbound)
		case cdr.Trunk:
			account = held(p.trunks[r.Trunk], r.Instant)
		default:
			account = p.fixed
		}
	}
	if account == NoPayer {
		return
	}
	if r.Account != call.Unassigned {
		r.AccountRaw = r.Account
	}
	r.Account, r.Flags = p.accounts[account].ID, r.Flags|call.PayerByNumber
}

func (p *Payers) owner(r *call.Record, number string, way call.Direction) uint32 {
	if p.directory == nil || p.both && r.Direction != way {
		return NoPayer
	}
	if key, ok := numbering.DirectoryKeyOf(number); ok {
		if owner, ok := p.directory.Owner(key, r.Instant); ok {
			return p.owners[owner]
		}
	}
	return NoPayer
}

// held returns who holds a trunk at an instant.
func held(holders []holder, instant int64) uint32 {
	account := NoPayer
	for _, h := range holders {
		if h.from > instant {
			break
		}
		account = h.account
	}
	return account
}

// checkPayers reports accounts that a feed names and the book does not have, or
// has as something else.
func (ix *Index) checkPayers(f *Feed) error {
	for _, m := range f.Source.Identify {
		if id, ok := m.Account(); ok && ix.accounts[id] == nil {
			return fmt.Errorf("feed %q identifies account %q, which is not in the book", f.Source.ID, id)
		} else if ok && ix.accounts[id].supplier {
			return fmt.Errorf("feed %q identifies account %q, which is a supplier's", f.Source.ID, id)
		}
	}
	for _, t := range f.Trunks {
		for _, o := range t.Owners {
			if a := ix.accounts[o.Account]; o.Account != "" && a == nil {
				return fmt.Errorf("feed %q has a trunk of account %q, which is not in the book", f.Source.ID, o.Account)
			} else if o.Account != "" && a.supplier {
				return fmt.Errorf("feed %q has a trunk of account %q, which is a supplier's", f.Source.ID, o.Account)
			}
		}
	}
	for _, t := range f.Suppliers {
		for _, o := range t.Owners {
			if a := ix.accounts[o.Account]; o.Account != "" && a == nil {
				return fmt.Errorf("feed %q has an outgoing trunk of account %q, which is not in the book", f.Source.ID, o.Account)
			} else if o.Account != "" && !a.supplier {
				return fmt.Errorf("feed %q has an outgoing trunk of account %q: want an account in a cycle of suppliers", f.Source.ID, o.Account)
			}
		}
	}
	return nil
}

// Owned returns who owns the numbers when, as a directory takes it.
func (n Number) Owned() []numbering.Owned {
	last := n.Last
	if last == "" {
		last = n.Number
	}
	var out []numbering.Owned
	for i, o := range n.Owners {
		fact := numbering.Owned{First: n.Number, Last: last, Account: o.Account, From: nanos(o.From)}
		if i+1 < len(n.Owners) {
			if fact.To = nanos(n.Owners[i+1].From); fact.To <= fact.From {
				continue // before any record, or after all
			}
		}
		if o.Account != "" {
			out = append(out, fact)
		}
	}
	return out
}

// nanos returns an instant in unix ns: that of since ever where it lies before
// any record, the last where it lies behind all that can be written so.
func nanos(t time.Time) int64 {
	switch {
	case t.Unix() <= 0:
		return math.MinInt64
	case t.Year() > 2261:
		return math.MaxInt64 - 1
	}
	return t.UnixNano()
}
