package mail_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/mail"
	"github.com/tollbook/tollbook/shared/mail/mailtest"
)

const password = "correct horse"

func message() mail.Message {
	return mail.Message{
		ID: "tollbook-abc1", To: []string{"a@example.com", "b@example.net"}, Subject: "Rates of carrier, revision 2", Text: "The rates are attached.\n.\nRegards\n",
		Date: time.Date(2026, 11, 3, 13, 0, 0, 0, time.UTC), File: mail.File{Name: "carrier-2.csv", Type: "text/csv", Data: []byte("prefix,price\r\n44,0.01\r\n.\r\n")},
	}
}

func config(t *testing.T, address string) mail.Config {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return mail.Config{Host: host, Port: n, From: "rates@tollbook.example", User: "tollbook", Password: password}
}

func sender(t *testing.T, c mail.Config) *mail.SMTP {
	t.Helper()
	s, err := mail.NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// attached returns the headers of a letter, its text and its attachment.
func attached(t *testing.T, letter string) (netmail.Header, string, string, []byte) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	text, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, file))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, string(said), file.FileName(), data
}

func TestAMessageArrivesWithItsFile(t *testing.T) {
	server := mailtest.Start(t, nil)
	m := message()
	if err := sender(t, config(t, server.Addr)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	letters := server.Letters()
	if len(letters) != 1 {
		t.Fatalf("%d letters", len(letters))
	}
	l := letters[0]
	if !strings.Contains(l.From, "rates@tollbook.example") || !cmp.Equal(l.To, m.To) || !strings.HasPrefix(l.Auth, "AUTH PLAIN") {
		t.Errorf("%+v", l)
	}
	header, text, name, data := attached(t, l.Data)
	for key, want := range map[string]string{
		"Subject": m.Subject, "Message-Id": "<tollbook-abc1@tollbook.example>", "Date": "Tue, 03 Nov 2026 13:00:00 +0000", "To": "<a@example.com>, <b@example.net>",
	} {
		if got := header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if name != m.File.Name || !bytes.Equal(data, m.File.Data) || !strings.Contains(text, "The rates are attached.") {
		t.Errorf("%s: %q\n%q", name, data, text)
	}
}

func TestWhatBecomesOfAMessageThatIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]string
		want    mail.Outcome
		says    string
		taken   int
	}{
		"no such recipient":      {map[string]string{"RCPT TO:<b@": "550 no such user"}, mail.Refused, "no such user", 0},
		"a recipient later":      {map[string]string{"RCPT TO:<b@": "450 greylisted"}, mail.NotSent, "greylisted", 0},
		"a sender refused":       {map[string]string{"MAIL": "553 not you"}, mail.Refused, "not you", 0},
		"not now":                {map[string]string{"DATA": "451 busy"}, mail.NotSent, "busy", 0},
		"refused at the end":     {map[string]string{".": "554 spam"}, mail.Refused, "spam", 1},
		"not now at the end":     {map[string]string{".": "452 full"}, mail.NotSent, "full", 1},
		"no answer at the end":   {map[string]string{".": ""}, mail.Unknown, "not heard", 1},
		"cut before the message": {map[string]string{"DATA": ""}, mail.NotSent, "not sent", 0},
		"not let in":             {map[string]string{"AUTH": "535 wrong " + password + " " + base64.StdEncoding.EncodeToString([]byte("\x00tollbook\x00"+password))}, mail.Refused, "wrong (hidden) (hidden)", 0},
		"closed":                 {map[string]string{"": "554 no service"}, mail.Refused, "no service", 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, c.answers)
			err := sender(t, config(t, server.Addr)).Send(t.Context(), message())
			var f *mail.Failure
			if !errors.As(err, &f) || f.Outcome != c.want || !strings.Contains(err.Error(), c.says) || len(server.Letters()) != c.taken {
				t.Errorf("%v (%+v), %d taken; want outcome %d with %q", err, f, len(server.Letters()), c.want, c.says)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

// What a server does behind its word that it took the message changes nothing.
func TestATakenMessageIsSent(t *testing.T) {
	server := mailtest.Start(t, map[string]string{"RSET": "", "QUIT": "500 what"})
	if err := sender(t, config(t, server.Addr)).Send(t.Context(), message()); err != nil || len(server.Letters()) != 1 {
		t.Errorf("%v, %d letters", err, len(server.Letters()))
	}
}

func TestAServerThatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var f *mail.Failure
	if err := sender(t, config(t, address)).Send(t.Context(), message()); !errors.As(err, &f) || f.Outcome != mail.NotSent || strings.Contains(err.Error(), password) {
		t.Errorf("%v", err)
	}
}

// A server elsewhere that does not encrypt gets neither the password nor the message.
func TestNothingGoesUnencryptedToAnotherMachine(t *testing.T) {
	server := mailtest.Start(t, nil)
	c := config(t, server.Addr)
	c.Host = "mail.example.com"
	s := sender(t, c)
	s.DialTo(server.Addr)
	var f *mail.Failure
	if err := s.Send(t.Context(), message()); !errors.As(err, &f) || f.Outcome != mail.NotSent || !strings.Contains(err.Error(), "STARTTLS") || len(server.Letters()) != 0 {
		t.Errorf("%v, %d letters", err, len(server.Letters()))
	}
}

func TestRecipients(t *testing.T) {
	if got, err := mail.ParseRecipients([]string{"rates@example.com", "o'brien+decks@mail.example.co.uk"}); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	var many []string
	for i := range mail.MaxRecipients + 1 {
		many = append(many, fmt.Sprintf("a%d@example.com", i))
	}
	for _, bad := range [][]string{
		nil, many, {"a@example.com", "A@example.com"}, {""}, {"nobody"}, {"a@example.com\r\nBcc: b@example.com"}, {"a@example.com\nb"}, {"A <a@example.com>"}, {"<a@example.com>"},
		{"a@example.com, b@example.com"}, {`"a b"@example.com`}, {"a@exämple.com"}, {" a@example.com"}, {"a@example.com "}, {strings.Repeat("a", 250) + "@example.com"}, {"a@[127.0.0.1]"},
	} {
		if got, err := mail.ParseRecipients(bad); err == nil {
			t.Errorf("%.200q is taken as %q", bad, got)
		}
	}
}

// Whatever is asked for, a message has the headers that it was given.
func FuzzHeaders(f *testing.F) {
	f.Add("a@example.com", "Rates", "rates.csv")
	f.Add("a@example.com\r\nBcc: b@example.com", "Rates\r\nBcc: c@example.com", "a.csv\"\r\nX: y")
	f.Add("a@example.com", "Tarife für Österreich \u2028", "ü.csv")
	f.Fuzz(func(t *testing.T, to, subject, name string) {
		m := message()
		m.To, m.Subject, m.File.Name = []string{to}, subject, name
		dir := t.TempDir()
		if err := mail.NewOutbox(dir).Send(t.Context(), m); err != nil {
			return
		}
		text, err := os.ReadFile(filepath.Join(dir, m.ID+".eml"))
		if err != nil {
			t.Fatal(err)
		}
		letter, err := netmail.ReadMessage(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{"Auto-Submitted": true, "Content-Type": true, "Date": true, "From": true, "Message-Id": true, "Mime-Version": true, "Subject": true, "To": true, "User-Agent": true, "X-Mailer": true}
		for key := range letter.Header {
			if !known[key] {
				t.Errorf("a header %q from %q, %q, %q", key, to, subject, name)
			}
		}
		if got, err := letter.Header.AddressList("To"); err != nil || len(got) != 1 || got[0].Address != to {
			t.Errorf("to %v (%v), want %q", got, err, to)
		}
	})
}

func TestTheOutboxHasWhatWouldBeSent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outbox")
	m := message()
	for range 2 { // the second time it is the same
		if err := mail.NewOutbox(dir).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "tollbook-abc1.eml" {
		t.Fatalf("%v, %v", files, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	header, _, name, data := attached(t, string(text))
	if header.Get("Subject") != m.Subject || name != m.File.Name || !bytes.Equal(data, m.File.Data) {
		t.Errorf("%v, %s, %q", header, name, data)
	}
}

func TestMessagesThatAreNone(t *testing.T) {
	for name, change := range map[string]func(*mail.Message){
		"id": func(m *mail.Message) { m.ID = "../x" }, "recipient": func(m *mail.Message) { m.To = nil }, "subject": func(m *mail.Message) { m.Subject = "a\r\nBcc: b" },
		"name": func(m *mail.Message) { m.File.Name = "../x" }, "at most": func(m *mail.Message) { m.File.Data = make([]byte, mail.MaxAttachment+1) },
		"text": func(m *mail.Message) { m.Text = strings.Repeat("a", 1<<20) },
	} {
		m := message()
		change(&m)
		var f *mail.Failure
		if err := mail.NewOutbox(t.TempDir()).Send(t.Context(), m); !errors.As(err, &f) || f.Outcome != mail.Refused || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSettings(t *testing.T) {
	good := mail.Config{Host: "mail.example.com", Port: 587, From: "rates@example.com"}
	if err := good.Validate(); err != nil || !good.Set() || (mail.Config{}).Set() {
		t.Error(err)
	}
	for name, change := range map[string]func(*mail.Config){
		"host:port": func(c *mail.Config) { c.Port = 0 }, "sender": func(c *mail.Config) { c.From = "Rates <rates@example.com>" }, "both or neither": func(c *mail.Config) { c.Password = password },
	} {
		c := good
		change(&c)
		if _, err := mail.NewSMTP(c); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := good
	c.Password = password
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v", c, c), string(text)} {
		if strings.Contains(shown, password) {
			t.Errorf("the password shows: %s", shown)
		}
	}
}
