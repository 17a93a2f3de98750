package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// Limits of a search.
const (
	// maxSearched is after how many rates a page of a search ends, so that it
	// ends in time; the next page goes on behind the card.
	maxSearched = 4_000_000
	searchPage  = 100
	shortNumber = 7 // digits: a shorter one has only rates of all its digits
)

// Search asks which cards have a rate.
type Search struct {
	Number string    // digits in E.164, without plus: rates of its longest prefix
	Prefix string    // instead of Number: rates of just this prefix
	At     time.Time // of what is live and holds then
	After  string    // id of the card behind which the search goes on
	Limit  int       // of cards found, at least 1
}

// FoundRates are the rates of a card for what was looked for.
type FoundRates struct {
	Card     Definition
	Revision int
	Rates    []rating.Rate // one for each class, band and so on
}

// FindRates returns the cards whose live revision has a rate for a number, or for
// a prefix, by id, and behind which card to go on; empty: there are no more. A
// page may be short, or empty, before the last.
func (c *Catalog) FindRates(ctx context.Context, s Search) (found []FoundRates, next string, err error) {
	digits, exact := s.Number, len(s.Number) < shortNumber
	if s.Number == "" {
		digits, exact = s.Prefix, true
	}
	searched := int64(0)
	for {
		q := documents.Query{Name: "definitions_all", Limit: searchPage}
		if s.After != "" {
			q.From = s.After + "\x00"
		}
		page, err := c.docs.Query(ctx, q)
		if err != nil {
			return nil, "", fmt.Errorf("listing cards: %w", err)
		}
		for _, doc := range page.Docs {
			one := FoundRates{}
			if err := doc.Decode(&one.Card); err != nil {
				return nil, "", err
			}
			s.After = one.Card.ID
			rev, err := c.live(ctx, s.After, s.At)
			if err != nil {
				return nil, "", err
			}
			if one.Revision = rev.Number; rev.Number == 0 {
				continue
			}
			if one.Rates, err = ratecard.Find(c.storedRates(ctx, rev), digits, exact, s.At.UnixNano()); err != nil {
				return nil, "", err
			}
			if len(one.Rates) > 0 {
				found = append(found, one)
			}
			if searched += rev.Rows; len(found) == s.Limit || searched >= maxSearched {
				return found, s.After, nil
			}
		}
		if len(page.Docs) < searchPage {
			return found, "", nil
		}
	}
}

// live returns the revision of a card that is live at an instant; its Number is 0
// where none is.
func (c *Catalog) live(ctx context.Context, card string, at time.Time) (rev ratecard.Revision, err error) {
	var life book.Card
	if err := c.read(ctx, cardPath(card), &life); err != nil {
		return rev, err
	}
	n, ok := life.Log.At(at)
	if !ok {
		return rev, nil
	}
	return rev, c.read(ctx, revisionPath(card, n), &rev)
}

// Count counts the rates of a revision: those in force at an instant, and all.
func (c *Catalog) Count(ctx context.Context, rev ratecard.Revision, at time.Time) (active, total int64, err error) {
	rates, err := ratecard.Collect(c.storedRates(ctx, rev))
	if err != nil {
		return 0, 0, fmt.Errorf("counting the rates of %s revision %d: %w", rev.Card, rev.Number, err)
	}
	return rates.Active(at.UnixNano()), int64(rates.Len()), nil
}

// maxUses bounds the assignments of a card that are listed.
const maxUses = 100

// Uses is where a card is used.
type Uses struct {
	Assignments int64 // of accounts and numbers
	// First are the first of the assignments, by account.
	First     []book.Assignment
	Fallbacks []book.Fallback
	Children  []Follower // cards that are built from it
}

// Uses returns where a card is used. documents.ErrNotFound: there is no such card.
func (c *Catalog) Uses(ctx context.Context, card string) (u Uses, err error) {
	if _, err := c.Definition(ctx, card); err != nil {
		return u, err
	}
	q := documents.Query{Name: "assignments_by_card", Equal: map[string]any{"card": card}}
	if u.Assignments, err = c.docs.Count(ctx, q); err != nil {
		return u, fmt.Errorf("counting assignments: %w", err)
	}
	q.Limit = maxUses
	page, err := c.docs.Query(ctx, q)
	if err != nil {
		return u, fmt.Errorf("listing assignments: %w", err)
	}
	u.First = make([]book.Assignment, len(page.Docs))
	for i, doc := range page.Docs {
		if err := doc.Decode(&u.First[i]); err != nil {
			return u, err
		}
	}
	fallbacks, errF := all[book.Fallback](ctx, c, "fallbacks")
	for _, f := range fallbacks {
		if f.Card == card {
			u.Fallbacks = append(u.Fallbacks, f)
		}
	}
	var errC error
	u.Children, errC = c.Followers(ctx, card)
	return u, errors.Join(errF, errC)
}
