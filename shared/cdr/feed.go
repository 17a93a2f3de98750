// Package cdr reads the usage records of telephone switches: each row of a
// file becomes one normalised call.Record with what became of it.
package cdr

import (
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
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

	// Numbers says how the switch writes telephone numbers.
	Numbers numbering.Rules `doc:"numbers,omitempty" json:"numbers,omitzero"`
	// Direction says which way the usage went; none: outbound.
	Direction Directions `doc:"direction,omitempty" json:"direction,omitempty"`
	// Identify lists how to tell who pays, at most MaxMeans, in the order they
	// are tried; none: see Means.
	Identify []Means `doc:"identify,omitempty" json:"identify,omitempty"`
	// Charges lists whom the records charge beside who pays, each once; none:
	// nobody.
	Charges []Further `doc:"charges,omitempty" json:"charges,omitempty"`
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
	if err := f.validatePayers(); err != nil {
		return nil, fmt.Errorf("feed %s: %w", f.ID, err)
	}
	return zone, nil
}
