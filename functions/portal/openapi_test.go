package portal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDescriptionOfTheAPIIsTheCommittedOne(t *testing.T) {
	w := empty(t)
	got := w.get("/v1/openapi.json").want(200)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("openapi.json", append(bytes.Clone(got.Body), '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got.Body)+"\n"); diff != "" {
		t.Errorf("openapi.json is not what the code says: run the test with UPDATE=1 (-committed +code)\n%s", diff)
	}
}

func TestEveryOperationIsDescribedWithItsProblems(t *testing.T) {
	w := empty(t)
	var spec struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Summary   string                     `json:"summary"`
			Responses map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	body := w.get("/v1/openapi.json").Body
	if err := json.Unmarshal(body, &spec); err != nil {
		t.Fatal(err)
	}
	if spec.OpenAPI != "3.1.0" || len(spec.Paths) < 30 {
		t.Errorf("OpenAPI %s with %d paths", spec.OpenAPI, len(spec.Paths))
	}
	for path, methods := range spec.Paths {
		for method, op := range methods {
			if op.Summary == "" || !strings.Contains(string(op.Responses["default"]), "problem+json") {
				t.Errorf("%s %s has summary %q and the error %s", method, path, op.Summary, op.Responses["default"])
			}
		}
	}
	// Every schema that is named is there, and the other way round.
	for name := range spec.Components.Schemas {
		if !strings.Contains(string(body), `"#/components/schemas/`+name+`"`) {
			t.Errorf("schema %s is never used", name)
		}
	}
	for _, part := range strings.Split(string(body), `"#/components/schemas/`)[1:] {
		if name, _, _ := strings.Cut(part, `"`); spec.Components.Schemas[name] == nil {
			t.Errorf("schema %s is not there", name)
		}
	}
}
