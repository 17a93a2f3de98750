package serving

import (
	"net/http"
	"sync"
)

// gate counts the calls in flight and can be shut, once, for new ones.
type gate struct {
	mu       sync.Mutex
	inFlight int
	isClosed bool
	empty    chan struct{} // closed when the gate is shut and the last call has ended
}

func newGate() *gate { return &gate{empty: make(chan struct{})} }

func (g *gate) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.enter() {
			again(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		defer g.leave()
		next.ServeHTTP(w, r)
	})
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isClosed {
		return false
	}
	g.inFlight++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	g.tell()
}

// shut refuses new calls; the channel is closed when those in flight have ended.
func (g *gate) shut() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isClosed = true
	g.tell()
	return g.empty
}

func (g *gate) tell() {
	if g.isClosed && g.inFlight == 0 {
		close(g.empty)
	}
}

func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.isClosed
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight
}
