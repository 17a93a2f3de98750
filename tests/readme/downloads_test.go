package readme

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestADownloadIsUploadedAsShown: who downloads a card as the page about decks
// shows, and copies the file where decks go, has changed nothing.
func TestADownloadIsUploadedAsShown(t *testing.T) {
	text, dir := document(t, decksFile), t.TempDir()
	args := rule(t, "up")
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "out/", dir+"/")
	}
	url := up(t, args)
	done := 0
	for _, line := range lines(text) {
		words := strings.Fields(strings.ReplaceAll(line, "out/", dir+"/"))
		switch words[0] {
		case "curl":
			r, err := http.Get(strings.Replace(words[3], "http://127.0.0.1:8080", url, 1))
			if err != nil {
				t.Fatal(err)
			}
			file, err := io.ReadAll(r.Body)
			if closeErr := r.Body.Close(); err != nil || closeErr != nil || r.StatusCode != http.StatusOK {
				t.Fatal(r.Status, err, closeErr)
			}
			if err := os.WriteFile(words[2], file, 0o644); err != nil {
				t.Fatal(err)
			}
		case "cp":
			file, err := os.ReadFile(words[1])
			if err == nil {
				err = os.WriteFile(words[2], file, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			post(t, url+"/drain", "")
		default:
			continue
		}
		done++
	}
	if done != 2 {
		t.Errorf("%d commands were done, want 2", done)
	}
	report, err := os.ReadFile(filepath.Join(dir, "cloud/decks/carrier/again.csv.report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Deck struct {
			State    string
			Revision int
		}
		Actions struct{ Processed, Ignored int }
	}
	if err := json.Unmarshal(report, &got); err != nil {
		t.Fatal(err)
	}
	if got.Deck.State != "unchanged" || got.Deck.Revision != 1 || got.Actions.Processed == 0 || got.Actions.Ignored != got.Actions.Processed {
		t.Errorf("the report: %s", report)
	}
}
