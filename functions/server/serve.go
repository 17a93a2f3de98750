package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
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

// portal is the function that people call. It has no sign-in yet.
const portal = "portal"

// checkPortal refuses to serve the portal where others than the people at this
// machine could reach it.
func checkPortal(list []functions.Function, target string, getenv func(string) string, address string) error {
	for _, f := range list {
		if f.Name == portal && (target == "" || target == portal) {
			return checkBinding(getenv, address)
		}
	}
	return nil
}

func checkBinding(getenv func(string) string, address string) error {
	for _, name := range []string{"K_SERVICE", "KUBERNETES_SERVICE_HOST"} {
		if getenv(name) != "" {
			return refuse("the portal has no sign-in and does not start on a platform (%s is set); FUNCTION_TARGET names another function", name)
		}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return refuse("the address %q: %w", address, err)
	}
	if ip, err := netip.ParseAddr(host); !strings.EqualFold(host, "localhost") && (err != nil || !ip.Unmap().IsLoopback()) {
		return refuse("the portal has no sign-in: want an address like 127.0.0.1:8080, not %q", address)
	}
	return nil
}
