package billing

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/period"
)

// Number returns the n-th invoice number of a month, n from 1: 2026-11-0001.
// From 10,000 on it grows longer.
func Number(month period.Month, n int) string { return fmt.Sprintf("%s-%04d", month, n) }

// statement is before the number of a statement.
const statement = "S"

// StatementNumber returns the n-th number of a month's statements of cost, n from
// 1: S2026-11-0001. They are a series of their own, so that invoices are numbered
// without a gap.
func StatementNumber(month period.Month, n int) string { return statement + Number(month, n) }

// IsStatement reports whether a number is that of a statement of cost: what we
// owe a supplier, not what a customer owes.
func IsStatement(number string) bool { return strings.HasPrefix(number, statement) }

// checkNumber accepts what Number and StatementNumber make: nothing else may name
// a file.
func checkNumber(full string) error {
	number := strings.TrimPrefix(full, statement)
	at := max(strings.LastIndexByte(number, '-'), 0)
	month, monthErr := period.ParseMonth(number[:at])
	n, err := strconv.ParseUint(number[min(at+1, len(number)):], 10, 31)
	if monthErr != nil || err != nil || n < 1 || Number(month, int(n)) != number {
		return fmt.Errorf("number %q: want YYYY-MM-NNNN from 0001, such as 2026-11-0001, or S2026-11-0001 of a statement", full)
	}
	return nil
}

// Files are the names of an invoice's files.
type Files struct{ JSON, Usage, HTML string }

// FileNames returns the files of an invoice number that Check has accepted.
func FileNames(number string) Files {
	return Files{JSON: number + ".json", Usage: number + "-usage.csv", HTML: number + ".html"}
}
