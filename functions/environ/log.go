package environ

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/tollbook/tollbook/shared/events"
)

// NewLogger returns a logger of JSON lines with the fields that Cloud Logging
// reads: https://cloud.google.com/logging/docs/structured-logging. Whatever in
// a line could be a telephone number is masked (see events.Redact), except in
// times and in the ids that the keys "id", "generation" and "batch" hold.
func NewLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(masked{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: rename})})
}

// rename gives the fields of every line their names in Cloud Logging.
func rename(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.MessageKey:
		a.Key = "message"
	case slog.LevelKey:
		if level, ok := a.Value.Any().(slog.Level); ok {
			return slog.String("severity", severity(level))
		}
	}
	return a
}

func severity(level slog.Level) string {
	switch {
	case level < slog.LevelInfo:
		return "DEBUG"
	case level < slog.LevelWarn:
		return "INFO"
	case level < slog.LevelError:
		return "WARNING"
	default:
		return "ERROR"
	}
}

// masked is a handler that masks what it hands on.
type masked struct{ slog.Handler }

func (m masked) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, events.Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(maskAttr(a))
		return true
	})
	return m.Handler.Handle(ctx, out)
}

func (m masked) WithAttrs(attrs []slog.Attr) slog.Handler {
	return masked{m.Handler.WithAttrs(maskAttrs(attrs))}
}

func (m masked) WithGroup(name string) slog.Handler { return masked{m.Handler.WithGroup(name)} }

func maskAttrs(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = maskAttr(a)
	}
	return out
}

func maskAttr(a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
	switch value.Kind() {
	case slog.KindTime, slog.KindDuration, slog.KindBool:
	case slog.KindGroup:
		value = slog.GroupValue(maskAttrs(value.Group())...)
	default:
		// A number may be kept as any type, and in any part of a value.
		text := value.String()
		if value.Kind() == slog.KindAny {
			text = fmt.Sprintf("%+v", value.Any())
		}
		if clear := events.Redact(text); clear != text && !isID(a.Key, text) {
			value = slog.StringValue(clear)
		} else if value.Kind() == slog.KindAny {
			value = slog.StringValue(text) // JSON may show more of it than the text that was looked at
		}
	}
	return slog.Attr{Key: a.Key, Value: value}
}

// minID is one more than the digits of the longest telephone number, 15 (ITU-T
// E.164). Events, generations and batches have longer ids.
const minID = 16

// isID reports whether an attribute is an id that a program made, without which
// a line could not be followed to its file.
func isID(key, value string) bool {
	return (key == "id" || key == "generation" || key == "batch") &&
		len(value) >= minID && strings.Trim(value, "0123456789abcdef") == ""
}
