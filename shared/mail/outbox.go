package mail

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// outboxFrom is the sender of messages that go nowhere.
const outboxFrom = "tollbook@localhost.localdomain"

// Outbox writes messages into a folder, as files that mail programs open (.eml),
// instead of sending them.
type Outbox struct{ dir string }

// NewOutbox returns a sender into a folder, which is made when there is a message.
func NewOutbox(dir string) *Outbox { return &Outbox{dir} }

// Send writes m as <id>.eml. The same message again is no other file.
func (o *Outbox) Send(_ context.Context, m Message) error {
	out, err := build(m, outboxFrom, "localhost.localdomain")
	if err != nil {
		return failure(Refused, "%v", err)
	}
	if err := o.write(m.ID+".eml", func(f *os.File) error {
		_, err := out.WriteTo(f)
		return err
	}); err != nil {
		return failure(NotSent, "writing a message into the outbox: %v", err)
	}
	return nil
}

// write makes a file that is whole or not there.
func (o *Outbox) write(name string, fill func(*os.File) error) (err error) {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(o.dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if err := errors.Join(fill(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(o.dir, name))
}
