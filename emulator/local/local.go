package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/fsnotify/fsnotify"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/server/serving"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
)

// The files of a local cloud in its folder, beside the buckets.
const (
	stateDir  = ".up"
	lettersIn = "dead-letter"
	addressIn = "up.json"
)

// cutShort is what a function has to return after its context has ended.
const cutShort = 5 * time.Second

// Address says where the local cloud of a folder answers; it is in up.json.
type Address struct {
	URL string `json:"url"`
	PID int    `json:"pid"`
}

// ReadAddress returns the address of the local cloud that runs on a folder; it
// may have been left by one that was killed. An error that is fs.ErrNotExist:
// none runs.
func ReadAddress(dir string) (a Address, err error) {
	data, err := os.ReadFile(filepath.Join(dir, addressIn))
	if err != nil {
		return a, fmt.Errorf("reading the address of the local cloud: %w", err)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("reading the address of the local cloud: %w", err)
	}
	return a, nil
}

// Cloud is a local cloud.
type Cloud struct {
	Config
	lock      *os.File
	sender    sender
	listener  net.Listener
	server    *http.Server
	journal   *journal
	clock     *clock
	letters   graveyard
	queues    []*queue
	watcher   *watcher
	wake      chan struct{} // of the watcher
	schedules []*schedule
	tick      chan struct{} // something of the schedules changed
	stopped   chan struct{} // closed when Run begins to end
	offers    atomic.Int64  // deliveries ever put on their way

	mu      sync.Mutex
	moving  bool          // schedules are fired by a move of the clock
	changed chan struct{} // closed at the next change of any queue
	sight   sight         // of the last look
	lookErr string        // of the last look
}

// New opens the state of a local cloud, makes its functions and listens; Run
// does the rest, and closes everything. Another local cloud on the same folder
// is documents.ErrTransient.
func New(config Config) (_ *Cloud, err error) {
	if config.Log == nil {
		return nil, errors.New("a local cloud needs a logger")
	}
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("a local cloud: %w", err)
	}
	config.Knobs = config.withDefaults()
	c := &Cloud{
		Config: config, wake: make(chan struct{}, 1), tick: make(chan struct{}, 1), changed: make(chan struct{}), stopped: make(chan struct{}),
		letters: graveyard{filepath.Join(config.DataDir, lettersIn)},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if err := c.open(); err != nil {
		return nil, err
	}
	if c.listener, err = listen(config.Listen); err != nil {
		return nil, err
	}
	handlers, err := c.handlers()
	if err != nil {
		return nil, err
	}
	if err := c.wire(); err != nil {
		return nil, err
	}
	c.server = c.newServer(handlers)
	return c, nil
}

// open takes the folder and opens what is in it.
func (c *Cloud) open() error {
	state := filepath.Join(c.DataDir, stateDir)
	if err := os.MkdirAll(state, 0o755); err != nil {
		return fmt.Errorf("making the local cloud's folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(state, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("locking the local cloud's folder: %w", err)
	}
	c.lock = lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("another local cloud runs on %s: %w", c.DataDir, documents.ErrTransient)
		}
		return fmt.Errorf("locking the local cloud's folder: %w", err)
	}
	if err := clearTemps(state); err != nil {
		return fmt.Errorf("clearing unfinished files: %w", err)
	}
	var spoilt int
	if c.journal, spoilt, err = openJournal(filepath.Join(state, "journal")); err != nil {
		return err
	}
	if spoilt > 0 {
		c.Log.Warn("lines of the journal could not be read: what they noted is delivered again", "lines", spoilt)
	}
	var floor time.Time
	for _, e := range c.Manifest.Functions {
		if at := c.journal.lastRan(e.Name); at.After(floor) {
			floor = at
		}
	}
	c.clock, err = openClock(filepath.Join(state, "clock.json"), c.Begin, floor)
	return err
}

// URL is where the local cloud answers.
func (c *Cloud) URL() string { return "http://" + c.listener.Addr().String() }

// handlers makes the functions, each held to its entry of the manifest.
func (c *Cloud) handlers() (map[string]http.Handler, error) {
	made := map[string]http.Handler{}
	var errs []error
	for _, e := range c.Manifest.Functions {
		at := slices.IndexFunc(c.Functions, func(f functions.Function) bool { return f.Name == e.Name })
		switch {
		case at < 0:
			errs = append(errs, fmt.Errorf("the manifest names a function %s that is not there", e.Name))
			continue
		case slices.Contains(reserved, e.Name):
			errs = append(errs, fmt.Errorf("a function cannot be named %s: the local cloud answers there", e.Name))
			continue
		}
		deps := c.Deps
		deps.Events = events.Config{Verifier: events.Open{}, Log: c.Log}
		deps.PublicURL = c.URL() + "/" + e.Name
		deps.Now = c.clock.now
		h, err := serving.Handler(e, c.Functions[at], deps)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		made[e.Name] = h
	}
	return made, errors.Join(errs...)
}

// wire makes a queue for each function that events call, a schedule for each that has one, and
// the watcher of all buckets.
func (c *Cloud) wire() error {
	c.sender = newSender()
	buckets := map[string]*watchedBucket{}
	c.watcher = &watcher{
		prefix: c.Deps.BucketPrefix, journal: c.journal, now: c.clock.now, settle: c.Settle, log: c.Log,
		offers: &c.offers, sawFolder: func(string) {},
	}
	for i, e := range c.Manifest.Functions {
		if len(e.Buckets) == 0 && e.Schedule == "" {
			continue // no event calls it
		}
		url := c.URL() + "/" + e.Name
		q := c.newQueue(e, uint64(i), func(ctx context.Context, e cloudevents.Event) (int, error) { return c.sender.send(ctx, url, e) })
		since := c.journal.lastRan(e.Name)
		if since.IsZero() {
			since = c.clock.began()
		}
		s, err := newSchedule(e, since)
		if err != nil {
			return err
		}
		if s != nil {
			c.schedules = append(c.schedules, s)
		}
		for _, name := range e.Buckets {
			if buckets[name] == nil {
				if buckets[name], err = c.watched(name); err != nil {
					return fmt.Errorf("function %s: %w", e.Name, err)
				}
				c.watcher.buckets = append(c.watcher.buckets, buckets[name])
			}
			buckets[name].queues = append(buckets[name].queues, q)
		}
	}
	return nil
}

func (c *Cloud) watched(name string) (*watchedBucket, error) {
	bucket, err := c.Deps.Bucket(name)
	if err != nil {
		return nil, err
	}
	b := &watchedBucket{name: name, bucket: bucket, done: map[nameHash]fileState{}, asked: map[string]time.Time{}}
	if s, ok := bucket.(settler); ok {
		b.settler, b.dir = s, filepath.Join(c.DataDir, name)
		if _, err := os.Stat(b.dir); err != nil {
			return nil, fmt.Errorf("the folder of the bucket %s: %w", name, err)
		}
	}
	return b, nil
}

func (c *Cloud) newQueue(e functions.Entry, stream uint64, send func(context.Context, cloudevents.Event) (int, error)) *queue {
	q := &queue{
		entry: e, knobs: c.Knobs, log: c.Log, random: newRandom(c.Seed, stream), send: send,
		copies: map[key]int{}, wake: make(chan struct{}, 1),
		changed: c.announce, room: func() { nudge(c.wake) },
		bury: func(d *delivery, last outcome) error {
			letter := DeadLetter{Function: e.Name, Event: d.event, Attempts: d.attempts, Status: last.status, At: c.clock.now()}
			if last.err != nil {
				letter.Error = last.err.Error()
			}
			return c.letters.keep(letter)
		},
	}
	q.ended = func(d *delivery) { c.ended(q, d) }
	c.queues = append(c.queues, q)
	return q
}

// ended notes the end of a delivery. A note that cannot be written means that a
// later process delivers once more, which every function bears.
func (c *Cloud) ended(q *queue, d *delivery) {
	var err error
	if d.ran.IsZero() {
		err = c.journal.noteDone(d.key)
	} else {
		err = c.journal.noteRan(q.entry.Name, d.ran)
	}
	if err != nil {
		c.Log.Error("noting a delivery failed", "function", q.entry.Name, "id", d.event.ID(), "error", events.Redact(err.Error()))
	}
	if d.ran.IsZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.schedules {
		if s.function == q.entry.Name {
			s.since, s.running = d.ran, false
		}
	}
	nudge(c.tick)
}

// announce tells whoever waits that a queue has changed.
func (c *Cloud) announce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
}

// nudge wakes whoever waits for the channel, now or the next time.
func nudge(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// Run serves until ctx ends; then it starts nothing more, waits for what is in
// flight, and closes everything. It can be called once.
func (c *Cloud) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, c.close()) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	flying, land := context.WithCancel(context.WithoutCancel(ctx))
	defer land()

	var work sync.WaitGroup
	stopNotify := c.notify(ctx, &work) // before a request can look at a folder
	served := make(chan error, 1)
	go func() {
		served <- c.server.Serve(c.listener)
		stop()
	}()
	if err = c.writeAddress(); err != nil {
		stop()
	} else {
		c.Log.Info("the local cloud is up", "url", c.URL())
	}
	for _, q := range c.queues {
		work.Go(func() { q.run(ctx, flying) })
	}
	work.Go(func() { c.watcher.watch(ctx, c.wake, c.Look, c.saw) })
	work.Go(func() { c.runSchedules(ctx) })

	<-ctx.Done()
	close(c.stopped)
	grace := time.AfterFunc(c.Grace, land)
	// What is cut short still has to return.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Grace+cutShort)
	defer cancel()
	work.Wait()
	grace.Stop()
	c.sender.client.CloseIdleConnections()
	shut := c.server.Shutdown(last)
	if shut != nil {
		shut = fmt.Errorf("ending the local cloud: %w", errors.Join(shut, c.server.Close()))
	}
	return errors.Join(err, serveError(<-served), shut, stopNotify(), c.removeAddress())
}

func serveError(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving the local cloud: %w", err)
}

// notify lets changes in folders wake the watcher. Where the system cannot say
// them, the watcher's own looks are all there is.
func (c *Cloud) notify(ctx context.Context, work *sync.WaitGroup) (stop func() error) {
	changes, err := fsnotify.NewWatcher()
	if err != nil {
		c.Log.Warn("folders are looked at now and then only", "error", events.Redact(err.Error()))
		return func() error { return nil }
	}
	var once sync.Once
	c.watcher.sawFolder = func(path string) {
		if err := changes.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fsnotify.ErrClosed) {
			once.Do(func() {
				c.Log.Warn("a folder is looked at now and then only", "error", events.Redact(err.Error()))
			})
		}
	}
	work.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case _, ok := <-changes.Events:
				if !ok {
					return
				}
			case _, ok := <-changes.Errors: // events were lost: a look finds what they said
				if !ok {
					return
				}
			}
			nudge(c.wake)
		}
	})
	return func() error {
		if err := changes.Close(); err != nil {
			return fmt.Errorf("ending the watch of folders: %w", err)
		}
		return nil
	}
}

// saw keeps what the last look found, and tells what is new to complain about.
func (c *Cloud) saw(s sight, err error) {
	text := ""
	if err != nil {
		text = events.Redact(err.Error())
	}
	c.mu.Lock()
	news := text != "" && text != c.lookErr || len(s.problems) > 0 && !slices.Equal(s.problems, c.sight.problems)
	c.sight, c.lookErr = s, text
	c.mu.Unlock()
	if news {
		c.Log.Warn("not all files could be looked at", "files", s.problems, "error", text)
	}
}

func (c *Cloud) writeAddress() error {
	text, err := json.Marshal(Address{c.URL(), os.Getpid()})
	if err == nil {
		err = replaceFile(filepath.Join(c.DataDir, addressIn), func(w io.Writer) error {
			_, err := w.Write(append(text, '\n'))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", addressIn, err)
	}
	return nil
}

func (c *Cloud) removeAddress() error {
	if err := os.Remove(filepath.Join(c.DataDir, addressIn)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", addressIn, err)
	}
	return nil
}

// close lets go of what New opened, as far as it came.
func (c *Cloud) close() error {
	var errs []error
	if c.listener != nil {
		if err := c.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if c.clock != nil {
		errs = append(errs, c.clock.close())
	}
	if c.journal != nil {
		errs = append(errs, c.journal.close())
	}
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
	}
	return errors.Join(errs...)
}
