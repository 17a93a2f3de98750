package ledger

import (
	"slices"

	"github.com/tollbook/tollbook/shared/call"
)

// gather holds rows and their identities, as they are stored, until it gives
// them to a part shard by shard. Each of the many blocks that they go to is
// touched once then: a processor takes longer to find a block than to fill it.
type gather struct {
	rows  []byte // one behind the other
	all   []gathered
	order []uint16 // places in all, by a shard
	ends  [call.Shards + 1]uint16
}

type gathered struct {
	hash   uint64
	line   int64
	end    uint32 // of the row
	period uint16 // in the part's table: see MaxPeriods
	shard  uint8  // of the row
}

const (
	// gatherRows and gatherBytes are about how much is gathered: it stays in the
	// cache of a core. mostRows is what can be.
	gatherRows  = 8192
	gatherBytes = 1 << 20
	mostRows    = 1<<16 - 1
)

// full reports whether it is time to flush.
func (g *gather) full() bool { return len(g.all) >= gatherRows || len(g.rows) >= gatherBytes }

// add takes a row, which was appended to rows, and its identity.
func (g *gather) add(rows []byte, period int, id call.Identity) {
	g.rows = rows
	n := len(g.all)
	if n == cap(g.all) {
		g.all = slices.Grow(g.all, gatherRows)
	}
	g.all = g.all[:n+1]
	r := &g.all[n]
	r.hash, r.line, r.end, r.period, r.shard = id.Hash, id.Line, uint32(len(rows)), uint16(period), id.Shard
}

// flush gives all to a part, those of a shard in the order in which they came.
func (g *gather) flush(out *partWriter) {
	g.sort((*gathered).ofRow)
	from := uint16(0)
	for shard, end := range g.ends[:call.Shards] {
		g.giveRows(out, uint8(shard), g.order[from:end])
		from = end
	}
	g.sort((*gathered).ofIdentity)
	from = 0
	for shard, end := range g.ends[:call.Shards] {
		g.giveIdentities(out, uint8(shard), g.order[from:end])
		from = end
	}
	g.rows, g.all = g.rows[:0], g.all[:0]
}

func (g *gather) giveRows(out *partWriter, shard uint8, places []uint16) {
	period, b := -1, (*openBlock)(nil)
	for _, i := range places {
		r, from := &g.all[i], uint32(0)
		if i > 0 {
			from = g.all[i-1].end
		}
		if int(r.period) != period {
			period = int(r.period)
			b = &out.shards(call.UsageBlock, period)[shard]
		}
		out.addStored(b, g.rows[from:r.end])
	}
}

func (g *gather) giveIdentities(out *partWriter, shard uint8, places []uint16) {
	period, b := -1, (*openBlock)(nil)
	for _, i := range places {
		r := &g.all[i]
		if int(r.period) != period {
			period = int(r.period)
			b = &out.shards(call.IdentityBlock, period)[shard]
		}
		out.addIdentity(b, call.Identity{Hash: r.hash, Line: r.line, Shard: r.shard})
	}
}

func (r *gathered) ofRow() uint8      { return r.shard }
func (r *gathered) ofIdentity() uint8 { return call.IdentityShard(r.hash) }

// sort orders all by a shard: ends are where those of one end.
func (g *gather) sort(shard func(*gathered) uint8) {
	clear(g.ends[:])
	for i := range g.all {
		g.ends[int(shard(&g.all[i]))+1]++
	}
	for i := range call.Shards {
		g.ends[i+1] += g.ends[i]
	}
	g.order = slices.Grow(g.order[:0], len(g.all))[:len(g.all)]
	for i := range g.all {
		at := &g.ends[shard(&g.all[i])]
		g.order[*at] = uint16(i)
		*at++
	}
}
