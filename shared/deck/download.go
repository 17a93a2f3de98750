package deck

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/table"
)

// A download of a card is known by its header. Its cells are exact: no template,
// default or habit of a carrier is applied to them, so that what was written comes
// back to the digit.

// downloaded are the columns that make a file a download, with price or price 1
// and N: the unit and the grace period under these headers, which no carrier has
// beside the others.
var downloaded = [...]meaning{id, prefix, destination, interval1, intervalN, unit, connectionFee, blocked, grace, from, to}

// downloadedToo are the columns that a download may have besides; the last three
// only a person adds.
var downloadedToo = [...]meaning{action, price, price1, priceN, kind, service, minimum, minCharge, maxCharge, free, access, band, origin, tag, area, class, localOnly,
	minDigits, maxDigits, tiers, assumed, currencyCode, status, change, discontinued}

// onlyDownloaded have no other reader.
var onlyDownloaded = [...]meaning{class, localOnly, minDigits, maxDigits, tiers, assumed}

// lacks returns the columns that are missing of a download.
func (l *layout) lacks() (names []string) {
	for _, m := range downloaded {
		if !l.has(m) || m == unit && squeeze(l.header(m)) != "priceunit" || m == grace && squeeze(l.header(m)) != "graceperiodseconds" {
			names = append(names, columns[m].aliases[0])
		}
	}
	if !l.has(price) && !l.named(price1, priceN) {
		names = append(names, columns[price].aliases[0])
	}
	return names
}

// checkDownload finds out whether the header is that of a download. What only a
// download says is not passed over in another file.
func (l *layout) checkDownload() error {
	lacks := l.lacks()
	if l.exact = len(lacks) == 0; !l.exact {
		for _, m := range onlyDownloaded {
			if l.has(m) {
				return l.fail(fmt.Sprintf("column %q is read in a download of a card only, and this file lacks its columns %s", clip(l.header(m)), quotedList(lacks)))
			}
		}
		return nil
	}
	for m, at := range l.at {
		if at >= 0 && !slices.Contains(downloaded[:], meaning(m)) && !slices.Contains(downloadedToo[:], meaning(m)) {
			return l.fail(fmt.Sprintf("column %q is not read in a download of a card: remove it, or give it another name", clip(l.header(meaning(m)))))
		}
	}
	return nil
}

// findDownload returns where the rates of a download are; nil: it is none.
func findDownload(rows []headRow) (*place, error) {
	for _, row := range rows {
		l, err := readHeader(row.cells, rateRows, nil)
		if l == nil || !l.exact {
			continue
		}
		if err != nil {
			return nil, err
		}
		l.guess("file", "a download of a card", fmt.Sprintf("line %d has its columns: every cell is taken as it is written, by no template", row.line))
		return &place{line: row.line, layout: l}, nil
	}
	return nil, nil
}

// forDownload leaves out the template for a file that is a download: it would say
// how another file is written.
func (o *Options) forDownload(r io.ReaderAt, size int64) error {
	t := o.Template
	if t == nil || t.Charset == "" && t.Delimiter == "" && t.Sheet == "" {
		return nil // it is found beside the template
	}
	f, err := table.Open(r, size, table.Options{})
	var bad *table.FileError
	if errors.As(err, &bad) {
		return nil // with the template it may be read
	}
	if err != nil {
		return fmt.Errorf("reading the deck: %w", err)
	}
	for i := range f.Sheets() {
		rows, err := head(f, i)
		var file *FileError
		if err != nil && !errors.As(err, &file) {
			return errors.Join(err, f.Close())
		}
		if p, err := findDownload(rows); p != nil || err != nil {
			o.Template = nil
		}
	}
	return f.Close()
}

// unmarked takes the apostrophe off that a download puts before a name which a
// spreadsheet would compute, or which has spaces that are part of it: then the
// name is what follows, to the byte.
func unmarked(cell []byte) (name []byte, marked bool) {
	if len(cell) > 0 && cell[0] == '\'' {
		return cell[1:], true
	}
	return cell, false
}

// anyNumber, in the place of a prefix, stands for none: the rate is for every
// number that no other rate is for.
const anyNumber = "*"

func isAnyNumber(text []byte) bool { return strings.TrimSpace(string(text)) == anyNumber }
