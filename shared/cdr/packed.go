package cdr

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits bounds what unpacking a gzip or zstd file may take. A field left zero
// has its default. They concern packed files only: a plain one is read in
// bounded memory however long it is.
type Limits struct {
	Text   int64 // bytes of the unpacked text; default 64 GiB
	Ratio  int64 // unpacked bytes for each packed one, beyond the first MiB; default 1000
	Window int64 // bytes that a zstd file may refer back to, 1 KiB to 512 MiB; default 32 MiB
}

const (
	defaultText   = 64 << 30
	defaultRatio  = 1000
	defaultWindow = 32 << 20
	freeText      = 1 << 20 // unpacked bytes before the ratio counts
)

// Packing says how a file is compressed, as its first bytes tell.
type Packing string

// The packings. Plain files can be cut into ranges.
const (
	Plain Packing = ""
	Gzip  Packing = "gzip"
	Zstd  Packing = "zstd"
)

// unpack returns the text of r, and how it was packed.
func unpack(r io.Reader, l Limits) (io.Reader, Packing, error) {
	ahead := bufio.NewReaderSize(r, sniffed)
	magic, err := ahead.Peek(4)
	if err != nil && err != io.EOF {
		return nil, Plain, fmt.Errorf("reading the first bytes: %w", err)
	}
	src := &packedReader{src: ahead}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1F, 0x8B}):
		src.packing = Gzip
		src.text, err = gzip.NewReader(src.counted())
	case bytes.HasPrefix(magic, []byte{0x28, 0xB5, 0x2F, 0xFD}):
		src.packing = Zstd
		// One at a time, in the caller: no goroutine outlives the reading, and
		// the memory is the window and little more.
		src.text, err = zstd.NewReader(src.counted(), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(l.window())))
	default:
		return ahead, Plain, nil
	}
	src.most, src.ratio = orElse(l.Text, defaultText), orElse(l.Ratio, defaultRatio)
	if err != nil {
		return nil, src.packing, src.explain(err)
	}
	return src, src.packing, nil
}

func (l Limits) window() int64 {
	return min(max(orElse(l.Window, defaultWindow), zstd.MinWindowSize), 512<<20)
}

func orElse(n, otherwise int64) int64 {
	if n <= 0 {
		return otherwise
	}
	return n
}

// packedReader unpacks a file and keeps it within its limits.
type packedReader struct {
	src         io.Reader
	packing     Packing
	text        io.Reader
	packed, out int64 // bytes so far
	most, ratio int64
	srcErr      error // what ended src, other than io.EOF
}

// counted returns src, its bytes counted and its error kept: what is wrong
// with the file is told from what is wrong with reading it.
func (p *packedReader) counted() io.Reader { return countedReader{p} }

type countedReader struct{ p *packedReader }

func (c countedReader) Read(b []byte) (int, error) {
	n, err := c.p.src.Read(b)
	c.p.packed += int64(n)
	if err != nil && err != io.EOF {
		c.p.srcErr = err
	}
	return n, err
}

// Read returns text as far as the limits allow, else a *FileError.
func (p *packedReader) Read(b []byte) (int, error) {
	n, err := p.text.Read(b)
	p.out += int64(n)
	switch {
	case p.out > p.most:
		return 0, &FileError{
			Problem: "the unpacked file is too large", Found: fmt.Sprintf("more than %d bytes", p.most),
			Want: "it delivered in pieces, each with the header",
		}
	case p.out-freeText > p.packed*p.ratio:
		return 0, &FileError{
			Problem: "the file unpacks to far more than records do", Found: fmt.Sprintf("%d bytes from %d", p.out, p.packed),
			Want: fmt.Sprintf("at most %d for each packed byte", p.ratio),
		}
	case err != nil && err != io.EOF:
		err = p.explain(err)
	}
	return n, err
}

// explain tells a damaged file from an input that failed.
func (p *packedReader) explain(err error) error {
	if p.srcErr != nil {
		return p.srcErr
	}
	e := &FileError{Problem: fmt.Sprintf("the %s file is damaged", p.packing), Found: err.Error(), Want: "the file as it was packed"}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.Problem, e.Found = fmt.Sprintf("the %s file is cut off", p.packing), fmt.Sprintf("its end after %d bytes", p.packed)
		e.Want = "all of it"
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		e.Problem, e.Want = "the zstd file needs too much memory", "it packed with a smaller window"
	}
	return e
}
