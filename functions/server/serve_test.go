package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/tollbook/tollbook/functions"
)

// env is an environment; what it does not name is not set.
type env map[string]string

func (e env) get(key string) string { return e[key] }

// address reads a server's log until it says where it serves, and reads on in
// the background.
func address(t *testing.T, log io.Reader) (url string) {
	t.Helper()
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Message, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if line.Message == "serving" {
			go func() {
				for lines.Scan() {
				}
			}()
			return "http://" + line.Address
		}
	}
	t.Fatal("the server ended before it served")
	return ""
}

func status(t *testing.T, method, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
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

func TestEveryFunctionOrOneIsServedUntilTheEnd(t *testing.T) {
	data := t.TempDir()
	for _, test := range []struct {
		target string
		want   map[string]int
	}{
		{"", map[string]int{"POST /bundlereset": 204, "POST /billrun": 204, "POST /deckupload": 204, "POST /nobody": 404, "GET /portal/v1/cards": 200, "GET /healthz": 200}},
		{"bundlereset", map[string]int{"POST /": 204, "GET /healthz": 200, "GET /portal/v1/cards": 405}},
	} {
		ctx, stop := context.WithCancel(t.Context())
		log, to := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- run(ctx, nil, env{"TOLLBOOK_DATA": data, "TOLLBOOK_LISTEN": "127.0.0.1:0", "FUNCTION_TARGET": test.target}.get, io.Discard, to)
			_ = to.Close() // of a pipe: never an error
		}()
		url := address(t, log)
		for call, want := range test.want {
			method, path, _ := strings.Cut(call, " ")
			if got := status(t, method, url+path); got != want {
				t.Errorf("%q: %s is answered %d, want %d", test.target, call, got, want)
			}
		}
		// The stores are held by the one that serves.
		err := run(t.Context(), []string{"fsck"}, env{"TOLLBOOK_DATA": data}.get, io.Discard, io.Discard)
		if err == nil || exitCode(err) != exitBroke || !strings.Contains(err.Error(), "stop the server") {
			t.Errorf("a command beside the server: %v", err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := run(t.Context(), []string{"fsck"}, env{"TOLLBOOK_DATA": data}.get, io.Discard, io.Discard); err != nil {
		t.Errorf("after the end the stores are not free: %v", err)
	}
}

func TestTheProcessEndsWellWhenItIsAskedTo(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		cmd := exec.CommandContext(t.Context(), "server")
		cmd.Env = append(os.Environ(), "TOLLBOOK_DATA="+t.TempDir(), "TOLLBOOK_LISTEN=127.0.0.1:0", "FUNCTION_TARGET=sweeper")
		log, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		url := address(t, log)
		if got := status(t, http.MethodGet, url+"/healthz"); got != 200 {
			t.Errorf("health is %d", got)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if state, err := cmd.Process.Wait(); err != nil || state.ExitCode() != 0 {
			t.Errorf("%v: %v, %v", signal, state, err)
		}
	}
}

func TestWhatCannotServeIsRefused(t *testing.T) {
	for _, test := range []struct {
		env  env
		says string
	}{
		{env{}, "TOLLBOOK_DATA"},
		{env{"TOLLBOOK_DATA": t.TempDir(), "FUNCTION_TARGET": "nobody"}, `no function "nobody": want one of deckupload, cardcompile`},
		{env{"TOLLBOOK_DATA": t.TempDir(), "K_SERVICE": "x", "FUNCTION_TARGET": "cdrrating"}, "TOLLBOOK_AUDIENCE"},
	} {
		err := run(t.Context(), nil, test.env.get, io.Discard, io.Discard)
		if err == nil || exitCode(err) != exitRefused || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v: %v, want a refusal with %q", test.env, err, test.says)
		}
	}
}

func TestThePortalIsServedOnlyToThisMachine(t *testing.T) {
	list := []functions.Function{{Name: "sweeper"}, {Name: "portal"}}
	for _, test := range []struct {
		target, address string
		env             env
		ok              bool
	}{
		{"", "127.0.0.1:8080", nil, true},
		{"portal", "localhost:8080", nil, true},
		{"portal", "[::1]:8080", nil, true},
		{"portal", ":8080", nil, false},
		{"", "0.0.0.0:8080", nil, false},
		{"portal", "192.168.0.1:8080", nil, false},
		{"portal", "localhost.example.com:8080", nil, false},
		{"portal", "8080", nil, false},
		{"portal", "127.0.0.1:8080", env{"K_SERVICE": "portal"}, false},
		{"", "127.0.0.1:8080", env{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, false},
		{"sweeper", ":8080", env{"K_SERVICE": "sweeper"}, true},
	} {
		err := checkPortal(list, test.target, test.env.get, test.address)
		if (err == nil) != test.ok || err != nil && exitCode(err) != exitRefused {
			t.Errorf("%+v: %v", test, err)
		}
	}
	if err := checkPortal(list[:1], "", env{}.get, ":8080"); err != nil {
		t.Errorf("without a portal: %v", err)
	}
}

func TestHelpListsEveryCommand(t *testing.T) {
	for _, word := range []string{"help", "-h", "--help"} {
		var out strings.Builder
		if err := run(t.Context(), []string{word}, env{}.get, &out, io.Discard); err != nil {
			t.Error(err)
		}
		for _, c := range commands {
			if !strings.Contains(out.String(), fmt.Sprint(c.name, " ", c.args)) || !strings.Contains(out.String(), c.text) {
				t.Errorf("%s does not tell of %s", word, c.name)
			}
		}
	}
}
