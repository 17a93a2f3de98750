package cloud

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tollbook/tollbook/shared/objects"
)

// progress shows on a terminal how far a run is; elsewhere it only says what
// must be said.
type progress struct {
	out   io.Writer
	live  bool // out is a terminal
	name  string
	total int64
	got   int64
	shown int64 // percent last drawn
	wide  int   // characters on the line
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.live = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// say writes a message for a person on a line of its own.
func (p *progress) say(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// phase begins a step of so many units; 0 = not known.
func (p *progress) phase(name string, total int64) {
	p.name, p.total, p.got, p.shown = name, total, 0, -1
	p.draw()
}

// add counts units of the step.
func (p *progress) add(n int64) {
	p.got += n
	p.draw()
}

func (p *progress) draw() {
	if !p.live {
		return
	}
	if p.total <= 0 {
		p.line(p.name + " …")
		return
	}
	percent := min(100, p.got*100/p.total)
	if percent == p.shown {
		return
	}
	p.shown = percent
	const width = 30
	full := int(percent * width / 100)
	p.line(fmt.Sprintf("%-22s [%s%s] %3d%%", p.name, strings.Repeat("█", full), strings.Repeat("·", width-full), percent))
}

func (p *progress) line(text string) {
	n := len([]rune(text))
	fmt.Fprintf(p.out, "\r%s%s", text, strings.Repeat(" ", max(0, p.wide-n)))
	p.wide = n
}

func (p *progress) clear() {
	if p.live && p.wide > 0 {
		p.line("")
		fmt.Fprint(p.out, "\r")
		p.wide = 0
	}
}

// done ends the display.
func (p *progress) done() { p.clear() }

// reader counts the bytes of a step as they are read.
func (p *progress) reader(r io.Reader) io.Reader { return &countingReader{r, p} }

type countingReader struct {
	r io.Reader
	p *progress
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.p.add(int64(n))
	return n, err
}

// countingBucket counts the bytes of a step as a ledger reads them.
type countingBucket struct {
	objects.Bucket
	p *progress
}

func (b countingBucket) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	r, err := b.Bucket.OpenRange(ctx, name, generation, offset, length)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{b.p.reader(r), r}, nil
}
