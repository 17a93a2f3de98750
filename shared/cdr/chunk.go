package cdr

import (
	"bytes"

	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/call"
)

// Chunk is a part of a file that begins with a record and ends with one. It
// is parsed by one goroutine at a time.
type Chunk struct {
	Index int   // 0, 1, 2 … in the order of the file
	Line  int64 // of its first line; of a range's chunk, counted from the range's first

	at     int64  // offset in the file of buf[0]
	buf    []byte // the text, and chunkPad bytes of capacity
	text   []byte // with quotes, more than the chunk: see delimited.Reader.Whole
	end    int    // records that begin here or later belong to the next chunk
	quotes bool
	comma  byte
	most   int // rows in a Columns
	pos    int // of the next record, and its line
	line   int64
	rows   *Reader // reads every row that is not plain
	split  splitter
	shift  uint32 // from an offset in the text to the one in the copy that a Columns has of the window
	plan   plan
	month  month
	said   []byte // the last disposition that was judged, and what it said
	says   verdict
}

// begin prepares a chunk that was cut.
func (k *Chunk) begin() {
	pad := k.buf[len(k.buf) : len(k.buf)+chunkPad]
	clear(pad)
	pad[0] = '\n' // ends a last line that has no end of its own
	k.rows.rows.Reset(k.text, k.line)
	k.most = call.MaxRows
	k.plan = plan{}
}

// Parse appends the chunk's next records to dst, in order, as many as it has
// room for, and calls reject with every row that is rejected or ignored on the
// way, in order, too. It reports whether there is more; then dst is to be reset
// and Parse called again. Rows are those that Reader gives, to the letter; only
// the lines of a range are counted from its first. What reject is given holds
// copies; dst does not refer to the chunk.
func (k *Chunk) Parse(dst *call.Columns, reject func(Row)) (more bool) {
	k.split.reset()
	i := dst.Len()
	dst.Grow(k.room(i))
	room, feed, none := dst.Len(), dst.AddText(k.rows.feed.ID), call.Span{}
	for k.pos < k.end && i < room && len(dst.Text) < call.MaxText-2*maxRecord {
		if d, next := k.fields(dst); d != nil && k.plain(dst, i, d) {
			if dst.Feed[i] = feed; dst.Account[i].Len == 0 {
				if none.Len == 0 {
					none = dst.AddText(Unassigned)
				}
				dst.Account[i] = none
			}
			i++
			k.pos = next
			k.line++
			continue
		}
		dst.Clear(i, i+1) // of what was read before it turned out not to be plain
		row, ok := k.slow()
		switch {
		case !ok:
		case row.Status != 0:
			reject(row)
		default:
			k.put(dst, i, &row)
			dst.Feed[i] = feed
			i++
		}
	}
	dst.Truncate(i)
	return k.pos < k.end
}

// room returns how many rows the rest of the chunk may add to n rows.
func (k *Chunk) room(n int) int {
	const least = 12 // a time, a digit of a number and one of a duration
	return max(0, min(k.most-n, (k.end-k.pos)/(least+k.rows.layout.min)+1))
}

// slow reads the next row as Reader does; false = no row is left.
func (k *Chunk) slow() (Row, bool) {
	k.rows.rows.Seek(k.pos, k.line)
	row, err := k.rows.Next()
	k.pos, k.line = k.rows.rows.Next()
	if err != nil { // of text in memory, io.EOF is the only one
		k.pos = k.end
		return Row{}, false
	}
	k.split.seek(k.pos)
	return row, true
}

// put writes an accepted row into dst, all but its feed.
func (k *Chunk) put(dst *call.Columns, i int, row *Row) {
	r := &row.Record
	dst.CallID[i], dst.Leg[i], dst.Account[i] = dst.AddText(r.CallID), dst.AddText(r.Leg), dst.AddText(r.Account)
	dst.ANumber[i], dst.BNumber[i] = dst.AddText(r.ANumber), dst.AddText(r.BNumber)
	dst.ARaw[i], dst.BRaw[i] = dst.AddText(r.ARaw), dst.AddText(r.BRaw)
	dst.Instant[i], dst.Nanos[i], dst.Decimals[i] = r.Instant, r.Duration.Nanos, r.Duration.Decimals
	dst.Version[i], dst.Flags[i], dst.Line[i] = r.Version, r.Flags, row.Line
	dst.Kind[i], dst.Units[i], dst.Direction[i], dst.Trunk[i] = r.Kind, r.Units, r.Direction, dst.AddText(r.Trunk)
	dst.LRN[i], dst.ALRN[i], dst.Service[i], dst.Tag[i] = dst.AddText(r.LRN), dst.AddText(r.ALRN), dst.AddText(r.Service), dst.AddText(r.Tag)
}

// fields returns where the delimiters of the next line are: d[0] is the byte
// before it and the last its end, so that field i is from d[i]+1 to d[i+1].
// next is the offset of the line after. d is nil where the line is not text
// that is read the same however it is read: Reader decides then. A window of
// text is copied to dst as a whole, for the spans of its rows.
func (k *Chunk) fields(dst *call.Columns) (d []uint32, next int) {
	s := &k.split
	text := k.buf[:len(k.buf)+chunkPad]
	comma := k.comma
	for {
		at, j := s.at[:s.n], s.next
		for j < len(at) && text[at[j]] == comma {
			j++
		}
		if j == len(at) {
			if s.next == 1 && s.from == k.pos {
				return nil, 0 // longer than what is looked at together
			}
			s.index(text, k.pos, comma)
			k.shift = uint32(len(dst.Text) - k.pos)
			dst.Text = append(dst.Text, text[k.pos:min(k.pos+window, len(k.buf))]...)
			continue
		}
		end := int(at[j])
		d, next = at[s.next-1:j+1], end+1
		switch {
		case text[end] == '\n':
		case text[end] == '\r' && text[next] == '\n':
			next++
			j++
		default:
			return nil, 0
		}
		if line := text[k.pos:end]; s.other && !utf8.Valid(line) || k.quotes && bytes.IndexByte(line, '"') >= 0 {
			return nil, 0
		}
		s.next = min(j+1, s.n) // the line feed may lie behind the window
		return d, next
	}
}
