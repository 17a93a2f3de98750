// Package cdr reads the usage records of telephone switches: each row of a
// file becomes one normalised call.Record with what became of it.
package cdr

import (
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/call"
)

// Format says how the records of a feed are written.
type Format string

// The formats.
const (
	// Generic is delimited text with a header row: see Columns.
	Generic Format = "generic"
	// Asterisk is cdr_csv's Master.csv: no header, 16 columns, 17 with the
	// unique id or the user field, 18 with both (Asterisk, configs/cdr.conf).
	Asterisk Format = "asterisk"
	// FreeSWITCH is mod_cdr_csv's template "example": no header, 15 columns;
	// 13 to 16 are read, so one without codecs or with one field more is too
	// (FreeSWITCH, cdr_csv.conf.xml).
	FreeSWITCH Format = "freeswitch"
)

// Feed is a configured source of records.
type Feed struct {
	ID     string `doc:"id" json:"id"`         // 1 to 256 bytes
	Format Format `doc:"format" json:"format"` // generic, asterisk or freeswitch
	Zone   string `doc:"zone" json:"zone"`     // IANA name: of local times without an offset
}

// Validate returns what is wrong with the feed, naming field and value.
func (f Feed) Validate() error {
	_, err := f.location()
	return err
}

func (f Feed) location() (*time.Location, error) {
	if f.ID == "" || len(f.ID) > call.MaxField {
		return nil, fmt.Errorf("feed id %q: want 1 to %d bytes", clip([]byte(f.ID)), call.MaxField)
	}
	switch f.Format {
	case Generic, Asterisk, FreeSWITCH:
	default:
		return nil, fmt.Errorf("feed %s: format %q: want %s, %s or %s", f.ID, f.Format, Generic, Asterisk, FreeSWITCH)
	}
	// LoadLocation takes "" for UTC and "Local" for this machine's zone.
	if f.Zone == "" || f.Zone == "Local" {
		return nil, fmt.Errorf("feed %s: zone %q: want an IANA name such as UTC or Europe/London", f.ID, f.Zone)
	}
	zone, err := time.LoadLocation(f.Zone)
	if err != nil {
		return nil, fmt.Errorf("feed %s: zone %q: want an IANA name such as UTC or Europe/London: %w", f.ID, f.Zone, err)
	}
	return zone, nil
}
