package serving_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/functions/server/serving"
)

func call(h http.Handler) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	return w.Code
}

// The functions of the manifest that the tests use.
const first, second = "deckupload", "cdrrating"

func TestWhatFunctionsAreMadeOfIsOpenedOnceAndWhenItIsFirstNeeded(t *testing.T) {
	var opened, made atomic.Int64
	var list []functions.Function
	for _, name := range []string{first, second} {
		list = append(list, functions.Function{Name: name, New: func(functions.Deps) (http.Handler, error) {
			made.Add(1)
			return says(name), nil
		}})
	}
	handlers := serving.Lazy(list, func(context.Context) (functions.Deps, error) {
		opened.Add(1)
		return deps(t.Output()), nil
	}, environ.NewLogger(t.Output(), 0))
	if opened.Load() != 0 {
		t.Error("something was opened before a call")
	}
	var wg sync.WaitGroup
	for range 20 {
		for _, name := range []string{first, second} {
			wg.Go(func() {
				if code := call(handlers[name]); code != 200 && code != 429 {
					t.Errorf("%s: %d", name, code)
				}
			})
		}
	}
	wg.Wait()
	if opened.Load() != 1 || made.Load() != 2 {
		t.Errorf("opened %d times, made %d times, want once and each once", opened.Load(), made.Load())
	}
}

func TestAFailureToOpenIsToldAndTriedAgainAtTheNextCall(t *testing.T) {
	logged := &buffer{}
	fails := []func() error{
		func() error { return errors.New("called 447700900123: no stores") },
		func() error { panic("447700900123") },
		func() error { return nil },
	}
	n := 0
	makes := []error{errors.New("not yet"), nil}
	handlers := serving.Lazy([]functions.Function{{Name: first, New: func(functions.Deps) (http.Handler, error) {
		err := makes[0]
		makes = makes[1:]
		return says("up"), err
	}}}, func(context.Context) (functions.Deps, error) {
		n++
		return deps(logged), fails[n-1]()
	}, environ.NewLogger(logged, 0))
	var got []int
	for range 5 {
		got = append(got, call(handlers[first]))
	}
	if diff := cmp.Diff([]int{500, 500, 500, 200, 200}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	log := logged.String()
	for _, want := range []string{"no stores", "panic of type string", "not yet"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q", want)
		}
	}
	if strings.Count(log, "function could not be made") != 3 || strings.Contains(log, "900123") {
		t.Errorf("want three lines, without a number\n%s", log)
	}
	if n != 3 {
		t.Errorf("opened %d times, want 3", n)
	}
}

func TestACallerThatGoesAwayStopsWaiting(t *testing.T) {
	opening, done := make(chan struct{}), make(chan struct{})
	handlers := serving.Lazy([]functions.Function{does(first, says("up"))}, func(context.Context) (functions.Deps, error) {
		close(opening)
		<-done
		return deps(t.Output()), nil
	}, environ.NewLogger(t.Output(), 0))
	code := make(chan int)
	go func() { code <- call(handlers[first]) }()
	<-opening
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	handlers[first].ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil))
	if w.Code != 500 {
		t.Errorf("%d, want 500", w.Code)
	}
	close(done)
	if got := <-code; got != 200 {
		t.Errorf("the one who opened is answered %d", got)
	}
}

func TestAFunctionOutsideTheManifestIsNotMade(t *testing.T) {
	handlers := serving.Lazy([]functions.Function{does("unheard", says("up"))}, func(context.Context) (functions.Deps, error) {
		return deps(t.Output()), nil
	}, environ.NewLogger(t.Output(), 0))
	if code := call(handlers["unheard"]); code != 500 {
		t.Errorf("%d, want 500", code)
	}
}
