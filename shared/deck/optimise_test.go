package deck

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// ten writes rows for the ten codes that begin so.
func ten(code, rest string) string {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, "%s%d,%s\n", code, i, rest)
	}
	return b.String()
}

func TestTenCodesOfOnePriceAreOne(t *testing.T) {
	for _, tc := range []struct {
		name, deck string
		want       []string // prefix price
		gone       int64
	}{
		{"ten", ten("440", "1"), []string{"440 1"}, 9},
		{"nine", strings.Replace(ten("440", "1"), "4405,1\n", "", 1), []string{"4400 1", "4401 1", "4402 1", "4403 1", "4404 1", "4406 1", "4407 1", "4408 1", "4409 1"}, 0},
		{"one of another price", strings.Replace(ten("440", "1"), "4409,1\n", "4409,2\n", 1), []string{"4400 1", "4401 1", "4402 1", "4403 1", "4404 1", "4405 1", "4406 1", "4407 1", "4408 1", "4409 2"}, 0},
		{"the shorter one is there", "440,1\n" + ten("440", "1"), []string{"440 1"}, 10},
		{"a shorter one of another price is for nothing but itself", "440,2\n" + ten("440", "1"), []string{"440 2", "4400 1", "4401 1", "4402 1", "4403 1", "4404 1", "4405 1", "4406 1", "4407 1", "4408 1", "4409 1"}, 0},
		{"longer ones stay", "44055,2\n" + ten("440", "1"), []string{"44055 2", "440 1"}, 9},
		{"a hundred", ten("440", "1") + ten("441", "1") + ten("442", "1") + ten("443", "1") + ten("444", "1") + ten("445", "1") + ten("446", "1") + ten("447", "1") + ten("448", "1") + "449,1\n", []string{"44 1"}, 90},
		{"a list in a cell", "\"4400-4409, 4500\",1\n", []string{"440 1", "4500 1"}, 9},
		{"the world is no code", ten("", "1"), []string{"0 1", "1 1", "2 1", "3 1", "4 1", "5 1", "6 1", "7 1", "8 1", "9 1"}, 0},
	} {
		var got []string
		text := "prefix,rate\n" + tc.deck
		rep, err := ReadFile(strings.NewReader(text), int64(len(text)), Options{Template: &Template{Optimise: true}}, func(e Entry) error {
			got = append(got, e.Rate.Prefix+" "+e.Rate.PriceN.String())
			return nil
		}, func(e RowError) { t.Error(e) })
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil || rep.Optimised != tc.gone || rep.Rates != int64(len(got)) || rep.Rows != rep.Used {
			t.Errorf("%s: %v, %d went, %d rates (-want +got):\n%s", tc.name, err, rep.Optimised, rep.Rates, diff)
		}
	}
}

func TestWhatIsNotOptimised(t *testing.T) {
	read := func(text string, tp Template) (codes []string, bad int, err error) {
		_, err = ReadFile(strings.NewReader(text), int64(len(text)), Options{Template: &tp}, func(e Entry) error { codes = append(codes, e.Rate.Prefix); return nil }, func(RowError) { bad++ })
		return codes, bad, err
	}
	for name, text := range map[string]string{
		"other names":     "prefix,rate,name\n" + strings.Replace(ten("440", "1,UK"), "4403,1,UK", "4403,1,Jersey", 1),
		"other dates":     "prefix,rate,effective from\n" + strings.Replace(ten("440", "1,2026-12-01"), "4403,1,2026-12-01", "4403,1,2026-12-02", 1),
		"other intervals": "prefix,rate,billing\n" + strings.Replace(ten("440", "1,1/1"), "4403,1,1/1", "4403,1,60/1", 1),
		"one withdrawn":   "prefix,rate,status\n" + ten("440", "1,closed"),
		"without asking":  "prefix,rate\n" + ten("440", "1"),
		"more rates":      "prefix,rate,origin\n" + ten("440", "1,") + "4403,2,EEA\n",
	} {
		codes, bad, err := read(text, Template{Optimise: name != "without asking"})
		if err != nil || bad > 0 || !slices.Contains(codes, "4403") || slices.Contains(codes, "440") {
			t.Errorf("%s: %q, %d errors, %v", name, codes, bad, err)
		}
	}
	// Each error is said once, and a deck of actions is refused.
	if _, bad, err := read("prefix,rate\n44,x\n45,1\n", Template{Optimise: true}); bad != 1 || err != nil {
		t.Errorf("%d errors, %v", bad, err)
	}
	var file *FileError
	if _, _, err := read("action,prefix,rate\nA,44,1\n", Template{Optimise: true}); !errors.As(err, &file) || !strings.Contains(err.Error(), `column "action"`) {
		t.Errorf("%v", err)
	}
}

// Every number costs what it did, whatever the codes: all but those that are a code,
// or the beginning of one.
func TestOptimisedCodesPriceEveryNumberAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "prefix,rate,name,effective from,effective to,blocked\n"
		var codes []string
		row := rapid.SampledFrom([]string{"1,A,,,", "2,B,,,", "2,A,,,", "3,A,2026-11-01,,", "4,A,,2026-11-01,", ",A,,,1"})
		rows := map[string]bool{}
		write := func(code, rest string) {
			key := code + strings.Split(rest, ",")[2]
			if !rows[key] {
				rows[key] = true
				codes = append(codes, code)
				text += code + "," + rest + "\n"
			}
		}
		for range rapid.IntRange(1, 6).Draw(t, "groups") {
			code := rapid.StringMatching(`4[0-2]{0,3}`).Draw(t, "code")
			rest := row.Draw(t, "row")
			switch rapid.IntRange(0, 3).Draw(t, "shape") {
			case 0:
				write(code, rest)
			case 1:
				for i := range 10 {
					write(fmt.Sprint(code, i), rest)
				}
			case 2:
				for i := range 100 {
					write(fmt.Sprintf("%s%02d", code, i), rest)
				}
			default:
				odd := rapid.IntRange(0, 9).Draw(t, "odd")
				for i := range 10 {
					if i != odd {
						write(fmt.Sprint(code, i), rest)
					}
				}
			}
		}
		pricer := func(on bool) *rating.Pricer {
			var rates []rating.Rate
			if _, err := ReadFile(strings.NewReader(text), int64(len(text)), Options{Template: &Template{Optimise: on}},
				func(e Entry) error { rates = append(rates, e.Rate); return nil }, func(e RowError) { t.Fatal(e) }); err != nil {
				t.Fatal(err)
			}
			image, err := rating.BuildImage(rating.DefaultTerms("GBP"), func(yield func(rating.Rate, error) bool) {
				for _, r := range rates {
					if !yield(r, nil) {
						return
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			card, err := rating.Open(image)
			if err != nil {
				t.Fatal(err)
			}
			return card.NewPricer()
		}
		plain, fewer := pricer(false), pricer(true)
		for range 200 {
			number := rapid.StringMatching(`4[0-2]{0,3}[0-9]{1,7}`).Draw(t, "number")
			if slices.ContainsFunc(codes, func(c string) bool { return strings.HasPrefix(c, number) }) {
				continue
			}
			u := rating.Usage{Number: number, Quantity: int64(time.Minute), Instant: time.Date(2026, time.Month(rapid.IntRange(10, 12).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC).UnixNano()}
			a, b := plain.Price(&u), fewer.Price(&u)
			if a.Reason != b.Reason || a.Amount.Cmp(b.Amount) != 0 || plain.Destination(&u) != fewer.Destination(&u) {
				t.Fatalf("%s: %v %v %q, optimised %v %v %q\n%s", number, a.Reason, a.Amount, plain.Destination(&u), b.Reason, b.Amount, fewer.Destination(&u), text)
			}
		}
	})
}
