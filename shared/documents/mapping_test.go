package documents_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
	"pgregory.net/rapid"
)

type state string

type part struct {
	Name   string       `doc:"name"`
	Amount money.Amount `doc:"amount,omitempty"`
}

type everything struct {
	Text     string                  `doc:"text"`
	State    state                   `doc:"state,omitempty"`
	Int      int                     `doc:"int"`
	Small    int8                    `doc:"small,omitempty"`
	Unsigned uint64                  `doc:"unsigned"`
	Yes      bool                    `doc:"yes"`
	At       time.Time               `doc:"at,omitempty"`
	Maybe    *time.Time              `doc:"maybe"`
	Bytes    []byte                  `doc:"bytes"`
	Texts    []string                `doc:"texts"`
	Parts    []part                  `doc:"parts"`
	Links    []*part                 `doc:"links"`
	By       map[string]money.Amount `doc:"by"`
	States   map[state]part          `doc:"states,omitempty"`
	Nested   part                    `doc:"nested"`
	Next     *everything             `doc:"next"`
	Month    period.Month            `doc:"month,omitempty"`
	Rounding money.Rounding          `doc:"rounding,omitempty"`
	Skipped  float64                 `doc:"-"`
	hidden   int
}

func TestEncode(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 1500, time.FixedZone("", 3600))
	rounded := time.Date(2026, 10, 31, 23, 0, 0, 2000, time.UTC)
	v := everything{
		Text: "a", State: "open", Int: math.MinInt64, Unsigned: math.MaxInt64, Yes: true, At: at, Maybe: &at,
		Bytes: []byte{}, Texts: []string{"x"}, Parts: []part{{"p", money.MustParse("1.50")}, {}}, Links: []*part{nil, {Name: "q"}},
		By: map[string]money.Amount{"GBP": money.MustParse("-0.010")}, Next: &everything{}, Nested: part{Name: "n"},
		Month: period.Month{Year: 2026, Month: 11}, Rounding: money.HalfUp, Skipped: 1.5, hidden: 1,
	}
	zero := documents.Fields{"text": "", "int": int64(0), "unsigned": int64(0), "yes": false, "nested": map[string]any{"name": ""}}
	want := documents.Fields{
		"text": "a", "state": "open", "int": int64(math.MinInt64), "unsigned": int64(math.MaxInt64), "yes": true,
		"at": rounded, "maybe": rounded, "bytes": []byte{}, "texts": []any{"x"},
		"parts": []any{map[string]any{"name": "p", "amount": "1.50"}, map[string]any{"name": ""}},
		"links": []any{nil, map[string]any{"name": "q"}}, "by": map[string]any{"GBP": "-0.010"},
		"next": map[string]any(zero), "nested": map[string]any{"name": "n"}, "month": "2026-11", "rounding": "half-up",
	}
	got, err := documents.Encode(&v)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	back := everything{Text: "replaced", Small: 3}
	if err := got.Decode(&back); err != nil {
		t.Fatal(err)
	}
	v.At, v.Maybe, v.Skipped, v.hidden = rounded, &rounded, 0, 0
	if diff := cmp.Diff(v, back, cmp.AllowUnexported(everything{})); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestEncodeDecodeRoundTrip(t *testing.T) {
	text := rapid.String()
	amount := rapid.Custom(func(t *rapid.T) money.Amount {
		return money.New(rapid.Int64().Draw(t, "units"), rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"))
	})
	parts := rapid.Custom(func(t *rapid.T) part { return part{text.Draw(t, "name"), amount.Draw(t, "amount")} })
	rapid.Check(t, func(t *rapid.T) {
		v := everything{
			Text: text.Draw(t, "text"), Int: rapid.Int().Draw(t, "int"), Small: rapid.Int8().Draw(t, "small"),
			Unsigned: rapid.Uint64Max(math.MaxInt64).Draw(t, "unsigned"), Yes: rapid.Bool().Draw(t, "yes"),
			At:    time.UnixMicro(rapid.Int64Range(-62135596800e6, 253402300799e6).Draw(t, "at")).UTC(),
			Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), Texts: rapid.SliceOf(text).Draw(t, "texts"),
			Parts: rapid.SliceOf(parts).Draw(t, "parts"), Links: rapid.SliceOf(rapid.Ptr(parts, true)).Draw(t, "links"),
			By: rapid.MapOf(text, amount).Draw(t, "by"), Nested: parts.Draw(t, "nested"),
		}
		f, err := documents.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		var back everything
		if err := f.Decode(&back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v, back, cmp.AllowUnexported(everything{})); diff != "" {
			t.Fatalf("came back otherwise (-want +got):\n%s", diff)
		}
	})
}

type cyclic struct {
	Next *cyclic `doc:"next"`
}

type onlyWrites struct{}

func (onlyWrites) MarshalText() ([]byte, error) { return nil, nil }

func TestEncodeRefuses(t *testing.T) {
	loop := &cyclic{}
	loop.Next = loop
	for want, v := range map[string]any{
		"float64 cannot be kept": struct {
			F []float64 `doc:"f"`
		}{[]float64{1}},
		"float32 cannot be kept": map[string]float32{"a": 1},
		"interface {} cannot be kept": struct {
			F any `doc:"f"`
		}{1},
		"[2]int cannot be kept":                 map[string][2]int{"a": {}},
		"map[int]string cannot be kept":         map[string]map[int]string{"a": {1: ""}},
		"9223372036854775808 does not fit into": map[string]uint64{"a": 1 << 63},
		"year 10000":                            map[string]time.Time{"a": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"no such rounding method: 0":            map[string]money.Rounding{"a": 0},
		"want both MarshalText and":             map[string]onlyWrites{"a": {}},
		"nested deeper":                         loop,
		"want a struct or a map":                1,
		"<nil>: want a struct or a map":         nil,
		"*documents_test.cyclic: want a struc":  (*cyclic)(nil),
		"want a struct or a map that is not n":  map[string]string(nil),
		"money.Amount: want a struct or a map":  money.MustParse("1"),
		"no name in a doc tag": struct {
			F string
		}{},
		"and is not exported": struct {
			f string `doc:"f"` //nolint:unused // the case is that it is not exported
		}{},
		`two fields with the doc tag "f"`: struct {
			F string `doc:"f"`
			G string `doc:"f"`
		}{},
		`doc tag option "string"`: struct {
			F string `doc:"f,string"`
		}{},
	} {
		if _, err := documents.Encode(v); !errors.Is(err, documents.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("Encode(%T): %v, want ErrInvalid: %s", v, err, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for want, f := range map[string]documents.Fields{
		`field "more" is unknown`:                {"more": int64(1)},
		`nested: field "more" is unknown`:        {"nested": map[string]any{"more": nil}},
		"text: got int64, want string":           {"text": int64(1)},
		"text: got <nil>, want string":           {"text": nil},
		"int: got string, want int64":            {"int": "1"},
		"yes: got string, want bool":             {"yes": "true"},
		"at: got string, want time.Time":         {"at": "2026-11-01T00:00:00Z"},
		"maybe: got int64, want time.Time":       {"maybe": int64(1)},
		"bytes: got string, want []uint8":        {"bytes": "a"},
		"texts: got string, want []interface {}": {"texts": "a"},
		"texts: [1]: got int64, want string":     {"texts": []any{"a", int64(1)}},
		"by: GBP: amount \"x\"":                  {"by": map[string]any{"GBP": "x"}},
		"month: month \"2026\"":                  {"month": "2026"},
		"rounding: got int64, want string":       {"rounding": int64(1)},
		"small: 128 does not fit into int8":      {"small": int64(128)},
		"unsigned: -1 does not fit into uint64":  {"unsigned": int64(-1)},
	} {
		v := everything{Text: "kept"}
		if err := f.Decode(&v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("decode of %v: %v, want %s", f, err, want)
		}
		if v.Text != "kept" {
			t.Errorf("decode of %v failed and changed its target", f)
		}
	}
	for _, v := range []any{nil, everything{}, (*everything)(nil)} {
		if err := (documents.Fields{}).Decode(v); err == nil || !strings.Contains(err.Error(), "want a pointer") {
			t.Errorf("decode into %T: %v, want a pointer", v, err)
		}
	}
	var v everything
	if err := (documents.Doc{Path: item("a")}).Decode(&v); !errors.Is(err, documents.ErrNotFound) {
		t.Errorf("decode of a document that does not exist: %v, want ErrNotFound", err)
	}
	doc := documents.Doc{Path: item("a"), Version: "1", Fields: documents.Fields{"text": int64(1)}}
	if err := doc.Decode(&v); err == nil || !strings.HasPrefix(err.Error(), "items/a: ") {
		t.Errorf("decode of a document: %v, want an error that names it", err)
	}
}
