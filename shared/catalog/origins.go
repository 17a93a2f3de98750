package catalog

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// originsOf returns the groups of callers that a revision needs whose rates are
// these: those that the deck has the codes of, and those of the revision before that
// a rate is still for. Rates for a group that neither has name one of the terms of
// the cards that are built from them. An error is for a person.
func originsOf(read *deck.Report, before []rating.Origin, rates *ratecard.Rates) ([]rating.Origin, error) {
	used := map[string]bool{}
	for _, name := range rates.Origins() {
		used[name] = true
	}
	var out []rating.Origin
	for _, groups := range [...][]rating.Origin{read.OriginGroups(), before} {
		for _, g := range groups {
			if used[g.Name] {
				out = append(out, g)
				delete(used, g.Name) // what the deck says goes before
			}
		}
	}
	slices.SortFunc(out, func(a, b rating.Origin) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	if len(out) > rating.MaxOrigins {
		return nil, fmt.Errorf("the card's rates are for %d groups of callers, want at most %d: %w", len(out), rating.MaxOrigins, ErrRefused)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("the groups of callers: %w", err)
	}
	if len(b) > MaxTerms {
		return nil, fmt.Errorf("the prefixes of the card's groups of callers take %d bytes, want at most %d: %w", len(b), MaxTerms, ErrRefused)
	}
	return out, nil
}

// termsOver returns the terms of a customer card that is built from a revision of its
// parent: its own, and the groups of callers that the revision's rates are for. The
// error says that the two give one name to different groups.
func (d Definition) termsOver(parent ratecard.Revision) (rating.Terms, error) {
	return d.Terms.Rating(d.Currency).WithOrigins(parent.Origins)
}

// says reports whether two revisions say the same.
func says(a, b ratecard.Revision) bool {
	return a.Rates == b.Rates && rating.SameOrigins(a.Origins, b.Origins)
}
