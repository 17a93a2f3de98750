package portal

import (
	"encoding/json"
	"fmt"

	"github.com/tollbook/tollbook/shared/catalog"
)

// terms describes catalog.Terms: it is the same JSON, with every enumeration
// and bound said. What is left out is as usual.
type terms struct {
	Decimals          *int   `json:"decimals,omitempty" minimum:"0" maximum:"20" doc:"of each charge; none: 4"`
	Rounding          string `json:"rounding,omitempty" enum:"half-up,half-down,up,down" doc:"of each charge, once; none: half-up"`
	DurationRounding  string `json:"duration_rounding,omitempty" enum:"half-up,half-down,up,down" doc:"of a fraction of a second; none: half-up"`
	KeepFractions     bool   `json:"keep_fractions,omitempty" doc:"a fraction of a second is not rounded"`
	Model             string `json:"model,omitempty" enum:"first_then_pulse,whole_call_multiple,continuous" doc:"how a length becomes a billed one; none: first_then_pulse"`
	ChargeZeroSeconds bool   `json:"charge_zero_seconds,omitempty" doc:"an answered call of 0 s is charged"`
	ShortDigits       *int   `json:"short_digits,omitempty" minimum:"0" maximum:"15" doc:"numbers of fewer digits match only a rate of their full length; none: 7, 0: off"`

	Grace     uint32 `json:"grace,omitempty" maximum:"1000000" doc:"seconds, where a rate has none of its own"`
	GraceMode string `json:"grace_mode,omitempty" enum:"under,up_to,deducted" doc:"calls under it are free, or also those as long as it, or it is taken off every call; none: under"`
	Free      uint32 `json:"free,omitempty" maximum:"1000000" doc:"seconds that are not charged, after the first interval"`
	FreeFirst bool   `json:"free_first,omitempty" doc:"they come before the first interval"`
	Minimum   uint32 `json:"minimum,omitempty" maximum:"1000000" doc:"seconds that are billed at least"`
	MinCharge string `json:"min_charge,omitempty" example:"0.05" doc:"of a charged call"`
	MaxCharge string `json:"max_charge,omitempty" example:"2.50" doc:"of a call"`
	Surcharge string `json:"surcharge,omitempty" example:"0.10" doc:"fraction of the charge that is added to it; 0.10 is 10 %"`
	Access    string `json:"access,omitempty" example:"0.13" doc:"access charge per minute, for rates that say so"`

	Presentation        string   `json:"presentation,omitempty" enum:"single_rate,inter_intra,inter_intra_indeterminate,local_eea_international" doc:"which prices there are for a prefix, by where a call is from and goes to; none: single_rate"`
	DearerIndeterminate bool     `json:"dearer_indeterminate,omitempty" doc:"with inter_intra: a call that is neither is charged the dearer of the two, not inter"`
	EEAFrom             []string `json:"eea_from,omitempty" maxItems:"300" doc:"countries that an EEA call comes from; none: the 30 states of the EEA"`
	EEATo               []string `json:"eea_to,omitempty" maxItems:"300" doc:"countries that an EEA call goes to"`
	ByLRN               bool     `json:"by_lrn,omitempty" doc:"by the location routing number, where a record has one"`

	Bands      *bandSet      `json:"bands,omitempty" doc:"parts of the week in which rates hold"`
	Origins    []originGroup `json:"origins,omitempty" maxItems:"250" doc:"groups of callers' numbers"`
	Surcharges []originExtra `json:"surcharges,omitempty" maxItems:"250" doc:"added to calls from a group of callers"`
}

type bandSet struct {
	Zone    string       `json:"zone,omitempty" example:"Europe/London" doc:"of the windows; none: the customer's"`
	Split   bool         `json:"split,omitempty" doc:"each second is priced by the band that it lies in; otherwise the call's instant decides"`
	Names   []string     `json:"names" nullable:"false" minItems:"1" maxItems:"8"`
	Windows []bandWindow `json:"windows" nullable:"false" minItems:"1" maxItems:"200" doc:"the first that holds wins; together they cover every day"`
	Dates   []bandDate   `json:"dates,omitempty" maxItems:"2000" doc:"days that count as another"`
}

type bandWindow struct {
	Band      string   `json:"band"`
	Days      []string `json:"days,omitempty" maxItems:"8" doc:"mon, tue, wed, thu, fri, sat, sun, holiday; none: all"`
	From      string   `json:"from" example:"08:00"`
	To        string   `json:"to" example:"18:00" doc:"not included; 24:00 is the day's end"`
	Months    []int    `json:"months,omitempty" maxItems:"12"`
	MonthDays []int    `json:"month_days,omitempty" maxItems:"62" doc:"-1 is the month's last day"`
	Years     []int    `json:"years,omitempty" maxItems:"300"`
}

type bandDate struct {
	On string `json:"on" example:"12-25" doc:"YYYY-MM-DD, or MM-DD of every year"`
	As string `json:"as" example:"holiday" doc:"the day that it counts as"`
}

type originGroup struct {
	Name     string   `json:"name"`
	Prefixes []string `json:"prefixes,omitempty" maxItems:"100000" doc:"digits that callers' numbers begin with"`
	Invalid  bool     `json:"invalid,omitempty" doc:"also callers without a number, with one of under 5 or over 15 digits, or of no known country"`
}

type originExtra struct {
	Origin    string   `json:"origin" doc:"name of the group"`
	To        []string `json:"to,omitempty" maxItems:"100000" doc:"prefixes of called numbers; none: all"`
	PerMinute string   `json:"per_minute,omitempty"`
	PerCall   string   `json:"per_call,omitempty"`
}

// showTerms returns the terms of a card.
func showTerms(t catalog.Terms) *terms {
	var out terms
	b, err := json.Marshal(catalog.Terms(t.Rating("")))
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(fmt.Errorf("showing terms: %w", err)) // they came from JSON or a document, so every value has its name
	}
	return &out
}

// read returns the terms; the error says what of them cannot be read.
func (t *terms) read() (out catalog.Terms, err error) {
	if t == nil {
		return catalog.DefaultTerms(), nil
	}
	b, err := json.Marshal(t)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(b, &out)
}
