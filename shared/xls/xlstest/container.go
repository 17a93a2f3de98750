package xlstest

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

const (
	sector      = 512
	shortSector = 64
	shortBelow  = 4096 // bytes of a stream: shorter ones lie in short sectors
	endOfChain  = 0xFFFFFFFE
	tableSector = 0xFFFFFFFD
	unused      = 0xFFFFFFFF
)

// Entry is a stream of a container.
type Entry struct {
	Name string
	Data []byte
}

// Container writes a compound file, version 3 of [MS-CFB], with its streams in
// the root. The directory lies at the end, so a file that is cut off anywhere
// lacks a part of it. It panics at more than 7 MB: there is no second level of
// tables.
//
// [MS-CFB]: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
func Container(entries ...Entry) []byte {
	w := container{}
	type place struct{ first, size uint32 }
	places := make([]place, len(entries))
	for i, e := range entries {
		p := place{endOfChain, uint32(len(e.Data))}
		switch {
		case len(e.Data) == 0:
		case len(e.Data) < shortBelow:
			p.first = chain(&w.shorts, len(w.short)/shortSector, len(e.Data), shortSector)
			w.short = pad(append(w.short, e.Data...), shortSector)
		default:
			p.first = w.add(e.Data)
		}
		places[i] = p
	}
	shortTable, shortStream := uint32(endOfChain), uint32(endOfChain)
	tables := 0
	if len(w.short) > 0 {
		var table []byte
		for _, next := range w.shorts {
			table = binary.LittleEndian.AppendUint32(table, next)
		}
		for len(table)%sector != 0 {
			table = binary.LittleEndian.AppendUint32(table, unused)
		}
		tables = len(table) / sector
		shortTable, shortStream = w.add(table), w.add(w.short)
	}
	// The streams of the root are a list to the right: no tree is needed.
	directory := entry("Root Entry", 5, unused, child(len(entries)), shortStream, uint32(len(w.short)))
	for i, e := range entries {
		right := uint32(unused)
		if i+1 < len(entries) {
			right = uint32(i + 2)
		}
		directory = append(directory, entry(e.Name, 2, right, unused, places[i].first, places[i].size)...)
	}
	for len(directory)%sector != 0 {
		directory = append(directory, entry("", 0, unused, unused, 0, 0)...)
	}
	first := w.add(directory)
	return w.file(first, shortTable, tables)
}

// container is a file in the making: its sectors, and the chains through them.
type container struct {
	data   []byte
	next   []uint32
	short  []byte
	shorts []uint32
}

// add adds a stream and returns its first sector.
func (w *container) add(data []byte) uint32 {
	first := chain(&w.next, len(w.data)/sector, len(data), sector)
	w.data = pad(append(w.data, data...), sector)
	return first
}

// chain adds the chain of n bytes from a sector on.
func chain(table *[]uint32, from, n, size int) uint32 {
	count := (n + size - 1) / size
	for i := 1; i < count; i++ {
		*table = append(*table, uint32(from+i))
	}
	*table = append(*table, endOfChain)
	return uint32(from)
}

// file puts the table of chains in front of the sectors, and the header in
// front of both.
func (w *container) file(directory, shortTable uint32, shortTables int) []byte {
	const perSector = sector / 4
	tables := 0
	for tables*perSector < tables+len(w.next) {
		tables++
	}
	if tables > 109 {
		panic(fmt.Sprintf("xlstest: %d bytes are too many", len(w.data)))
	}
	moved := func(s uint32) uint32 {
		if s < tableSector {
			s += uint32(tables)
		}
		return s
	}
	le := binary.LittleEndian
	head := make([]byte, sector)
	copy(head, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	le.PutUint16(head[24:], 0x3E)
	le.PutUint16(head[26:], 3)
	le.PutUint16(head[28:], 0xFFFE)
	le.PutUint16(head[30:], 9)
	le.PutUint16(head[32:], 6)
	le.PutUint32(head[44:], uint32(tables))
	le.PutUint32(head[48:], moved(directory))
	le.PutUint32(head[56:], shortBelow)
	le.PutUint32(head[60:], moved(shortTable))
	le.PutUint32(head[64:], uint32(shortTables))
	le.PutUint32(head[68:], endOfChain)
	for i := range 109 {
		at := uint32(unused)
		if i < tables {
			at = uint32(i)
		}
		le.PutUint32(head[76+4*i:], at)
	}
	var table []byte
	for range tables {
		table = le.AppendUint32(table, tableSector)
	}
	for _, next := range w.next {
		table = le.AppendUint32(table, moved(next))
	}
	for len(table) < tables*sector {
		table = le.AppendUint32(table, unused)
	}
	// The places of streams in the directory move, too, but for short sectors,
	// which are counted within the root's stream.
	at := int(directory) * sector
	for i := at; i < len(w.data); i += 128 {
		if start, size := w.data[i+116:], le.Uint32(w.data[i+120:]); i == at || size >= shortBelow {
			le.PutUint32(start, moved(le.Uint32(start)))
		}
	}
	return append(append(head, table...), w.data...)
}

// entry writes an entry of the directory.
func entry(name string, kind byte, right, child, first, size uint32) []byte {
	le := binary.LittleEndian
	e := make([]byte, 128)
	units := utf16.Encode([]rune(name))
	for i, u := range units {
		le.PutUint16(e[2*i:], u)
	}
	if kind != 0 {
		le.PutUint16(e[64:], uint16(2*len(units)+2))
	}
	e[66], e[67] = kind, 1
	le.PutUint32(e[68:], unused)
	le.PutUint32(e[72:], right)
	le.PutUint32(e[76:], child)
	le.PutUint32(e[116:], first)
	le.PutUint32(e[120:], size)
	return e
}

// child is the number of the root's first stream.
func child(entries int) uint32 {
	if entries == 0 {
		return unused
	}
	return 1
}

func pad(b []byte, size int) []byte {
	for len(b)%size != 0 {
		b = append(b, 0)
	}
	return b
}
