package environ_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/environ"
)

// line is the one line that a log wrote.
func line(t *testing.T, log *bytes.Buffer) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(log.Bytes(), &out); err != nil {
		t.Fatalf("%v: %s", err, log)
	}
	return out
}

func TestALineHasTheFieldsOfCloudLogging(t *testing.T) {
	var log bytes.Buffer
	logger := environ.NewLogger(&log, slog.LevelDebug)
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: "DEBUG", slog.LevelInfo: "INFO", slog.LevelWarn: "WARNING", slog.LevelError: "ERROR", slog.LevelError + 4: "ERROR",
	} {
		log.Reset()
		logger.Log(t.Context(), level, "rated", "rows", 12, "whole", true)
		got := line(t, &log)
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(got["time"]))
		if err != nil || at.IsZero() {
			t.Errorf("time: %v, %v", got["time"], err)
		}
		delete(got, "time")
		if diff := cmp.Diff(map[string]any{"severity": want, "message": "rated", "rows": 12.0, "whole": true}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	log.Reset()
	environ.NewLogger(&log, slog.LevelWarn).Info("quiet")
	if log.Len() > 0 {
		t.Errorf("a line below the level was written: %s", &log)
	}
}

// secret hides a number from whoever does not resolve it.
type secret struct{}

func (secret) LogValue() slog.Value { return slog.StringValue("+44 7700 900123") }

func TestNoNumberReachesTheLog(t *testing.T) {
	var log bytes.Buffer
	bare := environ.NewLogger(&log, slog.LevelInfo)
	number := "447700900123"
	for name, write := range map[string]func(){
		"message":        func() { bare.Info("called " + number) },
		"string":         func() { bare.Info("x", "a", number) },
		"spaced":         func() { bare.Info("x", "a", "+44 (7700) 900-123") },
		"integer":        func() { bare.Info("x", "a", 447700900123) },
		"unsigned":       func() { bare.Info("x", "a", uint64(447700900123)) },
		"error":          func() { bare.Info("x", "error", fmt.Errorf("row 3: %w", errors.New(number))) },
		"struct":         func() { bare.Info("x", "a", struct{ To string }{number}) },
		"slice":          func() { bare.Info("x", "a", []string{number}) },
		"bytes":          func() { bare.Info("x", "a", json.RawMessage(`{"to":"`+number+`"}`)) },
		"valuer":         func() { bare.Info("x", "a", secret{}) },
		"group":          func() { bare.Info("x", slog.Group("g", "a", number, slog.Group("h", "b", number))) },
		"With":           func() { bare.With("a", number).Info("x") },
		"With in group":  func() { bare.WithGroup("g").With("a", number).Info("x", "b", number) },
		"id too short":   func() { bare.Info("x", "id", number) },
		"id with text":   func() { bare.Info("x", "id", "caller "+number+"00000") },
		"under the rule": func() { bare.Info("x", "generation", "+"+number+"0000") },
	} {
		log.Reset()
		write()
		text := log.String()
		if !strings.Contains(text, "[number]") && name != "bytes" {
			t.Errorf("%s: nothing is masked: %s", name, text)
		}
		for _, part := range []string{number, "7700", "900123", "900-123", "NDQ3"} {
			if strings.Contains(text, part) {
				t.Errorf("%s: the log has %q: %s", name, part, text)
			}
		}
	}
}

func TestWhatAnOperatorFollowsStaysReadable(t *testing.T) {
	var log bytes.Buffer
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	environ.NewLogger(&log, slog.LevelInfo).Info("event handled",
		"id", "9182736450918273", "generation", "1793578207119045", "batch", "0123456789abcdef0123456789abcdef", "instant", at, "took", 90*time.Second, "rows", 123456)
	got := line(t, &log)
	delete(got, "time")
	want := map[string]any{
		"severity": "INFO", "message": "event handled", "id": "9182736450918273", "generation": "1793578207119045",
		"batch": "0123456789abcdef0123456789abcdef", "instant": "2026-12-01T00:00:00Z", "took": 90e9, "rows": 123456.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
