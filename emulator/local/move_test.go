package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/events"
)

// setClock says when the world's clock stands next time it is up.
func (w *world) setClock(t testing.TB, at time.Time) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(w.dir, stateDir), 0o755))
	text := fmt.Sprintf(`{"offset":%q,"floor":%q,"began":%q}`, time.Until(at), instant(at), instant(at))
	must(t, os.WriteFile(filepath.Join(w.dir, stateDir, "clock.json"), []byte(text), 0o600))
}

// move asks for a move of the clock.
func (w *world) move(t testing.TB, to string) Moved {
	t.Helper()
	status, text := w.ask(t, "POST", "/clock", fmt.Sprintf(`{"to":%q}`, to))
	var m Moved
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	must(t, json.Unmarshal([]byte(text), &m))
	return m
}

func TestAMoveOverMonthsFiresEachDaysLastInstantInOrder(t *testing.T) {
	w := newWorld(t)
	start := at("2026-10-15T10:30:00Z")
	w.setClock(t, start)
	w.up(t)
	m := w.move(t, "2026-12-01")
	if m.Now.Before(at("2026-12-01T00:00:00Z")) || m.Now.After(at("2026-12-01T00:10:00Z")) || m.Dead != 0 {
		t.Errorf("%+v", m)
	}
	var want []string
	for day := at("2026-10-15T00:00:00Z"); day.Before(at("2026-12-01T00:00:00Z")); day = day.AddDate(0, 0, 1) {
		want = append(want, "open "+day.Add(23*time.Hour).Format(time.RFC3339), "bill "+day.Add(23*time.Hour+50*time.Minute).Format(time.RFC3339))
	}
	want = append(want, "open 2026-12-01T00:00:00Z")
	if diff := cmp.Diff(want, w.made()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"open": 48, "bill": 47}, m.Fired); diff != "" {
		t.Error(diff)
	}
	if m.Delivered != 95 {
		t.Errorf("%d delivered", m.Delivered)
	}
	// Moving on starts where this ended, over a restart too.
	w.down(t)
	w.up(t)
	w.move(t, "2026-12-01T01:00:00Z")
	if diff := cmp.Diff(append(want, "open 2026-12-01T01:00:00Z"), w.made()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatWasDroppedBeforeAMoveCountsAsBefore(t *testing.T) {
	w := newWorld(t)
	w.knobs.Look = time.Hour // the move itself must look
	start := at("2026-11-30T10:30:00Z")
	w.setClock(t, start)
	var came []time.Time
	w.answer = func(ctx context.Context, function, what string, _ int) error {
		if function == "rate" {
			w.mu.Lock()
			defer w.mu.Unlock()
			came = append(came, w.cloud.clock.now())
		}
		return nil
	}
	w.up(t)
	w.drop(t, "cdrs/main/a.csv")
	w.move(t, "2026-12-01")
	want := []string{"rate acme-cdrs/main/a.csv", "open 2026-11-30T23:00:00Z", "bill 2026-11-30T23:50:00Z", "open 2026-12-01T00:00:00Z"}
	if diff := cmp.Diff(want, w.made()); diff != "" {
		t.Error(diff)
	}
	if came[0].After(start.Add(time.Hour)) {
		t.Errorf("the file came at %s", came[0])
	}
}

func TestTheClockStandsAtAnInstantUntilAllThatItBringsIsDone(t *testing.T) {
	w := newWorld(t)
	w.setClock(t, at("2026-11-30T10:30:00Z"))
	type seen struct{ what, at string }
	var saw []seen
	w.answer = func(ctx context.Context, function, what string, n int) error {
		w.mu.Lock()
		saw = append(saw, seen{what, w.cloud.clock.now().Format(time.RFC3339)})
		w.mu.Unlock()
		switch {
		case function == "bill" && n == 1: // an order of the bill run, which fails once
			return events.Place(ctx, w.stores.Orders["rate"], events.Order{Kind: "slice", ID: "1"})
		case function == "rate" && n == 1:
			return errors.New("not now")
		}
		return nil
	}
	w.up(t)
	w.move(t, "2026-12-01")
	var order string
	for _, call := range w.calledWith("rate") {
		order = call
	}
	want := []seen{
		{"2026-11-30T23:00:00Z", "2026-11-30T23:00:00Z"},
		{"2026-11-30T23:50:00Z", "2026-11-30T23:50:00Z"},
		{order, "2026-11-30T23:50:00Z"}, {order, "2026-11-30T23:50:00Z"},
		{"2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"},
	}
	if diff := cmp.Diff(want, saw, cmp.AllowUnexported(seen{})); diff != "" {
		t.Error(diff)
	}
}

func TestAScheduleThatKeepsFailingEndsAsADeadLetterAndTheMoveGoesOn(t *testing.T) {
	w := newWorld(t)
	w.knobs.MaxAttempts = 3
	w.setClock(t, at("2026-11-30T22:30:00Z"))
	w.answer = func(_ context.Context, function, _ string, _ int) error { return errors.New("never") }
	w.up(t)
	m := w.move(t, "2026-12-01")
	if m.Dead != 3 || m.Delivered != 0 {
		t.Errorf("%+v", m)
	}
	// bill is not retried, open is.
	if got := len(w.calledWith("bill")); got != 1 {
		t.Errorf("bill was called %d times", got)
	}
	if got := len(w.calledWith("open")); got != 6 {
		t.Errorf("open was called %d times", got)
	}
}

func TestTheClockIsNotMovedBackNorTooFarNorTwiceAtOnce(t *testing.T) {
	w := newWorld(t)
	w.setClock(t, at("2026-11-30T22:30:00Z"))
	reached, released := make(chan struct{}), make(chan struct{})
	w.answer = func(_ context.Context, function, what string, _ int) error {
		if what == "2026-11-30T23:50:00Z" {
			close(reached)
			<-released
		}
		return nil
	}
	w.up(t)
	for body, want := range map[string]int{
		`{"to":"2026-11-30"}`:                    422,
		`{"to":"2028-12-01"}`:                    422,
		`{"to":"soon"}`:                          400,
		`{"to":"2026-12-01","fast":true}`:        400,
		`{`:                                      400,
		`"` + strings.Repeat("x", maxControl+1):  400,
		`{"to":"2026-12-01T00:00:00+25:00"}`:     400,
		`{"to":"2026-11-30T23:29:00.000+01:00"}`: 422,
	} {
		if status, text := w.ask(t, "POST", "/clock", body); status != want {
			t.Errorf("%.40s is answered %d %s", body, status, text)
		}
	}
	done := make(chan Moved)
	go func() { done <- w.move(t, "2026-12-01") }()
	<-reached
	if status, text := w.ask(t, "POST", "/clock", `{"to":"2026-12-02"}`); status != 409 {
		t.Errorf("a second move is answered %d %s", status, text)
	}
	close(released)
	<-done
}

func TestAMoveThatIsBrokenOffStaysWhereItCameToAndGoesOnFromThere(t *testing.T) {
	w := newWorld(t)
	w.setClock(t, at("2026-11-29T22:30:00Z"))
	ctx, cancel := context.WithCancel(t.Context())
	released := make(chan struct{})
	w.answer = func(_ context.Context, function, what string, n int) error {
		if what == "2026-11-30T23:00:00Z" && n == 1 {
			cancel()
			<-released
		}
		return nil
	}
	w.up(t)
	r, err := http.NewRequestWithContext(ctx, "POST", w.cloud.URL()+"/clock", strings.NewReader(`{"to":"2026-12-01"}`))
	must(t, err)
	if _, err := http.DefaultClient.Do(r); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.await(t, func() bool { return !w.cloud.Status().Moving })
	if now := w.cloud.clock.now(); now.Before(at("2026-11-30T23:00:00Z")) || now.After(at("2026-11-30T23:10:00Z")) {
		t.Errorf("the clock shows %s", now)
	}
	close(released)
	w.move(t, "2026-12-01")
	want := []string{
		"open 2026-11-29T23:00:00Z", "bill 2026-11-29T23:50:00Z",
		"open 2026-11-30T23:00:00Z", "bill 2026-11-30T23:50:00Z", "open 2026-12-01T00:00:00Z",
	}
	if diff := cmp.Diff(want, w.made()); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatIsStillWrittenDoesNotHoldUpAMoveForEver(t *testing.T) {
	w := newWorld(t)
	// No second look comes early enough to find the file complete.
	w.knobs.Settle, w.knobs.Patience = time.Hour, time.Nanosecond
	w.setClock(t, at("2026-11-30T22:30:00Z"))
	w.up(t)
	w.drop(t, "cdrs/endless.csv")
	m := w.move(t, "2026-12-01")
	if !slices.Equal(m.Unsettled, []string{"cdrs/endless.csv"}) || m.Fired["open"] != 2 || len(w.calledWith("rate")) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestSchedulesFireAsTheClockRuns(t *testing.T) {
	w := newWorld(t)
	w.setClock(t, at("2026-11-30T22:59:59.9Z"))
	w.up(t)
	w.await(t, func() bool { return len(w.made()) > 0 })
	if diff := cmp.Diff([]string{"open 2026-11-30T23:00:00Z"}, w.made()); diff != "" {
		t.Error(diff)
	}
}

func TestInstantsThatPassedWhileNothingRanAreMadeUpForADayAtATime(t *testing.T) {
	w := newWorld(t)
	w.setClock(t, at("2026-11-28T22:30:00Z"))
	w.up(t)
	w.drain(t)
	w.down(t)
	// Two days later; and the first of them fails at first.
	w.answer = func(_ context.Context, _, what string, n int) error {
		if what == "2026-11-28T23:00:00Z" && n < 3 {
			return errors.New("not now")
		}
		return nil
	}
	clock := w.cloud.clock
	clock.saved.offset += 49 * time.Hour
	must(t, clock.close())
	w.up(t)
	w.await(t, func() bool { return len(w.calledWith("open")) == 5 && len(w.calledWith("bill")) == 2 })
	w.drain(t)
	open := []string{"2026-11-28T23:00:00Z", "2026-11-28T23:00:00Z", "2026-11-28T23:00:00Z", "2026-11-29T23:00:00Z", "2026-11-30T23:00:00Z"}
	if diff := cmp.Diff(open, w.calledWith("open")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"2026-11-28T23:50:00Z", "2026-11-29T23:50:00Z"}, w.calledWith("bill")); diff != "" {
		t.Error(diff)
	}
}

func TestAScheduleFiresOneInstantAtATimeAndNoneByItselfDuringAMove(t *testing.T) {
	w := newWorld(t)
	w.setClock(t, at("2026-11-30T10:30:00Z"))
	c, err := w.new(t)
	must(t, err)
	onTheirWay := func(to string) (n int) {
		t.Helper()
		must(t, c.clock.hold(at(to)))
		if _, err := c.fireDue(); err != nil {
			t.Fatal(err)
		}
		for _, q := range c.queues {
			n += len(q.ready)
		}
		return n
	}
	c.beginMove()
	if n := onTheirWay("2026-11-30T12:30:00Z"); n != 0 {
		t.Errorf("%d instants fire by themselves during a move", n)
	}
	c.endMove()
	for _, to := range []string{"2026-11-30T12:31:00Z", "2026-11-30T15:30:00Z", "2026-11-30T15:31:00Z"} {
		if n := onTheirWay(to); n != 1 {
			t.Errorf("at %s %d instants are on their way, want the first", to, n)
		}
	}
	must(t, c.close(), w.stores.Docs.Close())
}
