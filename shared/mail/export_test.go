package mail

import (
	"context"
	"net"
)

// DialTo has a sender reach another address than that of its server.
func (s *SMTP) DialTo(address string) {
	s.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}
