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
	sum := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(w, sum))
	line := append([]byte(ratesHeader), '\n')
	var count int64
	for r, err := range rates {
		if err != nil {
			return count, fmt.Errorf("writing rates after %d: %w", count, err)
		}
		if count == rating.MaxRates {
			return count, fmt.Errorf("writing rates: more than %d", rating.MaxRates)
		}
		if _, err := out.Write(line); err != nil {
			return count, fmt.Errorf("writing rates: %w", err)
		}
		if line, err = appendRate(line[:0], &r); err != nil {
			return count, fmt.Errorf("writing rates: prefix %q: %w", clip(r.Prefix), err)
		}
		count++
	}
	if _, err := out.Write(line); err != nil {
		return count, fmt.Errorf("writing rates: %w", err)
	}
	if err := out.Flush(); err != nil {
		return count, fmt.Errorf("writing rates: %w", err)
	}
	if _, err := w.Write(endLine(count, sum)); err != nil {
		return count, fmt.Errorf("writing the end of the rates: %w", err)
	}
	return count, nil
}

func endLine(count int64, sum hash.Hash) []byte {
	return fmt.Appendf(nil, "%s%d\t%x\n", ratesEnd, count, sum.Sum(nil))
}

// ReadRates yields the rates that WriteRates wrote, in their order. Anything
// else, and a text cut short or changed by a byte, ends in an error: what was
// yielded counts only when no error followed.
func ReadRates(r io.Reader) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		in := &ratesReader{in: bufio.NewReaderSize(r, maxRateLine), sum: sha256.New()}
		header, err := in.next()
		if err == nil && string(header) != ratesHeader+"\n" {
			err = errors.New("want the header of stored rates")
		}
		var count int64
		for err == nil {
			var line []byte
			if line, err = in.next(); err != nil {
				break
			}
			if bytes.HasPrefix(line, []byte(ratesEnd)) {
				if err = in.finish(line, count); err == nil {
					return
				}
				break
			}
			if count == rating.MaxRates {
				err = fmt.Errorf("more than %d rates", rating.MaxRates)
				break
			}
			var rate rating.Rate
			if rate, err = in.parse(line); err != nil {
				break
			}
			count++
			if !yield(rate, nil) {
				return
			}
		}
		yield(rating.Rate{}, fmt.Errorf("stored rates, line %d: %w", in.line, err))
	}
}

type ratesReader struct {
	in    *bufio.Reader
	sum   hash.Hash // of the lines before the end line
	line  int64
	again []byte // parse writes each rate again here
}

// next returns the next line with its newline, valid until the next call.
func (r *ratesReader) next() ([]byte, error) {
	r.line++
	line, err := r.in.ReadSlice('\n')
	switch {
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
