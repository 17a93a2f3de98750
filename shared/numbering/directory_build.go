package numbering

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
	"slices"
	"time"
)

// Owned says that an account owns the numbers First to Last for some time.
type Owned struct {
	First, Last string // equally many digits, 1 to MaxOwnedDigits; First <= Last
	Account     string // 1 to MaxAccount bytes
	From, To    int64  // unix ns, half-open; To 0 = open
}

// Limits of what a directory is built of.
const (
	MaxOwned   = 20_000_000
	MaxAccount = 256 // bytes of an account's name
	// maxHistory bounds what holds at one number, over all time.
	maxHistory = 1000
)

// BuildDirectory builds the image of who owns what. The order of owned does
// not matter: the same facts give the same bytes.
//
// A range inside a wider one wins over it at the instants that it covers. Two
// facts that hold at one number and instant, neither range strictly inside the
// other, are an error that names both, the lowest such number's.
func BuildDirectory(owned iter.Seq[Owned]) ([]byte, error) {
	b := directoryBuilder{simple: map[stretch]uint32{}, longer: map[string]uint32{}}
	if err := b.gather(owned); err != nil {
		return nil, fmt.Errorf("build a number directory: %w", err)
	}
	if err := b.sweep(); err != nil {
		return nil, fmt.Errorf("build a number directory: %w", err)
	}
	image, err := b.image()
	if err != nil {
		return nil, fmt.Errorf("build a number directory: %w", err)
	}
	return image, nil
}

// fact is an Owned with its numbers as places and its account as an index.
type fact struct {
	first, last DirectoryKey
	from, to    int64 // math.MaxInt64 = open
	account     uint32
}

// A place's successor, within the numbers of as many digits. After the last of
// them comes a place that is no number.
func (k DirectoryKey) next() DirectoryKey {
	if k.group >= maxDigits64 && k.group < groups-1 && k.value == 1e19-1 {
		return DirectoryKey{group: k.group + 1}
	}
	return DirectoryKey{value: k.value + 1, group: k.group}
}

func (k DirectoryKey) previous() DirectoryKey {
	if k.value == 0 {
		return DirectoryKey{value: 1e19 - 1, group: k.group - 1}
	}
	return DirectoryKey{value: k.value - 1, group: k.group}
}

func (k DirectoryKey) compare(o DirectoryKey) int {
	if k.group != o.group {
		return cmp.Compare(k.group, o.group)
	}
	return cmp.Compare(k.value, o.value)
}

// digits returns the number as it was given.
func (k DirectoryKey) digits() string {
	if k.group < maxDigits64 {
		return fmt.Sprintf("%0*d", int(k.group)+1, k.value)
	}
	return fmt.Sprintf("%d%019d", k.group-maxDigits64, k.value)
}

// stretch is a history of one owner; nobody = a gap.
type stretch struct {
	from, to int64
	owner    uint32
}

// run is numbers in sequence that have one history.
type run struct {
	first, last DirectoryKey
	history     uint32
}

type directoryBuilder struct {
	accounts []string // ascending
	facts    []fact

	starts    [groups][]uint64
	histories [groups][]uint32
	events    []byte
	simple    map[stretch]uint32
	longer    map[string]uint32

	now   run
	began bool
	gapAt [groups]uint64 // where the last run of a group ended; 0 = a single, or none
	edges []edge         // scratch
	open  []int          // scratch
	text  []byte         // scratch
}

func (b *directoryBuilder) gather(owned iter.Seq[Owned]) error {
	index := map[string]uint32{}
	for o := range owned {
		if len(b.facts) == MaxOwned {
			return fmt.Errorf("more than %d facts", MaxOwned)
		}
		f, err := factOf(o)
		if err != nil {
			return err
		}
		i, ok := index[o.Account]
		if !ok {
			i = uint32(len(b.accounts))
			index[o.Account] = i
			b.accounts = append(b.accounts, o.Account)
		}
		f.account = i
		b.facts = append(b.facts, f)
	}
	ranks := make([]uint32, len(b.accounts))
	unsorted := b.accounts
	b.accounts = slices.Sorted(slices.Values(unsorted))
	for rank, name := range b.accounts {
		ranks[index[name]] = uint32(rank)
	}
	for i := range b.facts {
		b.facts[i].account = ranks[b.facts[i].account]
	}
	// Wider ranges first, so that those inside come after them.
	slices.SortFunc(b.facts, fact.compare)
	return nil
}

// compare orders facts by their first number; wider ranges come first.
func (f fact) compare(o fact) int {
	if c := f.first.compare(o.first); c != 0 {
		return c // of most: the rest is not worked out
	}
	return cmp.Or(o.last.compare(f.last), cmp.Compare(f.from, o.from), cmp.Compare(f.to, o.to), cmp.Compare(f.account, o.account))
}

func factOf(o Owned) (fact, error) {
	first, ok := DirectoryKeyOf(o.First)
	last, ok2 := DirectoryKeyOf(o.Last)
	switch {
	case !ok || !ok2 || len(o.First) != len(o.Last):
		return fact{}, fmt.Errorf("numbers %.32q to %.32q: want equally many digits, 1 to %d", o.First, o.Last, MaxOwnedDigits)
	case first.compare(last) > 0:
		return fact{}, fmt.Errorf("numbers %s to %s: the first is above the last", o.First, o.Last)
	case o.Account == "" || len(o.Account) > MaxAccount:
		return fact{}, fmt.Errorf("numbers %s to %s: account %.32q: want 1 to %d bytes", o.First, o.Last, o.Account, MaxAccount)
	case o.To != 0 && o.To <= o.From:
		return fact{}, fmt.Errorf("numbers %s to %s of account %q: they end at %s, and begin at %s", o.First, o.Last, o.Account, instantText(o.To), instantText(o.From))
	case o.To == 0:
		o.To = math.MaxInt64
	}
	return fact{first: first, last: last, from: o.From, to: o.To}, nil
}

// sweep goes through the numbers in order, and gives each stretch between two
// places where a fact begins or ends its history.
func (b *directoryBuilder) sweep() error {
	var holding []fact // of the place, in the order of the facts
	var place DirectoryKey
	for rest := b.facts; len(rest) > 0 || len(holding) > 0; {
		if len(holding) == 0 {
			place = rest[0].first
		}
		for ; len(rest) > 0 && rest[0].first == place; rest = rest[1:] {
			if err := b.conflict(holding, rest[0]); err != nil {
				return err
			}
			holding = append(holding, rest[0])
		}
		next := holding[0].last.next()
		for _, f := range holding[1:] {
			if end := f.last.next(); end.compare(next) < 0 {
				next = end
			}
		}
		if len(rest) > 0 && rest[0].first.compare(next) < 0 {
			next = rest[0].first
		}
		b.extend(place, next.previous(), b.historyOf(holding))
		holding = slices.DeleteFunc(holding, func(f fact) bool { return f.last.compare(next) < 0 })
		place = next
	}
	if b.began {
		b.write(b.now)
	}
	for g := range b.starts {
		b.closeGap(g, 0)
	}
	return nil
}

// conflict returns an error if f and one of the facts that hold at its first
// number are both right at one instant, and neither is the narrower.
func (b *directoryBuilder) conflict(holding []fact, f fact) error {
	if len(holding) == maxHistory {
		return fmt.Errorf("number %s has more than %d owners over time", f.first.digits(), maxHistory)
	}
	for _, h := range holding {
		if h.to <= f.from || f.to <= h.from {
			continue
		}
		if inside := h.last.compare(f.last) >= 0 && (h.first != f.first || h.last != f.last); !inside {
			return fmt.Errorf("two owners at one time: %s, and %s", b.describe(h), b.describe(f))
		}
	}
	return nil
}

func (b *directoryBuilder) describe(f fact) string {
	from, until := "ever", "on"
	if f.from != math.MinInt64 {
		from = instantText(f.from)
	}
	if f.to != math.MaxInt64 {
		until = "to " + instantText(f.to)
	}
	return fmt.Sprintf("account %q has %s to %s from %s %s", b.accounts[f.account], f.first.digits(), f.last.digits(), from, until)
}

func instantText(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// edge is the instant when a fact, by its place in the order, begins or ends
// to hold.
type edge struct {
	at     int64
	fact   int
	begins bool
}

// historyOf returns the history of a number where these facts hold. Those
// that hold at one instant are inside each other, the later in the earlier.
func (b *directoryBuilder) historyOf(holding []fact) uint32 {
	if f := holding[0]; len(holding) == 1 {
		return b.simpleHistory(stretch{from: f.from, to: f.to, owner: f.account})
	}
	b.edges, b.open, b.text = b.edges[:0], b.open[:0], b.text[:0]
	for i, f := range holding {
		b.edges = append(b.edges, edge{at: f.from, fact: i, begins: true})
		if f.to != math.MaxInt64 {
			b.edges = append(b.edges, edge{at: f.to, fact: i})
		}
	}
	slices.SortFunc(b.edges, func(x, y edge) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.fact, y.fact)) })
	owner := uint32(nobody)
	for i, e := range b.edges {
		if e.begins {
			b.open = append(b.open, e.fact)
		} else {
			at := slices.Index(b.open, e.fact)
			b.open = slices.Delete(b.open, at, at+1)
		}
		if i+1 < len(b.edges) && b.edges[i+1].at == e.at {
			continue
		}
		now := uint32(nobody)
		if len(b.open) > 0 {
			now = holding[slices.Max(b.open)].account
		}
		if now != owner {
			b.text = appendEvent(b.text, e.at, now)
			owner = now
		}
	}
	if s, ok := asStretch(b.text); ok {
		return b.simpleHistory(s)
	}
	h, ok := b.longer[string(b.text)]
	if !ok {
		h = b.addHistory(b.text)
		b.longer[string(b.text)] = h
	}
	return h
}

// asStretch returns events as the history of one owner, if they are one.
func asStretch(events []byte) (s stretch, ok bool) {
	s = stretch{from: int64(binary.LittleEndian.Uint64(events)), to: math.MaxInt64, owner: binary.LittleEndian.Uint32(events[8:])}
	if len(events) == 2*eventSize && binary.LittleEndian.Uint32(events[eventSize+8:]) == nobody {
		s.to = int64(binary.LittleEndian.Uint64(events[eventSize:]))
		return s, true
	}
	return s, len(events) == eventSize
}

func (b *directoryBuilder) simpleHistory(s stretch) uint32 {
	h, ok := b.simple[s]
	if !ok {
		events := appendEvent(nil, s.from, s.owner)
		if s.to != math.MaxInt64 {
			events = appendEvent(events, s.to, nobody)
		}
		h = b.addHistory(events)
		b.simple[s] = h
	}
	return h
}

func appendEvent(dst []byte, from int64, owner uint32) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(from))
	return binary.LittleEndian.AppendUint32(dst, owner)
}

func (b *directoryBuilder) addHistory(events []byte) uint32 {
	h := uint32(len(b.events) / eventSize)
	b.events = append(b.events, events...)
	b.events[len(b.events)-1] |= lastEvent >> 24
	return h
}

// extend gives the numbers first to last their history; they come in order.
func (b *directoryBuilder) extend(first, last DirectoryKey, history uint32) {
	if b.began && b.now.history == history && b.now.last.next() == first {
		b.now.last = last
		return
	}
	if b.began {
		b.write(b.now)
	}
	b.now, b.began = run{first: first, last: last, history: history}, true
}

// write adds the entries of a run, one in each group that it is in.
func (b *directoryBuilder) write(r run) {
	for g := int(r.first.group); g <= int(r.last.group); g++ {
		first, last := uint64(0), uint64(1e19-1)
		if g == int(r.first.group) {
			first = r.first.value
		}
		if g == int(r.last.group) {
			last = r.last.value
		}
		b.closeGap(g, first)
		if first == last {
			b.add(g, first, r.history|single)
			continue
		}
		b.add(g, first, r.history)
		b.gapAt[g] = last + 1
	}
}

// closeGap marks where the run before ended, unless the next begins there.
func (b *directoryBuilder) closeGap(g int, next uint64) {
	at := b.gapAt[g]
	b.gapAt[g] = 0
	if at == 0 || at == next {
		return
	}
	b.add(g, at, b.simpleHistory(stretch{from: math.MinInt64, to: math.MaxInt64, owner: nobody}))
}

func (b *directoryBuilder) add(g int, start uint64, history uint32) {
	b.starts[g] = append(b.starts[g], start)
	b.histories[g] = append(b.histories[g], history)
}

func (b *directoryBuilder) image() ([]byte, error) {
	entries, text := 0, 0
	for g := range b.starts {
		entries += len(b.starts[g])
	}
	for _, name := range b.accounts {
		text += len(name)
	}
	if len(b.events)/eventSize >= nobody || text > math.MaxUint32 {
		return nil, errors.New("it would be too large")
	}
	image := make([]byte, 0, directoryHeader+13*entries+len(b.events)+4*len(b.accounts)+text+4+8*levels*groups)
	image = append(image, directoryMagic...)
	for _, n := range [...]int{directoryVersion, len(b.events) / eventSize, len(b.accounts), text} {
		image = binary.LittleEndian.AppendUint32(image, uint32(n))
	}
	for g := range b.starts {
		image = binary.LittleEndian.AppendUint32(image, uint32(len(b.starts[g])))
	}
	image = binary.LittleEndian.AppendUint32(image, 0)
	for g := range b.starts {
		for l, step := 0, 1; l < levels; l, step = l+1, step*fanout {
			for i := 0; i < len(b.starts[g]); i += step {
				image = binary.LittleEndian.AppendUint64(image, b.starts[g][i])
			}
		}
	}
	image = append(image, b.events...)
	for g := range b.histories {
		for _, h := range b.histories[g] {
			image = binary.LittleEndian.AppendUint32(image, h)
		}
	}
	end := uint32(0)
	for _, name := range b.accounts {
		end += uint32(len(name))
		image = binary.LittleEndian.AppendUint32(image, end)
	}
	for _, name := range b.accounts {
		image = append(image, name...)
	}
	return binary.LittleEndian.AppendUint32(image, crc32.Checksum(image, castagnoli)), nil
}
