package billing

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

func london(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestDetail(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixNano()
	}
	var out bytes.Buffer
	d := NewDetail(&out, london(t))
	for _, u := range []Usage{
		{
			CallID: "c-1", ANumber: "442071234567", BNumber: "33123456789", Instant: at("2026-06-10T12:00:00Z"),
			Duration: call.Duration{Nanos: 61e9}, Prefix: "33", Destination: "France, fixed", BilledSeconds: 120,
			Charge: money.MustParse("0.0400"), CoveredSeconds: 60, Due: money.MustParse("0.0200"), Flags: call.PartlyBundled | call.DefaultIncrement,
		},
		{ // the second 01:30 of the autumn night; fractions as read
			CallID: "=cmd|'/c calc'!A1", BNumber: "44", Instant: at("2026-10-25T01:30:00.25Z"),
			Duration: call.Duration{Nanos: 1_500_000_000, Decimals: 3}, Prefix: "44", Charge: money.MustParse("1"), Due: money.MustParse("1"),
		},
		{CallID: "@x", Destination: "\tTab", Duration: call.Duration{Nanos: 1}, Prefix: "+1"},
		{CallID: "a\"b\nc", Destination: "-1", Duration: call.Duration{Nanos: 2e9, Decimals: 1}},
		{
			CallID: "m-1", ANumber: "442071234567", BNumber: "33123456789", Kind: call.SMS, Units: 3, Prefix: "33", BilledSeconds: 3,
			Charge: money.MustParse("0.15"), Due: money.MustParse("0.15"),
		},
		{CallID: "d-1", Kind: call.Data, Role: call.Callee},
	} {
		if err := d.Write(u); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	want := `call_id,a_number,b_number,start,duration,prefix,destination,billed_seconds,charge,covered_seconds,due,flags,kind,units,role
c-1,442071234567,33123456789,2026-06-10T13:00:00+01:00,61,33,"France, fixed",120,0.0400,60,0.0200,default_increment|partly_bundled,voice,,payer
'=cmd|'/c calc'!A1,,44,2026-10-25T01:30:00.25Z,1.500,44,,0,1,0,1,,voice,,payer
'@x,,,1970-01-01T01:00:00+01:00,0.000000001,'+1,'	Tab,0,0,0,0,,voice,,payer
"a""b
c",,,1970-01-01T01:00:00+01:00,2.0,,'-1,0,0,0,0,,voice,,payer
m-1,442071234567,33123456789,1970-01-01T01:00:00+01:00,,33,,3,0.15,0,0.15,,sms,3,payer
d-1,,,1970-01-01T01:00:00+01:00,,,,0,0,0,0,,data,0,callee
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}
}

// A carriage return, which CSV readers do not give back as it was.
func TestDetailCellAfterCarriageReturn(t *testing.T) {
	var out bytes.Buffer
	d := NewDetail(&out, time.UTC)
	if err := errors.Join(d.Write(Usage{CallID: "\r=1+1"}), d.Flush()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\n\"'\r=1+1\",") {
		t.Errorf("got %q, want the cell with a leading apostrophe", out.String())
	}
}

func TestDetailWithoutRowsIsAHeader(t *testing.T) {
	var out bytes.Buffer
	if err := NewDetail(&out, time.UTC).Flush(); err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(DetailColumns[:], ",") + "\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// Whatever the texts are, the rows can be read back, and no cell is a formula.
func TestDetailCellsAreText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("=+-@\t\n,;\"' a1ü")))
		u := Usage{CallID: text.Draw(t, "id"), ANumber: text.Draw(t, "a"), BNumber: text.Draw(t, "b"), Prefix: text.Draw(t, "prefix"), Destination: text.Draw(t, "destination")}
		var out bytes.Buffer
		d := NewDetail(&out, time.UTC)
		if err := errors.Join(d.Write(u), d.Flush()); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, in := range map[int]string{0: u.CallID, 1: u.ANumber, 2: u.BNumber, 5: u.Prefix, 6: u.Destination} {
			cell := rows[1][i]
			if cell != in && cell != "'"+in {
				t.Fatalf("%q became %q", in, cell)
			}
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Fatalf("%q is a formula", cell)
			}
		}
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

func TestDetailReportsAFullDisk(t *testing.T) {
	d := NewDetail(fullDisk{}, time.UTC)
	if err := d.Flush(); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("got %v, want the writer's error", err)
	}
	if err := d.Write(Usage{}); err == nil {
		t.Error("a row was accepted after the disk was full")
	}
}
