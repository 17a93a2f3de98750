package money

import "fmt"

// Rounding says what becomes of the digits that are cut off. Up is away from
// zero and Down toward zero, so a credit mirrors its charge; HalfDown differs
// from HalfUp on exact ties only.
type Rounding uint8

// The four methods. The zero value is none of them: a method is always chosen.
const (
	HalfUp Rounding = iota + 1
	HalfDown
	Up
	Down
)

var roundingNames = map[Rounding]string{HalfUp: "half-up", HalfDown: "half-down", Up: "up", Down: "down"}

// String returns the name that ParseRounding reads.
func (r Rounding) String() string {
	if name, ok := roundingNames[r]; ok {
		return name
	}
	return fmt.Sprintf("Rounding(%d)", uint8(r))
}

// Valid reports whether r is one of the four methods.
func (r Rounding) Valid() bool { return r >= HalfUp && r <= Down }

// ParseRounding reads half-up, half-down, up or down.
func ParseRounding(s string) (Rounding, error) {
	for r, name := range roundingNames {
		if s == name {
			return r, nil
		}
	}
	return 0, fmt.Errorf("rounding %q: want half-up, half-down, up or down", s)
}

// MarshalText writes the method's name.
func (r Rounding) MarshalText() ([]byte, error) {
	if !r.Valid() {
		return nil, fmt.Errorf("no such rounding method: %d", uint8(r))
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads the method's name.
func (r *Rounding) UnmarshalText(b []byte) error {
	v, err := ParseRounding(string(b))
	if err != nil {
		return err
	}
	*r = v
	return nil
}

// bump reports whether a quotient is raised by one, given how the cut-off part
// compares with one half (-1, 0, +1) and whether anything was cut off at all.
func (r Rounding) bump(vsHalf int, inexact bool) bool {
	switch r {
	case Up:
		return inexact
	case HalfUp:
		return vsHalf >= 0
	case HalfDown:
		return vsHalf > 0
	default:
		return false
	}
}
