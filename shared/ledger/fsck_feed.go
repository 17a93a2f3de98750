package ledger

import (
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/period"
)

// readFeed calls each with every row of a feed's file, in order: a row that
// was read has no status yet, and who pays for it, which identify writes;
// rejected and ignored ones have theirs.
func readFeed(src io.Reader, feed *book.Feed, ix *book.Index, identify func(*call.Record), each func(*call.Row) error) error {
	in, err := cdr.Open(src, feed.Source)
	if err != nil {
		return unreadable(err)
	}
	zone, ok := ix.CycleZone(feed.Cycle)
	if !ok {
		return fmt.Errorf("feed %q: no cycle %q", feed.Source.ID, feed.Cycle)
	}
	var only *period.Month
	if feed.Only != "" {
		m, err := period.ParseMonth(feed.Only)
		if err != nil {
			return fmt.Errorf("feed %q: %w", feed.Source.ID, err)
		}
		only = &m
	}
	var row call.Row
	for {
		read, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		row = call.Row{
			Record: read.Record, Line: read.Line, Status: read.Status, Reason: read.Reason,
			Column: read.Column, Value: read.Value, Want: read.Want,
		}
		if row.Status == 0 {
			identify(&row.Record)
		}
		if only != nil && row.Status == 0 {
			if m := period.Of(row.At(), zone); m != *only {
				row.Status, row.Reason = call.Ignored, call.OtherMonth+call.Reason(":"+m.String())
			}
		}
		if err := each(&row); err != nil {
			return err
		}
	}
}
