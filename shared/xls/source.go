package xls

import (
	"errors"
	"fmt"
	"io"
)

// source is the file, read in pages: mscfb reads four bytes for each sector
// that it goes on to. It knows what mscfb's own errors no longer tell.
type source struct {
	r      io.ReaderAt
	size   int64
	err    error // of r; the file itself may be sound
	opened bool  // only the stream is read from now on
	whole  int   // bytes of whole sectors read before that
	pages  [4]page
	clock  int64
}

type page struct {
	at   int64 // offset of its first byte
	n    int
	used int64 // by the source's clock; 0 = never
	data []byte
}

var (
	errEnd     = errors.New("the file ends too early")
	errChain   = errors.New("a chain of sectors ends too early")
	errEntries = errors.New("its directory is too long")
)

// ReadAt reads len(p) bytes from off on; fewer only with an error.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case off < 0 || s.opened && off < headerSize: // a sector of number -1: there is none
		return 0, errChain
	case !s.opened && len(p) >= headerSize: // of the directory, or one of few tables
		if s.whole += len(p); s.whole > maxWhole {
			return 0, errEntries
		}
	}
	n := 0
	for n < len(p) {
		pg, err := s.page(off + int64(n))
		if err != nil {
			return n, err
		}
		n += copy(p[n:], pg.data[off+int64(n)-pg.at:pg.n])
	}
	return n, nil
}

// page returns the page that has the byte at off.
func (s *source) page(off int64) (*page, error) {
	if off >= s.size {
		return nil, errEnd
	}
	at := off - off%blockSize
	s.clock++
	oldest := &s.pages[0]
	for i := range s.pages {
		pg := &s.pages[i]
		if pg.used > 0 && pg.at == at {
			pg.used = s.clock
			return pg, nil
		}
		if pg.used < oldest.used {
			oldest = pg
		}
	}
	if oldest.data == nil {
		oldest.data = make([]byte, min(blockSize, s.size))
	}
	want := int(min(blockSize, s.size-at))
	n, err := s.r.ReadAt(oldest.data[:want], at)
	if n < want {
		if err == nil {
			err = io.ErrNoProgress
		}
		// The size was given: a file that turns out shorter is one of reading.
		s.err = fmt.Errorf("byte %d of %d: %w", at+int64(n), s.size, err)
		return nil, s.err
	}
	oldest.at, oldest.n, oldest.used = at, n, s.clock
	return oldest, nil
}
