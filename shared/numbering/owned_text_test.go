package numbering

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func readOwned(r io.Reader) (owned []Owned, errs []string) {
	for o, err := range ReadOwned(r) {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		owned = append(owned, o)
	}
	return owned, errs
}

func TestAListOfNumbersIsRead(t *testing.T) {
	november := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for text, want := range map[string][]Owned{
		"number,account\n442079460000,acme\n":                                                 {{"442079460000", "442079460000", "acme", math.MinInt64, 0}},
		"Account,From,First,Last,To\n\"a, b\",2026-11-01,10,19,2026-11-01T01:00:00+01:00Z\n":  nil,
		"account,from,first,last,to\n\"a, b\",2026-11-01,10,19,2026-11-01T01:00:00.5+01:00\n": {{"10", "19", "a, b", november, november + 5e8}},
		"first,last,account,from\n10,,acme,1960-01-01\n":                                      {{"10", "10", "acme", math.MinInt64, 0}},
	} {
		got, errs := readOwned(strings.NewReader(text))
		if diff := cmp.Diff(want, got); diff != "" || len(errs) > 0 != (want == nil) {
			t.Errorf("%q: %s %q", text, diff, errs)
		}
	}
}

func TestEveryRowThatIsNoneIsNamed(t *testing.T) {
	got, errs := readOwned(strings.NewReader("number,account,from,to\n1,a,,\nx,a,,\n2,,,\n3,a,soon,\n4,a,,1960-01-01\n5,a,2026-01-02,2026-01-01\n6,a\n\"7,a,,\n"))
	if len(got) != 1 || len(errs) != 7 {
		t.Errorf("%d rows and %d errors, want 1 and 7: %q", len(got), len(errs), errs)
	}
	for i, want := range []string{"line 3", "line 4", `line 5: from "soon"`, `line 6: to "1960-01-01"`, "line 7", "line 8: 2 columns, want 4", "line 9"} {
		if i < len(errs) && !strings.Contains(errs[i], want) {
			t.Errorf("%s, want it to say %s", errs[i], want)
		}
	}
	for text, want := range map[string]string{
		"": "it is empty", "number\n1\n": "and account", "number,first,account\n": "two columns", "number,account,colour\n": `"colour"`, "\xff\xfe\n": "UTF-16",
	} {
		if got, errs := readOwned(strings.NewReader(text)); len(got) > 0 || len(errs) != 1 || !strings.Contains(errs[0], want) {
			t.Errorf("%q: %v %q, want one error that says %s", text, got, errs, want)
		}
	}
	broken := errors.New("broken")
	for _, err := range ReadOwned(io.MultiReader(strings.NewReader("number,account\n"), iotest.ErrReader(broken))) {
		if !errors.Is(err, broken) || errors.Is(err, ErrOwnedText) {
			t.Errorf("%v, want the error of the input", err)
		}
	}
}

func TestAListOfNumbersIsReadBackAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(OwnedHeader)
		var want []Owned
		for range rapid.IntRange(0, 10).Draw(t, "rows") {
			o := drawOwned(t, rapid.IntRange(1, 20).Draw(t, "digits"))
			o.Account = rapid.StringMatching(`[a-z",é][a-z ",é]{0,8}[a-z",é]`).Draw(t, "account")
			if o.From = math.MinInt64; rapid.Bool().Draw(t, "begins") {
				o.From = rapid.Int64Range(1e9, 1e18).Draw(t, "from")
			}
			if o.To = 0; rapid.Bool().Draw(t, "ends") {
				o.To = rapid.Int64Range(1e18+1, 7e18).Draw(t, "to")
			}
			text, want = AppendOwned(text, o), append(want, o)
		}
		got, errs := readOwned(strings.NewReader(string(text)))
		if diff := cmp.Diff(want, got); diff != "" || len(errs) > 0 {
			t.Fatalf("%s %q\n%s", diff, errs, text)
		}
	})
}
