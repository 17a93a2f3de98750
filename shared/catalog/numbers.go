package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	version, err := c.checkNumbers(ctx, ledger.Setup{Numbers: []book.Number{v}})
	if err != nil {
		return "", err
	}
	needs := accountsOf(nil, v.Owners)
	return c.edit(ctx, edit{
		path: ledger.NumberPath(v), value: v, match: m, book: true, numbers: &version, needs: needs,
		check: func(_ documents.Doc, needs []documents.Doc) error {
			r := about("number", v.Number)
			r.accounts("owners", needs)
			return r.err()
		},
	})
}

// checkNumbers refuses numbers that two accounts would own at one time.
func (c *Catalog) checkNumbers(ctx context.Context, s ledger.Setup) (version int64, err error) {
	version, err = c.ledger.CheckNumbers(ctx, s)
	if errors.Is(err, ledger.ErrNumbers) {
		return 0, fmt.Errorf("%w: %w", err, ErrRefused)
	}
	return version, err
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

// accounts refuses those that are not there.
func (r *Refusal) accounts(field string, needs []documents.Doc) {
	for _, a := range needs {
		if !a.Exists() {
			r.add(field, a.Path.ID, "accounts that are there")
		}
	}
}

// ImportNumbers makes a list of numbers of delimited text (see
// numbering.ReadOwned), in the place of the list of that name. An error that
// wraps ErrRefused lists everything that is wrong; then nothing is written.
func (c *Catalog) ImportNumbers(ctx context.Context, id string, text io.Reader) (rows int64, err error) {
	accounts, err := all[book.Account](ctx, c, "accounts")
	if err != nil {
		return 0, err
	}
	known := map[string]bool{}
	for _, a := range accounts {
		known[a.ID] = true
	}
	list, err := c.storeNumbers(ctx, id, text, known)
	if err != nil {
		return 0, err
	}
	s := ledger.Setup{NumberLists: []ledger.NumberList{list}}
	if _, err := c.checkNumbers(ctx, s); err != nil {
		return 0, err
	}
	return list.Rows, c.ledger.Apply(ctx, s)
}

// storeNumbers stores the rows of a list, all of accounts that are known, in
// one spelling.
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
			err = fmt.Errorf("number %s: no account %q", o.First, short(o.Account))
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
			text.Numbers = append(text.Numbers, string(bytes.TrimSuffix(numbering.AppendOwned(nil, o), []byte("\n"))))
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
	known := map[string]bool{}
	for _, a := range slices.Concat(old.Accounts, s.Accounts) {
		known[a.ID] = true
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
	_, err := c.checkNumbers(ctx, out)
	return out, err
}
