package call

import "strconv"

// Role says for what an account is charged. A record charges whoever pays for
// it; by the feed also others: one charge each.
type Role uint8

// The roles. Of Reseller there is one charge for each level above who pays.
const (
	Payer    Role = iota // who pays for the record
	Callee               // whose the called number is: it is charged as inbound usage of theirs
	Reseller             // above who pays, or above another reseller
	Supplier             // what the carrier that took the call charges us
	roles
)

// MaxLevels is how many resellers can be above an account.
const MaxLevels = 8

// Name returns the role as every output has it; of a reseller with its level,
// 1 for the nearest: payer, callee, reseller:1, supplier.
func (r Role) Name(level uint8) string {
	switch r {
	case Payer:
		return "payer"
	case Callee:
		return "callee"
	case Reseller:
		return "reseller:" + strconv.Itoa(int(level))
	case Supplier:
		return "supplier"
	}
	return "Role(" + strconv.Itoa(int(r)) + ")"
}

// validRole reports whether a row can have a role and a level.
func validRole(r Role, level uint8) bool {
	if r == Reseller {
		return level >= 1 && level <= MaxLevels
	}
	return r < roles && level == 0
}
