package table

import (
	"errors"
	"fmt"
	"io"
)

var errTooMuch = errors.New("more was read than allowed")

// input is the bytes of a file. It remembers an error of reading them: only
// where there is none does a failure say anything about the file itself.
type input struct {
	r    io.ReaderAt
	size int64
	left int64 // bytes that may be read; -1 = any number
	err  error
}

// ReadAt reads from the file. A place outside is one that the file names.
func (in *input) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > in.size {
		return 0, fmt.Errorf("byte %d of a file of %d", off, in.size)
	}
	if in.left >= 0 {
		if in.left -= int64(len(p)); in.left < 0 {
			return 0, errTooMuch
		}
	}
	n, err := in.r.ReadAt(p, off)
	switch {
	case err == io.EOF && off+int64(n) < in.size:
		in.err = fmt.Errorf("the file ends at byte %d of %d: %w", off+int64(n), in.size, io.ErrUnexpectedEOF)
		return n, in.err
	case err != nil && err != io.EOF:
		in.err = err
	}
	return n, err
}

// stream returns the bytes from an offset on.
func (in *input) stream(from int64) io.Reader {
	return io.NewSectionReader(in, from, in.size-from)
}

// head returns the first n bytes, or all there are.
func (in *input) head(n int64) ([]byte, error) {
	b := make([]byte, min(n, in.size))
	if _, err := in.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

// judge tells an error of reading the bytes from one of what they say.
func (in *input) judge(err error) error {
	if err == nil || in.err == nil {
		return err
	}
	return fmt.Errorf("reading the file: %w", in.err)
}
