package events

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

func TestStatusOfWhatAHandlerReturns(t *testing.T) {
	bad := &BadInput{errors.New("row 7 has no price")}
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 204},
		{bad, 204},
		{fmt.Errorf("batch 5: %w", bad), 204},
		{errors.Join(bad, &BadInput{io.EOF}), 204},
		{&Transient{Err: io.EOF}, 503},
		{fmt.Errorf("commit: %w", documents.ErrTransient), 503},
		{fmt.Errorf("commit: %w", documents.ErrConflict), 503},
		{fmt.Errorf("commit: %w", documents.ErrCommitUnknown), 503},
		{fmt.Errorf("read: %w: %w", objects.ErrTransient, io.EOF), 503},
		{fmt.Errorf("read: %w", context.Canceled), 503},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), 503},
		{io.EOF, 500},
		{documents.ErrInvalid, 500},
		{objects.ErrDenied, 500},
		{objects.ErrLost, 500},
		{ErrForbidden, 500},
		{fmt.Errorf("%w", errMalformed), 500},
		{fmt.Errorf("find the card: %w", documents.ErrNotFound), 500},

		// It may be the reading that was cut short, or the recording that failed.
		{&BadInput{fmt.Errorf("row 7: %w", objects.ErrTransient)}, 503},
		{errors.Join(bad, documents.ErrTransient), 503},
		{errors.Join(bad, io.EOF), 500},
		{fmt.Errorf("record %w: %w", bad, objects.ErrDenied), 500},
	} {
		if got := Status(test.err); got != test.want {
			t.Errorf("%v is answered %d, want %d", test.err, got, test.want)
		}
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		"line 123456: no rate":                  "line 123456: no rate",
		"caller 447700900123 is unknown":        "caller [number] is unknown",
		"+44 (20) 7946-0958, leg 2":             "+[number], leg 2",
		"020 7946 0958":                         "[number]",
		"sip:1.202.555.0143@switch":             "sip:[number]@switch",
		"called 44 7700\u00a0900 123":           "called [number]",
		"row 12, column 34, value 5, of 600000": "row 12, column 34, value 5, of 600000",
		"١٢٣٤٥٦٧ in Arabic digits":              "[number] in Arabic digits",
		"1234567":                               "[number]",
		"123456.":                               "123456.",
		"at 2026-11-02":                         "at [number]",
		"12   34   56   78":                     "12   34   56   78",
		"\xff1234567\xff":                       "\xff[number]\xff",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// No text keeps seven digits in a row.
func FuzzRedact(f *testing.F) {
	for _, seed := range []string{"call 447700900123", "1 2 3 4 5 6 7", "a1b2", "٣\xff7", "+44 (0)20 7946 0958"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Redact(text)
		row := 0
		for _, r := range got {
			row++
			if !strings.ContainsRune("0123456789", r) {
				row = 0
			}
			if row >= minNumber {
				t.Fatalf("%q became %q", text, got)
			}
		}
		if Redact(got) != got {
			t.Fatalf("%q became %q, and that %q", text, got, Redact(got))
		}
	})
}
