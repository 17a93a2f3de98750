package rating

import "encoding/binary"

// Divide is the one division of a charge of at most 128 bits.
var Divide = divide

// Seal makes the checksum of an image right again, so that what is behind it
// is tested.
func Seal(image []byte) []byte {
	body := len(image) - crcSize
	binary.LittleEndian.PutUint32(image[body:], checksum(image[:body]))
	return image
}

// Sections are the parts of an image, which they lie in, by name.
func Sections(image []byte) map[string][]byte {
	parts, err := disassemble(image)
	if err != nil {
		panic(err)
	}
	out := map[string][]byte{"head": image[:headSize]}
	for i, name := range [sections]string{"meta", "rates", "shapes", "tiers", "patterns", "conds", "names", "text", "origins", "ranks", "regions", "voice", "sms", "data", "event"} {
		out[name] = parts[i]
	}
	return out
}

// With returns an image with another section of a name.
func With(image []byte, name string, section []byte) []byte {
	parts, err := disassemble(image)
	if err != nil {
		panic(err)
	}
	for i, of := range map[int]string{metaSection: "meta", rateSection: "rates", patternSection: "patterns", condSection: "conds", nameSection: "names", regionSection: "regions", kindSection: "voice"} {
		if of == name {
			parts[i] = section
		}
	}
	out, err := assemble(&parts)
	if err != nil {
		panic(err)
	}
	return out
}

// Sizes of what sections hold.
const (
	ShapeSize, TierSize, CondSize = shapeSize, tierSize, condSize
	MinImage                      = headSize + crcSize
)

// Names writes a table of ascending names and reads it: they, and the one after
// the last.
func Names(names []string) (out []string, err error) {
	t, err := openNames(appendNames(names))
	for i := range uint32(len(names) + 1) {
		out = append(out, t.at(i))
	}
	return out, err
}

// Unpacked returns the card as it is where callers may be in more groups than
// are packed.
func (c *Card) Unpacked() *Card {
	other := *c
	other.packed = nil
	return &other
}
