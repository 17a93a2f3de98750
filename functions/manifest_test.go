package functions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
)

const good = `
functions:
  - name: rate
    buckets: [cdrs, orders-rate]
    schedule: "*/5 * * * *"
    retry: true
    timeout: 540s
    memory: 1Gi
    concurrency: 1
  - name: pages
    http: true
    timeout: 60m
    memory: 512Mi
    concurrency: 1000
`

func TestAManifestIsRead(t *testing.T) {
	got, err := functions.ParseManifest([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := functions.Manifest{Functions: []functions.Entry{
		{Name: "rate", Buckets: []string{"cdrs", "orders-rate"}, Schedule: "*/5 * * * *", Retry: true, Timeout: 9 * time.Minute, Memory: "1Gi", Concurrency: 1},
		{Name: "pages", HTTP: true, Timeout: time.Hour, Memory: "512Mi", Concurrency: 1000},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{"rate"}, got.OrderFunctions()); diff != "" {
		t.Errorf("functions with orders: -want +got\n%s", diff)
	}
}

func TestAManifestThatIsWrongIsRefusedByTheFunctionsName(t *testing.T) {
	for _, test := range []struct{ old, new, says string }{
		{"retry: true", "retries: true", "field retries not found"},
		{"retry: true", "retry: often", "often"},
		{"name: pages", "name: rate", `function "rate" is listed twice`},
		{"name: pages", `name: ""`, `function "": want a name`},
		{"name: pages", "name: Pages", `function "Pages": want a name of a-z`},
		{"name: pages", "name: my-pages", `function "my-pages": want a name`},
		{"http: true", "http: false", `function "pages": nothing calls it`},
		{"60m", "61m", `function "pages": timeout 1h1m0s: want 1s to 1h`},
		{"540s", "541s", `function "rate": timeout 9m1s: want 1s to 9m`},
		{"540s", "999ms", `function "rate": timeout 999ms`},
		{"timeout: 540s", "retry: true", `already defined`},
		{"*/5 * * * *", "*/5 * * *", `function "rate": schedule: `},
		{"*/5 * * * *", "61 * * * *", `function "rate": schedule: `},
		{"*/5 * * * *", "every noon", `function "rate": schedule: `},
		{"concurrency: 1000", "concurrency: 1001", `function "pages": concurrency 1001`},
		{"concurrency: 1000", "concurrency: 0", `function "pages": concurrency 0`},
		{"512Mi", "512", `function "pages": memory "512"`},
		{"512Mi", "Mi", `function "pages": memory "Mi"`},
		{"512Mi", "-1Mi", `function "pages": memory "-1Mi"`},
		{good, "", "no functions"},
		{good, "functions: []", "no functions"},
		{good, "functions: {}", "reading the manifest"},
	} {
		text := strings.Replace(good, test.old, test.new, 1)
		if text == good {
			t.Fatalf("the manifest has no %q", test.old)
		}
		if _, err := functions.ParseManifest([]byte(text)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s → %s: error %v, want one with %q", test.old, test.new, err, test.says)
		}
	}
}

func TestAllThatIsWrongInAManifestIsNamedAtOnce(t *testing.T) {
	text := strings.NewReplacer("540s", "0s", "1000", "0", "512Mi", "x").Replace(good)
	_, err := functions.ParseManifest([]byte(text))
	for _, want := range []string{`"rate": timeout`, `"pages": concurrency`, `"pages": memory`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s: %v", want, err)
		}
	}
}
