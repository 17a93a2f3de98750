package objects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// maxJournal is the size in bytes above which a journal starts anew.
const maxJournal = 64 << 10

var (
	// errNoCopy: .gen holds no copy of the generation.
	errNoCopy = errors.New("no copy is kept")
	// errChanging: a file was written or replaced while it was read.
	errChanging = fmt.Errorf("%w: the file is being changed", ErrTransient)
)

// state tells whether a file is still what it was, without reading it.
type state struct {
	inode    uint64
	size     int64
	modified int64 // ns
}

func stateOf(info fs.FileInfo) state {
	return state{
		inode:    info.Sys().(*syscall.Stat_t).Ino,
		size:     info.Size(),
		modified: info.ModTime().UnixNano(),
	}
}

func (s state) String() string {
	return fmt.Sprintf("%d %d %d", s.inode, s.size, s.modified)
}

// journal remembers which generation a file of a certain state held, for one
// name: a line "generation inode size mtime" each, a later one wins. It only
// saves reading: when it is lost, cut or copied to another disk, its lines fit
// no file and the files are read again.
type journal string

// generation returns the generation of a file in that state, empty if unknown.
func (j journal) generation(s state) string {
	found := ""
	for line := range strings.SplitSeq(string(j), "\n") {
		if generation, rest, ok := strings.Cut(line, " "); ok && rest == s.String() && isGeneration(generation) {
			found = generation
		}
	}
	return found
}

// names reports whether the generation was ever known.
func (j journal) names(generation string) bool {
	return strings.Contains(string(j), "\n"+generation+" ")
}

// The private files of a name stand together in one of 256 directories.
func privateDir(name string) string { return genDir + "/" + hexHash([]byte(name))[:2] }

func copyPath(name, generation string) string {
	return privateDir(name) + "/" + hexHash([]byte(name)) + "." + generation
}

func journalPath(name string) string {
	return privateDir(name) + "/" + hexHash([]byte(name)) + ".journal"
}

// isGeneration reports whether s can be a generation; nothing else may become
// part of a path.
func isGeneration(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// ContentHash returns the generation where it is the hash of the bytes.
func (f *Folder) ContentHash(generation string) string {
	if f.quick {
		return ""
	}
	return generation
}

func (f *Folder) journal(name string) (journal, error) {
	b, err := f.root.ReadFile(journalPath(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return journal(b), nil
}

// remember adds to the journal of a name; the caller holds its lock. A line
// starts with a line break, so that a torn one before it does no harm.
func (f *Folder) remember(name, generation string, states ...state) (err error) {
	file, err := f.root.OpenFile(journalPath(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() > maxJournal {
		if err := file.Truncate(0); err != nil {
			return err
		}
	}
	var lines strings.Builder
	for _, s := range states {
		lines.WriteString("\n" + generation + " " + s.String() + "\n")
	}
	_, err = file.WriteString(lines.String())
	return err
}

// look returns the state of the person's file of a name.
func (f *Folder) look(name string) (state, error) {
	info, err := f.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return state{}, ErrNotFound
	case err != nil:
		return state{}, err
	case !info.Mode().IsRegular():
		return state{}, fmt.Errorf("%w: there is no regular file but a %s", ErrNotFound, kindOf(info.Mode()))
	}
	return stateOf(info), nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "special file (" + mode.String() + ")"
}

// known returns the generation of a file of that state if it is remembered and
// its copy is still good, else nothing.
func (f *Folder) known(name string, live state) (string, error) {
	journal, err := f.journal(name)
	if err != nil {
		return "", err
	}
	generation := journal.generation(live)
	if generation == "" {
		return "", nil
	}
	info, err := f.root.Lstat(copyPath(name, generation))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if journal.generation(stateOf(info)) != generation {
		return "", nil
	}
	return generation, nil
}

// take copies the person's file of a name into .gen. It returns errChanging if
// the file did not stay the same meanwhile.
func (f *Folder) take(ctx context.Context, name string) (info Info, live state, err error) {
	// A pipe that took the file's place must not block.
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, state{}, errChanging
	}
	if err != nil {
		return Info{}, state{}, err
	}
	defer file.Close()
	opened, err := file.Stat()
	if err != nil {
		return Info{}, state{}, err
	}
	live = stateOf(opened)
	t, err := f.newTemp()
	if err != nil {
		return Info{}, state{}, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	began := t.state.modified
	// A file that grows as fast as it is read would never end.
	if err := t.fill(ctx, io.LimitReader(file, live.size)); err != nil {
		return Info{}, state{}, err
	}
	lock, err := f.lockName(name)
	if err != nil {
		return Info{}, state{}, err
	}
	defer lock.Close()
	switch now, err := f.look(name); {
	case err != nil && !errors.Is(err, ErrNotFound):
		return Info{}, state{}, err
	case err != nil || now != live:
		return Info{}, state{}, errChanging
	}
	states := []state{t.state}
	// A file changed in the very tick of the clock in which copying began could
	// change again without a trace: it is not remembered but read again.
	if live.modified != began {
		states = append(states, live)
	}
	if err := f.keep(t, name, states...); err != nil {
		return Info{}, state{}, err
	}
	return Info{Name: name, Generation: t.generation, Size: t.state.size}, live, nil
}

// keep makes a filled temporary file the copy of its generation, remembered by
// those states; the caller holds the lock of the name.
func (f *Folder) keep(t *temp, name string, states ...state) error {
	// The journal comes first, so that nobody meets a copy it does not know.
	if err := f.remember(name, t.generation, states...); err != nil {
		return err
	}
	if err := f.root.Rename(t.path, copyPath(name, t.generation)); err != nil {
		return err
	}
	t.path = ""
	return f.syncDir(privateDir(name))
}

// openCopy opens the copy of a generation. A copy in a state that is not
// remembered is read and hashed first; if it fails, it is no copy.
func (f *Folder) openCopy(ctx context.Context, name, generation string) (r *pinned, err error) {
	if !isGeneration(generation) {
		return nil, errNoCopy
	}
	file, err := f.root.Open(copyPath(name, generation))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoCopy
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	r = &pinned{ctx: ctx, name: name, generation: generation, file: file, state: stateOf(info)}
	journal, err := f.journal(name)
	if err != nil {
		return nil, err
	}
	if journal.generation(r.state) == generation {
		return r, nil
	}
	r.section = io.NewSectionReader(file, 0, r.state.size)
	hash := f.newSum()
	_, err = io.Copy(hash, r)
	if errors.Is(err, ErrLost) || err == nil && hex.EncodeToString(hash.sum()) != generation {
		return nil, errNoCopy
	}
	if err != nil {
		return nil, err
	}
	lock, err := f.lockName(name)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	return r, f.remember(name, generation, r.state)
}

// pinned reads a range of a copy. It looks at the file after each read: a copy
// that shares its bytes with a file made by Create may be edited under it.
type pinned struct {
	ctx              context.Context
	name, generation string
	file             *os.File
	state            state
	section          *io.SectionReader
}

func (p *pinned) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, fail("read", p.name, err)
	}
	n, err := p.section.Read(b)
	if err != nil && err != io.EOF {
		return 0, fail("read", p.name, err)
	}
	info, statErr := p.file.Stat()
	if statErr != nil {
		return 0, fail("read", p.name, statErr)
	}
	if stateOf(info) != p.state {
		return 0, fail("read", p.name, fmt.Errorf("%w: generation %s was edited in place", ErrLost, p.generation))
	}
	return n, err
}

func (p *pinned) Close() error {
	if err := p.file.Close(); err != nil {
		return fail("close", p.name, err)
	}
	return nil
}
