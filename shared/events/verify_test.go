package events

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/api/idtoken"
	"google.golang.org/api/option"
)

const (
	audience = "https://cdrrating.example.com"
	account  = "events@acme.iam.gserviceaccount.com"
)

// keys stands for Google's key server: idtoken fetches from it.
type keys struct {
	public *rsa.PublicKey
	fails  bool
}

func (k *keys) RoundTrip(*http.Request) (*http.Response, error) {
	if k.fails {
		return nil, errors.New("no route to host")
	}
	encode := base64.RawURLEncoding.EncodeToString
	body, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kid": "1", "kty": "RSA", "alg": "RS256", "n": encode(k.public.N.Bytes()), "e": encode(big.NewInt(int64(k.public.E)).Bytes()),
	}}})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

func sign(t *testing.T, key *rsa.PrivateKey, header string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

// The real validator of idtoken, with keys of the test's.
func TestTokensOfServiceAccounts(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	server := &keys{public: &key.PublicKey}
	validator, err := idtoken.NewValidator(t.Context(), option.WithHTTPClient(&http.Client{Transport: server}))
	if err != nil {
		t.Fatal(err)
	}
	oidc, err := NewOIDC(validator, audience, "else@acme.iam.gserviceaccount.com", account)
	if err != nil {
		t.Fatal(err)
	}
	token := func(name string, value any) string {
		claims := map[string]any{"iss": "https://accounts.google.com", "aud": audience, "exp": 4102444800, "email": account, "email_verified": true}
		if name != "" {
			claims[name] = value
		}
		return sign(t, key, `{"alg":"RS256","kid":"1"}`, claims)
	}
	good := token("", nil)
	for name, test := range map[string]struct {
		authorization []string
		want          int // 0: let in
	}{
		"good":                 {[]string{"Bearer " + good}, 0},
		"good, lower case":     {[]string{"bearer " + good}, 0},
		"issuer without https": {[]string{"Bearer " + token("iss", "accounts.google.com")}, 0},
		"none":                 {nil, 401},
		"two":                  {[]string{"Bearer " + good, "Bearer " + good}, 401},
		"basic":                {[]string{"Basic " + good}, 401},
		"empty":                {[]string{"Bearer "}, 401},
		"long":                 {[]string{"Bearer " + good + strings.Repeat("x", maxToken)}, 401},
		"no token":             {[]string{"Bearer x.y.z"}, 401},
		"changed":              {[]string{"Bearer " + good[:len(good)-8] + "AAAAAAAA"}, 401},
		"other key":            {[]string{"Bearer " + sign(t, other, `{"alg":"RS256","kid":"1"}`, map[string]any{"aud": audience, "exp": 4102444800})}, 401},
		"no algorithm":         {[]string{"Bearer " + sign(t, key, `{"alg":"none"}`, map[string]any{"aud": audience, "exp": 4102444800})}, 401},
		"signature removed":    {[]string{"Bearer " + good[:strings.LastIndex(good, ".")+1] + "SIGNATURE_REMOVED_BY_GOOGLE"}, 401},
		"other audience":       {[]string{"Bearer " + token("aud", "https://billrun.example.com")}, 401},
		"expired":              {[]string{"Bearer " + token("exp", 1)}, 401},
		"other issuer":         {[]string{"Bearer " + token("iss", "https://cloud.google.com/iap")}, 401},
		"other account":        {[]string{"Bearer " + token("email", "mallory@acme.iam.gserviceaccount.com")}, 403},
		"no account":           {[]string{"Bearer " + token("email", 5)}, 403},
		"unverified":           {[]string{"Bearer " + token("email_verified", false)}, 403},
		"verified by a word":   {[]string{"Bearer " + token("email_verified", "true")}, 403},
		// idtoken takes the first 32 bytes of such a signature without looking.
		"short elliptic signature": {[]string{"Bearer " + elliptic()}, 401},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header["Authorization"] = test.authorization
		got := 0
		err := oidc.Authorize(t.Context(), r)
		if err != nil {
			got = refusal(err)
		}
		if got != test.want {
			t.Errorf("%s: %v is answered %d, want %d", name, err, got, test.want)
		}
	}
	server.fails = true
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Authorization", "Bearer "+good)
	if err := oidc.Authorize(t.Context(), r); err == nil || refusal(err) != 503 {
		t.Errorf("keys that cannot be fetched: %v, want 503", err)
	}
}

// elliptic is a token that names an elliptic key and has a signature of 3 bytes.
func elliptic() string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"ES256","kid":"1"}`)) + "." + encode([]byte(`{"aud":"`+audience+`","exp":4102444800}`)) + ".AAAA"
}

type stub struct{ err error }

func (s stub) Validate(context.Context, string, string) (*idtoken.Payload, error) { return nil, s.err }

func TestACancelledValidationSaysNothingOfTheCaller(t *testing.T) {
	oidc, err := NewOIDC(stub{errors.New("some error")}, audience, account)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Authorization", "Bearer x")
	if err := oidc.Authorize(ctx, r); refusal(err) != 503 {
		t.Errorf("%v, want 503", err)
	}
}

func TestAVerifierThatLetsAllInIsNotMade(t *testing.T) {
	for _, test := range []struct {
		validator TokenValidator
		audience  string
		emails    []string
	}{
		{nil, audience, []string{account}},
		{stub{}, "", []string{account}},
		{stub{}, audience, nil},
		{stub{}, audience, []string{account, ""}},
	} {
		if _, err := NewOIDC(test.validator, test.audience, test.emails...); err == nil {
			t.Errorf("%+v is accepted", test)
		}
	}
}

func TestOpenIsForThisMachineOnly(t *testing.T) {
	for _, test := range []struct {
		peer, host, header string
		in                 bool
	}{
		{"127.0.0.1:4000", "localhost:8080", "", true},
		{"127.0.0.1:4000", "127.0.0.1:8080", "", true},
		{"[::1]:4000", "[::1]:8080", "", true},
		{"[::ffff:127.0.0.1]:4000", "localhost", "", true},
		{"192.0.2.1:4000", "localhost:8080", "", false},
		{"169.254.1.1:4000", "localhost", "", false},
		{"[fe80::1]:4000", "localhost", "", false},
		{"@", "localhost", "", false},
		{"", "localhost", "", false},
		{"127.0.0.1:4000", "tollbook.example.com", "", false},
		{"127.0.0.1:4000", "localhost.example.com", "", false},
		{"127.0.0.1:4000", "192.0.2.1", "", false},
		{"127.0.0.1:4000", "", "", false},
		{"127.0.0.1:4000", "localhost", "X-Forwarded-For", false},
		{"127.0.0.1:4000", "localhost", "Forwarded", false},
		{"127.0.0.1:4000", "localhost", "X-Forwarded-Host", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr, r.Host = test.peer, test.host
		if test.header != "" {
			r.Header.Set(test.header, "127.0.0.1")
		}
		err := Open{}.Authorize(t.Context(), r)
		if (err == nil) != test.in || err != nil && refusal(err) != 403 {
			t.Errorf("%+v: %v", test, err)
		}
	}
}
