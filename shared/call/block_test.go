package call

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/money"
)

func rows() *rapid.Generator[Row] {
	return rapid.Custom(func(t *rapid.T) Row {
		text := rapid.StringN(0, 20, 40)
		charge := rapid.SampledFrom([]Priced{{}, {}, {Role: Callee}, {Role: Reseller, Level: 1}, {Role: Reseller, Level: MaxLevels}, {Role: Supplier}}).Draw(t, "role")
		return Row{
			Record: Record{
				Feed: text.Draw(t, "feed"), CallID: text.Draw(t, "id"), Leg: text.Draw(t, "leg"),
				Version: rapid.Uint64().Draw(t, "version"), Instant: rapid.Int64().Draw(t, "instant"),
				Duration: Duration{rapid.Int64Range(0, MaxDuration*1e9).Draw(t, "nanos"), rapid.Uint8Range(0, 9).Draw(t, "decimals")},
				Account:  text.Draw(t, "account"), ANumber: text.Draw(t, "a"), BNumber: text.Draw(t, "b"), ARaw: text.Draw(t, "araw"),
				BRaw: text.Draw(t, "braw"), LRN: text.Draw(t, "lrn"), ALRN: text.Draw(t, "alrn"), Service: text.Draw(t, "service"), Tag: text.Draw(t, "tag"),
				Trunk: text.Draw(t, "trunk"), AccountRaw: text.Draw(t, "account raw"), Direction: Direction(rapid.IntRange(0, 1).Draw(t, "direction")),
				Kind: Kind(rapid.IntRange(0, Kinds-1).Draw(t, "kind")), Units: rapid.Uint64().Draw(t, "units"), Flags: Flags(rapid.Uint32().Draw(t, "flags")),
				OutTrunk: text.Draw(t, "out trunk"),
			},
			Line: rapid.Int64Range(1, 1<<40).Draw(t, "line"), Status: Status(rapid.IntRange(0, 6).Draw(t, "status")),
			Reason: Reason(text.Draw(t, "reason")), Image: rapid.Uint32().Draw(t, "image"), Prefix: rapid.IntRange(0, 16).Draw(t, "prefix"),
			Billed: rapid.Uint64().Draw(t, "billed"), Charge: amount(t, "charge"), Batch: rapid.Uint32().Draw(t, "batch"),
			Covered: rapid.Uint64().Draw(t, "covered"), Due: amount(t, "due"), Role: charge.Role, Level: charge.Level,
			Column: text.Draw(t, "column"), Value: text.Draw(t, "value"), Want: text.Draw(t, "want"),
		}
	})
}

func amount(t *rapid.T, label string) money.Amount {
	hi, lo := rapid.Uint64().Draw(t, label+" hi"), rapid.Uint64().Draw(t, label+" lo")
	a, err := money.FromBits((hi|lo) != 0 && rapid.Bool().Draw(t, label+" neg"), hi, lo, rapid.Uint8Range(0, money.MaxDecimals).Draw(t, label+" decimals"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// exact compares amounts bit by bit, where cmp would use Equal.
var exact = cmp.Transformer("bits", func(a money.Amount) [4]uint64 {
	neg, hi, lo, decimals := a.Bits()
	sign := uint64(0)
	if neg {
		sign = 1
	}
	return [4]uint64{sign, hi, lo, uint64(decimals)}
})

func TestARowIsReadBackAsItWasStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rows().Draw(t, "row")
		stored := AppendRow(nil, &want)
		got := Row{Record: Record{CallID: "left over"}, Value: "left over", Billed: 7}
		if err := ParseRow(string(stored), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, exact); diff != "" {
			t.Fatalf("-stored +read\n%s", diff)
		}
		for _, bad := range [][]byte{stored[:len(stored)-1], append(bytes.Clone(stored), 0)} {
			if ParseRow(string(bad), &got) == nil {
				t.Fatal("a row with a byte too few or too many was read")
			}
		}
	})
}

// TestTheStoredFormStaysWhatItIs: rows that are stored are read for years.
func TestTheStoredFormStaysWhatItIs(t *testing.T) {
	r := Row{
		Record: Record{
			Feed: "f", CallID: "c", Leg: "l", Version: 3, Instant: 1_762_300_800_123_456_789, Duration: Duration{61_500_000_000, 1}, Account: "a",
			ANumber: "441", BNumber: "442", LRN: "443", Tag: "t", Direction: Inbound, Trunk: "peer", AccountRaw: "b", Flags: PayerByNumber,
		},
		Line: 7, Status: Rated, Image: 1, Prefix: 2, Billed: 62, Charge: money.New(125, 4), Batch: 2, Covered: 1, Due: money.New(5, 4),
	}
	const want = "dc96c08a4408102a9a7d357be6e9300087af510e07013e7d8002030101020108050161033434320334343101630166016c033434330000017404706565720162"
	if got := fmt.Sprintf("%x", AppendRow(nil, &r)); got != want {
		t.Errorf("stored as %s, want %s", got, want)
	}
	const hash = "95a9bf77dca30527f54d4fbae4f85f3a004f5fb5792d7eb1a82cce297f18ddae"
	if got := fmt.Sprintf("%x", r.ContentHash()); got != hash {
		t.Errorf("its content has the hash %s, want %s", got, hash)
	}
}

func TestOnlyRolesThatThereAreAreRead(t *testing.T) {
	for _, bad := range []Row{{Role: roles}, {Role: Reseller}, {Role: Reseller, Level: MaxLevels + 1}, {Role: Supplier, Level: 1}} {
		var r Row
		if ParseRow(string(AppendRow(nil, &bad)), &r) == nil {
			t.Errorf("role %s was read", bad.Role.Name(bad.Level))
		}
	}
	for want, r := range map[string]Row{"payer": {}, "callee": {Role: Callee}, "reseller:2": {Role: Reseller, Level: 2}, "supplier": {Role: Supplier}} {
		if got := r.Role.Name(r.Level); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestARowOfColumnsIsStoredAsTheRow(t *testing.T) {
	var c Columns
	rapid.Check(t, func(t *rapid.T) {
		c.Reset()
		all := rapid.SliceOfN(rows(), 1, 5).Draw(t, "rows")
		allBare := rapid.Bool().Draw(t, "all bare")
		var priced []Priced
		for i, r := range all {
			if allBare || rapid.Bool().Draw(t, "bare") {
				r.Record = Record{Feed: r.Feed, Account: r.Account, BNumber: r.BNumber, CallID: r.CallID, Instant: r.Instant / 1e9 * 1e9}
			}
			r.Batch, r.Covered, r.Due, r.Column, r.Value, r.Want = 0, 0, money.Amount{}, "", "", ""
			p := Priced{r.Status, r.Role, r.Level, r.Reason, r.Flags, r.Image, r.Prefix, r.Billed, r.Charge}
			all[i] = r
			r.Flags = 0
			if err := c.AppendRecord(&r.Record, r.Line); err != nil {
				t.Fatal(err)
			}
			priced = append(priced, p)
		}
		w, hashes := c.RowWriter(), make([]uint64, len(all))
		c.IdentityHashes(hashes)
		for i, r := range all {
			record := r.Record
			record.Flags = 0 // those of its charge are no flags of the record
			if hash := record.IdentityHash(); c.IdentityHash(i) != hash || hashes[i] != hash {
				t.Fatal("a row of columns has another identity than its record")
			}
			r.Feed = ""
			want := AppendFramed([]byte("before"), AppendRow(nil, &r))
			if got := w.AppendFramed([]byte("before"), i, &priced[i]); !bytes.Equal(got, want) {
				t.Fatalf("stored as %x, want %x", got, want)
			}
		}
	})
}

func TestAnIdentityIsReadBackAsItWasStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Identity{rapid.Uint64().Draw(t, "hash"), rapid.Int64Range(1, 1<<52).Draw(t, "line"), rapid.Uint8().Draw(t, "shard")}
		stored := AppendIdentity(nil, want)
		got, rest, err := NextIdentity(append(stored, 7))
		if err != nil || got != want || !bytes.Equal(rest, []byte{7}) {
			t.Fatalf("%+v was read as %+v, %x, %v", want, got, rest, err)
		}
		for n := range stored {
			if _, _, err := NextIdentity(stored[:n]); err == nil {
				t.Fatalf("an identity cut to %d bytes was read", n)
			}
		}
	})
}

// Identities lie by their hash: it must never change.
func TestIdentityHashesStayWhatTheyAre(t *testing.T) {
	for want, r := range map[uint64]Record{
		0x3e02b966ae24abdf: {Feed: "gateway", CallID: "a1", Instant: 1_790_000_000e9},
		0xa9dffc2cc81d7cae: {Feed: "gateway", CallID: "a1", Leg: "b", Instant: 1_790_000_000e9},
		0x6c444e144951b6cb: {Feed: "gateway", Account: "acme", BNumber: "442079460000", Instant: 1_790_000_000e9, Duration: Duration{Nanos: 60e9}},
	} {
		if got := r.IdentityHash(); got != want {
			t.Errorf("%+v has hash %#x, want %#x", r, got, want)
		}
	}
}

func TestIdentitiesAreSpreadOverTheShards(t *testing.T) {
	var rows [Shards]int
	r := Record{Feed: "gateway", CallID: "x"}
	for i := range 100_000 {
		r.Instant = int64(i) * 1e9
		rows[IdentityShard(r.IdentityHash())]++
	}
	for shard, n := range rows {
		if n < 290 || n > 510 { // 390 on average, 6 standard deviations either way
			t.Errorf("shard %d has %d of 100,000 identities", shard, n)
		}
	}
}

func TestEveryChangeOfABlockIsSeen(t *testing.T) {
	payload := AppendFramed(AppendFramed(nil, []byte("one row")), []byte("another"))
	block := append(BeginBlock(nil), payload...)
	sum := EndBlock(block, UsageBlock, 42, 2)
	head, got, err := ParseBlock(append(bytes.Clone(block), "what follows"...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(BlockHeader{UsageBlock, 42, 2, uint32(len(payload)), sum}, head); diff != "" || !bytes.Equal(got, payload) {
		t.Fatalf("-want +got\n%s", diff)
	}
	for i := range block {
		for bit := range 8 {
			bad := bytes.Clone(block)
			bad[i] ^= 1 << bit
			if _, _, err := ParseBlock(bad); err == nil {
				t.Fatalf("bit %d of byte %d was changed and nobody noticed", bit, i)
			}
		}
		if _, _, err := ParseBlock(block[:i]); err == nil {
			t.Fatalf("a block cut to %d bytes was read", i)
		}
	}
}

func FuzzParseBlock(f *testing.F) {
	seed := AppendFramed(BeginBlock(nil), AppendRow(nil, &Row{Line: 1}))
	EndBlock(seed, UsageBlock, 1, 1)
	f.Add(seed)
	f.Add([]byte("TBB3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		head, payload, err := ParseBlock(b)
		if err != nil {
			return
		}
		again := append(BeginBlock(nil), payload...)
		if EndBlock(again, head.Kind, head.Shard, head.Rows); !bytes.Equal(again, b[:len(again)]) {
			t.Fatal("a block that was read is not the block that would be written")
		}
		for rest := string(payload); rest != ""; {
			if _, rest, err = NextFramed(rest); err != nil {
				return
			}
		}
	})
}

func FuzzParseRow(f *testing.F) {
	f.Add(AppendRow(nil, &Row{Record: Record{CallID: "a", BNumber: "44"}, Line: 3, Charge: money.New(-5, 4)}))
	f.Add(AppendRow(nil, &Row{Record: Record{OutTrunk: "carrier"}, Line: 3, Role: Reseller, Level: 2}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, again Row
		if ParseRow(string(b), &r) != nil {
			return
		}
		if err := ParseRow(string(AppendRow(nil, &r)), &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again, exact); diff != "" {
			t.Fatalf("-read +read again\n%s", diff)
		}
	})
}

func FuzzNextIdentity(f *testing.F) {
	f.Add(AppendIdentity(nil, Identity{1 << 60, 3, 255}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			id, rest, err := NextIdentity(b)
			if err != nil {
				return
			}
			if again, _, err := NextIdentity(AppendIdentity(nil, id)); err != nil || again != id {
				t.Fatalf("read %+v, then %+v, %v", id, again, err)
			}
			b = rest
		}
	})
}

// Stored rows lie by the shard of their account: it must never change.
func TestShardsStayWhatTheyAre(t *testing.T) {
	for account, want := range map[string]uint8{"": 197, "harbour-dental": 215, "unassigned": 129, "Société Générale": 3} {
		if got := ShardOf(account); got != want {
			t.Errorf("account %q is in shard %d, want %d", account, got, want)
		}
	}
	used := map[uint8]bool{}
	for i := range 10_000 {
		used[ShardOf(string(rune('a'+i%26))+string(rune('0'+i/26%10))+string(rune('0'+i/260)))] = true
	}
	if len(used) != Shards {
		t.Errorf("10,000 accounts lie in %d shards, want all %d", len(used), Shards)
	}
}

func TestADurationIsShownAsItWasRead(t *testing.T) {
	for _, tc := range []struct {
		d    Duration
		want string
	}{
		{Duration{}, "0"}, {Duration{60e9, 0}, "60"}, {Duration{62_500_000_000, 2}, "62.50"}, {Duration{62_500_000_000, 0}, "62.5"},
		{Duration{1, 9}, "0.000000001"}, {Duration{1, 0}, "0.000000001"}, {Duration{5e9, 3}, "5.000"}, {Duration{MaxDuration * 1e9, 0}, "10000000"},
	} {
		if got := string(tc.d.Append(nil)); got != tc.want {
			t.Errorf("%+v is shown as %s, want %s", tc.d, got, tc.want)
		}
	}
}

func TestStoringARowAllocatesNothing(t *testing.T) {
	var c Columns
	r := Record{Feed: "gateway", CallID: "a-1", Account: "acme", ANumber: "441234567890", BNumber: "442079460000", Instant: 1_790_000_000e9}
	if err := c.AppendRecord(&r, 7); err != nil {
		t.Fatal(err)
	}
	p := Priced{Status: Rated, Prefix: 2, Billed: 60, Charge: money.New(600, 4)}
	block := make([]byte, 0, 4<<10)
	hashes := make([]uint64, 1)
	if n := testing.AllocsPerRun(10, func() {
		c.IdentityHashes(hashes)
		w := c.RowWriter()
		block = AppendIdentity(w.AppendFramed(block[:0], 0, &p), Identity{hashes[0], 7, 1})
	}); n > 0 || hashes[0] == 0 {
		t.Errorf("%v allocations", n)
	}
}
