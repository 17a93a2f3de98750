// Package events is the one door through which events come in and go out:
// CloudEvents over HTTP from Eventarc, Knative and the local cloud, and the plain
// calls of Cloud Scheduler. It also places work orders, the small objects whose
// creation is an event for the function that does the work.
//
// Delivery is at least once and in any order: handlers are repeatable.
package events

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/googleapis/google-cloudevents-go/cloud/storagedata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tollbook/tollbook/shared/objects"
)

// The event types that are understood.
const (
	// TypeObjectFinalized: https://cloud.google.com/eventarc/docs/cloudevents
	TypeObjectFinalized = "google.cloud.storage.object.v1.finalized"
	// TypeScheduled: https://github.com/googleapis/google-cloudevents
	TypeScheduled = "google.cloud.scheduler.job.v1.executed"
	// TypePing: https://knative.dev/docs/eventing/sources/ping-source/
	TypePing = "dev.knative.sources.ping"
)

// Bounds of what comes from outside, in bytes.
const (
	maxID         = 1024
	maxBucket     = 222 // Cloud Storage, names with dots
	maxGeneration = 128
	maxJob        = 500 // Cloud Scheduler
)

// generationKey carries a generation that is no number, such as a folder's: the
// event's own field for it is an int64.
const generationKey = "objectgeneration"

// ObjectFinalized says that a generation of an object is complete.
type ObjectFinalized struct {
	Bucket     string    // 1 to 222 letters, digits, "-", "_", "."
	Name       string    // 1 to 1024 bytes of UTF-8; objects.Bucket may still refuse it
	Generation string    // as objects.Info has it; a decimal number in Cloud Storage
	Size       int64     // bytes
	At         time.Time // when the object was created, else of the event; UTC
	ID         string    // the event's; two deliveries of one event have the same
}

// Scheduled says that a schedule's instant has come.
type Scheduled struct {
	Job string    // the schedule's name, 1 to 500 letters, digits, "-", "_", "."
	At  time.Time // the instant, UTC; a person's "run now" has that of the click
	ID  string    // the event's; of a Scheduler call, made from Job and At
}

// NewObjectFinalized makes the event that Eventarc would send. Its id is made
// from bucket, name and generation, so a duplicate is known by it; f.ID is not
// used.
func NewObjectFinalized(f ObjectFinalized) (cloudevents.Event, error) {
	if err := f.check(); err != nil {
		return cloudevents.Event{}, fmt.Errorf("make the event of object %q: %w", f.Name, err)
	}
	e := newEvent(TypeObjectFinalized, hash("finalized", f.Bucket, f.Name, f.Generation), f.At)
	e.SetSource("//storage.googleapis.com/projects/_/buckets/" + f.Bucket)
	e.SetSubject("objects/" + f.Name)
	e.SetExtension("bucket", f.Bucket)
	data := &storagedata.StorageObjectData{Bucket: f.Bucket, Name: f.Name, Size: f.Size, TimeCreated: timestamppb.New(f.At)}
	if n, err := strconv.ParseInt(f.Generation, 10, 64); err == nil && n > 0 && strconv.FormatInt(n, 10) == f.Generation {
		data.Generation = n
	} else {
		e.SetExtension(generationKey, f.Generation)
	}
	encoded, err := protojson.Marshal(data)
	if err == nil {
		err = e.SetData(cloudevents.ApplicationJSON, json.RawMessage(encoded))
	}
	if err != nil {
		return cloudevents.Event{}, fmt.Errorf("make the event of object %q: %w", f.Name, err)
	}
	return e, nil
}

// NewScheduled makes the event of a schedule's instant. Its id is made from job
// and instant, so a duplicate is known by it; s.ID is not used.
func NewScheduled(s Scheduled) (cloudevents.Event, error) {
	if err := s.check(); err != nil {
		return cloudevents.Event{}, fmt.Errorf("make the event of schedule %q: %w", s.Job, err)
	}
	e := newEvent(TypeScheduled, hash("scheduled", s.Job, s.At.UTC().Format(time.RFC3339Nano)), s.At)
	e.SetSource("//cloudscheduler.googleapis.com/projects/_/locations/_/jobs/" + s.Job)
	return e, nil
}

func newEvent(kind, id string, at time.Time) cloudevents.Event {
	e := cloudevents.NewEvent()
	e.SetType(kind)
	e.SetID(id)
	e.SetTime(at.UTC())
	return e
}

// hash is the SHA-256, in hex, of parts that cannot run into one another.
func hash(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Decode reads a request as one CloudEvent, in binary or structured mode, or as
// a call of Cloud Scheduler, which wins: CloudEvents headers that a job sends
// are fixed when the job is made.
func Decode(h http.Header, body []byte) (e cloudevents.Event, err error) {
	// The SDK indexes a header's name and its values without looking.
	defer func() {
		if v := recover(); v != nil {
			e, err = cloudevents.Event{}, fmt.Errorf("%w: its headers make the reader panic (%T)", errMalformed, v)
		}
	}()
	if h.Get("X-CloudScheduler-ScheduleTime") != "" || h.Get("X-CloudScheduler-JobName") != "" {
		return decodeScheduler(h)
	}
	read, err := cloudevents.NewEventFromHTTPRequest(&http.Request{Header: h, Body: io.NopCloser(bytes.NewReader(body))})
	if err != nil {
		return cloudevents.Event{}, fmt.Errorf("%w: want a CloudEvent, binary or structured: %w", errMalformed, err)
	}
	if err := read.Validate(); err != nil {
		return cloudevents.Event{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if read.SpecVersion() != cloudevents.VersionV1 {
		return cloudevents.Event{}, fmt.Errorf("%w: specversion %q, want %q", errMalformed, read.SpecVersion(), cloudevents.VersionV1)
	}
	if len(read.ID()) > maxID {
		return cloudevents.Event{}, fmt.Errorf("%w: the id has %d bytes, at most %d are allowed", errMalformed, len(read.ID()), maxID)
	}
	return *read, nil
}

// decodeScheduler reads the headers that Cloud Scheduler sets:
// https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#httptarget
func decodeScheduler(h http.Header) (cloudevents.Event, error) {
	text := h.Get("X-CloudScheduler-ScheduleTime")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return cloudevents.Event{}, fmt.Errorf("%w: X-CloudScheduler-ScheduleTime %q is not like 2026-12-01T00:00:00Z", errMalformed, text)
	}
	e, err := NewScheduled(Scheduled{Job: lastPart(h.Get("X-CloudScheduler-JobName")), At: at})
	if err != nil {
		return cloudevents.Event{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return e, nil
}

// ParseObjectFinalized reads an event of TypeObjectFinalized.
func ParseObjectFinalized(e cloudevents.Event) (ObjectFinalized, error) {
	if kind, _, err := mime.ParseMediaType(e.DataContentType()); e.DataContentType() != "" && (err != nil || kind != cloudevents.ApplicationJSON) {
		return ObjectFinalized{}, fmt.Errorf("%w: data of type %q, want %s", errMalformed, e.DataContentType(), cloudevents.ApplicationJSON)
	}
	var data storagedata.StorageObjectData
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(e.Data(), &data); err != nil {
		return ObjectFinalized{}, fmt.Errorf("%w: its data: %w", errMalformed, err)
	}
	generation, _ := e.Extensions()[generationKey].(string)
	if n := data.GetGeneration(); n != 0 {
		if generation != "" {
			return ObjectFinalized{}, fmt.Errorf("%w: two generations, %d and %q", errMalformed, n, generation)
		}
		generation = strconv.FormatInt(n, 10)
	}
	at := e.Time()
	if created := data.GetTimeCreated(); created != nil {
		at = created.AsTime()
	}
	f := ObjectFinalized{
		Bucket: data.GetBucket(), Name: data.GetName(), Generation: generation,
		Size: data.GetSize(), At: at.UTC(), ID: e.ID(),
	}
	if err := f.check(); err != nil {
		return ObjectFinalized{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return f, nil
}

// ParseScheduled reads an event of TypeScheduled or TypePing: the job is the
// last part of the source, the instant the event's time. The data is not read.
func ParseScheduled(e cloudevents.Event) (Scheduled, error) {
	s := Scheduled{Job: lastPart(e.Source()), At: e.Time().UTC(), ID: e.ID()}
	if err := s.check(); err != nil {
		return Scheduled{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return s, nil
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func (f ObjectFinalized) check() error {
	for _, field := range []struct {
		name, value string
		most        int
	}{
		{"bucket", f.Bucket, maxBucket}, {"name", f.Name, objects.MaxName}, {"generation", f.Generation, maxGeneration},
	} {
		if field.value == "" || len(field.value) > field.most || !utf8.ValidString(field.value) {
			return fmt.Errorf("the object's %s has %d bytes, want 1 to %d of UTF-8", field.name, len(field.value), field.most)
		}
	}
	if strings.ContainsFunc(f.Bucket, notPlain) {
		return fmt.Errorf("the bucket's name %.40q holds other than letters, digits, hyphens, underscores and dots", f.Bucket)
	}
	if f.Size < 0 || strings.HasPrefix(f.Generation, "-") {
		return fmt.Errorf("the object's size %d or generation %q is negative", f.Size, f.Generation)
	}
	return checkTime(f.At)
}

func (s Scheduled) check() error {
	if s.Job == "" || len(s.Job) > maxJob || strings.ContainsFunc(s.Job, notPlain) {
		return fmt.Errorf("the schedule's name %.40q is not 1 to %d letters, digits, hyphens, underscores or dots", s.Job, maxJob)
	}
	return checkTime(s.At)
}

func notPlain(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}

// checkTime refuses an event without a time: no clock may stand in for it.
func checkTime(at time.Time) error {
	if y := at.UTC().Year(); y < 2000 || y > 2999 {
		return fmt.Errorf("the event's time is %s, want one of the years 2000 to 2999", at.UTC().Format(time.RFC3339))
	}
	return nil
}
