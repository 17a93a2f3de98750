package functions

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"gopkg.in/yaml.v3"
)

// Manifest names each function once, with what calls it and what it needs.
type Manifest struct {
	Functions []Entry `yaml:"functions"`
}

// Entry is one function of the manifest. At least one of Buckets, Schedule and
// HTTP is set.
type Entry struct {
	Name        string        `yaml:"name"`
	Summary     string        `yaml:"summary"`
	Buckets     []string      `yaml:"buckets"`     // an object's creation there is an event for it; without the installation's prefix
	Schedule    string        `yaml:"schedule"`    // cron expression of five fields, in UTC; the event's job has the function's name
	HTTP        bool          `yaml:"http"`        // people and programs call it
	Retry       bool          `yaml:"retry"`       // an event answered 5xx is sent again
	Timeout     time.Duration `yaml:"timeout"`     // of one call: 1 s to 9 min with events, to 60 min without
	Memory      string        `yaml:"memory"`      // of one instance: 256Mi, 1Gi …
	Concurrency int           `yaml:"concurrency"` // calls at once in one instance: 1 to 1000
}

// Bounds of the manifest, those of the platform:
// https://cloud.google.com/run/docs/configuring/request-timeout and
// https://cloud.google.com/functions/quotas
const (
	maxEventTimeout = 9 * time.Minute
	maxHTTPTimeout  = time.Hour
	maxConcurrency  = 1000
)

// OrdersBucket begins the name of a bucket of work orders; the function's name
// follows.
const OrdersBucket = "orders-"

// ParseManifest reads a manifest and checks it. It returns everything that is
// wrong at once.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("reading the manifest: %w", err)
	}
	var errs []error
	seen := map[string]bool{}
	for _, e := range m.Functions {
		if seen[e.Name] {
			errs = append(errs, fmt.Errorf("function %q is listed twice", e.Name))
		}
		seen[e.Name] = true
		errs = append(errs, e.check())
	}
	if len(m.Functions) == 0 {
		errs = append(errs, errors.New("no functions"))
	}
	if err := errors.Join(errs...); err != nil {
		return m, fmt.Errorf("the manifest: %w", err)
	}
	return m, nil
}

func (e Entry) check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("function %q: "+format, append([]any{e.Name}, args...)...))
	}
	if e.Name == "" || strings.Trim(e.Name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		bad("want a name of a-z and 0-9")
	}
	if len(e.Buckets) == 0 && e.Schedule == "" && !e.HTTP {
		bad("nothing calls it: want buckets, a schedule or http")
	}
	most := maxHTTPTimeout
	if len(e.Buckets) > 0 || e.Schedule != "" {
		most = maxEventTimeout
	}
	if e.Timeout < time.Second || e.Timeout > most {
		bad("timeout %s: want 1s to %s", e.Timeout, most)
	}
	if e.Concurrency < 1 || e.Concurrency > maxConcurrency {
		bad("concurrency %d: want 1 to %d", e.Concurrency, maxConcurrency)
	}
	if !isMemory(e.Memory) {
		bad("memory %q: want a whole number of Mi or Gi", e.Memory)
	}
	if e.Schedule != "" {
		if _, err := cron.ParseStandard(e.Schedule); err != nil {
			bad("schedule: %w", err)
		}
	}
	return errors.Join(errs...)
}

func isMemory(text string) bool {
	number, isMi := strings.CutSuffix(text, "Mi")
	number, isGi := strings.CutSuffix(number, "Gi")
	n, err := strconv.ParseUint(number, 10, 16)
	return isMi != isGi && err == nil && n > 0
}

// OrderFunctions returns the functions that have a bucket of work orders, in
// the manifest's order.
func (m Manifest) OrderFunctions() []string {
	var out []string
	for _, e := range m.Functions {
		if slices.Contains(e.Buckets, OrdersBucket+e.Name) {
			out = append(out, e.Name)
		}
	}
	return out
}
