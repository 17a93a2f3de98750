package environ_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/shared/mail"
)

// env is an environment; what it does not name is not set.
type env map[string]string

func (e env) get(key string) string { return e[key] }

// with returns a copy in which the pairs of keys and values are changed.
func (e env) with(pairs ...string) env {
	out := env{}
	for k, v := range e {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

var (
	laptop = env{"TOLLBOOK_DATA": "out/cloud"}
	cloud  = env{
		"TOLLBOOK_PROJECT": "acme", "TOLLBOOK_BUCKETS": "acme-tollbook-", "K_SERVICE": "cdrrating", "FUNCTION_TARGET": "cdrrating", "PORT": "8080",
		"TOLLBOOK_AUDIENCE": "https://cdrrating.example", "TOLLBOOK_CALLERS": "a@acme.example, b@acme.example",
	}
)

func TestTheEnvironmentOfALaptopAndOfAPlatform(t *testing.T) {
	for _, test := range []struct {
		name string
		env  env
		want environ.Config
	}{
		{"laptop", laptop, environ.Config{Data: "out/cloud", Listen: "127.0.0.1:8080"}},
		{"a port on a laptop is one of loopback", laptop.with("PORT", "9000"), environ.Config{Data: "out/cloud", Listen: "127.0.0.1:9000"}},
		{"an address wins over a port", laptop.with("PORT", "9000", "TOLLBOOK_LISTEN", "[::1]:0", "TOLLBOOK_LOG", "debug"),
			environ.Config{Data: "out/cloud", Listen: "[::1]:0", Level: slog.LevelDebug}},
		{"platform", cloud, environ.Config{
			Project: "acme", Database: "(default)", Buckets: "acme-tollbook-", Platform: true, Target: "cdrrating", Listen: ":8080",
			Audience: "https://cdrrating.example", Callers: []string{"a@acme.example", "b@acme.example"},
		}},
		{"mail", laptop.with("TOLLBOOK_SMTP", "mail.example.com:587", "TOLLBOOK_SMTP_FROM", "rates@example.com", "TOLLBOOK_SMTP_USER", "u", "TOLLBOOK_SMTP_PASSWORD", "p"), environ.Config{
			Data: "out/cloud", Listen: "127.0.0.1:8080", Mail: mail.Config{Host: "mail.example.com", Port: 587, From: "rates@example.com", User: "u", Password: "p"},
		}},
		{"emulators", env{
			"TOLLBOOK_PROJECT": "acme", "TOLLBOOK_DATABASE": "billing", "TOLLBOOK_BUCKETS": "x", "FIRESTORE_EMULATOR_HOST": "localhost:8081", "TOLLBOOK_URL": "http://localhost:8080",
		}, environ.Config{Project: "acme", Database: "billing", Buckets: "x", Firestore: "localhost:8081", PublicURL: "http://localhost:8080", Listen: "127.0.0.1:8080"}},
	} {
		got, err := environ.Load(test.env.get)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.name, diff)
		}
	}
}

func TestWhatIsWrongInTheEnvironmentIsNamed(t *testing.T) {
	for _, test := range []struct {
		env  env
		says string
	}{
		{env{}, `TOLLBOOK_DATA "" and TOLLBOOK_PROJECT "": want one of the two`},
		{laptop.with("TOLLBOOK_PROJECT", "acme"), "want one of the two"},
		{laptop.with("TOLLBOOK_BUCKETS", "acme-"), "go with TOLLBOOK_PROJECT"},
		{laptop.with("TOLLBOOK_DATABASE", "billing"), "go with TOLLBOOK_PROJECT"},
		{cloud.with("TOLLBOOK_BUCKETS", ""), `TOLLBOOK_BUCKETS ""`},
		{cloud.with("TOLLBOOK_BUCKETS", "Acme"), `TOLLBOOK_BUCKETS "Acme"`},
		{cloud.with("TOLLBOOK_BUCKETS", strings.Repeat("a", 46)), "want 1 to 45"},
		{cloud.with("TOLLBOOK_CALLERS", ""), "want both or neither"},
		{cloud.with("TOLLBOOK_CALLERS", "a@b,c"), `"c": want e-mail addresses`},
		{laptop.with("TOLLBOOK_AUDIENCE", "x"), "want both or neither"},
		{laptop.with("TOLLBOOK_CALLERS", "a@b"), "want both or neither"},
		{laptop.with("K_SERVICE", "portal"), "want both where K_SERVICE is set"},
		{cloud.with("TOLLBOOK_AUDIENCE", "", "TOLLBOOK_CALLERS", ""), "want both where K_SERVICE is set"},
		{laptop.with("TOLLBOOK_URL", "example.com"), `TOLLBOOK_URL "example.com"`},
		{laptop.with("TOLLBOOK_URL", "ftp://example.com"), "https://"},
		{laptop.with("TOLLBOOK_LOG", "loud"), `TOLLBOOK_LOG "loud": want debug`},
		{laptop.with("TOLLBOOK_LISTEN", "8080"), "TOLLBOOK_LISTEN"},
		{laptop.with("TOLLBOOK_LISTEN", "localhost:http"), "TOLLBOOK_LISTEN"},
		{laptop.with("TOLLBOOK_LISTEN", "localhost:65536"), "TOLLBOOK_LISTEN"},
		{laptop.with("TOLLBOOK_SMTP", "mail.example.com"), `TOLLBOOK_SMTP "mail.example.com": want host:port`},
		{laptop.with("TOLLBOOK_SMTP", "mail.example.com:587"), "TOLLBOOK_SMTP_FROM"},
		{laptop.with("TOLLBOOK_SMTP_FROM", "rates@example.com"), `TOLLBOOK_SMTP ""`},
		{laptop.with("TOLLBOOK_SMTP", "mail.example.com:587", "TOLLBOOK_SMTP_FROM", "rates@example.com", "TOLLBOOK_SMTP_USER", "u"), "want both or neither"},
		{laptop.with("PORT", "0"), `PORT "0"`},
		{laptop.with("PORT", "-1"), `PORT "-1"`},
	} {
		if _, err := environ.Load(test.env.get); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v: error %v, want one with %q", test.env, err, test.says)
		}
	}
}

func TestAllThatIsWrongIsNamedAtOnce(t *testing.T) {
	_, err := environ.Load(env{"K_SERVICE": "x", "PORT": "no", "TOLLBOOK_LOG": "loud"}.get)
	for _, name := range []string{"TOLLBOOK_DATA", "K_SERVICE", "PORT", "TOLLBOOK_LOG"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
