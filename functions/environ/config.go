// Package environ makes what functions run on from the environment of their
// process: the stores, who may call, and the log.
package environ

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/mail"
)

// Config is all that the environment says.
type Config struct {
	Data string // TOLLBOOK_DATA: the folder of embedded stores; empty: Project

	Project   string // TOLLBOOK_PROJECT: of Firestore and Cloud Storage
	Database  string // TOLLBOOK_DATABASE: of Firestore; default "(default)"
	Buckets   string // TOLLBOOK_BUCKETS: what the names of the buckets begin with, at most 45 bytes
	Firestore string // FIRESTORE_EMULATOR_HOST: host:port of an emulator, instead of the service

	Audience string   // TOLLBOOK_AUDIENCE: of the tokens that callers show
	Callers  []string // TOLLBOOK_CALLERS: service accounts that may send events, with commas between

	Listen    string // TOLLBOOK_LISTEN: host:port to serve on; without it PORT is the port, default 8080
	PublicURL string // TOLLBOOK_URL: where people reach the portal
	// Mail is TOLLBOOK_SMTP (host:port), TOLLBOOK_SMTP_FROM (the sender's address), and
	// TOLLBOOK_SMTP_USER and TOLLBOOK_SMTP_PASSWORD; all empty: no mail is sent.
	Mail     mail.Config
	Level    slog.Level // TOLLBOOK_LOG: debug, info, warn or error; default info
	Target   string     // FUNCTION_TARGET: the one function to serve; empty: all
	Platform bool       // K_SERVICE: on Cloud Run or Knative, where nobody is let in without a token

	LogTo io.Writer // not of the environment; nil: standard error
	// Watched, not of the environment either, says that whoever opens the
	// embedded stores watches their folders (see objects.ListTaken).
	Watched bool
}

// maxBuckets leaves room for the longest name behind the prefix; a bucket's name
// has at most 63 bytes: https://cloud.google.com/storage/docs/buckets#naming
const maxBuckets = 45

// Load reads the environment. It returns everything that is wrong at once.
func Load(getenv func(string) string) (Config, error) {
	c := Config{
		Data: getenv("TOLLBOOK_DATA"), Project: getenv("TOLLBOOK_PROJECT"), Database: getenv("TOLLBOOK_DATABASE"),
		Buckets: getenv("TOLLBOOK_BUCKETS"), Firestore: getenv("FIRESTORE_EMULATOR_HOST"),
		Audience: getenv("TOLLBOOK_AUDIENCE"), PublicURL: getenv("TOLLBOOK_URL"),
		Target: getenv("FUNCTION_TARGET"), Platform: getenv("K_SERVICE") != "",
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	switch {
	case (c.Data == "") == (c.Project == ""):
		bad("TOLLBOOK_DATA %q and TOLLBOOK_PROJECT %q: want one of the two", c.Data, c.Project)
	case c.Data != "" && c.Database+c.Buckets != "":
		bad("TOLLBOOK_DATABASE and TOLLBOOK_BUCKETS go with TOLLBOOK_PROJECT, not with TOLLBOOK_DATA")
	case c.Project != "" && (c.Buckets == "" || len(c.Buckets) > maxBuckets || strings.ContainsFunc(c.Buckets, notInBucket)):
		bad("TOLLBOOK_BUCKETS %q: want 1 to %d of a-z, 0-9, hyphens, underscores and dots", c.Buckets, maxBuckets)
	}
	if c.Project != "" && c.Database == "" {
		c.Database = "(default)"
	}

	for caller := range strings.SplitSeq(getenv("TOLLBOOK_CALLERS"), ",") {
		if caller = strings.TrimSpace(caller); caller != "" {
			c.Callers = append(c.Callers, caller)
		}
		if caller != "" && !strings.Contains(caller, "@") {
			bad("TOLLBOOK_CALLERS: %q: want e-mail addresses of service accounts", caller)
		}
	}
	if (c.Audience == "") != (len(c.Callers) == 0) {
		bad("TOLLBOOK_AUDIENCE %q and TOLLBOOK_CALLERS %q: want both or neither", c.Audience, c.Callers)
	}
	if c.Platform && c.Audience == "" {
		bad("TOLLBOOK_AUDIENCE and TOLLBOOK_CALLERS: want both where K_SERVICE is set")
	}

	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		bad("TOLLBOOK_URL %q: want it to begin with https:// or http://", c.PublicURL)
	}
	if text := getenv("TOLLBOOK_LOG"); text != "" {
		if err := c.Level.UnmarshalText([]byte(text)); err != nil {
			bad("TOLLBOOK_LOG %q: want debug, info, warn or error", text)
		}
	}
	if err := c.loadMail(getenv); err != nil {
		errs = append(errs, err)
	}
	var err error
	if c.Listen, err = listen(getenv("TOLLBOOK_LISTEN"), getenv("PORT"), c.Audience != ""); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return c, fmt.Errorf("the environment: %w", err)
	}
	return c, nil
}

// loadMail reads the server that mail goes through.
func (c *Config) loadMail(getenv func(string) string) error {
	server := getenv("TOLLBOOK_SMTP")
	c.Mail = mail.Config{From: getenv("TOLLBOOK_SMTP_FROM"), User: getenv("TOLLBOOK_SMTP_USER"), Password: mail.Secret(getenv("TOLLBOOK_SMTP_PASSWORD"))}
	if server == "" && !c.Mail.Set() {
		return nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil || !isPort(port, 1) {
		return fmt.Errorf("TOLLBOOK_SMTP %q: want host:port, such as mail.example.com:587", server)
	}
	c.Mail.Host = host
	if c.Mail.Port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("TOLLBOOK_SMTP %q: want host:port", server)
	}
	if err := c.Mail.Validate(); err != nil {
		return fmt.Errorf("TOLLBOOK_SMTP, TOLLBOOK_SMTP_FROM, _USER and _PASSWORD: %w", err)
	}
	return nil
}

// listen is the address to serve on. Where callers show no token, only this
// machine may call, so a bare port is one of loopback.
func listen(address, port string, tokens bool) (string, error) {
	if address != "" {
		if _, p, err := net.SplitHostPort(address); err != nil || !isPort(p, 0) {
			return "", fmt.Errorf("TOLLBOOK_LISTEN %q: want host:port", address)
		}
		return address, nil
	}
	if port == "" {
		port = "8080"
	}
	if !isPort(port, 1) {
		return "", fmt.Errorf("PORT %q: want 1 to 65535", port)
	}
	if tokens {
		return ":" + port, nil
	}
	return net.JoinHostPort("127.0.0.1", port), nil
}

func isPort(text string, least uint64) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n >= least
}

func notInBucket(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}
