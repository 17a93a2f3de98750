package objects

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// memory keeps objects in the process: for tests and simulations.
type memory struct {
	mu      sync.RWMutex
	names   []string // sorted
	objects map[string]memoryObject
}

type memoryObject struct {
	info Info
	data []byte // never written again
}

// NewMemory returns an empty bucket in memory. Its generations are those that a
// folder gives, the SHA-256 of the content, and like a folder it refuses, with
// ErrInvalid, an object "a" beside an object "a/b".
func NewMemory() Bucket {
	return &memory{objects: map[string]memoryObject{}}
}

func (m *memory) Stat(ctx context.Context, name string) (Info, error) {
	if err := CheckCall(ctx, "stat", name); err != nil {
		return Info{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	o, ok := m.objects[name]
	if !ok {
		return Info{}, fmt.Errorf("stat object %q: %w", name, ErrNotFound)
	}
	return o.info, nil
}

func (m *memory) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	if err := CheckCall(ctx, "open", name); err != nil {
		return nil, err
	}
	if err := CheckRange(generation, offset, length); err != nil {
		return nil, fmt.Errorf("open object %q: %w", name, err)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	o, ok := m.objects[name]
	if !ok || o.info.Generation != generation {
		return nil, missing(name, generation, ok)
	}
	from, n := cut(o.info.Size, offset, length)
	return io.NopCloser(contextReader{ctx, bytes.NewReader(o.data[from : from+n])}), nil
}

func (m *memory) Create(ctx context.Context, name string, content io.Reader) (Info, error) {
	if err := CheckCall(ctx, "create", name); err != nil {
		return Info{}, err
	}
	data, err := io.ReadAll(contextReader{ctx, content})
	if err != nil {
		return Info{}, fmt.Errorf("create object %q: read its content: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at, found := slices.BinarySearch(m.names, name)
	if found {
		return Info{}, fmt.Errorf("create object %q: %w", name, ErrExists)
	}
	if other := m.inTheWay(name); other != "" {
		return Info{}, fmt.Errorf("create object %q: %w: object %q is in the way", name, ErrInvalid, other)
	}
	info := Info{Name: name, Generation: hexHash(data), Size: int64(len(data))}
	m.names = slices.Insert(m.names, at, name)
	m.objects[name] = memoryObject{info, data}
	return info, nil
}

// inTheWay returns an object that would be a folder of name, or be in it.
func (m *memory) inTheWay(name string) string {
	for i := range len(name) {
		if name[i] == '/' {
			if _, ok := m.objects[name[:i]]; ok {
				return name[:i]
			}
		}
	}
	at, _ := slices.BinarySearch(m.names, name+"/")
	if at < len(m.names) && strings.HasPrefix(m.names[at], name+"/") {
		return m.names[at]
	}
	return ""
}

func (m *memory) List(ctx context.Context, prefix, after string, limit int) ([]Info, error) {
	if err := CheckList(ctx, prefix, limit); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var infos []Info
	at, _ := slices.BinarySearch(m.names, max(prefix, after))
	for _, name := range m.names[at:] {
		if len(infos) == limit || !strings.HasPrefix(name, prefix) {
			break
		}
		if name > after {
			infos = append(infos, m.objects[name].info)
		}
	}
	return infos, nil
}

func (m *memory) Delete(ctx context.Context, name, generation string) error {
	if err := CheckCall(ctx, "delete", name); err != nil {
		return err
	}
	if generation == "" {
		return fmt.Errorf("delete object %q: %w: no generation is given", name, ErrInvalid)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, found := slices.BinarySearch(m.names, name); found && m.objects[name].info.Generation == generation {
		m.names = slices.Delete(m.names, at, at+1)
		delete(m.objects, name)
	}
	return nil
}

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
