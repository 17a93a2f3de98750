package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
)

// maxRecords bounds what is held in memory: some 60 bytes of each.
const maxRecords = 4_000_000

// records are what pricing needs of call records, as columns. Numbers are
// digits; their ends are places in text.
type records struct {
	text               []byte
	calledEnd, fromEnd []uint32
	quantities         []int64
	instants           []int64
}

func (r *records) len() int { return len(r.instants) }

// readRecords reads a file of records, of which none may be rejected.
func readRecords(path string) (_ *records, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	chunks, err := cdr.OpenChunks(f, cdr.Feed{ID: "bench", Format: cdr.Generic, Zone: "UTC"}, cdr.Limits{})
	if err != nil {
		return nil, err
	}
	r, columns := &records{}, &call.Columns{}
	for {
		c, err := chunks.Next()
		if errors.Is(err, io.EOF) {
			return r, nil
		}
		if err != nil {
			return nil, err
		}
		for more := true; more; {
			var bad error
			columns.Reset()
			more = c.Parse(columns, func(row cdr.Row) { bad = fmt.Errorf("line %d of %s is %s: %s", row.Line, path, row.Status, row.Reason) })
			if bad != nil {
				return nil, bad
			}
			if r.len()+columns.Len() > maxRecords {
				return nil, fmt.Errorf("%s has more than %d records", path, maxRecords)
			}
			r.add(columns)
		}
		chunks.Free(c)
	}
}

func (r *records) add(c *call.Columns) {
	for i := range c.Len() {
		r.text = append(r.text, c.Bytes(c.BNumber[i])...)
		r.calledEnd = append(r.calledEnd, uint32(len(r.text)))
		r.text = append(r.text, c.Bytes(c.ANumber[i])...)
		r.fromEnd = append(r.fromEnd, uint32(len(r.text)))
	}
	r.quantities, r.instants = append(r.quantities, c.Nanos...), append(r.instants, c.Instant...)
}

// numbers returns the two ends of a call.
func (r *records) numbers(i int) (called, caller []byte) {
	start := uint32(0)
	if i > 0 {
		start = r.fromEnd[i-1]
	}
	return r.text[start:r.calledEnd[i]], r.text[r.calledEnd[i]:r.fromEnd[i]]
}

func (r *records) usage(i int) rating.Usage {
	called, caller := r.numbers(i)
	return rating.Usage{Kind: call.Voice, Number: string(called), Caller: string(caller), Instant: r.instants[i], Quantity: r.quantities[i]}
}

// rater prices records by one card, a block at a time.
type rater struct {
	pricer         *rating.Pricer
	called, caller []prefix.Key
	charges        []rating.Charge
}

func newRater(c *rating.Card) *rater {
	return &rater{c.NewPricer(), make([]prefix.Key, call.MaxRows), make([]prefix.Key, call.MaxRows), make([]rating.Charge, call.MaxRows)}
}

// block prices the records from one to another, at most call.MaxRows. It works
// out of them what the card asks for and no more.
func (r *records) block(to *rater, from, until int) ([]rating.Charge, error) {
	n := until - from
	b := rating.Block{
		Kind: call.Voice, Numbers: to.called[:n], Quantities: r.quantities[from:until], Charges: to.charges[:n],
		Details: func(i int) rating.Usage { return r.usage(from + i) },
	}
	asks := to.pricer.Card().Asks()
	if asks.Callers {
		b.Callers = to.caller[:n]
	}
	if asks.Instants {
		b.Instants = r.instants[from:until]
	}
	for i := range n {
		called, caller := r.numbers(from + i)
		var ok bool
		if b.Numbers[i], ok = prefix.KeyOf(called); !ok {
			return nil, errors.New("a called number that is not digits")
		}
		if asks.Callers {
			b.Callers[i], _ = prefix.KeyOf(caller) // none for a number that is none
		}
	}
	to.pricer.PriceBlock(&b)
	return b.Charges, nil
}

// price prices all records, several times.
func (r *records) price(to *rater, passes int) error {
	for range passes {
		for from := 0; from < r.len(); from += call.MaxRows {
			if _, err := r.block(to, from, min(from+call.MaxRows, r.len())); err != nil {
				return err
			}
		}
	}
	return nil
}

// sampled is which records are priced one by one, too: every so many.
const sampled = 7

// compare counts the records that the card with the rule has a charge for, and
// those to which the rule gives another than the plain card. The charges of a
// block must be those that records have by themselves.
func (r *records) compare(rule, plain *rating.Card) (rated, other int, err error) {
	raters := [2]*rater{newRater(rule), newRater(plain)}
	for from := 0; from < r.len(); from += call.MaxRows {
		var charges [2][]rating.Charge
		for side, to := range raters {
			if charges[side], err = r.block(to, from, min(from+call.MaxRows, r.len())); err != nil {
				return 0, 0, err
			}
			for i := range charges[side] {
				if (from+i)%sampled != 0 {
					continue
				}
				u := r.usage(from + i)
				if alone := to.pricer.Price(&u); alone != charges[side][i] {
					return 0, 0, fmt.Errorf("record %d costs %+v by itself, and %+v in a block", from+i+1, alone, charges[side][i])
				}
			}
		}
		for i, c := range charges[0] {
			if c.Reason != charges[1][i].Reason || c.Prefix != charges[1][i].Prefix {
				return 0, 0, fmt.Errorf("record %d is %+v by the rule, and %+v without", from+i+1, c, charges[1][i])
			}
			if c.Reason == "" {
				rated++
				if c.Amount != charges[1][i].Amount {
					other++
				}
			}
		}
	}
	return rated, other, nil
}
