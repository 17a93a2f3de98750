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

// DeleteAll yields the commands that delete all rates, for Apply. Their lines are
// the places of the rates, from 1.
func DeleteAll(rates iter.Seq2[rating.Rate, error]) iter.Seq2[Command, error] {
	return func(yield func(Command, error) bool) {
		line := int64(0)
		for r, err := range rates {
			if line++; err != nil {
				yield(Command{}, fmt.Errorf("deleting rates: rate %d: %w", line, err))
				return
			}
			if !yield(Command{Line: line, Action: Delete, ID: ID(&r), Rate: r}, nil) {
				return
			}
		}
	}
}
