package cdr

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"pgregory.net/rapid"
)

var (
	generic    = Feed{ID: "f", Format: Generic, Zone: "Europe/London"}
	asterisk   = Feed{ID: "f", Format: Asterisk, Zone: "Europe/London"}
	freeSWITCH = Feed{ID: "f", Format: FreeSWITCH, Zone: "UTC"}
)

// failer is what testing.T and rapid.T have in common.
type failer interface {
	Helper()
	Fatal(...any)
}

func readAll(t failer, feed Feed, file string) []Row {
	t.Helper()
	r, err := Open(strings.NewReader(file), feed)
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for {
		row, err := r.Next()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

func unix(t testing.TB, rfc3339 string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, rfc3339)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

func seconds(n int64) call.Duration { return call.Duration{Nanos: n * 1e9} }

func TestGenericRow(t *testing.T) {
	file := "\uFEFFCall ID;Account;From;TO;Answer-Time;start;bill_sec ignored;BillSec;duration;Version;leg;status\n\n" +
		` c1 ; Acme Ltd ;anonymous;"+34 688-88";2026-07-01 12:00:05;2026-07-01 12:00:00;x;61.50;66;7; l ;ANSWERED;;` + "\n" +
		"c2;;00441;441;;2026-12-01T12:00:00;;0;9;0;;OK\n"
	want := []Row{
		{Line: 3, Record: call.Record{
			Feed: "f", CallID: "c1", Leg: "l", Version: 7, Instant: unix(t, "2026-07-01T11:00:05Z"), Duration: call.Duration{Nanos: 61.5e9, Decimals: 2},
			Account: "Acme Ltd", BNumber: "3468888", ARaw: "anonymous", BRaw: "+34 688-88",
		}},
		{Line: 4, Status: call.Ignored, Reason: call.NotAnswered, Record: call.Record{
			Feed: "f", CallID: "c2", Instant: unix(t, "2026-12-01T12:00:00Z"), Account: Unassigned, ANumber: "441", ARaw: "00441", BNumber: "441",
		}},
	}
	if diff := cmp.Diff(want, readAll(t, generic, file)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// outcome is what a row came to, short enough for a table.
func outcome(r Row) string {
	s := "accepted"
	if r.Status != 0 {
		s = r.Status.String() + " " + string(r.Reason)
	}
	if r.Status == call.Rejected {
		s += fmt.Sprintf(" %s=%q", r.Column, r.Value)
	}
	return s
}

func TestGenericRules(t *testing.T) {
	long := strings.Repeat("x", 257)
	for _, tc := range []struct{ name, header, row, want, record string }{
		{"least columns", "b,date,seconds", "441,2026-01-02 03:04:05,9", "accepted", "at=2026-01-02T03:04:05Z d=9 flags=no_call_id"},
		{"summer time", "b,date,seconds", "441,2026-07-02 03:04:05,9", "accepted", "at=2026-07-02T02:04:05Z d=9 flags=no_call_id"},
		{"a local time that happened twice", "id,b,date,seconds", "i,441,2026-10-25 01:30:00,9", "accepted", "at=2026-10-25T00:30:00Z d=9 flags=time_ambiguous"},
		{"a local time that never happened", "id,b,date,seconds", "i,441,2026-03-29 01:30:00,9", "accepted", "at=2026-03-29T01:30:00Z d=9 flags=time_skipped"},
		{"an offset decides, not the zone", "id,b,date,seconds", "i,441,2026-10-25 01:30:00+01:00,9", "accepted", "at=2026-10-25T00:30:00Z d=9 flags="},
		{"answer outranks start", "id,b,start,answer,seconds", "i,441,2026-01-01 00:00:00,2026-01-01 00:00:07,9", "accepted", "at=2026-01-01T00:00:07Z d=9 flags="},
		{"answer alone", "id,b,answer,seconds", "i,441,2026-01-01 00:00:07,0", "accepted", "at=2026-01-01T00:00:07Z d=0 flags="},
		{"answer left out, nothing billed", "id,b,start,answer,seconds", "i,441,2026-01-01 00:00:00,,0", "ignored not_answered", "at=2026-01-01T00:00:00Z d=0 flags="},
		{"answer zero, nothing billed", "id,b,start,answer,seconds", "i,441,2026-01-01 00:00:00,0000-00-00 00:00:00,0", "ignored not_answered", "at=2026-01-01T00:00:00Z d=0 flags="},
		{"answer 0, no duration", "id,b,start,answer,seconds", "i,441,2026-01-01 00:00:00,0,", "ignored not_answered", "at=2026-01-01T00:00:00Z d=0 flags="},
		{"answer left out, time billed", "id,b,start,answer,seconds", "i,441,2026-01-01 00:00:00,,5", "accepted", "at=2026-01-01T00:00:00Z d=5 flags="},
		{"answer left out, duration not a number", "id,b,start,answer,seconds", "i,441,2026-01-01 00:00:00,,x", `rejected bad_duration seconds="x"`, "at=2026-01-01T00:00:00Z d=0 flags="},
		{"bad answer is not replaced by start", "id,b,start,answer,seconds", "i,441,2026-01-01 00:00:00,soon,5", `rejected bad_time answer="soon"`, "at=- d=5 flags="},
		{"no time", "id,b,start,answer,seconds", "i,441,,,5", `rejected bad_time start=""`, "at=- d=5 flags="},
		{"day first", "id,b,start,seconds", "i,441,02/01/2026 00:00:00,5", `rejected bad_time start="02/01/2026 00:00:00"`, "at=- d=5 flags="},
		{"answered with 0 s", "id,b,start,seconds,disposition", "i,441,2026-01-01 00:00:00,0,answered", "accepted", "at=2026-01-01T00:00:00Z d=0 flags="},
		{"not answered outranks a duration", "id,b,start,seconds,disposition", "i,441,2026-01-01 00:00:00,7,NO ANSWER", "ignored not_answered", "at=2026-01-01T00:00:00Z d=7 flags="},
		{"unanswered is decided before all else", "id,b,start,seconds,disposition,version", "i,sip:x,never,-7,BUSY,v", "ignored not_answered", "at=- d=0 flags="},
		{"unanswered with long text", "id,b,start,seconds,disposition", long + ",441,2026-01-01 00:00:00,7,BUSY", "ignored not_answered", "at=2026-01-01T00:00:00Z d=7 flags=no_call_id"},
		{"unknown word, time billed", "id,b,start,seconds,disposition", "i,441,2026-01-01 00:00:00,1,ODD", "accepted", "at=2026-01-01T00:00:00Z d=1 flags="},
		{"unknown word, nothing billed", "id,b,start,seconds,disposition", "i,441,2026-01-01 00:00:00,0,ODD", "ignored not_answered", "at=2026-01-01T00:00:00Z d=0 flags="},
		{"unknown word, no duration", "id,b,start,seconds,disposition", "i,441,2026-01-01 00:00:00,,ODD", `rejected bad_duration seconds=""`, "at=2026-01-01T00:00:00Z d=0 flags="},
		{"billsec outranks duration", "id,b,start,duration,billsec", "i,441,2026-01-01 00:00:00,9,5", "accepted", "at=2026-01-01T00:00:00Z d=5 flags="},
		{"duration is not read when billed time is given", "id,b,start,duration,billsec", "i,441,2026-01-01 00:00:00,x,5", "accepted", "at=2026-01-01T00:00:00Z d=5 flags="},
		{"no billed time is not the total", "id,b,start,duration,billsec", "i,441,2026-01-01 00:00:00,9,", `rejected bad_duration billsec=""`, "at=2026-01-01T00:00:00Z d=0 flags="},
		{"billmsec outranks billsec", "id,b,start,duration,billsec,billmsec", "i,441,2026-01-01 00:00:00,70,68,67540", "accepted", "at=2026-01-01T00:00:00Z d=67.54 flags="},
		{"billed above total", "id,b,start,duration,billsec", "i,441,2026-01-01 00:00:00,5,7", "accepted", "at=2026-01-01T00:00:00Z d=7 flags=billsec_over_duration"},
		{"negative duration", "id,b,start,duration", "i,441,2026-01-01 00:00:00,-5", `rejected bad_duration duration="-5"`, "at=2026-01-01T00:00:00Z d=0 flags="},
		{"no called number", "id,b,start,duration", "i,,2026-01-01 00:00:00,5", `rejected bad_number b=""`, "at=2026-01-01T00:00:00Z d=5 flags="},
		{"letters", "id,b,start,duration", "i,abc,2026-01-01 00:00:00,5", `rejected bad_number b="abc"`, "at=2026-01-01T00:00:00Z d=5 flags="},
		{"the first fault counts", "id,b,start,duration", "i,abc,x,x", `rejected bad_number b="abc"`, "at=- d=0 flags="},
		{"no version", "id,b,start,duration,version", "i,441,2026-01-01 00:00:00,5,", "accepted", "at=2026-01-01T00:00:00Z d=5 flags="},
		{"version", "id,b,start,duration,version", "i,441,2026-01-01 00:00:00,5,18446744073709551616", `rejected bad_version version="18446744073709551616"`, "at=2026-01-01T00:00:00Z d=5 flags="},
		{"long call id", "id,b,start,duration", long + ",441,2026-01-01 00:00:00,5", `rejected too_long id="` + long[:80] + `"`, "at=2026-01-01T00:00:00Z d=5 flags=no_call_id"},
		{"long number", "id,b,start,duration", "i,44" + long + ",2026-01-01 00:00:00,5", `rejected too_long b="44` + long[:78] + `"`, "at=2026-01-01T00:00:00Z d=5 flags="},
		{"long text that is not read", "id,b,start,duration,note", "i,441,2026-01-01 00:00:00,5," + long, "accepted", "at=2026-01-01T00:00:00Z d=5 flags="},
		{"too few columns", "id,b,start,duration", "i,441,2026-01-01 00:00:00", `rejected bad_columns ="3 columns"`, "at=- d=0 flags="},
		{"too many columns", "id,b,start,duration", "i,441,2026-01-01 00:00:00,5,,x", `rejected bad_columns ="6 columns"`, "at=- d=0 flags="},
		{"empty columns too many", "id,b,start,duration", "i,441,2026-01-01 00:00:00,5,, ", "accepted", "at=2026-01-01T00:00:00Z d=5 flags="},
		{"unclosed quote", "id,b,start,duration", `i,"441,2026-01-01 00:00:00,5`, `rejected bad_csv ="i,\"441,2026-01-01 00:00:00,5"`, "at=- d=0 flags="},
		{"text after a quote", "id,b,start,duration", `"i"x,441,2026-01-01 00:00:00,5`, `rejected bad_csv ="\"i\"x,441,2026-01-01 00:00:00,5"`, "at=- d=0 flags="},
		{"bad encoding", "id,b,start,duration", "\xff,441,2026-01-01 00:00:00,5", "rejected bad_encoding =\"\uFFFD,441,2026-01-01 00:00:00,5\"", "at=- d=0 flags="},
		{"long line", "id,b,start,duration", strings.Repeat("x", 65537), `rejected too_long ="` + long[:80] + `"`, "at=- d=0 flags="},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows := readAll(t, generic, tc.header+"\n"+tc.row+"\n")
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			r := rows[0]
			if got := outcome(r); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			at := "-"
			if r.Record.Instant != 0 {
				at = r.Record.At().Format(time.RFC3339)
			}
			d := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%09d", r.Record.Duration.Nanos/1e9, r.Record.Duration.Nanos%1e9), "0"), ".")
			if got := fmt.Sprintf("at=%s d=%s flags=%s", at, d, r.Record.Flags); got != tc.record {
				t.Errorf("record: got  %s\nwant %s", got, tc.record)
			}
			if (r.Status == call.Rejected) != (r.Want != "") {
				t.Errorf("what would be right: %q", r.Want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		feed       Feed
		want       string
	}{
		{"empty", "\n \n", generic, "the file is empty; want a header row"},
		{"UTF-16", "\xff\xfea\x00", asterisk, "the file is UTF-16; want it saved as UTF-8"},
		{"no called number", "id,start,duration\n", generic, `no column for the called number: found "id", "start", "duration"; want a column called one of b_number, dst,`},
		{"no time", "b,duration\n", generic, `no column for the start or answer time: found "b", "duration"; want a column called one of start_time, start,`},
		{"no duration", "b,start\n", generic, `no column for the duration: found "b", "start"; want a column called one of billmsec,`},
		{"two for one", "b,start,duration,Caller ID,src\n", generic, `two columns mean the same, a_number: found column 4 "Caller ID" and column 5 "src"; want one of them removed`},
		{"the name itself twice", "b_number,B-Number,start,duration\n", generic, `two columns mean the same, b_number: found column 1`},
		{"broken header", "\"b,start\n", generic, "the header row cannot be read: found line 1: a quote is not closed"},
		{"many columns", strings.Repeat("x,", 99) + "\n", generic, "and 60 more; want"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Open(strings.NewReader(tc.file), tc.feed)
			var fe *FileError
			if !errors.As(err, &fe) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestTheNameItselfOutranksOtherNames(t *testing.T) {
	for _, header := range []string{"id,call_id,uuid,b,start,duration", "call_id,id,uuid,b,start,duration"} {
		values := strings.NewReplacer("call_id", "right", "uuid", "wrong", "id", "wrong", "b", "441", "start", "1136214245", "duration", "5").Replace(header)
		if got := readAll(t, generic, header+"\n"+values)[0].Record.CallID; got != "right" {
			t.Errorf("%s: %s", header, got)
		}
	}
}

func TestEveryNameMeansOneThing(t *testing.T) {
	seen := map[string]string{}
	for _, c := range Columns {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if other := seen[squash(name)]; other != "" {
				t.Errorf("%s means %s and %s", name, c.Name, other)
			}
			seen[squash(name)] = c.Name
		}
	}
}

func TestInputErrors(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Open(iotest.ErrReader(broken), generic); !errors.Is(err, broken) {
		t.Errorf("Open: %v", err)
	}
	file := "b,start,duration\n" + strings.Repeat("441,1136214245,5\n", 1000)
	r, err := Open(io.MultiReader(strings.NewReader(file), iotest.ErrReader(broken)), generic)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("Next: %v", err)
	}
}

func TestFeedValidate(t *testing.T) {
	for want, feed := range map[string]Feed{
		"":                      generic,
		`feed id ""`:            {ID: "", Format: Generic, Zone: "UTC"},
		`format "cisco"`:        {ID: "f", Format: "cisco", Zone: "UTC"},
		`zone ""`:               {ID: "f", Format: Generic, Zone: ""},
		`zone "Local"`:          {ID: "f", Format: Generic, Zone: "Local"},
		`zone "Europe/Atlanta"`: {ID: "f", Format: Generic, Zone: "Europe/Atlanta"},
	} {
		err := feed.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", feed, err, want)
		}
		if _, openErr := Open(strings.NewReader(""), feed); want != "" && fmt.Sprint(openErr) != fmt.Sprint(err) {
			t.Errorf("Open %+v: %v", feed, openErr)
		}
	}
}

func TestAsterisk(t *testing.T) {
	const (
		front = `"acme","02071234567","0034688","ctx","""A"" <1>","SIP/a","SIP/b-1","Dial","x","2026-07-01 12:00:00",`
		head  = front + `"2026-07-01 12:00:05","2026-07-01 12:01:06",66,61,`
	)
	at := unix(t, "2026-07-01T11:00:05Z")
	full := call.Record{Feed: "f", CallID: "p-1.2", Leg: "SIP/b-1", Instant: at, Duration: seconds(61), Account: "acme", ANumber: "02071234567", BNumber: "34688", BRaw: "0034688"}
	noID := full
	noID.CallID, noID.Flags = "", call.NoCallID
	start := full
	start.Instant = unix(t, "2026-07-01T11:00:00Z")
	for _, tc := range []struct {
		name, row, want string
		record          call.Record
	}{
		{"18 columns", head + `"ANSWERED","DOCUMENTATION","p-1.2","note"`, "accepted", full},
		{"18 columns and empty ones", head + `"ANSWERED","DOCUMENTATION","p-1.2","note",,""`, "accepted", full},
		{"17 columns, the last a unique id", head + `"ANSWERED","DOCUMENTATION","p-1.2"`, "accepted", full},
		{"17 columns, the last a user field", head + `"ANSWERED","DOCUMENTATION","note"`, "accepted", noID},
		{"16 columns", head + `"answered","DOCUMENTATION"`, "accepted", noID},
		{"no answer time", front + `"","2026-07-01 12:01:06",66,61,"ANSWERED","DOCUMENTATION","p-1.2",""`, "accepted", start},
		{"not answered", head + `"NO ANSWER","DOCUMENTATION","p-1.2",""`, "ignored not_answered", full},
		{"unknown disposition", head + `"UNKNOWN","DOCUMENTATION","p-1.2",""`, "ignored not_answered", full},
		{"15 columns", head + `"ANSWERED"`, `rejected bad_columns ="15 columns"`, call.Record{Feed: "f"}},
		{"19 columns", head + `"ANSWERED","DOCUMENTATION","p-1.2","","x"`, `rejected bad_columns ="19 columns"`, call.Record{Feed: "f"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows := readAll(t, asterisk, tc.row)
			if len(rows) != 1 || outcome(rows[0]) != tc.want {
				t.Fatalf("got  %+v\nwant %s", rows, tc.want)
			}
			if diff := cmp.Diff(tc.record, rows[0].Record); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestFreeSWITCH(t *testing.T) {
	const head = `"Ann","anonymous","+34688","public","2026-07-01 12:00:00",`
	full := call.Record{Feed: "f", CallID: "u-1", Instant: unix(t, "2026-07-01T12:00:05Z"), Duration: seconds(61), Account: "acme", ARaw: "anonymous", BNumber: "34688", BRaw: "+34688"}
	start := full
	start.Instant = unix(t, "2026-07-01T12:00:00Z")
	const tail = `"2026-07-01 12:01:06","66","61","NORMAL_CLEARING","u-1","","acme"`
	for _, tc := range []struct {
		name, row, want string
		record          call.Record
	}{
		{"15 columns", head + `"2026-07-01 12:00:05",` + tail + `,"PCMA","PCMA"`, "accepted", full},
		{"13 columns", head + `"2026-07-01 12:00:05",` + tail, "accepted", full},
		{"16 columns", head + `"2026-07-01 12:00:05",` + tail + `,"PCMA","PCMA","10.0.0.1"`, `rejected bad_columns ="16 columns"`, call.Record{Feed: "f"}},
		{"14 columns", head + `"2026-07-01 12:00:05",` + tail + `,"PCMA"`, `rejected bad_columns ="14 columns"`, call.Record{Feed: "f"}},
		{"an answer time of zeros", head + `"0000-00-00 00:00:00",` + tail, `rejected bad_time answer_stamp="0000-00-00 00:00:00"`, call.Record{Feed: "f", CallID: "u-1", Duration: seconds(61), Account: "acme", ARaw: "anonymous", BNumber: "34688", BRaw: "+34688"}},
		{"no answer time, whatever was billed", head + `"",` + tail + `,"PCMA","PCMA"`, "ignored not_answered", start},
		{"bad answer time", head + `"x",` + tail, `rejected bad_time answer_stamp="x"`, call.Record{Feed: "f", CallID: "u-1", Duration: seconds(61), Account: "acme", ARaw: "anonymous", BNumber: "34688", BRaw: "+34688"}},
		{"12 columns", head + `"2026-07-01 12:00:05","2026-07-01 12:01:06","66","61","NORMAL_CLEARING","u-1",""`, `rejected bad_columns ="12 columns"`, call.Record{Feed: "f"}},
		{"17 columns", head + `"2026-07-01 12:00:05",` + tail + `,"","","","x"`, `rejected bad_columns ="17 columns"`, call.Record{Feed: "f"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows := readAll(t, freeSWITCH, tc.row)
			if len(rows) != 1 || outcome(rows[0]) != tc.want {
				t.Fatalf("got  %+v\nwant %s", rows, tc.want)
			}
			if diff := cmp.Diff(tc.record, rows[0].Record); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// realFile reads a switch's file from the test material beside the project.
func realFile(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", "cdrs")
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("no test material: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRealFiles(t *testing.T) {
	console := func(line int64, start, id string) Row {
		return Row{Line: line, Record: call.Record{
			Feed: "f", CallID: id, Instant: unix(t, start), Duration: seconds(7), Account: Unassigned, BNumber: "1",
		}}
	}
	digium := func(line, billed int64, flags call.Flags, status call.Status, reason call.Reason) Row {
		return Row{Line: line, Status: status, Reason: reason, Record: call.Record{
			Feed: "f", CallID: "1231977075.0", Instant: unix(t, "2009-01-14T23:51:15Z"), Duration: seconds(billed),
			Account: Unassigned, ARaw: "test", BNumber: "100", Flags: flags,
		}}
	}
	missed := func(line int64, caller, b, bRaw, start, id string) Row {
		return Row{Line: line, Status: call.Ignored, Reason: call.NotAnswered, Record: call.Record{
			Feed: "f", CallID: id, Instant: unix(t, start), Account: Unassigned, ANumber: caller, BNumber: b, BRaw: bRaw,
		}}
	}
	for _, tc := range []struct {
		file string
		feed Feed
		want []Row
	}{
		{"asterisk_cdr_csv_good.csv", asterisk, []Row{
			digium(1, 5, 0, 0, ""),
			digium(2, 7, call.BillsecOverTotal, 0, ""),
			digium(3, 0, 0, call.Ignored, call.NotAnswered),
			digium(4, 0, 0, call.Ignored, call.NotAnswered),
			digium(5, 0, 0, call.Ignored, call.NotAnswered),
		}},
		{"asterisk_cdr_csv_buggy.csv", asterisk, []Row{{
			Line: 1, Status: call.Rejected, Reason: call.BadCSV, Record: call.Record{Feed: "f"},
			Value: `"","test","100","context","""Test User"" <test>","SIP/test-02897fd8","","Hangup"`,
			Want:  "a closing quote for every opening one",
		}}},
		{"asterisk_testsuite_Master.csv", asterisk, []Row{
			console(1, "2010-04-01T23:26:32Z", "1270167992.0"),
			console(2, "2010-04-01T23:34:02Z", "1270168442.0"),
		}},
		{"freeswitch_cdr_csv_signalwire_docs.csv", freeSWITCH, []Row{
			missed(1, "9007", "34688886392", "0034688886392", "2014-05-29T16:59:50Z", "a5c9f6c0-e752-11e3-8bfb-65b6c3cdac7d"),
			missed(2, "9008", "34688886392", "+34688886392", "2014-05-29T17:01:32Z", "e29ff0ae-e752-11e3-8bff-65b6c3cdac7d"),
			missed(3, "9008", "34688886392", "", "2014-05-29T17:01:33Z", "e2fe712e-e752-11e3-8c03-65b6c3cdac7d"),
			missed(4, "9008", "34688886392", "0034688886392", "2014-05-29T17:01:33Z", "e34619ac-e752-11e3-8c07-65b6c3cdac7d"),
			missed(5, "9008", "034688886392", "00034688886392", "2014-05-29T17:01:34Z", "e38cb5b0-e752-11e3-8c0b-65b6c3cdac7d"),
		}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, readAll(t, tc.feed, realFile(t, tc.file))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestFilesOfOtherSwitchesAreNeverAccepted(t *testing.T) {
	for _, name := range []string{"cisco_cucm_cdr_fixture.txt", "cdrstats_import_16col.txt", "opensips_flatstore_acc.txt"} {
		for _, feed := range []Feed{generic, asterisk, freeSWITCH} {
			file := realFile(t, name)
			if _, err := Open(strings.NewReader(file), feed); err != nil {
				continue
			}
			for _, row := range readAll(t, feed, file) {
				if row.Status == 0 {
					t.Errorf("%s as %s: line %d accepted", name, feed.Format, row.Line)
				}
			}
		}
	}
}

func TestEveryLineIsARow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.SampledFrom([]string{"", "441", "00441", "x", "2026-01-01 00:00:00", "1136214245", "5", "-5", "ANSWERED", "BUSY", " ", `"`, `"a"`, `a"`, `"a"b`, "\xff"})
		lines := rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
			return "k," + strings.Join(rapid.SliceOfN(cell, 11, 20).Draw(t, "cells"), ",")
		})).Draw(t, "lines")
		feed := rapid.SampledFrom([]Feed{generic, asterisk, freeSWITCH}).Draw(t, "feed")
		skip := 0
		text := strings.Join(lines, "\n")
		if feed.Format == Generic {
			skip, text = 1, "id,account,a,b,start,answer,duration,billsec,disposition,version,leg,x\n"+text
		}
		seen := map[int64]bool{}
		last := int64(skip)
		for _, row := range readAll(t, feed, text) {
			if row.Line <= last || row.Record.Feed != "f" {
				t.Fatalf("row at line %d after %d: %+v", row.Line, last, row)
			}
			last, seen[row.Line] = row.Line, true
			checkRow(t, row)
		}
		for i, line := range lines {
			if !strings.Contains(text, `"`) && !seen[int64(i+1+skip)] {
				t.Fatalf("line %d is no row: %s", i+1+skip, line)
			}
		}
	})
}

// checkRow holds what must be true of any row of any file.
func checkRow(t failer, r Row) {
	t.Helper()
	rec := r.Record
	switch {
	case r.Status == 0 && (rec.BNumber == "" || rec.Account == "" || r.Reason != "" || r.Want != ""),
		r.Status != 0 && r.Reason == "",
		r.Status == call.Rejected && r.Want == "",
		len(r.Value) > 80 || len(rec.BNumber) > call.MaxNumber || len(rec.ANumber) > call.MaxNumber,
		max(len(rec.CallID), len(rec.Leg), len(rec.Account), len(rec.ARaw), len(rec.BRaw)) > call.MaxField,
		rec.Duration.Nanos < 0 || rec.Duration.Nanos > call.MaxDuration*1e9:
		t.Fatal(fmt.Sprintf("%+v", r))
	}
}

func TestAllocatesOneStringPerRow(t *testing.T) {
	file := "id,account,a,b,start,answer,duration,billsec,disposition\n" +
		strings.Repeat("c1,acme,+44 207,0034688,2026-01-01 00:00:00,2026-01-01 00:00:05,66,61,ANSWERED\n", 2000)
	r, err := Open(strings.NewReader(file), generic)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if row, err := r.Next(); err != nil || row.Status != 0 {
			t.Fatal(row, err)
		}
	}); n > 1 {
		t.Errorf("%v allocations a row", n)
	}
}

func fuzzRows(f *testing.F, feed Feed, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := Open(strings.NewReader(string(file)), feed)
		if err != nil {
			return
		}
		for last := int64(0); ; {
			row, err := r.Next()
			if err == io.EOF {
				return
			}
			if err != nil || row.Line <= last {
				t.Fatal(row.Line, err)
			}
			last = row.Line
			checkRow(t, row)
		}
	})
}

func FuzzGeneric(f *testing.F) {
	fuzzRows(f, generic, "id;account;a;b;start;answer;billmsec;status;version;leg\n1;x;+44;0034;2026-10-25 01:30:00;;5;OK;7;l\n",
		"b,start,duration\n441,1136214245,5\n\"\n441,2026-01-01T00:00:00+01:00,5.50\n")
}

func FuzzAsterisk(f *testing.F) {
	fuzzRows(f, asterisk, `"acme","1","2","c","""A"" <1>","SIP/a","SIP/b","Dial","x","2026-07-01 12:00:00","2026-07-01 12:00:05","2026-07-01 12:01:06",66,61,"ANSWERED","D","1.2",""`+"\n")
}

func FuzzFreeSWITCH(f *testing.F) {
	fuzzRows(f, freeSWITCH, `"Ann","1","+34688","public","2026-07-01 12:00:00","2026-07-01 12:00:05","2026-07-01 12:01:06","66","61","NORMAL_CLEARING","u-1","","acme","",""`+"\n")
}

func BenchmarkGeneric(b *testing.B) {
	file := "id,account,a,b,start,answer,duration,billsec,disposition\n" +
		strings.Repeat("c1,acme,+44 207,0034688,2026-01-01 00:00:00,2026-01-01 00:00:05,66,61,ANSWERED\n", 10_000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(strings.NewReader(file), generic)
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Next(); err == io.EOF {
				break
			}
		}
	}
}
