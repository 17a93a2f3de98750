package portal

import (
	"fmt"
	"net"
	"net/netip"
)

// CheckBinding reports why a portal without sign-in may not listen at address
// (host:port): it must be this machine's own, and nothing in the environment may
// say that a platform runs it, which would put the portal behind a proxy for
// all the world. getenv looks a variable up; empty: it is not set.
func CheckBinding(getenv func(string) string, address string) error {
	for _, name := range []string{"K_SERVICE", "KUBERNETES_SERVICE_HOST"} {
		if getenv(name) != "" {
			return fmt.Errorf("the portal has no sign-in, and %s is set: it does not start on a platform without one", name)
		}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the portal's address %q: want host:port: %w", address, err)
	}
	if host == "localhost" {
		return nil
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.Unmap().IsLoopback() {
		return fmt.Errorf("the portal has no sign-in, and %q is not an address of this machine only: want localhost, 127.0.0.1 or [::1]", address)
	}
	return nil
}
