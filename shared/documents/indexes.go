package documents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The file of index definitions, as the Firebase CLI deploys it: its reference
// is firebase.google.com/docs/reference/firestore/indexes.
type indexFile struct {
	Indexes        []compositeIndex `json:"indexes"`
	FieldOverrides []fieldOverride  `json:"fieldOverrides"`
}

type compositeIndex struct {
	CollectionGroup string       `json:"collectionGroup"`
	QueryScope      string       `json:"queryScope"`
	Fields          []indexField `json:"fields"`
}

type indexField struct {
	FieldPath string `json:"fieldPath"`
	Order     string `json:"order"`
}

type fieldOverride struct {
	CollectionGroup string       `json:"collectionGroup"`
	FieldPath       string       `json:"fieldPath"`
	TTL             bool         `json:"ttl,omitempty"`
	Indexes         []fieldIndex `json:"indexes"`
}

type fieldIndex struct {
	Order      string `json:"order"`
	QueryScope string `json:"queryScope"`
}

const (
	indexScope = "COLLECTION"
	indexOrder = "ASCENDING"
	anyField   = "*"
)

// Indexes returns firestore.indexes.json: a composite index for each declared
// query of two fields or more, and exemptions so that no other field is
// indexed but those of a declared query of one field, and the fields by which
// documents expire.
func (m Model) Indexes() ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("index definitions: %w", err)
	}
	file := indexFile{Indexes: []compositeIndex{}, FieldOverrides: []fieldOverride{}}
	for _, c := range slices.Sorted(slices.Values(m.Collections)) {
		file.FieldOverrides = append(file.FieldOverrides, fieldOverride{CollectionGroup: c, FieldPath: anyField, Indexes: []fieldIndex{}})
		expiry := m.Expires[c]
		for _, fields := range m.indexed(c) {
			if len(fields) == 1 {
				file.FieldOverrides = append(file.FieldOverrides, fieldOverride{c, FieldPath(fields[0]), fields[0] == expiry, []fieldIndex{{indexOrder, indexScope}}})
				if fields[0] == expiry {
					expiry = ""
				}
				continue
			}
			index := compositeIndex{c, indexScope, nil}
			for _, f := range fields {
				index.Fields = append(index.Fields, indexField{FieldPath(f), indexOrder})
			}
			file.Indexes = append(file.Indexes, index)
		}
		if expiry != "" {
			file.FieldOverrides = append(file.FieldOverrides, fieldOverride{c, FieldPath(expiry), true, []fieldIndex{}})
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	if err := e.Encode(file); err != nil {
		return nil, fmt.Errorf("index definitions: %w", err)
	}
	return out.Bytes(), nil
}

// indexed returns the fields of each index that the queries of a collection
// need, sorted, none twice; the order of the ids alone needs none.
func (m Model) indexed(collection string) [][]string {
	var out [][]string
	for _, d := range m.Queries {
		if d.Collection == collection && len(d.fields()) > 0 {
			out = append(out, d.fields())
		}
	}
	slices.SortFunc(out, slices.Compare)
	return slices.CompactFunc(out, slices.Equal)
}

// FieldPath returns the name of a declared field as Firestore's queries and
// indexes write it: one that is no plain word is quoted. No declared name holds
// what would need more.
func FieldPath(name string) string {
	if strings.Contains(name, "-") || name[0] >= '0' && name[0] <= '9' {
		return "`" + name + "`"
	}
	return name
}
