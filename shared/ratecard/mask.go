package ratecard

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tollbook/tollbook/shared/rating"
)

// Mask picks rates by the name of their destination: all of it, or its first
// letters and a percent sign (wiki.kolmisoft.com/index.php/M2_Rates). Upper and
// lower case are the same; "%" is every rate.
type Mask struct {
	name  string // in lower case
	begin bool
}

// ParseMask reads a mask.
func ParseMask(s string) (Mask, error) {
	name, begin := strings.CutSuffix(strings.TrimSpace(s), "%")
	switch {
	case name == "" && !begin:
		return Mask{}, errors.New("an empty mask: want a destination's name, its first letters and %, or % for all")
	case strings.Contains(name, "%"):
		return Mask{}, fmt.Errorf("mask %q: want one %% at the end", clip(s))
	}
	return Mask{strings.ToLower(name), begin}, nil
}

// Matches reports whether the mask picks a destination.
func (m Mask) Matches(destination string) bool {
	destination = strings.ToLower(destination)
	if m.begin {
		return strings.HasPrefix(destination, m.name)
	}
	return destination == m.name
}

// Change yields the commands that change the rates of a mask, for Apply: of
// those that have not ended at an instant (Unix nanoseconds, 0: of all), what
// change makes of each. Their lines are the places of the rates, from 1. An
// error of rates or of change ends it.
func (m Mask) Change(rates iter.Seq2[rating.Rate, error], at int64, change func(*rating.Rate) error) iter.Seq2[Command, error] {
	return commandsFor(rates, func(c *Command) (bool, error) {
		if !m.Matches(c.Rate.Destination) || c.Rate.To != 0 && at != 0 && c.Rate.To <= at {
			return false, nil
		}
		c.Action = Update
		if err := change(&c.Rate); err != nil {
			return false, fmt.Errorf("prefix %q: %w", c.Rate.Prefix, err)
		}
		return true, nil
	})
}

// DeleteAll yields the commands that delete all rates, for Apply.
func DeleteAll(rates iter.Seq2[rating.Rate, error]) iter.Seq2[Command, error] {
	return commandsFor(rates, func(c *Command) (bool, error) {
		c.Action = Delete
		return true, nil
	})
}

// commandsFor yields a command for each rate that make makes one for.
func commandsFor(rates iter.Seq2[rating.Rate, error], make func(*Command) (bool, error)) iter.Seq2[Command, error] {
	return func(yield func(Command, error) bool) {
		line := int64(0)
		for r, err := range rates {
			var c Command
			ok := false
			if line++; err == nil {
				c = Command{Line: line, ID: ID(&r), Rate: r}
				ok, err = make(&c)
			}
			if err != nil {
				yield(Command{}, fmt.Errorf("changing rates: rate %d: %w", line, err))
				return
			}
			if ok && !yield(c, nil) {
				return
			}
		}
	}
}
