package portal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/objects"
)

func (p *portal) addDeckErrors() {
	add(p, operation{id: "get-deck-errors", method: "GET", path: "/decks/{id}/errors", tag: "decks", content: "application/octet-stream",
		summary: "A refused deck in its own format, with a column that says what is wrong with its rows"}, p.deckErrors)
}

func (p *portal) deckErrors(ctx context.Context, in *ByID) (*fileOutput, error) {
	d, _, err := read[catalog.Deck](ctx, p, pathOf("decks", in.ID), "deck", in.ID)
	if err != nil {
		return nil, err
	}
	found, err := report.ReadDeck(ctx, p.Buckets.Decks, d)
	if err != nil {
		return nil, err
	}
	if found == nil || found.ErrorFile == nil || !found.ErrorFile.Of(d.Object) {
		return nil, notFound.problem("There is no file of the deck with its errors: no row of it is wrong, or a later file of the same name took its place.")
	}
	f := *found.ErrorFile
	r, err := p.Buckets.Decks.OpenRange(ctx, f.Name, f.Generation, 0, -1)
	if errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrLost) {
		return nil, notFound.problem("The file of the deck with its errors was replaced or removed.")
	}
	if err != nil {
		return nil, fmt.Errorf("opening the errors of a deck: %w", err)
	}
	return &fileOutput{func(out huma.Context) { p.sendErrors(ctx, out, f, r) }}, nil
}

// errorTypes are the content types of decks with their errors.
var errorTypes = map[string]string{
	".csv": "text/csv", ".json": "application/json", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

func (p *portal) sendErrors(ctx context.Context, out huma.Context, f report.ErrorFile, r io.ReadCloser) {
	out.SetHeader("Content-Type", cmp.Or(errorTypes[path.Ext(f.Name)], "application/octet-stream"))
	out.SetHeader("Content-Length", strconv.FormatInt(f.Bytes, 10))
	out.SetHeader("Content-Disposition", attachment(path.Base(f.Name)))
	out.SetStatus(http.StatusOK)
	_, err := io.Copy(out.BodyWriter(), r)
	if err := errors.Join(err, r.Close()); err != nil {
		_ = p.explain(ctx, "get-deck-errors", fmt.Errorf("sending the errors of a deck: %w", err)) // logged: the answer has begun
		panic(http.ErrAbortHandler)
	}
}
