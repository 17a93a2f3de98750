package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	november = time.Date(2026, 11, 20, 9, 59, 0, 123, time.UTC)
	someKey  = keyOf("cdrrating", "cdrs", "main/a.csv", "1")
)

func reopen(t testing.TB, path string) (*journal, int) {
	t.Helper()
	j, spoilt, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	return j, spoilt
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// state is what a journal knows.
func (j *journal) state() map[string]string {
	s := map[string]string{}
	for k := range j.done {
		s[fmt.Sprintf("%x", k)] = "done"
	}
	for k, at := range j.seen {
		s[fmt.Sprintf("%x", k)] = instant(at)
	}
	for function, at := range j.ran {
		s[function] = instant(at)
	}
	return s
}

func TestTheJournalRemembersOverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := reopen(t, path)
	other := keyOf("billrun", "cdrs", "main/a.csv", "1")
	if _, err := j.firstSeen(someKey, november); err != nil {
		t.Fatal(err)
	}
	must(t, j.noteDone(someKey), j.noteRan("billrun", november), j.noteRan("billrun", november.Add(time.Hour)))
	if at, err := j.firstSeen(other, november); err != nil || !at.Equal(november) {
		t.Fatal(at, err)
	}
	if _, ok := j.seen[someKey]; ok {
		t.Error("what is done is kept as seen")
	}
	// No close: the process was killed.
	again, spoilt := reopen(t, path)
	if spoilt != 0 || !again.isDone(someKey) || again.isDone(other) {
		t.Errorf("%d lines spoilt, done %v, the other %v", spoilt, again.isDone(someKey), again.isDone(other))
	}
	if at := again.lastRan("billrun"); !at.Equal(november.Add(time.Hour)) {
		t.Errorf("billrun ran last at %s", at)
	}
	// An object that was seen and not done came in when it came in.
	if at, err := again.firstSeen(other, november.Add(24*time.Hour)); err != nil || !at.Equal(november) {
		t.Errorf("first seen at %s, %v", at, err)
	}
	if _, ok := again.seen[someKey]; ok {
		t.Error("what is done is still kept as seen")
	}
}

func TestAJournalCutAnywhereForgetsAtMostItsLastLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := reopen(t, path)
	for i := range 20 {
		must(t, j.noteDone(keyOf("f", "cdrs", fmt.Sprint(i), "1")), j.noteRan("f", november.Add(time.Duration(i)*time.Hour)))
	}
	whole, err := os.ReadFile(path)
	must(t, err)
	rapid.Check(t, func(r *rapid.T) {
		at := rapid.IntRange(0, len(whole)).Draw(r, "cut")
		cut := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(cut, whole[:at], 0o600); err != nil {
			r.Fatal(err)
		}
		torn, spoilt, err := openJournal(cut)
		if err != nil {
			r.Fatal(err)
		}
		// A line without its end is whole: only that is lost which was cut off.
		lines := strings.Count(string(whole[:at]), "\n")
		if at > 0 && at < len(whole) && whole[at] == '\n' {
			lines++
		}
		if len(torn.done) != (lines+1)/2 || spoilt > 1 {
			r.Fatalf("cut at %d after %d lines: %d done, %d spoilt", at, lines, len(torn.done), spoilt)
		}
		// What is noted next is not joined to the torn line.
		if err := torn.noteDone(someKey); err != nil {
			r.Fatal(err)
		}
		again, spoilt, err := openJournal(cut)
		if err != nil || spoilt != 0 || !again.isDone(someKey) || len(again.done) != len(torn.done) {
			r.Fatalf("after the cut: %d done, %d spoilt, %v", len(again.done), spoilt, err)
		}
	})
}

func TestSpoiltLinesAreLeftOutAndTheOthersRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := reopen(t, path)
	must(t, j.noteDone(someKey))
	good, err := os.ReadFile(path)
	must(t, err)
	other := fmt.Sprintf("%x", keyOf("f", "cdrs", "another", "1"))
	changed := strings.Replace(string(good), fmt.Sprintf("%x", someKey), other, 1)
	unknown := string(appendLine(nil, "what", "is", "this"))
	noKey := string(appendLine(nil, wordDone, "abc"))
	noTime := string(appendLine(nil, wordRan, "f", "yesterday"))
	text := strings.Repeat("x", 5*maxLine) + "\n" + changed + unknown + noKey + noTime + "\n" + string(good) + "\x00\x00\x00"
	must(t, os.WriteFile(path, []byte(text), 0o600))
	again, spoilt := reopen(t, path)
	if diff := cmp.Diff(j.state(), again.state()); diff != "" {
		t.Error(diff)
	}
	if spoilt != 6 {
		t.Errorf("%d lines are reported as spoilt, want 6", spoilt)
	}
	kept, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(good), string(kept)); diff != "" {
		t.Errorf("written anew: %s", diff)
	}
}

func TestTheJournalIsWrittenAnewWithoutWhatIsSuperseded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := reopen(t, path)
	for i := range 1000 {
		must(t, j.noteDone(someKey), j.noteRan("billrun", november.Add(time.Duration(i)*time.Minute)))
	}
	again, _ := reopen(t, path)
	text, err := os.ReadFile(path)
	must(t, err)
	if n := strings.Count(string(text), "\n"); n != 2 {
		t.Errorf("%d lines, want one of the object and one of the schedule", n)
	}
	if diff := cmp.Diff(j.state(), again.state()); diff != "" {
		t.Error(diff)
	}
}

func TestTheJournalHoldsNoNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := reopen(t, path)
	must(t, j.noteDone(keyOf("cdrrating", "cdrs", "main/calls-of-442079460123.csv", "1")))
	text, err := os.ReadFile(path)
	must(t, err)
	if strings.Contains(string(text), "442079460123") {
		t.Errorf("the journal tells a number: %s", text)
	}
}
