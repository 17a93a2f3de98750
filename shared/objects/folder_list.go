package objects

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
)

// List walks the directories in the order of full names. It reads no file that
// Stat has met before; its memory grows with the entries of one directory. A
// file that is being changed is left out: it is not there yet.
func (f *Folder) List(ctx context.Context, prefix, after string, limit int) ([]Info, error) {
	if err := CheckList(ctx, prefix, limit); err != nil {
		return nil, err
	}
	dir := prefix[:strings.LastIndexByte(prefix, '/')+1]
	if dir != "" && CheckName(strings.TrimSuffix(dir, "/")) != nil {
		return nil, nil // no object can be in there
	}
	l := lister{folder: f, ctx: ctx, prefix: prefix, after: after, limit: limit}
	if err := l.walk(dir); err != nil {
		return nil, fail("list", prefix, err)
	}
	return l.infos, nil
}

type lister struct {
	folder        *Folder
	ctx           context.Context
	prefix, after string
	limit         int
	infos         []Info
}

// walk adds the objects of a directory, whose name ends in "/" or is empty.
func (l *lister) walk(dir string) error {
	keys, err := l.keys(dir)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if len(l.infos) == l.limit {
			return nil
		}
		if strings.HasSuffix(key, "/") {
			if err := l.walk(key); err != nil {
				return err
			}
			continue
		}
		if l.folder.listTaken {
			if taken, err := l.folder.taken(key); err != nil && !errors.Is(err, ErrNotFound) {
				return err
			} else if !taken {
				continue
			}
		}
		info, err := l.folder.Stat(l.ctx, key)
		if errors.Is(err, ErrNotFound) || errors.Is(err, errChanging) {
			continue
		}
		if err != nil {
			return err
		}
		l.infos = append(l.infos, info)
	}
	return nil
}

// taken reports whether the file of that name is an object already.
func (f *Folder) taken(name string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	live, err := f.look(name)
	if err != nil {
		return false, err
	}
	generation, err := f.known(name, live)
	return generation != "", err
}

// keys returns the full names of a directory's files and directories that may
// have a part in the answer. A directory ends in "/", so that sorting them
// sorts all that is in them.
func (l *lister) keys(dir string) ([]string, error) {
	d, err := l.folder.root.Open(dir + ".")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, entry := range entries {
		key := dir + entry.Name()
		if CheckName(key) != nil {
			continue
		}
		switch {
		case entry.IsDir():
			key += "/"
			if strings.HasPrefix(key, l.prefix) && (key > l.after || strings.HasPrefix(l.after, key)) {
				keys = append(keys, key)
			}
		case entry.Type().IsRegular() && strings.HasPrefix(key, l.prefix) && key > l.after:
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}
