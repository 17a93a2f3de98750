package numbering

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func openDirectory(t failer, owned ...Owned) *Directory {
	t.Helper()
	image, err := BuildDirectory(slices.Values(owned))
	if err != nil {
		t.Fatalf("%v", err)
	}
	d, err := OpenDirectory(image)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return d
}

func ownerOf(d *Directory, number string, instant int64) string {
	key, _ := DirectoryKeyOf(number)
	i, ok := d.Owner(key, instant)
	if !ok {
		return ""
	}
	return d.Account(i)
}

func TestANumberBelongsToItsOwnerAtTheInstant(t *testing.T) {
	const eights, zeros = "88888888888888888888", "80000000000000000000"
	d := openDirectory(t,
		Owned{"442079460000", "442079460999", "acme", 100, 0},
		Owned{"442079460100", "442079460199", "site", 200, 300},
		Owned{"442079460150", "442079460150", "desk", 250, 280},
		Owned{"442079461000", "442079461000", "solo", 100, 200},
		Owned{"442079461000", "442079461000", "next", 200, 0},
		Owned{"442079461000", "442079461000", "first", math.MinInt64, 50},
		Owned{"100", "199", "pbx", -5, 0},
		Owned{"020", "020", "zero", 1, 0},
		Owned{"0", "9", "digit", 1, 0},
		Owned{zeros, "9" + eights[1:], "long", 1, 0},
		Owned{eights, eights, "eight", 1, 0},
		Owned{"09999999999999999998", "10000000000000000001", "seam", 1, 0},
		// The ranges cross, but not in time.
		Owned{"500", "599", "was", 1, 10}, Owned{"550", "649", "is", 10, 0},
	)
	for _, c := range []struct {
		number  string
		instant int64
		want    string
	}{
		{"442079460000", 99, ""}, {"442079460000", 100, "acme"}, {"442079460999", math.MaxInt64, "acme"}, {"442079459999", 100, ""}, {"442079461001", 100, ""},
		{"442079460100", 199, "acme"}, {"442079460100", 200, "site"}, {"442079460199", 299, "site"}, {"442079460199", 300, "acme"}, {"442079460200", 250, "acme"},
		{"442079460150", 249, "site"}, {"442079460150", 250, "desk"}, {"442079460150", 280, "site"}, {"442079460150", 300, "acme"}, {"442079460151", 260, "site"},
		{"442079461000", math.MinInt64, "first"}, {"442079461000", 49, "first"}, {"442079461000", 50, ""}, {"442079461000", 150, "solo"}, {"442079461000", 200, "next"},
		{"150", -6, ""}, {"150", -5, "pbx"}, {"0150", 1, ""}, {"15", 1, ""}, {"20", 1, ""}, {"020", 1, "zero"}, {"019", 1, ""}, {"0", 1, "digit"}, {"9", 1, "digit"},
		{"79999999999999999999", 1, ""}, {zeros, 1, "long"}, {eights, 1, "eight"}, {"88888888888888888889", 1, "long"}, {"90000000000000000000", 1, "long"},
		{"98888888888888888888", 1, "long"}, {"98888888888888888889", 1, ""},
		{"09999999999999999997", 1, ""}, {"09999999999999999998", 1, "seam"}, {"09999999999999999999", 1, "seam"}, {"10000000000000000000", 1, "seam"}, {"10000000000000000002", 1, ""},
		{"500", 9, "was"}, {"500", 10, ""}, {"550", 9, "was"}, {"550", 10, "is"}, {"649", 9, ""}, {"649", 10, "is"},
		{"", 1, ""}, {"x", 1, ""}, {"1" + eights, 1, ""}, {"9999999999999999999", 1, ""},
	} {
		if got := ownerOf(d, c.number, c.instant); got != c.want {
			t.Errorf("%s at %d: %q, want %q", c.number, c.instant, got, c.want)
		}
	}
}

func TestADirectoryOfNothingHasNoOwners(t *testing.T) {
	d := openDirectory(t)
	if got := ownerOf(d, "442079460000", 1); got != "" || d.Accounts() != 0 {
		t.Errorf("%q, %d accounts", got, d.Accounts())
	}
}

func TestWhatCannotBeOwnedIsRefusedByName(t *testing.T) {
	two := func(a, b Owned) []Owned { return []Owned{a, b} }
	for want, owned := range map[string][]Owned{
		`numbers "1x" to "19": want equally many digits, 1 to 20`:                                                                  {{"1x", "19", "a", 1, 0}},
		`numbers "1" to "19": want equally many digits, 1 to 20`:                                                                   {{"1", "19", "a", 1, 0}},
		`numbers "" to "": want equally many digits, 1 to 20`:                                                                      {{"", "", "a", 1, 0}},
		`numbers "111111111111111111111" to "111111111111111111111": want equally many digits, 1 to 20`:                            {{strings.Repeat("1", 21), strings.Repeat("1", 21), "a", 1, 0}},
		`numbers 20 to 19: the first is above the last`:                                                                            {{"20", "19", "a", 1, 0}},
		`numbers 10 to 19: account "": want 1 to 256 bytes`:                                                                        {{"10", "19", "", 1, 0}},
		`numbers 10 to 19 of account "a": they end at 1970-01-01T00:00:00.000000005Z, and begin at 1970-01-01T00:00:00.000000005Z`: {{"10", "19", "a", 5, 5}},
		`two owners at one time: account "a" has 10 to 19 from 1970-01-01T00:00:00.000000001Z on, and account "b" has 15 to 24 from 1970-01-01T00:00:00.000000009Z to 1970-01-01T00:00:00.000000012Z`: two(Owned{"15", "24", "b", 9, 12}, Owned{"10", "19", "a", 1, 0}),
		`two owners at one time: account "b" has 10 to 19 from 1970-01-01T00:00:00.000000001Z to 1970-01-01T00:00:00.000000005Z, and account "a" has 10 to 19 from 1970-01-01T00:00:00.000000004Z on`: two(Owned{"10", "19", "a", 4, 0}, Owned{"10", "19", "b", 1, 5}),
		`two owners at one time: account "a" has 010 to 010 from 1970-01-01T00:00:00.000000001Z on, and account "a" has 010 to 010 from 1970-01-01T00:00:00.000000001Z on`:                            two(Owned{"010", "010", "a", 1, 0}, Owned{"010", "010", "a", 1, 0}),
		`two owners at one time: account "b" has 09999999999999999999 to 20000000000000000000 from 1970-01-01T00:00:00.000000001Z on, and account "a" has 10000000000000000000 to 20000000000000000001 from 1970-01-01T00:00:00.000000001Z on`: two(
			Owned{"10000000000000000000", "20000000000000000001", "a", 1, 0}, Owned{"09999999999999999999", "20000000000000000000", "b", 1, 0}),
		`number 5 has more than 1000 owners over time`: func() (many []Owned) {
			for i := range int64(maxHistory + 1) {
				many = append(many, Owned{"5", "5", "a", 2 * i, 2*i + 1})
			}
			return many
		}(),
	} {
		_, err := BuildDirectory(slices.Values(owned))
		if err == nil || err.Error() != "build a number directory: "+want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// scan is the slow twin: the narrowest range of those that hold.
func scan(owned []Owned, number string, instant int64) string {
	best := -1
	for i, o := range owned {
		if len(o.First) != len(number) || number < o.First || number > o.Last || instant < o.From || o.To != 0 && instant >= o.To {
			continue
		}
		if best < 0 || o.First >= owned[best].First && o.Last <= owned[best].Last {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	return owned[best].Account
}

// clash reports whether two facts hold at one number and instant, and neither
// range is strictly inside the other.
func clash(a, b Owned) bool {
	if len(a.First) != len(b.First) || a.Last < b.First || b.Last < a.First || a.To != 0 && a.To <= b.From || b.To != 0 && b.To <= a.From {
		return false
	}
	same := a.First == b.First && a.Last == b.Last
	aInB, bInA := a.First >= b.First && a.Last <= b.Last, b.First >= a.First && b.Last <= a.Last
	return same || !aInB && !bInA
}

func numbersOf(digits int) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte("0189")), digits, digits), func(b []byte) string { return string(b) })
}

func drawOwned(t *rapid.T, digits int) Owned {
	numbers := numbersOf(digits)
	o := Owned{Account: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "account"), From: rapid.Int64Range(-3, 8).Draw(t, "from")}
	o.First, o.Last = numbers.Draw(t, "first"), numbers.Draw(t, "last")
	if o.Last < o.First || rapid.Bool().Draw(t, "single") {
		o.Last = o.First
	}
	if rapid.Bool().Draw(t, "ends") {
		if o.To = o.From + rapid.Int64Range(1, 5).Draw(t, "for"); o.To == 0 {
			o.To = 1
		}
	}
	return o
}

func TestADirectoryAnswersAsAScanOfItsFactsDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.SampledFrom([]int{1, 2, 3, 4, 18, 19, 20}).Draw(t, "digits")
		wanted := rapid.IntRange(0, 60).Draw(t, "facts")
		var owned []Owned
		for range wanted {
			o := drawOwned(t, digits)
			if slices.ContainsFunc(owned, func(p Owned) bool { return clash(o, p) }) {
				if _, err := BuildDirectory(slices.Values(append(slices.Clone(owned), o))); err == nil {
					t.Fatalf("%+v clashes", o)
				}
				continue
			}
			owned = append(owned, o)
		}
		d := openDirectory(t, owned...)
		var keys []DirectoryKey
		var instants []int64
		var want []string
		ask := func(number string, instant int64) {
			key, ok := DirectoryKeyOf(number)
			if !ok {
				t.Fatalf("%s has no key", number)
			}
			keys, instants, want = append(keys, key), append(instants, instant), append(want, scan(owned, number, instant))
		}
		for _, o := range owned {
			for instant := int64(-4); instant < 14; instant += 3 {
				ask(o.First, instant)
				ask(o.Last, instant+1)
			}
		}
		for range 20 {
			ask(numbersOf(digits).Draw(t, "number"), rapid.Int64Range(-5, 15).Draw(t, "instant"))
		}
		out := make([]uint32, len(keys))
		d.Owners(keys, instants, out)
		for i, key := range keys {
			one, got := "", ""
			if account, ok := d.Owner(key, instants[i]); ok {
				one = d.Account(account)
			}
			if out[i] != NoOwner {
				got = d.Account(out[i])
			}
			if one != want[i] || got != want[i] {
				t.Fatalf("%s at %d: %q, in a block %q, want %q", key.digits(), instants[i], one, got, want[i])
			}
		}
		shuffled := slices.Clone(owned)
		rand.New(rand.NewPCG(uint64(len(owned)), 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		image, err := BuildDirectory(slices.Values(owned))
		again, err2 := BuildDirectory(slices.Values(shuffled))
		if err != nil || err2 != nil || !bytes.Equal(image, again) {
			t.Fatalf("another order gives another image: %v %v", err, err2)
		}
	})
}

func TestADirectoryOfManyNumbersFindsEachAndNoOther(t *testing.T) {
	// Three levels of the search tree, and a part of the fourth.
	const n = 3*fanout*fanout*fanout + 7
	d := openDirectory(t, everyThird(n)...)
	keys, instants, out := make([]DirectoryKey, 3*n), make([]int64, 3*n), make([]uint32, 3*n)
	for i := range keys {
		keys[i], _ = DirectoryKeyOf(fmt.Sprintf("44%010d", i))
		instants[i] = 10
	}
	d.Owners(keys, instants, out)
	for i, got := range out {
		one, ok := d.Owner(keys[i], 10)
		if ok != (i%3 == 0) || one != got || ok && d.Account(one) != account(i/3) {
			t.Fatalf("number %d: %d, in a block %d", i, one, got)
		}
	}
}

func account(i int) string { return fmt.Sprintf("account-%05d", i%1000) }

func everyThird(n int) []Owned {
	owned := make([]Owned, n)
	for i := range owned {
		number := fmt.Sprintf("44%010d", 3*i)
		owned[i] = Owned{number, number, account(i), 10, 0}
	}
	return owned
}

func TestFactsThatSayTheSameAreStoredOnce(t *testing.T) {
	var singles []Owned
	for i := range 1000 {
		number := fmt.Sprintf("44%010d", i)
		singles = append(singles, Owned{number, number, "a", 1, 0})
	}
	apart, err := BuildDirectory(slices.Values(singles))
	if err != nil {
		t.Fatal(err)
	}
	together, err := BuildDirectory(slices.Values([]Owned{{"440000000000", "440000000999", "a", 1, 5}, {"440000000000", "440000000999", "a", 5, 0}}))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(apart, together) {
		t.Errorf("%d bytes, and %d", len(apart), len(together))
	}
}

func smallImage(t testing.TB) []byte {
	t.Helper()
	image, err := BuildDirectory(slices.Values([]Owned{
		{"100", "199", "a", 1, 0}, {"150", "159", "b", 5, 9}, {"155", "155", "c", 6, 0}, {"99999999999999999999", "99999999999999999999", "a", 1, 2},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestADamagedDirectoryIsRefused(t *testing.T) {
	image := smallImage(t)
	for n := range image {
		if _, err := OpenDirectory(image[:n]); !errors.Is(err, ErrDirectory) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	for bit := range 8 * len(image) {
		image[bit/8] ^= 1 << (bit % 8)
		if _, err := OpenDirectory(image); !errors.Is(err, ErrDirectory) {
			t.Fatalf("bit %d: %v", bit, err)
		}
		image[bit/8] ^= 1 << (bit % 8)
	}
	if _, err := OpenDirectory(append(image, 0)); !errors.Is(err, ErrDirectory) {
		t.Fatal(err)
	}
}

// sealed gives a changed image the checksum that it should have.
func sealed(image []byte) []byte {
	image = bytes.Clone(image)
	if n := len(image) - 4; n >= 0 {
		binary.LittleEndian.PutUint32(image[n:], crc32.Checksum(image[:n], castagnoli))
	}
	return image
}

func TestADirectoryThatContradictsItselfIsRefused(t *testing.T) {
	// Two groups: 150 to 159 in 100 to 199 (4 starts, 3 samples), and one single.
	image, err := BuildDirectory(slices.Values([]Owned{{"100", "199", "a", 1, 0}, {"150", "159", "b", 5, 9}, {"4420", "4420", "b", 1, 0}}))
	if err != nil {
		t.Fatal(err)
	}
	const starts, events = directoryHeader, directoryHeader + 8*(4+3) + 8*4
	eventCount := int(word(image, 3))
	histories := events + eventSize*eventCount
	for _, c := range []struct {
		at   int
		to   uint32
		want string
	}{
		{8, 2, "version 2, want 1"}, {12, 1 << 30, "it is cut off"}, {16, 3, "it is cut off"}, {20, 1, "its counts do not fit"}, {140, 1, "its counts do not fit"},
		{24, 1 << 31, "it is cut off"},
		{starts + 8, 100, "its numbers are not in order"}, {starts + 8, 99, "its numbers are not in order"}, {starts + 32, 99, "its search tree does not fit"},
		{starts + 40, 101, "its search tree does not fit"}, {starts + 48, 101, "its search tree does not fit"}, {histories, uint32(eventCount), "a history is missing"}, {histories, uint32(eventCount) | single, "a history is missing"},
		{events + 8, 2, "an account is missing"}, {events + 8, 2 | lastEvent, "an account is missing"}, {events + eventSize*(eventCount-1) + 8, 0, "a history has no end"},
		{histories + 4*5, 3, "an account's name is missing"}, {histories + 4*6, 1, "there is text of no account"},
	} {
		changed := bytes.Clone(image)
		binary.LittleEndian.PutUint32(changed[c.at:], c.to)
		if _, err := OpenDirectory(sealed(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d at %d: %v, want %s", c.to, c.at, err, c.want)
		}
	}
}

// useAll looks up what a directory has, and panics if it can.
func useAll(d *Directory, number string, instant int64) error {
	for i := range d.Accounts() {
		_ = d.Account(uint32(i))
	}
	for range d.All() {
	}
	keys := []DirectoryKey{}
	for _, n := range []string{number, "100", "155", "159", "200", "99999999999999999999", "0", ""} {
		key, _ := DirectoryKeyOf(n)
		keys = append(keys, key)
	}
	out, instants := make([]uint32, len(keys)), make([]int64, len(keys))
	for i := range instants {
		instants[i] = instant
	}
	d.Owners(keys, instants, out)
	for i, key := range keys {
		if one, ok := d.Owner(key, instant); one != out[i] || ok && int(one) >= d.Accounts() {
			return fmt.Errorf("owner %d, in a block %d, of %d accounts", one, out[i], d.Accounts())
		}
	}
	return nil
}

func TestADirectoryWithAValidChecksumIsSafeWhateverItHolds(t *testing.T) {
	image, refused := smallImage(t), 0
	for at := range image[:len(image)-4] {
		for _, to := range []byte{0, 1, 0x7F, 0x80, 0xFF, image[at] + 1, image[at] - 1} {
			changed := bytes.Clone(image)
			changed[at] = to
			d, err := OpenDirectory(sealed(changed))
			if err != nil {
				refused++
				continue
			}
			for _, instant := range []int64{math.MinInt64, 0, 6, math.MaxInt64} {
				if err := useAll(d, "150", instant); err != nil {
					t.Fatalf("byte %d = %d: %v", at, to, err)
				}
			}
		}
	}
	if refused < 100 {
		t.Errorf("only %d were refused", refused)
	}
}

func TestLookingUpAnOwnerAllocatesNothing(t *testing.T) {
	d := openDirectory(t, everyThird(5000)...)
	keys, instants, out := make([]DirectoryKey, 600), make([]int64, 600), make([]uint32, 600)
	number := []byte("440000000003")
	if n := testing.AllocsPerRun(10, func() {
		key, _ := DirectoryKeyOf(number)
		d.Owner(key, 10)
		d.Owners(keys, instants, out)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestOpeningADirectoryAllocatesTheSameForAnySize(t *testing.T) {
	for _, n := range []int{1, 5000} {
		image, err := BuildDirectory(slices.Values(everyThird(n)))
		if err != nil {
			t.Fatal(err)
		}
		if allocs := testing.AllocsPerRun(10, func() {
			if _, err := OpenDirectory(image); err != nil {
				t.Fatal(err)
			}
		}); allocs > 1 {
			t.Errorf("%d numbers: %v allocations", n, allocs)
		}
	}
}

func FuzzOpenDirectory(f *testing.F) {
	f.Add([]byte{}, "150", int64(6))
	f.Add(smallImage(f), "150", int64(6))
	f.Add(smallImage(f)[:directoryHeader+4], "1", int64(0))
	empty, err := BuildDirectory(slices.Values([]Owned(nil)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(empty, "150", int64(0))
	f.Fuzz(func(t *testing.T, image []byte, number string, instant int64) {
		d, err := OpenDirectory(sealed(image))
		if err != nil {
			if !errors.Is(err, ErrDirectory) {
				t.Fatal(err)
			}
			return
		}
		if err := useAll(d, number, instant); err != nil {
			t.Fatal(err)
		}
	})
}
