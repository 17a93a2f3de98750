// Package mail sends messages with one attachment: over SMTP, or into a folder on a
// machine where it is only to be seen what would be sent.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"
)

// Limits of a message. Many servers take no more than 25 MB, and an attachment grows by
// a third on its way.
const (
	MaxRecipients = 20
	MaxAddress    = 254      // bytes, RFC 5321 section 4.5.3.1.3 less the angle brackets
	MaxAttachment = 20 << 20 // bytes
	maxText       = 64 << 10 // bytes
	maxLine       = 200      // bytes of a subject or a file's name
)

// Message is one message.
type Message struct {
	// ID is of its sender's choice, letters, digits and hyphens: the same message has
	// the same, whenever it is sent, so that who gets it twice can see that.
	ID      string
	To      []string // as ParseRecipients returns them
	Subject string   // one line
	Text    string
	Date    time.Time
	File    File
}

// File is what is attached.
type File struct {
	Name string // without a path
	Type string // as in Content-Type
	Data []byte // at most MaxAttachment
}

// Sender sends messages. An error is a *Failure.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Outcome is what became of a message that was not accepted.
type Outcome int

// The outcomes.
const (
	NotSent Outcome = iota // nobody got it; a repeat may succeed
	Refused                // nobody got it, nor would on a repeat
	Unknown                // the server may have taken it: what it said to it was not heard
)

// Failure says why a message was not sent, or may have been. It names no secret.
type Failure struct {
	Outcome Outcome
	Problem string
}

// Error returns what the problem was.
func (f *Failure) Error() string { return f.Problem }

func failure(o Outcome, format string, args ...any) error {
	return &Failure{o, fmt.Sprintf(format, args...)}
}

// ParseRecipients reads addresses: each is checked, none is there twice, and they are
// at most MaxRecipients. An error names the first that is none, by its place.
func ParseRecipients(list []string) ([]string, error) {
	if len(list) == 0 || len(list) > MaxRecipients {
		return nil, fmt.Errorf("%d recipients: want 1 to %d", len(list), MaxRecipients)
	}
	out := make([]string, 0, len(list))
	seen := map[string]bool{}
	for i, s := range list {
		address, err := parseAddress(s)
		if err != nil {
			return nil, fmt.Errorf("recipient %d: %w", i+1, err)
		}
		if key := strings.ToLower(address); seen[key] {
			return nil, fmt.Errorf("recipient %d: %.100q is there twice", i+1, s)
		} else {
			seen[key] = true
		}
		out = append(out, address)
	}
	return out, nil
}

// parseAddress reads an address without a name. Whatever could end a header or a
// command of SMTP is in none that it returns.
func parseAddress(s string) (string, error) {
	a, err := netmail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > MaxAddress || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"<>()[],;:\`, c) }) {
		return "", fmt.Errorf("%.100q: want an address such as rates@example.com, without a name", s)
	}
	return s, nil
}

// Validate reports what no message may be.
func (m Message) Validate() error {
	if _, err := ParseRecipients(m.To); err != nil {
		return err
	}
	oneLine := func(s string) bool {
		return s != "" && len(s) <= maxLine && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
	}
	switch {
	case m.ID == "" || len(m.ID) > 64 || strings.Trim(m.ID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "":
		return fmt.Errorf("the id %.64q of a message: want letters, digits and hyphens", m.ID)
	case !oneLine(m.Subject):
		return fmt.Errorf("the subject %.100q: want one line of at most %d bytes", m.Subject, maxLine)
	case len(m.Text) > maxText:
		return fmt.Errorf("a text of %d bytes, want at most %d", len(m.Text), maxText)
	case !oneLine(m.File.Name) || strings.ContainsAny(m.File.Name, `/\"`):
		return fmt.Errorf("the name %.100q of an attachment: want that of a file", m.File.Name)
	case len(m.File.Data) > MaxAttachment:
		return fmt.Errorf("an attachment of %d bytes, want at most %d", len(m.File.Data), MaxAttachment)
	}
	return nil
}

// Secret is a text that shows nowhere but where it is used.
type Secret string

const hidden = "(hidden)"

// String, GoString and MarshalText return no secret.
func (Secret) String() string { return hidden }

// GoString is String.
func (Secret) GoString() string { return hidden }

// MarshalText is String.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Config says through which server messages go.
type Config struct {
	Host     string
	Port     int
	From     string // the sender's address
	User     string // "": none is asked for
	Password Secret
}

// Set reports whether there is a server at all.
func (c Config) Set() bool { return c != Config{} }

// Validate reports everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.Host == "" || c.Port < 1 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("the server %.100q: want host:port", net.JoinHostPort(c.Host, fmt.Sprint(c.Port))))
	}
	if _, err := parseAddress(c.From); err != nil {
		errs = append(errs, fmt.Errorf("the sender %w", err))
	}
	if (c.User == "") != (c.Password == "") {
		errs = append(errs, errors.New("a user or a password without the other: want both or neither"))
	}
	return errors.Join(errs...)
}

// loopback reports whether the server is on this machine, where nobody listens in.
func (c Config) loopback() bool {
	ip := net.ParseIP(c.Host)
	return c.Host == "localhost" || ip != nil && ip.IsLoopback()
}

// domain is what a message's id ends with.
func (c Config) domain() string { return c.From[strings.LastIndexByte(c.From, '@')+1:] }
