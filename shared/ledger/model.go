package ledger

import "github.com/tollbook/tollbook/shared/documents"

// Model is every collection and query of the ledger. A store refuses others,
// and a deployment makes its indexes of it.
func Model() documents.Model {
	m := documents.Model{
		Collections: []string{"heads", "batches", "entries", "periods", "folds", "invoices"},
		Queries: []documents.Declaration{
			{Name: "entries_by_period", Collection: "entries", Equal: []string{"period"}, Range: "batch"},
			{Name: "entries_by_into", Collection: "entries", Equal: []string{"into"}, Range: "period"},
			{Name: "entries_all", Collection: "entries", Range: "batch"},
			{Name: "batches_by_state", Collection: "batches", Equal: []string{"state"}, Range: "received_at"},
			{Name: "batches_by_redo", Collection: "batches", Equal: []string{"redo_state"}, Range: "redo_at"},
			{Name: "batches_by_content", Collection: "batches", Equal: []string{"content"}, Range: "received_at"},
			{Name: "batches_all", Collection: "batches", Range: "id"},
			{Name: "periods_by_cycle", Collection: "periods", Equal: []string{"cycle"}, Range: "month"},
			{Name: "periods_all", Collection: "periods", Range: "cycle"},
			{Name: "invoices_by_period", Collection: "invoices", Equal: []string{"period"}, Range: "number"},
			{Name: "invoices_all", Collection: "invoices", Range: "number"},
		},
	}
	for _, c := range []string{"cycles", "accounts", "cards", "plans", "call_types"} {
		m.Collections = append(m.Collections, c)
		m.Queries = append(m.Queries, documents.Declaration{Name: c + "_all", Collection: c, Range: "id"})
	}
	for _, c := range []string{"assignments", "features"} {
		m.Collections = append(m.Collections, c)
		m.Queries = append(m.Queries, documents.Declaration{Name: c + "_all", Collection: c, Range: "account"})
	}
	m.Collections = append(m.Collections, "fallbacks", "feeds", "numbers", "number_lists", "revisions")
	m.Queries = append(m.Queries,
		documents.Declaration{Name: "fallbacks_all", Collection: "fallbacks", Range: "currency"},
		documents.Declaration{Name: "numbers_all", Collection: "numbers", Range: "number"},
		documents.Declaration{Name: "number_lists_all", Collection: "number_lists", Range: "id"},
		documents.Declaration{Name: "feeds_all", Collection: "feeds", Range: "cycle"},
		documents.Declaration{Name: "assignments_by_card", Collection: "assignments", Equal: []string{"card"}, Range: "account"},
		documents.Declaration{Name: "revisions_by_card", Collection: "revisions", Equal: []string{"card"}, Range: "number"})
	return m
}
