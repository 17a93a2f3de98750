// Package ratecard keeps priced lists with a life: immutable revisions, the
// log that says from when each is live, what the rows of a deck do to the rates
// of one (Apply) and what that changes (Diff), and the building of a customer
// card from a provider card. It takes rows, never documents.
package ratecard

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/tollbook/tollbook/shared/rating"
)

// Revision is the head of an immutable set of a card's rates.
type Revision struct {
	Card   string `doc:"card" json:"card"`
	Number int    `doc:"number" json:"number"` // from 1, in order of making
	Rates  string `doc:"rates" json:"rates"`   // object of the rates, as WriteRates wrote them
	Image  string `doc:"image" json:"image"`   // object of the compiled card; empty until compiled
	Inputs string `doc:"inputs" json:"inputs"` // InputHash it was built from; empty for an uploaded deck
	Rows   int64  `doc:"rows" json:"rows"`     // rates
	// Origins are the groups of callers that rates of a deck are for: the cards that
	// are built from them have these in their terms.
	Origins []rating.Origin `doc:"origins,omitempty" json:"origins,omitempty"`
}

// InputHash names everything a customer card's rates follow from: the parent
// card, its revision and the hash of that revision's rates, the markups and the
// terms. It is the SHA-256, in hex, of a text in which no two inputs agree. It
// fails on terms that are not valid.
func InputHash(parent string, revision int, ratesHash string, m Markups, t rating.Terms) (string, error) {
	terms, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("naming the inputs of a card: %w", err)
	}
	h := sha256.New()
	// Quoted strings keep one input from running into the next. Writing to a
	// hash cannot fail.
	fmt.Fprintf(h, "tollbook card inputs 3\n%q %d %q\n%s %s\n%s\n", parent, revision, ratesHash, m.Prices, m.Events, terms)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Stale reports whether the revision was built from other inputs than
// InputHash gives now. Building never activates by itself, so
// a stale card goes on charging until a new revision is made and activated.
func Stale(rev Revision, inputsNow string) bool { return rev.Inputs != inputsNow }
