package impact

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// How many destinations and accounts are told apart; what is of others goes into
// one line.
const (
	maxDestinations = 1 << 17
	maxAccounts     = 1 << 18
)

// table numbers names. 0 is the empty one, 1 is for all that are too many.
type table struct {
	ids   map[string]uint32
	lines []Line
	most  int
}

const others = 1

func newTable(most int) *table {
	return &table{ids: map[string]uint32{}, lines: make([]Line, 2), most: most}
}

// id returns the number of a name.
func (t *table) id(name string) uint32 {
	if id, ok := t.ids[name]; ok || name == "" {
		return id
	}
	if len(t.ids) >= t.most {
		return others
	}
	id := uint32(len(t.lines))
	name = strings.Clone(name)
	t.ids[name], t.lines = id, append(t.lines, Line{Name: name})
	return id
}

// sums add up what records come to.
type sums struct {
	currency               string
	total                  Line
	destinations, accounts *table
	apart                  int64 // compared charges of suppliers whose record has no customer's
	foreign                int64 // records whose margin is in two currencies
}

func newSums(currency string) *sums {
	return &sums{currency: currency, destinations: newTable(maxDestinations), accounts: newTable(maxAccounts)}
}

// add adds the charges of a record, if any of them is compared.
//
// What a record earns is what they are charged who pay us: the highest reseller,
// else who pays for it, and whoever received it.
func (s *sums) add(record []charge) error {
	compared := (*charge)(nil)
	var main, callee, supplier *charge
	for i := range record {
		c := &record[i]
		switch {
		case c.role == call.Supplier:
			supplier = c
		case c.role == call.Callee:
			callee = c
		case main == nil || c.level > main.level:
			main = c
		}
		if c.compared && (compared == nil || c.role == call.Supplier) {
			compared = c
		}
	}
	if compared == nil {
		return nil
	}
	customer := main
	if customer == nil {
		customer = callee
	}
	for i := range record {
		c := &record[i]
		if !c.compared {
			continue
		}
		account := c.account
		if c.role == call.Supplier {
			account = 0
			if customer != nil {
				account = customer.account
			} else {
				s.apart++
			}
		}
		for _, l := range s.linesOf(c.destination, account) {
			if err := l.change(c.role == call.Supplier).add(c); err != nil {
				return err
			}
		}
	}
	if customer == nil || supplier == nil {
		return nil
	}
	return s.margin(compared, customer, main, callee, supplier)
}

func (s *sums) linesOf(destination, account uint32) [3]*Line {
	return [...]*Line{&s.total, &s.destinations.lines[destination], &s.accounts.lines[account]}
}

// margin adds what a record earned beyond its cost, and would earn.
func (s *sums) margin(compared, customer, main, callee, supplier *charge) error {
	if supplier.foreign || customer.foreign || callee != nil && callee.foreign {
		if supplier.old.rated || supplier.new.rated {
			s.foreign++
		}
		return nil
	}
	old := func(c *charge) outcome { return c.old }
	now := func(c *charge) outcome { return c.new }
	before, had, errOld := earned(main, callee, supplier, old)
	after, has, errNew := earned(main, callee, supplier, now)
	if err := errors.Join(errOld, errNew); err != nil {
		return err
	}
	for _, l := range s.linesOf(compared.destination, customer.account) {
		m := &l.Margin
		var errOld, errNew error
		if had {
			m.OldRecords++
			m.Old, errOld = m.Old.Add(before)
		}
		if has {
			m.NewRecords++
			m.New, errNew = m.New.Add(after)
		}
		if err := errors.Join(errOld, errNew); err != nil {
			return fmt.Errorf("adding up margins: %w", err)
		}
	}
	return nil
}

// earned returns what customers are charged less what the supplier charges; false
// where one of the two is nothing.
func earned(main, callee, supplier *charge, of func(*charge) outcome) (margin money.Amount, ok bool, err error) {
	for _, c := range [...]*charge{main, callee} {
		if c == nil || !of(c).rated {
			continue
		}
		if margin, err = margin.Add(of(c).amount); err != nil {
			return margin, false, fmt.Errorf("adding up margins: %w", err)
		}
		ok = true
	}
	cost := of(supplier)
	if !ok || !cost.rated {
		return money.Amount{}, false, nil
	}
	if margin, err = margin.Sub(cost.amount); err != nil {
		return margin, false, fmt.Errorf("adding up margins: %w", err)
	}
	return margin, true, nil
}

// add adds a compared charge.
func (t *Change) add(c *charge) error {
	t.Charges++
	var errOld, errNew error
	if c.old.rated {
		t.OldSeconds += c.old.seconds
		t.Old, errOld = t.Old.Add(c.old.amount)
	} else {
		t.OldUnrated++
	}
	if c.new.rated {
		t.NewSeconds += c.new.seconds
		t.New, errNew = t.New.Add(c.new.amount)
	} else {
		t.NewUnrated++
	}
	if err := errors.Join(errOld, errNew); err != nil {
		return fmt.Errorf("adding up charges: %w", err)
	}
	return nil
}
