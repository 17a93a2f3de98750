package events

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// send makes the request that carries e, in binary mode.
func send(t testing.TB, url string, e cloudevents.Event) *http.Request {
	t.Helper()
	r, err := cloudevents.NewHTTPRequestFromEvent(t.Context(), url, e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The files are written by hand after what Google and Knative document:
// https://cloud.google.com/eventarc/docs/cloudevents (headers),
// https://cloud.google.com/storage/docs/json_api/v1/objects (the data),
// https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#httptarget,
// https://github.com/googleapis/google-cloudevents (proto/google/events/cloud/scheduler/v1),
// https://knative.dev/docs/eventing/sources/ping-source/
func TestEventsAsTheirSendersSendThem(t *testing.T) {
	file := ObjectFinalized{
		Bucket: "acme-cdrs", Name: "main/2026-11-01 café.csv", Generation: "1793578207119045", Size: 5_000_000_000,
		At: time.Date(2026, 11, 2, 0, 10, 7, 121_000_000, time.UTC), ID: "9182736450918273",
	}
	for name, want := range map[string]any{
		"finalized.http":            file,
		"finalized-structured.http": file,
		"scheduler.http":            Scheduled{"billrun-close", instant, hash("scheduled", "billrun-close", "2026-12-01T00:00:00Z")},
		"scheduler-event.http":      Scheduled{"billrun-close", instant, "3141592653589793"},
		"ping.http":                 Scheduled{"billrun-close", instant.Add(917 * time.Microsecond), "2a5c5a6e-6a3d-4e0f-9d0e-7b1f3c1a9f10"},
	} {
		header, body := golden(t, name)
		e, err := Decode(header, body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := parse(e)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func parse(e cloudevents.Event) (any, error) {
	if e.Type() == TypeObjectFinalized {
		return ParseObjectFinalized(e)
	}
	return ParseScheduled(e)
}

// A change of one place in a good event that makes it no event at all.
func TestMalformedEvents(t *testing.T) {
	for _, test := range []struct{ file, old, new, says string }{
		{"finalized.http", "Ce-Specversion: 1.0", "X: 1", "want a CloudEvent"},
		{"finalized.http", "Ce-Specversion: 1.0", "Ce-Specversion: 0.3", "specversion"},
		{"finalized.http", "Ce-Specversion: 1.0", "Ce-Specversion: 7", "want a CloudEvent"},
		{"finalized.http", "Ce-Id: 9182736450918273", "X: 1", "id"},
		{"finalized.http", "Ce-Id: 9182736450918273", "Ce-Id: " + strings.Repeat("9", maxID+1), "at most 1024"},
		{"finalized.http", "Ce-Source: ", "X: ", "source"},
		{"finalized.http", "Ce-Time: 2026-11-02", "Ce-Time: 2026-13-02", "want a CloudEvent"},
		{"finalized.http", "Ce-Bucket: acme-cdrs", "Ce-: x", "panic"},
		{"finalized.http", "application/json; charset=utf-8", "text/plain", `"text/plain", want application/json`},
		{"finalized.http", "application/json; charset=utf-8", "application/protobuf", "application/protobuf"},
		{"finalized.http", "application/json; charset=utf-8", "application/cloudevents-batch+json", "want a CloudEvent"},
		{"finalized.http", `"generation": "1793578207119045"`, `"x": 1`, "generation has 0 bytes"},
		{"finalized.http", `"generation": "1793578207119045"`, `"generation": "-1"`, "negative"},
		{"finalized.http", `"generation": "1793578207119045"`, `"generation": "99999999999999999999"`, "its data"},
		{"finalized.http", `"generation": "1793578207119045"`, `"generation": 1.5`, "its data"},
		{"finalized.http", "Ce-Bucket: acme-cdrs", "Ce-Objectgeneration: abc", "two generations"},
		{"finalized.http", `"bucket": "acme-cdrs"`, `"x": 1`, "bucket has 0 bytes"},
		{"finalized.http", `"bucket": "acme-cdrs"`, `"bucket": "` + strings.Repeat("b", 223) + `"`, "bucket has 223 bytes"},
		{"finalized.http", `"bucket": "acme-cdrs"`, `"bucket": "acme/cdrs"`, "bucket's name"},
		{"finalized.http", `"name": "main/2026-11-01 café.csv"`, `"name": ""`, "name has 0 bytes"},
		{"finalized.http", `"name": "main/2026-11-01 café.csv"`, `"name": "` + strings.Repeat("n", 1025) + `"`, "name has 1025 bytes"},
		{"finalized.http", `"size": "5000000000"`, `"size": "-1"`, "negative"},
		{"finalized.http", `"timeCreated": "2026-11-02T00:10:07.121Z"`, `"timeCreated": "0001-01-01T00:00:00Z"`, "2000 to 2999"},
		{"finalized.http", "}", "", "its data"},
		{"finalized-structured.http", `"specversion": "1.0",`, "", "want a CloudEvent"},
		{"finalized-structured.http", `"specversion": "1.0"`, `"specversion": "0.3"`, "specversion"},
		{"finalized-structured.http", `"id": "9182736450918273",`, "", "id"},
		{"finalized-structured.http", `"time": "2026-11-02T00:10:07.123456Z"`, `"time": 5`, "want a CloudEvent"},
		{"finalized-structured.http", `"data": {`, `"data": [`, "want a CloudEvent"},
		{"finalized-structured.http", `{`, ``, "want a CloudEvent"},
		{"scheduler.http", "2026-12-01T01:00:00+01:00", "yesterday", "ScheduleTime"},
		{"scheduler.http", "X-Cloudscheduler-Scheduletime: 2026-12-01T01:00:00+01:00", "X: 1", "ScheduleTime"},
		{"scheduler.http", "billrun-close", "bill run", "schedule's name"},
		{"scheduler.http", "X-Cloudscheduler-Jobname: billrun-close", "X: 1", "schedule's name"},
		{"scheduler-event.http", "Ce-Time: 2026-12-01T00:00:00Z", "X: 1", "2000 to 2999"},
		{"scheduler-event.http", "/billrun-close", "/", "schedule's name"},
		{"ping.http", "Ce-Time: 2026-12-01T00:00:00.000917Z", "X: 1", "2000 to 2999"},
		{"ping.http", "Ce-Time: 2026", "Ce-Time: 1926", "2000 to 2999"},
	} {
		header, body := changed(t, test.file, test.old, test.new)
		e, err := Decode(header, body)
		if err == nil {
			_, err = parse(e)
		}
		if !errors.Is(err, errMalformed) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s, %.60s → %.60s: error %v, want one with %q", test.file, test.old, test.new, err, test.says)
		}
	}
}

func changed(t *testing.T, file, old, new string) (http.Header, []byte) {
	t.Helper()
	header, body := golden(t, file)
	text := strings.Replace(string(body), old, new, 1)
	done := text != string(body)
	result := http.Header{}
	for key, values := range header {
		line := key + ": " + values[0]
		if changed := strings.Replace(line, old, new, 1); changed != line && !done {
			done, line = true, changed
		}
		key, value, _ := strings.Cut(line, ": ")
		result[key] = []string{value}
	}
	if !done {
		t.Fatalf("%s has no %q", file, old)
	}
	return result, []byte(text)
}

// A job may send CloudEvents headers of its own; their time stands still.
func TestASchedulersInstantWinsOverFixedHeaders(t *testing.T) {
	header, body := golden(t, "scheduler-event.http")
	header.Set("X-CloudScheduler-JobName", "projects/acme/locations/europe-west2/jobs/bundlereset")
	header.Set("X-CloudScheduler-ScheduleTime", "2027-01-01T00:00:00Z")
	e, err := Decode(header, body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseScheduled(e)
	if err != nil {
		t.Fatal(err)
	}
	if got.Job != "bundlereset" || !got.At.Equal(instant.AddDate(0, 1, 0)) {
		t.Errorf("%+v", got)
	}
}

// What is sent is what comes in, in either mode, whatever the store's
// generations look like; the same object has the same id, another has another.
func TestWhatGoesOutComesIn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := ObjectFinalized{
			Bucket:     rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(rt, "bucket"),
			Name:       rapid.StringMatching(`[a-zé ü\pL./%-]{1,40}`).Draw(rt, "name"),
			Generation: rapid.StringMatching(`[0-9]{1,25}|[0-9a-f]{64}`).Draw(rt, "generation"),
			Size:       rapid.Int64Range(0, 1<<62).Draw(rt, "size"),
			At:         instant.Add(time.Duration(rapid.Int64Range(0, 1<<55).Draw(rt, "at"))),
		}
		s := Scheduled{Job: rapid.StringMatching(`[A-Za-z0-9._-]{1,40}`).Draw(rt, "job"), At: f.At}
		for _, structured := range []bool{false, true} {
			e, err := NewObjectFinalized(f)
			if err != nil {
				rt.Fatal(err)
			}
			want := f
			want.ID = hash("finalized", f.Bucket, f.Name, f.Generation)
			carried(rt, e, structured, want)
			if e, err = NewScheduled(s); err != nil {
				rt.Fatal(err)
			}
			carried(rt, e, structured, Scheduled{s.Job, s.At, hash("scheduled", s.Job, s.At.Format(time.RFC3339Nano))})
		}
	})
}

func carried(t *rapid.T, e cloudevents.Event, structured bool, want any) {
	ctx := t.Context()
	if structured {
		ctx = binding.WithForceStructured(ctx)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := cehttp.WriteRequest(ctx, (*binding.EventMessage)(&e), r); err != nil {
		t.Fatal(err)
	}
	body := new(strings.Builder)
	if err := r.Write(body); err != nil {
		t.Fatal(err)
	}
	_, data, _ := strings.Cut(body.String(), "\r\n\r\n")
	back, err := Decode(r.Header, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	got, err := parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("structured %v: (-want +got)\n%s", structured, diff)
	}
}

func TestAnIDNamesOneObjectAndOneInstant(t *testing.T) {
	seen := map[string]bool{}
	for _, change := range []func(*ObjectFinalized){
		func(*ObjectFinalized) {},
		func(f *ObjectFinalized) { f.Bucket, f.Name = "cdrsm", "ain/a.csv" },
		func(f *ObjectFinalized) { f.Name = "main/b.csv" },
		func(f *ObjectFinalized) { f.Generation = "1793578207119046" },
	} {
		f := aFile()
		change(&f)
		e, err := NewObjectFinalized(f)
		if err != nil || seen[e.ID()] {
			t.Errorf("%+v: %v, seen %v", f, err, seen[e.ID()])
		}
		seen[e.ID()] = true
		f.At, f.Size, f.ID = f.At.Add(time.Hour), 99, "other"
		if again, err := NewObjectFinalized(f); err != nil || again.ID() != e.ID() {
			t.Errorf("%+v: the same object has another id, %v", f, err)
		}
	}
	paris := time.FixedZone("", 3600)
	for _, s := range []Scheduled{{Job: "a", At: instant}, {Job: "b", At: instant}, {Job: "a", At: instant.Add(1)}} {
		e, err := NewScheduled(s)
		if err != nil || seen[e.ID()] {
			t.Errorf("%+v: %v, seen %v", s, err, seen[e.ID()])
		}
		seen[e.ID()] = true
		if again, err := NewScheduled(Scheduled{Job: s.Job, At: s.At.In(paris)}); err != nil || again.ID() != e.ID() {
			t.Errorf("%+v: the same instant has another id, %v", s, err)
		}
	}
}

func TestNoEventIsMadeOfNonsense(t *testing.T) {
	for _, change := range []func(*ObjectFinalized){
		func(f *ObjectFinalized) { f.Bucket = "" },
		func(f *ObjectFinalized) { f.Name = "\xff" },
		func(f *ObjectFinalized) { f.Generation = "" },
		func(f *ObjectFinalized) { f.Size = -1 },
		func(f *ObjectFinalized) { f.At = time.Time{} },
	} {
		f := aFile()
		change(&f)
		if _, err := NewObjectFinalized(f); err == nil {
			t.Errorf("%+v became an event", f)
		}
	}
	for _, s := range []Scheduled{{At: instant}, {Job: "a"}, {Job: "a/b", At: instant}, {Job: strings.Repeat("a", 501), At: instant}} {
		if _, err := NewScheduled(s); err == nil {
			t.Errorf("%+v became an event", s)
		}
	}
}

// Whatever comes, there is an event within its bounds or a malformed one, never
// a panic; and what was understood can be sent on and is understood the same.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"finalized.http", "finalized-structured.http", "scheduler.http", "scheduler-event.http", "ping.http"} {
		header, body := golden(f, name)
		var lines []string
		for key, values := range header {
			lines = append(lines, key+": "+values[0])
		}
		f.Add(strings.Join(lines, "\n"), body)
	}
	f.Add("Ce-Specversion: 1.0\nCe-: x", []byte("{}"))
	f.Add("Content-Type: application/cloudevents+json", []byte(`{"specversion":"1.0","":1}`))
	f.Fuzz(func(t *testing.T, lines string, body []byte) {
		header := http.Header{}
		for line := range strings.SplitSeq(lines, "\n") {
			key, value, _ := strings.Cut(line, ": ")
			header.Add(key, value)
		}
		e, err := Decode(header, body)
		if err != nil {
			if !errors.Is(err, errMalformed) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if len(e.ID()) > maxID {
			t.Fatalf("an id of %d bytes", len(e.ID()))
		}
		got, err := parse(e)
		if err != nil {
			if !errors.Is(err, errMalformed) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		sendOn(t, got)
	})
}

func sendOn(t *testing.T, got any) {
	var e cloudevents.Event
	var err error
	switch event := got.(type) {
	case ObjectFinalized:
		e, err = NewObjectFinalized(event)
		event.ID = hash("finalized", event.Bucket, event.Name, event.Generation)
		got = event
	case Scheduled:
		e, err = NewScheduled(event)
		event.ID = hash("scheduled", event.Job, event.At.Format(time.RFC3339Nano))
		got = event
	}
	if err != nil {
		t.Fatalf("%+v cannot be sent on: %v", got, err)
	}
	if err := e.Validate(); err != nil {
		t.Fatalf("%+v becomes an event that is none: %v", got, err)
	}
	again, err := parse(e)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Fatal(diff)
	}
}
