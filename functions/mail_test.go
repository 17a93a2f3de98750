package functions_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/mail"
	"github.com/tollbook/tollbook/shared/mail/mailtest"
)

// mailer is an installation whose mail goes to a server of the test.
func mailer(t *testing.T, answers map[string]string) (exporter, *mailtest.Server) {
	t.Helper()
	server := mailtest.Start(t, answers)
	host, port, _ := strings.Cut(server.Addr, ":")
	c := mail.Config{Host: host, From: "rates@tollbook.example"}
	if _, err := fmt.Sscan(port, &c.Port); err != nil {
		t.Fatal(err)
	}
	sender, err := mail.NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	in := functionstest.Install(t)
	in.Deps.Now = func() time.Time { return functionstest.Noon }
	in.MailBy(sender)
	in.Drop("decks", "carrier/1.csv", functionstest.Deck, functionstest.Noon)
	return newExporter(t, in), server
}

const mailPath = "/v1/cards/carrier/revisions/1/mail"

// audited returns what the audit log says of mailings, the last first.
func (e exporter) audited() (out []string) {
	e.Helper()
	var page struct {
		Items []struct {
			Action   string
			Revision int
			After    map[string]string
		}
	}
	if err := json.Unmarshal(e.do("GET", "/v1/cards/carrier/audit?limit=100", "", 200).Body.Bytes(), &page); err != nil {
		e.Fatal(err)
	}
	for _, i := range page.Items {
		if i.Action == string(catalog.Mailed) {
			out = append([]string{fmt.Sprintf("%d %s to %s: %s", i.Revision, i.After["format"], i.After["to"], i.After["result"])}, out...)
		}
	}
	if got := e.do("GET", "/v1/cards/carrier/audit/check", "", 200).Body.String(); strings.Contains(got, "problem") {
		e.Errorf("the audit log does not fit: %s", got)
	}
	return out
}

// attachmentOf returns the file of a letter.
func attachmentOf(t *testing.T, letter string) (string, []byte) {
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
	for {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		if err != nil {
			t.Fatal(err)
		}
		return part.FileName(), data
	}
}

// A card that is mailed arrives as the download has it, and goes in again as nothing to
// do.
func TestACardIsMailed(t *testing.T) {
	for _, format := range []string{"csv", "xlsx", "json"} {
		e, server := mailer(t, nil)
		job := e.job(e.do("POST", mailPath, fmt.Sprintf(`{"to": ["a@example.com", "b@example.net"], "format": %q}`, format), 202))
		e.Deliver(functionstest.Noon)
		if job = e.job(e.do("GET", "/v1/jobs/"+job.ID, "", 200)); job.Kind != "mail" || job.State != "done" || job.Report != "sent to 2" || job.Target != "carrier/1" {
			t.Errorf("%+v", job)
		}
		letters := server.Letters()
		if len(letters) != 1 || strings.Join(letters[0].To, " ") != "a@example.com b@example.net" || !strings.Contains(letters[0].Data, "<tollbook-"+job.ID+"@tollbook.example>") {
			t.Fatalf("%+v", letters)
		}
		name, data := attachmentOf(t, letters[0].Data)
		if want := e.do("GET", "/v1/cards/carrier/revisions/1/rates."+format, "", 200).Body.Bytes(); format == "csv" && !bytes.Equal(data, want) {
			t.Errorf("%s\n%s\nis not the download\n%s", name, data, want)
		}
		e.Drop("decks", "carrier/again."+format, string(data), functionstest.Noon.Add(time.Hour))
		var deck catalog.DeckReport
		e.Beside("decks", "carrier/again."+format, &deck)
		if deck.Deck.State != catalog.DeckUnchanged {
			t.Errorf("%s: the deck is %s: %s", name, deck.Deck.State, deck.Deck.Failure)
		}
		to := "1 " + format + " to a@example.com, b@example.net: "
		if got := e.audited(); len(got) != 2 || got[0] != to+"sent" || got[1] != to {
			t.Errorf("the audit log has %q", got)
		}
	}
}

func TestWhatIsNotMailed(t *testing.T) {
	e, server := mailer(t, nil)
	for body, want := range map[string]string{
		`{"to": ["a@example.com\r\nBcc: b@example.com"], "format": "csv"}`: "want an address",
		`{"to": ["a@example.com", "a@example.com"], "format": "csv"}`:      "there twice",
		`{"to": [], "format": "csv"}`:                                      "to",
		`{"to": ["a@example.com"], "format": "pdf"}`:                       "format",
	} {
		if got := e.do("POST", mailPath, body, 422).Body.String(); !strings.Contains(got, want) {
			t.Errorf("%s: %s", body, got)
		}
	}
	e.do("POST", "/v1/cards/carrier/revisions/7/mail", `{"to": ["a@example.com"], "format": "csv"}`, 404)
	e.MailBy(nil)
	e = newExporter(t, e.Installation)
	if got := e.do("POST", mailPath, `{"to": ["a@example.com"], "format": "csv"}`, 409).Body.String(); !strings.Contains(got, "Mail is not set up") {
		t.Error(got)
	}
	if e.Deliver(functionstest.Noon); len(server.Letters()) != 0 || len(e.audited()) != 0 {
		t.Errorf("%v, %q", server.Letters(), e.audited())
	}
}

// mails asks for the card to be mailed, delivers what follows, and returns the job.
func (e exporter) mails() answered {
	e.Helper()
	job := e.job(e.do("POST", mailPath, `{"to": ["a@example.com"], "format": "csv"}`, 202))
	e.Deliver(functionstest.Noon)
	return e.job(e.do("GET", "/v1/jobs/"+job.ID, "", 200))
}

func TestAMailThatIsRefusedOrMayHaveBeenSent(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]string
		says    string
		taken   int
	}{
		"refused": {map[string]string{"RCPT": "550 no such user"}, "not sent: the mail server refused it", 0},
		"unheard": {map[string]string{".": ""}, "unknown: it may have been sent", 1},
	} {
		e, server := mailer(t, c.answers)
		job := e.mails()
		if job.State != "failed" || !strings.Contains(job.Report, c.says) {
			t.Errorf("%s: %+v", name, job)
		}
		e.Schedule("sweeper", functionstest.Noon.Add(time.Hour))
		e.Deliver(functionstest.Noon.Add(time.Hour))
		if got := e.audited(); len(got) != 2 || !strings.Contains(got[0], c.says) || len(server.Letters()) != c.taken {
			t.Errorf("%s: the audit log has %q, %d letters", name, got, len(server.Letters()))
		}
	}
}

// What began to send a message and never said how that ended is not followed by a second
// one: neither while it may still be at it, nor when it is given up.
func TestAMessageIsNotSentTwice(t *testing.T) {
	e, server := mailer(t, nil)
	asked := e.job(e.do("POST", mailPath, `{"to": ["a@example.com"], "format": "csv"}`, 202))
	if before, err := e.Jobs().BeginMail(t.Context(), asked.ID); before != "" || err != nil {
		t.Fatal(before, err)
	}
	e.Deliver(functionstest.Noon) // the event comes a second time
	if job := e.job(e.do("GET", "/v1/jobs/"+asked.ID, "", 202)); job.State != "asked" || len(server.Letters()) != 0 {
		t.Fatalf("%+v, %d letters", job, len(server.Letters()))
	}
	e.Schedule("sweeper", functionstest.Noon.Add(time.Hour))
	e.Deliver(functionstest.Noon.Add(time.Hour))
	if job := e.job(e.do("GET", "/v1/jobs/"+asked.ID, "", 200)); job.State != "failed" || !strings.Contains(job.Report, "unknown: it may have been sent") || len(server.Letters()) != 0 {
		t.Errorf("%+v, %d letters", job, len(server.Letters()))
	}
	if got := e.audited(); len(got) != 2 || !strings.Contains(got[0], "unknown") {
		t.Errorf("the audit log has %q", got)
	}
}

// A message of which it was noted that it was sent is not sent again, and its job ends.
func TestASentMessageEndsItsJob(t *testing.T) {
	e, server := mailer(t, nil)
	asked := e.job(e.do("POST", mailPath, `{"to": ["a@example.com"], "format": "csv"}`, 202))
	_, err := e.Jobs().BeginMail(t.Context(), asked.ID)
	if err == nil {
		err = e.Jobs().EndMail(t.Context(), asked.ID, jobs.Sent)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.Deliver(functionstest.Noon)
	if job := e.job(e.do("GET", "/v1/jobs/"+asked.ID, "", 200)); job.State != "done" || len(server.Letters()) != 0 || len(e.audited()) != 2 {
		t.Errorf("%+v, %d letters, %q", job, len(server.Letters()), e.audited())
	}
}

// unreachable is a mail server that is down.
type unreachable struct{ asked *int }

func (u unreachable) Send(context.Context, mail.Message) error {
	*u.asked++
	return &mail.Failure{Outcome: mail.NotSent, Problem: "the server is down"}
}

// The last attempt of a message that could not be sent ends the job, and says so.
func TestAServerThatStaysDownEndsTheJob(t *testing.T) {
	e, _ := mailer(t, nil)
	asked := 0
	e.MailBy(unreachable{&asked})
	job := e.job(e.do("POST", mailPath, `{"to": ["a@example.com"], "format": "csv"}`, 202))
	for i := range jobs.MaxAttempts - 1 { // lost, not failed
		e.Lose()
		e.Schedule("sweeper", functionstest.Noon.Add(time.Duration(i+1)*time.Hour))
	}
	e.Deliver(functionstest.Noon.Add(9 * time.Hour))
	if job = e.job(e.do("GET", "/v1/jobs/"+job.ID, "", 200)); job.State != "failed" || !strings.Contains(job.Report, "not sent: the server is down") || asked != 1 {
		t.Errorf("%+v after %d", job, asked)
	}
	if got := e.audited(); len(got) != 2 || !strings.Contains(got[0], "not sent: the server is down") {
		t.Errorf("the audit log has %q", got)
	}
}

// A file that no mail takes is refused, with where to download it.
func TestAFileThatIsTooLargeIsNotMailed(t *testing.T) {
	e, server := mailer(t, nil)
	var deck strings.Builder
	deck.WriteString("prefix,name,price\n")
	for i := range 100_000 {
		fmt.Fprintf(&deck, "44%07d,%s %d,0.01\n", i, strings.Repeat("long name ", 18), i)
	}
	e.Drop("decks", "carrier/2.csv", deck.String(), functionstest.Noon.Add(time.Hour))
	job := e.job(e.do("POST", "/v1/cards/carrier/revisions/2/mail", `{"to": ["a@example.com"], "format": "csv"}`, 202))
	e.Deliver(functionstest.Noon.Add(time.Hour))
	if job = e.job(e.do("GET", "/v1/jobs/"+job.ID, "", 200)); job.State != "failed" || !strings.Contains(job.Report, "more than 20 MiB") ||
		!strings.Contains(job.Report, "/v1/cards/carrier/revisions/2/rates.csv") || len(server.Letters()) != 0 {
		t.Errorf("%+v, %d letters", job, len(server.Letters()))
	}
}
