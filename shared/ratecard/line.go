package ratecard

import (
	"bytes"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

const rateCells = 7 // that every line has

func (r *ratesReader) parse(line []byte) (rating.Rate, error) {
	cells := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
	if len(cells) < rateCells {
		return rating.Rate{}, fmt.Errorf("%d cells, want at least %d", len(cells), rateCells)
	}
	var c cellReader
	rate := rating.Rate{
		Prefix: cells[0], Destination: cells[1],
		Price1: c.price(cells[2]), PriceN: c.price(cells[3]),
		Interval1: c.units(cells[4]), IntervalN: c.units(cells[5]),
		ConnectionFee: c.price(cells[6]),
	}
	for _, cell := range cells[rateCells:] {
		name, value, _ := strings.Cut(cell, "=")
		x, ok := extraNamed(name)
		if !ok {
			return rating.Rate{}, fmt.Errorf("a cell %q: a rate has nothing of that name", clip(cell))
		}
		x.read(&c, &rate, value)
	}
	if c.err != nil {
		return rating.Rate{}, c.err
	}
	// Written again it must be the same line: so there is one spelling only,
	// and no cell is there twice or in another place.
	var err error
	if r.again, err = appendRate(r.again[:0], &rate); err != nil {
		return rating.Rate{}, err
	}
	if !bytes.Equal(r.again, line) {
		return rating.Rate{}, fmt.Errorf("%q is not how the rate is written, want %q", clip(string(line)), clip(string(r.again)))
	}
	return rate, nil
}

// appendRate appends the one line of r.
func appendRate(line []byte, r *rating.Rate) ([]byte, error) {
	if err := r.Validate(); err != nil {
		return line, err
	}
	for _, name := range [...]string{r.Destination, r.Service, r.Band, r.Origin, r.Area, r.Tag} {
		if hasControl(name) {
			return line, fmt.Errorf("the name %q: want no control characters", clip(name))
		}
	}
	line = append(line, r.Prefix...)
	line = append(append(line, '\t'), r.Destination...)
	line = appendPrice(append(line, '\t'), r.Price1)
	line = appendPrice(append(line, '\t'), r.PriceN)
	line = appendTerms(line, r)
	line = appendExtras(line, r, extras[instants:instants+2])
	line = appendExtras(line, r, extras[instants+2:])
	return append(line, '\n'), nil
}

// appendTerms appends what stands between prices and instants.
func appendTerms(line []byte, r *rating.Rate) []byte {
	line = strconv.AppendUint(append(line, '\t'), uint64(r.Interval1), 10)
	line = strconv.AppendUint(append(line, '\t'), uint64(r.IntervalN), 10)
	line = appendPrice(append(line, '\t'), r.ConnectionFee)
	return appendExtras(line, r, extras[:instants])
}

func appendExtras(line []byte, r *rating.Rate, of []extra) []byte {
	for i := range of {
		begin := len(line)
		line = append(append(append(line, '\t'), of[i].name...), '=')
		value := len(line)
		if line = of[i].write(line, r); len(line) == value {
			line = line[:begin]
		}
	}
	return line
}

// hasControl reports whether a name has a control character.
func hasControl(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= 0x7f {
			return strings.ContainsFunc(name[i:], unicode.IsControl)
		}
	}
	return false
}

// extra is a cell that a rate has only when it is not empty.
type extra struct {
	name  string
	write func([]byte, *rating.Rate) []byte // appends the value, nothing for none
	read  func(*cellReader, *rating.Rate, string)
}

// extras are the cells behind those of the header, in the order in which they
// are written.
var extras = []extra{
	{"kind", func(b []byte, r *rating.Rate) []byte {
		if r.Kind == call.Voice {
			return b
		}
		return append(b, r.Kind.String()...)
	}, func(c *cellReader, r *rating.Rate, s string) { r.Kind = keep(c, call.ParseKind, s) }},
	text("service", func(r *rating.Rate) *string { return &r.Service }),
	{"per", func(b []byte, r *rating.Rate) []byte {
		if r.Per == rating.PerCall {
			return append(b, "call"...)
		}
		return appendUnits(b, r.Per)
	}, func(c *cellReader, r *rating.Rate, s string) {
		if r.Per = rating.PerCall; s != "call" {
			r.Per = c.units(s)
		}
	}},
	units("minimum", func(r *rating.Rate) *uint32 { return &r.Minimum }),
	amount("min_charge", func(r *rating.Rate) *money.Price { return &r.MinCharge }),
	amount("max_charge", func(r *rating.Rate) *money.Price { return &r.MaxCharge }),
	units("grace", func(r *rating.Rate) *uint32 { return &r.Grace }),
	flag("no_grace", func(r *rating.Rate) *bool { return &r.NoGrace }),
	units("free", func(r *rating.Rate) *uint32 { return &r.Free }),
	flag("access", func(r *rating.Rate) *bool { return &r.Access }),
	{"tiers", func(b []byte, r *rating.Rate) []byte { return rating.AppendTiers(b, r.Tiers) },
		func(c *cellReader, r *rating.Rate, s string) { r.Tiers = keep(c, rating.ParseTiers, s) }},
	flag("blocked", func(r *rating.Rate) *bool { return &r.Blocked }),
	flag("assumed", func(r *rating.Rate) *bool { return &r.AssumedPulse }),
	instant("from", func(r *rating.Rate) *int64 { return &r.From }),
	instant("to", func(r *rating.Rate) *int64 { return &r.To }),
	{"class", func(b []byte, r *rating.Rate) []byte {
		if r.Class == rating.AnyClass {
			return b
		}
		return append(b, r.Class.String()...)
	}, func(c *cellReader, r *rating.Rate, s string) { r.Class = keep(c, rating.ParseClass, s) }},
	text("band", func(r *rating.Rate) *string { return &r.Band }),
	text("origin", func(r *rating.Rate) *string { return &r.Origin }),
	text("area", func(r *rating.Rate) *string { return &r.Area }),
	flag("local", func(r *rating.Rate) *bool { return &r.Local }),
	text("tag", func(r *rating.Rate) *string { return &r.Tag }),
	digits("min_digits", func(r *rating.Rate) *uint8 { return &r.MinDigits }),
	digits("max_digits", func(r *rating.Rate) *uint8 { return &r.MaxDigits }),
}

// instants is where the two extras for when a rate holds are.
const instants = 13

func extraNamed(name string) (*extra, bool) {
	for i := range extras {
		if extras[i].name == name {
			return &extras[i], true
		}
	}
	return nil, false
}

func text(name string, of func(*rating.Rate) *string) extra {
	return extra{name, func(b []byte, r *rating.Rate) []byte { return append(b, *of(r)...) },
		func(_ *cellReader, r *rating.Rate, s string) { *of(r) = s }}
}

func units(name string, of func(*rating.Rate) *uint32) extra {
	return extra{name, func(b []byte, r *rating.Rate) []byte { return appendUnits(b, *of(r)) },
		func(c *cellReader, r *rating.Rate, s string) { *of(r) = c.units(s) }}
}

func digits(name string, of func(*rating.Rate) *uint8) extra {
	return extra{name, func(b []byte, r *rating.Rate) []byte { return appendUnits(b, uint32(*of(r))) },
		func(c *cellReader, r *rating.Rate, s string) { *of(r) = uint8(c.number(s, 8)) }}
}

func amount(name string, of func(*rating.Rate) *money.Price) extra {
	return extra{name, func(b []byte, r *rating.Rate) []byte {
		if *of(r) == 0 {
			return b
		}
		return appendPrice(b, *of(r))
	}, func(c *cellReader, r *rating.Rate, s string) { *of(r) = c.price(s) }}
}

func flag(name string, of func(*rating.Rate) *bool) extra {
	return extra{name, func(b []byte, r *rating.Rate) []byte {
		if !*of(r) {
			return b
		}
		return append(b, '1')
	}, func(_ *cellReader, r *rating.Rate, s string) { *of(r) = s == "1" }}
}

func instant(name string, of func(*rating.Rate) *int64) extra {
	return extra{name, func(b []byte, r *rating.Rate) []byte {
		if *of(r) == 0 {
			return b
		}
		return time.Unix(0, *of(r)).UTC().AppendFormat(b, time.RFC3339Nano)
	}, func(c *cellReader, r *rating.Rate, s string) {
		// Outside the years that nanoseconds reach it is another instant, which
		// is written otherwise.
		*of(r) = keep(c, func(s string) (time.Time, error) { return time.Parse(time.RFC3339Nano, s) }, s).UnixNano()
	}}
}

// appendPrice writes a price of 0 or more without zeros at its end.
func appendPrice(b []byte, p money.Price) []byte {
	const one = 1_000_000_000_000 // 10^PriceDecimals
	if p < 0 {
		return p.Amount().Trim().AppendText(b, 0)
	}
	b = strconv.AppendUint(b, uint64(p)/one, 10)
	rest := uint64(p) % one
	if rest == 0 {
		return b
	}
	var digits [1 + money.PriceDecimals]byte
	digits[0] = '.'
	n := 0
	for i := money.PriceDecimals; i > 0; i-- {
		digits[i] = byte('0' + rest%10)
		if rest /= 10; n == 0 && digits[i] != '0' {
			n = i + 1
		}
	}
	return append(b, digits[:n]...)
}

func appendUnits(b []byte, n uint32) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendUint(b, uint64(n), 10)
}

// cellReader reads cells and keeps the first error.
type cellReader struct{ err error }

func keep[T any](c *cellReader, parse func(string) (T, error), s string) T {
	v, err := parse(s)
	if err != nil && c.err == nil {
		c.err = err
	}
	return v
}

func (c *cellReader) price(s string) money.Price { return keep(c, money.ParsePrice, s) }

func (c *cellReader) number(s string, bits int) uint64 {
	return keep(c, func(s string) (uint64, error) { return strconv.ParseUint(s, 10, bits) }, s)
}

func (c *cellReader) units(s string) uint32 { return uint32(c.number(s, 32)) }

// Rules yields what r has beside prefix, destination, prices, intervals and
// fee: the names and values of its further cells in the stored form.
func Rules(r *rating.Rate) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i := range extras {
			if value := extras[i].write(nil, r); len(value) > 0 && !yield(extras[i].name, string(value)) {
				return
			}
		}
	}
}
