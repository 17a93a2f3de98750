package portal

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
)

// question is a call, or other usage, that somebody wants to know the price of.
type question struct {
	Account   string    `json:"account,omitempty" doc:"whose card prices it; this or card"`
	Card      string    `json:"card,omitempty" doc:"customer card that prices it, for a customer whose zone is UTC; this or account"`
	Revision  int       `json:"revision,omitempty" minimum:"1" doc:"of card; none: the one that is live at the instant"`
	Kind      string    `json:"kind,omitempty" enum:"voice,sms,data,event" doc:"of usage; none: voice"`
	Number    string    `json:"number,omitempty" example:"+44 7700 900123" doc:"that is called; data and events may have none"`
	Caller    string    `json:"caller,omitempty" example:"+44 20 7946 0000" doc:"number; none: withheld"`
	Direction string    `json:"direction,omitempty" enum:"outbound,inbound" doc:"whether the account made it or received it; none: outbound"`
	Seconds   *int64    `json:"seconds,omitempty" minimum:"0" maximum:"10000000" doc:"of a call; this or duration"`
	Duration  string    `json:"duration,omitempty" example:"95.5" doc:"of a call: seconds with up to 9 decimals; this or seconds"`
	Units     *int64    `json:"units,omitempty" minimum:"0" maximum:"10000000000000000" doc:"messages, bytes or pieces, of another kind than voice"`
	LRN       string    `json:"lrn,omitempty" doc:"location routing number of number, where it was ported"`
	CallerLRN string    `json:"caller_lrn,omitempty" doc:"of caller"`
	Service   string    `json:"service,omitempty" doc:"that the switch names, such as on-net"`
	Tag       string    `json:"tag,omitempty" doc:"of the record, that may choose a rate"`
	At        time.Time `json:"at" doc:"when: prices are those that are live at that instant"`
}

// record reads the question as a file of one record is read, so that what is
// priced is what rating would price.
func (q question) record() (call.Record, error) {
	var bad inputs
	if (q.Account == "") == (q.Card == "") {
		bad.refuse("body.account", q.Account, "want account or card, one of the two")
	}
	if q.Account != "" && q.Revision != 0 {
		bad.refuse("body.revision", strconv.Itoa(q.Revision), "want none with account: the live one prices")
	}
	duration, units := q.quantity(&bad)
	if err := bad.err(); err != nil {
		return call.Record{}, err
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	err := w.WriteAll([][]string{
		{"b_number", "duration", "start_time", "a_number", "kind", "units", "lrn", "caller_lrn", "service", "tag", "direction"},
		{q.Number, duration, q.At.UTC().Format("2006-01-02T15:04:05.999999999Z"), q.Caller, q.Kind, units, q.LRN, q.CallerLRN, q.Service, q.Tag, cmp.Or(q.Direction, call.Outbound.String())},
	})
	if err != nil {
		return call.Record{}, fmt.Errorf("writing the question: %w", err)
	}
	in, err := cdr.Open(&text, cdr.Feed{ID: "price", Format: cdr.Generic, Zone: "UTC", Direction: cdr.BothWays})
	if err != nil {
		return call.Record{}, fmt.Errorf("reading the question: %w", err)
	}
	row, err := in.Next()
	if err != nil {
		return call.Record{}, fmt.Errorf("reading the question: %w", err)
	}
	if row.Status == 0 {
		return row.Record, nil
	}
	location, ok := map[string]string{"b_number": "number", "start_time": "at", "a_number": "caller", "": "number"}[row.Column]
	if !ok {
		location = row.Column
	}
	bad.refuse("body."+location, row.Value, "want "+row.Want)
	return call.Record{}, bad.err()
}

// quantity returns the duration of a call, or the units of other usage, as a
// file has them.
func (q question) quantity(bad *inputs) (duration, units string) {
	switch voice := q.Kind == "" || q.Kind == call.Voice.String(); {
	case voice && q.Units != nil:
		bad.refuse("body.units", strconv.FormatInt(*q.Units, 10), "want none with a call: it has seconds or duration")
	case voice && (q.Duration == "") == (q.Seconds == nil):
		bad.refuse("body.duration", q.Duration, "want seconds or duration, one of the two")
	case voice && q.Seconds != nil:
		return strconv.FormatInt(*q.Seconds, 10), ""
	case voice:
		return q.Duration, ""
	case q.Units == nil || q.Duration != "" || q.Seconds != nil:
		bad.refuse("body.units", "", "want units, and neither seconds nor duration, with "+clip(q.Kind))
	default:
		return "", strconv.FormatInt(*q.Units, 10)
	}
	return "", ""
}
