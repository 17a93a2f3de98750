package portal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
)

type batch struct {
	ID         string           `json:"id"`
	Feed       string           `json:"feed"`
	Object     string           `json:"object" doc:"the file"`
	Generation string           `json:"generation" doc:"of the file"`
	State      string           `json:"state" enum:"received,planned,committed,failed,withdrawn"`
	Rev        int64            `json:"rev" doc:"how often it was planned"`
	ReceivedAt time.Time        `json:"received_at"`
	Counts     ledger.Counts    `json:"counts" doc:"rows = accepted + unrated + rejected + ignored; a row is accepted or unrated as who pays is charged"`
	Charges    map[string]int64 `json:"charges,omitempty" doc:"what the rows charge beside who pays, by role, status and reason, such as callee:rated, supplier:unrated:no_rate"`
	Periods    []string         `json:"periods" nullable:"false" doc:"that its rows fall in"`
	Failure    string           `json:"failure,omitempty" doc:"why it failed"`
}

func showBatch(b ledger.Batch) batch {
	return batch{
		ID: b.ID, Feed: b.Feed, Object: b.Object, Generation: b.Generation, State: string(b.State), Rev: b.Rev, ReceivedAt: b.ReceivedAt,
		Counts: b.Counts, Charges: b.Charges, Periods: append([]string{}, b.Periods...), Failure: b.Failure,
	}
}

// problemRow is a row of a batch that was rejected, or a charge of it that nothing
// prices.
type problemRow struct {
	Line   int64  `json:"line" doc:"in the file, from 1"`
	Status string `json:"status" enum:"unrated,rejected"`
	Reason string `json:"reason"`
	Column string `json:"column,omitempty" doc:"of a rejected row: where it is wrong"`
	Value  string `json:"value,omitempty" doc:"of a rejected row: what was found; of an unrated one: the number that was called, the account, or the outgoing trunk of no supplier"`
	Want   string `json:"want,omitempty" doc:"what would be right"`
	Role   string `json:"role,omitempty" example:"supplier" doc:"who is not charged, if not who pays: callee, reseller:LEVEL, supplier"`
}

func showProblem(r *call.Row) problemRow {
	out := problemRow{Line: r.Line, Status: r.Status.String(), Reason: string(r.Reason), Column: r.Column, Value: r.Value, Want: r.Want}
	if r.Status != call.Unrated {
		return out
	}
	out.Column, out.Value = "b_number", r.BNumber
	if r.Reason == call.NoAccount || r.Reason == call.NoCard {
		out.Column, out.Value = "account", r.Account
	}
	if r.Role != call.Payer {
		out.Role = r.Role.Name(r.Level)
	}
	if r.Role == call.Supplier && r.Reason == call.NoAccount {
		out.Column, out.Value = "out_trunk", r.OutTrunk
	}
	return out
}

type batchListInput struct {
	Paging
	State string `query:"state" enum:"received,planned,committed,failed,withdrawn" doc:"only batches in this state, in the order of their arrival; none: all, by id"`
}

type jobInput struct {
	ID string `path:"id" maxLength:"256"`
	Key
}

type problemsInput struct {
	ID string `path:"id" maxLength:"128" doc:"batch"`
	Paging
}

func (p *portal) addBatches() {
	const tag = "batches"
	add(p, operation{id: "list-batches", method: "GET", path: "/batches", tag: tag, summary: "Files of records that came in"},
		func(ctx context.Context, in *batchListInput) (*pageOutput[batch], error) {
			q := documents.Query{Name: "batches_all"}
			if in.State != "" {
				q = documents.Query{Name: "batches_by_state", Equal: map[string]any{"state": in.State}}
			}
			return list(ctx, p, in.Paging, q, showBatch)
		})
	add(p, operation{id: "get-batch", method: "GET", path: "/batches/{id}", tag: tag, summary: "One file of records, and what became of its rows"},
		func(ctx context.Context, in *ByID) (*oneOutput[batch], error) {
			b, v, err := p.batch(ctx, in.ID)
			return oneOf(v, showBatch(b)), err
		})
	add(p, operation{id: "list-batch-problems", method: "GET", path: "/batches/{id}/problems", tag: tag, summary: "The rows of a committed batch that were rejected, and the charges that nothing prices, by line"}, p.batchProblems)
	add(p, operation{id: "withdraw-batch", method: "POST", path: "/batches/{id}/withdraw", tag: tag, summary: "Take a batch out: what it charged is no longer charged, or credited", keyed: true},
		func(ctx context.Context, in *ByID) (*oneOutput[batch], error) {
			if _, _, err := p.batch(ctx, in.ID); err != nil {
				return nil, err
			}
			if err := p.Ledger.Withdraw(ctx, in.ID); err != nil {
				return nil, p.batchState(ctx, in.ID, err)
			}
			b, v, err := p.batch(ctx, in.ID)
			return oneOf(v, showBatch(b)), err
		})
	for _, o := range []struct {
		id, path, summary string
		kind              jobs.Kind
		state             ledger.State
	}{
		{"redo-batch", "redo", "Read and price the file of a committed batch again", jobs.Redo, ledger.Committed},
		{"retry-batch", "retry", "Try a failed batch again, after what it failed for was mended", jobs.Retry, ledger.Failed},
	} {
		add(p, operation{id: o.id, method: "POST", path: "/batches/{id}/" + o.path, tag: tag, summary: o.summary, status: 202},
			func(ctx context.Context, in *jobInput) (*jobOutput, error) {
				b, _, err := p.batch(ctx, in.ID)
				if err != nil {
					return nil, err
				}
				// With a key it may be the job that has changed the state since.
				if b.State != o.state && in.IdempotencyKey == "" {
					return nil, wrongState.problem("The batch is %s; want %s.", b.State, o.state)
				}
				return p.ask(ctx, o.kind, in.ID, in.IdempotencyKey)
			})
	}
}

func (p *portal) batch(ctx context.Context, id string) (ledger.Batch, documents.Version, error) {
	return read[ledger.Batch](ctx, p, pathOf("batches", id), "batch", id)
}

func (p *portal) batchProblems(ctx context.Context, in *problemsInput) (*pageOutput[problemRow], error) {
	name := "problems " + in.ID
	place, err := openCursor(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	// A line may have several problems: a cursor is after a line, and after some
	// of the next one.
	after, given := int64(0), 0
	if place != "" {
		line, of, _ := strings.Cut(place, ".")
		after, err = strconv.ParseInt(line, 10, 64)
		if err == nil && of != "" {
			given, err = strconv.Atoi(of)
		}
		if err != nil || after < 0 || given < 0 {
			return nil, badCursorProblem()
		}
	}
	if _, _, err := p.batch(ctx, in.ID); err != nil {
		return nil, err
	}
	out := &pageOutput[problemRow]{page[problemRow]{Items: []problemRow{}}}
	skip, line := given, after+1
	err = p.Ledger.Problems(ctx, in.ID, after, func(r *call.Row) (bool, error) {
		if r.Line != line {
			line, given, skip = r.Line, 0, 0
		}
		if skip > 0 {
			skip--
			return true, nil
		}
		if len(out.Body.Items) == in.Limit {
			out.Body.Next = sealCursor(name, fmt.Sprintf("%d.%d", line-1, given))
			return false, nil
		}
		given++
		out.Body.Items = append(out.Body.Items, showProblem(r))
		return true, nil
	})
	if err != nil {
		return nil, p.batchState(ctx, in.ID, err)
	}
	return out, nil
}

// batchState says which state a batch is in when that is what stood in the way.
func (p *portal) batchState(ctx context.Context, id string, err error) error {
	if !errors.Is(err, ledger.ErrState) {
		return err
	}
	b, _, readErr := p.batch(ctx, id)
	if readErr != nil {
		return readErr
	}
	return wrongState.problem("The batch is %s.", b.State)
}
