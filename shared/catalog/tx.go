package catalog

import (
	"fmt"

	"github.com/tollbook/tollbook/shared/documents"
)

// get reads a document that must be there.
func get(tx documents.Tx, p documents.Path, v any) error {
	doc, err := tx.Get(p)
	if err != nil {
		return fmt.Errorf("reading %s: %w", p, err)
	}
	if err := doc.Fields.Decode(v); err != nil {
		return fmt.Errorf("reading %s: %w", p, err)
	}
	return nil
}

// find reads a document that may be missing.
func find(tx documents.Tx, p documents.Path, v any) (missing bool, err error) {
	docs, err := tx.GetMany([]documents.Path{p})
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", p, err)
	}
	if !docs[0].Exists() {
		return true, nil
	}
	if err := docs[0].Fields.Decode(v); err != nil {
		return false, fmt.Errorf("reading %s: %w", p, err)
	}
	return false, nil
}

func put(tx documents.Tx, p documents.Path, v any) error    { return write(tx, false, p, v) }
func create(tx documents.Tx, p documents.Path, v any) error { return write(tx, true, p, v) }

func write(tx documents.Tx, isNew bool, p documents.Path, v any) error {
	fields, err := documents.Encode(v)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", p, err)
	}
	if isNew {
		return tx.Create(p, fields)
	}
	return tx.Put(p, fields)
}
