package ledger

import "github.com/tollbook/tollbook/shared/call"

// chargesOf returns what a record charges, by loops of fsck's own: who pays
// first, then whoever else its feed says.
func (k *rowCheck) chargesOf(r *call.Row) []call.Row {
	out := []call.Row{*r}
	add := func(role call.Role, level int, account string) {
		c := *r
		c.Role, c.Level, c.Account = role, uint8(level), account
		if c.Flags&call.PayerByNumber == 0 {
			if c.AccountRaw = r.Account; r.Account == call.Unassigned {
				c.AccountRaw = ""
			}
			c.Flags |= call.PayerByNumber
		}
		out = append(out, c)
	}
	for _, c := range k.feed.Source.Charges {
		switch c {
		case "callee":
			if owner := ownerAt(k.owned.list, r.BNumber, r.Instant); owner != "" && r.Direction == call.Outbound {
				add(call.Callee, 0, owner)
			}
		case "resellers":
			a := k.book.accounts[r.Account]
			for level := 1; a != nil && !a.supplier && a.Parent != ""; level++ {
				add(call.Reseller, level, a.Parent)
				a = k.book.accounts[a.Parent]
			}
		case "supplier":
			if r.OutTrunk == "" {
				continue
			}
			supplier := ""
			for _, t := range k.feed.Suppliers {
				for _, o := range t.Owners {
					if t.Trunk == r.OutTrunk && !o.From.After(r.At()) {
						supplier = o.Account
					}
				}
			}
			if supplier == "" {
				supplier = call.Unassigned
			}
			add(call.Supplier, 0, supplier)
		}
	}
	return out
}

// ofRole says in what role a charge is, after where its row is; nothing of who
// pays.
func ofRole(r *call.Row) string {
	if r.Role == call.Payer {
		return ""
	}
	return ", " + r.Role.Name(r.Level)
}
