package cdr

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/call"
)

func TestUsageOfEveryKindIsRead(t *testing.T) {
	const at = "2026-01-02T03:04:05Z"
	file := "id,kind,from,to,start,seconds,Quantity,status,LRN,caller lrn,service,tag\n" +
		"v,,441,442," + at + ",61.5,7,ok,+1 (212) 555-0100,13155550100,on-net,gold\n" +
		"u,voice,441,442," + at + ",0,,busy,,,,\n" +
		"s,SMS,441,442," + at + ",,3,busy,,,,\n" +
		"d,data,441,," + at + ",99,10000000000000000,,,,internet,\n" +
		"e, Event ,,," + at + ",x,0,,,,premium,\n"
	base := call.Record{Feed: "f", Instant: unix(t, at), Account: Unassigned, ANumber: "441", BNumber: "442"}
	record := func(id string, change func(*call.Record)) call.Record {
		r := base
		r.CallID = id
		change(&r)
		return r
	}
	want := []Row{
		{Line: 2, Record: record("v", func(r *call.Record) {
			r.Duration = call.Duration{Nanos: 61.5e9, Decimals: 1} // the units of a call are its seconds
			r.LRN, r.ALRN, r.Service, r.Tag = "12125550100", "13155550100", "on-net", "gold"
		})},
		{Line: 3, Status: call.Ignored, Reason: call.NotAnswered, Record: record("u", func(*call.Record) {})},
		{Line: 4, Record: record("s", func(r *call.Record) { r.Kind, r.Units = call.SMS, 3 })},
		{Line: 5, Record: record("d", func(r *call.Record) {
			r.Kind, r.Units, r.BNumber, r.Service = call.Data, call.MaxUnits, "", "internet"
		})},
		{Line: 6, Record: record("e", func(r *call.Record) { r.Kind, r.ANumber, r.BNumber, r.Service = call.Event, "", "", "premium" })},
	}
	if diff := cmp.Diff(want, readAll(t, generic, file)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestUsageThatCannotBeReadIsRejected(t *testing.T) {
	long := strings.Repeat("x", 257)
	for row, want := range map[string]string{
		"fax,441,1,,,,":                 `rejected bad_kind kind="fax"`,
		"sms,441,,,,,":                  `rejected bad_units units=""`,
		"sms,441,1.5,,,,":               `rejected bad_units units="1.5"`,
		"data,441,-1,,,,":               `rejected bad_units units="-1"`,
		"data,,10000000000000001,,,,":   `rejected bad_units units="10000000000000001"`,
		"sms,,1,,,,":                    `rejected bad_number b=""`,
		"event,abc,1,,,,":               `rejected bad_number b="abc"`,
		"data,441,1,none,,,":            `rejected bad_number lrn="none"`,
		"data,441,1,,none,,":            `rejected bad_number a_lrn="none"`,
		"data,441,1,,," + long + ",":    `rejected too_long service="` + long[:80] + `"`,
		"data,441,1,,,," + long:         `rejected too_long tag="` + long[:80] + `"`,
		"voice,441,1,,,,":               `rejected bad_duration duration=""`,
		"sms,441,10000000000000000,,,,": "accepted",
	} {
		rows := readAll(t, generic, "id,start,kind,b,units,lrn,a_lrn,service,tag\ni,2026-01-02T03:04:05Z,"+row+"\n")
		if len(rows) != 1 || outcome(rows[0]) != want {
			t.Errorf("%s: %s, want %s", row, outcome(rows[0]), want)
		}
	}
}

// A file says that it has usage of other kinds, or needs a number and a
// duration.
func TestOnlyAFileOfKindsNeedsNoDuration(t *testing.T) {
	for header, want := range map[string]string{
		"id,start,kind,units":    "",
		"id,start,kind,seconds":  "",
		"id,start,b,units":       "the header row has no column for the duration",
		"id,start,kind,b":        "the header row has no column for the duration",
		"id,start,units,seconds": "the header row has no column for the called number",
		"id,kind,b,units":        "the header row has no column for the start or answer time",
	} {
		got := ""
		var bad *FileError
		if _, err := Open(strings.NewReader(header+"\n"), generic); errors.As(err, &bad) {
			got = bad.Problem
		}
		if got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}
