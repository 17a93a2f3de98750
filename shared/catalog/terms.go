package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/tollbook/tollbook/shared/rating"
)

// Terms are the rules that hold for all rates of a card, rating.Terms without
// its currency, which is the card's. The zero value is DefaultTerms; any other
// is complete. In JSON what is left out is as in DefaultTerms.
type Terms rating.Terms

// DefaultTerms are those of rating.DefaultTerms.
func DefaultTerms() Terms { return Terms(rating.DefaultTerms("")) }

// IsZero reports whether t is the zero value.
func (t Terms) IsZero() bool { return reflect.ValueOf(t).IsZero() }

// Rating returns the terms of a card in a currency.
func (t Terms) Rating(currency string) rating.Terms {
	if t.IsZero() {
		return rating.DefaultTerms(currency)
	}
	out := rating.Terms(t)
	out.Currency = currency
	return out
}

// MarshalJSON writes every rule that is not as usual, with those that have no
// usual value.
func (t Terms) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		rating.Terms
		// Of two fields with one name the outer one is written.
		Currency    *string `json:"currency,omitempty"`
		ShortDigits int     `json:"short_digits"` // 0 says something, and is not the default
	}{Terms: rating.Terms(t), ShortDigits: t.ShortDigits})
}

// UnmarshalJSON reads rules; a name that is no rule is an error.
func (t *Terms) UnmarshalJSON(b []byte) error {
	in := struct {
		rating.Terms
		Currency *string `json:"currency"`
	}{Terms: rating.DefaultTerms("")}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("terms: %w", err)
	}
	if in.Currency != nil {
		return errors.New("terms: the currency is the card's, want none here")
	}
	*t = Terms(in.Terms)
	return nil
}

// MaxTerms bounds the terms of a card as JSON, in bytes: a definition is one
// document.
const MaxTerms = 512 << 10

// ReadTerms reads terms as JSON from the whole of r, and checks them.
func ReadTerms(r io.Reader) (Terms, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxTerms+1))
	if err != nil {
		return Terms{}, fmt.Errorf("reading terms: %w", err)
	}
	if len(b) > MaxTerms {
		return Terms{}, fmt.Errorf("terms of more than %d bytes: %w", MaxTerms, ErrRefused)
	}
	var t Terms
	if err := json.Unmarshal(b, &t); err != nil {
		return Terms{}, fmt.Errorf("%w: %w", err, ErrRefused)
	}
	if err := t.Check(); err != nil {
		return Terms{}, fmt.Errorf("%w: %w", err, ErrRefused)
	}
	return t, nil
}

// Check reports the first thing in t by which nothing can be charged.
func (t Terms) Check() error {
	terms := t.Rating("XTS") // any currency will do: ISO 4217 has this one for tests
	if err := terms.Validate(); err != nil {
		return fmt.Errorf("terms: %w", err)
	}
	b, err := json.Marshal(terms)
	if err != nil {
		return fmt.Errorf("terms: %w", err)
	}
	if len(b) > MaxTerms {
		return fmt.Errorf("terms of %d bytes, want at most %d: put fewer prefixes into the groups of origins", len(b), MaxTerms)
	}
	return nil
}
