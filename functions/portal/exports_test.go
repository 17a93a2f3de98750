package portal_test

import (
	"context"
	"testing"

	"github.com/tollbook/tollbook/shared/jobs"
)

func TestAnExportIsAJobWhoseFilesAreFetched(t *testing.T) {
	w := built(t)
	id := w.november()
	for _, tt := range []struct{ path, target string }{
		{"/v1/batches/" + id + "/exports", id},
		{"/v1/periods/monthly:2026-11/exports", "monthly:2026-11"},
	} {
		asked := w.do("POST", tt.path, `{"format":"csv"}`, "Idempotency-Key: "+tt.target).want(202)
		if asked.field("kind") != "export" || asked.field("target") != tt.target || asked.field("format") != "csv" || asked.field("files") != "" {
			t.Errorf("%s is answered %s", tt.path, asked.Body)
		}
		job := asked.field("id")
		if again := w.do("POST", tt.path, `{"format":"csv"}`, "Idempotency-Key: "+tt.target).want(202); again.field("id") != job {
			t.Errorf("asked again with the same key: job %s, want %s", again.field("id"), job)
		}
		w.get("/v1/jobs/"+job+"/files/a.csv").problem(404, "not_found", "no file")
		info := w.drop(w.config.Buckets.Work, "exports/"+job+"/a.csv", "call_id\n1\n")
		err := w.config.Jobs.RunFiles(t.Context(), job, func(context.Context, jobs.Job) (string, []jobs.File, error) {
			return "1 record", []jobs.File{{Object: info.Name, Generation: info.Generation, Bytes: info.Size, Rows: 1}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		done := w.get("/v1/jobs/" + job).want(200)
		if url := "/v1/jobs/" + job + "/files/a.csv"; done.field("files.0.url") != url || done.field("files.0.name") != "a.csv" || done.field("files.0.rows") != "1" || done.field("files.0.bytes") != "10" {
			t.Errorf("the job is answered %s", done.Body)
		}
		file := w.get(done.field("files.0.url")).want(200)
		if string(file.Body) != "call_id\n1\n" || file.Header.Get("Content-Type") != "text/csv; charset=utf-8" || file.Header.Get("Content-Disposition") != "attachment; filename=a.csv" {
			t.Errorf("the file is answered %v %q", file.Header, file.Body)
		}
		w.get("/v1/jobs/"+job+"/files/b.csv").problem(404, "not_found", "no file")
		if err := w.config.Buckets.Work.Delete(t.Context(), info.Name, info.Generation); err != nil {
			t.Fatal(err)
		}
		w.get(done.field("files.0.url")).problem(404, "not_found", "kept no longer")
	}
}

func TestOnlyWhatIsThereIsExported(t *testing.T) {
	w := built(t)
	received := w.receive("switch/a.csv", "switch", "1,acme,447700900123,2026-11-02 10:00:00,95")
	export := func(of, body string) answer { return w.do("POST", "/v1/"+of+"/exports", body) }
	export("batches/"+received, `{"format":"csv"}`).problem(409, "wrong_state", "received", "want committed")
	export("batches/none", `{"format":"csv"}`).problem(404, "not_found")
	export("periods/monthly:2031-01", `{"format":"csv"}`).problem(404, "not_found")
	export("periods/nonsense", `{"format":"csv"}`).problem(404, "not_found")
	id := w.november()
	export("batches/"+id, `{"format":"xml"}`).problem(422, "invalid", "body.format")
	export("batches/"+id, `{}`).problem(422, "invalid", "format")
	w.get("/v1/jobs/none/files/a.csv").problem(404, "not_found", "no job")
	w.do("POST", "/v1/jobs", `{"kind":"export"}`).problem(422, "invalid", "body.kind")
	w.get("/v1/jobs").want(200).json(`{"items":[]}`)
}
