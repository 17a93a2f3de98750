package portal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// walk reads a list to its end; between is called after every page.
func (w *world) walk(path string, between func()) []string {
	w.Helper()
	var ids []string
	cursor := ""
	for range 1000 { // more pages than there are
		page := w.get(path + cursor).want(200)
		var p struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(page.Body, &p); err != nil {
			w.Fatal(err)
		}
		for _, item := range p.Items {
			ids = append(ids, item.ID)
		}
		if p.Next == "" {
			return ids
		}
		between()
		cursor = "&cursor=" + p.Next
	}
	w.Fatalf("%s does not end", path)
	return nil
}

func TestAListThatGrowsIsReadWithoutGapsOrRepeats(t *testing.T) {
	w := empty(t)
	w.create("/v1/cycles/monthly", `{"zone":"UTC"}`)
	there := map[string]bool{}
	account := func(id string) {
		w.create("/v1/accounts/"+id, `{"cycle":"monthly","currency":"GBP"}`)
	}
	for i := range 40 {
		id := fmt.Sprintf("a%02d0", i)
		there[id] = true
		account(id)
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		if n > 60 {
			return // enough accounts; the rest of the checks would only repeat
		}
		limit := rapid.IntRange(1, 25).Draw(rt, "limit")
		place := rapid.IntRange(0, 39)
		got := w.walk(fmt.Sprintf("/v1/accounts?limit=%d", limit), func() {
			n++
			account(fmt.Sprintf("a%02d%d", place.Draw(rt, "place"), n)) // somewhere before, in or behind the pages
		})
		seen := map[string]bool{}
		last := ""
		for _, id := range got {
			if seen[id] || id <= last {
				rt.Fatalf("%s comes again, or after %s, in %v", id, last, got)
			}
			seen[id], last = true, id
		}
		for id := range there {
			if !seen[id] {
				rt.Fatalf("%s is missing from %v", id, got)
			}
		}
	})
	if n == 0 {
		t.Fatal("nothing was added while a list was read")
	}
}

func TestACursorIsOfItsListOnly(t *testing.T) {
	w := built(t)
	w.create("/v1/accounts/acme/features/b", `{"start":"2026-01-01","recurring":"1"}`)
	w.create("/v1/accounts/beta/features/c", `{"start":"2026-01-01","recurring":"1"}`)
	next := w.get("/v1/accounts/acme/features?limit=1").want(200).field("next")
	if next == "" {
		t.Fatal("no second page")
	}
	if got := w.get("/v1/accounts/acme/features?limit=1&cursor=" + next).want(200); got.field("items.0.id") != "basic" && got.field("items.0.id") != "b" {
		t.Errorf("second page: %s", got.Body)
	}
	for _, path := range []string{"/v1/accounts/beta/features", "/v1/accounts", "/v1/jobs", "/v1/batches?state=failed", "/v1/cards/retail/revisions/1/rates", "/v1/periods"} {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		w.get(path+sep+"cursor="+next).problem(400, "bad_cursor")
	}
	for _, damaged := range []string{next[:len(next)-2], next + "AA", "!", strings.Repeat("A", 8000)} {
		if got := w.get("/v1/accounts/acme/features?limit=1&cursor=" + damaged); got.Status != 400 && got.Status != 200 || got.Status == 400 && !strings.Contains(string(got.Body), "bad_cursor") {
			t.Errorf("cursor %q is answered %d %s", damaged, got.Status, got.Body)
		}
	}
}
