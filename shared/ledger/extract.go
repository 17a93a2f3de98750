package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/export"
)

// Extract is the rated records of a batch or of a period, to be exported. What
// it was made of is immutable, so it gives the same records however often.
type Extract struct {
	// Of is the id of the batch or period.
	Of string
	// Counts accounts for every charge of a record; a batch's are charged or unrated.
	Counts MonthCounts
	// Decimals is how finely the amounts are counted: by the finest of the cards.
	Decimals int
	// FileRows is how many charges each stored file has at most, so that it can
	// be fetched in one go: ExportFileRows, unless it is set to less.
	FileRows int64

	ledger *Ledger
	source string // name of the object that all of it follows from
	parts  []Ref
	batch  string  // of an extract of a batch
	result *Result // of one of a period
	book   Ref     // by which it was priced
	cards  *pricer
	rec    export.Record // reused
	row    call.Row      // reused
}

// Extract returns what a batch or a period, named by its id, has of rated
// records. Of a committed batch these are the rows that it accepted, as it
// priced them, whether a card did or not. Of a period they are the rows of what
// was issued for it, or, before it is closed, of a fold of what is known now,
// with what is due: charged, unrated, duplicates and superseded ones. ErrState:
// the batch is not committed.
func (l *Ledger) Extract(ctx context.Context, of string) (*Extract, error) {
	x := &Extract{Of: of, FileRows: ExportFileRows, ledger: l}
	take := x.ofBatch
	if _, err := ParseKey(of); err == nil {
		take = x.ofPeriod
	}
	if err := take(ctx); err != nil {
		return nil, fmt.Errorf("extracting the records of %s: %w", of, err)
	}
	x.cards = l.newNamer(x.book)
	for _, ref := range x.parts {
		p, err := openPart(ctx, l.buckets.Rated, ref)
		if err != nil {
			return nil, err
		}
		for _, image := range p.dir.Images {
			card, err := x.cards.card(ctx, image)
			if err != nil {
				return nil, err
			}
			x.Decimals = max(x.Decimals, card.Card().Terms().Decimals)
		}
	}
	return x, nil
}

func (x *Extract) ofBatch(ctx context.Context) error {
	b, err := x.ledger.Batch(ctx, x.Of)
	if err != nil {
		return err
	}
	if b.State != Committed {
		return fmt.Errorf("the batch is %s, want committed: %w", b.State, ErrState)
	}
	m, err := x.ledger.marker(ctx, b.Marker)
	if err != nil {
		return err
	}
	x.batch, x.source, x.parts, x.book = b.ID, b.Marker.Name, m.Parts, b.Book
	for _, n := range m.Periods {
		x.Counts.Rows, x.Counts.Charged, x.Counts.Unrated = x.Counts.Rows+n.Accepted+n.Unrated, x.Counts.Charged+n.Accepted, x.Counts.Unrated+n.Unrated
	}
	return nil
}

func (x *Extract) ofPeriod(ctx context.Context) error {
	key, err := ParseKey(x.Of)
	if err != nil {
		return err
	}
	if x.result, err = x.ledger.issuedOrFolded(ctx, key); err != nil {
		return err
	}
	hash, err := inputs{Manifest: x.result.Manifest, Book: x.result.Book}.hash()
	if err != nil {
		return err
	}
	x.source, x.parts, x.Counts, x.book = resultName(hash), x.result.Parts, x.result.Counts, x.result.Book
	return nil
}

// Each calls f with every charge of a record once: those of a batch in the order
// of its file, those of a period account by account, each in the order of its fold. A
// record is valid during the call. A part of the rows at a time is held.
func (x *Extract) Each(ctx context.Context, f func(*export.Record) error) error {
	var counts MonthCounts
	count := func(p *part, r *call.Row) error {
		counts.count(r.Status)
		if err := x.fill(ctx, p, r); err != nil {
			return err
		}
		return f(&x.rec)
	}
	each := x.eachOutcome
	if x.result == nil {
		each = x.eachRow
	}
	if err := each(ctx, count); err != nil {
		return err
	}
	if counts != x.Counts {
		return fmt.Errorf("%s should have the records %+v and has %+v: %w", x.Of, x.Counts, counts, ErrDamaged)
	}
	return nil
}

func (x *Extract) eachOutcome(ctx context.Context, f func(*part, *call.Row) error) error {
	rows := x.ledger.outcomes(ctx, x.result)
	for range x.Counts.Rows {
		r, err := rows.next()
		if err != nil {
			return err
		}
		if int64(r.Batch) >= int64(len(x.result.Manifest.Entries)) {
			return fmt.Errorf("part %s: a row names a batch that is not there: %w", rows.part.ref.Name, ErrDamaged)
		}
		if err := f(rows.part, r); err != nil {
			return err
		}
	}
	return nil
}

// eachRow reads the accepted rows of a batch. Each part holds the lines that
// follow those of the one before.
func (x *Extract) eachRow(ctx context.Context, f func(*part, *call.Row) error) error {
	type placed struct {
		line   int64
		charge int // of the line, in order
		period int
		stored string
	}
	var rows []placed
	for _, ref := range x.parts {
		p, err := openPart(ctx, x.ledger.buckets.Rated, ref)
		if err != nil {
			return err
		}
		rows = rows[:0]
		for _, b := range p.dir.Blocks {
			if b.Kind != call.UsageBlock {
				continue
			}
			err := p.rows(ctx, b, func(stored string) error {
				if err := p.parse(stored, &x.row); err != nil {
					return err
				}
				rows = append(rows, placed{x.row.Line, chargeOrder(&x.row), b.Period, stored})
				return nil
			})
			if err != nil {
				return err
			}
		}
		slices.SortFunc(rows, func(a, b placed) int { return cmp.Or(cmp.Compare(a.line, b.line), a.charge-b.charge) })
		for _, r := range rows {
			if err := p.parse(r.stored, &x.row); err != nil {
				return err
			}
			x.rec.Period = p.dir.Periods[r.period].String()
			if err := f(p, &x.row); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill makes the record of a row of a part.
func (x *Extract) fill(ctx context.Context, p *part, r *call.Row) error {
	image, err := p.image(r)
	if err != nil {
		return err
	}
	rec := &x.rec
	rec.Row, rec.Batch, rec.Destination, rec.Currency = r, x.batch, "", ""
	if x.result != nil {
		rec.Batch, rec.Period, rec.Folded = x.result.Manifest.Entries[r.Batch].Batch, x.Of, true
	}
	if rec.Image = image; image == "" || r.Status != call.Rated && r.Prefix == 0 {
		return nil
	}
	card, err := x.cards.card(ctx, image)
	if err != nil {
		return err
	}
	rec.Currency = card.Card().Terms().Currency
	if r.Flags.Has(call.RatedAs) { // no prefix of the called number names it
		rec.Destination, err = x.cards.destination(ctx, image, r, nil)
		return err
	}
	rec.Destination = card.Card().Destination(r.Kind, r.PrefixDigits())
	return nil
}
