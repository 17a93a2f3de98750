package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// accountMonth is what an account owes for a month.
type accountMonth struct {
	Account  string             `json:"account"`
	Currency string             `json:"currency,omitempty" doc:"none: the account is not known"`
	Counts   ledger.MonthCounts `json:"counts" doc:"rows = charged + unrated + duplicate + superseded"`
	Gross    string             `json:"gross" doc:"charges before the bundles"`
	Lines    []monthLine        `json:"lines" nullable:"false"`
	Pools    []pool             `json:"pools" nullable:"false"`
}

type monthLine struct {
	Key         string `json:"key" example:"usage"`
	Description string `json:"description"`
	Calls       uint64 `json:"calls,omitempty"`
	Seconds     uint64 `json:"seconds,omitempty" doc:"billed"`
	Exact       string `json:"exact" doc:"not rounded"`
}

type pool struct {
	Feature   string `json:"feature"`
	Plan      string `json:"plan"`
	Unlimited bool   `json:"unlimited,omitempty"`
	Allowance string `json:"allowance" doc:"seconds"`
	Drawn     string `json:"drawn" doc:"seconds"`
	Left      string `json:"left" doc:"seconds"`
	Calls     uint64 `json:"calls" doc:"that drew"`
	Covered   uint64 `json:"covered" doc:"billed seconds"`
	Discount  string `json:"discount"`
}

func showAccountMonth(a ledger.AccountResult) accountMonth {
	out := accountMonth{Account: a.Account, Currency: a.Currency, Counts: a.Counts, Gross: a.Gross.String(), Lines: []monthLine{}, Pools: []pool{}}
	for _, l := range a.Lines {
		out.Lines = append(out.Lines, monthLine{Key: l.Key, Description: l.Description, Calls: l.Calls, Seconds: l.Seconds, Exact: l.Exact.String()})
	}
	for _, q := range a.Pools {
		out.Pools = append(out.Pools, pool{
			Feature: q.Feature, Plan: q.Plan, Unlimited: q.Unlimited, Allowance: hundredths(q.Allowance), Drawn: hundredths(q.Drawn),
			Left: hundredths(q.Left), Calls: q.Calls, Covered: q.Covered, Discount: q.Discount.String(),
		})
	}
	return out
}

// hundredths writes hundredths of a second as seconds.
func hundredths(n uint64) string {
	s := strconv.FormatUint(n/100, 10)
	if n%100 == 0 {
		return s
	}
	return s + "." + strings.TrimRight(fmt.Sprintf("%02d", n%100), "0")
}

type accountMonths struct {
	Items []accountMonth `json:"items" nullable:"false"`
	Next  string         `json:"next,omitempty" doc:"cursor of the following page; none on the last"`
	From  string         `json:"from,omitempty" enum:"issued,fold" doc:"what was issued, or the newest fold of a month that is not closed; none: it was never folded"`
}

type accountMonthsOutput struct{ Body accountMonths }

// periodAccounts reads the accounts of a result from where the page before
// ended: a result may be large, and is never held whole.
func (p *portal) periodAccounts(ctx context.Context, in *periodPageInput) (_ *accountMonthsOutput, err error) {
	v, _, err := p.period(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &accountMonthsOutput{accountMonths{Items: []accountMonth{}, From: "issued"}}
	ref := v.Basis
	if ref.IsZero() {
		if ref, err = p.foldOf(ctx, v.Key); err != nil {
			return nil, err
		}
		out.Body.From = "fold"
	}
	if ref.IsZero() {
		out.Body.From = ""
		return out, nil
	}
	// A cursor is of one result: places in another are of other accounts.
	name := "accounts " + in.ID
	skip, err := resultPlace(name, in.Cursor, ref)
	if err != nil {
		return nil, err
	}
	r, err := p.Buckets.Rated.OpenRange(ctx, ref.Name, ref.Generation, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", ref.Name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	at := 0
	err = eachAccount(r, func(d *json.Decoder) (bool, error) {
		if at < skip {
			at++
			var passed json.RawMessage
			return true, d.Decode(&passed)
		}
		if len(out.Body.Items) == in.Limit {
			out.Body.Next = sealCursor(name, fmt.Sprintf("%d %s", at, ref.Name))
			return false, nil
		}
		var a ledger.AccountResult
		if err := d.Decode(&a); err != nil {
			return false, err
		}
		at++
		out.Body.Items = append(out.Body.Items, showAccountMonth(a))
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w: %w", ref.Name, ledger.ErrDamaged, err)
	}
	return out, nil
}

func resultPlace(name, cursor string, ref ledger.Ref) (skip int, err error) {
	place, err := openCursor(name, cursor)
	if err != nil || place == "" {
		return 0, err
	}
	number, result, _ := strings.Cut(place, " ")
	if skip, err = strconv.Atoi(number); err != nil || skip < 1 {
		return 0, badCursorProblem()
	}
	if result != ref.Name {
		return 0, badCursor.problem("The month was folded again since the page before: begin again without a cursor.")
	}
	return skip, nil
}

// foldOf returns the newest published fold of a period; none is the zero Ref.
func (p *portal) foldOf(ctx context.Context, key ledger.Key) (ledger.Ref, error) {
	var head struct {
		Period string     `doc:"period"`
		Inputs string     `doc:"inputs"`
		Result ledger.Ref `doc:"result"`
	}
	doc, err := p.Docs.Get(ctx, documents.Path{Collection: "folds", ID: key.String()})
	if errors.Is(err, documents.ErrNotFound) {
		return ledger.Ref{}, nil
	}
	if err != nil {
		return ledger.Ref{}, fmt.Errorf("reading the fold of %s: %w", key, err)
	}
	if err := doc.Decode(&head); err != nil {
		return ledger.Ref{}, fmt.Errorf("reading the fold of %s: %w", key, err)
	}
	return head.Result, nil
}

// eachAccount calls each before every account of a stored ledger.Result, to
// decode it, as long as it returns more.
func eachAccount(r io.Reader, each func(*json.Decoder) (more bool, err error)) error {
	d := json.NewDecoder(r)
	if _, err := d.Token(); err != nil { // {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name != "accounts" {
			var passed json.RawMessage
			if err := d.Decode(&passed); err != nil {
				return err
			}
			continue
		}
		if _, err := d.Token(); err != nil { // [
			return err
		}
		for d.More() {
			if more, err := each(d); err != nil || !more {
				return err
			}
		}
		return nil
	}
	return errors.New("a result without accounts")
}
