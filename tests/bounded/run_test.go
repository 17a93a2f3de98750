package bounded

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// importMain imports a deck as an installation does: arguments are the deck, where
// the rates of the revision go, and where those of the one before it are, "" for
// none. It prints what came of it.
func importMain(args []string, stdout io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("%d arguments, want 3", len(args))
	}
	// PROFILE=file says where the time goes.
	if path := os.Getenv("PROFILE"); path != "" {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	m := importer{at: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).UnixNano(), terms: rating.DefaultTerms("USD"), base: new(ratecard.Rates)}
	for _, s := range []struct {
		name string
		do   func() error
	}{
		{"start", func() error { return nil }},
		{"base", func() error { return m.readBase(args[2]) }},
		{"apply", func() error { return m.apply(args[0]) }},
		{"compare", m.compare},
		{"store", func() error { return m.store(args[1]) }},
		{"places", m.places},
		{"image", m.image},
	} {
		before, err := processCPU()
		if err == nil {
			err = s.do()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		after, err := processCPU()
		if err != nil {
			return err
		}
		m.out.Stages = append(m.out.Stages, stage{s.name, (after - before).Milliseconds(), highWater()})
	}
	return json.NewEncoder(stdout).Encode(m.out)
}

// importer is an import on its way.
type importer struct {
	at         int64 // when the deck came
	terms      rating.Terms
	base, next *ratecard.Rates
	out        imported
}

func (m *importer) readBase(path string) (err error) {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m.base, err = ratecard.Read(f)
	return err
}

func (m *importer) apply(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	commands := func(yield func(ratecard.Command, error) bool) {
		stopped := errors.New("the rates are not wanted")
		var bad []error
		_, err := deck.ReadFile(f, info.Size(), deck.Options{}, func(e deck.Entry) error {
			e = e.AsOf(m.at)
			if !yield(ratecard.Command{Line: e.Line, Rate: e.Rate}, nil) {
				return stopped
			}
			return nil
		}, func(e deck.RowError) { bad = append(bad, e) })
		if err = errors.Join(append(bad, err)...); err != nil && !errors.Is(err, stopped) {
			yield(ratecard.Command{}, err)
		}
	}
	var result ratecard.Result
	if m.next, result, err = m.base.Apply(commands, ratecard.Options{At: m.at, Kind: ratecard.FullAZ}); err != nil {
		return err
	}
	m.out.Rows, m.out.Added, m.out.Updated, m.out.Unchanged = m.next.Len(), int(result.Added), int(result.Updated), int(result.Unchanged)
	return nil
}

func (m *importer) compare() error {
	var s ratecard.Summary
	for d, err := range m.base.Diff(m.next, ratecard.DiffOptions{At: m.at, Notice: ratecard.Notice{Terms: m.terms}}) {
		if err != nil {
			return err
		}
		s.Add(&d)
	}
	m.out.New, m.out.Same = int(s.Counts[ratecard.New]), int(s.Counts[ratecard.Unchanged])
	m.base = nil
	return nil
}

func (m *importer) store(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = m.next.Write(f)
	return err
}

func (m *importer) places() error {
	places, known := numbering.EmbeddedPlaces(), 0
	for r, err := range m.next.All() {
		if err != nil {
			return err
		}
		if places.Of(r.Prefix) != (numbering.Place{}) {
			known++
		}
	}
	if known < m.next.Len()/2 {
		return fmt.Errorf("%d of %d prefixes have a place", known, m.next.Len())
	}
	return nil
}

func (m *importer) image() error {
	image, err := rating.BuildImage(m.terms, m.next.All())
	if err != nil {
		return err
	}
	m.out.Image = fmt.Sprintf("%x", sha256.Sum256(image))
	return nil
}

// processCPU is what the process has used so far, in all its threads.
func processCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// highWater is the peak of the process so far in MiB; 0 where the system does not
// say it without what it had when it was started.
func highWater() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		if n, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			return n >> 10
		}
	}
	return 0
}
