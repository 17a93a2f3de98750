package impact

// marks are records: a bit for each of those near a marked one. They spare the
// sorting of charges whose record has nothing to compare.
type marks struct {
	pages map[uint64]*[1 << pageWords]uint64
	most  int // pages; with more all records count as marked
}

const (
	pageWords = 9 // 4 KiB: 32,768 lines
	pageBits  = pageWords + 6
	// maxPages is 64 MiB of them.
	maxPages = 1 << 14
)

func newMarks(most int) *marks {
	return &marks{pages: map[uint64]*[1 << pageWords]uint64{}, most: most}
}

// add marks a record.
func (m *marks) add(record uint64) {
	p := m.pages[record>>pageBits]
	if p == nil {
		if m.pages == nil || len(m.pages) == m.most {
			m.pages = nil
			return
		}
		p = new([1 << pageWords]uint64)
		m.pages[record>>pageBits] = p
	}
	p[record>>6&(1<<pageWords-1)] |= 1 << (record & 63)
}

// has reports whether a record is marked.
func (m *marks) has(record uint64) bool {
	if m.pages == nil {
		return true
	}
	p := m.pages[record>>pageBits]
	return p != nil && p[record>>6&(1<<pageWords-1)]>>(record&63)&1 == 1
}
