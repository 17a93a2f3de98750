package numbering

// Place is what the numbers are that begin with a prefix of a deck: a prefix
// has a region and a type only where all valid numbers under it have them.
type Place struct {
	// Region is the region of all of them: their country alone, where they are
	// in several US states, and 0 where they are in several countries, or in
	// none (+1 toll-free, a code that is not in use).
	Region RegionID
	// Main is the country that a list names: that of Region or, of several
	// countries that share a calling code, the first in libphonenumber's order
	// with numbers under the prefix, such as GB for 44. 0 where there is none.
	Main RegionID
	// Type is Mixed where they are of several types, Unknown where there are
	// none. Voicemail numbers, which are those of fixed and mobile lines with
	// digits in or after them, count only where there are no others.
	Type Type
}

// EnglishName returns what a list shows as the country: the name of the
// region; "United Kingdom and others" where several countries share the prefix;
// "several countries" for the beginning of calling codes; "" where nothing is
// known.
func (p Place) EnglishName() string {
	switch {
	case p.Region != 0:
		return p.Region.EnglishName()
	case p.Main != 0:
		return p.Main.EnglishName() + " and others"
	case p.Type == Mixed:
		return "several countries"
	}
	return ""
}

// Places tells the place of a prefix. It is safe for use by any number of
// goroutines.
type Places struct {
	nodes   []placeNode // of a tree of digits; 0 is the root
	places  []Place
	version string
}

// placeNode is a prefix, with what each next digit leads to: another node, or
// leaf + the place of all prefixes that go on so.
type placeNode struct {
	next  [10]uint16
	place uint16
}

const leaf = 1 << 15

// Of returns the place of the numbers in E.164, without plus, that begin with
// the digits of prefix. The empty one is that of all numbers; one that is not
// digits has the zero Place.
//
// A type or a region holds for every valid number under the prefix. Up to five
// digits, Mixed says that there are several types. After five, it may be one
// that no next digit tells.
//
// A prefix of no valid number, which is not assigned or is longer than numbers
// are, is what all valid numbers around it are. Where they differ, its type is
// Unknown and its region that which Regions gives.
func (p *Places) Of(prefix string) Place {
	at := uint16(0)
	for i := range len(prefix) {
		digit := prefix[i] - '0'
		if digit > 9 {
			return Place{}
		}
		if at = p.nodes[at].next[digit]; at&leaf == 0 {
			continue
		}
		if !digitsOnly(prefix[i+1:]) {
			return Place{}
		}
		return p.places[at&^leaf]
	}
	return p.places[p.nodes[at].place]
}

// Version returns what the table was made of, such as "phonenumbers v1.8.1".
func (p *Places) Version() string { return p.version }
