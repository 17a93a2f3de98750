package prefix

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// sorted returns the items of entries, in their order.
func sorted(entries []Entry) ([]Item, error) {
	items, err := itemsOf(entries)
	if err != nil {
		return nil, err
	}
	return checked(items)
}

// Items give the section, or the error, that their entries give.
func TestItemsBuildWhatTheirEntriesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		if n := rapid.IntRange(0, 2*len(entries)).Draw(t, "one twice"); n < len(entries) {
			entries = append(entries, entries[n])
		}
		entries = rapid.Permutation(entries).Draw(t, "order")
		want, wantErr := Build(entries)
		items := make([]Item, len(entries))
		for i, e := range entries {
			c, ok := CodeOf(e.Prefix)
			if !ok || c.String() != e.Prefix || c.Digits() != len(e.Prefix) {
				t.Fatalf("%q has the code of %q, of %d digits", e.Prefix, c, c.Digits())
			}
			items[i] = Item{c, e.Value, e.Note}
		}
		got, err := BuildItems(items)
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Fatalf("%d bytes, %v; want %d, %v", len(got), err, len(want), wantErr)
		}
	})
}

func TestCodesBeginAsTheirPrefixesDo(t *testing.T) {
	for _, tt := range []struct {
		short, long string
		want        bool
	}{
		{"", "", true}, {"", "0", true}, {"0", "", false}, {"44", "44", true}, {"44", "447", true}, {"447", "44", false}, {"4", "40", true},
		{"40", "4", false}, {"123456789012345", "123456789012345", true}, {"12345678901234", "123456789012345", true}, {"45", "447", false},
	} {
		short, _ := CodeOf(tt.short)
		long, _ := CodeOf(tt.long)
		if got := short.Begins(long); got != tt.want {
			t.Errorf("%q begins %q: %v", tt.short, tt.long, got)
		}
	}
}
