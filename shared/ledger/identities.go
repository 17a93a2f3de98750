package ledger

import "github.com/tollbook/tollbook/shared/call"

// identities gathers those of a block's rows, and gives them to a part shard by
// shard: then each of the many blocks that they go to is touched once.
type identities struct {
	all, sorted []placedIdentity
	ends        [call.Shards + 1]int32
}

type placedIdentity struct {
	call.Identity
	period int // in the part's table
}

func (s *identities) add(period int, id call.Identity) {
	s.all = append(s.all, placedIdentity{id, period})
}

// flush gives all to a part, those of a shard in the order in which they came.
func (s *identities) flush(out *partWriter) {
	clear(s.ends[:])
	for i := range s.all {
		s.ends[int(call.IdentityShard(s.all[i].Hash))+1]++
	}
	for i := range call.Shards {
		s.ends[i+1] += s.ends[i]
	}
	if cap(s.sorted) < len(s.all) {
		s.sorted = make([]placedIdentity, max(len(s.all), call.MaxRows))
	}
	s.sorted = s.sorted[:len(s.all)]
	for i := range s.all {
		at := &s.ends[call.IdentityShard(s.all[i].Hash)]
		s.sorted[*at] = s.all[i]
		*at++
	}
	for i := range s.sorted {
		out.addIdentity(s.sorted[i].period, s.sorted[i].Identity)
	}
	s.all = s.all[:0]
}
