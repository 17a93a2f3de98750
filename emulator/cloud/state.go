package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// stateDir is where a run keeps its state, below the folder of its results.
const stateDir = ".tollbook"

// inputs say what a folder's state was made of.
type inputs struct {
	Deck         fileHash   `json:"deck"`
	Destinations fileHash   `json:"destinations,omitzero"`
	CDRs         fileHash   `json:"cdrs"`
	Options      TryOptions `json:"options"`
}

type fileHash struct {
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

func hashFile(path string) (h fileHash, err error) {
	f, err := os.Open(path)
	if err != nil {
		return h, &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if h.Bytes, err = io.Copy(sum, f); err != nil {
		return h, &refusal{fmt.Errorf("reading %s: %w", path, err)}
	}
	h.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return h, nil
}

// claim makes out the folder of these inputs, or refuses it: results of other
// inputs are never mixed or overwritten.
func claim(out string, in inputs) error {
	want, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the inputs: %w", err)
	}
	want = append(want, '\n')
	file := filepath.Join(out, stateDir, "inputs.json")
	found, err := os.ReadFile(file)
	switch {
	case err == nil && string(found) == string(want):
		return nil
	case err == nil:
		return refuse("%s holds the results of %s; choose another --out, or delete it", out, difference(found, in))
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading the state of %s: %w", out, err)
	}
	for _, name := range []string{ratedFile, problemsFile, setupFile, receiptFile, invoiceDir} {
		if _, err := os.Lstat(filepath.Join(out, name)); err == nil {
			return refuse("%s has a %s that is not from here; choose another --out", out, name)
		}
	}
	if err := os.MkdirAll(filepath.Join(out, stateDir), 0o755); err != nil {
		return &refusal{fmt.Errorf("making the folder for results: %w", err)}
	}
	return writeFile(file, func(w io.Writer) error {
		_, err := w.Write(want)
		return err
	})
}

// difference says in words what a folder was made of, other than in.
func difference(found []byte, in inputs) string {
	var was inputs
	if json.Unmarshal(found, &was) != nil {
		return "inputs that cannot be read"
	}
	switch {
	case was.Deck != in.Deck:
		return "another deck"
	case was.Destinations != in.Destinations:
		return "another list of destinations"
	case was.CDRs != in.CDRs:
		return "other records"
	default:
		return "other options"
	}
}

// writeFile writes a file whole or not at all, and for good.
func writeFile(path string, write func(io.Writer) error) error {
	return placeFile(path, write, (*os.File).Sync)
}

// placeFile writes a file whole or not at all; settle is what it does with the
// bytes before they get their name.
func placeFile(path string, write func(io.Writer) error, settle func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o644), settle(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// stores are what a run works on. A test may wrap them.
type stores struct {
	docs    documents.Store
	buckets objects.Buckets
}

// openStores opens the embedded stores of a claimed folder. Objects are not
// synced one by one: all of a run's state follows from its two files, a killed
// run finds what it wrote, and after a power failure the checksums tell.
func openStores(dir string) (stores, error) {
	docs, err := documents.OpenBolt(filepath.Join(dir, "documents.db"), functions.Model())
	if err != nil {
		return stores{}, fmt.Errorf("opening the state (is another run using it?): %w", err)
	}
	buckets, err := objects.OpenFolders(filepath.Join(dir, "objects"), objects.WithoutSync())
	if err != nil {
		return stores{}, errors.Join(err, docs.Close())
	}
	return stores{docs, buckets}, nil
}

// clearScratch removes what a killed run left in the scratch bucket: the lock
// on the documents says that nobody else is using it.
func clearScratch(ctx context.Context, work objects.Bucket) error {
	for {
		found, err := work.List(ctx, "", "", 1000)
		if err != nil {
			return fmt.Errorf("clearing scratch: %w", err)
		}
		if len(found) == 0 {
			return nil
		}
		for _, o := range found {
			if err := work.Delete(ctx, o.Name, o.Generation); err != nil {
				return fmt.Errorf("clearing scratch: %w", err)
			}
		}
	}
}

// store puts a file into a bucket, once, and checks that it is the file that
// was read before.
func store(ctx context.Context, bucket objects.Bucket, name, path string, want fileHash) (info objects.Info, err error) {
	f, err := os.Open(path)
	if err != nil {
		return info, &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	info, err = bucket.Create(ctx, name, io.TeeReader(f, sum))
	if errors.Is(err, objects.ErrExists) {
		return bucket.Stat(ctx, name)
	}
	if err != nil {
		return info, fmt.Errorf("storing %s: %w", path, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
		return info, errors.Join(refuse("%s changed while it was read; run again", path), bucket.Delete(ctx, info.Name, info.Generation))
	}
	return info, nil
}

// syncFiles makes files durable that were placed without: many at once cost
// little more than one.
func syncFiles(paths []string) error {
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("syncing %s: %w", path, err)
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("syncing %s: %w", path, err)
		}
	}
	return nil
}

func noSync(*os.File) error { return nil }

// tempPrefix begins the names of files that are being written.
const tempPrefix = ".tollbook-tmp-"

// clearTemps removes what a killed run was writing.
func clearTemps(dirs ...string) error {
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clearing unfinished files: %w", err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), tempPrefix) {
				continue
			}
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("clearing unfinished files: %w", err)
			}
		}
	}
	return nil
}
