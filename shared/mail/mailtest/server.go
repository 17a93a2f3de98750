// Package mailtest is a mail server for tests: it speaks as much of SMTP as a sender
// needs, and keeps what it was given.
package mailtest

import (
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// Letter is a message that the server took.
type Letter struct {
	From string
	To   []string
	Data string // as it came, lines ended by \n
	Auth string // the command by which the sender said who it is
}

// Server takes messages on an address of this machine.
type Server struct {
	Addr string // host:port

	// Answers are what it says to a command other than the usual, by how the command
	// begins: "RCPT TO:<nobody" → "550 no such user". The end of a message is ".". An
	// empty answer ends the connection without a word.
	Answers map[string]string

	mu      sync.Mutex
	letters []Letter
}

// Start starts a server that stops with the test.
func Start(t testing.TB, answers map[string]string) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), Answers: answers}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			open.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		open.Wait()
	})
	return s
}

// Letters returns what was taken so far.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter(nil), s.letters...)
}

// serve speaks with one sender until either ends it; what the sender thinks of that is
// the test's.
func (s *Server) serve(conn net.Conn) {
	c := textproto.NewConn(conn)
	defer func() { _ = c.Close() }()
	answer := func(command, usual string) string {
		for begins, other := range s.Answers {
			if strings.HasPrefix(command, begins) && (begins != "") == (command != "") {
				return other
			}
		}
		return usual
	}
	say := func(text string) bool { return text != "" && c.PrintfLine("%s", text) == nil }
	if !say(answer("", "220 test")) {
		return
	}
	var l Letter
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		usual := "250 ok"
		switch verb, _, _ := strings.Cut(line, " "); verb {
		case "EHLO":
			usual = "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN"
		case "AUTH":
			l.Auth, usual = line, "235 ok"
		case "MAIL":
			l.From, l.To = line[len("MAIL FROM:"):], nil
		case "RCPT":
			l.To = append(l.To, strings.Trim(line[len("RCPT TO:"):], "<>"))
		case "DATA":
			if usual = answer(line, "354 go on"); !strings.HasPrefix(usual, "354") {
				break
			}
			if !say(usual) {
				return
			}
			usual = "250 ok"
			data, err := c.ReadDotBytes()
			if err != nil {
				return
			}
			l.Data = string(data)
			s.mu.Lock()
			s.letters = append(s.letters, l)
			s.mu.Unlock()
			line = "."
		case "QUIT":
			usual = "221 bye"
		}
		if !say(answer(line, usual)) {
			return
		}
	}
}
