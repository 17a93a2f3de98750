package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// caseObject is one case as its file has it; numbers are json.Number.
type caseObject map[string]any

// readCases reads a file of cases: a list of them, or an object with a list
// "cases" beside a "reading" that explains the fields.
func readCases(path string) ([]caseObject, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading cases: %w", err)
	}
	var list []caseObject
	if trimmed := bytes.TrimSpace(b); len(trimmed) > 0 && trimmed[0] == '{' {
		var file struct {
			Reading any          `json:"reading"`
			Cases   []caseObject `json:"cases"`
		}
		err = decode(b, &file)
		list = file.Cases
	} else {
		err = decode(b, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("reading cases of %s: %w", path, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("reading cases of %s: there are none", path)
	}
	for i, c := range list {
		if id, _ := c["id"].(string); id == "" {
			return nil, fmt.Errorf("reading cases of %s: case %d has no id", path, i+1)
		}
	}
	return list, nil
}

func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is something after the cases")
	}
	return nil
}

// question is one case being answered. Nothing in it stops the answering: what
// went wrong is collected, and judge weighs it at the end.
type question struct {
	kind  string
	in    *fields // inputs
	want  *fields // expected
	all   []*fields
	bad   []string // what could not be read
	needs []string // kind/field that the product cannot answer
	wrong []string // answers that are not the expected ones
}

// verdict is what became of a case.
type verdict struct {
	state state
	why   string
}

type state string

const (
	passed  state = "pass"
	skipped state = "skip"
	failed  state = "fail"
)

// prose are the fields that explain and ask nothing.
var prose = []string{"source", "note", "source_expected", "source_tariff", "description", "currency", "published", "wrong_way"}

// judge answers a case and weighs the answer. notYet says what may be skipped.
func judge(c caseObject, notYet []limit) verdict {
	id, kind := fmt.Sprint(c["id"]), fmt.Sprint(c["kind"])
	for _, name := range outOfScope {
		if id == name || strings.HasPrefix(id, name+"-") {
			return verdict{skipped, fmt.Sprintf("kind %s, case %s: prepaid balances are out of scope by name (semantics 10.35)", kind, name)}
		}
	}
	if l, ok := listed(notYet, kind); ok {
		return verdict{skipped, l.String()}
	}
	answer, ok := answers()[kind]
	if !ok {
		return verdict{failed, fmt.Sprintf("nobody answers kind %q, and it is not listed in notyet_test.go", kind)}
	}
	q := newQuestion(kind, c)
	if len(q.bad) == 0 {
		if len(q.want.values) == 0 {
			return verdict{skipped, "kind " + kind + ": all that is expected is about prepaid balances: out of scope (semantics 10.35)"}
		}
		answer(q)
	}
	for _, f := range q.all {
		if len(q.needs) > 0 && strings.HasPrefix(f.path, q.want.path) {
			continue // not answered, so not compared
		}
		for _, name := range slices.Sorted(maps.Keys(f.values)) {
			if !f.read[name] && !slices.Contains(prose, name) {
				q.badf("%s%s: unknown field", f.path, name)
			}
		}
	}
	if len(q.bad) > 0 {
		return verdict{failed, strings.Join(q.bad, "; ")}
	}
	var why []string
	for _, need := range q.needs {
		l, ok := listed(notYet, need)
		if !ok {
			return verdict{failed, fmt.Sprintf("the product cannot answer %s, and it is not listed in notyet_test.go", need)}
		}
		why = append(why, l.String())
	}
	switch {
	case len(why) > 0:
		return verdict{skipped, strings.Join(why, "; ")}
	case len(q.wrong) > 0:
		return verdict{failed, strings.Join(q.wrong, "; ")}
	}
	return verdict{passed, ""}
}

// newQuestion takes a case apart: what is asked (the inputs, or in the peer's
// cases the fields beside expected) and what is expected.
func newQuestion(kind string, c caseObject) *question {
	q := &question{kind: kind}
	asked := map[string]any{}
	for name, v := range c {
		switch name {
		case "id", "kind", "status", "expected", "inputs", "exact_cost", "replayed_exact":
		default:
			asked[name] = v
		}
	}
	inputs, _ := c["inputs"].(map[string]any)
	if _, there := c["inputs"]; there && inputs == nil {
		q.badf("inputs: want an object")
	}
	for name, v := range inputs {
		if _, twice := asked[name]; twice && !slices.Contains(prose, name) {
			q.badf("%s: there twice, in the case and in its inputs", name)
		}
		asked[name] = v
	}
	switch c["status"] {
	case nil, "published", "derived", "published_inconsistent":
	default:
		q.badf("status %v: want published, derived or published_inconsistent", c["status"])
	}
	expected, ok := c["expected"].(map[string]any)
	if !ok || len(expected) == 0 {
		q.badf("expected: want an object with something in it")
	}
	expected = maps.Clone(expected)
	// The peer's figure gives way to the exact one.
	if exact, there := c["exact_cost"]; there {
		expected["cost"] = exact
	}
	if replayed, there := c["replayed_exact"]; there {
		expected["replayed_exact"] = replayed
	}
	maps.DeleteFunc(asked, func(name string, _ any) bool { return strings.HasPrefix(name, "money_") })
	maps.DeleteFunc(expected, func(name string, v any) bool {
		text, _ := v.(string)
		return strings.HasPrefix(name, "money_") || strings.HasPrefix(name, "wrong_") ||
			name == "error" && strings.Contains(text, "NOT_ENOUGH_CREDIT")
	})
	q.in, q.want = q.fieldsOf("", asked), q.fieldsOf("expected.", expected)
	return q
}

func (q *question) badf(format string, args ...any) {
	q.bad = append(q.bad, fmt.Sprintf(format, args...))
}
func (q *question) wrongf(format string, args ...any) {
	q.wrong = append(q.wrong, fmt.Sprintf(format, args...))
}

// need says that the product has nothing to express a field with.
func (q *question) need(field string) {
	if need := q.kind + "/" + field; !slices.Contains(q.needs, need) {
		q.needs = append(q.needs, need)
	}
}

// check notes what the product refused to do.
func (q *question) check(err error) bool {
	if err != nil {
		q.wrongf("the product says: %v", err)
	}
	return err == nil
}
