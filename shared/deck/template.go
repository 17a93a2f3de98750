package deck

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/rating"
)

// Template says how the files of a supplier are written. What it leaves out is
// found out from each file; what it says, no file can change.
type Template struct {
	Sheet string `doc:"sheet,omitempty" json:"sheet,omitempty"` // of a workbook, by its name; empty: the first with rates
	// CodesSheet has the codes of the names that the rates have instead, OriginsSheet
	// those of the groups of callers; empty: found.
	CodesSheet   string `doc:"codes_sheet,omitempty" json:"codes_sheet,omitempty"`
	OriginsSheet string `doc:"origins_sheet,omitempty" json:"origins_sheet,omitempty"`
	// HeaderRow is the line of the header, 0: found. Of a deck without a header,
	// StartRow is that of the first rate, 0: the first row that is one.
	HeaderRow int64 `doc:"header_row,omitempty" json:"header_row,omitempty"`
	StartRow  int64 `doc:"start_row,omitempty" json:"start_row,omitempty"`
	// Columns says what columns hold: the name of a column as Columns has it, and
	// its header in the file, or #1, #2 … for its place. A deck without a header
	// has places only.
	Columns map[string]string `doc:"columns,omitempty" json:"columns,omitempty"`
	Ignore  []string          `doc:"ignore,omitempty" json:"ignore,omitempty"` // headers of columns that are not read
	// Surcharges says which columns have what callers of a group pay on top of the
	// prices: the name of the group, and the column as in Columns.
	Surcharges map[string]string `doc:"surcharges,omitempty" json:"surcharges,omitempty"`

	Delimiter   string `doc:"delimiter,omitempty" json:"delimiter,omitempty"`       // , ; | or a tab
	Charset     string `doc:"charset,omitempty" json:"charset,omitempty"`           // such as windows-1252
	DecimalSign string `doc:"decimal_sign,omitempty" json:"decimal_sign,omitempty"` // . or ,
	DateOrder   string `doc:"date_order,omitempty" json:"date_order,omitempty"`     // ymd, dmy or mdy
	Zone        string `doc:"zone,omitempty" json:"zone,omitempty"`                 // IANA name, of dates without an offset; empty: UTC
	// Increments is the order of the two numbers of increments, first/next (usual) or
	// next/first, and Third what a third is: grace or ignored.
	Increments string `doc:"increments,omitempty" json:"increments,omitempty"`
	Third      string `doc:"third,omitempty" json:"third,omitempty"`
	// Strip is taken off the front of codes; nil: +, 00 and 011.
	Strip []string `doc:"strip,omitempty" json:"strip,omitempty"`
	// CountryCode says when the code of a country column goes in front of the
	// codes of another: always, never, missing (where a code does not begin with
	// it); empty: as the file shows.
	CountryCode string `doc:"country_code,omitempty" json:"country_code,omitempty"`
	Hundredths  bool   `doc:"hundredths,omitempty" json:"hundredths,omitempty"` // prices are in pence, cents
	Currency    string `doc:"currency,omitempty" json:"currency,omitempty"`     // ISO 4217, where the file does not say
	// Optimise makes ten codes that cost the same the shorter one that they are all of,
	// in decks that are all there is.
	Optimise bool `doc:"optimise,omitempty" json:"optimise,omitempty"`

	// Fingerprint is that of the header row, see Fingerprint: a file with this
	// header is read by this template without being told so.
	Fingerprint string `doc:"fingerprint,omitempty" json:"fingerprint,omitempty"`
}

// ReadTemplate reads a template from JSON. A name that it does not have is an
// error.
func ReadTemplate(r io.Reader) (Template, error) {
	var t Template
	d := json.NewDecoder(io.LimitReader(r, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return t, fmt.Errorf("reading a template: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return t, errors.New("reading a template: text behind it")
	}
	return t, t.Validate()
}

// Validate reports the first thing in t that no deck can be read by.
func (t *Template) Validate() error {
	bad := func(name, value, want string) error {
		return fmt.Errorf("template: %s %.40q: want %s", name, value, want)
	}
	for name, at := range t.Columns {
		if meaningNamed(name) < 0 {
			return bad("column", name, "the name of a column, such as prefix or price")
		}
		if place, ok := strings.CutPrefix(at, "#"); ok {
			if n, err := strconv.Atoi(place); err != nil || n < 1 || n > maxColumns {
				return bad("place", at, fmt.Sprintf("#1 to #%d", maxColumns))
			}
		} else if squeeze(at) == "" {
			return bad("header", at, "the header of column "+name)
		}
	}
	for group, at := range t.Surcharges {
		place, placed := strings.CutPrefix(at, "#")
		n, err := strconv.Atoi(place)
		switch {
		case strings.TrimSpace(group) != group || group == "" || len(group) > rating.MaxName:
			return bad("surcharge", group, fmt.Sprintf("the name of a group of callers, of at most %d bytes", rating.MaxName))
		case placed && (err != nil || n < 1 || n > maxColumns):
			return bad("place", at, fmt.Sprintf("#1 to #%d", maxColumns))
		case !placed && squeeze(at) == "":
			return bad("header", at, "the header of the surcharge of callers "+group)
		}
		for name, column := range t.Columns {
			if column == at || !placed && squeeze(column) == squeeze(at) {
				return bad("surcharge", at, "a column of its own: it is the "+name)
			}
		}
	}
	switch {
	case t.HeaderRow < 0 || t.StartRow < 0 || t.HeaderRow > 0 && t.StartRow > 0:
		return errors.New("template: header_row and start_row: want one of them, 1 or more")
	case t.StartRow > 0 && !t.bare():
		return errors.New("template: start_row is for a deck without a header: want columns by their places, such as #1")
	case len(t.Delimiter) > 1 || t.Delimiter != "" && !strings.Contains(",;|\t", t.Delimiter):
		return bad("delimiter", t.Delimiter, ", ; | or a tab")
	case t.DecimalSign != "" && t.DecimalSign != "." && t.DecimalSign != ",":
		return bad("decimal_sign", t.DecimalSign, ". or ,")
	case t.DateOrder != "" && t.dateOrder() == cells.Unknown:
		return bad("date_order", t.DateOrder, "ymd, dmy or mdy")
	case t.Increments != "" && t.Increments != "first/next" && t.Increments != "next/first":
		return bad("increments", t.Increments, "first/next or next/first")
	case t.Third != "" && t.Third != "grace" && t.Third != "ignored":
		return bad("third", t.Third, "grace or ignored")
	case t.CountryCode != "" && t.CountryCode != "always" && t.CountryCode != "never" && t.CountryCode != "missing":
		return bad("country_code", t.CountryCode, "always, never or missing")
	case t.Currency != "" && !currency.IsValid(t.Currency):
		return bad("currency", t.Currency, "a code of ISO 4217, such as GBP")
	}
	if _, err := t.zone(); err != nil {
		return bad("zone", t.Zone, "an IANA zone, such as Europe/London")
	}
	return nil
}

// bare reports whether the template is for decks without a header.
func (t *Template) bare() bool {
	for _, at := range t.Columns {
		if !strings.HasPrefix(at, "#") {
			return false
		}
	}
	return len(t.Columns) > 0 && t.HeaderRow == 0
}

// ignores reports whether a column is not to be read.
func (t *Template) ignores(header string) bool {
	return t != nil && slices.ContainsFunc(t.Ignore, func(s string) bool { return squeeze(s) == squeeze(header) })
}

func (t *Template) zone() (*time.Location, error) {
	if t.Zone == "" {
		return time.UTC, nil
	}
	if t.Zone == "Local" {
		return nil, errors.New("the machine's zone")
	}
	return time.LoadLocation(t.Zone)
}

func (t *Template) dateOrder() cells.DateOrder {
	switch t.DateOrder {
	case "ymd":
		return cells.YearFirst
	case "dmy":
		return cells.DayFirst
	case "mdy":
		return cells.MonthFirst
	}
	return cells.Unknown
}

func (t *Template) increments() (r cells.IncrementRules) {
	if t.Increments == "next/first" {
		r.Order = cells.NextFirst
	}
	switch t.Third {
	case "grace":
		r.Third = cells.Grace
	case "ignored":
		r.Third = cells.Ignored
	}
	return r
}

func meaningNamed(name string) meaning {
	return meaning(slices.IndexFunc(columns[:], func(c struct {
		name    string
		aliases []string
	}) bool {
		return c.name == name
	}))
}

// layout returns what the template says of a header row, or of the places of a
// deck without one; nil: a row that does not have the headers.
func (t *Template) layout(fields [][]byte, as role) (*layout, error) {
	headers := trimmed(fields)
	if t.bare() {
		for i := range headers {
			headers[i] = fmt.Sprintf("column %d", i+1)
		}
	}
	l := newLayout(headers)
	l.bare, l.role = t.bare(), as
	taken := map[int]bool{}
	for name, want := range t.Columns {
		i := slices.IndexFunc(headers, func(h string) bool { return squeeze(h) == squeeze(want) })
		if place, ok := strings.CutPrefix(want, "#"); ok {
			n, err := strconv.Atoi(place)
			if i = n - 1; err != nil || i >= len(headers) {
				i = -1
			}
		}
		if i < 0 {
			return nil, nil
		}
		l.claim(meaningNamed(name), i)
		taken[i] = true
	}
	for i, h := range headers {
		m := meaningOf(h)
		switch {
		case taken[i] || h == "":
		case isMessages(h) && l.message < 0:
			l.message = i
		case (m < 0 || t.surchargeOf(h, i) != "") && l.surchargeAt(i, t):
		case m < 0 || l.bare || l.has(m) || t.ignores(h):
			l.ignored = append(l.ignored, h)
		default:
			l.claim(m, i)
		}
	}
	if i := len(fields) - 1; l.bare && !taken[i] && (len(fields[i]) == 0 || bytes.HasPrefix(fields[i], []byte(messageMark))) {
		l.message = i
	}
	if err := l.check(); err != nil {
		return l, err
	}
	return l, l.surchargesAsked(t)
}

// Fingerprint names a header row, whatever its case, accents and spaces: files
// of one supplier have the same month after month. A column of error messages
// is not of the supplier.
func Fingerprint(headers []string) string {
	h := sha256.New()
	for _, s := range headers {
		if isMessages(s) {
			continue
		}
		fmt.Fprintf(h, "%q\n", squeeze(s)) // to a hash: it cannot fail
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// ParseIncrements reads interval 1 and interval N as decks write them together:
// "60/1" or "60+1", seconds of 0 to rating.MaxInterval.
func ParseIncrements(s string) (interval1, intervalN uint32, err error) {
	got, err := cells.ParseIncrements([]byte(s), cells.IncrementRules{}, rating.MaxInterval)
	if err != nil {
		return 0, 0, fmt.Errorf("increments %q: %w", clip(s), err)
	}
	return got.First, got.Next, nil
}
