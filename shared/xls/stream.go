package xls

import (
	"fmt"
	"io"

	"github.com/richardlehane/mscfb"
)

// stream is the workbook's stream of records, read block by block in order.
type stream struct {
	src  *source
	file *mscfb.File
	buf  []byte
	at   int // the unread bytes of the block are buf[at:end]
	end  int
	off  int64 // of buf[end] in the stream
}

// seek goes to an offset of the stream. Blocks begin at whole sectors, so that
// mscfb never has to go on in the middle of one.
func (s *stream) seek(off int64) error {
	if off >= s.file.Size {
		return damage("a sheet begins at byte %d of %d", off, s.file.Size)
	}
	block := off - off%blockSize
	if _, err := s.file.Seek(block, io.SeekStart); err != nil {
		return damage("%v", err)
	}
	s.off, s.at, s.end = block, 0, 0
	if err := s.fill(); err != nil {
		return err
	}
	s.at = int(off - block)
	return nil
}

// fill reads the next block; io.EOF is the stream's end.
func (s *stream) fill() error {
	want := int(min(blockSize, s.file.Size-s.off))
	if want == 0 {
		return io.EOF
	}
	if _, err := io.ReadFull(s.file, s.buf[:want]); err != nil {
		return damage("%v", err)
	}
	s.off += int64(want)
	s.at, s.end = 0, want
	return nil
}

// read fills p; io.EOF is the stream's end in front of it, and
// io.ErrUnexpectedEOF the end within it.
func (s *stream) read(p []byte) error {
	for n := 0; n < len(p); {
		if s.at == s.end {
			if err := s.fill(); err == io.EOF && n > 0 {
				return io.ErrUnexpectedEOF
			} else if err != nil {
				return err
			}
		}
		k := copy(p[n:], s.buf[s.at:s.end])
		n += k
		s.at += k
	}
	return nil
}

// skip passes over n bytes.
func (s *stream) skip(n int) error {
	for n > 0 {
		if s.at == s.end {
			if err := s.fill(); err == io.EOF {
				return io.ErrUnexpectedEOF
			} else if err != nil {
				return err
			}
		}
		k := min(n, s.end-s.at)
		n -= k
		s.at += k
	}
	return nil
}

// reason returns err, or the error of the file below that brought it about:
// that one may be gone at the next try.
func (s *stream) reason(err error) error {
	if s.src.err != nil {
		return fmt.Errorf("reading the workbook: %w", s.src.err)
	}
	return err
}
