package local

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
)

// One process holds the embedded documents: what a person does to an
// installation that is up, the local cloud does for him.

// serveExport answers the setup as text.
func (c *Cloud) serveExport(w http.ResponseWriter, r *http.Request) error {
	setup, err := c.Deps.Catalog().Export(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = setup.WriteTo(w)
	return err
}

// serveImport reads a setup text beside what is there, and has the cards built
// that follow from it.
func (c *Cloud) serveImport(w http.ResponseWriter, r *http.Request) error {
	setup, err := catalog.ParseSetup(r.Body)
	if err == nil {
		err = c.Deps.Catalog().Import(r.Context(), setup)
	}
	if errors.Is(err, catalog.ErrRefused) {
		return &httpError{http.StatusUnprocessableEntity, err}
	}
	if err != nil {
		return err
	}
	if _, err := c.Deps.Jobs().Ask(r.Context(), jobs.Compile, "", "", c.clock.now()); err != nil {
		return fmt.Errorf("asking for the cards to be built: %w", err)
	}
	nudge(c.wake)
	return answer(w, setup.Counts())
}

// Checked is what a check of everything found.
type Checked struct {
	Problems []ledger.Problem `json:"problems"`
}

func (c *Cloud) serveFsck(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel, err := c.patiently(w, r)
	if err != nil {
		return err
	}
	defer cancel()
	problems, err := c.Deps.Catalog().Fsck(ctx)
	if err != nil {
		return c.ending(ctx, err)
	}
	return answer(w, Checked{problems})
}
