package deck

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// dialect is one of the ways in which carriers write the same rates.
type dialect struct {
	comma, newline     string
	mark, decimalComma bool
	quoteAll           bool
	prefixStyle        string   // with %s for the digits
	columns            []string // of the deck, in their order
	blank              bool     // blank lines and empty rows between
	upper, underscores bool     // headers
	dateLayout         string
}

var prefixStyles = []string{"%s", "+%s", "00%s", "'%s", `="%s"`, " %s ", "\u00a0+%s"}

func drawDialect(t *rapid.T) dialect {
	boolean := rapid.Bool()
	d := dialect{
		comma: rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "comma"), newline: rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "newline"),
		mark: boolean.Draw(t, "mark"), decimalComma: boolean.Draw(t, "decimalComma"), quoteAll: boolean.Draw(t, "quoteAll"),
		prefixStyle: rapid.SampledFrom(prefixStyles).Draw(t, "prefixStyle"), blank: boolean.Draw(t, "blank"),
		upper: boolean.Draw(t, "upper"), underscores: boolean.Draw(t, "underscores"),
		dateLayout: rapid.SampledFrom([]string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02T15:04:05+00:00"}).Draw(t, "dates"),
	}
	intervals := rapid.SampledFrom([][]string{{"interval 1", "interval n"}, {"mcd", "pulse"}, {"billing"}, {"increments"}, {"billing increment"}}).Draw(t, "intervals")
	d.columns = rapid.Permutation(append([]string{"dial code", "destination name", "price 1", "price n", "connect fee", "forbidden", "effective date", "remark"}, intervals...)).Draw(t, "columns")
	return d
}

func (d dialect) cell(column string, r rating.Rate) string {
	number := func(p money.Price) string {
		s := p.Amount().Text(2)
		if d.decimalComma {
			s = strings.Replace(s, ".", ",", 1)
		}
		return s
	}
	switch column {
	case "dial code":
		return fmt.Sprintf(d.prefixStyle, r.Prefix)
	case "destination name":
		return r.Destination
	case "price 1":
		return number(r.Price1)
	case "price n":
		return number(r.PriceN)
	case "connect fee":
		return number(r.ConnectionFee)
	case "forbidden":
		return map[bool]string{true: "Yes", false: "0"}[r.Blocked]
	case "interval 1", "mcd":
		return fmt.Sprint(r.Interval1)
	case "interval n", "pulse":
		return fmt.Sprint(r.IntervalN)
	case "billing", "billing increment":
		return fmt.Sprintf("%d/%d", r.Interval1, r.IntervalN)
	case "increments":
		return fmt.Sprintf("%d+%d", r.Interval1, r.IntervalN)
	case "effective date":
		if r.From == 0 {
			return ""
		}
		return time.Unix(0, r.From).UTC().Format(d.dateLayout)
	default:
		return "carrier's own"
	}
}

func (d dialect) row(cells []string) string {
	out := make([]string, len(cells))
	for i, c := range cells {
		if out[i] = c; d.quoteAll || strings.HasPrefix(c, `"`) || strings.ContainsAny(c, "\r\n"+d.comma) {
			out[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
	}
	return strings.Join(out, d.comma) + d.newline
}

func (d dialect) print(rates []rating.Rate) string {
	var b strings.Builder
	if d.mark {
		b.WriteString("\ufeff")
	}
	headers := slices.Clone(d.columns)
	for i, h := range headers {
		if d.upper {
			h = strings.ToUpper(h)
		}
		if d.underscores {
			h = strings.ReplaceAll(h, " ", "_")
		}
		headers[i] = h
	}
	b.WriteString(d.row(headers))
	for _, r := range rates {
		if d.blank {
			b.WriteString(d.newline + strings.Repeat(d.comma, len(headers)-1) + d.newline)
		}
		cells := make([]string, len(d.columns))
		for i, c := range d.columns {
			cells[i] = d.cell(c, r)
		}
		b.WriteString(d.row(cells))
	}
	return b.String()
}

func drawRate(t *rapid.T) rating.Rate {
	price := rapid.Custom(func(t *rapid.T) money.Price {
		return money.Price(rapid.Int64Range(0, 9_000_000).Draw(t, "units") * rapid.SampledFrom([]int64{1, 1e6, 1e10, 1e12}).Draw(t, "scale"))
	})
	r := rating.Rate{
		Prefix: rapid.StringMatching(`[1-9][0-9]{0,14}`).Draw(t, "prefix"),
		// An apostrophe in front may be there to keep a spreadsheet from computing.
		Destination:   strings.TrimLeft(strings.Join(strings.Fields(rapid.StringMatching(`[A-Za-zÀ-ž0-9 ,;|'"&-]{0,30}`).Draw(t, "name")), " "), "' "),
		Interval1:     rapid.Uint32Range(0, rating.MaxInterval).Draw(t, "interval 1"),
		IntervalN:     rapid.Uint32Range(0, rating.MaxInterval).Draw(t, "interval n"),
		ConnectionFee: price.Draw(t, "fee"),
	}
	if rapid.Bool().Draw(t, "dated") {
		r.From = time.Date(2026, 1, 1+rapid.IntRange(0, 700).Draw(t, "from"), 0, 0, 0, 0, time.UTC).UnixNano()
	}
	if r.Blocked = rapid.Bool().Draw(t, "blocked"); !r.Blocked {
		if r.Interval1 > 0 || r.IntervalN > 0 {
			r.Price1 = price.Draw(t, "price 1")
		}
		if r.IntervalN > 0 {
			r.PriceN = price.Draw(t, "price n")
		}
	}
	return r
}

// Whatever way a carrier writes its deck, the same rates come out of it.
func TestEveryDialectReadsAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := rapid.SliceOfNDistinct(rapid.Custom(drawRate), 1, 8, func(r rating.Rate) string { return r.Prefix }).Draw(t, "rates")
		text := drawDialect(t).print(rates)
		got, bad, rep, err := read(text, Options{})
		if err != nil || len(bad) > 0 {
			t.Fatalf("%v %q\n%s", err, bad, text)
		}
		if diff := cmp.Diff(rates, got); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%s", diff, text)
		}
		if rep.AssumedIntervals || rep.Rows != int64(len(rates)) {
			t.Fatalf("report %+v", rep)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"prefix,rate\n44,0.01\n", "\"DESTINATION\",\"PREFIX\",\"RATE\"\n\"Aero\",88299,\"1,9989\"\n",
		"code;name;price 1;price n;interval 1;interval n;setup;forbidden\n+44;UK;0,5;0,1;60;0;0,1;1\n",
		"dial codes\trate/min\tbilling\n44\t1\t60/1\n44\t1\t60/1\n44\t2\t60/1\n", "prefix,rate\n=\"0044\",-1\n1.4E+10,1\n,\n44,\"1\n",
		"\ufeffprefix|rate|billing increment|status\n4 4|1.5|6|blocked\n", "\xff\xfep\x00",
	} {
		f.Add(s, uint32(0), uint32(0))
	}
	f.Add("prefix,rate\n44,0.01\n", uint32(30), uint32(6))
	f.Add("kind,service,prefix,inter,intra,price unit,grace,effective from,effective to,band,area,local price,max charge\n"+
		"voice,,1,0.1,0.2,increment,30,2026-01-01,2026-02-01T00:00:00Z,Peak,X,0.05,1\nsms,alerts,,1,-1,call,,,,,,,\n", uint32(0), uint32(0))
	for _, s := range []string{
		"prefix,rate,EEA surcharge,origin,Surcharge\n44,0.01,0.1,,\n45,1,10%,,\n46,1,,US,0.5\n47,-1,blocked,,\n44,1.1,,EEA,\n",
		"code;price;OBR surcharge EU %;Surcharge non-EEA;from;status\n44;1;12,5;0,000000000001;2026-12-01;closed\n44;;1%;-1;;\n",
		"action,prefix,rate,EEA surcharge\nS,44,1,0.1\nD,45,,\nU,46,1,\n",
	} {
		f.Add(s, uint32(1), uint32(1))
	}
	f.Fuzz(func(t *testing.T, text string, interval1, intervalN uint32) {
		o := Options{Interval1: interval1, IntervalN: intervalN, Rated: func(prefix, group string) bool { return len(prefix)%2 == 0 }}
		rates, bad, rep, err := read(text, o)
		if rep.Rates != int64(len(rates)) || rep.Used > rep.Rates || rep.Bad > int64(len(bad)) || rep.Bad == 0 && len(bad) > 0 || rep.Rows != rep.Used+rep.Merged+rep.Notes+rep.Idle+rep.Bad {
			t.Errorf("counts do not add up: %+v, %d rates, %q", rep, len(rates), bad)
		}
		seen := map[string]bool{}
		for _, r := range rates {
			asks := fmt.Sprint(r.Kind, r.Prefix, " ", r.Service, " ", r.Class, " ", r.Band, " ", r.Origin, " ", r.Local, " ", r.Tag, " ", r.From)
			if rep.Actions && (r.Prefix == "" || r.PriceN == 0) {
				continue // an action may say as little as an id
			}
			if err := r.Validate(); err != nil || r.Prefix+r.Service == "" || seen[asks] || r.Blocked && r.Price1+r.PriceN != 0 {
				t.Errorf("rate %+v: %v, seen %v", r, err, seen[asks])
			}
			seen[asks] = true
		}
		rates2, bad2, rep2, err2 := read(text, o)
		if fmt.Sprint(err) != fmt.Sprint(err2) || !cmp.Equal(rates, rates2) || !cmp.Equal(bad, bad2) || !cmp.Equal(rep, rep2) {
			t.Error("the same deck was read differently the second time")
		}
	})
}
