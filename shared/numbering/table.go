package numbering

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"sync"

	"github.com/tollbook/tollbook/shared/prefix"
)

//go:embed regions.tsv
var embedded []byte

// Embedded returns a copy of the table of regions that this program was built
// with, as OpenRegions reads it. Its first lines name its sources.
func Embedded() []byte { return bytes.Clone(embedded) }

// Limits of a table of regions.
const (
	MaxTable     = 1 << 20 // bytes
	maxTableRows = 50_000
)

const (
	tableMagic   = "# regions 1"
	tableVersion = "# version "
)

// Regions tells the region of a number by the longest prefix. It is safe for
// use by any number of goroutines.
type Regions struct {
	index   *prefix.Index
	areas   [areaSpan]RegionID // by the first digits of a number; deeper: the index knows
	version string
	hash    [sha256.Size]byte
}

// OpenRegions opens a table of regions: "# regions 1", "# version " and what
// the table was made of, lines of comment that begin with #, then rows of
// prefix, tab, region (see ParseRegion), each line ended by a newline. It
// keeps no reference to the table. An error names the line.
func OpenRegions(table []byte) (*Regions, error) {
	if bytes.Equal(table, embedded) {
		return embeddedRegions() // most tables are this one
	}
	return openRegions(table)
}

var embeddedRegions = sync.OnceValues(func() (*Regions, error) { return openRegions(embedded) })

func openRegions(table []byte) (*Regions, error) {
	if len(table) > MaxTable {
		return nil, fmt.Errorf("open a table of regions of %d bytes: want at most %d", len(table), MaxTable)
	}
	r := &Regions{hash: sha256.Sum256(table)}
	var entries []prefix.Entry
	for line, n := []byte(nil), 1; len(table) > 0; n++ {
		var ended bool
		if line, table, ended = bytes.Cut(table, []byte{'\n'}); !ended {
			return nil, fmt.Errorf("open a table of regions: line %d is cut off", n)
		}
		switch {
		case n == 1 && string(line) != tableMagic:
			return nil, fmt.Errorf("open a table of regions: line 1: want %q", tableMagic)
		case n == 2:
			version, ok := bytes.CutPrefix(line, []byte(tableVersion))
			if !ok || len(version) == 0 {
				return nil, fmt.Errorf("open a table of regions: line 2: want %q and a version", tableVersion)
			}
			r.version = string(version)
		case len(line) > 0 && line[0] == '#':
		default:
			e, err := parseRow(line)
			if err != nil {
				return nil, fmt.Errorf("open a table of regions: line %d: %w", n, err)
			}
			if entries = append(entries, e); len(entries) > maxTableRows {
				return nil, fmt.Errorf("open a table of regions: more than %d rows", maxTableRows)
			}
		}
	}
	if len(entries) == 0 {
		return nil, errors.New("open a table of regions: it has no rows")
	}
	section, err := prefix.Build(entries)
	if err == nil {
		r.index, err = prefix.Open(section)
	}
	if err != nil {
		return nil, fmt.Errorf("open a table of regions: %w", err)
	}
	r.fillAreas(entries)
	return r, nil
}

// Most numbers are told by the digits of a US area code: nearly all of a table
// has no more.
const (
	areaDigits = 4
	areaSpan   = 10_000
	areaWidth  = 100 // heads of keys, which have 6 digits, in an area
	deeper     = ^RegionID(0)
)

// fillAreas says what the index does of all numbers that begin alike.
func (r *Regions) fillAreas(entries []prefix.Entry) {
	for i := range r.areas {
		r.areas[i] = RegionID(r.index.Lookup(prefix.Key{Head: uint32(i * areaWidth), Digits: prefix.MaxDigits}).Value())
	}
	for _, e := range entries {
		if k, ok := prefix.KeyOf(e.Prefix); ok && k.Digits > areaDigits {
			r.areas[k.Head/areaWidth] = deeper
		}
	}
}

func parseRow(line []byte) (prefix.Entry, error) {
	digits, name, ok := bytes.Cut(line, []byte{'\t'})
	if !ok || len(digits) == 0 {
		return prefix.Entry{}, errors.New("want a prefix, a tab and a region")
	}
	id, err := ParseRegion(string(name))
	if err != nil {
		return prefix.Entry{}, err
	}
	return prefix.Entry{Prefix: string(digits), Value: uint32(id)}, nil
}

// Version returns what the table was made of, such as "phonenumbers v1.8.1".
func (r *Regions) Version() string { return r.version }

// Hash returns the SHA-256 of the table's bytes.
func (r *Regions) Hash() [sha256.Size]byte { return r.hash }

// ShortDigits is the number of digits below which a number is a short one (an
// extension, a short code): it has no region, and matches only whole rates.
const ShortDigits = 7

// Of returns the region of a number in E.164 without plus, 0 where it is not
// known: a short number, a code of no country, US toll-free and the other
// codes of +1 without a state. A longer number than its plan allows has the
// region that it begins with, as it has that rate.
func (r *Regions) Of(k prefix.Key) RegionID {
	if k.Digits < ShortDigits {
		return 0
	}
	if id := r.areas[k.Head/areaWidth]; id != deeper {
		return id
	}
	return RegionID(r.index.Lookup(k).Value())
}

// OfAll sets out[i] to Of(keys[i]); out is as long as keys or longer.
func (r *Regions) OfAll(keys []prefix.Key, out []RegionID) {
	out = out[:len(keys)]
	for i := range keys {
		k, id := &keys[i], RegionID(0)
		if k.Digits >= ShortDigits {
			if id = r.areas[k.Head/areaWidth]; id == deeper {
				id = r.Of(*k)
			}
		}
		out[i] = id
	}
}

// ValidCaller reports whether a caller's number can be one: 7 to 15 digits
// (ITU-T E.164), and in +1 exactly 11, with neither area code nor exchange
// beginning with 0 or 1. A caller that is not valid has no region for
// Jurisdiction and Distance, whatever it begins with.
func ValidCaller(k prefix.Key) bool {
	if k.Digits < ShortDigits || k.Digits > prefix.MaxDigits {
		return false
	}
	const one, area = 100_000, 20_000 // the first digit 1, and then 2: heads have six
	rest := k.Head - one
	if rest >= one {
		return true
	}
	return k.Digits == 11 && rest >= area && rest/10%10 >= 2
}
