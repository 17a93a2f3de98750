package call

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTextsAreNumberedAsTheyAreFirstSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n Interner
		ids := map[string]uint32{}
		for range rapid.IntRange(0, 3000).Draw(t, "texts") {
			text := rapid.StringOfN(rapid.SampledFrom([]rune("ab0\x00é")), 0, 12, -1).Draw(t, "text")
			want, seen := ids[text]
			if !seen {
				want = uint32(len(ids))
				ids[text] = want
			}
			behind := append([]byte(text), rapid.SampledFrom([]string{"", "\x00", "ab0 and more"}).Draw(t, "behind")...)
			if got := n.ID(behind[:len(text):rapid.SampledFrom([]int{len(text), len(behind)}).Draw(t, "capacity")]); got != want || n.Text(got) != text {
				t.Fatalf("%q is %d (%q), want %d", text, got, n.Text(got), want)
			}
		}
		if n.Len() != len(ids) {
			t.Fatalf("%d texts, want %d", n.Len(), len(ids))
		}
	})
}

func TestATextThatIsKnownCostsNoMemory(t *testing.T) {
	var n Interner
	known := []byte(strings.Repeat("account ", 4))
	n.ID(known)
	if got := testing.AllocsPerRun(100, func() { n.ID(known) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}
