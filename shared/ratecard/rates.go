package ratecard

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"github.com/tollbook/tollbook/shared/rating"
)

// The stored form of a revision's rates: tab-separated text, a header, a line
// for each rate, and an end line with their number and the SHA-256 of all
// before it. A line has the cells of the header, and behind them those that few
// rates need, as name=value (see extras). It has one spelling, so its hash
// names its content.
const (
	ratesHeader = "prefix\tdestination\tprice_1\tprice_n\tinterval_1\tinterval_n\tconnection_fee"
	ratesEnd    = "end\t"
	// maxRateLine, in bytes, is more than the longest names, all numbers and
	// rating.MaxTiers tiers take.
	maxRateLine = 4 << 10
)

// WriteRates writes the stored form of rates, in their order, and returns how
// many there were. An error of rates, an invalid rate and a control character
// in a destination are errors; what was written by then, ReadRates refuses.
func WriteRates(w io.Writer, rates iter.Seq2[rating.Rate, error]) (int64, error) {
	out := newRatesWriter(w)
	for r, err := range rates {
		if err != nil {
			return out.count, fmt.Errorf("writing rates after %d: %w", out.count, err)
		}
		if err := out.add(func(line []byte) ([]byte, error) { return appendRate(line, &r) }, func() string { return r.Prefix }); err != nil {
			return out.count, err
		}
	}
	return out.count, out.end()
}

// Write is WriteRates for packed rates.
func (r *Rates) Write(w io.Writer) (int64, error) {
	out := newRatesWriter(w)
	l := lineWriter{pool: r.pooled()}
	for i := range r.rows.len {
		one := r.rows.at(i)
		if err := out.add(func(line []byte) ([]byte, error) { return l.append(line, one) }, func() string { return prefixOf(one.code) }); err != nil {
			return out.count, err
		}
	}
	return out.count, out.end()
}

// ratesWriter writes the lines of rates between header and end.
type ratesWriter struct {
	w     io.Writer
	out   *bufio.Writer
	sum   hash.Hash
	line  []byte // not written yet
	count int64
}

func newRatesWriter(w io.Writer) *ratesWriter {
	sum := sha256.New()
	return &ratesWriter{w: w, sum: sum, out: bufio.NewWriterSize(io.MultiWriter(w, sum), ratesBuffer), line: append([]byte(ratesHeader), '\n')}
}

// ratesBuffer, in bytes, is how much is read and written at once.
const ratesBuffer = 64 << 10

// add writes the line of a rate.
func (w *ratesWriter) add(appendTo func([]byte) ([]byte, error), prefix func() string) (err error) {
	if w.count == rating.MaxRates {
		return fmt.Errorf("writing rates: more than %d", rating.MaxRates)
	}
	if _, err := w.out.Write(w.line); err != nil {
		return fmt.Errorf("writing rates: %w", err)
	}
	if w.line, err = appendTo(w.line[:0]); err != nil {
		return fmt.Errorf("writing rates: prefix %q: %w", clip(prefix()), err)
	}
	w.count++
	return nil
}

// end writes what is left, and the end line.
func (w *ratesWriter) end() error {
	if _, err := w.out.Write(w.line); err != nil {
		return fmt.Errorf("writing rates: %w", err)
	}
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing rates: %w", err)
	}
	if _, err := w.w.Write(endLine(w.count, w.sum)); err != nil {
		return fmt.Errorf("writing the end of the rates: %w", err)
	}
	return nil
}

func endLine(count int64, sum hash.Hash) []byte {
	return fmt.Appendf(nil, "%s%d\t%x\n", ratesEnd, count, sum.Sum(nil))
}

// ReadRates yields the rates that WriteRates wrote, in their order. Anything
// else, and a text cut short or changed by a byte, ends in an error: what was
// yielded counts only when no error followed.
func ReadRates(r io.Reader) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		in := newRatesReader(r)
		err := in.each(func(line []byte) (bool, error) {
			rate, err := in.parse(line)
			return err == nil && yield(rate, nil), err
		})
		if err != nil {
			yield(rating.Rate{}, err)
		}
	}
}

// Read is ReadRates for all rates at once, packed.
func Read(r io.Reader) (*Rates, error) {
	in := newRatesReader(r)
	out := &Rates{pool: newPool()}
	p := packer{in: in, pool: out.pool, tails: map[string]tail{}}
	err := in.each(func(line []byte) (bool, error) {
		one, err := p.pack(line)
		if err != nil {
			return false, err
		}
		out.rows.add(one)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type ratesReader struct {
	in    *bufio.Reader
	sum   hash.Hash // of the lines before the end line
	line  int64
	again []byte // parse writes each rate again here
}

func newRatesReader(r io.Reader) *ratesReader {
	return &ratesReader{in: bufio.NewReaderSize(r, ratesBuffer), sum: sha256.New()}
}

// each calls do for each line of a rate, until it returns false, and checks all
// else.
func (r *ratesReader) each(do func(line []byte) (more bool, err error)) error {
	header, err := r.next()
	if err == nil && string(header) != ratesHeader+"\n" {
		err = errors.New("want the header of stored rates")
	}
	var count int64
	for err == nil {
		var line []byte
		if line, err = r.next(); err != nil {
			break
		}
		if bytes.HasPrefix(line, []byte(ratesEnd)) {
			if err = r.finish(line, count); err == nil {
				return nil
			}
			break
		}
		if count == rating.MaxRates {
			err = fmt.Errorf("more than %d rates", rating.MaxRates)
			break
		}
		var more bool
		if more, err = do(line); err == nil && !more {
			return nil
		}
		count++
	}
	return fmt.Errorf("stored rates, line %d: %w", r.line, err)
}

// next returns the next line with its newline, valid until the next call.
func (r *ratesReader) next() ([]byte, error) {
	r.line++
	line, err := r.in.ReadSlice('\n')
	switch {
	case len(line) > maxRateLine:
		return nil, fmt.Errorf("longer than %d bytes", maxRateLine)
	case errors.Is(err, io.EOF):
		return nil, errors.New("cut short: the end line is missing or incomplete")
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("longer than %d bytes", maxRateLine)
	case err != nil:
		return nil, err
	}
	if !bytes.HasPrefix(line, []byte(ratesEnd)) {
		r.sum.Write(line)
	}
	return line, nil
}

// finish holds the end line against what was read.
func (r *ratesReader) finish(line []byte, count int64) error {
	if want := endLine(count, r.sum); !bytes.Equal(line, want) {
		return fmt.Errorf("the end line is %q, want %q: rates are missing or were changed", line, want)
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		if err != nil {
			return err
		}
		return errors.New("text after the end line")
	}
	return nil
}
