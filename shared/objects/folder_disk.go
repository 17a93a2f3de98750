package objects

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// The folder's own directories; no name has a part that starts like them.
const (
	tmpDir = ".tmp" // files being written, each locked by its writer
	genDir = ".gen" // copies of generations, and journals
)

// fail says what was being done and which error of a Bucket err is.
func fail(doing, name string, err error) error {
	return fmt.Errorf("%s object %q: %w", doing, name, classify(err))
}

// classify adds the error of a Bucket that err is. That a file is missing is
// not judged here: only look knows whether it is the object.
func classify(err error) error {
	switch {
	case isAny(err):
		return err
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EMFILE),
		errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ESTALE):
		return fmt.Errorf("%w: %w", ErrTransient, err)
	}
	return err
}

// isAny reports whether err is one of the errors that a Bucket returns.
func isAny(err error) bool {
	for _, kind := range []error{ErrNotFound, ErrLost, ErrExists, ErrDenied, ErrTransient, ErrInvalid} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// contentError marks an error of the content's reader, which is not ours.
type contentError struct{ err error }

func (e *contentError) Error() string { return e.err.Error() }

type contentReader struct{ r io.Reader }

func (c contentReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF {
		err = &contentError{err}
	}
	return n, err
}

// temp is a file in .tmp that is being written. Its writer holds a lock on it:
// one without a lock belongs to a dead writer.
type temp struct {
	folder     *Folder
	file       *os.File
	path       string // empty: it has been kept
	state      state
	generation string // set by fill
}

// newTemp makes a temporary file. It is read-only, as what it becomes is; only
// its writer has it open for writing.
func (f *Folder) newTemp() (t *temp, err error) {
	// clean must not come between the making of a file and its locking.
	lock, err := f.lock(tmpDir, syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	t = &temp{folder: f}
	for t.file == nil {
		t.path = fmt.Sprintf("%s/%d-%d", tmpDir, os.Getpid(), f.temps.Add(1))
		t.file, err = f.root.OpenFile(t.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o444)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	if err := flock(t.file, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, t.close())
	}
	if err := t.look(); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *temp) look() error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	t.state = stateOf(info)
	return nil
}

// fill writes the content, makes it last, and sets generation and state.
func (t *temp) fill(ctx context.Context, content io.Reader) error {
	hash := t.folder.newSum()
	if _, err := io.Copy(io.MultiWriter(t.file, hash), contextReader{ctx, content}); err != nil {
		return err
	}
	if t.folder.sync {
		if err := t.file.Sync(); err != nil {
			return err
		}
	}
	t.generation = hex.EncodeToString(hash.sum())
	return t.look()
}

// close ends the lock, and removes the file unless it has been kept.
func (t *temp) close() error {
	var err error
	if t.path != "" {
		err = t.folder.root.Remove(t.path)
	}
	if err = errors.Join(err, t.file.Close()); err != nil {
		return fmt.Errorf("clear a temporary file: %w", err)
	}
	return nil
}

// clean removes the temporary files of dead writers.
func (f *Folder) clean() error {
	lock, err := f.lock(tmpDir, syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	entries, err := lock.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := f.cleanOne(path.Join(tmpDir, entry.Name())); err != nil {
			return fmt.Errorf("clear what a dead writer left: %w", err)
		}
	}
	return nil
}

func (f *Folder) cleanOne(left string) error {
	file, err := f.root.OpenFile(left, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its writer has just finished
	}
	if err != nil {
		return err
	}
	defer file.Close()
	err = flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.root.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lockName keeps all others, in this process and in any other, from changing
// what is private to a name. Closing what it returns ends that.
func (f *Folder) lockName(name string) (*os.File, error) {
	dir := privateDir(name)
	lock, err := f.lock(dir, syscall.LOCK_EX)
	if !errors.Is(err, fs.ErrNotExist) {
		return lock, err
	}
	if err := f.makeDirs(dir, 0o700); err != nil {
		return nil, err
	}
	return f.lock(dir, syscall.LOCK_EX)
}

func (f *Folder) lock(dir string, how int) (*os.File, error) {
	d, err := f.root.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := flock(d, how); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if err == nil {
			return nil
		}
		if err != syscall.EINTR {
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		}
	}
}

// makeDirs makes a directory and those above it.
func (f *Folder) makeDirs(dir string, mode fs.FileMode) error {
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		err := f.root.Mkdir(dir[:i], mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := f.syncDir(path.Dir(dir[:i])); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the entries of a directory last.
func (f *Folder) syncDir(dir string) error {
	if !f.sync {
		return nil
	}
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
