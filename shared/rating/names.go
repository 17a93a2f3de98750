package rating

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/numbering"
)

// The names that setups and stored rates write, by value; an empty one is of no
// value.
var (
	modelNames        = []string{"", "first_then_pulse", "whole_call_multiple", "continuous"}
	graceModeNames    = []string{"under", "up_to", "deducted"}
	presentationNames = []string{"single_rate", "inter_intra", "inter_intra_indeterminate", "local_eea_international"}
)

func nameOf(names []string, value uint8) string {
	if int(value) < len(names) {
		return names[value]
	}
	return ""
}

func textOfName(what string, names []string, value uint8) ([]byte, error) {
	if name := nameOf(names, value); name != "" {
		return []byte(name), nil
	}
	return nil, fmt.Errorf("no such %s: %d", what, value)
}

func parseName[T ~uint8](what string, names []string, text string) (T, error) {
	if i := slices.Index(names, text); i >= 0 && text != "" {
		return T(i), nil
	}
	known := slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "" })
	return 0, fmt.Errorf("%s %.40q: want %s", what, text, strings.Join(known, ", "))
}

// String returns the name that UnmarshalText reads, empty for no model.
func (m IncrementModel) String() string { return nameOf(modelNames, uint8(m)) }

// MarshalText writes first_then_pulse, whole_call_multiple or continuous.
func (m IncrementModel) MarshalText() ([]byte, error) {
	return textOfName("increment model", modelNames, uint8(m))
}

// UnmarshalText reads what MarshalText writes.
func (m *IncrementModel) UnmarshalText(b []byte) (err error) {
	*m, err = parseName[IncrementModel]("increment model", modelNames, string(b))
	return err
}

// String returns the name that UnmarshalText reads, empty for no mode.
func (m GraceMode) String() string { return nameOf(graceModeNames, uint8(m)) }

// MarshalText writes under, up_to or deducted.
func (m GraceMode) MarshalText() ([]byte, error) {
	return textOfName("grace mode", graceModeNames, uint8(m))
}

// UnmarshalText reads what MarshalText writes.
func (m *GraceMode) UnmarshalText(b []byte) (err error) {
	*m, err = parseName[GraceMode]("grace mode", graceModeNames, string(b))
	return err
}

// String returns the name that UnmarshalText reads, empty for no presentation.
func (p Presentation) String() string { return nameOf(presentationNames, uint8(p)) }

// MarshalText writes single_rate, inter_intra, inter_intra_indeterminate or
// local_eea_international.
func (p Presentation) MarshalText() ([]byte, error) {
	return textOfName("presentation", presentationNames, uint8(p))
}

// UnmarshalText reads what MarshalText writes.
func (p *Presentation) UnmarshalText(b []byte) (err error) {
	*p, err = parseName[Presentation]("presentation", presentationNames, string(b))
	return err
}

// ParseClass reads the name of a class as its String writes it.
func ParseClass(s string) (Class, error) {
	for c := numbering.Intrastate; c <= numbering.Local; c++ {
		if s == c.String() {
			return c, nil
		}
	}
	return AnyClass, fmt.Errorf("class %.40q: want intrastate, interstate, indeterminate, international, eea or local", s)
}
