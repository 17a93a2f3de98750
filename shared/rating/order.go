package rating

import (
	"cmp"
	"fmt"
	"slices"
)

// rows are the rows of a card in the order in which they came, in blocks: a
// slice of them all would be copied as it grows.
type rows struct {
	blocks [][]row
	len    int
}

const rowsInBlock = 1 << 12

func (r *rows) add(n row) {
	if r.len%rowsInBlock == 0 {
		size := rowsInBlock
		if r.len == 0 {
			size = 16 // most cards are those of tests, and of single rates
		}
		r.blocks = append(r.blocks, make([]row, 0, size))
	}
	last := &r.blocks[len(r.blocks)-1]
	*last = append(*last, n)
	r.len++
}

func (r *rows) at(i uint32) *row { return &r.blocks[i/rowsInBlock][i%rowsInBlock] }

// place is where a row comes in the order of a card.
type place struct {
	code  uint64
	group uint32 // in the order of groups
	row   uint32
}

// sameKey reports whether two rows are of one prefix, or of one service.
func (p *place) sameKey(o *place) bool { return p.code == o.code && p.group == o.group }

// sort returns the rows in order: by kind, service and prefix, and of one prefix
// the row first that is to be preferred. Names, tags, areas and services are put
// in their order before.
func (b *builder) sort() ([]place, error) {
	groups := b.renumber()
	order := make([]place, 0, b.rows.len)
	for _, block := range b.rows.blocks {
		for i := range block {
			order = append(order, place{uint64(block[i].code), groups[block[i].group], uint32(len(order))})
		}
	}
	order = sortPlaces(order)
	prefer := func(x, y place) int {
		i, j := b.rows.at(x.row).cond, b.rows.at(y.row).cond
		if i == j {
			return 0
		}
		return b.conds.values[i].prefer(&b.conds.values[j])
	}
	for i := 0; i < len(order); {
		end := endOfKey(order, i)
		if same := order[i:end]; len(same) > 1 {
			slices.SortFunc(same, prefer)
			for j := 1; j < len(same); j++ {
				if err := b.clash(same[j-1].row, same[j].row); err != nil {
					return nil, err
				}
			}
		}
		i = end
	}
	return order, nil
}

// endOfKey returns where the rows of the key of the i-th end.
func endOfKey(order []place, i int) int {
	end := i + 1
	for end < len(order) && order[end].sameKey(&order[i]) {
		end++
	}
	return end
}

// sortPlaces sorts places by group and code: by one byte of these after the
// other, from the lowest, but for those that all have the same. It may use the
// list for its work: what it returns is the sorted one.
func sortPlaces(list []place) []place {
	const codeBytes, keyBytes = 8, 12
	at := func(p *place, b int) byte {
		if b < codeBytes {
			return byte(p.code >> (8 * b))
		}
		return byte(p.group >> (8 * (b - codeBytes)))
	}
	var codeCounts [codeBytes][256]int
	var groupCounts [keyBytes - codeBytes][256]int
	ascending := true
	for i := range list {
		p := &list[i]
		ascending = ascending && (i == 0 || list[i-1].group < p.group || list[i-1].group == p.group && list[i-1].code <= p.code)
		for b := range codeCounts {
			codeCounts[b][byte(p.code>>(8*b))]++
		}
		for b := range groupCounts {
			groupCounts[b][byte(p.group>>(8*b))]++
		}
	}
	if ascending {
		return list
	}
	other := make([]place, len(list))
	for b := range keyBytes {
		counts := &groupCounts[max(b-codeBytes, 0)]
		if b < codeBytes {
			counts = &codeCounts[b]
		}
		if counts[at(&list[0], b)] == len(list) {
			continue
		}
		next := 0
		for v, n := range counts {
			counts[v], next = next, next+n
		}
		for i := range list {
			to := &counts[at(&list[i], b)]
			other[*to] = list[i]
			*to++
		}
		list, other = other, list
	}
	return list
}

// clash reports two neighbours that hold for the same usage from the same
// instant.
func (b *builder) clash(i, j uint32) error {
	x, y := b.rows.at(i), b.rows.at(j)
	if !b.conds.values[x.cond].clashes(&b.conds.values[y.cond]) {
		return nil
	}
	what := fmt.Sprintf("prefix %q", x.code)
	if service := b.groups.values[x.group].service; service > 0 {
		what = fmt.Sprintf("service %q", b.services.values[service-1])
	}
	return fmt.Errorf("%s is there more than once for the same usage from the same instant, want one rate", what)
}

// prefer orders rows of one prefix: what is asked for more narrowly comes
// first, then what began last. Origins are compared by the caller's number.
func (c *cond) prefer(d *cond) int {
	return cmp.Or(
		asks(d.tag != 0, c.tag != 0), cmp.Compare(c.tag, d.tag),
		asks(d.class != 0, c.class != 0), cmp.Compare(c.class, d.class),
		asks(d.band != 0, c.band != 0), cmp.Compare(c.band, d.band),
		asks(d.digits(), c.digits()), cmp.Compare(d.from, c.from),
		cmp.Compare(c.minDigits, d.minDigits), cmp.Compare(c.maxDigits, d.maxDigits),
		cmp.Compare(c.origin, d.origin), asks(d.local, c.local), cmp.Compare(c.localTo(), d.localTo()),
		cmp.Compare(d.to, c.to), cmp.Compare(c.area, d.area),
	)
}

// localTo returns the area that the caller must be in; 0: any.
func (c *cond) localTo() uint16 {
	if c.local {
		return c.area
	}
	return 0
}

func (c *cond) digits() bool { return c.minDigits != 0 || c.maxDigits != 0 }

func asks(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	default:
		return -1
	}
}

// clashes reports whether two neighbours hold for the same usage from the same
// instant on, so that nothing says which of them is to be preferred.
func (c *cond) clashes(d *cond) bool {
	x, y := *c, *d
	x.to, y.to, x.area, y.area = 0, 0, c.localTo(), d.localTo()
	return x == y
}

// sorted puts the values in order and returns the new place of each. Nothing is
// to be added to the table after it.
func sorted(t *table[string]) []uint32 {
	order := make([]uint32, len(t.values))
	for i := range order {
		order[i] = uint32(i)
	}
	if !slices.IsSorted(t.values) {
		slices.SortFunc(order, func(x, y uint32) int { return cmp.Compare(t.values[x], t.values[y]) })
	}
	places, values := make([]uint32, len(order)), make([]string, len(order))
	for i, was := range order {
		places[was], values[i] = uint32(i), t.values[was]
	}
	t.values, t.ids = values, nil
	return places
}

// renumber puts areas, tags, services and destinations in the order of their
// names, and returns where each group comes: by kind, prefixes before services.
func (b *builder) renumber() (groups []uint32) {
	areas, tags, services, names := sorted(&b.areas), sorted(&b.tags), sorted(&b.services), sorted(&b.names)
	for i := range b.conds.values {
		c := &b.conds.values[i]
		if c.area > 0 {
			c.area = uint16(1 + areas[c.area-1])
		}
		if c.tag > 0 {
			c.tag = uint16(1 + tags[c.tag-1])
		}
	}
	order := make([]uint32, len(b.groups.values))
	for i := range order {
		order[i] = uint32(i)
		if g := &b.groups.values[i]; g.service > 0 {
			g.service = 1 + services[g.service-1]
		}
	}
	slices.SortFunc(order, func(x, y uint32) int {
		g, h := b.groups.values[x], b.groups.values[y]
		return cmp.Or(cmp.Compare(g.kind, h.kind), cmp.Compare(g.service, h.service))
	})
	groups = make([]uint32, len(order))
	for i, was := range order {
		groups[was] = uint32(i)
	}
	for _, block := range b.rows.blocks {
		for i := range block {
			block[i].name = names[block[i].name]
		}
	}
	for code, area := range b.inArea {
		b.inArea[code] = areas[area]
	}
	return groups
}
