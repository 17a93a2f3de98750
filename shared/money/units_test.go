package money

import "testing"

func TestUnitsAreAsNewCountsThem(t *testing.T) {
	for _, units := range []int64{0, 1, 99, 1<<63 - 1} {
		for decimals := range MaxDecimals + 1 {
			if got, want := Units(uint64(units), uint8(decimals)), New(units, decimals); got != want {
				t.Errorf("%d with %d decimals: %v, want %v", units, decimals, got, want)
			}
		}
	}
	if got := Units(1<<64-1, 2).String(); got != "184467440737095516.15" {
		t.Errorf("the highest: %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("21 decimals: no panic")
		}
	}()
	Units(1, MaxDecimals+1)
}
