package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/prefix"
)

// Limits of call types. Their product is what one index of prefixes holds.
const (
	MaxCallTypes    = 4_000
	MaxTypePrefixes = prefix.MaxEntries / MaxCallTypes
)

// maxWeight bounds how much of a bundle usage draws, in percent.
const maxWeight = 10_000

// maxClass bounds the name of a tariff class, in bytes.
const maxClass = 32

func checkCallType(v book.CallType) *Refusal {
	r := about("call type", v.ID)
	r.id("id", v.ID)
	for _, text := range []struct{ field, value string }{{"name", v.Name}, {"band", v.Band}, {"group", v.Group}, {"rate_as", v.RateAs}} {
		r.text(text.field, text.value, 0)
	}
	r.class(v.Class, true)
	r.direction(v.Direction)
	if len(v.Prefixes) < 1 || len(v.Prefixes) > MaxTypePrefixes {
		r.add("prefixes", fmt.Sprint(len(v.Prefixes)), fmt.Sprintf("1 to %d: the empty one is of every number", MaxTypePrefixes))
	}
	for i, p := range v.Prefixes {
		field := fmt.Sprintf("prefixes[%d]", i)
		if !isDigits(p, 0, prefix.MaxDigits) {
			r.add(field, p, fmt.Sprintf("0 to %d digits, with the country's code and without + or 00", prefix.MaxDigits))
		} else if slices.Contains(v.Prefixes[:i], p) {
			r.add(field, p, "each once")
		}
	}
	if strings.Trim(v.RateAs, "0123456789") == "" && len(v.RateAs) > call.MaxNumber {
		r.add("rate_as", v.RateAs, fmt.Sprintf("at most %d digits, or the name of a service", call.MaxNumber))
	}
	switch v.Itemise {
	case "", book.ItemiseYes, book.ItemiseMasked, book.ItemiseNo:
	default:
		r.add("itemise", string(v.Itemise), fmt.Sprintf("%s, %s or %s", book.ItemiseYes, book.ItemiseMasked, book.ItemiseNo))
	}
	r.within("weight", uint64(v.Weight), 0, maxWeight)
	if !v.To.IsZero() && !documentTime(v.To).After(documentTime(v.From)) {
		r.add("to", timeText(v.To), "an instant after from, or none")
	}
	return r
}

func isDigits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// class refuses what is no name of a tariff class.
func (r *Refusal) class(s string, needed bool) {
	ok := s != "" || !needed
	for i, c := range []byte(s) {
		ok = ok && (c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '_' || c == '-'))
	}
	if !ok || len(s) > maxClass {
		r.add("class", s, fmt.Sprintf("1 to %d of a to z, digits, - _, beginning with a letter, such as mobile", maxClass))
	}
}

func (r *Refusal) direction(d book.Direction) {
	if d != "" && d != book.Outbound && d != book.Inbound {
		r.add("direction", string(d), fmt.Sprintf("%s, %s, or none for both", book.Outbound, book.Inbound))
	}
}

// knownClass refuses a class that no call type has: nothing would ever be of it.
func (r *Refusal) knownClass(class string, types []book.CallType) {
	if class == "" || slices.ContainsFunc(types, func(t book.CallType) bool { return t.Class == class }) {
		return
	}
	var names []string
	for _, t := range types {
		if !slices.Contains(names, t.Class) {
			names = append(names, t.Class)
		}
	}
	slices.Sort(names)
	want := "none: there are no call types"
	if len(names) > 0 {
		want = "one that a call type has: " + short(strings.Join(names, ", "))
	}
	r.add("class", class, want)
}

// storedCallType returns a call type as a document keeps it.
func storedCallType(v book.CallType) book.CallType {
	v.From, v.To = documentTime(v.From), documentTime(v.To)
	v.Prefixes = slices.Sorted(slices.Values(v.Prefixes))
	return v
}

// PutCallType writes what usage of some numbers means. It is refused where
// nothing would tell it from another one.
func (c *Catalog) PutCallType(ctx context.Context, v book.CallType, m Match) (documents.Version, error) {
	if err := checkCallType(v).err(); err != nil {
		return "", err
	}
	v = storedCallType(v)
	checked, err := c.ledger.Versions(ctx)
	if err != nil {
		return "", err
	}
	types, err := all[book.CallType](ctx, c, "call_types")
	if err != nil {
		return "", err
	}
	types = append(slices.DeleteFunc(types, func(t book.CallType) bool { return t.ID == v.ID }), v)
	r := about("call type", v.ID)
	if len(types) > MaxCallTypes {
		r.add("id", v.ID, fmt.Sprintf("one of the %d that there are: there can be no more", MaxCallTypes))
	}
	if a, b, prefix, found := book.Ambiguous(types); found {
		other := a
		if a.ID == v.ID {
			other = b
		}
		r.add("prefixes", prefix, fmt.Sprintf("another direction, band or from: call type %s has these for it, too", other.ID))
	}
	if err := r.err(); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{
		path: pathOf("call_types", v.ID), value: v, match: m, book: true, part: ledger.Parts{CallTypes: true}, checked: checked, check: anything,
	})
}

func checkFallback(v book.Fallback) *Refusal {
	r := about("fallback", v.Currency, v.From.String())
	r.class(v.Class, false)
	r.direction(v.Direction)
	r.id("card", v.Card)
	if _, err := billing.Digits(v.Currency); err != nil {
		r.add("currency", v.Currency, wantCurrency)
	}
	r.month("from", v.From)
	return r
}

// PutFallback writes which card prices, from the first of a month, what the
// assigned ones of accounts in a currency leave without a price.
func (c *Catalog) PutFallback(ctx context.Context, v book.Fallback, m Match) (documents.Version, error) {
	if err := checkFallback(v).err(); err != nil {
		return "", err
	}
	r := about("fallback", v.Currency, v.From.String())
	if err := c.checkClass(ctx, r, v.Class); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{
		path: ledger.FallbackPath(v), value: v, match: m, book: true, needs: []documents.Path{cardPath(v.Card), definitionPath(v.Card)},
		check: func(_ documents.Doc, needs []documents.Doc) error {
			var d Definition
			if err := decodeOld(needs[1], &d); err != nil {
				return err
			}
			r := about("fallback", v.Currency, v.From.String())
			switch {
			case !needs[0].Exists():
				r.add("card", v.Card, "a card that is there")
			case needs[1].Exists() && d.Kind != Customer:
				r.add("card", v.Card, fmt.Sprintf("a customer card: %s is a %s card", v.Card, d.Kind))
			case needs[1].Exists() && d.Currency != v.Currency:
				r.add("card", v.Card, fmt.Sprintf("a card in %s: %s is in %s", v.Currency, v.Card, d.Currency))
			}
			return r.err()
		},
	})
}

// checkClass refuses a class that no call type has.
func (c *Catalog) checkClass(ctx context.Context, r *Refusal, class string) error {
	if class == "" {
		return nil
	}
	types, err := all[book.CallType](ctx, c, "call_types")
	if err != nil {
		return err
	}
	r.knownClass(class, types)
	return r.err()
}

// checkRules reports what of a setup text's call types, assignments and
// fallbacks does not fit with each other and with what is there. Cards are those
// of both.
func (s Setup) checkRules(old Setup, cards map[string]Definition) error {
	var errs []error
	merged := byID(old.CallTypes, s.CallTypes, func(t book.CallType) string { return t.ID }, nil)
	var types []book.CallType
	for _, t := range merged {
		types = append(types, storedCallType(t))
	}
	slices.SortFunc(types, func(a, b book.CallType) int { return strings.Compare(a.ID, b.ID) })
	if len(types) > MaxCallTypes {
		errs = append(errs, fmt.Errorf("%d call types: want at most %d", len(types), MaxCallTypes))
	}
	if a, b, p, found := book.Ambiguous(types); found {
		errs = append(errs, fmt.Errorf("call types %s and %s are both for prefix %q: want another direction, band or from", a.ID, b.ID, p))
	}
	for _, as := range s.Assignments {
		r := about("assignment", as.Account, as.From.String())
		r.knownClass(as.Class, types)
		errs = append(errs, r.err())
	}
	for _, f := range s.Fallbacks {
		r := about("fallback", f.Currency, f.From.String())
		r.knownClass(f.Class, types)
		if d, ok := cards[f.Card]; !ok {
			r.add("card", f.Card, "a card that is there")
		} else if d.Kind != Customer || d.Currency != f.Currency {
			r.add("card", f.Card, fmt.Sprintf("a customer card in %s: it is a %s card in %s", f.Currency, d.Kind, d.Currency))
		}
		errs = append(errs, r.err())
	}
	return errors.Join(errs...)
}
