package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// A checkpoint is a month as folded up to a midnight: what every account came to
// by then, and the parts that have the outcomes. A fold that finds one goes on
// there, and opens no file whose rows are all from before.
//
// That is the same fold. Rows are copies or versions of one call only where
// their instants are equal, so what loses among those from before is decided by
// these alone; and each account's rows are folded in the order of their
// instants, so those from before come first. A checkpoint is named by all that
// it follows from: whatever changes of it, a late file or the book, asks for
// another.
//
// Checkpoints are scratch: where one is gone or damaged, a fold starts from an
// older one, or from nothing.
const (
	checkpointsPrefix = "checkpoints/"
	// checkpointRules names the way they are written; those of another are not found.
	checkpointRules = "checkpoint 1"
	// checkpointFrom is how many rows a checkpoint must spare the next fold.
	checkpointFrom = 20_000
)

// dated reports whether an entry says from when to when its rows are. Those of
// before there were such fields do not.
func (e Entry) dated() bool { return e.First != 0 || e.Last != 0 }

// before reports whether all rows of an entry are from before an instant; some,
// whether any of them may be.
func (e Entry) before(instant int64) (all, some bool) {
	return e.dated() && e.Last < instant, !e.dated() || e.First < instant
}

// settled returns the midnight in UTC up to which a fold keeps a month: the
// newest that is 24 hours or more before the rows of the newest entry begin.
// Where they end would say less: one row with a wrong date would move it to
// where every file is late.
func (m Manifest) settled() (until int64) {
	until = math.MinInt64
	for _, e := range m.Entries {
		if day := dayOf(e.First) - 1; e.dated() && day >= math.MinInt64/dayNanos {
			until = max(until, day*dayNanos)
		}
	}
	return until
}

func checkpointPrefix(key Key) string { return checkpointsPrefix + key.String() + "/" }

// checkpointName names the checkpoint of a fold's inputs at a midnight.
func checkpointName(in inputs, until int64) (string, error) {
	early := inputs{Manifest: Manifest{Period: in.Manifest.Period}, Book: in.Book}
	keep := func(entries []Entry) (out []Entry) {
		for _, e := range entries {
			if _, some := e.before(until); some {
				out = append(out, e)
			}
		}
		return out
	}
	early.Manifest.Entries, early.Manifest.Foreign = keep(in.Manifest.Entries), keep(in.Manifest.Foreign)
	hash, err := early.hash()
	if err != nil {
		return "", err
	}
	day := dateOf(dayOf(until)).String()
	sum := sha256.Sum256([]byte(checkpointRules + "\n" + day + "\n" + hash))
	return checkpointPrefix(in.Manifest.Period) + day + "-" + hex.EncodeToString(sum[:]), nil
}

// untilOf returns the midnight of a checkpoint's name.
func untilOf(key Key, name string) (int64, error) {
	rest := strings.TrimPrefix(name, checkpointPrefix(key))
	day, err := period.ParseDate(rest[:min(len(rest), len(time.DateOnly))])
	if err != nil {
		return 0, fmt.Errorf("checkpoint %s: %w", name, err)
	}
	return period.StartOfDay(day, time.UTC).UnixNano(), nil
}

// checkpoint is one that is read.
type checkpoint struct {
	until  int64 // Unix nanoseconds; math.MinInt64: it is empty, and comes before all
	parts  []Ref // of the outcomes from before
	days   []DayParts
	states *part // has the accounts; nil: none
	key    Key
	info   objects.Info
}

// noCheckpoint is the empty one, from which a month is folded from nothing.
var noCheckpoint = checkpoint{until: math.MinInt64}

// errCheckpoint says that a checkpoint cannot be used after all.
var errCheckpoint = errors.New("the checkpoint cannot be used")

// unusable marks an error that a fold without the checkpoint does not meet.
func unusable(err error) error {
	for _, of := range []error{ErrDamaged, objects.ErrNotFound, objects.ErrLost} {
		if errors.Is(err, of) {
			return fmt.Errorf("%w: %w", errCheckpoint, err)
		}
	}
	return err
}

// checkpoint returns the newest checkpoint that a fold of these inputs can go on
// from. One that cannot be used is told and deleted, so that another is made.
func (l *Ledger) checkpoint(ctx context.Context, in inputs) (checkpoint, error) {
	key := in.Manifest.Period
	found, err := l.checkpoints(ctx, key)
	if err != nil {
		return noCheckpoint, err
	}
	for _, info := range slices.Backward(found) {
		fits, err := fitting(in, info)
		if err != nil {
			return noCheckpoint, err
		}
		if !fits {
			continue
		}
		c, err := l.openCheckpoint(ctx, key, info)
		if errors.Is(err, errCheckpoint) {
			if err := l.refuse(ctx, info, err); err != nil {
				return noCheckpoint, err
			}
			continue
		}
		return c, err
	}
	return noCheckpoint, nil
}

// fitting reports whether a checkpoint is one of the inputs of a fold.
func fitting(in inputs, info objects.Info) (bool, error) {
	until, err := untilOf(in.Manifest.Period, info.Name)
	if err != nil {
		return false, nil // no fold made it
	}
	name, err := checkpointName(in, until)
	return name == info.Name, err
}

// checkpoints lists those of a period, by midnight.
func (l *Ledger) checkpoints(ctx context.Context, key Key) (found []objects.Info, err error) {
	for after := ""; ; after = found[len(found)-1].Name {
		const page = 1000
		infos, err := l.buckets.Work.List(ctx, checkpointPrefix(key), after, page)
		if err != nil {
			return nil, fmt.Errorf("looking for checkpoints of %s: %w", key, err)
		}
		if found = append(found, infos...); len(infos) < page {
			return found, nil
		}
	}
}

// refuse tells why a checkpoint is not used, and deletes it.
func (l *Ledger) refuse(ctx context.Context, info objects.Info, why error) error {
	if l.refused != nil {
		l.refused(ctx, why)
	}
	if err := l.buckets.Work.Delete(ctx, info.Name, info.Generation); err != nil {
		return fmt.Errorf("deleting a checkpoint that cannot be used: %w", err)
	}
	return nil
}
