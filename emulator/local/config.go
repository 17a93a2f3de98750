// Package local is the platform on one machine: it makes events of files that
// are dropped into folders and of schedules, and delivers them over HTTP to the
// functions of a manifest, at least once and in any order, as the platform does.
// Its clock can be moved on. It knows no function by name.
package local

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/tollbook/tollbook/functions"
)

// Config is what a local cloud is made of.
type Config struct {
	Manifest  functions.Manifest
	Functions []functions.Function // one for each of the manifest
	// Deps are the stores and the prefix of bucket names; Events and PublicURL
	// are set here, for each function.
	Deps functions.Deps
	// DataDir holds the state of the local cloud, and in it, by their names, the
	// buckets that are an objects.Folder.
	DataDir string
	// Begin is where the clock of a new local cloud begins; zero: real time.
	Begin  time.Time
	Listen string       // host and port of a loopback address; port 0: any free one
	Log    *slog.Logger // required
	Knobs
}

// Knobs are the rules of delivery. A zero field is what it says.
type Knobs struct {
	Duplicates   int           // percent of events that are delivered twice, 0 to 100
	Shuffle      bool          // deliver what waits in any order
	Seed         uint64        // of what is left to chance; 0: another each time
	MaxAttempts  int           // of an event that may be retried; 0: 10
	FirstBackoff time.Duration // before the second attempt, then twice as long each time; 0: 1 s
	LastBackoff  time.Duration // at most; 0: 60 s
	Look         time.Duration // between two looks at the buckets, if nothing wakes it; 0: 2 s
	Settle       time.Duration // between the two looks that find a file complete; 0: 1 s
	Patience     time.Duration // that a move of the clock has with a file still being written; 0: 30 s
	Grace        time.Duration // for what is in flight when it ends; 0: 30 s
}

func (k Knobs) check() error {
	if k.Duplicates < 0 || k.Duplicates > 100 {
		return fmt.Errorf("%d%% duplicates: want 0 to 100", k.Duplicates)
	}
	for _, d := range []time.Duration{k.FirstBackoff, k.LastBackoff, k.Look, k.Settle, k.Patience, k.Grace, time.Duration(k.MaxAttempts)} {
		if d < 0 {
			return errors.New("attempts and times cannot be negative")
		}
	}
	return nil
}

// withDefaults fills what is zero.
func (k Knobs) withDefaults() Knobs {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&k.FirstBackoff, time.Second}, {&k.LastBackoff, time.Minute}, {&k.Look, 2 * time.Second},
		{&k.Settle, time.Second}, {&k.Patience, 30 * time.Second}, {&k.Grace, 30 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if k.MaxAttempts == 0 {
		k.MaxAttempts = 10
	}
	return k
}

// backoff is the wait after so many failed attempts.
func (k Knobs) backoff(failed int) time.Duration {
	wait := k.FirstBackoff
	for range failed - 1 {
		if wait >= k.LastBackoff {
			break
		}
		wait *= 2
	}
	return min(wait, k.LastBackoff)
}

// reserved are the paths of the local cloud itself.
var reserved = []string{"bills", "clock", "drain", "fsck", "setup", "status"}

// listen opens the address, which must be of this machine alone: nobody signs in.
func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: want an address such as 127.0.0.1:8080: %w", address, err)
	}
	ip, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen on %q: want a loopback address such as 127.0.0.1:8080, for nobody signs in", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}
