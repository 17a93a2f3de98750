package ratecard

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

// SetRule gives r what Rules yields under a name. An empty value takes it away.
// No such name, and a value that is none of it, are errors.
func SetRule(r *rating.Rate, name, value string) error {
	x, ok := extraNamed(name)
	if !ok {
		names := make([]string, len(extras))
		for i := range extras {
			names[i] = extras[i].name
		}
		return fmt.Errorf("want one of %s", strings.Join(names, ", "))
	}
	if value == "" {
		clearRule(x, r)
		return nil
	}
	var c cellReader
	if x.read(&c, r, value); c.err != nil {
		return c.err
	}
	// Nanoseconds do not reach all years.
	if at, err := time.Parse(time.RFC3339Nano, value); err == nil && !time.Unix(0, at.UnixNano()).Equal(at) {
		return errors.New("want an instant of the years 1678 to 2261")
	}
	// A switch takes anything but 1 for off.
	if len(x.write(nil, r)) == 0 && strings.Trim(value, "0.") != "" && value != call.Voice.String() {
		return fmt.Errorf("want a value that %s has, such as 1, or none", name)
	}
	return nil
}

func clearRule(x *extra, r *rating.Rate) {
	switch x.name {
	case "kind":
		r.Kind = call.Voice
	case "class":
		r.Class = rating.AnyClass
	case "per":
		r.Per = 0
	case "tiers":
		r.Tiers = nil
	case "from":
		r.From = 0
	case "to":
		r.To = 0
	default:
		// Texts and switches are empty without a value, numbers with 0: one of
		// the two is what the cell takes.
		var c cellReader
		if x.read(&c, r, "0"); len(x.write(nil, r)) > 0 {
			x.read(&c, r, "")
		}
	}
}
