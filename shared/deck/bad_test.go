package deck

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/deck/decktest"
)

// maxHeld is what reading any bad deck may hold, in bytes, whatever its size.
const maxHeld = 32 << 20

// What a person sees of each bad deck.
func TestBadDecks(t *testing.T) {
	for _, f := range decktest.Files() {
		t.Run(f.Name, func(t *testing.T) {
			if f.Large && testing.Short() {
				t.Skip("it reads gigabytes")
			}
			src := newGauge(f)
			var rates, bad []string
			rep, err := ReadFile(src, f.Size, Options{}, func(e Entry) error {
				if rates = append(rates, e.Rate.Prefix+" "+e.Rate.PriceN.String()); e.Rate.Blocked {
					rates[len(rates)-1] = e.Rate.Prefix + " blocked"
				}
				return nil
			}, func(e RowError) { bad = append(bad, e.Error()) })
			var no *FileError
			switch {
			case f.Refused != "":
				if !errors.As(err, &no) || !strings.Contains(err.Error(), f.Refused) {
					t.Errorf("%v, want it refused: %s", err, f.Refused)
				}
			case err != nil:
				t.Error(err)
			case len(f.Errors) > 0:
				checkTexts(t, "error", f.Errors, bad)
			default:
				checkTexts(t, "rate", f.Rates, rates)
				if all := strings.Join(append(append(rep.Notices, rep.Warnings...), guessesOf(rep)...), "\n"); len(bad) > 0 || !strings.Contains(all, f.Says) {
					t.Errorf("errors %q, its report says\n%s\nwant\n%s", bad, all, f.Says)
				}
			}
			if len(f.Errors) > 0 && err == nil {
				checkMarked(t, src, f)
			}
			if src.most > maxHeld {
				t.Errorf("%d MiB were held", src.most>>20)
			}
		})
	}
}

// checkMarked checks that a bad deck comes back, and is as bad then.
func checkMarked(t *testing.T, src io.ReaderAt, f decktest.File) {
	t.Helper()
	m, err := Mark(src, f.Size, Options{}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := errors.Join(m.Write(&b), m.Close()); err != nil {
		t.Fatal(err)
	}
	if _, bad, _, err := read(b.String(), Options{}); err != nil || len(bad) != len(f.Errors) {
		t.Errorf("sent again it has errors %q, %v\n%.2000s", bad, err, b.String())
	}
}

func guessesOf(r Report) (out []string) {
	for _, g := range r.Guesses {
		out = append(out, g.Evidence)
	}
	return out
}

// checkTexts compares texts by how they begin.
func checkTexts(t *testing.T, what string, want, got []string) {
	t.Helper()
	for i := range max(len(want), len(got)) {
		var w, g string
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w == "" || !strings.HasPrefix(g, w) {
			t.Errorf("%s %d is\n%s\nwant\n%s", what, i+1, g, w)
		}
	}
}

// gauge sees how much memory is held while a file is read.
type gauge struct {
	io.ReaderAt
	every, next  int64
	read         int64
	before, most uint64
}

func newGauge(f decktest.File) *gauge {
	g := &gauge{ReaderAt: f, every: max(1<<20, f.Size/16)}
	g.before = held()
	return g
}

func held() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (g *gauge) ReadAt(b []byte, off int64) (int, error) {
	if g.read += int64(len(b)); g.read >= g.next {
		g.next = g.read + g.every
		now := held()
		g.most = max(g.most, now-min(now, g.before))
	}
	return g.ReaderAt.ReadAt(b, off)
}
