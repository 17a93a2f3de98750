package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

var exactly = cmp.Options{
	cmp.AllowUnexported(keptMonth{}, keptLine{}), cmp.Comparer(func(a, b money.Amount) bool { return a == b }),
}

// monthOf begins the month of an account that has pools of the plans.
func monthOf(t interface{ Fatal(...any) }, account string, plans ...bundle.Plan) *accountMonth {
	var features []bundle.Feature
	for _, p := range plans {
		features = append(features, bundle.Feature{ID: "feature " + p.ID, Plan: p.ID, Start: period.Date{Year: 2026, Month: 1, Day: 1}})
	}
	state, err := bundle.Open(period.Month{Year: 2026, Month: 11}, time.UTC, features, plans)
	if err != nil {
		t.Fatal(err)
	}
	m := &accountMonth{res: AccountResult{Account: account}, state: state, bundled: FoldLine{Key: bundledKey}}
	for k, line := range usageKeys {
		m.usage[k] = FoldLine{Key: line.key}
	}
	return m
}

// Whatever a month came to is what a month that goes on from it begins with.
func TestAMonthIsResumedAsItWasKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plans []bundle.Plan
		for i := range rapid.IntRange(0, 3).Draw(t, "pools") {
			plans = append(plans, bundle.Plan{ID: fmt.Sprint("plan ", i), Minutes: rapid.SampledFrom([]uint64{0, 1, 5}).Draw(t, "minutes")})
		}
		account := rapid.String().Draw(t, "account")
		m := monthOf(t, account, plans...)
		for range rapid.IntRange(1, 12).Draw(t, "rows") {
			charge := money.New(rapid.Int64Range(0, math.MaxInt64).Draw(t, "charge"), rapid.IntRange(0, 9).Draw(t, "decimals"))
			r := call.Row{Status: rapid.SampledFrom([]call.Status{call.Rated, call.Rated, call.Unrated, call.Duplicate, call.Superseded}).Draw(t, "status")}
			r.Instant = time.Date(2026, 11, 1+rapid.IntRange(0, 29).Draw(t, "day"), 0, 0, 0, 0, time.UTC).UnixNano()
			if r.Status == call.Rated {
				r.Kind = call.Kind(rapid.IntRange(0, call.Kinds-1).Draw(t, "kind"))
				r.Charge, r.Billed = charge, uint64(rapid.IntRange(0, 400).Draw(t, "billed"))
			}
			if err := m.add(&r); err != nil {
				t.Fatal(err)
			}
		}
		stored := string(m.appendState(nil))
		var kept keptMonth
		if !kept.parse(stored) {
			t.Fatalf("%q is not what was stored", stored)
		}
		on := monthOf(t, account, plans...)
		if err := on.resume(&kept); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.res, on.res, exactly); diff != "" {
			t.Errorf("-kept +resumed\n%s", diff)
		}
		if diff := cmp.Diff(m.kept(), on.kept(), exactly); diff != "" {
			t.Errorf("-kept +resumed\n%s", diff)
		}
		if diff := cmp.Diff(m.state.Summary(), on.state.Summary(), exactly); diff != "" {
			t.Errorf("-kept +resumed\n%s", diff)
		}
		cut := rapid.IntRange(0, len(stored)-1).Draw(t, "cut")
		if kept.parse(stored[:cut]) || kept.parse(stored+"\x00") {
			t.Errorf("%q is taken where it is cut at %d, or where more follows", stored, cut)
		}
	})
}

const fuzzed = "checkpoints/m:2026-11/2026-11-20-fuzzed"

// storedCheckpoint returns the bytes of a checkpoint of three accounts.
func storedCheckpoint(t testing.TB) (blocks, dir []byte) {
	t.Helper()
	ctx, work := context.Background(), objects.NewMemory()
	until := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).UnixNano()
	w := newCheckpointWriter(work, "scratch", fuzzed, until)
	plan := bundle.Plan{ID: "p", Minutes: 1}
	months := map[uint8]*accountMonth{}
	for _, account := range []string{"acme", "beta", "gamma"} {
		m := monthOf(t, account, plan)
		for _, status := range []call.Status{call.Rated, call.Unrated} {
			r := call.Row{Status: status, Billed: 45, Charge: money.MustParse("0.0450")}
			r.Instant = until - 1
			if err := m.add(&r); err != nil {
				t.Fatal(err)
			}
		}
		months[call.ShardOf(account)] = m
	}
	for shard := range call.Shards {
		if m := months[uint8(shard)]; m != nil {
			if err := w.add(ctx, uint8(shard), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.store(ctx, work, nil, nil); err != nil {
		t.Fatal(err)
	}
	info, err := work.Stat(ctx, fuzzed)
	if err != nil {
		t.Fatal(err)
	}
	dir, end, err := loadDirectory(ctx, work, refOf(info), checkpointMagic)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err = loadRange(ctx, work, refOf(info), 0, end)
	if err != nil {
		t.Fatal(err)
	}
	return blocks, dir
}

// accountsOf reads all accounts of a stored checkpoint.
func accountsOf(t testing.TB, content []byte) (accounts []string, err error) {
	t.Helper()
	l := New(nil, objects.MemoryBuckets())
	info, err := l.buckets.Work.Create(t.Context(), fuzzed, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	key := Key{"m", period.Month{Year: 2026, Month: 11}}
	c, err := l.openCheckpoint(t.Context(), key, info)
	for shard := 0; shard < call.Shards && err == nil; shard++ {
		k := c.shard(t.Context(), uint8(shard))
		for err = k.next(); k.more && err == nil; err = k.next() {
			accounts = append(accounts, strings.Clone(k.month.account))
		}
	}
	return accounts, err
}

// A checkpoint is read whole, or refused; with checksums of its own, whatever it
// says.
func FuzzCheckpoint(f *testing.F) {
	blocks, dir := storedCheckpoint(f)
	f.Add(blocks, dir)
	f.Add(blocks[:len(blocks)/2], dir)
	f.Add([]byte{}, []byte(`{"name":"`+fuzzed+`"}`))
	f.Add([]byte{}, []byte(`{"name":"`+fuzzed+`","days":[{"day":"2026-11-19","parts":1}]}`))
	f.Add([]byte{}, []byte(`{"name":"`+fuzzed+`","parts":[{"name":"outcomes/x"}],"days":[{"day":"2026-11-19","parts":1}]}`))
	f.Add([]byte{}, []byte(`{"name":"`+fuzzed+`","blocks":[{"k":5,"z":20}]}`))
	f.Fuzz(func(t *testing.T, blocks, dir []byte) {
		content := append(bytes.Clone(blocks), appendTrailer(bytes.Clone(dir), checkpointMagic)...)
		if _, err := accountsOf(t, content); err != nil && !errors.Is(err, errCheckpoint) {
			t.Errorf("error %v, want none or a refusal", err)
		}
	})
}

// What is read of an account is what is written again.
func FuzzKeptMonth(f *testing.F) {
	blocks, _ := storedCheckpoint(f)
	f.Add(string(blocks[call.BlockHeaderSize+1:]))
	f.Add(string(monthOf(f, "acme", bundle.Plan{ID: "p"}).appendState(nil)))
	one := monthOf(f, "one")
	one.res.Counts = MonthCounts{Rows: 1, Unrated: 1}
	f.Add(string(one.appendState(nil)))
	f.Fuzz(func(t *testing.T, s string) {
		var kept, again keptMonth
		if !kept.parse(s) || len(kept.pools) > 0 {
			return
		}
		m := monthOf(t, kept.account)
		if err := m.resume(&kept); err != nil {
			t.Fatal(err)
		}
		if !again.parse(string(m.appendState(nil))) {
			t.Fatal("it is not read again")
		}
		kept.pools, again.pools = nil, nil
		if diff := cmp.Diff(kept, again, exactly); diff != "" {
			t.Errorf("-first +second\n%s", diff)
		}
	})
}

func TestAccountsOfACheckpointMustBeInOrder(t *testing.T) {
	blocks, dir := storedCheckpoint(t)
	whole := func(blocks, dir []byte) []byte {
		return append(bytes.Clone(blocks), appendTrailer(bytes.Clone(dir), checkpointMagic)...)
	}
	got, err := accountsOf(t, whole(blocks, dir))
	if err != nil || len(got) != 3 {
		t.Fatalf("accounts %q, error %v, want three", got, err)
	}
	// The block of one account, with its checksum, under another's shard, and twice.
	size := int(call.BlockHeaderSize) + int(blocks[12])
	for _, b := range [][]byte{
		appendBlock(blocks[call.BlockHeaderSize:size], blocks[5]^1, 1),
		appendBlock(append(bytes.Clone(blocks[call.BlockHeaderSize:size]), blocks[call.BlockHeaderSize:size]...), blocks[5], 2),
		appendBlock(nil, blocks[5], 0),
	} {
		head, _, err := call.ParseBlock(b)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(`{"name":%q,"blocks":[{"k":5,"s":%d,"n":%d,"o":0,"z":%d,"c":%d}]}`, fuzzed, head.Shard, head.Rows, len(b), head.Sum)
		got, err := accountsOf(t, whole(b, []byte(text)))
		if head.Rows == 0 && (err != nil || len(got) > 0) {
			t.Errorf("an empty block: accounts %q, error %v, want none", got, err)
		} else if head.Rows > 0 && !errors.Is(err, errCheckpoint) {
			t.Errorf("%d accounts in shard %d: %v, want a refusal", head.Rows, head.Shard, err)
		}
	}
}

// appendBlock makes a block of a payload.
func appendBlock(payload []byte, shard uint8, rows uint32) []byte {
	b := append(call.BeginBlock(nil), payload...)
	call.EndBlock(b, call.StateBlock, shard, rows)
	return b
}
