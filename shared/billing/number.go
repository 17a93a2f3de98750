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

// checkNumber accepts what Number makes: nothing else may name a file.
func checkNumber(number string) error {
	at := max(strings.LastIndexByte(number, '-'), 0)
	month, monthErr := period.ParseMonth(number[:at])
	n, err := strconv.ParseUint(number[min(at+1, len(number)):], 10, 31)
	if monthErr != nil || err != nil || n < 1 || Number(month, int(n)) != number {
		return fmt.Errorf("number %q: want YYYY-MM-NNNN from 0001, such as 2026-11-0001", number)
	}
	return nil
}

// Files are the names of an invoice's files.
type Files struct{ JSON, Usage, HTML string }

// FileNames returns the files of an invoice number that Check has accepted.
func FileNames(number string) Files {
	return Files{JSON: number + ".json", Usage: number + "-usage.csv", HTML: number + ".html"}
}
