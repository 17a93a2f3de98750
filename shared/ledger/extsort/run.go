package extsort

import (
	"bufio"
	"bytes"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/tollbook/tollbook/shared/objects"
)

// A run is records (uvarint key length + 1, uvarint value length, key, value),
// then a zero byte and the CRC-32C of all before it.

// runWriter renders a run as it is read, so that no run is held twice.
type runWriter struct {
	next    func() (key, value []byte, ok bool, err error)
	buf     []byte
	rest    []byte
	sum     uint32
	started bool
	done    bool
}

func (w *runWriter) Read(p []byte) (int, error) {
	w.started = true
	for len(w.rest) == 0 {
		if w.done {
			return 0, io.EOF
		}
		w.buf = w.buf[:0]
		for len(w.buf) < 64<<10 && !w.done {
			key, value, ok, err := w.next()
			if err != nil {
				return 0, err
			}
			if !ok {
				w.buf = append(w.buf, 0)
				w.done = true
				break
			}
			w.buf = binary.AppendUvarint(w.buf, uint64(len(key))+1)
			w.buf = binary.AppendUvarint(w.buf, uint64(len(value)))
			w.buf = append(append(w.buf, key...), value...)
		}
		w.sum = crc32.Update(w.sum, castagnoli, w.buf)
		if w.done {
			w.buf = binary.LittleEndian.AppendUint32(w.buf, w.sum)
		}
		w.rest = w.buf
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// runReader reads one run back.
type runReader struct {
	src        io.ReadCloser
	buf        *bufio.Reader
	sum        uint32
	small      [1]byte
	order      int // of the run: ties keep it stable
	key, value []byte
	name       string
}

var errRun = errors.New("sorted run is damaged")

func (r *runReader) advance() (ok bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading run %s: %w", r.name, err)
		}
	}()
	n, err := r.uvarint()
	if err != nil {
		return false, err
	}
	if n == 0 {
		want := r.sum
		var b [4]byte
		if _, err := io.ReadFull(r.buf, b[:]); err != nil {
			return false, err
		}
		if binary.LittleEndian.Uint32(b[:]) != want {
			return false, errRun
		}
		return false, nil
	}
	v, err := r.uvarint()
	if err != nil {
		return false, err
	}
	if n-1 > MaxRecord || v > MaxRecord {
		return false, errRun
	}
	if r.key, err = r.take(r.key, int(n-1)); err != nil {
		return false, err
	}
	if r.value, err = r.take(r.value, int(v)); err != nil {
		return false, err
	}
	return true, nil
}

func (r *runReader) uvarint() (uint64, error) {
	var v uint64
	for shift := uint(0); shift < 64; shift += 7 {
		c, err := r.buf.ReadByte()
		if err != nil {
			return 0, err
		}
		r.small[0] = c
		r.sum = crc32.Update(r.sum, castagnoli, r.small[:])
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, nil
		}
	}
	return 0, errRun
}

func (r *runReader) take(buf []byte, n int) ([]byte, error) {
	if cap(buf) < n {
		buf = make([]byte, n, n+n/2)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r.buf, buf); err != nil {
		return buf, err
	}
	r.sum = crc32.Update(r.sum, castagnoli, buf)
	return buf, nil
}

// merge reads several runs as one.
type merge struct {
	open  []*runReader
	heads runHeap
	last  *runReader // yielded, to be advanced
}

func openMerge(ctx context.Context, scratch objects.Bucket, runs []objects.Info) (*merge, error) {
	m := &merge{}
	for i, info := range runs {
		src, err := scratch.OpenRange(ctx, info.Name, info.Generation, 0, -1)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening a sorted run: %w", err), m.close())
		}
		r := &runReader{src: src, buf: bufio.NewReaderSize(src, 128<<10), order: i, name: info.Name}
		m.open = append(m.open, r)
		ok, err := r.advance()
		if err != nil {
			return nil, errors.Join(err, m.close())
		}
		if ok {
			m.heads = append(m.heads, r)
		}
	}
	heap.Init(&m.heads)
	return m, nil
}

func (m *merge) next() (key, value []byte, ok bool, err error) {
	if m.last != nil {
		more, err := m.last.advance()
		if err != nil {
			return nil, nil, false, err
		}
		if more {
			heap.Fix(&m.heads, 0)
		} else {
			heap.Pop(&m.heads)
		}
		m.last = nil
	}
	if len(m.heads) == 0 {
		return nil, nil, false, nil
	}
	m.last = m.heads[0]
	return m.last.key, m.last.value, true, nil
}

func (m *merge) close() error {
	var errs []error
	for _, r := range m.open {
		if err := r.src.Close(); err != nil {
			errs = append(errs, fmt.Errorf("closing run %s: %w", r.name, err))
		}
	}
	m.open = nil
	return errors.Join(errs...)
}

type runHeap []*runReader

func (h runHeap) Len() int      { return len(h) }
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*runReader)) }
func (h *runHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
func (h runHeap) Less(i, j int) bool {
	if c := bytes.Compare(h[i].key, h[j].key); c != 0 {
		return c < 0
	}
	if c := bytes.Compare(h[i].value, h[j].value); c != 0 {
		return c < 0
	}
	return h[i].order < h[j].order
}
