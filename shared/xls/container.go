package xls

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

const (
	headerSize = 512 // of the container, in front of its first sector
	blockSize  = 32 << 10
	entrySize  = 128 // of the container's directory
	// maxEntries bounds the directory. mscfb keeps the path of each entry, so
	// its memory may grow with their square: up to 32 MiB for so many. A
	// workbook has one for each macro module and a few for each document in it.
	maxEntries = 2048
	// maxWhole is what is read in whole sectors to find the stream: the header
	// twice, the directory, and the tables of a file that has too many for its
	// header, one for 8 MiB.
	maxWhole = 2*headerSize + maxEntries*entrySize + 64<<10
)

var signature = []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}

// open returns the workbook's stream of records.
func (b *Book) open() (*stream, error) {
	src := &source{r: b.src, size: b.size}
	head := make([]byte, headerSize)
	n, err := src.ReadAt(head[:max(0, min(headerSize, b.size))], 0)
	s := &stream{src: src}
	if err == nil {
		err = checkHeader(head[:n], b.size)
	}
	if err == nil {
		err = s.find()
	}
	if err != nil {
		return nil, s.reason(err)
	}
	return s, nil
}

// checkHeader refuses what is no container, and one whose counts are beyond
// the file: mscfb sizes its tables by some of them.
func checkHeader(head []byte, size int64) error {
	if !bytes.HasPrefix(head, signature) {
		return notContainer(head)
	}
	if len(head) < headerSize {
		return damage("it ends within its header")
	}
	shift := binary.LittleEndian.Uint16(head[30:])
	if shift != 9 && shift != 12 {
		return damage("its sectors have 2^%d bytes, want 512 or 4,096", shift)
	}
	for _, count := range []struct {
		of string
		at int
	}{{"directory", 40}, {"allocation", 44}, {"short allocation", 64}, {"double allocation", 72}} {
		n := int64(binary.LittleEndian.Uint32(head[count.at:]))
		if n > size>>shift {
			return damage("it claims %d sectors of %s, and has %d in all", n, count.of, size>>shift)
		}
	}
	return nil
}

// notContainer says what a file is instead of a workbook, as far as its first
// bytes tell.
func notContainer(head []byte) error {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	switch {
	case len(head) == 0:
		return refusal("the file is empty")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return refusal("it is a ZIP file, as .xlsx workbooks are: give it the ending .xlsx")
	case bytes.HasPrefix(text, []byte("<")):
		return refusal("it is a web page or XML under the name of a workbook: open it in a spreadsheet program and save it as .xlsx")
	case len(head) > 1 && head[0] == 0x09 && head[1] <= 0x08 && head[1]&1 == 0:
		return tooOld()
	default:
		return refusal("it is no Excel workbook (.xls): save it as .xlsx or CSV")
	}
}

func tooOld() error {
	return refusal("it was saved by Excel 95 or older, or in its format: open it in a spreadsheet program and save it as .xlsx")
}

func encrypted() error {
	return refusal("it is encrypted: remove its password, or its protection (a protected workbook may be encrypted without ever asking), and save it again")
}

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

// stream is the workbook's stream of records, read block by block in order.
type stream struct {
	src  *source
	file *mscfb.File
	buf  []byte
	at   int   // the unread bytes of the block are buf[at:end]
	end  int   //
	off  int64 // of buf[end] in the stream
}

// find goes through the container's directory to the workbook's stream.
func (s *stream) find() error {
	c, err := mscfb.New(s.src)
	switch {
	case s.src.whole > maxWhole:
		return refusal("its directory has more than %d entries: save it as .xlsx", maxEntries)
	case err != nil:
		return damage("%v", err)
	}
	for _, f := range c.File {
		if len(f.Path) > 0 || f.FileInfo().IsDir() {
			continue // of a workbook, or another document, inside this one
		}
		switch {
		case strings.EqualFold(f.Name, "Workbook"):
			s.file = f
		case strings.EqualFold(f.Name, "Book") && s.file == nil:
			s.file = f // of Excel 95, most likely: its version says so
		case strings.EqualFold(f.Name, "EncryptedPackage"):
			return encrypted()
		}
	}
	if s.file == nil {
		return refusal("it is no Excel workbook (.xls), but another document of Microsoft Office: save it as .xlsx or CSV")
	}
	if s.file.Size <= 0 || s.file.Size > s.src.size {
		return damage("its records take %d bytes of %d", s.file.Size, s.src.size)
	}
	s.src.opened = true
	s.buf = make([]byte, min(blockSize, s.file.Size))
	return nil
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
