package functions_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/ledger"
)

// exporter asks the portal of an installation.
type exporter struct {
	*functionstest.Installation
	portal http.Handler
}

func newExporter(t *testing.T, in *functionstest.Installation) exporter {
	t.Helper()
	for _, f := range functions.All() {
		if f.Name == "portal" {
			h, err := f.New(in.Deps)
			if err != nil {
				t.Fatal(err)
			}
			return exporter{in, h}
		}
	}
	t.Fatal("there is no portal")
	return exporter{}
}

func (e exporter) do(method, path, body string, status int) *httptest.ResponseRecorder {
	e.Helper()
	r := httptest.NewRequestWithContext(e.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1234"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	e.portal.ServeHTTP(w, r)
	if w.Code != status {
		e.Fatalf("%s %s is answered %d: %s", method, path, w.Code, w.Body)
	}
	return w
}

// answered is a job as the portal shows it.
type answered struct {
	ID, Kind, Target, Format, State, Report string
	Files                                   []struct {
		Name, URL   string
		Bytes, Rows int64
	}
}

func (e exporter) job(w *httptest.ResponseRecorder) (out answered) {
	e.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		e.Fatal(err)
	}
	return out
}

// export asks for an export of a batch or period, sees it done, and returns its
// one file.
func (e exporter) export(path, format string) (answered, []byte) {
	e.Helper()
	asked := e.do("POST", path+"/exports", fmt.Sprintf(`{"format":%q}`, format), 202)
	e.Deliver(functionstest.Noon)
	job := e.job(e.do("GET", asked.Header().Get("Location"), "", 200))
	if job.Kind != "export" || job.Format != format || job.State != "done" || len(job.Files) != 1 {
		e.Fatalf("the job is %+v, want it done with one file", job)
	}
	file := e.do("GET", job.Files[0].URL, "", 200)
	if n := int64(file.Body.Len()); n != job.Files[0].Bytes || !strings.Contains(file.Header().Get("Content-Disposition"), job.Files[0].Name) {
		e.Errorf("%d bytes and %v, want the file %+v", n, file.Header(), job.Files[0])
	}
	return job, file.Body.Bytes()
}

// lines counts the records of a file by status, and checks how many there are.
func (e exporter) lines(job answered, data []byte) map[string]int64 {
	e.Helper()
	counts := map[string]int64{}
	if job.Format == "parquet" {
		type row struct {
			Status string `parquet:"status"`
		}
		rows, err := parquet.Read[row](bytes.NewReader(data), int64(len(data)))
		if err != nil {
			e.Fatal(err)
		}
		for _, r := range rows {
			counts[r.Status]++
		}
	} else {
		rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil {
			e.Fatal(err)
		}
		for i, name := range rows[0] {
			if name == "status" {
				for _, r := range rows[1:] {
					counts[r[i]]++
				}
			}
		}
	}
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	if total != job.Files[0].Rows {
		e.Errorf("%d records in a file of %d", total, job.Files[0].Rows)
	}
	return counts
}

func TestEveryRecordIsExportedOnceAndFetchedFromThePortal(t *testing.T) {
	e := newExporter(t, functionstest.Install(t))
	e.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	e.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	e.Drop("cdrs", "switch/4.csv", functionstest.CDRs+"2,acme,442079460002,2026-11-03T11:00:00Z,91\n", functionstest.Noon)
	var beside cdrrating.Report
	e.Beside("cdrs", "switch/4.csv", &beside)
	b := beside.Batch
	month := functionstest.Key("2026-11").String()
	for _, format := range []string{"parquet", "csv", "csv_raw"} {
		job, data := e.export("/v1/batches/"+b.ID, format)
		if got := e.lines(job, data); got["rated"] != b.Counts.Accepted || got["unrated"] != b.Counts.Unrated || len(got) != 2 {
			t.Errorf("%s of the batch has %v, want what it accepted: %+v", format, got, b.Counts)
		}
		job, data = e.export("/v1/periods/"+month, format)
		want := e.Fold("2026-11")
		if got := e.lines(job, data); got["rated"] != want.Charged || got["unrated"] != want.Unrated || got["duplicate"] != want.Duplicate || got["superseded"] != want.Superseded {
			t.Errorf("%s of the month has %v, want its rows: %+v", format, got, want)
		}
		if want := "7 records = 2 charged + 1 unrated + 3 duplicate + 1 superseded; the files are kept until 20"; !strings.HasPrefix(job.Report, want) {
			t.Errorf("the job reports %q, want %q", job.Report, want)
		}
	}
}

func TestAnExportIsKeptForAWeek(t *testing.T) {
	e := newExporter(t, functionstest.Install(t))
	e.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	e.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	job, _ := e.export("/v1/periods/"+functionstest.Key("2026-11").String(), "parquet")
	asked, err := e.Jobs().Get(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	e.Schedule("sweeper", asked.AskedAt.Add(ledger.ExportsKept))
	e.do("GET", job.Files[0].URL, "", 200)
	e.Schedule("sweeper", asked.AskedAt.Add(ledger.ExportsKept).AddDate(0, 0, 1))
	if w := e.do("GET", job.Files[0].URL, "", 404); !strings.Contains(w.Body.String(), "kept no longer") {
		t.Errorf("a file that is gone is answered %s", w.Body)
	}
}

func TestAnExportOfWhatIsNotThereFailsWithItsReason(t *testing.T) {
	in := functionstest.Install(t)
	for _, target := range []string{"none", functionstest.Key("2031-01").String()} {
		job, err := in.Jobs().AskExport(t.Context(), target, "parquet", "", functionstest.Noon)
		if err != nil {
			t.Fatal(err)
		}
		in.Deliver(functionstest.Noon)
		if job, err = in.Jobs().Get(t.Context(), job.ID); err != nil || job.State != "failed" || !strings.Contains(job.Report, target) {
			t.Errorf("the job is %+v, %v; want it failed for what is not there", job, err)
		}
	}
}
