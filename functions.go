// Package tollbook is what Google's Go buildpack builds: it registers every
// function under its name. functions/server serves the same without it.
package tollbook

import (
	"context"
	"log/slog"
	"os"
	_ "time/tzdata" // zones must mean the same on every machine

	framework "github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/functions/server/serving"
)

func init() {
	log := environ.NewLogger(os.Stderr, slog.LevelInfo)
	for name, handler := range serving.Lazy(functions.All(), open, log) {
		framework.HTTP(name, handler.ServeHTTP)
	}
}

// open opens the installation that the environment names, for as long as the
// process lives.
func open(ctx context.Context) (functions.Deps, error) {
	config, err := environ.Load(os.Getenv)
	if err != nil {
		return functions.Deps{}, err
	}
	deps, _, err := environ.Open(ctx, config)
	return deps, err
}
