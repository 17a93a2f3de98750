package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"sync/atomic"
)

// Folder is a Bucket in a folder of a Linux or macOS file system that has hard
// links. Its objects are the regular files in it; a person may drop, replace
// and remove files by hand. Several processes may use one folder.
//
//   - A generation is the SHA-256 of its bytes, in hex. The bytes are kept apart
//     in .gen, so what happens to the person's file cannot reach a pinned read.
//   - A file that Create made is read-only and shares its bytes with its copy in
//     .gen. Whoever edits it all the same loses that generation (ErrLost); the
//     bytes read are never others.
//   - A file that was dropped is copied when Stat, List or OpenRange first meets
//     it. One that changes meanwhile is ErrTransient to Stat, not yet there to
//     List. Call Settled first, or a half-written file becomes a generation.
//   - What is no regular file (a symbolic link, a pipe) and what has a bad name
//     is not an object.
//   - Delete leaves directories, even empty ones; they may be a person's.
//   - An object "a" cannot stand beside an object "a/b", nor where a directory
//     is, even an empty one: Create answers ErrInvalid.
type Folder struct {
	root      *os.Root
	sync      bool
	listTaken bool
	quick     bool
	temps     atomic.Int64 // numbers the temporary files

	mu    sync.Mutex
	looks map[string]state // what Settled saw, of files that have no copy yet
}

var _ Bucket = (*Folder)(nil)

// Option changes how a folder works.
type Option func(*Folder)

// WithoutSync leaves out every fsync: fast, and an object that was created may
// be gone or cut after a power failure (not after a crash of the process). It
// is for tests and simulations.
func WithoutSync() Option {
	return func(f *Folder) { f.sync = false }
}

// QuickGenerations makes generations of checksums, not of a hash of all bytes.
// It is for buckets whose objects only this program makes.
func QuickGenerations() Option {
	return func(f *Folder) { f.quick = true }
}

// ListTaken lets List leave out a dropped file until Stat or OpenRange has met
// it: whoever watches the folder says when a file is complete (see Settled), and
// nobody else's List makes a half-written one an object.
func ListTaken() Option {
	return func(f *Folder) { f.listTaken = true }
}

// OpenFolder opens the bucket in the folder dir, which is made if need be, and
// clears what dead writers left in its .tmp. It returns ErrDenied if the folder
// cannot be written.
func OpenFolder(dir string, options ...Option) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open bucket folder: %w", classify(err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open bucket folder: %w", classify(err))
	}
	f := &Folder{root: root, sync: true, looks: map[string]state{}}
	for _, option := range options {
		option(f)
	}
	err = errors.Join(f.makeDirs(tmpDir, 0o700), f.makeDirs(genDir, 0o700))
	if err == nil {
		err = f.clean()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open bucket folder %s: %w", dir, classify(err)), root.Close())
	}
	return f, nil
}

// Stat returns the live generation of an object; see Folder for dropped files.
func (f *Folder) Stat(ctx context.Context, name string) (Info, error) {
	if err := CheckCall(ctx, "stat", name); err != nil {
		return Info{}, err
	}
	info, _, err := f.stat(ctx, name)
	if err != nil {
		return Info{}, fail("stat", name, err)
	}
	return info, nil
}

// stat also returns the state of the file that the answer is about.
func (f *Folder) stat(ctx context.Context, name string) (Info, state, error) {
	live, err := f.look(name)
	if err != nil {
		return Info{}, state{}, err
	}
	generation, err := f.known(name, live)
	if err != nil {
		return Info{}, state{}, err
	}
	if generation == "" {
		return f.take(ctx, name)
	}
	return Info{Name: name, Generation: generation, Size: live.size}, live, nil
}

// Settled reports whether a file is complete: it has the state that the call
// before saw, or its copy was taken already. A file that was renamed into place
// is complete at the second call, like any other. It never waits.
func (f *Folder) Settled(name string) (bool, error) {
	if err := CheckName(name); err != nil {
		return false, fail("look at", name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	live, err := f.look(name)
	if err != nil {
		delete(f.looks, name)
		return false, fail("look at", name, err)
	}
	generation, err := f.known(name, live)
	if err != nil {
		return false, fail("look at", name, err)
	}
	if generation != "" {
		delete(f.looks, name)
		return true, nil
	}
	before, seen := f.looks[name]
	f.looks[name] = live
	return seen && before == live, nil
}

// Create writes to a temporary file and links it into place: the link is what
// one creator wins, and a crash leaves nothing or the whole object. A crash
// right after the link leaves an object like one dropped by hand: the first
// Stat copies it and finds the same generation.
func (f *Folder) Create(ctx context.Context, name string, content io.Reader) (info Info, err error) {
	if err := CheckCall(ctx, "create", name); err != nil {
		return Info{}, err
	}
	t, err := f.newTemp()
	if err != nil {
		return Info{}, fail("create", name, err)
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.fill(ctx, contentReader{content}); err != nil {
		var broken *contentError
		if errors.As(err, &broken) {
			return Info{}, fmt.Errorf("create object %q: read its content: %w", name, broken.err)
		}
		return Info{}, fail("create", name, err)
	}
	lock, err := f.lockName(name)
	if err != nil {
		return Info{}, fail("create", name, err)
	}
	defer lock.Close()
	if err := f.link(t.path, name); err != nil {
		return Info{}, fail("create", name, err)
	}
	if err := errors.Join(f.keep(t, name, t.state), f.syncDir(path.Dir(name))); err != nil {
		return Info{}, fmt.Errorf("create object %q: it exists, but may not last: %w: %w", name, ErrTransient, err)
	}
	return Info{Name: name, Generation: t.generation, Size: t.state.size}, nil
}

// link puts a file under its name, which must be free.
func (f *Folder) link(from, name string) error {
	err := f.root.Link(from, name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.makeDirs(path.Dir(name), 0o755); err != nil {
			return err
		}
		err = f.root.Link(from, name)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if there, statErr := f.root.Lstat(name); statErr == nil && there.IsDir() {
		return fmt.Errorf("%w: a folder of that name is in the way", ErrInvalid)
	}
	return ErrExists
}

// OpenRange reads a kept copy, never a person's file. A generation that is gone
// is ErrLost while the name has another one or remembers it, else ErrNotFound.
func (f *Folder) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	err := CheckCall(ctx, "open", name)
	if err != nil {
		return nil, err
	}
	if err := CheckRange(generation, offset, length); err != nil {
		return nil, fail("open", name, err)
	}
	r, err := f.openCopy(ctx, name, generation)
	if errors.Is(err, errNoCopy) {
		var info Info
		info, _, err = f.stat(ctx, name)
		switch {
		case errors.Is(err, ErrNotFound):
			journal, err := f.journal(name)
			if err != nil {
				return nil, fail("open", name, err)
			}
			return nil, missing(name, generation, journal.names(generation))
		case err == nil && info.Generation != generation:
			return nil, missing(name, generation, true)
		case err == nil:
			r, err = f.openCopy(ctx, name, generation)
		}
	}
	if errors.Is(err, errNoCopy) {
		return nil, fail("open", name, fmt.Errorf("%w: its copy was taken and is gone again", ErrTransient))
	}
	if err != nil {
		return nil, fail("open", name, err)
	}
	from, n := cut(r.state.size, offset, length)
	r.section = io.NewSectionReader(r.file, from, n)
	return r, nil
}

// Delete removes the file first, then its copy. A repeat after a crash between
// the two finds no file and removes the copy.
func (f *Folder) Delete(ctx context.Context, name, generation string) error {
	if err := CheckCall(ctx, "delete", name); err != nil {
		return err
	}
	if generation == "" {
		return fail("delete", name, fmt.Errorf("%w: no generation is given", ErrInvalid))
	}
	info, live, err := f.stat(ctx, name)
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !gone {
		return fail("delete", name, err)
	}
	if !gone && info.Generation != generation || !isGeneration(generation) {
		return nil
	}
	lock, err := f.lockName(name)
	if err != nil {
		return fail("delete", name, err)
	}
	defer lock.Close()
	now, err := f.look(name)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return fail("delete", name, err)
	case gone || now != live:
		return fail("delete", name, errChanging)
	default:
		if err := f.root.Remove(name); err != nil {
			return fail("delete", name, err)
		}
		if err := f.syncDir(path.Dir(name)); err != nil {
			return fail("delete", name, err)
		}
	}
	for _, private := range []string{copyPath(name, generation), journalPath(name)} {
		if err := f.root.Remove(private); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fail("delete", name, err)
		}
	}
	return nil
}
