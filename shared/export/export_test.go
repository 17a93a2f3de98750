package export_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/money"
)

// golden compares with a file of testdata; UPDATE=1 writes it instead.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", name, diff)
	}
}

func write(t testing.TB, f export.Format, decimals int, records ...*export.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := export.New(f, &out, decimals)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheColumnsAndTypesOfAFileDoNotChange(t *testing.T) {
	f, err := parquet.OpenFile(bytes.NewReader(write(t, export.Parquet, 4)), int64(len(write(t, export.Parquet, 4))))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.txt", f.Schema().String()+"\n")
	golden(t, "columns.csv", string(write(t, export.CSV, 4)))
}

func sample() []*export.Record {
	second := int64(time.Second)
	at := time.Date(2026, 11, 2, 10, 0, 0, 123_456_789, time.UTC).UnixNano()
	return []*export.Record{
		{
			Row: &call.Row{
				Record: call.Record{
					Feed: "switch", CallID: "=cmd|'/c calc'!A1", Leg: "+1", Instant: at, Duration: call.Duration{Nanos: 61*second + second/2, Decimals: 3},
					Account: "acme", ANumber: "442071234567", BNumber: "33123456789",
					Flags: call.PartlyBundled | call.DefaultIncrement,
				},
				Line: 2, Status: call.Rated, Prefix: 2, Billed: 62, Charge: money.MustParse("0.0413"), Covered: 31, Due: money.MustParse("0.0206"),
			},
			Batch: "b1", Period: "monthly:2026-11", Image: "images/00", Destination: "France, \"fixed\"", Currency: "GBP", Folded: true,
		},
		{
			Row: &call.Row{
				Record: call.Record{Feed: "switch", CallID: "2", Instant: at - at%second, Kind: call.Data, Units: 5 << 40, Account: "-acme"},
				Line:   3, Status: call.Rated, Billed: 5 << 40, Charge: money.MustParse("12"), Role: call.Reseller, Level: 2,
			},
			Batch: "b1", Period: "monthly:2026-11", Image: "images/00", Currency: "GBP",
		},
		{
			Row: &call.Row{
				Record: call.Record{Feed: "switch", Instant: at, Account: "@who", BNumber: "447000000000"},
				Line:   4, Status: call.Unrated, Reason: call.NoAccount,
			},
			Batch: "b1", Period: "monthly:2026-11",
		},
		{Row: &call.Row{Record: call.Record{Feed: "switch", CallID: "\t2", Instant: at, Account: "acme"}, Line: 5, Status: call.Superseded}, Batch: "b1", Folded: true},
	}
}

func TestCSVHoldsNoFormulaUnlessItIsRaw(t *testing.T) {
	golden(t, "records.csv", string(write(t, export.CSV, 4, sample()...)))
	golden(t, "records-raw.csv", string(write(t, export.RawCSV, 4, sample()...)))
}

// table reads a Parquet file back: the text of every cell, "-" for none.
func table(t testing.TB, data []byte) (rows [][]string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	columns := f.Schema().Columns()
	for _, group := range f.RowGroups() {
		in := group.Rows()
		buf := make([]parquet.Row, 100)
		for {
			n, err := in.ReadRows(buf)
			for _, row := range buf[:n] {
				cells := make([]string, len(columns))
				for _, v := range row {
					leaf, _ := f.Schema().Lookup(columns[v.Column()]...)
					cells[v.Column()] = shown(leaf.Node.Type(), v)
				}
				rows = append(rows, cells)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

func shown(typ parquet.Type, v parquet.Value) string {
	if v.IsNull() {
		return "-"
	}
	var n *big.Int
	switch v.Kind() {
	case parquet.ByteArray:
		return strconv.Quote(string(v.ByteArray()))
	case parquet.FixedLenByteArray:
		b := v.ByteArray()
		n = new(big.Int).SetBytes(b)
		if b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	default:
		n = big.NewInt(v.Int64())
		if v.Kind() == parquet.Int32 {
			n = big.NewInt(int64(v.Int32()))
		}
	}
	if logical := typ.LogicalType(); logical != nil && logical.Value != nil {
		if text := logical.String(); strings.HasPrefix(text, "DECIMAL(") {
			_, scale, _ := strings.Cut(strings.TrimSuffix(text, ")"), ",")
			return exact(n, scale)
		}
	}
	return n.String()
}

// exact returns n * 10^-scale as a fraction.
func exact(n *big.Int, scale string) string {
	s, err := strconv.Atoi(scale)
	if err != nil {
		return err.Error()
	}
	return new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s)), nil)).RatString()
}

// cells says what a file should hold of a record, worked out another way.
func cells(r *export.Record) []string {
	quoted := func(s string) string {
		if s == "" {
			return "-"
		}
		return strconv.Quote(s)
	}
	fraction := func(s string) string {
		x, ok := new(big.Rat).SetString(s)
		if !ok {
			return "not a number: " + s
		}
		return x.RatString()
	}
	row := r.Row
	second := new(big.Rat).SetFrac64(row.Duration.Nanos, int64(time.Second)).RatString()
	at := time.Unix(0, row.Instant)
	nanos := (row.Instant%1000 + 1000) % 1000
	units, charge, billed, currency, covered, due := "-", "-", "-", "-", "-", "-"
	if row.Kind != call.Voice {
		units = strconv.FormatUint(row.Units, 10)
	}
	if row.Status == call.Rated {
		charge, billed, currency = fraction(row.Charge.String()), strconv.FormatUint(row.Billed, 10), quoted(r.Currency)
		if r.Folded {
			covered, due = strconv.FormatUint(row.Covered, 10), fraction(row.Due.String())
		}
	}
	return []string{
		quoted(row.CallID), quoted(row.Feed), quoted(row.Leg), quoted(row.Account), quoted(row.Kind.String()), quoted(row.ANumber), quoted(row.BNumber),
		strconv.FormatInt(at.Add(-time.Duration(nanos)).UnixMicro(), 10), strconv.FormatInt(nanos, 10), second, units,
		quoted(row.Status.String()), quoted(string(row.Reason)), quoted(row.PrefixDigits()), quoted(r.Destination), billed, charge, currency, covered, due,
		quoted(row.Flags.String()), quoted(r.Period), quoted(r.Batch), strconv.FormatInt(row.Line, 10), quoted(r.Image),
		quoted(row.Role.Name(row.Level)),
	}
}

// amounts of at most 38 digits when they are counted in that many decimals.
func amounts(decimals int) *rapid.Generator[money.Amount] {
	return rapid.Custom(func(t *rapid.T) money.Amount {
		whole := rapid.OneOf(
			rapid.StringMatching(`[0-9]{1,9}`),
			rapid.StringMatching(`[0-9]{`+strconv.Itoa(38-decimals)+`}`),
			rapid.Just(strings.Repeat("9", 38-decimals)), rapid.Just("0"),
		).Draw(t, "whole")
		s := rapid.SampledFrom([]string{"", "-"}).Draw(t, "sign") + whole
		if n := rapid.IntRange(0, decimals).Draw(t, "decimals"); n > 0 {
			s += "." + rapid.StringMatching(`[0-9]{`+strconv.Itoa(n)+`}`).Draw(t, "fraction")
		}
		return money.MustParse(s)
	})
}

func records(decimals int) *rapid.Generator[*export.Record] {
	words := rapid.OneOf(
		rapid.SampledFrom([]string{"", "=1+1", "+44", "-", "@x", "\tx", "\rx", " x", "a,b", `a"b`, "a\nb", "acme", "é", "\x00"}),
		rapid.StringN(0, 8, 32).Filter(func(s string) bool { return !strings.Contains(s, "\r\n") }),
	)
	return rapid.Custom(func(t *rapid.T) *export.Record {
		text := func(label string) string { return words.Draw(t, label) }
		b := rapid.StringMatching(`[0-9]{0,15}`).Draw(t, "b number")
		charge := rapid.SampledFrom([]call.Row{{}, {Role: call.Callee}, {Role: call.Reseller, Level: 2}, {Role: call.Supplier}}).Draw(t, "role")
		return &export.Record{
			Row: &call.Row{
				Record: call.Record{
					Feed: text("feed"), CallID: text("call id"), Leg: text("leg"), Account: text("account"),
					Instant: rapid.Int64Range(-1e18, 7e18).Draw(t, "instant"),
					Duration: call.Duration{
						Nanos:    rapid.Int64Range(0, call.MaxDuration*int64(time.Second)).Draw(t, "duration"),
						Decimals: rapid.Uint8Range(0, 9).Draw(t, "decimals of the duration"),
					},
					Kind:    rapid.SampledFrom([]call.Kind{call.Voice, call.SMS, call.Data, call.Event}).Draw(t, "kind"),
					Units:   rapid.Uint64Range(0, call.MaxUnits).Draw(t, "units"),
					ANumber: text("a number"), BNumber: b, LRN: rapid.StringMatching(`[0-9]{0,15}`).Draw(t, "lrn"),
					Flags: call.Flags(rapid.Uint32Range(0, 1<<11-1).Draw(t, "flags")),
				},
				Line:   rapid.Int64Range(0, 1<<62).Draw(t, "line"),
				Status: rapid.SampledFrom([]call.Status{call.Rated, call.Unrated, call.Duplicate, call.Superseded}).Draw(t, "status"),
				Reason: call.Reason(text("reason")), Prefix: rapid.IntRange(0, 16).Draw(t, "prefix"),
				Billed: rapid.Uint64Range(0, 1<<63-1).Draw(t, "billed"), Covered: rapid.Uint64Range(0, 1<<63-1).Draw(t, "covered"),
				Charge: amounts(decimals).Draw(t, "charge"), Due: amounts(decimals).Draw(t, "due"),
				Role: charge.Role, Level: charge.Level,
			},
			Batch: text("batch"), Period: text("period"), Image: text("image"), Destination: text("destination"), Currency: text("currency"),
			Folded: rapid.Bool().Draw(t, "folded"),
		}
	})
}

func TestWhateverARecordHoldsComesBackExactly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		decimals := rapid.IntRange(0, money.MaxDecimals).Draw(rt, "decimals")
		in := rapid.SliceOfN(records(decimals), 0, 150).Draw(rt, "records")
		var want [][]string
		for _, r := range in {
			want = append(want, cells(r))
		}
		if diff := cmp.Diff(want, table(t, write(t, export.Parquet, decimals, in...))); diff != "" {
			rt.Fatalf("Parquet (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(want, csvTable(t, write(t, export.RawCSV, decimals, in...))); diff != "" {
			rt.Fatalf("CSV (-want +got)\n%s", diff)
		}
	})
}

// csvTable reads raw CSV back as table does. A reader of CSV gives \r\n in a
// cell as \n: none of the records has it.
func csvTable(t testing.TB, data []byte) (rows [][]string) {
	t.Helper()
	found, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(export.Columns(), found[0]); diff != "" {
		t.Fatalf("header (-want +got)\n%s", diff)
	}
	for _, row := range found[1:] {
		for i, name := range found[0] {
			switch s := row[i]; {
			case s == "":
				row[i] = "-"
			case name == "start":
				at, err := time.Parse(time.RFC3339Nano, s)
				if err != nil {
					t.Fatal(err)
				}
				row[i] = strconv.FormatInt(at.UnixMicro(), 10)
			case name == "duration" || name == "charge" || name == "due":
				x, ok := new(big.Rat).SetString(s)
				if !ok {
					t.Fatalf("%s is %q", name, s)
				}
				row[i] = x.RatString()
			case name != "start_nanos" && name != "units" && name != "billed" && name != "covered" && name != "line":
				row[i] = strconv.Quote(s)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestAnAmountThatDoesNotFitIsRefusedAndNothingIsRounded(t *testing.T) {
	for _, c := range []struct {
		amount   string
		decimals int
		want     error
	}{
		{"0.00001", 4, money.ErrInexact},
		{"0.00010", 4, nil},
		{strings.Repeat("9", 34), 4, nil},
		{"1" + strings.Repeat("0", 34), 4, money.ErrOverflow},
		{"-" + strings.Repeat("9", 18) + "." + strings.Repeat("9", 20), 20, nil},
		{"-1" + strings.Repeat("0", 18), 20, money.ErrOverflow},
		{"300000000000000000000", 20, money.ErrOverflow}, // over 127 bits
	} {
		w, err := export.New(export.Parquet, io.Discard, c.decimals)
		if err != nil {
			t.Fatal(err)
		}
		r := &export.Record{Row: &call.Row{Status: call.Rated, Line: 7, Charge: money.MustParse(c.amount)}}
		if err := w.Write(r); !errors.Is(err, c.want) || c.want != nil && !strings.Contains(err.Error(), "line 7") {
			t.Errorf("%s with %d decimals: error %v, want %v", c.amount, c.decimals, err, c.want)
		}
		if err := w.Close(); !errors.Is(err, c.want) {
			t.Errorf("%s with %d decimals: closed with %v, want %v", c.amount, c.decimals, err, c.want)
		}
	}
}

func TestNoReaderIsToldBoundsThatAnAmountIsOutside(t *testing.T) {
	var in []*export.Record
	for i := range 120_000 { // several pages: some of amounts above and below zero, then some without
		row := &call.Row{Status: call.Rated, Charge: money.New(int64(i%7-3), 2)}
		if i > 40_000 {
			row.Status = call.Unrated
		}
		in = append(in, &export.Record{Row: row})
	}
	data := write(t, export.Parquet, 2, in...)
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := f.Schema().Lookup("charge")
	if s := f.Metadata().RowGroups[0].Columns[leaf.ColumnIndex].MetaData.Statistics; s.MinValue != nil || s.MaxValue != nil {
		t.Errorf("the row group says %x to %x", s.MinValue, s.MaxValue)
	}
	index := f.ColumnIndexes()[leaf.ColumnIndex]
	pages := len(f.OffsetIndexes()[leaf.ColumnIndex].PageLocations)
	if pages < 3 || len(index.NullPages) != pages || len(index.MinValues) != pages || len(index.MaxValues) != pages || len(index.NullCounts) != pages {
		t.Fatalf("%d pages, an index of %d, %d, %d and %d", pages, len(index.NullPages), len(index.MinValues), len(index.MaxValues), len(index.NullCounts))
	}
	nulls := int64(0)
	for i, none := range index.NullPages {
		nulls += index.NullCounts[i]
		if none {
			continue
		}
		least, most := shown(leaf.Node.Type(), parquet.FixedLenByteArrayValue(index.MinValues[i])), shown(leaf.Node.Type(), parquet.FixedLenByteArrayValue(index.MaxValues[i]))
		limit := new(big.Int).Sub(new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil), big.NewInt(1))
		if most != exact(limit, "2") || least != exact(limit.Neg(limit), "2") {
			t.Errorf("page %d: %s to %s", i, least, most)
		}
	}
	if !index.NullPages[pages-1] || index.NullPages[0] || nulls != f.RowGroups()[0].NumRows()-40_001 {
		t.Errorf("pages without amounts %v, %d rows without", index.NullPages, nulls)
	}
}

func TestOnlyFormatsAndDecimalsThatThereAreAreTaken(t *testing.T) {
	if _, err := export.New("xml", io.Discard, 4); err == nil || export.Format("xml").Valid() {
		t.Error("xml is taken")
	}
	for _, f := range []export.Format{export.Parquet, export.CSV} {
		for _, decimals := range []int{-1, 21} {
			if _, err := export.New(f, io.Discard, decimals); err == nil {
				t.Errorf("%s with %d decimals is taken", f, decimals)
			}
		}
	}
}

// broken takes a number of bytes and then nothing.
type broken struct{ left int }

var errFull = errors.New("no room")

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAFileThatCannotBeWrittenWholeIsAnError(t *testing.T) {
	for _, f := range []export.Format{export.Parquet, export.CSV} {
		whole := write(t, f, 4, sample()...)
		for _, room := range []int{0, 4, len(whole) - 1} {
			w, err := export.New(f, &broken{room}, 4)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range sample() {
				if err := w.Write(r); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); !errors.Is(err, errFull) {
				t.Errorf("%s with room for %d of %d bytes: error %v", f, room, len(whole), err)
			}
		}
	}
}

func TestTheSameRecordsMakeTheSameBytes(t *testing.T) {
	for _, f := range []export.Format{export.Parquet, export.CSV} {
		if !bytes.Equal(write(t, f, 4, sample()...), write(t, f, 4, sample()...)) {
			t.Errorf("%s differs", f)
		}
	}
}
