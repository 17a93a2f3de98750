package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	"github.com/google/go-cmp/cmp"

	_ "github.com/tollbook/tollbook"
)

// asFramework makes this test binary what the buildpack makes of the root.
const asFramework = "TOLLBOOK_TEST_AS_FRAMEWORK"

func TestMain(m *testing.M) {
	if host := os.Getenv(asFramework); host != "" {
		fmt.Fprintln(os.Stderr, funcframework.StartHostPort(host, os.Getenv("PORT")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// framework is a process that serves what the root registers. An address that
// cannot be listened on ends it where it would serve.
func framework(ctx context.Context, t *testing.T, host string, env ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	cmd = exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(env, asFramework+"="+host)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

const nowhere = "192.0.2.1" // kept for documentation: no machine has it

func TestTheRootRegistersTheFunctionsOfTheManifest(t *testing.T) {
	cmd, stdout, stderr := framework(t.Context(), t, nowhere, "PORT=0")
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || !strings.Contains(stderr.String(), "listen tcp") {
		t.Fatalf("%v: %s", err, stderr)
	}
	var got []string
	for _, m := range regexp.MustCompile(`Serving function: "(.*)"`).FindAllStringSubmatch(stdout.String(), -1) {
		got = append(got, m[1])
	}
	want := names(t)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-manifest +registered\n%s", diff)
	}
}

func TestEachFunctionIsAFunctionTarget(t *testing.T) {
	for _, name := range append(names(t), "nobody") {
		cmd, _, stderr := framework(t.Context(), t, nowhere, "PORT=0", "FUNCTION_TARGET="+name)
		var exit *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &exit) {
			t.Fatal(err)
		}
		unknown := strings.Contains(stderr.String(), "no matching function")
		if unknown != (name == "nobody") {
			t.Errorf("%s: %s", name, stderr)
		}
	}
}

// serve starts the framework on a free port of this machine and returns its URL
// once something answers there.
func serve(t *testing.T, env ...string) (url string, stderr *bytes.Buffer, stop func()) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_, port, err := net.SplitHostPort(address)
	if err := errors.Join(err, free.Close()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd, _, stderr := framework(ctx, t, "127.0.0.1", append(env, "PORT="+port)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		cancel()
		_ = cmd.Wait() // it was killed, and says so
	}
	t.Cleanup(stop)
	within, done := context.WithTimeout(ctx, time.Minute)
	defer done()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for range look.C {
		conn, err := new(net.Dialer).DialContext(within, "tcp", address)
		if err == nil {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			return "http://" + address, stderr, stop
		}
		if within.Err() != nil {
			stop()
			t.Fatalf("nothing answers at %s: %s", address, stderr)
		}
	}
	return "", nil, nil
}

// post sends a schedule's call and returns the status of its answer.
func post(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-CloudScheduler-JobName", "bundlereset")
	r.Header.Set("X-CloudScheduler-ScheduleTime", "2026-12-01T00:00:00Z")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode
}

func TestABuiltFunctionTakesItsEvents(t *testing.T) {
	url, stderr, stop := serve(t, "FUNCTION_TARGET=bundlereset", "TOLLBOOK_DATA="+t.TempDir())
	if got := post(t, url); got != http.StatusNoContent {
		stop()
		t.Errorf("answered %d, want 204\n%s", got, stderr)
	}
}

func TestABuiltFunctionWithoutItsEnvironmentSaysSoAtEachCallAndLives(t *testing.T) {
	url, stderr, stop := serve(t, "FUNCTION_TARGET=bundlereset")
	for range 2 {
		if got := post(t, url); got != http.StatusInternalServerError {
			t.Errorf("answered %d, want 500", got)
		}
	}
	stop()
	if got := strings.Count(stderr.String(), "TOLLBOOK_DATA"); got < 2 {
		t.Errorf("the log names what is missing %d times, want 2\n%s", got, stderr)
	}
}
