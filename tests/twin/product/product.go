// Package product says a twin's card and usage in the product's types, and
// compares what the two make of them.
package product

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin"
)

// Card builds and opens the product's card of a twin's.
func Card(t twin.Terms, rates []twin.Rate) (*rating.Card, error) {
	terms, err := Terms(t)
	if err != nil {
		return nil, err
	}
	image, err := rating.BuildImage(terms, func(yield func(rating.Rate, error) bool) {
		for _, r := range rates {
			if !yield(Rate(r)) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return rating.Open(image)
}

// converter keeps the first error of many small readings.
type converter struct{ err error }

func (c *converter) price(s string) money.Price {
	if s == "" {
		return 0
	}
	p, err := money.ParsePrice(s)
	c.keep(err)
	return p
}

func (c *converter) keep(err error) {
	if c.err == nil {
		c.err = err
	}
}

func pick[T any](c *converter, what, name string, of map[string]T) T {
	v, ok := of[name]
	if !ok {
		c.keep(fmt.Errorf("%s %q", what, name))
	}
	return v
}

var (
	kinds     = map[string]call.Kind{"": call.Voice, twin.Voice: call.Voice, twin.SMS: call.SMS, twin.Data: call.Data, twin.Event: call.Event}
	roundings = map[string]money.Rounding{"": money.HalfUp, "half-up": money.HalfUp, "half-down": money.HalfDown, "up": money.Up, "down": money.Down}
	models    = map[string]rating.IncrementModel{
		"": rating.FirstThenPulse, twin.FirstThenPulse: rating.FirstThenPulse, twin.WholeCallMultiple: rating.WholeCallMultiple, twin.Continuous: rating.Continuous,
	}
	graces        = map[string]rating.GraceMode{twin.GraceUnder: rating.GraceUnder, twin.GraceUpTo: rating.GraceUpTo, twin.GraceDeducted: rating.GraceDeducted}
	presentations = map[string]rating.Presentation{
		twin.SingleRate: rating.SingleRate, twin.InterIntra: rating.InterIntra,
		twin.InterIntraIndeterminate: rating.InterIntraIndeterminate, twin.LocalEEAInternational: rating.LocalEEAInternational,
	}
	classes = map[string]rating.Class{
		twin.AnyClass: rating.AnyClass, twin.Intrastate: numbering.Intrastate, twin.Interstate: numbering.Interstate,
		twin.Indeterminate: numbering.Indeterminate, twin.Local: numbering.Local, twin.EEA: numbering.EEACall, twin.International: numbering.International,
	}
	days = map[string]band.Day{
		"mon": band.Monday, "tue": band.Tuesday, "wed": band.Wednesday, "thu": band.Thursday, "fri": band.Friday, "sat": band.Saturday,
		"sun": band.Sunday, "holiday": band.Holiday,
	}
)

// Terms says a twin's terms as the product's.
func Terms(t twin.Terms) (rating.Terms, error) {
	var c converter
	out := rating.Terms{
		Currency: t.Currency, Decimals: t.Decimals, Rounding: pick(&c, "rounding", t.Rounding, roundings),
		DurationRounding: pick(&c, "rounding", t.DurationRounding, roundings), KeepFractions: t.KeepFractions,
		Model: pick(&c, "model", t.Model, models), ChargeZeroSeconds: t.ChargeZeroSeconds, ShortDigits: t.ShortDigits,
		Grace: uint32(t.Grace), GraceMode: pick(&c, "grace mode", t.GraceMode, graces), Free: uint32(t.Free), FreeFirst: t.FreeFirst,
		Minimum: uint32(t.Minimum), MinCharge: c.price(t.MinCharge), MaxCharge: c.price(t.MaxCharge),
		Surcharge: c.price(t.Surcharge), Access: c.price(t.Access),
		Presentation: pick(&c, "presentation", t.Presentation, presentations), DearerIndeterminate: t.DearerIndeterminate,
		EEAFrom: t.EEAFrom, EEATo: t.EEATo, ByLRN: t.ByLRN,
	}
	for _, o := range t.Origins {
		out.Origins = append(out.Origins, rating.Origin{Name: o.Name, Prefixes: o.Prefixes, Invalid: o.Invalid})
	}
	for _, s := range t.Surcharges {
		out.Surcharges = append(out.Surcharges, rating.OriginSurcharge{Origin: s.Origin, To: s.To, PerMinute: c.price(s.PerMinute), PerCall: c.price(s.PerCall)})
	}
	if t.Bands != nil {
		out.Bands = c.bands(t.Bands)
	}
	return out, c.err
}

func (c *converter) bands(b *twin.Bands) *band.Set {
	out := &band.Set{Zone: b.Zone, Split: b.Split, Names: b.Names}
	clock := func(s string) band.TimeOfDay {
		v, err := band.ParseTimeOfDay(s)
		c.keep(err)
		return v
	}
	for _, w := range b.Windows {
		x := band.Window{Band: w.Band, From: clock(w.From), To: clock(w.To), Months: w.Months, MonthDays: w.MonthDays, Years: w.Years}
		for _, d := range w.Days {
			x.Days = append(x.Days, pick(c, "day", d, days))
		}
		out.Windows = append(out.Windows, x)
	}
	for _, d := range b.Dates {
		var on band.On
		c.keep(on.UnmarshalText([]byte(d.On)))
		out.Dates = append(out.Dates, band.Date{On: on, As: pick(c, "day", d.As, days)})
	}
	return out
}

// Rate says a twin's row as the product's.
func Rate(r twin.Rate) (rating.Rate, error) {
	var c converter
	out := rating.Rate{
		Kind: pick(&c, "kind", r.Kind, kinds), Prefix: r.Prefix, Service: r.Service, Destination: r.Destination,
		Price1: c.price(r.Price1), PriceN: c.price(r.PriceN), Per: uint32(r.Per), Interval1: uint32(r.Interval1), IntervalN: uint32(r.IntervalN),
		ConnectionFee: c.price(r.ConnectionFee), Minimum: uint32(r.Minimum), MinCharge: c.price(r.MinCharge), MaxCharge: c.price(r.MaxCharge),
		Grace: uint32(r.Grace), NoGrace: r.NoGrace, Free: uint32(r.Free), Access: r.Access, Blocked: r.Blocked, AssumedPulse: r.AssumedPulse,
		From: r.From, To: r.To, Class: pick(&c, "class", r.Class, classes), Band: r.Band, Origin: r.Origin, Area: r.Area, Local: r.Local, Tag: r.Tag,
		MinDigits: uint8(r.MinDigits), MaxDigits: uint8(r.MaxDigits),
	}
	out.Access = out.Access && out.Kind == call.Voice // the product refuses it for others, the twin looks away
	for _, t := range r.Tiers {
		out.Tiers = append(out.Tiers, rating.Tier{
			From: uint32(t.From), Length: uint32(t.Length), Event: t.Event, Every: uint32(t.Every), RoundUp: uint32(t.RoundUp),
			Price: c.price(t.Price), Per: uint32(t.Per),
		})
	}
	return out, c.err
}

// Usage says a twin's usage as the product's.
func Usage(u twin.Usage) (rating.Usage, error) {
	var c converter
	zone, err := zoneOf(u.Zone)
	c.keep(err)
	return rating.Usage{
		Kind: pick(&c, "kind", u.Kind, kinds), Number: u.Number, Caller: u.Caller, LRN: u.LRN, CallerLRN: u.CallerLRN,
		Service: u.Service, Tag: u.Tag, Instant: u.Instant, Quantity: u.Quantity, Zone: zone,
	}, c.err
}

var zones sync.Map // name → *time.Location: reading one from its file takes longer than a charge

func zoneOf(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}

var openRegions = sync.OnceValues(func() (*numbering.Regions, error) { return numbering.OpenRegions(numbering.Embedded()) })

// Locate puts into a twin's usage the regions that the product's table gives
// its numbers: where a number is, is data, and no rule of pricing.
func Locate(t twin.Terms, u *twin.Usage) error {
	regions, err := openRegions()
	if err != nil {
		return err
	}
	rated, caller := u.Number, u.Caller
	if t.ByLRN && u.LRN != "" {
		rated = u.LRN
	}
	if t.ByLRN && u.CallerLRN != "" {
		caller = u.CallerLRN
	}
	u.NumberRegion, u.CallerRegion = "", ""
	if key, ok := prefix.KeyOf(rated); ok {
		u.NumberRegion = regions.Of(key).Name()
	}
	if key, ok := prefix.KeyOf(caller); ok && numbering.ValidCaller(key) {
		u.CallerRegion = regions.Of(key).Name()
	}
	return nil
}

// Compare returns what differs between a charge and the twin's, or "".
func Compare(got rating.Charge, want twin.Result) string {
	var out []string
	differ := func(what string, got, want any) {
		if got != want {
			out = append(out, fmt.Sprintf("%s %v, want %v", what, got, want))
		}
	}
	differ("reason", string(got.Reason), want.Reason)
	differ("prefix", got.Prefix, want.Prefix)
	differ("billed", got.Billed, uint64(want.Billed))
	if want.Reason == "" {
		differ("amount", got.Amount.String(), want.Amount)
	}
	differ("flags", got.Flags.String(), strings.Join(want.Flags, "|"))
	return strings.Join(out, "; ")
}
