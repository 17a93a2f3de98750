package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// strictJSON reads bodies that mean one thing: no name twice in an object, none
// in another case than the API writes it, nothing after the value. (Go's
// decoder takes all of these.)
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if _, first := v.(*any); first { // huma decodes to check the value, then into the struct
			if err := checkJSON(data); err != nil {
				return err
			}
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(v); err != nil {
			return errors.New("a field has a value of another type than described")
		}
		return nil
	},
}

const maxDepth = 16 // objects and lists within one another

// checkJSON reports the first thing in data that is not strict.
func checkJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after the JSON value")
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	t, err := token(d)
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("more than %d objects and lists within one another", maxDepth)
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			t, err := token(d)
			if err != nil {
				return err
			}
			name := t.(string) // the decoder takes no other
			if seen[name] {
				return fmt.Errorf("the name %q is there twice", clip(name))
			}
			if strings.ToLower(name) != name {
				return fmt.Errorf("the name %q is not known: names are in lower case", clip(name))
			}
			seen[name] = true
		}
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err = token(d) // the end
	return err
}

func token(d *json.Decoder) (json.Token, error) {
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the JSON is cut short")
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return nil, fmt.Errorf("not JSON at byte %d", syntax.Offset)
	}
	if err != nil {
		return nil, errors.New("not JSON")
	}
	return t, nil
}
