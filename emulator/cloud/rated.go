package cloud

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger"
)

// The names of a run's results in its folder.
const (
	ratedFile    = "rated.csv"
	problemsFile = "problems.csv"
	receiptFile  = "receipt.json"
	setupFile    = "setup.json"
	invoiceDir   = "invoices"
)

// ratedColumns is the header of rated.csv: a line for every row of the input,
// in its order.
var ratedColumns = []string{
	"call_id", "account", "a_number", "b_number", "start", "duration", "prefix", "billed_seconds",
	"charge", "status", "reason", "due", "line", "period", "flags", "kind", "units",
}

var problemColumns = []string{"line", "status", "reason", "column", "value", "want"}

// writeRated writes rated.csv and problems.csv in one pass, and counts.
func (t *try) writeRated(ctx context.Context, b ledger.Batch, sum *summary) error {
	t.progress.phase("writing "+ratedFile, b.Counts.Rows)
	return writeFile(filepath.Join(t.out, problemsFile), func(problems io.Writer) error {
		return writeFile(filepath.Join(t.out, ratedFile), func(rated io.Writer) error {
			r := newRowWriter(rated, problems, t.Decimals)
			err := t.ledger.Rows(ctx, b.ID, func(row *call.Row, key *ledger.Key) error {
				t.progress.add(1)
				sum.count(row)
				return r.write(row, key)
			})
			if err != nil {
				return err
			}
			return r.flush()
		})
	})
}

type rowWriter struct {
	rated    *csv.Writer
	problems *csv.Writer
	raw      *bufio.Writer
	decimals int
	fields   []string
	begun    bool
}

func newRowWriter(rated, problems io.Writer, decimals int) *rowWriter {
	raw := bufio.NewWriterSize(rated, 256<<10)
	return &rowWriter{rated: csv.NewWriter(raw), problems: csv.NewWriter(problems), raw: raw, decimals: decimals}
}

func (w *rowWriter) begin() error {
	w.begun = true
	if err := w.rated.Write(ratedColumns); err != nil {
		return fmt.Errorf("the header: %w", err)
	}
	if err := w.problems.Write(problemColumns); err != nil {
		return fmt.Errorf("the header of %s: %w", problemsFile, err)
	}
	return nil
}

func (w *rowWriter) write(r *call.Row, key *ledger.Key) error {
	if !w.begun {
		if err := w.begin(); err != nil {
			return err
		}
	}
	var start, billed, charge, due, month string
	if unread := r.Status == call.Rejected || r.Status == call.Ignored; r.Instant != 0 || !unread {
		start = r.At().Format(time.RFC3339Nano)
	}
	if r.Status == call.Rated {
		billed = strconv.FormatUint(r.Billed, 10)
		charge, due = r.Charge.Text(w.decimals), r.Due.Text(w.decimals)
	}
	if key != nil {
		month = key.Month.String()
	}
	line := strconv.FormatInt(r.Line, 10)
	w.fields = append(w.fields[:0],
		r.CallID, r.Account, r.ANumber, r.BNumber, start, duration(r), r.PrefixDigits(), billed,
		charge, r.Status.String(), string(r.Reason), due, line, month, r.Flags.String(), kindText(r), unitsText(r))
	if err := w.rated.Write(w.fields); err != nil {
		return fmt.Errorf("line %s: %w", line, err)
	}
	if r.Status == call.Rated || r.Status == call.Ignored {
		return nil
	}
	if err := w.problems.Write([]string{line, r.Status.String(), string(r.Reason), r.Column, r.Value, r.Want}); err != nil {
		return fmt.Errorf("line %s in %s: %w", line, problemsFile, err)
	}
	return nil
}

// kindText shows what was used; a row of which nothing was read has no kind.
func kindText(r *call.Row) string {
	if r.Status == call.Rejected && (r.Column == "" || r.Reason == call.BadKind) {
		return ""
	}
	return r.Kind.String()
}

// unitsText shows the units that were read: a call has a duration instead.
func unitsText(r *call.Row) string {
	if r.Kind == call.Voice || r.Reason == call.BadUnits {
		return ""
	}
	return strconv.FormatUint(r.Units, 10)
}

// duration shows a duration that was read; a row rejected for it has none, nor
// has usage of another kind than voice.
func duration(r *call.Row) string {
	if r.Kind != call.Voice || r.Status == call.Rejected && r.Duration == (call.Duration{}) {
		return ""
	}
	return string(r.Duration.Append(nil))
}

func (w *rowWriter) flush() error {
	if !w.begun {
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.rated.Flush()
	w.problems.Flush()
	if err := w.rated.Error(); err != nil {
		return err
	}
	if err := w.problems.Error(); err != nil {
		return err
	}
	return w.raw.Flush()
}
