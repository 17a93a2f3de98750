package product
import ("testing";"fmt";"encoding/json";"os";"strconv";"github.com/tollbook/tollbook/tests/twin/draw")
func TestDbg(t *testing.T) {
	n,_ := strconv.Atoi(os.Getenv("SEED"))
	s := draw.New(uint64(n)); d := s.Card()
	b,_ := json.Marshal(d.Terms.Bands); fmt.Println(string(b))
	for _, r := range d.Rates { if os.Getenv("F")=="" || r.Service==os.Getenv("F") { fmt.Printf("%+v\n", r) } }
}
