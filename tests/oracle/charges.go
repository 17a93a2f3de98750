package oracle

import "strconv"

// Feed is a source of records.
type Feed struct {
	Cycle string // counts what nobody known is charged for
	// Means are how to tell who pays: the first that tells. None: account, then
	// the customer's own number.
	Means []Means
	// Both says that its records go both ways, so that the caller's number tells
	// of those that went out only, the called one of those that came in.
	Both      bool
	Inbound   bool               // all of them came in
	Trunks    map[string][]Owner // whose the trunks are by which records came in
	OutTrunks map[string][]Owner // the suppliers' by which they went out

	// Whom a record charges beside who pays.
	Callee    bool // who owns the number that a record that went out called
	Resellers bool // those above who pays
	Supplier  bool // whose the outgoing trunk is
}

// Means is a way to tell who pays; any other than these: that account.
type Means string

// The means.
const (
	AccountField Means = "the account field"
	Caller       Means = "the caller's number"
	Called       Means = "the called number"
	Trunk        Means = "the trunk"
)

// Number is telephone numbers of one length, both included, and whose they
// are. Where several have a number, the narrowest decides that has an owner.
type Number struct {
	First, Last string
	Owners      []Owner
}

// Owner is whose something is from an instant on, until the next owner is;
// empty: nobody's.
type Owner struct {
	Account string
	From    int64 // Unix nanoseconds
}

// nobody is the account of a record that names none, and of what is charged to
// nobody known.
const nobody = "unassigned"

// charge is one of a record's charges: to who pays, or somebody beside.
type charge struct {
	Record
	account string
	role    role
}

type role int

const (
	payer role = iota
	callee
	reseller
	supplier
)

// charges returns what a record charges: who pays, the callee, the resellers,
// the nearest first, and the supplier.
func (o *oracle) charges(r Record) []charge {
	feed, who := o.settings.Feeds[r.Feed], o.payer(r)
	all := []charge{{r, who, payer}}
	if owner := o.ownerOf(r.B, r.Instant); feed.Callee && !r.Inbound && owner != "" {
		all = append(all, charge{r, owner, callee})
	}
	if feed.Resellers {
		for up := o.settings.Accounts[who].Parent; up != ""; up = o.settings.Accounts[up].Parent {
			all = append(all, charge{r, up, reseller})
		}
	}
	if feed.Supplier && r.OutTrunk != "" {
		whose := o.trunkOf(feed.OutTrunks[r.OutTrunk], r.Instant)
		if whose == "" {
			whose = nobody
		}
		all = append(all, charge{r, whose, supplier})
	}
	return all
}

// payer returns who pays for a record.
func (o *oracle) payer(r Record) string {
	feed := o.settings.Feeds[r.Feed]
	means := feed.Means
	if len(means) == 0 {
		means = []Means{AccountField, Caller}
		if r.Inbound {
			means[1] = Called
		}
	}
	for _, m := range means {
		who := ""
		switch m {
		case AccountField:
			if r.Account != nobody {
				who = r.Account
			}
		case Caller:
			if !feed.Both || !r.Inbound {
				who = o.ownerOf(r.A, r.Instant)
			}
		case Called:
			if !feed.Both || r.Inbound {
				who = o.ownerOf(r.B, r.Instant)
			}
		case Trunk:
			who = o.trunkOf(feed.Trunks[r.Trunk], r.Instant)
		default:
			who = string(m)
		}
		if who != "" {
			if m == AccountField || m == Caller || m == Called || m == Trunk {
				o.decided("who pays: " + string(m))
			} else {
				o.decided("who pays: one account")
			}
			return who
		}
	}
	return nobody
}

// ownerOf returns who owns a number at an instant; empty: nobody.
func (o *oracle) ownerOf(number string, at int64) string {
	best, least := "", uint64(0)
	for _, n := range o.settings.Numbers {
		if len(n.First) != len(number) || number < n.First || number > n.Last {
			continue
		}
		owner, moved := ownerAt(n.Owners, at)
		wide := digits(n.Last) - digits(n.First)
		if owner != "" && (best == "" || wide < least) {
			best, least = owner, wide
			if moved {
				o.decided("a number that moved")
			}
		}
	}
	return best
}

func (o *oracle) trunkOf(owners []Owner, at int64) string {
	who, moved := ownerAt(owners, at)
	if who != "" && moved {
		o.decided("a trunk that moved")
	}
	return who
}

func digits(number string) uint64 {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// ownerAt returns whose something is at an instant, and whether it was another's
// before.
func ownerAt(owners []Owner, at int64) (who string, moved bool) {
	from := int64(0)
	for i, x := range owners {
		if x.From <= at && (i == 0 || x.From >= from) {
			moved = who != "" && who != x.Account
			who, from = x.Account, x.From
		}
	}
	return who, moved
}

// charged returns the account that a charge is for, if it is known as one of
// that side: suppliers are not billed, customers do not bill us.
func (o *oracle) charged(c charge) (Account, bool) {
	a, ok := o.settings.Accounts[c.account]
	return a, ok && o.settings.Suppliers[a.Cycle] == (c.role == supplier)
}

func (o *oracle) decided(what string) {
	o.bills.Decided[what]++
}
