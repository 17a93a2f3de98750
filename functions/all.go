package functions

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/tollbook/tollbook/functions/billrun"
	"github.com/tollbook/tollbook/functions/bundlereset"
	"github.com/tollbook/tollbook/functions/cardcompile"
	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/deckupload"
	"github.com/tollbook/tollbook/functions/portal"
	"github.com/tollbook/tollbook/functions/sweeper"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
)

// All lists every function, in the order of the manifest.
func All() []Function {
	return []Function{
		{"deckupload", func(d Deps) (http.Handler, error) {
			return deckupload.New(deckupload.Config{
				Catalog: d.Catalog(), Decks: d.Buckets.Decks, Compile: d.Orders["cardcompile"], Prefix: d.BucketPrefix, Events: d.Events,
			})
		}},
		{"cardcompile", func(d Deps) (http.Handler, error) {
			return cardcompile.New(cardcompile.Config{
				Catalog: d.Catalog(), Jobs: d.Jobs(), Decks: d.Buckets.Decks, Orders: d.Orders["cardcompile"], Prefix: d.BucketPrefix, Events: d.Events,
			})
		}},
		{"cdrrating", func(d Deps) (http.Handler, error) {
			return cdrrating.New(cdrrating.Config{
				Ledger: d.Ledger(), Jobs: d.Jobs(), CDRs: d.Buckets.CDRs, Orders: d.Orders["cdrrating"], Prefix: d.BucketPrefix, Events: d.Events,
			})
		}},
		{"bundlereset", func(d Deps) (http.Handler, error) {
			return bundlereset.New(bundlereset.Config{Ledger: d.Ledger(), Events: d.Events})
		}},
		{"billrun", func(d Deps) (http.Handler, error) {
			return billrun.New(billrun.Config{
				Ledger: d.Ledger(), Jobs: d.Jobs(), Orders: d.Orders["billrun"], Prefix: d.BucketPrefix, Events: d.Events,
			})
		}},
		{"sweeper", func(d Deps) (http.Handler, error) {
			return sweeper.New(sweeper.Config{
				Ledger: d.Ledger(), Catalog: d.Catalog(), Jobs: d.Jobs(), Decks: d.Buckets.Decks, CDRs: d.Buckets.CDRs,
				Compile: d.Orders["cardcompile"], Orders: d.Orders["sweeper"], Prefix: d.BucketPrefix, Mail: d.Mail, Events: d.Events,
			})
		}},
		{"portal", func(d Deps) (http.Handler, error) {
			now := d.Now
			if now == nil {
				now = time.Now
			}
			return portal.New(portal.Config{
				Docs: d.Docs, Buckets: d.Buckets, Ledger: d.Ledger(), Catalog: d.Catalog(), Jobs: d.Jobs(),
				Log: d.Events.Log, Now: now, PublicURL: d.PublicURL, Mail: d.Mail != nil,
			})
		}},
	}
}

// Ledger returns the ledger over the stores, which has large files rated in
// slices by cdrrating.
func (s Stores) Ledger() *ledger.Ledger { return s.ledger(nil) }

func (s Stores) ledger(refused func(context.Context, error)) *ledger.Ledger {
	return ledger.New(s.Docs, s.Buckets,
		ledger.Slices(s.Orders["cdrrating"], cmp.Or(s.Slice, ledger.DefaultSlice)), ledger.OnRefused(refused))
}

// Ledger is that of the stores, and tells the log what it does without.
func (d Deps) Ledger() *ledger.Ledger {
	if d.Events.Log == nil {
		return d.Stores.Ledger()
	}
	return d.ledger(func(ctx context.Context, why error) {
		d.Events.Log.LogAttrs(ctx, slog.LevelWarn, "a fold does without a checkpoint", slog.String("why", events.Redact(why.Error())))
	})
}

// Catalog returns the catalog over the stores.
func (s Stores) Catalog() *catalog.Catalog { return catalog.New(s.Docs, s.Buckets, s.Ledger()) }

// Jobs returns the jobs over the stores.
func (s Stores) Jobs() *jobs.Jobs { return jobs.New(s.Docs, s.Orders) }
