package call

// Direction says whether the customer made the usage or received it.
type Direction uint8

// The directions.
const (
	Outbound Direction = iota
	Inbound
)

// String returns the direction's name.
func (d Direction) String() string {
	if d == Inbound {
		return "inbound"
	}
	return "outbound"
}
