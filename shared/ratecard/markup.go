// Package ratecard keeps priced lists with a life: revisions, activation logs,
// and the building of a customer card from a provider card.
package ratecard
