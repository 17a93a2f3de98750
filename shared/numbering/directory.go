package numbering

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
)

// A directory image is one immutable object, little-endian, whose sections
// follow each other without gaps in this order, so that their offsets follow
// from the counts.
//
//	offset  bytes  what
//	0       8      magic "tolldirs"
//	8       4      version, 1
//	12      4      e, events
//	16      4      a, accounts
//	20      4      t, bytes of all account names
//	24      4·29   n of each group, entries
//	140     4      zero
//	144     8·…    for each group: n starts, ascending; every 16th of them; every 16th of those; and again
//	        12·e   events: from (8, unix ns, ascending in a history), owner (4)
//	        4·n    the histories of the entries of each group: the index of the first event
//	        4·a    the end of each account's name in the text; it starts where the one before ends
//	        t      text of the accounts, ascending, UTF-8
//	        4      CRC-32C of everything before
//
// An entry is the first number of a run of numbers with one history; the run
// ends before the next entry, or, where the entry is marked single, at once.
// The entry of a gap after a run has a history without owner. The numbers of a
// group have as many digits; those of 20 are in ten groups by the first digit,
// so that the rest fits in 64 bits.
//
// An event is who owns the number from an instant on; the last of a history is
// marked. Equal histories are stored once.
const (
	directoryMagic   = "tolldirs"
	directoryVersion = 1
	directoryHeader  = 24 + 4*groups + 4
	eventSize        = 12

	groups      = 29 // 1 to 19 digits, then 20 digits by the first
	fanout      = 16 // starts in two cache lines
	levels      = 4
	single      = 1 << 31 // of an entry's history
	lastEvent   = 1 << 31 // of an event's owner
	nobody      = 1<<31 - 1
	maxDigits64 = 19
)

// MaxOwnedDigits is the most digits of a number in a directory.
const MaxOwnedDigits = 20

// NoOwner is the account index of a number that nobody owns.
const NoOwner uint32 = math.MaxUint32

// ErrDirectory says that an image's bytes are not what was built.
var ErrDirectory = errors.New("the number directory is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DirectoryKey is a number as a directory takes it. Only DirectoryKeyOf makes
// keys; who owns another key is not defined.
type DirectoryKey struct {
	value uint64
	group uint8
}

// DirectoryKeyOf returns the key of a number of 1 to 20 digits. ok is false
// for any other text; nobody owns such a number.
func DirectoryKeyOf[T string | []byte](number T) (key DirectoryKey, ok bool) {
	n := len(number)
	if n == 0 || n > MaxOwnedDigits {
		return DirectoryKey{group: groups}, false
	}
	v, group := uint64(0), n-1
	for i := range n {
		c := number[i] - '0'
		if c > 9 {
			return DirectoryKey{group: groups}, false
		}
		if i == maxDigits64 {
			// The first digit has become part of the group.
			lead := uint64(number[0] - '0')
			group = maxDigits64 + int(lead)
			v -= lead * 1e18
		}
		v = v*10 + uint64(c)
	}
	return DirectoryKey{value: v, group: uint8(group)}, true
}

// Directory says whose number it is at an instant. It is safe for use by any
// number of goroutines.
type Directory struct {
	groups    [groups]tier
	events    []byte
	histories []byte
	ends      []byte
	text      []byte
	accounts  int
}

// tier is the search tree of a group: its starts, and samples of them.
type tier struct {
	level [levels][]byte // 8 bytes each; level 0 has all
	base  uint32         // index of its first entry among all
}

// OpenDirectory opens an image where it lies; the image must not change while
// the directory is in use. Any damage is ErrDirectory: no image makes a look-up
// panic or return an account that is not there.
func OpenDirectory(image []byte) (*Directory, error) {
	if len(image) < directoryHeader+4 || string(image[:8]) != directoryMagic {
		return nil, fmt.Errorf("%w: no directory here", ErrDirectory)
	}
	if v := binary.LittleEndian.Uint32(image[8:]); v != directoryVersion {
		return nil, fmt.Errorf("%w: version %d, want %d", ErrDirectory, v, directoryVersion)
	}
	body := image[:len(image)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(image[len(body):]) {
		return nil, fmt.Errorf("%w: its checksum differs", ErrDirectory)
	}
	events, accounts := word(image, 3), word(image, 4)
	text := word(image, 5)
	d := &Directory{accounts: int(accounts)}
	rest, entries, ok := body[directoryHeader:], uint64(0), true
	for g := range d.groups {
		d.groups[g].base = uint32(entries)
		n := uint64(word(image, 6+g))
		entries += n
		for l := range d.groups[g].level {
			if d.groups[g].level[l], rest, ok = section(rest, n, 8); !ok {
				return nil, fmt.Errorf("%w: it is cut off", ErrDirectory)
			}
			n = (n + fanout - 1) / fanout
		}
	}
	for _, s := range []struct {
		to    *[]byte
		n     uint64
		bytes uint64
	}{
		{&d.events, uint64(events), eventSize}, {&d.histories, entries, 4}, {&d.ends, uint64(accounts), 4}, {&d.text, uint64(text), 1},
	} {
		if *s.to, rest, ok = section(rest, s.n, s.bytes); !ok {
			return nil, fmt.Errorf("%w: it is cut off", ErrDirectory)
		}
	}
	if len(rest) != 0 || entries >= single || word(image, 6+groups) != 0 {
		return nil, fmt.Errorf("%w: its counts do not fit", ErrDirectory)
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return d, nil
}

// section splits n records off b.
func section(b []byte, n, size uint64) (s, rest []byte, ok bool) {
	if n > uint64(len(b))/size {
		return nil, nil, false
	}
	return b[:n*size], b[n*size:], true
}

func word(b []byte, i int) uint32    { return binary.LittleEndian.Uint32(b[4*i:]) }
func start(b []byte, i int) uint64   { return binary.LittleEndian.Uint64(b[8*i:]) }
func count(level []byte) int         { return len(level) / 8 }
func (d *Directory) eventCount() int { return len(d.events) / eventSize }

// check verifies what look-ups rely on: the order of the starts, the samples
// of them, that histories and owners are there, and that every history ends.
func (d *Directory) check() error {
	for g := range d.groups {
		level := &d.groups[g].level
		for i := 1; i < count(level[0]); i++ {
			if start(level[0], i) <= start(level[0], i-1) {
				return fmt.Errorf("%w: its numbers are not in order", ErrDirectory)
			}
		}
		for l := 1; l < levels; l++ {
			for i := range count(level[l]) {
				if start(level[l], i) != start(level[l-1], i*fanout) {
					return fmt.Errorf("%w: its search tree does not fit", ErrDirectory)
				}
			}
		}
	}
	n := d.eventCount()
	for i := range len(d.histories) / 4 {
		if word(d.histories, i)&^single >= uint32(n) {
			return fmt.Errorf("%w: a history is missing", ErrDirectory)
		}
	}
	last := uint32(lastEvent)
	for i := range n {
		_, last = d.event(i)
		if owner := last &^ lastEvent; owner != nobody && owner >= uint32(d.accounts) {
			return fmt.Errorf("%w: an account is missing", ErrDirectory)
		}
	}
	if last&lastEvent == 0 {
		return fmt.Errorf("%w: a history has no end", ErrDirectory)
	}
	before := uint32(0)
	for i := range d.accounts {
		end := word(d.ends, i)
		if end < before || end > uint32(len(d.text)) {
			return fmt.Errorf("%w: an account's name is missing", ErrDirectory)
		}
		before = end
	}
	if before != uint32(len(d.text)) {
		return fmt.Errorf("%w: there is text of no account", ErrDirectory)
	}
	return nil
}

func (d *Directory) event(i int) (from int64, owner uint32) {
	e := d.events[eventSize*i:][:eventSize]
	return int64(binary.LittleEndian.Uint64(e)), binary.LittleEndian.Uint32(e[8:])
}

// Accounts returns the number of accounts.
func (d *Directory) Accounts() int { return d.accounts }

// Account returns the name of account i, 0 <= i < Accounts(); they ascend.
func (d *Directory) Account(i uint32) string {
	from := uint32(0)
	if i > 0 {
		from = word(d.ends, int(i)-1)
	}
	return string(d.text[from:word(d.ends, int(i))])
}

// Owner returns the index of the account that owns the number at an instant
// (unix ns), and false where nobody does.
func (d *Directory) Owner(number DirectoryKey, instant int64) (account uint32, ok bool) {
	if number.group >= groups {
		return NoOwner, false
	}
	t := &d.groups[number.group]
	i := t.root(number.value)
	for l := levels - 2; l >= 0; l-- {
		i = t.descend(l, i, number.value)
	}
	account = NoOwner
	if h, found := d.history(t, i, number.value); found {
		account = d.ownerAt(h, instant)
	}
	return account, account != NoOwner
}

// root returns the last sample of the top level that is not above v, -1 if
// there is none.
func (t *tier) root(v uint64) int {
	top := t.level[levels-1]
	if len(top) == 0 || start(top, 0) > v {
		return -1
	}
	return lastNotAbove(top, v)
}

// descend returns, for entry i of the level above, the last of its entries of
// level l that is not above v.
func (t *tier) descend(l, i int, v uint64) int {
	if i < 0 {
		return i
	}
	node := t.level[l][8*fanout*i:]
	return fanout*i + lastNotAbove(node[:min(len(node), 8*fanout)], v)
}

// lastNotAbove returns the last of the ascending starts that is not above v;
// the first is not. It has no branch that depends on what it compares, so that
// the waits of one search can overlap those of the next.
func lastNotAbove(starts []byte, v uint64) int {
	at := 0
	for n := count(starts); n > 1; {
		half := n / 2
		_, above := bits.Sub64(v, start(starts, at+half), 0)
		at += half & int(above-1)
		n -= half
	}
	return at
}

// history returns the first event of the entry that v falls in.
func (d *Directory) history(t *tier, i int, v uint64) (h uint32, ok bool) {
	if i < 0 {
		return 0, false
	}
	h = word(d.histories, int(t.base)+i)
	return h &^ single, h&single == 0 || start(t.level[0], i) == v
}

func (d *Directory) ownerAt(h uint32, instant int64) uint32 {
	account := NoOwner
	for i := int(h); ; i++ {
		from, owner := d.event(i)
		if from > instant {
			return account
		}
		if account = owner &^ lastEvent; account == nobody {
			account = NoOwner
		}
		if owner&lastEvent != 0 {
			return account
		}
	}
}

// ownerBlock is how many look-ups go down the tree together.
const ownerBlock = 256

// Owners sets out[i] to the account that owns numbers[i] at instants[i],
// NoOwner where nobody does; all three are equally long. It goes down the tree
// level by level with a block of numbers, so that the waits for memory overlap.
func (d *Directory) Owners(numbers []DirectoryKey, instants []int64, out []uint32) {
	for len(numbers) > 0 {
		n := min(len(numbers), ownerBlock)
		d.ownersBlock(numbers[:n], instants[:n], out[:n])
		numbers, instants, out = numbers[n:], instants[n:], out[n:]
	}
}

func (d *Directory) ownersBlock(numbers []DirectoryKey, instants []int64, out []uint32) {
	var at [ownerBlock]int
	var first [ownerBlock]uint32
	for i, n := range numbers {
		at[i] = -1
		if n.group < groups {
			at[i] = d.groups[n.group].root(n.value)
		}
	}
	for l := levels - 2; l >= 0; l-- {
		for i, n := range numbers {
			if at[i] >= 0 {
				at[i] = d.groups[n.group].descend(l, at[i], n.value)
			}
		}
	}
	for i, n := range numbers {
		first[i] = NoOwner
		if at[i] < 0 {
			continue
		}
		if h, found := d.history(&d.groups[n.group], at[i], n.value); found {
			first[i] = h
		}
	}
	for i := range numbers {
		out[i] = NoOwner
		if first[i] != NoOwner {
			out[i] = d.ownerAt(first[i], instants[i])
		}
	}
}
