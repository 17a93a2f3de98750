// Package cases answers worked examples (what vendors publish, what a peer's
// tests expect) with the product's own code. Run it with
//
//	CASES=/folder/of/cases go test -count=1 ./tests/cases
//
// -count=1 because go test does not see changes outside the module.
package cases

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// root is the project's root as seen from this package.
const root = "../.."

// casesFolder returns the folder that CASES names, from the project's root, or
// skips: a clone need not have it. CI must.
func casesFolder(t *testing.T) string {
	named := os.Getenv("CASES")
	folder := cmp.Or(named, "../shared/cases")
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(root, folder)
	}
	info, err := os.Stat(folder)
	switch {
	case err == nil && info.IsDir():
	case named != "" || os.Getenv("CI") == "true":
		t.Fatalf("no folder of cases at %s; the environment variable CASES names it", folder)
	default:
		t.Skipf("no folder of cases at %s; name one in the environment variable CASES", folder)
	}
	return folder
}

// allCases reads every file of a folder.
func allCases(t *testing.T, folder string) []caseObject {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatalf("no *.json in %s", folder)
	}
	var all []caseObject
	for _, path := range paths {
		list, err := readCases(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
	}
	return all
}

// TestCases runs each case of the folder through the product. Those that ask
// for what it cannot do yet are skipped, by the list in notyet_test.go.
func TestCases(t *testing.T) {
	for _, c := range allCases(t, casesFolder(t)) {
		t.Run(c["id"].(string), func(t *testing.T) {
			switch v := judge(c, notYet); v.state {
			case failed:
				t.Errorf("kind %v: %s", c["kind"], v.why)
			case skipped:
				t.Skip(v.why)
			}
		})
	}
}

// TestOwnExamples answers the project's own cases: always there, never skipped,
// and at least one of every kind that is answered.
func TestOwnExamples(t *testing.T) {
	kinds := map[string]bool{}
	for _, c := range allCases(t, "testdata") {
		kind := c["kind"].(string)
		kinds[kind] = true
		t.Run(c["id"].(string), func(t *testing.T) {
			if v := judge(c, nil); v.state != passed {
				t.Errorf("kind %s: %s: %s", kind, v.state, v.why)
			}
		})
	}
	for kind := range answers() {
		if !kinds[kind] {
			t.Errorf("testdata has no case of kind %s", kind)
		}
	}
}
