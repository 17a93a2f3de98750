package download

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// csvEncoder writes CSV as spreadsheets take it: a byte order mark, or they do not
// read it as UTF-8.
type csvEncoder struct {
	out   *bufio.Writer
	began bool // the row has cells
}

func (e *csvEncoder) begin(f *File) error {
	if _, err := e.out.WriteString("\uFEFF"); err != nil {
		return err
	}
	for _, c := range f.columns {
		if err := e.cell(&column{}, []byte(c.header)); err != nil {
			return err
		}
	}
	return e.endRow()
}

// plainDigits is how many digits a spreadsheet shows as they are, in a column as
// wide as it makes one: of more it keeps 1.4E+10 when it saves CSV.
const plainDigits = 8

// cell writes codes that a spreadsheet would take for a number and spoil as ="0044":
// so it keeps every digit.
func (e *csvEncoder) cell(c *column, text []byte) error {
	if e.began {
		if err := e.out.WriteByte(','); err != nil {
			return err
		}
	}
	e.began = true
	if c.holds == code && len(text) > 0 && (text[0] == '0' || len(text) > plainDigits) {
		_, err := fmt.Fprintf(e.out, `"=""%s"""`, text)
		return err
	}
	if !bytes.ContainsAny(text, "\",;\t|\r\n") && !bytes.HasPrefix(text, []byte(" ")) && !bytes.HasSuffix(text, []byte(" ")) {
		_, err := e.out.Write(text)
		return err
	}
	if err := e.out.WriteByte('"'); err != nil {
		return err
	}
	for _, b := range text {
		if b == '"' {
			if err := e.out.WriteByte('"'); err != nil {
				return err
			}
		}
		if err := e.out.WriteByte(b); err != nil {
			return err
		}
	}
	return e.out.WriteByte('"')
}

func (e *csvEncoder) endRow() error {
	e.began = false
	_, err := e.out.WriteString("\r\n")
	return err
}

func (e *csvEncoder) end() error { return nil }

// jsonEncoder writes an open rate card of one card.
type jsonEncoder struct {
	out   *bufio.Writer
	rows  bool // there are some
	began bool // the row has cells
}

// openCard is the head of an open rate card, without its rates
// (github.com/connexcs/open-rate-card, SPECIFICATION.md).
type openCard struct {
	Name      string         `json:"name"`
	Schema    string         `json:"schema_version"`
	Version   string         `json:"version"`
	Date      string         `json:"date"`
	Effective string         `json:"effective_date,omitempty"`
	Expiry    string         `json:"expiry_date,omitempty"`
	Timezone  string         `json:"timezone"`
	Endpoints map[string]any `json:"endpoints"`
}

type openRates struct {
	Name     string      `json:"name"`
	Type     string      `json:"type"`
	Currency string      `json:"currency,omitempty"`
	Endpoint string      `json:"endpoint"`
	Rate     openRule    `json:"rate"`
	Fields   []openField `json:"fields"`
}

// openRule is what holds where a row says nothing: here every row says it.
type openRule struct {
	Precision *int   `json:"precision,omitempty"`
	Pulse     uint32 `json:"default_pulse"`
	Initial   uint32 `json:"default_initial"`
}

type openField struct {
	Name string `json:"name"`
}

// begin writes the head up to the rows.
func (e *jsonEncoder) begin(f *File) error {
	head, err := json.MarshalIndent(openCard{
		Name: f.about.Card, Schema: "1.0.0", Version: fmt.Sprintf("%d.0", f.about.Revision), Date: f.about.Date.UTC().Format(time.DateOnly),
		Effective: openInstant(f.from), Expiry: openInstant(f.to), Timezone: "UTC", Endpoints: map[string]any{"default": struct{}{}},
	}, "", "\t")
	if err != nil {
		return err
	}
	card := openRates{Name: f.about.Card, Type: "termination", Currency: f.about.Currency, Endpoint: "default", Rate: f.openRule()}
	for _, c := range f.columns {
		card.Fields = append(card.Fields, openField{c.field})
	}
	rates, err := json.Marshal(card)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "%s,\n\t\"cards\": {\"default\": %s,\n\"rates\": [", bytes.TrimSuffix(head, []byte("\n}")), bytes.TrimSuffix(rates, []byte("}")))
	return err
}

// openRule is the format's own 60/60 where the rates differ, or have none. It has
// room for 10 decimals; of more nothing is said, so that nobody rounds.
func (f *File) openRule() openRule {
	r := openRule{Pulse: 60, Initial: 60}
	if !f.uneven && f.interval1 > 0 && f.intervalN > 0 {
		r.Initial, r.Pulse = f.interval1, f.intervalN
	}
	if f.decimals <= 10 {
		r.Precision = &f.decimals
	}
	return r
}

// openInstant writes an instant as the format has it, in whole milliseconds; of
// a finer one it says nothing, the rows do.
func openInstant(at int64) string {
	if at == 0 || at%int64(time.Millisecond) != 0 {
		return ""
	}
	t := time.Unix(0, at).UTC()
	if at%int64(time.Second) == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

func (e *jsonEncoder) cell(c *column, text []byte) error {
	lead := ", "
	switch {
	case !e.began && e.rows:
		lead = ",\n["
	case !e.began:
		lead = "\n["
	}
	e.began, e.rows = true, true
	if _, err := e.out.WriteString(lead); err != nil {
		return err
	}
	switch {
	case len(text) == 0:
		text = []byte("null")
	case c.holds != number:
		quoted, err := json.Marshal(string(text))
		if err != nil {
			return err
		}
		text = quoted
	}
	_, err := e.out.Write(text)
	return err
}

func (e *jsonEncoder) endRow() error {
	e.began = false
	return e.out.WriteByte(']')
}

func (e *jsonEncoder) end() error {
	_, err := e.out.WriteString("\n]}}\n}\n")
	return err
}
