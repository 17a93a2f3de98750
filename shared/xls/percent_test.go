package xls_test

import (
	"testing"

	"github.com/tollbook/tollbook/shared/xls"
)

func TestIsPercentFormat(t *testing.T) {
	for _, c := range []struct {
		id   int
		code string
		want bool
	}{
		{9, "", true}, {10, "", true}, {8, "", false}, {11, "", false}, {0, "", false}, {164, "", false}, {9, "0.00", false},
		{164, "0%", true}, {164, "0.00 %", true}, {164, `[Red]0.0%;-0.0%`, true}, {164, `_-0%`, true},
		{164, "0.00", false}, {164, `0.00"%"`, false}, {164, `0\%`, false}, {164, "0;0%", false}, {164, "General", false}, {164, `0*%`, false}, {164, `"open`, false}, {164, `[%]0`, false},
	} {
		if got := xls.IsPercentFormat(c.id, c.code); got != c.want {
			t.Errorf("IsPercentFormat(%d, %q) = %v, want %v", c.id, c.code, got, c.want)
		}
	}
}
