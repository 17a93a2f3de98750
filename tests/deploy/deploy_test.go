// Package deploy holds what is deployed together: the manifest, the list of
// functions, and the file that Google's Go buildpack builds.
package deploy

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/objects"
)

const root = "../.."

func manifest(t *testing.T) functions.Manifest {
	t.Helper()
	m, err := functions.LoadManifest()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// names are the manifest's, in its order.
func names(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, e := range manifest(t).Functions {
		out = append(out, e.Name)
	}
	return out
}

func TestTheManifestAndTheCodeNameTheSameFunctions(t *testing.T) {
	var got []string
	for _, f := range functions.All() {
		got = append(got, f.Name)
	}
	if diff := cmp.Diff(names(t), got); diff != "" {
		t.Errorf("-manifest +code\n%s", diff)
	}
}

func TestEveryBucketOfTheManifestIsOneOfAnInstallation(t *testing.T) {
	m := manifest(t)
	stores, err := functions.OpenFolders(t.TempDir(), m, objects.WithoutSync())
	if err != nil {
		t.Fatal(err)
	}
	defer stores.Docs.Close()
	called := map[string]bool{}
	for _, e := range m.Functions {
		for _, name := range e.Buckets {
			called[name] = true
			if b, err := stores.Bucket(name); err != nil || b == nil {
				t.Errorf("function %s: %v", e.Name, err)
			}
			if of, ok := strings.CutPrefix(name, functions.OrdersBucket); ok && of != e.Name {
				t.Errorf("function %s is called by the orders of %s", e.Name, of)
			}
		}
	}
	if want := len(stores.Orders) + 2; len(called) != want {
		t.Errorf("%v call functions, want decks, cdrs and the buckets of all orders", slices.Sorted(maps.Keys(called)))
	}
	if _, err := stores.Bucket("orders-portal"); err == nil {
		t.Error("a bucket that nobody has is found")
	}
}

// What the buildpack does to the module's root:
// https://github.com/GoogleCloudPlatform/buildpacks/tree/main/cmd/go/functions_framework
func TestTheRootIsWhatTheBuildpackWants(t *testing.T) {
	const framework = "github.com/GoogleCloudPlatform/functions-framework-go"
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	packages, imports := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		packages[parsed.Name.Name] = true
		for _, i := range parsed.Imports {
			imports[strings.Trim(i.Path.Value, `"`)] = true
		}
	}
	// Tests count: those of another package would make two.
	if len(packages) != 1 || packages["main"] {
		t.Errorf("the root has the packages %v, want one that is not main", packages)
	}
	if !imports[framework+"/functions"] {
		t.Errorf("the root does not import %s/functions itself", framework)
	}
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^module [^/\s]*\.[^/\s]*(/|$)`).Match(data) {
		t.Error("the module's path has no dot in its first element")
	}
	if !regexp.MustCompile(`(?m)^\s*(require )?` + framework + ` v\S+$`).Match(data) {
		t.Errorf("go.mod does not require %s directly", framework)
	}
	if _, err := os.Stat(filepath.Join(root, "vendor")); err == nil {
		t.Error("the buildpack treats a module with a vendor folder differently: hold it to those rules, too")
	}
}
