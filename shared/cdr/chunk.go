package cdr

import "github.com/tollbook/tollbook/shared/call"

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
	ahead  int    // how many lines are read together
	plan   plan
	feed   call.Span // in a Columns: the feed, and the account of those who are not named
	nobody call.Span
	month  month
	said   []byte // the last disposition that was judged, and what it said
	says   verdict
}

// begin prepares a chunk that was cut, of which Parse gives most rows at once.
func (k *Chunk) begin(most int) {
	pad := k.buf[len(k.buf) : len(k.buf)+chunkPad]
	clear(pad)
	pad[0] = '\n' // ends a last line that has no end of its own
	k.rows.rows.Reset(k.text, k.line)
	k.most, k.ahead = most, maxLines
	k.split.reset()
	k.plan = plan{}
}

// Parse appends the chunk's next records to dst, in order, as many as it has
// room for, and calls reject with every row that is rejected or ignored on the
// way, in order, too. It reports whether there is more; then dst is to be reset
// and Parse called again. Rows are those that Reader gives, to the letter; only
// the lines of a range are counted from its first. What reject is given holds
// copies; dst does not refer to the chunk.
func (k *Chunk) Parse(dst *call.Columns, reject func(Row)) (more bool) {
	i := dst.Len()
	dst.Grow(k.room(i))
	room := dst.Len()
	k.feed, k.nobody = dst.AddText(k.rows.feed.ID), call.Span{}
	if k.split.next < k.split.n {
		k.copyText(dst, k.split.from+window) // the rest of a window that was searched
	}
	for k.pos < k.end && i < room && len(dst.Text) < call.MaxText-2*maxRecord {
		l := k.lines(dst, min(room-i, k.ahead))
		if l.n > 0 {
			n := k.plain(dst, i, l)
			if n > 0 {
				k.pass(&l, n)
				i += n
			}
			if n == l.n {
				k.ahead = min(2*k.ahead, maxLines)
				continue
			}
			dst.Clear(i, i+l.n-n) // some of their columns have been read
		}
		k.ahead = 1 // where one row is not plain, the next ones may not be, either
		row, ok := k.slow()
		switch {
		case !ok:
		case row.Status != 0:
			reject(row)
		default:
			k.put(dst, i, &row)
			dst.Feed[i] = k.feed
			i++
		}
	}
	dst.Truncate(i)
	return k.pos < k.end
}

// copyText copies the text from the next record to an offset, for spans in dst.
func (k *Chunk) copyText(dst *call.Columns, to int) {
	k.shift = uint32(len(dst.Text) - k.pos)
	dst.Text = append(dst.Text, k.buf[k.pos:min(to, len(k.buf))]...)
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
	dst.Kind[i], dst.Units[i], dst.Direction[i] = r.Kind, r.Units, r.Direction
	dst.Trunk[i], dst.OutTrunk[i] = dst.AddText(r.Trunk), dst.AddText(r.OutTrunk)
	dst.LRN[i], dst.ALRN[i], dst.Service[i], dst.Tag[i] = dst.AddText(r.LRN), dst.AddText(r.ALRN), dst.AddText(r.Service), dst.AddText(r.Tag)
}
