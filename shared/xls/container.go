package xls

import (
	"bytes"
	"encoding/binary"
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
