package portal

import (
	"context"

	"github.com/tollbook/tollbook/shared/catalog"
)

// actor is who sends a request, and when, for the audit log. The portal lets
// callers in without telling them apart.
func (p *portal) actor(context.Context) catalog.Actor {
	return catalog.Actor{By: "portal", At: p.Now()}
}
