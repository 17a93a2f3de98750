package catalog

import (
	"context"
	"fmt"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// PutCycle writes a billing cycle. Its zone cannot change: the months of its
// periods are cut by it. Nor can its kind: what is issued is an invoice or not.
func (c *Catalog) PutCycle(ctx context.Context, v book.Cycle, m Match) (documents.Version, error) {
	if err := checkCycle(v).err(); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{
		path: pathOf("cycles", v.ID), value: v, match: m, book: true,
		check: func(old documents.Doc, _ []documents.Doc) error {
			var was book.Cycle
			r := about("cycle", v.ID)
			if err := decodeOld(old, &was); err != nil {
				return err
			}
			if old.Exists() && was.Zone != v.Zone {
				r.add("zone", v.Zone, fmt.Sprintf("%s: the zone of a cycle cannot change", was.Zone))
			}
			if old.Exists() && was.Kind != v.Kind {
				r.add("kind", string(v.Kind), fmt.Sprintf("%q: the kind of a cycle cannot change", was.Kind))
			}
			return r.err()
		},
	})
}

func decodeOld(old documents.Doc, v any) error {
	if !old.Exists() {
		return nil
	}
	if err := old.Fields.Decode(v); err != nil {
		return fmt.Errorf("reading %s: %w", old.Path, err)
	}
	return nil
}

// PutAccount writes an account. Its id is what records say: 1 to 256 bytes of
// UTF-8 without control characters. Cycle and currency of an account cannot
// change: what was issued is in them. Its parent, and all above that, are
// customers; at most call.MaxLevels are above any account.
func (c *Catalog) PutAccount(ctx context.Context, v book.Account, m Match) (documents.Version, error) {
	if err := checkAccount(v, 1).err(); err != nil {
		return "", err
	}
	var checked ledger.Versions
	if v.Parent != "" {
		sides, err := c.sides(ctx)
		if err != nil {
			return "", err
		}
		r := about("account", v.ID)
		if sides[v.Cycle] == supplier {
			r.add("parent", v.Parent, "none: a supplier is below nobody")
		}
		if checked, err = c.reseller(ctx, v, sides, r); err != nil {
			return "", err
		}
		if err := r.err(); err != nil {
			return "", err
		}
	}
	return c.edit(ctx, edit{
		path: pathOf("accounts", v.ID), value: v, match: m, book: true, part: ledger.Parts{Resellers: v.Parent != ""}, checked: checked,
		needs: []documents.Path{pathOf("cycles", v.Cycle)},
		check: func(old documents.Doc, needs []documents.Doc) error {
			var was book.Account
			r := about("account", v.ID)
			if err := decodeOld(old, &was); err != nil {
				return err
			}
			switch {
			case old.Exists() && was.Cycle != v.Cycle:
				r.add("cycle", v.Cycle, fmt.Sprintf("%s: the cycle of an account cannot change", was.Cycle))
			case !needs[0].Exists():
				r.add("cycle", v.Cycle, "a cycle that is there")
			}
			if old.Exists() && was.Currency != v.Currency {
				r.add("currency", v.Currency, fmt.Sprintf("%s: the currency of an account cannot change", was.Currency))
			}
			return r.err()
		},
	})
}

// PutPlan writes a discount plan.
func (c *Catalog) PutPlan(ctx context.Context, v bundle.Plan, m Match) (documents.Version, error) {
	if err := checkPlan(v).err(); err != nil {
		return "", err
	}
	return c.edit(ctx, edit{path: pathOf("plans", v.ID), value: v, match: m, book: true, check: anything})
}

func anything(documents.Doc, []documents.Doc) error { return nil }

// PutFeature writes a feature of an account.
func (c *Catalog) PutFeature(ctx context.Context, v bundle.Feature, m Match) (documents.Version, error) {
	if err := checkFeature(v, 1).err(); err != nil {
		return "", err
	}
	if err := v.Validate(); err != nil {
		return "", fmt.Errorf("%w: %w", err, ErrRefused)
	}
	sides, err := c.sides(ctx)
	if err != nil {
		return "", err
	}
	needs := []documents.Path{pathOf("accounts", v.Account)}
	if v.Plan != "" {
		needs = append(needs, pathOf("plans", v.Plan))
	}
	return c.edit(ctx, edit{
		path: pathOf("features", v.Account, v.ID), value: v, match: m, book: true, needs: needs,
		check: func(_ documents.Doc, needs []documents.Doc) error {
			r := about("feature", v.Account, v.ID)
			if err := r.accounts("account", needs[:1], sides, customer); err != nil {
				return err
			}
			if v.Plan != "" && !needs[1].Exists() {
				r.add("plan", v.Plan, "a plan that is there")
			}
			return r.err()
		},
	})
}
