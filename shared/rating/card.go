package rating

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// Card is a rate card opened over its image. It is immutable: any number of
// goroutines may use one.
type Card struct {
	terms Terms
	n     int // entries
	// Sections of the image.
	keys, records, parents, rates, names, ends, text []byte
}

// Open returns the card of an image that BuildImage made. It keeps the image,
// which must not change while the card is in use, and builds nothing per rate:
// one pass over the bytes verifies checksum, order, parents and bounds, and
// every rate. An image that fails is refused with an error that says where.
func Open(image []byte) (*Card, error) {
	c, err := open(image)
	if err != nil {
		return nil, fmt.Errorf("opening a card image: %w", err)
	}
	return c, nil
}

func open(image []byte) (*Card, error) {
	if len(image) < headerSize+crcSize {
		return nil, fmt.Errorf("%d bytes, want at least %d: it is cut short or not a card", len(image), headerSize+crcSize)
	}
	if string(image[:len(imageMagic)]) != imageMagic {
		return nil, fmt.Errorf("it begins with %q, want %q: not a card", image[:len(imageMagic)], imageMagic)
	}
	if v := binary.LittleEndian.Uint32(image[8:]); v != imageVersion {
		return nil, fmt.Errorf("version %d, want %d", v, imageVersion)
	}
	body := image[:len(image)-crcSize]
	if want, got := binary.LittleEndian.Uint32(image[len(body):]), checksum(body); got != want {
		return nil, fmt.Errorf("checksum %08x, want %08x: it is cut short or damaged", got, want)
	}
	terms, counts, err := decodeHeader(image)
	if err != nil {
		return nil, err
	}
	l := counts.layout()
	if uint64(len(image)) != l.size {
		return nil, fmt.Errorf("%d bytes, want %d", len(image), l.size)
	}
	c := &Card{
		terms: terms, n: int(counts.entries),
		keys: image[l.keys:l.records], records: image[l.records:l.parents],
		parents: image[l.parents:l.rates], rates: image[l.rates:l.names], names: image[l.names:l.ends],
		ends: image[l.ends:l.text], text: image[l.text:l.crc],
	}
	if err := c.verifyRecords(); err != nil {
		return nil, err
	}
	if err := c.verifyNames(); err != nil {
		return nil, err
	}
	if err := c.verifyEntries(); err != nil {
		return nil, err
	}
	return c, nil
}

// verifyRecords proves that each record is one that encodeRecord writes and
// holds what Charge relies on.
func (c *Card) verifyRecords() error {
	for i := 0; i*recordSize < len(c.records); i++ {
		b := c.records[i*recordSize:][:recordSize]
		r := decodeRecord(b)
		if err := r.Validate(); err != nil {
			return fmt.Errorf("rate record %d: %w", i, err)
		}
		if encodeRecord(r) != [recordSize]byte(b) {
			return fmt.Errorf("rate record %d: unknown flags % x", i, b[32:])
		}
	}
	return nil
}

func (c *Card) verifyNames() error {
	start := uint32(0)
	for i := range len(c.ends) / 4 {
		end := at32(c.ends, i)
		if end < start || uint64(end) > uint64(len(c.text)) {
			return fmt.Errorf("name %d ends at byte %d, want %d to %d", i, end, start, len(c.text))
		}
		if name := c.text[start:end]; len(name) > MaxDestination || !utf8.Valid(name) {
			return fmt.Errorf("name %d is not at most %d bytes of UTF-8", i, MaxDestination)
		}
		start = end
	}
	if int(start) != len(c.text) {
		return fmt.Errorf("the names end at byte %d, want %d", start, len(c.text))
	}
	return nil
}

// verifyEntries proves that keys are digits in ascending order, that every
// index has something to point at, and that each parent is the one BuildImage
// gives, so that it is less than its entry's own index and every walk ends.
func (c *Card) verifyEntries() error {
	records, names := uint32(len(c.records)/recordSize), uint32(len(c.ends)/4)
	for i := range c.n {
		key := c.key(i)
		if !isKey(key) {
			return fmt.Errorf("entry %d: key %016x is not a prefix", i, key)
		}
		if i > 0 && c.key(i-1) >= key {
			return fmt.Errorf("entry %d: key %016x is not above the one before it", i, key)
		}
		if r, n := at32(c.rates, i), at32(c.names, i); r >= records || n >= names {
			return fmt.Errorf("entry %d: record %d and name %d, want less than %d and %d", i, r, n, records, names)
		}
		parent := i - 1
		for parent >= 0 && !isPrefix(c.key(parent), key) {
			parent = c.parent(parent)
		}
		if c.parent(i) != parent {
			return fmt.Errorf("entry %d: parent %d, want %d", i, c.parent(i), parent)
		}
	}
	return nil
}

func at32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }

// key returns the prefix of entry i.
func (c *Card) key(i int) uint64 { return binary.LittleEndian.Uint64(c.keys[8*i:]) }

// parent returns the entry of the longest proper prefix of entry i, or -1.
func (c *Card) parent(i int) int { return int(at32(c.parents, i)) - 1 }

// rate returns what entry i costs, without its prefix and name.
func (c *Card) rate(i int) Rate {
	return decodeRecord(c.records[recordSize*int(at32(c.rates, i)):])
}

// Terms returns the rules that hold for all rates of the card.
func (c *Card) Terms() Terms { return c.terms }

// Len returns the number of rates.
func (c *Card) Len() int { return c.n }

// At returns rate i in ascending order of prefix, a prefix before all it
// begins. It panics unless 0 <= i < Len.
func (c *Card) At(i int) Rate {
	r := c.rate(i)
	r.Prefix = keyText(c.key(i))
	name, start := int(at32(c.names, i)), uint32(0)
	if name > 0 {
		start = at32(c.ends, name-1)
	}
	r.Destination = string(c.text[start:at32(c.ends, name)])
	return r
}

// Lookup returns the rate with the longest prefix that begins number (digits),
// or -1 and false when there is none. A number with another character among
// its first MaxPrefix matches nothing. It does not allocate.
func (c *Card) Lookup(number string) (i int, ok bool) {
	key, ok := keyOf(number)
	if !ok {
		return -1, false
	}
	// Any prefix of the number sorts at or before it, and whatever sorts
	// between the two begins with that prefix: so the last entry not after the
	// number is the longest match or one of its descendants.
	for n := c.n; n > 1; {
		half := n / 2
		// Go up by half if the key there is not above ours: by the borrow, since
		// a branch would be guessed wrong every other time.
		_, above := bits.Sub64(key, c.key(i+half), 0)
		i += half & (int(above) - 1)
		n -= half
	}
	// Below the first entry, entry 0 is no prefix and has no parent.
	for ; i >= 0 && i < c.n; i = c.parent(i) {
		if isPrefix(c.key(i), key) {
			return i, true
		}
	}
	return -1, false
}
