package numbering

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/delimited"
)

// OwnedHeader is the header row of who owns which numbers, as text.
const OwnedHeader = "first,last,account,from,to\n"

// maxOwnedLine bounds a row of such text, in bytes.
const maxOwnedLine = 4 << 10

// ErrOwnedText says that text is not who owns which numbers.
var ErrOwnedText = errors.New("no list of numbers")

// ReadOwned reads who owns which numbers: delimited text with a header row. It
// names the column account, and number or first and last; from and to are days
// (from midnight UTC) or RFC 3339 instants, none: since ever, or open. Instants
// up to that of Unix time 0 are since ever.
//
// A row that is none comes as an error that wraps ErrOwnedText and names its
// line, and reading goes on; so does a header that is none, which ends it. Any
// other error is one of r, and ends it, too.
func ReadOwned(r io.Reader) iter.Seq2[Owned, error] {
	return func(yield func(Owned, error) bool) {
		rows := delimited.NewReader(r, delimited.Options{MaxRecord: maxOwnedLine})
		header, err := rows.Read()
		if err != nil {
			yield(Owned{}, textError(err, "the header row"))
			return
		}
		t, err := ownedColumns(header.Fields)
		if err != nil {
			yield(Owned{}, err)
			return
		}
		for {
			row, err := rows.Read()
			if err == io.EOF {
				return
			}
			var o Owned
			if err == nil {
				o, err = t.read(row)
			}
			if bad := textError(err, "a row"); !yield(o, bad) || bad != nil && !errors.Is(bad, ErrOwnedText) {
				return
			}
		}
	}
}

// textError tells text that is not right from an input that failed.
func textError(err error, doing string) error {
	var bad *delimited.RowError
	switch {
	case err == nil || errors.Is(err, ErrOwnedText):
		return err
	case err == io.EOF:
		return fmt.Errorf("%w: it is empty", ErrOwnedText)
	case errors.As(err, &bad):
		return fmt.Errorf("%w: %w", ErrOwnedText, err)
	}
	return fmt.Errorf("reading %s of a list of numbers: %w", doing, err)
}

// ownedText knows the columns of a list; -1 = there is none.
type ownedText struct {
	width                          int
	first, last, account, from, to int
	said                           map[string]int64 // instants, which repeat
}

func ownedColumns(names [][]byte) (ownedText, error) {
	t := ownedText{width: len(names), first: -1, last: -1, account: -1, from: -1, to: -1, said: map[string]int64{}}
	for i, name := range names {
		var at *int
		switch strings.ToLower(string(bytes.TrimSpace(name))) {
		case "number", "first":
			at = &t.first
		case "last":
			at = &t.last
		case "account":
			at = &t.account
		case "from":
			at = &t.from
		case "to":
			at = &t.to
		default:
			return t, fmt.Errorf("%w: column %.40q: want number, or first and last, account, from, to", ErrOwnedText, name)
		}
		if *at >= 0 {
			return t, fmt.Errorf("%w: two columns for %.40q", ErrOwnedText, name)
		}
		*at = i
	}
	if t.first < 0 || t.account < 0 {
		return t, fmt.Errorf("%w: want a header row with number, or first and last, and account", ErrOwnedText)
	}
	return t, nil
}

func (t *ownedText) read(row delimited.Row) (o Owned, err error) {
	bad := func(what string, value []byte, want string) (Owned, error) {
		return o, fmt.Errorf("%w: line %d: %s %.40q: want %s", ErrOwnedText, row.Line, what, value, want)
	}
	if len(row.Fields) != t.width {
		return o, fmt.Errorf("%w: line %d: %d columns, want %d", ErrOwnedText, row.Line, len(row.Fields), t.width)
	}
	cell := func(i int) []byte {
		if i < 0 {
			return nil
		}
		return bytes.TrimSpace(row.Fields[i])
	}
	o.First, o.Account = string(cell(t.first)), string(cell(t.account))
	if o.Last = o.First; len(cell(t.last)) > 0 {
		o.Last = string(cell(t.last))
	}
	var ok bool
	if o.From, ok = t.instant(cell(t.from), math.MinInt64); !ok {
		return bad("from", cell(t.from), "a day, an instant or nothing")
	}
	if o.To, ok = t.instant(cell(t.to), 0); !ok || o.To == math.MinInt64 {
		return bad("to", cell(t.to), "a day or an instant after 1970, or nothing")
	}
	if _, err := factOf(o); err != nil {
		return o, fmt.Errorf("%w: line %d: %w", ErrOwnedText, row.Line, err)
	}
	return o, nil
}

// maxInstants bounds the instants of a list that are remembered.
const maxInstants = 10_000

func (t *ownedText) instant(text []byte, none int64) (int64, bool) {
	if len(text) == 0 {
		return none, true
	}
	if v, ok := t.said[string(text)]; ok {
		return v, true
	}
	layout := time.RFC3339Nano
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	at, err := time.Parse(layout, string(text))
	if err != nil || at.Year() > 2261 {
		return 0, false
	}
	v := int64(math.MinInt64)
	if at.Unix() > 0 {
		v = at.UnixNano()
	}
	if len(t.said) < maxInstants {
		t.said[string(text)] = v
	}
	return v, true
}

// AppendOwned appends a row of the text that ReadOwned reads under OwnedHeader.
func AppendOwned(dst []byte, o Owned) []byte {
	dst = append(append(append(dst, o.First...), ','), o.Last...)
	dst = append(dst, ',')
	if strings.ContainsAny(o.Account, ",\"\r\n") {
		dst = append(dst, '"')
		dst = append(dst, strings.ReplaceAll(o.Account, `"`, `""`)...)
		dst = append(dst, '"')
	} else {
		dst = append(dst, o.Account...)
	}
	dst = append(dst, ',')
	if o.From > 0 {
		dst = time.Unix(0, o.From).UTC().AppendFormat(dst, time.RFC3339Nano)
	}
	dst = append(dst, ',')
	if o.To > 0 {
		dst = time.Unix(0, o.To).UTC().AppendFormat(dst, time.RFC3339Nano)
	}
	return append(dst, '\n')
}
