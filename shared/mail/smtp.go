package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// sendTime bounds how long a server may take for a message of the largest size.
const sendTime = 3 * time.Minute

// implicitTLS is the port on which a connection begins with TLS (RFC 8314).
const implicitTLS = 465

// SMTP sends through a server. It is encrypted (STARTTLS, or from the beginning on port
// 465) unless the server is on this machine: a server that cannot is not sent to.
type SMTP struct {
	config Config
	dial   func(ctx context.Context, network, address string) (net.Conn, error) // nil: the usual
}

// NewSMTP returns a sender through a server.
func NewSMTP(c Config) (*SMTP, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &SMTP{config: c}, nil
}

// Send sends m, to all of its recipients or to none.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	out, err := build(m, s.config.From, s.config.domain())
	if err != nil {
		return failure(Refused, "%v", err)
	}
	var open net.Conn // the library leaves it open where the server does not let it in
	client, err := gomail.NewClient(s.config.Host, append(s.options(), gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (_ net.Conn, err error) {
		open, err = s.connect(ctx, network, address)
		return open, err
	}))...)
	if err != nil {
		return failure(Refused, "the mail server's settings: %s", s.clean(err))
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, out)
	if open != nil {
		_ = open.Close() // it is closed already where all went well
	}
	var sent *gomail.SendError
	var answer *textproto.Error
	switch {
	case out.IsDelivered():
		return nil // whatever became of the connection then
	case errors.As(err, &sent) && sent.Reason == gomail.ErrSMTPDataClose && sent.ErrorCode() == 0:
		return failure(Unknown, "the mail server was given the message, and its answer was not heard: %s", s.clean(err))
	case errors.As(err, &sent) && sent.ErrorCode() >= 500, errors.As(err, &answer) && answer.Code >= 500:
		return failure(Refused, "the mail server refused it: %s", s.clean(err))
	}
	return failure(NotSent, "it was not sent: %s", s.clean(err))
}

func (s *SMTP) options() []gomail.Option {
	c := s.config
	out := []gomail.Option{gomail.WithPort(c.Port), gomail.WithTimeout(sendTime)}
	switch {
	case c.Port == implicitTLS:
		out = append(out, gomail.WithTLSPolicy(gomail.TLSOpportunistic)) // it is encrypted already
	case c.loopback():
		out = append(out, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		out = append(out, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.User != "" {
		method := gomail.SMTPAuthAutoDiscover
		if c.loopback() {
			method = gomail.SMTPAuthPlain
		}
		out = append(out, gomail.WithSMTPAuth(method), gomail.WithUsername(c.User), gomail.WithPassword(string(c.Password)))
	}
	return out
}

// connect connects to the server.
func (s *SMTP) connect(ctx context.Context, network, address string) (net.Conn, error) {
	var plain net.Dialer
	switch {
	case s.dial != nil:
		return s.dial(ctx, network, address)
	case s.config.Port == implicitTLS:
		encrypted := tls.Dialer{NetDialer: &plain, Config: &tls.Config{ServerName: s.config.Host, MinVersion: tls.VersionTLS12}}
		return encrypted.DialContext(ctx, network, address)
	}
	return plain.DialContext(ctx, network, address)
}

// clean returns what an error says on one line, without the password in any form in
// which a server may send it back.
func (s *SMTP) clean(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if p := string(s.config.Password); p != "" {
		for _, form := range []string{p, strings.Trim(strconv.Quote(p), `"`), base64.StdEncoding.EncodeToString([]byte(p)), base64.StdEncoding.EncodeToString([]byte("\x00" + s.config.User + "\x00" + p))} {
			text = strings.ReplaceAll(text, form, hidden)
		}
	}
	return text
}

// build makes the message as it is sent.
func build(m Message, from, domain string) (*gomail.Msg, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	out := gomail.NewMsg()
	if err := errors.Join(out.From(from), out.To(m.To...)); err != nil {
		return nil, err
	}
	out.Subject(m.Subject)
	out.SetDateWithValue(m.Date.UTC())
	out.SetMessageIDWithValue(m.ID + "@" + domain)
	out.SetUserAgent("Tollbook")
	// Programs that answer letters by themselves are not to answer this one.
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetBodyString(gomail.TypeTextPlain, m.Text)
	out.AttachReadSeeker(m.File.Name, bytes.NewReader(m.File.Data), gomail.WithFileContentType(gomail.ContentType(m.File.Type)))
	return out, nil
}
