package call

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/money"
)

// columnRows draws rows whose columns are empty, the same, a few values, or
// anything, each on its own.
func columnRows() *rapid.Generator[[]Row] {
	return rapid.Custom(func(t *rapid.T) []Row {
		n := rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(12, 300)).Draw(t, "n")
		out := make([]Row, n)
		if n == 0 {
			return out
		}
		texts := rapid.OneOf(rapid.StringMatching(`[0-9a-f]{0,20}`), rapid.StringMatching(`[0-9]{1,13}`), rapid.String(),
			rapid.SampledFrom([]string{"", "acme", "harbour dental", strings.Repeat("0f", MaxField/2), strings.Repeat("x", MaxField)}))
		numbers := rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 1000), rapid.SampledFrom([]int64{0, 1, math.MinInt64, math.MaxInt64, -1e9, 1e9, 5e15}))
		amounts := rapid.Custom(func(t *rapid.T) money.Amount { return amount(t, "amount") })
		setAll(t, out, "feed", texts, func(r *Row, s string) { r.Feed = s })
		setAll(t, out, "id", texts, func(r *Row, s string) { r.CallID = s })
		setAll(t, out, "leg", texts, func(r *Row, s string) { r.Leg = s })
		setAll(t, out, "account", texts, func(r *Row, s string) { r.Account = s })
		setAll(t, out, "a", texts, func(r *Row, s string) { r.ANumber = s })
		setAll(t, out, "b", texts, func(r *Row, s string) { r.BNumber = s })
		setAll(t, out, "a raw", texts, func(r *Row, s string) { r.ARaw = s })
		setAll(t, out, "b raw", texts, func(r *Row, s string) { r.BRaw = s })
		setAll(t, out, "lrn", texts, func(r *Row, s string) { r.LRN = s })
		setAll(t, out, "a lrn", texts, func(r *Row, s string) { r.ALRN = s })
		setAll(t, out, "service", texts, func(r *Row, s string) { r.Service = s })
		setAll(t, out, "tag", texts, func(r *Row, s string) { r.Tag = s })
		setAll(t, out, "trunk", texts, func(r *Row, s string) { r.Trunk = s })
		setAll(t, out, "account raw", texts, func(r *Row, s string) { r.AccountRaw = s })
		setAll(t, out, "column", texts, func(r *Row, s string) { r.Column = s })
		setAll(t, out, "value", texts, func(r *Row, s string) { r.Value = s })
		setAll(t, out, "want", texts, func(r *Row, s string) { r.Want = s })
		setAll(t, out, "reason", rapid.OneOf(texts, rapid.SampledFrom([]string{"no_rate", "other_month:2026-10"})), func(r *Row, s string) { r.Reason = Reason(s) })
		unit := rapid.SampledFrom([]int64{1, 1e3, 1e6, 1e9}).Draw(t, "unit")
		sorted := rapid.Bool().Draw(t, "sorted")
		last := int64(0)
		setAll(t, out, "instant", numbers, func(r *Row, n int64) {
			if n *= unit; sorted {
				last += n & 0xFFFF
				n = last
			}
			r.Instant = n
		})
		setAll(t, out, "nanos", numbers, func(r *Row, n int64) { r.Duration.Nanos = n * unit })
		setAll(t, out, "decimals", numbers, func(r *Row, n int64) { r.Duration.Decimals = uint8(n) })
		setAll(t, out, "kind", numbers, func(r *Row, n int64) { r.Kind = Kind(n) })
		setAll(t, out, "units", numbers, func(r *Row, n int64) { r.Units = uint64(n) })
		setAll(t, out, "version", numbers, func(r *Row, n int64) { r.Version = uint64(n) })
		setAll(t, out, "flags", numbers, func(r *Row, n int64) { r.Flags = Flags(n) })
		setAll(t, out, "line", numbers, func(r *Row, n int64) { r.Line = n })
		setAll(t, out, "kind", numbers, func(r *Row, n int64) { r.Kind = Kind(n) })
		setAll(t, out, "units", numbers, func(r *Row, n int64) { r.Units = uint64(n) })
		setAll(t, out, "direction", numbers, func(r *Row, n int64) { r.Direction = Direction(n) })
		setAll(t, out, "status", numbers, func(r *Row, n int64) { r.Status = Status(n) })
		setAll(t, out, "image", numbers, func(r *Row, n int64) { r.Image = uint32(n) })
		setAll(t, out, "prefix", numbers, func(r *Row, n int64) { r.Prefix = int(uint64(n) % (MaxNumber + 1)) })
		setAll(t, out, "billed", numbers, func(r *Row, n int64) { r.Billed = uint64(n) })
		setAll(t, out, "batch", numbers, func(r *Row, n int64) { r.Batch = uint32(n) })
		setAll(t, out, "covered", numbers, func(r *Row, n int64) { r.Covered = uint64(n) })
		setAll(t, out, "charge", amounts, func(r *Row, a money.Amount) { r.Charge = a })
		setAll(t, out, "due", amounts, func(r *Row, a money.Amount) { r.Due = a })
		return out
	})
}

func setAll[T any](t *rapid.T, rows []Row, label string, of *rapid.Generator[T], set func(*Row, T)) {
	few := rapid.SliceOfN(of, 1, 4).Draw(t, label)
	kind := rapid.IntRange(0, 4).Draw(t, label+" kind")
	for i := range rows {
		switch kind {
		case 0: // left out
		case 1:
			set(&rows[i], few[0])
		case 2:
			set(&rows[i], few[(i*i+i/3)%len(few)])
		default:
			set(&rows[i], of.Draw(t, label))
		}
	}
}

func rowsOf(t interface{ Fatal(...any) }, list []Row) *Rows {
	var r Rows
	for i := range list {
		if err := r.AppendRow(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	return &r
}

func listOf(r *Rows) []Row {
	list := make([]Row, r.Len())
	for i := range list {
		list[i] = r.Row(i)
	}
	return list
}

func TestAColumnBlockIsReadBackAsItWasWritten(t *testing.T) {
	var e ColumnEncoder // reused by every check, as the decoder and its rows
	var d ColumnDecoder
	var got, gathered Rows
	rapid.Check(t, func(t *rapid.T) {
		want := columnRows().Draw(t, "rows")
		rows := rowsOf(t, want)
		if diff := cmp.Diff(want, listOf(rows), exact); diff != "" {
			t.Fatalf("columns: -appended +read\n%.3000s", diff)
		}
		block, err := e.Append([]byte("before"), OutcomeBlock, 42, rows)
		if err != nil {
			t.Fatal(err)
		}
		if string(block[:6]) != "before" {
			t.Fatal("what was there before is lost")
		}
		block = block[6:]
		head, err := d.Read(append(bytes.Clone(block), "what follows"...), &got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(BlockHeader{OutcomeBlock, 42, uint32(len(want)), uint32(len(block) - BlockHeaderSize)}, head); diff != "" {
			t.Fatalf("head: -want +got\n%s", diff)
		}
		if diff := cmp.Diff(want, listOf(&got), exact); diff != "" {
			t.Fatalf("block: -written +read\n%.3000s", diff)
		}
		// The bytes depend on the rows alone, not on where their texts lie.
		gathered.Reset()
		cut := rapid.IntRange(0, got.Len()).Draw(t, "cut")
		for _, rows := range [][]int32{places[:cut], places[cut:got.Len()]} {
			if err := gathered.Gather(&got, rows); err != nil {
				t.Fatal(err)
			}
		}
		for _, same := range []*Rows{&got, &gathered} {
			if again, err := e.Append(nil, OutcomeBlock, 42, same); err != nil || !bytes.Equal(again, block) {
				t.Fatalf("the same rows gave other bytes: %v", err)
			}
		}
	})
}

// places are 0, 1, 2 …
var places = func() (list [MaxRows]int32) {
	for i := range list {
		list[i] = int32(i)
	}
	return list
}()

func TestRowsAreGatheredInTheOrderAsked(t *testing.T) {
	from := rowsOf(t, []Row{*sampleRow(0), *sampleRow(1), *sampleRow(2)})
	to := rowsOf(t, []Row{*sampleRow(9)})
	if err := to.Gather(from, []int32{2, 0, 2}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Row{*sampleRow(9), *sampleRow(2), *sampleRow(0), *sampleRow(2)}, listOf(to), exact); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	to.Grow(MaxRows - to.Len() - 1)
	if err := to.Gather(from, []int32{0, 1}); !errors.Is(err, ErrFull) || to.Len() != MaxRows-1 {
		t.Errorf("a row too many: %v, %d rows", err, to.Len())
	}
}

func TestColumnsOfPricingGrowWithTheRecords(t *testing.T) {
	rows := rowsOf(t, []Row{*sampleRow(0), *sampleRow(1)})
	if err := rows.Columns.AppendRecord(&sampleRow(2).Record, 7); err != nil {
		t.Fatal(err)
	}
	rows.Match()
	want := Row{Record: sampleRow(2).Record, Line: 7}
	if diff := cmp.Diff([]Row{*sampleRow(0), *sampleRow(1), want}, listOf(rows), exact); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	rows.Truncate(1)
	rows.Grow(1)
	if diff := cmp.Diff([]Row{*sampleRow(0), {}}, listOf(rows), exact); diff != "" {
		t.Errorf("a row that was removed is seen again: -want +got\n%s", diff)
	}
}

func TestAColumnThatIsEmptyCostsAByte(t *testing.T) {
	var rows Rows
	rows.Grow(MaxRows)
	var e ColumnEncoder
	block, err := e.Append(nil, UsageBlock, 1, &rows)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(block), BlockHeaderSize+35+slack; got != want {
		t.Errorf("%d empty rows take %d bytes, want %d: the head, a byte for each column, and what is behind", MaxRows, got, want)
	}
}

func TestRowsOfTheLongestKindFitABlock(t *testing.T) {
	long := strings.Repeat("x", MaxField)
	row := Row{Record: Record{
		Feed: long, CallID: long, Leg: long, Account: long, ANumber: long[:MaxNumber], BNumber: long[:MaxNumber], ARaw: long, BRaw: long,
		LRN: long[:MaxNumber], ALRN: long[:MaxNumber], Service: long, Tag: long, Trunk: long, AccountRaw: long, Kind: Event, Units: MaxUnits,
		Instant: math.MinInt64, Version: math.MaxUint64, Flags: math.MaxUint32, Duration: Duration{MaxDuration * 1e9, 9},
	}, Line: math.MaxInt64, Image: math.MaxUint32, Prefix: MaxNumber, Billed: math.MaxUint64, Batch: math.MaxUint32, Covered: math.MaxUint64,
		Column: long[:80], Value: long[:80], Want: long, Reason: OtherMonth + ":2026-10"}
	row.Charge, _ = money.FromBits(true, math.MaxUint64, math.MaxUint64, money.MaxDecimals)
	row.Due = row.Charge
	var rows, got Rows
	other := row
	other.Instant, other.CallID, other.Value, other.Charge, other.Line = 0, long[1:], "", money.Amount{}, 1
	for i := range MaxRows {
		if err := rows.AppendRow([]*Row{&row, &other}[i%2]); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := rows.AppendRow(&row); !errors.Is(err, ErrFull) {
		t.Errorf("a row too many: %v", err)
	}
	if err := got.AppendRow(&Row{Prefix: MaxNumber + 1}); err == nil {
		t.Error("a prefix longer than a number: no error")
	}
	var e ColumnEncoder
	block, err := e.Append(nil, ReportBlock, 0, &rows)
	if err != nil {
		t.Fatal(err)
	}
	var d ColumnDecoder
	if _, err := d.Read(block, &got); err != nil {
		t.Fatal(err)
	}
	for i := range MaxRows {
		if a, b := rows.Row(i), got.Row(i); a != b {
			t.Fatalf("row %d: -written +read\n%s", i, cmp.Diff(a, b, exact))
		}
	}
	rows.Grow(1)
	if _, err := e.Append(nil, ReportBlock, 0, &rows); err == nil {
		t.Error("a block of more than MaxRows rows: no error")
	}
}

func TestEveryChangeOfAColumnBlockIsSeen(t *testing.T) {
	block := sampleBlock(t, 9)
	var d ColumnDecoder
	var rows Rows
	for i := range block {
		for bit := range 8 {
			bad := bytes.Clone(block)
			bad[i] ^= 1 << bit
			if _, err := d.Read(bad, &rows); !errors.Is(err, ErrBlock) {
				t.Fatalf("bit %d of byte %d was changed: %v", bit, i, err)
			}
			// Someone may write a right checksum over wrong bytes.
			if _, err := d.Read(resealed(bad), &rows); err != nil && !errors.Is(err, ErrBlock) {
				t.Fatalf("bit %d of byte %d was changed under a new checksum: %v", bit, i, err)
			}
		}
		if _, err := d.Read(block[:i], &rows); !errors.Is(err, ErrBlock) {
			t.Fatalf("a block cut to %d bytes: %v", i, err)
		}
	}
	if _, _, err := ParseBlock(block); !errors.Is(err, ErrBlock) {
		t.Errorf("a column block as a block of rows: %v", err)
	}
}

func TestBlocksWhoseColumnsDoNotFitAreDamaged(t *testing.T) {
	var d ColumnDecoder
	var rows Rows
	block := sampleBlock(t, 3)
	for name, bad := range map[string][]byte{
		"a byte behind the columns": slices.Insert(bytes.Clone(block), len(block)-slack, 0),
		"too many rows":             binary.LittleEndian.AppendUint32(bytes.Clone(block[:8]), MaxRows+1),
	} {
		if name == "too many rows" {
			bad = append(bad, block[12:]...)
		}
		if _, err := d.Read(resealed(bad), &rows); !errors.Is(err, ErrBlock) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The sum of these lengths is below zero.
	lengths := append(appendNumbers(nil, []int64{5, math.MaxInt64}, 0), make([]byte, 32)...)
	in := columnReader{ColumnDecoder: &ColumnDecoder{n: make([]int64, 2)}, decoder: decoder{b: lengths}}
	if in.lengths(&Columns{}, make([]Span, 2), func(n int64) int64 { return n }); in.err == nil {
		t.Errorf("lengths beyond all bounds: %v", in.err)
	}
}

func sampleBlock(t testing.TB, n int) []byte {
	t.Helper()
	var rows Rows
	for i := range n {
		if err := rows.AppendRow(sampleRow(i)); err != nil {
			t.Fatal(err)
		}
	}
	var e ColumnEncoder
	block, err := e.Append(nil, UsageBlock, 7, &rows)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// sampleRow is a priced row of a shard.
func sampleRow(i int) *Row {
	h := uint64(i+1) * 0x9E3779B97F4A7C15
	seconds := int64(h>>20) % 600
	return &Row{
		Record: Record{
			Feed: "switch", CallID: fmt.Sprintf("%016x", h), Account: fmt.Sprint(1 + h>>7%8*250), Instant: (1_793_000_000 + int64(h>>5%2_592_000)) * 1e9,
			Duration: Duration{Nanos: seconds * 1e9}, ANumber: fmt.Sprint(4_400_000_000 + h>>9%1e9), BNumber: fmt.Sprint(1_000_000_000 + h>>3%98_000_000_000),
		},
		Line: int64(i*256 + 2 + i%7*31), Status: Rated, Image: 1, Prefix: 3 + int(h>>11%6), Billed: uint64(seconds+59) / 60 * 60, Charge: money.New(seconds*37+i64(h)%97, 4),
	}
}

func i64(h uint64) int64 { return int64(h >> 40) }

// resealed returns a block with a head and a checksum that fit its bytes.
func resealed(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) < BlockHeaderSize {
		return b
	}
	binary.LittleEndian.PutUint32(b[0:], columnMagic)
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)-BlockHeaderSize))
	sum := crc32.Update(crc32.Checksum(b[:16], castagnoli), castagnoli, b[BlockHeaderSize:])
	binary.LittleEndian.PutUint32(b[16:], sum)
	return b
}

// FuzzColumnBlock reads any bytes behind a right checksum.
func FuzzColumnBlock(f *testing.F) {
	f.Add(sampleBlock(f, 1))
	f.Add(sampleBlock(f, 40))
	f.Add([]byte("TBB2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d ColumnDecoder
		var e ColumnEncoder
		var rows, again Rows
		head, err := d.Read(resealed(b), &rows)
		if cap(rows.Text) > 8*len(b)+4096 {
			t.Fatalf("%d bytes of text from a block of %d", cap(rows.Text), len(b))
		}
		if err != nil {
			if !errors.Is(err, ErrBlock) {
				t.Fatal(err)
			}
			return
		}
		block, err := e.Append(nil, head.Kind, head.Shard, &rows)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Read(block, &again); err != nil {
			t.Fatal(err)
		}
		for i := range rows.Len() {
			if a, b := rows.Row(i), again.Row(i); a != b {
				t.Fatalf("-read +read again\n%s", cmp.Diff(a, b, exact))
			}
		}
	})
}

func TestColumnBlocksDoNotAllocate(t *testing.T) {
	var e ColumnEncoder
	var d ColumnDecoder
	var rows, got, shard Rows
	for i := range 1000 {
		if err := rows.AppendRow(sampleRow(i)); err != nil {
			t.Fatal(err)
		}
	}
	var block []byte
	work := func() {
		var err error
		if block, err = e.Append(block[:0], UsageBlock, 1, &rows); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Read(block, &got); err != nil {
			t.Fatal(err)
		}
		shard.Reset()
		if err := shard.Gather(&got, places[:got.Len()]); err != nil {
			t.Fatal(err)
		}
	}
	work()
	if n := testing.AllocsPerRun(10, work); n > 0 {
		t.Errorf("%v allocations to write, read and gather 1000 rows", n)
	}
}
