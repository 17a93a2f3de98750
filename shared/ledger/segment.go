package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/objects"
)

// A segment is the blocks that many parts have of one period, copied as they
// are, undecoded, and gathered by kind and shard; then a directory and a trailer
// as a part has them. A fold reads a period shard by shard: from parts that is a
// read for each part and shard, from a segment one walk. It is scratch: made
// when a fold meets many parts, and made again when it is gone.
const segmentMagic = 0x32534254 // "TBS2"

// segmentDirectory lists the parts, in their order.
type segmentDirectory struct {
	Parts []segmentPart `json:"parts"`
}

// segmentPart is what a part's directory says of the period, with its blocks
// where the segment has them.
type segmentPart struct {
	Name   string     `json:"name"` // of the part
	Feed   string     `json:"feed"`
	Images []string   `json:"images"`
	Blocks []blockRef `json:"blocks"`
}

const segmentsPrefix = "segments/"

func segmentPrefix(key Key) string { return segmentsPrefix + key.String() + "/" }

// periodOfScratch returns the period that a scratch object is of.
func periodOfScratch(prefix, name string) (Key, error) {
	period, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "/")
	return ParseKey(period)
}

// segmentName names the segment of a period and of parts: what is in it follows
// from them.
func segmentName(key Key, parts []*part) string {
	names := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(names, "%s\n", p.ref.Name) // a hash fails at nothing
	}
	return segmentPrefix(key) + hex.EncodeToString(names.Sum(nil))
}

// compact stores the segment of a period and of open parts.
func (l *Ledger) compact(ctx context.Context, key Key, parts []*part) error {
	r := &segmentReader{ctx: ctx, key: key}
	ahead := max(aheadMemory/int64(len(parts)), leastAhead)
	for _, p := range parts {
		p.ahead = &readAhead{bucket: p.bucket, ref: p.ref, most: ahead}
		r.dir.Parts = append(r.dir.Parts, segmentPart{Name: p.ref.Name, Feed: p.dir.Feed, Images: p.dir.Images, Blocks: []blockRef{}})
	}
	r.parts = parts
	for _, kind := range []call.BlockKind{call.UsageBlock, call.IdentityBlock} {
		for shard := range call.Shards {
			r.places = append(r.places, blockRef{Kind: kind, Shard: uint8(shard)})
		}
	}
	_, err := l.buckets.Work.Create(ctx, segmentName(key, parts), r)
	for _, p := range parts {
		p.ahead = nil
	}
	if err != nil && !errors.Is(err, objects.ErrExists) {
		return fmt.Errorf("compacting %d parts of %s: %w", len(parts), key, err)
	}
	return nil
}

// segmentReader reads the bytes of a segment out of its parts.
type segmentReader struct {
	ctx    context.Context
	key    Key
	parts  []*part
	places []blockRef // kinds and shards still to come
	next   []placedBlock
	dir    segmentDirectory
	rest   []byte // read, and not yet given
	size   int64
	ended  bool
}

type placedBlock struct {
	part  int
	block blockRef
}

func (r *segmentReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.more(); err != nil {
			return 0, err
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// more reads the next block, or what ends the segment.
func (r *segmentReader) more() error {
	for len(r.next) == 0 {
		if len(r.places) == 0 {
			return r.end()
		}
		at := r.places[0]
		r.places = r.places[1:]
		for i, p := range r.parts {
			for _, b := range p.blocks(at.Kind, r.key, at.Shard) {
				r.next = append(r.next, placedBlock{i, b})
			}
		}
	}
	one := r.next[0]
	r.next = r.next[1:]
	data, err := r.parts[one.part].block(r.ctx, one.block)
	if err != nil {
		return err
	}
	b := one.block
	b.Period, b.Offset = 0, r.size
	r.dir.Parts[one.part].Blocks = append(r.dir.Parts[one.part].Blocks, b)
	r.rest, r.size = data, r.size+int64(len(data))
	return nil
}

func (r *segmentReader) end() error {
	dir, err := json.Marshal(r.dir)
	if err != nil {
		return fmt.Errorf("encoding a segment's directory: %w", err)
	}
	r.rest, r.ended = appendTrailer(dir, segmentMagic), true
	return nil
}

// errSegmentGone says that a segment was swept away while it was in use.
var errSegmentGone = errors.New("the segment is gone")

func goneSegment(err error) error {
	if isNotFound(err) || errors.Is(err, objects.ErrLost) {
		return fmt.Errorf("%w: %w", errSegmentGone, err)
	}
	return err
}

// openSegment returns the parts of a segment, by name: they read from it.
func (l *Ledger) openSegment(ctx context.Context, key Key, info objects.Info, ahead int64) (map[string]*part, error) {
	ref := refOf(info)
	data, end, err := loadDirectory(ctx, l.buckets.Work, ref, segmentMagic)
	if err != nil {
		return nil, goneSegment(err)
	}
	var dir segmentDirectory
	if err := json.Unmarshal(data, &dir); err != nil {
		return nil, fmt.Errorf("segment %s: decoding its directory: %w: %w", ref.Name, ErrDamaged, err)
	}
	out := map[string]*part{}
	walk := &readAhead{bucket: l.buckets.Work, ref: ref, most: ahead, failed: goneSegment}
	for _, s := range dir.Parts {
		p := &part{bucket: l.buckets.Work, ref: ref, dir: directory{Feed: s.Feed, Periods: []Key{key}, Images: s.Images, Blocks: s.Blocks}, ahead: walk}
		if err := p.check(end); err != nil {
			return nil, err
		}
		out[s.Name] = p
	}
	return out, nil
}
