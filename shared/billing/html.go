package billing

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

//go:embed invoice.html
var pageSource string

// pageTemplate is parsed once: a run writes thousands of pages.
var pageTemplate = template.Must(template.New("invoice").Funcs(template.FuncMap{"minutes": minutes, "monthName": monthName}).Parse(pageSource))

// page is what the template sees: the invoice, and its texts.
type page struct {
	Invoice
	Title, Sum   string
	Digits       int
	First, Last  string
	Issued       string
	Rounds       bool // some line was rounded
	OtherPeriods bool // some line is of another period
}

// WriteHTML writes the invoice as one page to read and to print: no scripts,
// nothing fetched from elsewhere. An invoice that fails Check is not written.
func WriteHTML(w io.Writer, inv Invoice) error {
	if err := inv.Check(); err != nil {
		return err
	}
	zone, err := location(inv.Zone)
	if err != nil {
		return fmt.Errorf("invoice %s: %w", inv.Number, err)
	}
	digits, err := Digits(inv.Currency)
	if err != nil {
		return fmt.Errorf("invoice %s: %w", inv.Number, err)
	}
	p := page{
		Invoice: inv, Title: "Invoice", Sum: "Total due", Digits: digits, First: day(inv.From), Last: day(inv.To),
		Issued: inv.IssuedAt.In(zone).Format("2 January 2006"),
	}
	if IsStatement(inv.Number) {
		p.Title, p.Sum = "Statement of cost", "Total cost"
	}
	for _, l := range inv.Lines {
		p.Rounds = p.Rounds || !l.Residue.IsZero()
		p.OtherPeriods = p.OtherPeriods || l.Period != inv.Period
	}
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("invoice %s as a page: %w", inv.Number, err)
	}
	return nil
}

func day(d period.Date) string {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format("2 January 2006")
}

func monthName(m period.Month) string {
	return time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC).Format("January 2006")
}

// minutes shows the billed seconds of calls as minutes:seconds, the unit that
// bundles count in. Other usage has none.
func minutes(l Line) string {
	for k := call.SMS; k.Valid(); k++ {
		if l.Key == string(KindUsage)+":"+k.String() {
			return ""
		}
	}
	if l.Calls == 0 && l.Seconds == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%02d", l.Seconds/60, l.Seconds%60)
}
