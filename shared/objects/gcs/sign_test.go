package gcs_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"

	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/objects/gcs"
)

// signing returns a bucket of a service account that has a key.
func signing(t *testing.T) (*gcs.Bucket, *rsa.PublicKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "portal@example.iam.gserviceaccount.com", "private_key_id": "1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := storage.NewClient(t.Context(), option.WithAuthCredentialsJSON(option.ServiceAccount, account))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return gcs.Open(client, "acme-decks", quick), &key.PublicKey
}

// later is long after any run of this test: the client refuses what is past.
var later = time.Date(2100, 1, 2, 3, 4, 5, 999, time.FixedZone("", 3600))

func TestSignedUpload(t *testing.T) {
	b, public := signing(t)
	upload, err := b.SignedUpload(t.Context(), "card/gr\u00fcn &.csv", 1, 64<<20, later)
	if err != nil {
		t.Fatal(err)
	}
	if upload.URL != "https://storage.googleapis.com/acme-decks/" {
		t.Errorf("the form goes to %s", upload.URL)
	}
	signature, err := hex.DecodeString(upload.Fields["x-goog-signature"])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(upload.Fields["policy"]))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature); err != nil {
		t.Errorf("the signature is not of the policy: %v", err)
	}
	document, err := base64.StdEncoding.DecodeString(upload.Fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Expiration string
		Conditions []any
	}
	if err := json.Unmarshal(document, &policy); err != nil {
		t.Fatal(err)
	}
	if policy.Expiration != "2100-01-02T02:04:05Z" {
		t.Errorf("it expires at %s", policy.Expiration)
	}
	one := func(name string) any { return map[string]any{name: upload.Fields[name]} }
	want := []any{
		[]any{"content-length-range", 1.0, float64(64 << 20)}, one("content-type"), map[string]any{"bucket": "acme-decks"},
		one("key"), one("x-goog-date"), one("x-goog-credential"), one("x-goog-algorithm"),
	}
	if diff := cmp.Diff(want, policy.Conditions); diff != "" {
		t.Errorf("the conditions (-want +got):\n%s", diff)
	}
	if upload.Fields["key"] != "card/gr\u00fcn &.csv" || upload.Fields["content-type"] != "application/octet-stream" ||
		!strings.HasPrefix(upload.Fields["x-goog-credential"], "portal@example.iam.gserviceaccount.com/") {
		t.Errorf("the fields: %q", upload.Fields)
	}
}

func TestSignedUploadRefuses(t *testing.T) {
	b, _ := signing(t)
	for _, test := range []struct {
		name     string
		min, max int64
	}{
		{"", 1, 2}, {"a//b", 1, 2}, {"../a", 1, 2}, {"a", -1, 2}, {"a", 2, 1}, {"a", 0, 0}, {"a", 0, -1}, {"a", 0, 5<<40 + 1},
	} {
		if _, err := b.SignedUpload(t.Context(), test.name, test.min, test.max, later); !errors.Is(err, objects.ErrInvalid) {
			t.Errorf("name %q, %d to %d bytes: error %v, want ErrInvalid", test.name, test.min, test.max, err)
		}
	}
	for _, past := range []time.Time{{}, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := b.SignedUpload(t.Context(), "a", 0, 5<<40, past); err == nil {
			t.Errorf("it signs what expired at %s", past)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.SignedUpload(ctx, "a", 1, 2, later); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: error %v", err)
	}
}
