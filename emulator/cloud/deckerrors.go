package cloud

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tollbook/tollbook/shared/deck"
)

// writeErrors writes a deck whose rows are wrong with what is wrong with them. A
// file of an earlier try goes where no row is.
func (a *deckArgs) writeErrors(o deck.Options, report *deckReport) (err error) {
	if len(report.Errors) == 0 {
		if err := os.Remove(a.errors); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the errors of an earlier try: %w", err)
		}
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the deck with its errors: %w", err)
		}
	}()
	f, err := os.Open(a.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	m, err := deck.Mark(f, info.Size(), o, nil, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if err := os.MkdirAll(filepath.Dir(a.errors), 0o777); err != nil {
		return err
	}
	to, err := os.CreateTemp(filepath.Dir(a.errors), "."+filepath.Base(a.errors)+".*")
	if err != nil {
		return err
	}
	if err = errors.Join(m.Write(to), to.Chmod(0o644), to.Close()); err == nil {
		return os.Rename(to.Name(), a.errors)
	}
	return errors.Join(err, os.Remove(to.Name()))
}

// sameFile reports whether two names are of one file that is there.
func sameFile(one, other string) bool {
	a, errA := os.Stat(one)
	b, errB := os.Stat(other)
	return errA == nil && errB == nil && os.SameFile(a, b)
}
