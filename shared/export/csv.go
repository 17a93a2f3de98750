package export

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/delimited"
	"github.com/tollbook/tollbook/shared/money"
)

// csvBuffer is how many bytes are gathered before they are written.
const csvBuffer = 64 << 10

type csvWriter struct {
	out      io.Writer
	decimals int
	raw      bool
	values   *values
	buf      []byte
	rows     int64
	err      error
}

func newCSV(w io.Writer, decimals int, raw bool) (*csvWriter, error) {
	if err := checkDecimals(decimals); err != nil {
		return nil, err
	}
	c := &csvWriter{out: w, decimals: decimals, raw: raw, values: newValues()}
	c.buf = append(append(c.buf, strings.Join(Columns(), ",")...), '\n')
	return c, nil
}

func checkDecimals(n int) error {
	if n < 0 || n > money.MaxDecimals {
		return fmt.Errorf("amounts with %d decimals: want 0 to %d", n, money.MaxDecimals)
	}
	return nil
}

func (c *csvWriter) Write(rec *Record) error {
	if c.err != nil {
		return c.err
	}
	c.rows++
	if c.err = c.values.read(rec); c.err != nil {
		c.err = fmt.Errorf("CSV: row %d, line %d of its file: %w", c.rows, rec.Row.Line, c.err)
		return c.err
	}
	for i := range columns {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		if v := &c.values.cells[i]; v.set {
			c.append(i, v, rec.Row)
		}
	}
	c.buf = append(c.buf, '\n')
	if len(c.buf) >= csvBuffer {
		c.flush()
	}
	return c.err
}

func (c *csvWriter) append(column int, v *value, r *call.Row) {
	switch columns[column].kind {
	case text, term:
		c.appendText(v.text)
	case amount:
		c.buf = v.amount.AppendText(c.buf, c.decimals)
	case instant:
		c.buf = time.UnixMicro(v.number).UTC().AppendFormat(c.buf, time.RFC3339Nano)
	case seconds:
		c.buf = r.Duration.Append(c.buf) // as it was read
	default:
		c.buf = strconv.AppendInt(c.buf, v.number, 10)
	}
}

func (c *csvWriter) appendText(s string) {
	quoted := strings.ContainsAny(s, "\",\r\n") || s != "" && s[0] == ' '
	if quoted {
		c.buf = append(c.buf, '"')
	}
	if !c.raw && delimited.Formula(s) {
		c.buf = append(c.buf, '\'')
	}
	if !quoted {
		c.buf = append(c.buf, s...)
		return
	}
	for i := range len(s) {
		if s[i] == '"' {
			c.buf = append(c.buf, '"')
		}
		c.buf = append(c.buf, s[i])
	}
	c.buf = append(c.buf, '"')
}

func (c *csvWriter) flush() {
	if _, err := c.out.Write(c.buf); err != nil {
		c.err = fmt.Errorf("CSV: up to row %d: %w", c.rows, err)
	}
	c.buf = c.buf[:0]
}

func (c *csvWriter) Close() error {
	if c.err == nil {
		c.flush()
	}
	return c.err
}
