// Package extsort sorts more records than memory holds: runs of bounded size
// go to scratch objects and are merged back. No store key per record.
package extsort

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/objects"
)

const (
	chunkSize = 1 << 20
	// firstChunk is what a sorter begins with: most sort next to nothing.
	firstChunk = 4 << 10
	// maxFanIn bounds how many runs are read at once; more are merged in rounds.
	maxFanIn = 64
	// maxScratchNames bounds the search for a free scratch name: each taken one
	// is a crashed or concurrent run's.
	maxScratchNames = 100_000
)

// MaxRecord is the most bytes that a key and a value may have together.
const MaxRecord = chunkSize

// Sorter takes records and gives them back ordered by key, then by value. It
// is for one goroutine.
type Sorter struct {
	scratch objects.Bucket
	name    string // of the scratch objects: name/N
	limit   int    // bytes held before a run is written
	chunk   int    // bytes of a chunk
	fanIn   int    // runs read at once

	chunks [][]byte
	free   [][]byte
	index  []entry
	runs   []objects.Info
	next   int
}

// entry locates a record. head is the key's first 8 bytes, so that most
// comparisons touch nothing else.
type entry struct {
	head  uint64
	chunk uint32
	off   uint32
	key   uint32
	value uint32
}

const entrySize = 24

// New returns a sorter that holds about limit bytes (at least 1 MiB) in memory.
func New(scratch objects.Bucket, name string, limit int) *Sorter {
	return &Sorter{scratch: scratch, name: name, limit: max(limit, chunkSize), chunk: chunkSize, fanIn: maxFanIn}
}

// Add takes a record; key and value are copied.
func (s *Sorter) Add(ctx context.Context, key, value []byte) error {
	n := len(key) + len(value)
	if n > MaxRecord {
		return fmt.Errorf("record of %d bytes to sort: want at most %d", n, MaxRecord)
	}
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last])+n > s.chunk {
		if (len(s.chunks)+1)*s.chunk+len(s.index)*entrySize > s.limit && last >= 0 {
			if err := s.spill(ctx); err != nil {
				return err
			}
		}
		s.grow()
		last = len(s.chunks) - 1
	}
	chunk := s.chunks[last]
	s.index = append(s.index, entry{
		head: headOf(key), chunk: uint32(last), off: uint32(len(chunk)), key: uint32(len(key)), value: uint32(len(value)),
	})
	s.chunks[last] = append(append(chunk, key...), value...)
	return nil
}

func (s *Sorter) grow() {
	if n := len(s.free); n > 0 {
		s.chunks = append(s.chunks, s.free[n-1][:0])
		s.free = s.free[:n-1]
		return
	}
	size := s.chunk
	if len(s.chunks) == 0 {
		size = min(size, firstChunk) // it grows as it is filled
	}
	s.chunks = append(s.chunks, make([]byte, 0, size))
}

func headOf(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

func (s *Sorter) key(e entry) []byte   { return s.chunks[e.chunk][e.off : e.off+e.key] }
func (s *Sorter) value(e entry) []byte { return s.chunks[e.chunk][e.off+e.key : e.off+e.key+e.value] }

func (s *Sorter) reset() {
	s.free = append(s.free, s.chunks...)
	s.chunks, s.index = s.chunks[:0], s.index[:0]
}

// spill writes what is in memory as one sorted run.
func (s *Sorter) spill(ctx context.Context) error {
	s.sortIndex()
	i := 0
	err := s.writeRun(ctx, func() (key, value []byte, ok bool, err error) {
		if i == len(s.index) {
			return nil, nil, false, nil
		}
		e := s.index[i]
		i++
		return s.key(e), s.value(e), true, nil
	})
	if err != nil {
		return err
	}
	s.reset()
	return nil
}

// writeRun stores what next yields as a scratch object. A run is read twice
// only if the store could not tell whether it kept the first attempt.
func (s *Sorter) writeRun(ctx context.Context, next func() (key, value []byte, ok bool, err error)) error {
	content := &runWriter{next: next}
	for range maxScratchNames {
		name := s.name + "/" + strconv.Itoa(s.next)
		s.next++
		_, err := s.scratch.Stat(ctx, name)
		if err == nil {
			continue
		}
		if !errors.Is(err, objects.ErrNotFound) {
			return fmt.Errorf("looking for a scratch name: %w", err)
		}
		info, err := s.scratch.Create(ctx, name, content)
		if errors.Is(err, objects.ErrExists) && !content.started {
			continue
		}
		if err != nil {
			return fmt.Errorf("writing a sorted run: %w", err)
		}
		s.runs = append(s.runs, info)
		return nil
	}
	return fmt.Errorf("no free scratch name under %s", s.name)
}

// Sorted returns the records in order. The sorter takes no more after it.
func (s *Sorter) Sorted(ctx context.Context) (*Iterator, error) {
	s.sortIndex()
	if len(s.runs) == 0 {
		return &Iterator{sorter: s}, nil
	}
	if len(s.index) > 0 {
		if err := s.spill(ctx); err != nil {
			return nil, err
		}
	}
	s.free, s.index = nil, nil // the merge needs the room
	for len(s.runs) > s.fanIn {
		if err := s.mergeRound(ctx); err != nil {
			return nil, err
		}
	}
	m, err := openMerge(ctx, s.scratch, s.runs)
	if err != nil {
		return nil, err
	}
	return &Iterator{sorter: s, merge: m}, nil
}

// mergeRound merges the oldest runs, as many as may be read at once, into one.
func (s *Sorter) mergeRound(ctx context.Context) error {
	old := s.runs[:s.fanIn]
	m, err := openMerge(ctx, s.scratch, old)
	if err != nil {
		return err
	}
	err = s.writeRun(ctx, m.next)
	if err = errors.Join(err, m.close()); err != nil {
		return fmt.Errorf("merging sorted runs: %w", err)
	}
	for _, run := range old {
		if err := s.scratch.Delete(ctx, run.Name, run.Generation); err != nil {
			return fmt.Errorf("deleting a merged run: %w", err)
		}
	}
	s.runs = slices.Clone(s.runs[s.fanIn:])
	return nil
}

// Each calls f with every record in order; key and value are valid during the
// call. The sorter takes no more after it.
func (s *Sorter) Each(ctx context.Context, f func(key, value []byte) error) (err error) {
	it, err := s.Sorted(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		if err := f(it.Key(), it.Value()); err != nil {
			return err
		}
	}
	return it.Err()
}

// Close deletes the scratch objects. The sorter can be used again after it.
func (s *Sorter) Close(ctx context.Context) error {
	var errs []error
	for _, run := range s.runs {
		if err := s.scratch.Delete(ctx, run.Name, run.Generation); err != nil {
			errs = append(errs, fmt.Errorf("deleting a sorted run: %w", err))
		}
	}
	s.runs = nil
	s.reset()
	return errors.Join(errs...)
}

// Iterator yields sorted records.
type Iterator struct {
	sorter *Sorter
	at     int
	merge  *merge
	key    []byte
	value  []byte
	err    error
}

// Next moves to the next record; false at the end or on an error.
func (it *Iterator) Next() bool {
	if it.err != nil {
		return false
	}
	if it.merge != nil {
		var ok bool
		it.key, it.value, ok, it.err = it.merge.next()
		return ok && it.err == nil
	}
	if it.at >= len(it.sorter.index) {
		return false
	}
	e := it.sorter.index[it.at]
	it.key, it.value = it.sorter.key(e), it.sorter.value(e)
	it.at++
	return true
}

// Key and Value are valid until the next call of Next.
func (it *Iterator) Key() []byte   { return it.key }
func (it *Iterator) Value() []byte { return it.value }

// Err returns what stopped Next, if not the end.
func (it *Iterator) Err() error { return it.err }

// Close releases the runs it reads; the sorter deletes them.
func (it *Iterator) Close() error {
	if it.merge == nil {
		return nil
	}
	return it.merge.close()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
