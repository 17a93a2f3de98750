package call_test

import (
	"bytes"
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"pgregory.net/rapid"
)

// constants returns the names of the constants of one type that a source file
// of this package declares, in order, each with its string value if it has one.
func constants(t *testing.T, file, typ string) (names []string, values map[string]string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]string{}
	for _, decl := range parsed.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		current := "" // a constant without type and value has those of the one before
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			if value.Type != nil || value.Values != nil {
				current = ""
				if ident, ok := value.Type.(*ast.Ident); ok {
					current = ident.Name
				}
			}
			if current != typ {
				continue
			}
			for i, name := range value.Names {
				names = append(names, name.Name)
				if i < len(value.Values) {
					if lit, ok := value.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
						if values[name.Name], err = strconv.Unquote(lit.Value); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		}
	}
	return names, values
}

func TestFlagNames(t *testing.T) {
	table := []struct {
		constant string
		flag     call.Flags
		name     string
	}{
		{"TimeAmbiguous", call.TimeAmbiguous, "time_ambiguous"},
		{"TimeSkipped", call.TimeSkipped, "time_skipped"},
		{"BillsecOverTotal", call.BillsecOverTotal, "billsec_over_duration"},
		{"NoCallID", call.NoCallID, "no_call_id"},
		{"DefaultIncrement", call.DefaultIncrement, "default_increment"},
		{"Bundled", call.Bundled, "bundled"},
		{"PartlyBundled", call.PartlyBundled, "partly_bundled"},
		{"Late", call.Late, "late"},
		{"PayerByNumber", call.PayerByNumber, "payer_by_number"},
		{"NoLRN", call.NoLRN, "no_lrn"},
		{"NoCallerCountry", call.NoCallerCountry, "no_caller_country"},
		{"ByLRN", call.ByLRN, "by_lrn"},
		{"CallerWithheld", call.CallerWithheld, "caller_withheld"},
		{"ShortCode", call.ShortCode, "short_code"},
		{"FallbackCard", call.FallbackCard, "fallback_card"},
		{"RatedAs", call.RatedAs, "rated_as"},
	}
	var constantNames []string
	var all call.Flags
	joined := ""
	for i, c := range table {
		constantNames = append(constantNames, c.constant)
		if c.flag != 1<<i {
			t.Errorf("%s is %b: stored rows need it to stay bit %d", c.constant, c.flag, i)
		}
		if got := c.flag.String(); got != c.name {
			t.Errorf("%s shows as %q, want %q", c.constant, got, c.name)
		}
		all |= c.flag
		if i > 0 {
			joined += "|"
		}
		joined += c.name
	}
	declared, _ := constants(t, "record.go", "Flags")
	if diff := cmp.Diff(constantNames, declared); diff != "" {
		t.Errorf("flags without a line in this table, or the reverse (-table +source):\n%s", diff)
	}
	if got := all.String(); got != joined {
		t.Errorf("all flags: got %s, want %s", got, joined)
	}
	if got := (call.Late | call.TimeSkipped).String(); got != "time_skipped|late" {
		t.Errorf("two flags: got %s", got)
	}
	if got := call.Flags(0).String(); got != "" {
		t.Errorf("no flag: got %q", got)
	}
	if got := string(call.Bundled.Append([]byte("x,"))); got != "x,bundled" {
		t.Errorf("appended to a line: got %s", got)
	}
}

func TestFlagsHas(t *testing.T) {
	f := call.Late | call.NoCallID
	for _, c := range []struct {
		x    call.Flags
		want bool
	}{{call.Late, true}, {f, true}, {call.Bundled, false}, {call.Late | call.Bundled, false}, {0, true}} {
		if got := f.Has(c.x); got != c.want {
			t.Errorf("%s has %s: got %v", f, c.x, got)
		}
	}
}

func sample() call.Record {
	return call.Record{
		Feed: "asterisk", CallID: "1762300800.17", Leg: "SIP/trunk-1", Version: 2, Instant: 1_762_300_800_123_456_789,
		Duration: call.Duration{Nanos: 61_500_000_000, Decimals: 1}, Account: "ACME", ANumber: "442079460000", BNumber: "33142685300",
		Kind: call.Event, Units: 2, LRN: "3314268",
		ARaw: "+44 20 7946 0000", BRaw: "0033142685300", Flags: call.TimeAmbiguous,
	}
}

// Each field of a record either is content or is not; a new field must say so
// here.
func TestHashesCoverFields(t *testing.T) {
	fields := map[string]struct {
		change            func(*call.Record)
		content, identity bool
	}{
		"Feed":              {func(r *call.Record) { r.Feed += "x" }, true, true},
		"CallID":            {func(r *call.Record) { r.CallID += "x" }, true, true},
		"Leg":               {func(r *call.Record) { r.Leg = "" }, true, true},
		"Version":           {func(r *call.Record) { r.Version++ }, true, false},
		"Instant":           {func(r *call.Record) { r.Instant++ }, true, true},
		"Duration.Nanos":    {func(r *call.Record) { r.Duration.Nanos++ }, true, false},
		"Duration.Decimals": {func(r *call.Record) { r.Duration.Decimals++ }, false, false},
		"Kind":              {func(r *call.Record) { r.Kind = call.SMS }, true, false},
		"Units":             {func(r *call.Record) { r.Units++ }, true, false},
		"LRN":               {func(r *call.Record) { r.LRN += "0" }, true, false},
		"ALRN":              {func(r *call.Record) { r.ALRN = "12125550100" }, true, false},
		"Service":           {func(r *call.Record) { r.Service = "on-net" }, true, false},
		"Tag":               {func(r *call.Record) { r.Tag = "gold" }, true, false},
		"Account":           {func(r *call.Record) { r.Account = "acme" }, true, false},
		"ANumber":           {func(r *call.Record) { r.ANumber = "" }, true, false},
		"BNumber":           {func(r *call.Record) { r.BNumber += "0" }, true, false},
		"ARaw":              {func(r *call.Record) { r.ARaw = "" }, false, false},
		"BRaw":              {func(r *call.Record) { r.BRaw = "" }, false, false},
		"Flags":             {func(r *call.Record) { r.Flags = 0 }, false, false},
		"Direction":         {func(r *call.Record) { r.Direction = call.Inbound }, true, false},
		"Trunk":             {func(r *call.Record) { r.Trunk = "peer" }, true, false}, // only feeds that tell by it who pays read it
		"AccountRaw":        {func(r *call.Record) { r.AccountRaw = "bolt" }, false, false},
		"OutTrunk":          {func(r *call.Record) { r.OutTrunk = "carrier" }, true, false}, // only feeds that charge suppliers read it
	}
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[call.Record]()) {
		if f.Name == "Duration" {
			for _, d := range reflect.VisibleFields(f.Type) {
				names = append(names, "Duration."+d.Name)
			}
			continue
		}
		names = append(names, f.Name)
	}
	for _, name := range names {
		f, ok := fields[name]
		if !ok {
			t.Errorf("nothing says whether %s is content", name)
			continue
		}
		before, after := sample(), sample()
		f.change(&after)
		if after == before {
			t.Fatalf("the change of %s changes nothing", name)
		}
		if changed := after.ContentHash() != before.ContentHash(); changed != f.content {
			t.Errorf("another %s: content hash changed %v, want %v", name, changed, f.content)
		}
		if changed := after.Identity() != before.Identity(); changed != f.identity {
			t.Errorf("another %s: identity changed %v, want %v", name, changed, f.identity)
		}
	}
	if len(names) != len(fields) {
		t.Errorf("fields %v, want those of the table", names)
	}
}

// The encoding can be read back, so no two contents share one. The reader here
// is also its specification: stored hashes depend on it.
func TestContentEncoding(t *testing.T) {
	text := rapid.StringN(0, 200, call.MaxField)
	rapid.Check(t, func(t *rapid.T) {
		want := call.Record{
			Feed: text.Draw(t, "feed"), CallID: text.Draw(t, "call id"), Leg: text.Draw(t, "leg"), Version: rapid.Uint64().Draw(t, "version"),
			Instant: rapid.Int64().Draw(t, "instant"), Duration: call.Duration{Nanos: rapid.Int64().Draw(t, "nanos")},
			Account: text.Draw(t, "account"), ANumber: text.Draw(t, "a"), BNumber: text.Draw(t, "b"),
			Kind: call.Kind(rapid.IntRange(0, call.Kinds-1).Draw(t, "kind")), Units: rapid.Uint64().Draw(t, "units"),
		}
		if plain := rapid.Bool().Draw(t, "plain"); plain {
			want.Kind, want.Units = call.Voice, 0
		} else {
			want.LRN, want.ALRN, want.Service, want.Tag = text.Draw(t, "lrn"), text.Draw(t, "alrn"), text.Draw(t, "service"), text.Draw(t, "tag")
			want.Direction, want.Trunk = call.Direction(rapid.IntRange(0, 1).Draw(t, "direction")), text.Draw(t, "trunk")
			want.OutTrunk = text.Draw(t, "out trunk")
		}
		if want.Kind == call.Voice {
			want.Units = 0 // of other kinds only
		}
		rest := want.AppendContent([]byte("before"))
		if !bytes.HasPrefix(rest, []byte("before")) {
			t.Fatal("what stood in the buffer is gone")
		}
		rest = rest[len("before"):]
		str := func() string {
			n, size := binary.Uvarint(rest)
			s := string(rest[size : size+int(n)])
			rest = rest[size+int(n):]
			return s
		}
		number := func() uint64 {
			n := binary.BigEndian.Uint64(rest)
			rest = rest[8:]
			return n
		}
		got := call.Record{Feed: str(), CallID: str(), Leg: str(), Version: number(), Instant: int64(number())}
		got.Duration.Nanos = int64(number())
		got.Account, got.ANumber, got.BNumber = str(), str(), str()
		if len(rest) > 0 { // what most records do not have
			got.Kind, rest = call.Kind(rest[0]), rest[1:]
			got.Units = number()
			got.LRN, got.ALRN, got.Service, got.Tag = str(), str(), str(), str()
		}
		if len(rest) > 0 {
			got.Direction, rest = call.Direction(rest[0]), rest[1:]
			got.Trunk = str()
		}
		if len(rest) > 0 {
			got.OutTrunk = str()
		}
		if diff := cmp.Diff(want, got); diff != "" || len(rest) != 0 {
			t.Fatalf("read back with %d bytes left over (-want +got):\n%s", len(rest), diff)
		}
	})
}

// The same letters cut into fields at other places are another record.
func TestFieldSplitsDiffer(t *testing.T) {
	const letters = "112233"
	content, identity := map[call.Hash]call.Record{}, map[call.Hash]call.Record{}
	for i := range len(letters) + 1 {
		for j := i; j <= len(letters); j++ {
			for _, r := range []call.Record{
				{Feed: letters[:i], CallID: letters[i:j], Leg: letters[j:]},
				{Account: letters[:i], ANumber: letters[i:j], BNumber: letters[j:]},
			} {
				if other, ok := content[r.ContentHash()]; ok && other != r {
					t.Errorf("%+v and %+v share a content hash", r, other)
				}
				content[r.ContentHash()] = r
				if r.Account+r.ANumber+r.BNumber != "" {
					continue // no part of the identity
				}
				if other, ok := identity[r.Identity()]; ok && other != r {
					t.Errorf("%+v and %+v share an identity", r, other)
				}
				identity[r.Identity()] = r
			}
		}
	}
}

func TestHasID(t *testing.T) {
	r := sample()
	if !r.HasID() {
		t.Error("a record with a call id has none")
	}
	r.CallID = ""
	if r.HasID() {
		t.Error("a record without a call id has one")
	}
}

func TestAt(t *testing.T) {
	r := sample()
	want := time.Date(2025, 11, 5, 0, 0, 0, 123_456_789, time.UTC)
	if got := r.At(); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHashesAllocateNothing(t *testing.T) {
	r := sample()
	if n := testing.AllocsPerRun(100, func() { r.ContentHash(); r.Identity() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestStatusNames(t *testing.T) {
	var names []string
	for s := call.Rated; s <= call.Superseded; s++ {
		names = append(names, s.String())
	}
	if diff := cmp.Diff([]string{"rated", "unrated", "rejected", "ignored", "duplicate", "superseded"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	declared, _ := constants(t, "reason.go", "Status")
	if diff := cmp.Diff([]string{"Rated", "Unrated", "Rejected", "Ignored", "Duplicate", "Superseded"}, declared); diff != "" {
		t.Errorf("statuses without a line in this test, or the reverse (-test +source):\n%s", diff)
	}
	if got := (call.Superseded + 1).String(); got != "unknown" {
		t.Errorf("a status that does not exist: got %q", got)
	}
}

// A person who meets a reason finds it in the table, once, with its meaning.
func TestReasonsTable(t *testing.T) {
	names, values := constants(t, "reason.go", "Reason")
	if len(names) < 15 {
		t.Fatalf("only %d reasons were found in the source", len(names))
	}
	var declared, listed []string
	for _, name := range names {
		declared = append(declared, values[name])
	}
	code := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	explains := map[call.Status]bool{call.Unrated: true, call.Rejected: true, call.Ignored: true}
	meanings := map[string]bool{}
	for _, r := range call.Reasons {
		listed = append(listed, string(r.Reason))
		if !code.MatchString(string(r.Reason)) {
			t.Errorf("reason %q is no code of lower-case words", r.Reason)
		}
		if !explains[r.Status] {
			t.Errorf("%s stands under %s, which needs no reason", r.Reason, r.Status)
		}
		if r.Meaning == "" || meanings[r.Meaning] {
			t.Errorf("%s: meaning %q is missing or stands twice", r.Reason, r.Meaning)
		}
		meanings[r.Meaning] = true
	}
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("Reasons and the constants differ (-constants +table):\n%s", diff)
	}
}

// TestAnAccountThatWasFoundIsNotContent: the record is the same one, whoever
// owned its number when it came.
func TestAnAccountThatWasFoundIsNotContent(t *testing.T) {
	read := call.Record{Feed: "f", ANumber: "441", BNumber: "442", Account: call.Unassigned}
	found, named := read, read
	found.Account, found.Flags = "acme", call.PayerByNumber
	named.Account = "acme"
	if found.ContentHash() != read.ContentHash() {
		t.Error("a record is another one when its payer is found")
	}
	if named.ContentHash() == read.ContentHash() {
		t.Error("a record that names its account is the same as one that names none")
	}
	// Where the number comes before the account field, that stays content.
	outranked := found
	outranked.AccountRaw, named.Account = "bolt", "bolt"
	if outranked.ContentHash() != named.ContentHash() {
		t.Error("a record is another one when somebody else than it names is found to pay")
	}
}
