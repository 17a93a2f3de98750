package deck

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/rating"
)

// groups are the groups of callers that rates were found for.
type groups struct {
	of       map[string]string   // a caller's prefix → the group that had it first
	rivals   map[string][]string // groups that have a prefix in common
	prefixes int
}

// anyCaller is what a column of callers says of a price for all.
var anyCaller = map[string]bool{"all": true, "any": true, "*": true, "default": true, "other": true}

// origin reads the group of callers that the row is for.
func (d *deck) origin() string {
	switch {
	case d.has(originPrefix) && !d.blank(originPrefix):
		return d.originGroup()
	case d.callers != nil && !d.blank(origin):
		return d.originOfList()
	}
	return d.name(origin)
}

// originGroup names the group of callers that the row is for by their prefixes,
// and keeps what it stands for.
func (d *deck) originGroup() string {
	if anyCaller[strings.ToLower(string(cells.Unwrap(d.cell(originPrefix))))] {
		return ""
	}
	codes, _, err := cells.AppendCodes(nil, d.cell(originPrefix), cells.CodeRules{Strip: d.codeRules.Strip})
	if err != nil {
		d.check(originPrefix, err)
		return ""
	}
	slices.Sort(codes)
	name := strings.Join(codes, "+")
	if len(name) > rating.MaxName {
		sum := sha256.Sum256([]byte(name))
		name = fmt.Sprintf("%s+%d more %x", codes[0], len(codes)-1, sum[:4])
	}
	d.keepGroup(originPrefix, name, codes)
	return name
}

// originOfList takes the group of callers from the sheet of their codes.
func (d *deck) originOfList() string {
	name := d.name(origin)
	s, err := d.callers.find(name)
	switch {
	case err != nil && anyCaller[strings.ToLower(name)]:
		return ""
	case err != nil:
		d.check(origin, err)
		return ""
	case len(s.name) > rating.MaxName:
		d.expect(origin, fmt.Sprintf("a name of at most %d bytes", rating.MaxName))
		return ""
	}
	if d.report.Origins[s.name] == nil {
		codes := make([]string, len(s.codes))
		for i, c := range s.codes {
			codes[i] = codeText(c)
		}
		d.keepGroup(origin, s.name, codes)
	}
	return s.name
}

// keepGroup keeps which prefixes a group of callers has.
func (d *deck) keepGroup(m meaning, name string, codes []string) {
	g := &d.groups
	if d.report.Origins == nil {
		d.report.Origins, g.of, g.rivals = map[string][]string{}, map[string]string{}, map[string][]string{}
	}
	switch {
	case d.report.Origins[name] != nil:
		return
	case len(d.report.Origins) == rating.MaxOrigins:
		d.want(m, fmt.Sprintf("at most %d groups of callers", rating.MaxOrigins))
		return
	case g.prefixes+len(codes) > rating.MaxOriginPrefixes:
		d.want(m, fmt.Sprintf("at most %d prefixes of callers in all groups", rating.MaxOriginPrefixes))
		return
	}
	d.report.Origins[name] = codes
	g.prefixes += len(codes)
	for _, c := range codes {
		other, ok := g.of[c]
		if !ok {
			g.of[c] = name
		} else if !slices.Contains(g.rivals[name], other) {
			g.rivals[name], g.rivals[other] = append(g.rivals[name], other), append(g.rivals[other], name)
		}
	}
}

// ambiguous returns another group for which the deck has a rate of the same prefix
// and time, and which has callers in common with the rate's own: which of the two
// prices such a caller pays, nothing says.
func (d *deck) ambiguous(r *rating.Rate) (group string, line int64) {
	for _, other := range d.groups.rivals[r.Origin] {
		like := *r
		like.Origin = other
		if before := d.seen.find(&like); before != nil {
			return other, int64(before.line)
		}
	}
	return "", 0
}

// OriginGroups returns the groups of callers that the deck has rates for, by name:
// a card of these rates needs them in its terms. Groups of a deck whose rates name
// those of a card are not among them.
func (r *Report) OriginGroups() []rating.Origin {
	out := make([]rating.Origin, 0, len(r.Origins))
	for _, name := range slices.Sorted(maps.Keys(r.Origins)) {
		out = append(out, rating.Origin{Name: name, Prefixes: r.Origins[name]})
	}
	return out
}

// callerNotices says which groups of a list no rate is for.
func callerNotices(list *Destinations, used map[string][]string, notice func(int64, string, ...any)) {
	if list == nil {
		return
	}
	var idle []string
	for _, s := range list.sets {
		if used[s.name] == nil {
			idle = append(idle, s.name)
		}
	}
	notice(int64(len(idle)), "Groups of callers of %s that no rate is for: %d, %s.", list.what, len(idle), quotedList(idle))
}
