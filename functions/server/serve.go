package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/functions/portal"
	"github.com/tollbook/tollbook/functions/server/serving"
)

// serve opens an installation and serves its functions until ctx ends.
func serve(ctx context.Context, getenv func(string) string, stderr io.Writer) (err error) {
	config, err := environ.Load(getenv)
	if err != nil {
		return &refusal{err}
	}
	list := functions.All()
	if err := checkPortal(list, config.Target, getenv, config.Listen); err != nil {
		return err
	}
	config.LogTo = stderr
	deps, closeAll, err := environ.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	manifest, err := functions.LoadManifest()
	if err != nil {
		return err
	}
	server, err := serving.New(serving.Config{Manifest: manifest, Functions: list, Target: config.Target, Deps: deps})
	if err != nil {
		return refuseIf(err, serving.ErrUnknown)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	deps.Events.Log.LogAttrs(ctx, slog.LevelInfo, "serving", slog.String("address", listener.Addr().String()), slog.String("function", config.Target))
	return server.Serve(ctx, listener)
}

// checkPortal refuses to serve the portal, which has no sign-in, where others
// than the people at this machine could reach it.
func checkPortal(list []functions.Function, target string, getenv func(string) string, address string) error {
	for _, f := range list {
		if f.Name != "portal" || target != "" && target != f.Name {
			continue
		}
		if err := portal.CheckBinding(getenv, address); err != nil {
			return &refusal{err}
		}
	}
	return nil
}
