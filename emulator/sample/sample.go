// Package sample is the deck of a carrier that does not exist, records of
// customers who do not exist, and the setup that bills them; see README.md.
package sample

import _ "embed"

// Deck is deck.csv, for the card "carrier" of Setup.
//
//go:embed deck.csv
var Deck []byte

// CDRs is cdrs.csv, for the feed "switch" of Setup.
//
//go:embed cdrs.csv
var CDRs []byte

// Setup is setup.json, a setup text: the deck's prices plus 25%, 10 minutes a
// month for each account.
//
//go:embed setup.json
var Setup []byte
