package cdr

import (
	"fmt"
	"strings"
)

// meaning is what a column holds.
type meaning int

const (
	callID meaning = iota
	account
	aNumber
	bNumber
	startTime
	answerTime
	duration
	billsec
	billmsec
	disposition
	leg
	version
	direction
	trunk
	outTrunk
	kind
	units
	lrn
	callerLRN
	service
	tag
	meanings
)

// Columns is what the columns of a generic file may be called, in any case,
// with or without spaces, underscores and hyphens. A column of the name itself
// outranks one of the other names; two of the same rank are an error. Others
// are passed over.
var Columns = [meanings]struct {
	Name    string
	Aliases []string
}{
	callID:      {"call_id", []string{"id", "uuid", "uniqueid", "cdr_id", "session_id"}},
	account:     {"account", []string{"client_id", "client", "customer", "customer_id", "account_id", "accountcode"}},
	aNumber:     {"a_number", []string{"cli", "src", "source", "caller", "caller_id", "from", "calling", "calling_number", "ani", "caller_number", "a"}},
	bNumber:     {"b_number", []string{"dst", "destination", "destination_number", "callee", "to", "called", "called_number", "dialled", "dialed", "dialed_number", "dialled_number", "dnis", "cld", "b"}},
	startTime:   {"start_time", []string{"start", "calldate", "date", "datetime", "timestamp", "start_stamp", "call_start", "time", "setup_time"}},
	answerTime:  {"answer_time", []string{"answer", "answer_stamp", "answered_at", "connect_time"}},
	duration:    {"duration", []string{"duration_seconds", "seconds", "duration_s", "length"}},
	billsec:     {"billsec", []string{"bill_seconds", "billable_seconds", "talk_time"}},
	billmsec:    {"billmsec", []string{"duration_ms", "bill_ms"}},
	disposition: {"disposition", []string{"status", "call_status", "result"}},
	leg:         {"leg", []string{"leg_id", "dstchannel"}},
	version:     {"version", []string{"record_version"}},
	direction:   {"direction", []string{"call_direction"}},
	trunk:       {"trunk", []string{"trunk_id", "peer", "gateway"}},
	outTrunk:    {"out_trunk", []string{"carrier", "supplier_trunk", "egress_trunk", "out_gateway"}},
	kind:        {"kind", []string{"usage_kind", "usage_type"}},
	units:       {"units", []string{"quantity", "usage_units"}},
	lrn:         {"lrn", []string{"called_lrn", "b_lrn", "dnis_lrn"}},
	callerLRN:   {"caller_lrn", []string{"a_lrn", "ani_lrn", "calling_lrn"}},
	service:     {"service", []string{"pseudo_prefix"}},
	tag:         {"tag", []string{"rate_tag"}},
}

// layout says where each meaning stands in a row, and what the columns are
// called in reports.
type layout struct {
	at       [meanings]int // index, -1 = no such column
	names    []string
	min, max int // how many columns a row has; further ones must be empty
	never    int // a count between them that no template writes: a row cut short
}

// asteriskLayout is Asterisk's cdr_csv (cdr/cdr_csv.c, build_csv_record).
func asteriskLayout() layout {
	l := namedLayout(16, "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata",
		"start", "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield")
	l.at[account], l.at[aNumber], l.at[bNumber], l.at[leg] = 0, 1, 2, 6
	l.at[startTime], l.at[answerTime], l.at[duration], l.at[billsec] = 9, 10, 12, 13
	l.at[disposition], l.at[callID], l.at[trunk] = 14, 16, 5
	return l
}

// freeSWITCHLayout is the template "example" of FreeSWITCH's mod_cdr_csv.
func freeSWITCHLayout() layout {
	l := namedLayout(13, "caller_id_name", "caller_id_number", "destination_number", "context", "start_stamp", "answer_stamp",
		"end_stamp", "duration", "billsec", "hangup_cause", "uuid", "bleg_uuid", "accountcode", "read_codec", "write_codec")
	l.never = 14 // the codecs are both there, or neither
	l.at[aNumber], l.at[bNumber], l.at[startTime], l.at[answerTime] = 1, 2, 4, 5
	l.at[duration], l.at[billsec], l.at[callID], l.at[account], l.at[trunk] = 7, 8, 10, 12, 3
	return l
}

func namedLayout(least int, names ...string) layout {
	l := layout{names: names, min: least, max: len(names)}
	for m := range l.at {
		l.at[m] = -1
	}
	return l
}

// headerLayout finds the columns of a feed's generic file by its header row.
func headerLayout(header [][]byte, feed Feed) (layout, error) {
	known := knownNames()
	l := namedLayout(len(header), make([]string, len(header))...)
	var ranks [meanings]int
	for i, h := range header {
		l.names[i] = clip(h)
		k, ok := known[squash(string(h))]
		if !ok || k.rank < ranks[k.meaning] || !feed.reads(k.meaning) {
			continue
		}
		if k.rank == ranks[k.meaning] {
			first := l.at[k.meaning]
			return l, &FileError{
				Problem: fmt.Sprintf("two columns mean the same, %s", Columns[k.meaning].Name),
				Found:   fmt.Sprintf("column %d %q and column %d %q", first+1, l.names[first], i+1, l.names[i]),
				Want:    fmt.Sprintf("one of them removed, or the right one called %s", Columns[k.meaning].Name),
			}
		}
		l.at[k.meaning], ranks[k.meaning] = i, k.rank
	}
	hasKind := l.at[kind] >= 0
	for _, need := range []struct {
		what   string
		oneOf  []meaning
		unless bool // not every kind of usage has it
	}{
		{"called number", []meaning{bNumber}, hasKind},
		{"start or answer time", []meaning{startTime, answerTime}, false},
		{"duration", []meaning{billmsec, billsec, duration}, hasKind && l.at[units] >= 0},
		{"direction, which the feed's direction, both, asks for", []meaning{direction}, !feed.reads(direction)},
		{"trunk, which the feed identifies by", []meaning{trunk}, !feed.reads(trunk)},
		{"outgoing trunk, by which the feed charges suppliers", []meaning{outTrunk}, !feed.reads(outTrunk)},
	} {
		var names []string
		found := false
		for _, m := range need.oneOf {
			found = found || l.at[m] >= 0
			names = append(append(names, Columns[m].Name), Columns[m].Aliases...)
		}
		if !found && !need.unless {
			return l, &FileError{
				Problem: "the header row has no column for the " + need.what,
				Found:   list(l.names),
				Want:    "a column called one of " + strings.Join(names, ", "),
			}
		}
	}
	return l, nil
}

type knownName struct {
	meaning meaning
	rank    int
}

func knownNames() map[string]knownName {
	known := make(map[string]knownName)
	for m, c := range Columns {
		known[squash(c.Name)] = knownName{meaning(m), 2}
		for _, alias := range c.Aliases {
			known[squash(alias)] = knownName{meaning(m), 1}
		}
	}
	return known
}

// squash returns a name in lower case without spaces, underscores and hyphens.
func squash(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ' || c == '\t' || c == '\u00A0' || c == '_' || c == '-':
			return -1
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		default:
			return c
		}
	}, name)
}

// list quotes the first names, so that an error stays readable whatever the
// file is.
func list(names []string) string {
	const most = 40
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}
