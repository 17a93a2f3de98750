// Package report puts beside a file that came in what became of it, for the
// person who dropped it there.
package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/objects"
)

// Suffix ends the names of reports. Objects with such names are not taken for
// decks or records.
const Suffix = ".report.json"

// Is reports whether an object's name is that of a report.
func Is(name string) bool { return strings.HasSuffix(name, Suffix) }

// maxRaces bounds how often a report is written again that met another.
const maxRaces = 5

// Write puts v as JSON beside the object of that name, in place of the report
// that is there. An object whose name leaves no room for the suffix gets none.
func Write(ctx context.Context, bucket objects.Bucket, object string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report of %s: %w", object, err)
	}
	name := object + Suffix
	if objects.CheckName(name) != nil {
		return nil
	}
	for range maxRaces {
		_, err = bucket.Create(ctx, name, bytes.NewReader(append(data, '\n')))
		if !errors.Is(err, objects.ErrExists) {
			break
		}
		old, err := bucket.Stat(ctx, name)
		if errors.Is(err, objects.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("replacing the report of %s: %w", object, err)
		}
		if err := bucket.Delete(ctx, name, old.Generation); err != nil {
			return fmt.Errorf("replacing the report of %s: %w", object, err)
		}
	}
	if err != nil {
		return fmt.Errorf("writing the report of %s: %w", object, err)
	}
	return nil
}
