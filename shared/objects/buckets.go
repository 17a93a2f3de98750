package objects

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Buckets are the buckets of one installation.
type Buckets struct {
	Decks Bucket // rate decks as received
	CDRs  Bucket // usage records as received
	Cards Bucket // card images and books
	Rated Bucket // parts and segments of rated records
	Bills Bucket // invoices and usage detail
	Work  Bucket // scratch: sorting, markers
}

// OpenFolders opens a folder for each bucket in root: decks, cdrs, cards,
// rated, bills and work. Each Bucket is a *Folder.
func OpenFolders(root string, options ...Option) (Buckets, error) {
	var b Buckets
	for _, one := range []struct {
		name   string
		bucket *Bucket
	}{
		{"decks", &b.Decks}, {"cdrs", &b.CDRs}, {"cards", &b.Cards},
		{"rated", &b.Rated}, {"bills", &b.Bills}, {"work", &b.Work},
	} {
		own := options
		if one.bucket != &b.Decks && one.bucket != &b.CDRs {
			own = append(slices.Clone(options), QuickGenerations())
		}
		folder, err := OpenFolder(filepath.Join(root, one.name), own...)
		if err != nil {
			return Buckets{}, fmt.Errorf("open bucket %s: %w", one.name, err)
		}
		*one.bucket = folder
	}
	return b, nil
}

// MemoryBuckets returns empty buckets in memory.
func MemoryBuckets() Buckets {
	return Buckets{
		Decks: NewMemory(), CDRs: NewMemory(), Cards: NewMemory(),
		Rated: NewMemory(), Bills: NewMemory(), Work: NewMemory(),
	}
}
