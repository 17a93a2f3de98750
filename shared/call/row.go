package call

import "github.com/tollbook/tollbook/shared/money"

// Row is a record with everything that became of one charge of it: what a batch
// priced and, after the fold, what is due. Report rows (rejected, ignored) are Rows too, as
// far as they could be read.
type Row struct {
	Record
	Line   int64        // in its file, 1-based, where the record begins
	Status Status       // Rated and Unrated rows are accepted; the fold may make them Duplicate or Superseded
	Reason Reason       // empty when rated
	Image  uint32       // index of the card image it was priced under, in its part's table
	Prefix int          // matched digits of BNumber, or with ByLRN of LRN
	Billed uint64       // seconds, or the kind's units
	Charge money.Amount // before the bundle; only of rated rows
	Batch  uint32       // index of its batch in the manifest; set by the fold
	Role   Role         // for what Account is charged
	Level  uint8        // of a reseller: 1 for the nearest to who pays, to MaxLevels

	Covered uint64       // seconds the bundle paid; set by the fold
	Due     money.Amount // after the bundle; set by the fold

	Column, Value, Want string // of a rejected row: what was wrong and what would be right
}

// PrefixDigits returns the digits that the longest match took, of the number
// that was priced.
func (r *Row) PrefixDigits() string {
	number := r.BNumber
	if r.Flags.Has(ByLRN) {
		number = r.LRN
	}
	if r.Prefix <= 0 || r.Prefix > len(number) {
		return ""
	}
	return number[:r.Prefix]
}

// Priced is what pricing made of a record.
type Priced struct {
	Status Status
	Role   Role  // of the charge: for what the account is charged
	Level  uint8 // as a Row has it
	Reason Reason
	Flags  Flags // beside those of the record
	Image  uint32
	Prefix int
	Billed uint64
	Charge money.Amount
}
