package numbering

import (
	"testing"

	"pgregory.net/rapid"
)

// callerRegion is what rating makes of a caller: no region unless it can be one.
func callerRegion(t *testing.T, r *Regions, number string) RegionID {
	t.Helper()
	k := key(t, number)
	if !ValidCaller(k) {
		return 0
	}
	return r.Of(k)
}

// The table of docs.connexcs.com/routing-usa/, "Identification Examples",
// row by row; 1224 is printed as 224 there. Unknown and withheld are callers
// without digits.
func TestJurisdictionIsThatOfTheRoutingTable(t *testing.T) {
	r := openEmbedded(t)
	const uk, newYork, syracuse, chicago = "441782123456", "12125550123", "13155550123", "12245550123"
	callers := []string{uk, newYork, syracuse, chicago, "", ""}
	for called, want := range map[string][]Class{
		uk:       {International, International, International, International, International, International},
		newYork:  {Indeterminate, Intrastate, Intrastate, Interstate, Indeterminate, Indeterminate},
		syracuse: {Indeterminate, Intrastate, Intrastate, Interstate, Indeterminate, Indeterminate},
		chicago:  {Indeterminate, Interstate, Interstate, Intrastate, Indeterminate, Indeterminate},
	} {
		for i, caller := range callers {
			if got := Jurisdiction(callerRegion(t, r, caller), r.Of(key(t, called))); got != want[i] {
				t.Errorf("%q to %s: %s, want %s", caller, called, got, want[i])
			}
		}
	}
}

func TestJurisdictionBeyondTheTable(t *testing.T) {
	r := openEmbedded(t)
	for _, c := range []struct {
		what, caller, called string
		want                 Class
	}{
		{"a toll-free caller", "18005550123", "12125550123", Indeterminate},
		{"a Canadian caller", "12045550123", "12125550123", Indeterminate},
		{"a caller with a digit missing", "1212555012", "12125550123", Indeterminate},
		{"a caller with a digit too many", "121255501234", "12125550123", Indeterminate},
		{"an area code that begins with 1", "11125550123", "12125550123", Indeterminate},
		{"an exchange that begins with 0", "12120550123", "12125550123", Indeterminate},
		{"an extension", "100", "12125550123", Indeterminate},
		{"an unused area code", "19995550123", "12125550123", Indeterminate},
		{"Puerto Rico within itself", "17875550123", "19395550123", Intrastate},
		{"Puerto Rico to New York", "17875550123", "12125550123", Interstate},
		{"New York to Guam", "12125550123", "16715550123", Interstate},
		{"New York to Canada", "12125550123", "12045550123", International},
		{"New York to the Bahamas", "12125550123", "12425550123", International},
		{"Canada within itself", "12045550123", "12045550124", International},
		{"New York to toll-free (docs.connexcs.com/provider-ratecard/: Cost)", "12125550123", "18005550123", Indeterminate},
		{"New York to international freephone", "12125550123", "80012345678", International},
		{"within Washington", "12025550123", "17715550123", Intrastate},
	} {
		if got := Jurisdiction(callerRegion(t, r, c.caller), r.Of(key(t, c.called))); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

// A table may know the country and not the state.
func TestAUSNumberWithoutAStateIsIndeterminate(t *testing.T) {
	us, _ := ParseRegion("US")
	newYork, _ := ParseRegion("US-NY")
	for _, c := range [][2]RegionID{{us, us}, {us, newYork}, {newYork, us}} {
		if got := Jurisdiction(c[0], c[1]); got != Indeterminate {
			t.Errorf("%q to %q: %s", c[0].Name(), c[1].Name(), got)
		}
	}
}

// docs.connexcs.com/provider-ratecard/ and /customer-ratecard/, "Force
// Presentation": the three rows of EEA.
func TestDistanceIsThatOfTheRateCardPages(t *testing.T) {
	r, list := openEmbedded(t), EEA()
	for _, c := range []struct {
		what, caller, called string
		want                 Class
		noCaller             bool
	}{
		{"Austria within itself", "43112345678", "43212345678", Local, false},
		{"France to Austria", "33123456789", "43112345678", EEACall, false},
		{"France to the United Kingdom", "33123456789", "442079460000", International, false},

		{"the United Kingdom within itself", "442079460000", "441782123456", Local, false},
		{"Norway to Iceland", "4721123456", "3545678901", EEACall, false},
		{"Switzerland to France", "41441234567", "33123456789", International, false},
		{"the United Kingdom to Jersey", "442079460000", "441534723456", International, false},
		{"Italy to the Vatican", "390612345678", "390669812345", International, false},
		{"Puerto Rico to New York", "17875550123", "12125550123", Local, false},
		{"no caller", "", "43112345678", International, true},
		{"a short caller", "4311", "43112345678", International, true},
		{"a caller of 16 digits", "4311234567890123", "43112345678", International, true},
		{"a caller of no country", "2109999999", "43112345678", International, true},
		{"a toll-free caller", "18005550123", "18005550124", International, true},
		{"satellite to satellite", "870773123456", "870773123457", International, true},
		{"France to satellite", "33123456789", "870773123456", International, false},
		{"France to nowhere", "33123456789", "2109999999", International, false},
	} {
		got, noCaller := Distance(callerRegion(t, r, c.caller), r.Of(key(t, c.called)), &list, &list)
		if got != c.want || noCaller != c.noCaller {
			t.Errorf("%s: %s %v, want %s %v", c.what, got, noCaller, c.want, c.noCaller)
		}
	}
}

// docs.connexcs.com/customer-ratecard/, "Origin Billing": the example
// configuration and its four scenarios.
func TestDistanceIsThatOfTheCardsOwnLists(t *testing.T) {
	source, err := CountriesOf("GB", "IN", "US")
	if err != nil {
		t.Fatal(err)
	}
	destination, err := CountriesOf("AF", "IN", "US")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		caller, called string
		want           Class
	}{
		{"IN", "US", EEACall}, {"GB", "IN", EEACall}, {"IN", "GB", International}, {"AF", "IN", International},
		{"IN", "IN", Local}, {"US-NY", "IN", EEACall}, {"IN", "US-PR", EEACall},
	} {
		caller, _ := ParseRegion(c.caller)
		called, _ := ParseRegion(c.called)
		if got, noCaller := Distance(caller, called, &source, &destination); got != c.want || noCaller {
			t.Errorf("%s to %s: %s %v, want %s", c.caller, c.called, got, noCaller, c.want)
		}
	}
}

func TestTheListOfTheEEAHasThirtyStates(t *testing.T) {
	list, n := EEA(), 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			id, err := ParseRegion(string([]rune{a, b}))
			if err != nil {
				t.Fatal(err)
			}
			if list.Has(id) {
				n++
			}
		}
	}
	if n != 30 || list.Empty() {
		t.Errorf("%d states", n)
	}
	for _, name := range []string{"GB", "CH", "US", "AX"} {
		if id, _ := ParseRegion(name); list.Has(id) {
			t.Errorf("%s is in the list", name)
		}
	}
	if list.Has(0) || list.Has(World) || list.Has(1<<32-1) {
		t.Error("what is no country is in the list")
	}
	if set, err := CountriesOf(); err != nil || !set.Empty() {
		t.Error(set, err)
	}
	for _, name := range []string{"", "uk", "US-NY", "001", "GBR"} {
		if _, err := CountriesOf("FR", name); err == nil {
			t.Errorf("%q was taken for a country", name)
		}
	}
}

func TestAnyTwoRegionsHaveAClass(t *testing.T) {
	list := EEA()
	rapid.Check(t, func(t *rapid.T) {
		caller, called := RegionID(rapid.Uint32().Draw(t, "caller")), RegionID(rapid.Uint32().Draw(t, "called"))
		if j := Jurisdiction(caller, called); j < Intrastate || j > International {
			t.Fatalf("%d to %d: %s", caller, called, j)
		}
		if d, _ := Distance(caller, called, &list, &list); d < International || d > Local {
			t.Fatalf("%d to %d: %s", caller, called, d)
		}
	})
}
