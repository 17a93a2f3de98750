package extsort

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/objects"
)

// small returns a sorter that writes a run every few records.
func small(bucket objects.Bucket) *Sorter {
	s := New(bucket, "sort", 0)
	s.limit, s.chunk, s.fanIn = 256, 64, 3
	return s
}

func drain(ctx context.Context, s *Sorter) (out []string, err error) {
	err = s.Each(ctx, func(key, value []byte) error {
		out = append(out, string(key)+"="+string(value))
		return nil
	})
	return out, err
}

func TestSortsLikeASliceHoweverManyRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		bucket := objects.NewMemory()
		s := small(bucket)
		type pair struct{ key, value string }
		// Short keys of few letters, so that many are equal or begin alike.
		text := rapid.StringMatching(`[ab\x00]{0,10}`)
		var want []pair
		for range rapid.IntRange(0, 200).Draw(t, "n") {
			p := pair{text.Draw(t, "key"), text.Draw(t, "value")}
			want = append(want, p)
			if err := s.Add(ctx, []byte(p.key), []byte(p.value)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(want, func(a, b pair) int {
			if c := bytes.Compare([]byte(a.key), []byte(b.key)); c != 0 {
				return c
			}
			return bytes.Compare([]byte(a.value), []byte(b.value))
		})
		var sorted []string
		for _, p := range want {
			sorted = append(sorted, p.key+"="+p.value)
		}
		got, err := drain(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sorted, got); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
		if err := s.Close(ctx); err != nil {
			t.Fatal(err)
		}
		left, err := bucket.List(ctx, "", "", 1000)
		if err != nil || len(left) != 0 {
			t.Fatalf("scratch objects left: %v, %v", left, err)
		}
	})
}

func fill(t *testing.T, s *Sorter, n int) {
	t.Helper()
	for i := range n {
		if err := s.Add(context.Background(), fmt.Appendf(nil, "key %03d", n-i), []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoSortersOfOneNameKeepApart(t *testing.T) {
	ctx, bucket := context.Background(), objects.NewMemory()
	a, b := small(bucket), small(bucket)
	fill(t, a, 100)
	fill(t, b, 50)
	for _, tc := range []struct {
		s    *Sorter
		want int
	}{{a, 100}, {b, 50}} {
		got, err := drain(ctx, tc.s)
		if err != nil || len(got) != tc.want {
			t.Errorf("%d records, %v, want %d", len(got), err, tc.want)
		}
	}
}

func TestADamagedRunIsSeen(t *testing.T) {
	ctx := context.Background()
	memory := objects.NewMemory()
	s := small(memory)
	fill(t, s, 100)
	for i := range 60 {
		s.scratch = flipped{memory, int64(i * 7)}
		if _, err := drain(ctx, s); err == nil {
			t.Fatalf("byte %d of each run was changed and nobody noticed", i*7)
		}
		s.scratch = memory
		s = small(memory)
		fill(t, s, 100)
	}
}

// flipped changes one byte of every object that is read (the last one of a
// shorter object).
type flipped struct {
	objects.Bucket
	at int64
}

func (f flipped) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	r, err := f.Bucket.OpenRange(ctx, name, generation, offset, length)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	data[min(f.at, int64(len(data)-1))] ^= 0x10
	return io.NopCloser(bytes.NewReader(data)), r.Close()
}

func TestARecordTooLargeIsRefused(t *testing.T) {
	s := New(objects.NewMemory(), "sort", 0)
	if err := s.Add(context.Background(), make([]byte, MaxRecord), []byte{1}); err == nil {
		t.Error("a record over MaxRecord was taken")
	}
}
