package book

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"testing"
)

// Where numbers are decides classes and prices, so the table of regions is a
// part of the rules: with another one months that were folded are stale.
func TestRuleVersionIsOfThisTableOfRegions(t *testing.T) {
	const version, regions = "4", "668ca576ccaf96a6c52a28a1f39e491a241b2b76548f2f4fda092c1ffa372555"
	data, err := os.ReadFile("../numbering/regions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); RuleVersion != version || got != regions {
		t.Errorf("rules %s with the regions %s; want a new RuleVersion with a new table, and both in this test", RuleVersion, got)
	}
}
