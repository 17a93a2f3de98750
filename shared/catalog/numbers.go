package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/numbering"
)

// Who owns which numbers: one by one or in ranges, as documents, and by the
// million in lists, which are replaced whole.

// NumberList is a list of numbers as a setup text has it.
type NumberList struct {
	ID string `json:"id"`
	// Numbers are rows of text as numbering.ReadOwned reads it: first, last,
	// account, from, to.
	Numbers []string `json:"numbers"`
}

// maxOwners bounds how often a number changes hands: it is one document.
const maxOwners = 1000

func checkNumber(v book.Number) *Refusal {
	r := about("number", v.Number)
	digits := func(s string) bool {
		return len(s) >= 1 && len(s) <= numbering.MaxOwnedDigits && strings.Trim(s, "0123456789") == ""
	}
	if !digits(v.Number) {
		r.add("number", v.Number, fmt.Sprintf("1 to %d digits, with the country's code and without + or 00", numbering.MaxOwnedDigits))
	}
	if v.Last != "" && (!digits(v.Last) || len(v.Last) != len(v.Number) || v.Last <= v.Number) {
		r.add("last", v.Last, "a number above the first, with as many digits, or none")
	}
	r.owners("owners", v.Owners)
	return r
}

func (r *Refusal) owners(field string, owners []book.Owner) {
	if len(owners) < 1 || len(owners) > maxOwners {
		r.add(field, fmt.Sprint(len(owners)), fmt.Sprintf("1 to %d", maxOwners))
	}
	for i, o := range owners {
		r.text(fmt.Sprintf("%s[%d].account", field, i), o.Account, 0)
		if i > 0 && !o.From.After(owners[i-1].From) {
			r.add(fmt.Sprintf("%s[%d].from", field, i), timeText(o.From), "an instant after the one before")
		}
	}
}

// PutNumber writes whose a number is, or a range of them. What is rated already
// stays as it is: a file is rated again by a redo.
func (c *Catalog) PutNumber(ctx context.Context, v book.Number, m Match) (documents.Version, error) {
	if err := checkNumber(v).err(); err != nil {
		return "", err
	}
	v.Owners = storedOwners(v.Owners)
	checked, err := c.ledger.CheckNumbers(ctx, ledger.Setup{Numbers: []book.Number{v}})
	if errors.Is(err, ledger.ErrNumbers) {
		r := about("number", v.Number)
		r.add("owners", v.Number, "none who contradicts others: "+err.Error())
		return "", r
	}
	if err != nil {
		return "", err
	}
	needs := accountsOf(nil, v.Owners)
	sides, err := c.sides(ctx)
	if err != nil {
		return "", err
	}
	return c.edit(ctx, edit{
		path: ledger.NumberPath(v), value: v, match: m, book: true, part: ledger.Parts{Numbers: true}, checked: checked, needs: needs,
		check: func(_ documents.Doc, needs []documents.Doc) error {
			r := about("number", v.Number)
			if err := r.accounts("owners", needs, sides, customer); err != nil {
				return err
			}
			return r.err()
		},
	})
}

// storedOwners returns owners as a document keeps their instants.
func storedOwners(owners []book.Owner) []book.Owner {
	out := slices.Clone(owners)
	for i := range out {
		out[i].From = documentTime(out[i].From)
	}
	return out
}

// accountsOf appends the accounts of owners that are not there yet.
func accountsOf(paths []documents.Path, owners []book.Owner) []documents.Path {
	for _, o := range owners {
		if p := pathOf("accounts", o.Account); o.Account != "" && !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// ReadSetup reads a file of what is set up: text of ParseSetup or, where its
// name ends in .csv, a list of numbers (see numbering.ReadOwned) of that name.
func ReadSetup(name string, r io.Reader) (Setup, error) {
	id, isList := strings.CutSuffix(filepath.Base(name), ".csv")
	if !isList {
		return ParseSetup(r)
	}
	s := Setup{Format: SetupFormat, NumberLists: []NumberList{{ID: id, Numbers: []string{}}}}
	limited := &io.LimitedReader{R: r, N: MaxSetup + 1}
	var errs []error
	for o, err := range numbering.ReadOwned(limited) {
		switch {
		case err == nil:
			s.NumberLists[0].Numbers = append(s.NumberLists[0].Numbers, ownedRow(o))
		case errors.Is(err, numbering.ErrOwnedText):
			errs = append(errs, err)
		default:
			return s, err
		}
	}
	if limited.N <= 0 {
		errs = append(errs, fmt.Errorf("the list has more than %d bytes", MaxSetup))
	}
	if len(errs) > 0 {
		return s, refuseAll(errs)
	}
	return s, s.check()
}

// ownedRow returns a row of a list as a setup text has it.
func ownedRow(o numbering.Owned) string {
	row := numbering.AppendOwned(nil, o)
	return string(row[:len(row)-1])
}

// storeNumbers stores the rows of a list, all of customers that are known, in one
// spelling.
func (c *Catalog) storeNumbers(ctx context.Context, id string, text io.Reader, known map[string]bool) (ledger.NumberList, error) {
	list := ledger.NumberList{ID: id}
	if err := CheckID("list of numbers", id); err != nil {
		return list, err
	}
	limited := &io.LimitedReader{R: text, N: ledger.MaxNumberList + 1}
	var errs []error
	missing := map[string]bool{}
	stored := []byte(numbering.OwnedHeader)
	for o, err := range numbering.ReadOwned(limited) {
		switch {
		case err == nil && !known[o.Account] && !missing[o.Account]:
			missing[o.Account] = true
			err = fmt.Errorf("number %s: no account %q of a customer", o.First, short(o.Account))
		case err != nil && !errors.Is(err, numbering.ErrOwnedText):
			return list, err
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list.Rows++
		stored = numbering.AppendOwned(stored, o)
	}
	if limited.N == 0 || len(stored) > ledger.MaxNumberList {
		errs = append(errs, fmt.Errorf("it has more than %d bytes", ledger.MaxNumberList))
	}
	if len(errs) > 0 {
		return list, fmt.Errorf("numbers %s: %w", id, refuseAll(errs))
	}
	var err error
	list.Object, err = c.ledger.StoreNumbers(ctx, stored)
	return list, err
}

// exportNumbers returns the lists as text.
func (c *Catalog) exportNumbers(ctx context.Context) ([]NumberList, error) {
	lists, err := all[ledger.NumberList](ctx, c, "number_lists")
	if err != nil {
		return nil, err
	}
	var out []NumberList
	for _, list := range lists {
		text := NumberList{ID: list.ID, Numbers: []string{}}
		for o, err := range c.ledger.Numbers(ctx, list) {
			if err != nil {
				return nil, err
			}
			text.Numbers = append(text.Numbers, ownedRow(o))
		}
		out = append(out, text)
	}
	return out, nil
}

// reader returns the list as delimited text.
func (l NumberList) reader() io.Reader {
	return io.MultiReader(strings.NewReader(numbering.OwnedHeader), &rows{rows: l.Numbers})
}

// rows reads rows, a line each.
type rows struct {
	rows []string
	left string
}

func (r *rows) Read(p []byte) (int, error) {
	if r.left == "" {
		if len(r.rows) == 0 {
			return 0, io.EOF
		}
		r.left, r.rows = r.rows[0]+"\n", r.rows[1:]
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// importNumbers stores the lists of a setup text and checks all its numbers
// beside what is there.
func (c *Catalog) importNumbers(ctx context.Context, s, old Setup) (ledger.Setup, error) {
	var out ledger.Setup
	known, bought := map[string]bool{}, map[string]bool{}
	for _, cycle := range slices.Concat(old.Cycles, s.Cycles) {
		bought[cycle.ID] = cycle.Kind == book.Suppliers
	}
	for _, a := range slices.Concat(old.Accounts, s.Accounts) {
		known[a.ID] = !bought[a.Cycle]
	}
	for _, n := range s.Numbers {
		n.Owners = storedOwners(n.Owners)
		out.Numbers = append(out.Numbers, n)
	}
	for _, text := range s.NumberLists {
		list, err := c.storeNumbers(ctx, text.ID, text.reader(), known)
		if err != nil {
			return out, err
		}
		out.NumberLists = append(out.NumberLists, list)
	}
	if len(out.Numbers)+len(out.NumberLists) == 0 {
		return out, nil
	}
	_, err := c.ledger.CheckNumbers(ctx, out)
	if errors.Is(err, ledger.ErrNumbers) {
		err = fmt.Errorf("%w: %w", err, ErrRefused)
	}
	return out, err
}
