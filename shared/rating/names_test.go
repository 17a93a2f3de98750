package rating

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/numbering"
)

// Whatever is chosen has a name in JSON, which chooses it again; what is none
// has none.
func TestChoicesHaveNames(t *testing.T) {
	type choices struct {
		Model        IncrementModel
		GraceMode    GraceMode
		Presentation Presentation
	}
	for i, want := range []string{
		`{"Model":"first_then_pulse","GraceMode":"under","Presentation":"single_rate"}`,
		`{"Model":"whole_call_multiple","GraceMode":"up_to","Presentation":"inter_intra"}`,
		`{"Model":"continuous","GraceMode":"deducted","Presentation":"inter_intra_indeterminate"}`,
		`{"Model":"first_then_pulse","GraceMode":"under","Presentation":"local_eea_international"}`,
	} {
		c := choices{FirstThenPulse + IncrementModel(i%3), GraceMode(i % 3), Presentation(i)}
		b, err := json.Marshal(c)
		if err != nil || string(b) != want {
			t.Errorf("%+v is written %s, %v; want %s", c, b, err, want)
		}
		var back choices
		if err := json.Unmarshal([]byte(want), &back); err != nil || back != c {
			t.Errorf("%s is read as %+v, %v", want, back, err)
		}
	}
	for _, c := range []choices{{Model: 0}, {Model: Continuous + 1}, {Model: 1, GraceMode: GraceDeducted + 1}, {Model: 1, Presentation: LocalEEAInternational + 1}} {
		if b, err := json.Marshal(c); err == nil {
			t.Errorf("%+v is written %s", c, b)
		}
	}
	for _, text := range []string{`{"Model":""}`, `{"Model":"pulse"}`, `{"GraceMode":"over"}`, `{"Presentation":"us"}`, `{"Presentation":1}`} {
		var c choices
		if err := json.Unmarshal([]byte(text), &c); err == nil {
			t.Errorf("%s is read as %+v", text, c)
		}
	}
}

func TestClassesHaveNames(t *testing.T) {
	for c := numbering.Intrastate; c <= numbering.Local; c++ {
		if got, err := ParseClass(c.String()); err != nil || got != c {
			t.Errorf("%s is read as %s, %v", c, got, err)
		}
	}
	for _, s := range []string{"", "none", "Local", "interstate "} {
		if c, err := ParseClass(s); err == nil || !strings.Contains(err.Error(), "want intrastate") {
			t.Errorf("%q is read as %s, %v", s, c, err)
		}
	}
}
