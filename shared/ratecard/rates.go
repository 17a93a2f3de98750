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
	"strconv"
	"strings"
	"unicode"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// The stored form of a revision's rates: tab-separated text, a header, a line
// for each rate, and an end line with their number and the SHA-256 of all
// before it. It has one spelling, so its hash names its content.
const (
	ratesHeader = "prefix\tdestination\tprice_1\tprice_n\tinterval_1\tinterval_n\tconnection_fee\tblocked\tassumed"
	ratesEnd    = "end\t"
	maxRateLine = 1024 // bytes: more than a name, a prefix and seven numbers take
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
		if line, err = appendRate(line[:0], r); err != nil {
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

func (r *ratesReader) parse(line []byte) (rating.Rate, error) {
	cells := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
	if len(cells) != strings.Count(ratesHeader, "\t")+1 {
		return rating.Rate{}, fmt.Errorf("%d cells, want %d", len(cells), strings.Count(ratesHeader, "\t")+1)
	}
	var err error
	price := func(s string) (p money.Price) {
		if err == nil {
			p, err = money.ParsePrice(s)
		}
		return p
	}
	seconds := func(s string) uint32 {
		n, parseErr := strconv.ParseUint(s, 10, 32)
		if err == nil {
			err = parseErr
		}
		return uint32(n)
	}
	rate := rating.Rate{
		Prefix: cells[0], Destination: cells[1],
		Price1: price(cells[2]), PriceN: price(cells[3]),
		Interval1: seconds(cells[4]), IntervalN: seconds(cells[5]),
		ConnectionFee: price(cells[6]),
		Blocked:       cells[7] == "1", AssumedPulse: cells[8] == "1",
	}
	if err != nil {
		return rating.Rate{}, err
	}
	if r.again, err = appendRate(r.again[:0], rate); err != nil {
		return rating.Rate{}, err
	}
	if !bytes.Equal(r.again, line) {
		return rating.Rate{}, fmt.Errorf("%q is not how the rate is written, want %q", line, r.again)
	}
	return rate, nil
}

// appendRate appends the one line of r.
func appendRate(line []byte, r rating.Rate) ([]byte, error) {
	if err := r.Validate(); err != nil {
		return line, err
	}
	if strings.ContainsFunc(r.Destination, unicode.IsControl) {
		return line, fmt.Errorf("destination %q: want no control characters", clip(r.Destination))
	}
	line = append(line, r.Prefix...)
	line = append(line, '\t')
	line = append(line, r.Destination...)
	line = appendPrice(line, r.Price1)
	line = appendPrice(line, r.PriceN)
	line = strconv.AppendUint(append(line, '\t'), uint64(r.Interval1), 10)
	line = strconv.AppendUint(append(line, '\t'), uint64(r.IntervalN), 10)
	line = appendPrice(line, r.ConnectionFee)
	line = appendFlag(line, r.Blocked)
	line = appendFlag(line, r.AssumedPulse)
	return append(line, '\n'), nil
}

func appendPrice(line []byte, p money.Price) []byte {
	return p.Amount().Trim().AppendText(append(line, '\t'), 0)
}

func appendFlag(line []byte, on bool) []byte {
	if on {
		return append(line, "\t1"...)
	}
	return append(line, "\t0"...)
}
