package call

import "fmt"

// Kind is what was used. A call is usage of kind voice.
type Kind uint8

// The kinds, with the unit their quantity is counted in.
const (
	Voice Kind = iota // seconds
	SMS               // messages
	Data              // bytes
	Event             // pieces
)

// Kinds is how many there are.
const Kinds = 4

var kindNames = [Kinds]string{"voice", "sms", "data", "event"}

// Valid reports whether k is one of the kinds.
func (k Kind) Valid() bool { return k < Kinds }

// String returns the name that ParseKind reads.
func (k Kind) String() string {
	if k.Valid() {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// ParseKind reads voice, sms, data or event.
func ParseKind(s string) (Kind, error) {
	for k, name := range kindNames {
		if s == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("kind of usage %q: want voice, sms, data or event", s)
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) {
	if !k.Valid() {
		return nil, fmt.Errorf("no such kind of usage: %d", uint8(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads the kind's name.
func (k *Kind) UnmarshalText(b []byte) error {
	v, err := ParseKind(string(b))
	if err != nil {
		return err
	}
	*k = v
	return nil
}
