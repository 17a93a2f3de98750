package cdr

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
)

// set returns a feed whose every setting differs from the default: a British
// switch with tech prefixes.
func set(f Feed) Feed {
	f.Numbers = numbering.Rules{
		CountryCode: "44", NationalPrefix: "0", MinNational: 9, MaxNational: 10, BareNational: true, International: []string{"00", "011"},
		TechPrefixes: []string{"9#"}, StripCodes: []string{"*67"}, KeepCodes: true, URIs: true,
	}
	f.Direction, f.Identify = InboundOnly, []Means{Trunk, Called}
	f.Charges = []Further{Callee, Resellers}
	if f.Format == Generic {
		f.Direction, f.Charges = BothWays, []Further{Supplier, Callee, Resellers}
	}
	return f
}

// trunks returns a feed that tells by trunk who pays, and takes numbers as they
// are.
func trunks(f Feed) Feed {
	f.Identify = []Means{Trunk, AccountField}
	return f
}

func TestAFeedsNumbersAreReadByItsRules(t *testing.T) {
	file := "id,a,b,start,duration,direction,peer,carrier\n" +
		"1,020 7946 0000,07700 900123,2026-11-03T10:00:00Z,5,outbound,p,c-1\n" +
		"2,anonymous,sip:+442079460000@host,2026-11-03T10:00:00Z,5,in,p,c-1\n" +
		"3,204,*100,2026-11-03T10:00:00Z,5,OUT,p,c-1\n" +
		"4,442079460000,9#33142685300,2026-11-03T10:00:00Z,5,o,p,c-1\n"
	type numbers struct {
		A, ARaw, B, BRaw string
		Direction        call.Direction
		Flags            string
		Out              string
	}
	var got []numbers
	for _, row := range readAll(t, set(generic), file) {
		if row.Status != 0 {
			t.Errorf("line %d is %s: %s %q", row.Line, row.Status, row.Reason, row.Value)
		}
		r := row.Record
		got = append(got, numbers{r.ANumber, r.ARaw, r.BNumber, r.BRaw, r.Direction, r.Flags.String(), r.OutTrunk})
	}
	want := []numbers{
		{"442079460000", "020 7946 0000", "447700900123", "07700 900123", call.Outbound, "", "c-1"},
		{"", "anonymous", "442079460000", "sip:+442079460000@host", call.Inbound, "caller_withheld", "c-1"},
		{"204", "", "100", "*100", call.Outbound, "short_code", "c-1"},
		{"442079460000", "", "33142685300", "9#33142685300", call.Outbound, "", "c-1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyAFeedThatTellsByItsTrunkReadsIt(t *testing.T) {
	const channel = `"acme","1","2","ctx","x","PJSIP/to-carrier-0000001f","SIP/b","Dial","x","2026-07-01 12:00:00","2026-07-01 12:00:05","2026-07-01 12:01:06",66,61,"ANSWERED","D","1.2",""` + "\n"
	const template = "Ann,1,34688,public,2026-07-01 12:00:00,2026-07-01 12:00:05,2026-07-01 12:01:06,66,61,NORMAL_CLEARING,u-1,,acme,,\n"
	const header = "id,account,a,b,start,duration,gateway,peer\n1,acme,1,2,2026-11-03T10:00:00Z,5,g,p\n"
	for _, c := range []struct {
		name, file     string
		feed           Feed
		trunk, account string
	}{
		{"generic", header, generic, "", "acme"},
		{"generic by trunk", strings.Replace(header, "gateway", "note", 1), trunks(generic), "p", "acme"},
		{"generic without the account field", strings.Replace(header, "gateway", "note", 1), Feed{ID: "f", Format: Generic, Zone: "UTC", Identify: []Means{Trunk}}, "p", Unassigned},
		{"asterisk", channel, asterisk, "", "acme"},
		{"asterisk by trunk", channel, trunks(asterisk), "PJSIP/to-carrier", "acme"},
		{"freeswitch by trunk", template, trunks(freeSWITCH), "public", "acme"},
	} {
		rows := readAll(t, c.feed, c.file)
		if len(rows) != 1 || rows[0].Status != 0 || rows[0].Record.Trunk != c.trunk || rows[0].Record.Account != c.account {
			t.Errorf("%s: %+v, want trunk %q, account %q", c.name, rows, c.trunk, c.account)
		}
	}
}

func TestOnlyAFeedThatChargesSuppliersReadsTheOutgoingTrunk(t *testing.T) {
	const file = "id,b,start,duration,carrier\n1,2,2026-11-03T10:00:00Z,5,north\n"
	bought, shared := generic, generic
	bought.Charges, shared.Charges = []Further{Supplier}, []Further{Callee, Resellers}
	for _, c := range []struct {
		feed Feed
		want string
	}{{generic, ""}, {shared, ""}, {bought, "north"}} {
		rows := readAll(t, c.feed, file)
		if len(rows) != 1 || rows[0].Status != 0 || rows[0].Record.OutTrunk != c.want {
			t.Errorf("charges %q: %+v, want the outgoing trunk %q", c.feed.Charges, rows, c.want)
		}
	}
	long := readAll(t, bought, strings.Replace(file, "north", strings.Repeat("n", call.MaxField+1), 1))
	if len(long) != 1 || long[0].Reason != call.TooLong || long[0].Column != "carrier" {
		t.Errorf("%+v, want it rejected for the length of its outgoing trunk", long)
	}
}

func TestAFileWithoutTheColumnThatAFeedAsksForIsRefused(t *testing.T) {
	const file = "id,account,a,b,start,duration\n1,acme,1,2,2026-11-03T10:00:00Z,5\n"
	both := generic
	both.Direction = BothWays
	bought := generic
	bought.Charges = []Further{Supplier}
	for want, feed := range map[string]Feed{"column for the direction": both, "column for the trunk": trunks(generic), "column for the outgoing trunk": bought} {
		var bad *FileError
		if _, err := Open(strings.NewReader(file), feed); !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a refusal that says %s", err, want)
		}
	}
	rows := readAll(t, both, "b,start,duration,direction\n442079460000,2026-11-03T10:00:00Z,5,sideways\n")
	if len(rows) != 1 || rows[0].Reason != call.BadDirection || rows[0].Value != "sideways" {
		t.Errorf("%+v, want it rejected for its direction", rows)
	}
}

func TestAFeedThatContradictsItselfIsRefused(t *testing.T) {
	with := func(change func(*Feed)) Feed {
		f := generic
		change(&f)
		return f
	}
	for want, feed := range map[string]Feed{
		`direction "up"`:                   with(func(f *Feed) { f.Direction = "up" }),
		"no column for it":                 with(func(f *Feed) { f.Format, f.Direction = Asterisk, BothWays }),
		`identify "cli"`:                   with(func(f *Feed) { f.Identify = []Means{"cli"} }),
		`identify "fixed:"`:                with(func(f *Feed) { f.Identify = []Means{Fixed} }),
		`"caller" is there twice`:          with(func(f *Feed) { f.Identify = []Means{Caller, Called, Caller} }),
		"nothing after it would be asked":  with(func(f *Feed) { f.Identify = []Means{Fixed + "acme", Caller} }),
		"9 entries":                        with(func(f *Feed) { f.Identify = make([]Means, 9) }),
		`charges "nobody"`:                 with(func(f *Feed) { f.Charges = []Further{"nobody"} }),
		`charges "callee" is there twice`:  with(func(f *Feed) { f.Charges = []Further{Callee, Callee} }),
		"no column for the outgoing trunk": with(func(f *Feed) { f.Format, f.Charges = Asterisk, []Further{Supplier} }),
		`numbers: country code "x"`:        with(func(f *Feed) { f.Numbers.CountryCode = "x" }),
	} {
		if err := feed.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error that says %s", err, want)
		}
	}
	for _, feed := range []Feed{set(generic), set(asterisk), set(freeSWITCH), with(func(f *Feed) { f.Identify = []Means{Caller, Fixed + "acme"} })} {
		if err := feed.Validate(); err != nil {
			t.Error(err)
		}
	}
}
