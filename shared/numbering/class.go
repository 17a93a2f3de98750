package numbering

// Class is what the regions of the two ends of a call make of it: the column
// of a card that prices it.
type Class uint8

// The classes. Jurisdiction gives the first four, Distance the last three.
const (
	Intrastate Class = iota + 1
	Interstate
	Indeterminate
	International
	EEACall
	Local
)

// String returns the class's name as cards write it.
func (c Class) String() string {
	switch c {
	case Intrastate:
		return "intrastate"
	case Interstate:
		return "interstate"
	case Indeterminate:
		return "indeterminate"
	case International:
		return "international"
	case EEACall:
		return "eea"
	case Local:
		return "local"
	}
	return "none"
}

// Jurisdiction classes a call for a card with US columns
// (docs.connexcs.com/routing-usa/, "Identification Examples";
// docs.connexcs.com/provider-ratecard/, columns Cost, Intra and Inter):
//
//	called                    caller                               class
//	not the US                any, or none                         international
//	a US state                the same state                       intrastate
//	a US state                another US state                     interstate
//	a US state                abroad, toll-free, unknown, none     indeterminate
//	no region (US toll-free)  any, or none                         indeterminate
//
// States are compared, not area codes, and not LATAs. Puerto Rico and the
// other territories are states here; Canada and the Caribbean countries of +1
// are abroad. The caller is 0 where its number is missing, withheld or not
// valid (see ValidCaller).
func Jurisdiction(caller, called RegionID) Class {
	// Single steps and no jumps: how far apart the ends are cannot be foretold.
	class := uint32(Interstate)
	if caller == called {
		class = uint32(Intrastate)
	}
	if caller.country() != unitedStates {
		class = uint32(Indeterminate)
	}
	if caller == unitedStates {
		class = uint32(Indeterminate)
	}
	if called == unitedStates {
		class = uint32(Indeterminate)
	}
	if called.country() != unitedStates {
		class = uint32(International)
	}
	if called == 0 {
		class = uint32(Indeterminate)
	}
	return Class(class)
}

// unitedStates is the country; a region of it has a state, too.
const unitedStates RegionID = ('U'-'A')*26<<subdivisionBits + ('S'-'A'+1)<<subdivisionBits

// Distance classes a call for a card with origin columns
// (docs.connexcs.com/customer-ratecard/, "Force Presentation" and "Origin
// Billing"): local where both ends are in one country, else EEA where the
// caller's country is in source and the called one's in destination, else
// international. The lists are the card's; EEA returns the usual ones.
//
// Without a caller's country (no number, one that is not valid, a toll-free or
// a global one) the call is international, and noCaller is true, since some
// carriers add a surcharge to such calls.
func Distance(caller, called RegionID, source, destination *Countries) (c Class, noCaller bool) {
	switch {
	case !caller.isCountry():
		return International, true
	case caller.country() == called.country():
		return Local, false
	case source.Has(caller) && destination.Has(called):
		return EEACall, false
	}
	return International, false
}
