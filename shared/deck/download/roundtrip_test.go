package download_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

var formats = []download.Format{download.CSV, download.XLSX, download.JSON}

type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func about(currency string) download.About {
	return download.About{Card: "uk.retail", Revision: 3, Currency: currency, Date: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}
}

func write(t failer, f download.Format, currency string, rates []rating.Rate) []byte {
	t.Helper()
	file, err := download.New(f, about(currency), ratecard.Rows(rates))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := file.Write(&out, ratecard.Rows(rates)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read reads a file as a card's decks are read; none of its rows may be bad.
func read(t failer, file []byte, o deck.Options) (entries []deck.Entry, report deck.Report) {
	t.Helper()
	report, err := deck.ReadFile(bytes.NewReader(file), int64(len(file)), o, func(e deck.Entry) error {
		entries = append(entries, e)
		return nil
	}, func(e deck.RowError) { t.Fatal(e) })
	if err != nil {
		t.Fatal(err)
	}
	return entries, report
}

func ratesOf(entries []deck.Entry) (out []rating.Rate) {
	for _, e := range entries {
		out = append(out, e.Rate)
	}
	return out
}

// names are what people and programs call things, and what spoils files.
func names(most int) *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "UK", "UK Mobile", "'t Zand", "'=1+1", "''", "=cmd|' /C calc'!A0", `="0044"`, "+44", "-1", "@SUM(A1)", " x", "x ", "a  b", "a,b;c|d", `say "no"`,
			"Côte d'Ivoire", "日本", "\u00a0x", "\ufeffx", "x\u2028y", "_x0041_", "_x005F_x0041_", "<b>&amp;", "\ufffe", "\uffff", "＝1", "*", "1.4E+10", "0044", "null", "true"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("ab '\"=+-@,;|_x0<&ü日😀")), 0, 12, most),
	)
}

func drawTiers(t *rapid.T) (out []rating.Tier) {
	next := uint32(1)
	for n := rapid.IntRange(1, 3).Draw(t, "tiers"); n > 0; n-- {
		tier := rating.Tier{From: next, Price: drawPrice(t), Per: rapid.SampledFrom([]uint32{0, 1, 60}).Draw(t, "tier per"), RoundUp: rapid.SampledFrom([]uint32{0, 6}).Draw(t, "round")}
		if n > 1 {
			tier.Length = rapid.Uint32Range(1, 600).Draw(t, "length")
		}
		next += tier.Length
		if out = append(out, tier); rapid.Bool().Draw(t, "event") {
			out = append(out, rating.Tier{From: next, Event: true, Price: drawPrice(t)})
		}
	}
	return out
}

func drawPrice(t *rapid.T) money.Price {
	return rapid.SampledFrom([]money.Price{0, 1, 10_000_000_000, 123_400_000_000, 1_000_000_000_000, 999_999_999_999_999, 1<<63 - 1, 25_000_000_000_000}).Draw(t, "price")
}

// drawRate draws a rate in which every field may be said.
func drawRate(t *rapid.T) (r rating.Rate) {
	seldom := func(what string) bool { return rapid.IntRange(0, 4).Draw(t, what) == 0 }
	units := func(what string, limit uint32) uint32 {
		return rapid.OneOf(rapid.SampledFrom([]uint32{0, 1, 6, 60, limit}), rapid.Uint32Range(0, limit)).Draw(t, what)
	}
	limit := uint32(rating.MaxInterval)
	if seldom("kind") {
		r.Kind = call.Kind(rapid.IntRange(1, call.Kinds-1).Draw(t, "which kind"))
		limit = rating.MaxUnits
	}
	if seldom("a service") {
		r.Service = names(rating.MaxName).Draw(t, "service")
	}
	if r.Service == "" {
		r.Prefix = rapid.StringMatching(`(00|011|0|1|44)?[0-9]{0,12}`).Draw(t, "prefix")
	}
	r.Destination = names(rating.MaxDestination).Draw(t, "destination")
	r.ConnectionFee, r.Blocked = drawPrice(t), seldom("blocked")
	if seldom("limits") {
		r.MinCharge = drawPrice(t)
		r.MaxCharge = max(r.MinCharge, drawPrice(t))
	}
	if seldom("minimum") {
		r.Minimum, r.Free = units("min", limit), units("free", limit)
	}
	if r.NoGrace = seldom("no grace"); !r.NoGrace && seldom("grace") {
		r.Grace = units("seconds of grace", limit)
	}
	r.Access, r.AssumedPulse = seldom("access"), seldom("assumed")
	if seldom("tiers") {
		r.Tiers = drawTiers(t)
		r.Per = units("per", limit)
	} else {
		r.Price1, r.Interval1 = drawPrice(t), units("interval 1", limit)
		r.Per = rapid.OneOf(rapid.SampledFrom([]uint32{0, 1, 60, rating.PerCall}), rapid.Uint32Range(0, limit)).Draw(t, "per")
		if r.PriceN = r.Price1; r.Per == rating.PerCall || seldom("another price n") {
			r.PriceN = drawPrice(t)
		}
		if r.IntervalN = units("interval n", limit); r.Per == rating.PerCall {
			r.PriceN = 0
		}
	}
	instant := func(what string) int64 {
		return rapid.OneOf(rapid.Just[int64](0), rapid.Map(rapid.IntRange(0, 50), func(n int) int64 { return int64(n) * int64(24*time.Hour) }), rapid.Int64Range(-1e18, 8e18)).Draw(t, what)
	}
	if seldom("dated") {
		if r.From, r.To = instant("from"), instant("to"); r.From != 0 && r.To != 0 && r.From >= r.To {
			r.To = 0
		}
	}
	if seldom("asks") {
		r.Class = rating.Class(rapid.IntRange(0, int(numbering.Local)).Draw(t, "class"))
		r.Band, r.Tag, r.Area = names(rating.MaxName).Draw(t, "band"), names(rating.MaxName).Draw(t, "tag"), names(rating.MaxName).Draw(t, "area")
		if r.Local = r.Area != "" && rapid.Bool().Draw(t, "local"); !r.Local {
			r.Origin = names(rating.MaxName).Draw(t, "origin")
		}
		r.MinDigits = rapid.Uint8().Draw(t, "min digits")
		r.MaxDigits = rapid.SampledFrom([]uint8{0, r.MinDigits, 255}).Draw(t, "max digits")
	}
	return r
}

// drawCard draws rates as a card may have them: each Id once, and some that stand
// beside another since they ask for something else.
func drawCard(t *rapid.T) (out []rating.Rate) {
	seen := map[string]bool{}
	for _, r := range rapid.SliceOfN(rapid.Custom(drawRate), 1, 8).Draw(t, "card") {
		beside := r
		switch rapid.IntRange(0, 8).Draw(t, "beside") {
		case 0:
			beside.MinDigits = 3
		case 1:
			beside.MaxDigits = 200
		case 2:
			beside.Tag += "x"
		case 3:
			beside.Class = numbering.EEACall
		case 4:
			beside.Band += "x"
		case 5:
			beside.From, beside.To = int64(10*24*time.Hour), 0
		case 6:
			r.Local, r.Area, r.Origin = true, "East", ""
			beside = r
			beside.Area = "West"
		case 7:
			beside.Local, beside.Area, beside.Origin = true, "East", ""
		}
		for _, r := range []rating.Rate{r, beside} {
			if id := ratecard.ID(&r); r.Validate() == nil && !seen[id] {
				seen[id] = true
				out = append(out, r)
			}
		}
	}
	return out
}

// command is what a card's decks do with an entry.
func command(e deck.Entry, action ratecard.Action) ratecard.Command {
	return ratecard.Command{Line: e.Line, ID: e.ID, Rate: e.Rate, Action: action}
}

// Whatever the rates and the format, a download says them all to the last digit.
// With blank actions it changes nothing; with SA, S or U in each row, or as a full
// deck without the column, it says what the card has.
func TestADownloadUploadsAsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		if len(card) == 0 {
			t.Skip("no valid rate")
		}
		format := rapid.SampledFrom(formats).Draw(t, "format")
		file := write(t, format, rapid.SampledFrom([]string{"", "GBP", "TRY"}).Draw(t, "currency"), card)
		at := rapid.SampledFrom([]int64{1, int64(20 * 24 * time.Hour), 1_800_000_000_000_000_000}).Draw(t, "at")

		idle, report := read(t, file, deck.Options{})
		if len(idle) != 0 || report.Idle != int64(len(card)) || report.Rows != report.Idle || !report.Actions {
			t.Fatalf("%s: %d entries, %+v", format, len(idle), report)
		}
		for _, action := range []string{"SA", "S", "U", "-"} {
			entries, report := read(t, edit(t, format, file, action), deck.Options{})
			if diff := cmp.Diff(card, ratesOf(entries)); diff != "" {
				t.Fatalf("%s with %s (-card +file)\n%s", format, action, diff)
			}
			of := map[string]ratecard.Action{"SA": ratecard.SetOrAdd, "S": ratecard.Set, "U": ratecard.Update, "-": ratecard.Put}[action]
			o := ratecard.Options{At: at}
			if action == "-" {
				o.Kind = ratecard.FullAZ
			}
			next, result, err := ratecard.Apply(ratecard.Rows(card), func(yield func(ratecard.Command, error) bool) {
				for _, e := range entries {
					if !yield(command(e, of), nil) {
						return
					}
				}
			}, o)
			if err != nil {
				t.Fatal(err)
			}
			var rates []rating.Rate
			for r := range next.All() {
				rates = append(rates, r)
			}
			if diff := cmp.Diff(card, rates); diff != "" || !result.Same() || result.Unchanged != int64(len(card)) || len(report.Ignored) > 0 {
				t.Fatalf("%s with %s: %+v (-was +is)\n%s", format, action, result, diff)
			}
		}
	})
}

// Each field of a rate alone makes the round trip in each format: one that is new
// fails here until it does.
func TestEveryFieldComesBack(t *testing.T) {
	base := rating.Rate{Prefix: "44", Destination: "UK", Price1: 1, PriceN: 2, Interval1: 60, IntervalN: 60}
	for i := range reflect.TypeFor[rating.Rate]().NumField() {
		field := reflect.TypeFor[rating.Rate]().Field(i).Name
		r := base
		switch f := reflect.ValueOf(&r).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("7")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int64:
			f.SetInt(1)
		case reflect.Slice:
			r = rating.Rate{Prefix: "44", Tiers: []rating.Tier{{From: 1, Price: 1}}}
		default:
			f.SetUint(2)
		}
		switch field {
		case "Service":
			r.Prefix = ""
		case "Local":
			r.Area = "West"
		}
		if err := r.Validate(); err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		for _, format := range formats {
			entries, _ := read(t, edit(t, format, write(t, format, "GBP", []rating.Rate{r}), "SA"), deck.Options{})
			if diff := cmp.Diff([]rating.Rate{r}, ratesOf(entries)); diff != "" {
				t.Errorf("%s as %s (-was +is)\n%s", field, format, diff)
			}
		}
	}
}
